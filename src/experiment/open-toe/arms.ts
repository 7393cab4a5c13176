/** The server's loads, each measured once for every seed, however many claims ask for it. */
import { loadProfile } from '../../plans/profiles.ts';
import { type LoadFigures, measureLoad } from './load.ts';
import type { TestBed } from './world.ts';

/** Who has the connections, on which card and host. */
export interface Arm {
  readonly name: string;
  readonly offloaded: boolean;
  readonly profile: string;
  readonly cardSpeed: number;
  /** Bytes of each frame that a tap copies; absent: nobody watches. */
  readonly tapBytes?: number;
}

export type Workload = 'TCP_STREAM' | 'TCP_CRR';
export type Measure = (arm: Arm, workload: Workload) => readonly LoadFigures[];

/** What of a load can be set. */
export interface LoadSettings {
  readonly hostSpeed: number;
  readonly systemCallNs: number;
  readonly connections: number;
  readonly writes: number;
  readonly transactions: number;
}

/** A connection of one request, as of HTTP without keep-alive, and a write of a stream. */
const REQUEST_BYTES = 128;
const WRITE_BYTES = 65_536;
/** What a tap takes of the host for each frame beside its bytes: a ring entry, assumed as a copy's start. */
const TAP_FRAME_NS = 120;

export const ALL_OFFLOADED = 'any => offload';

export function bedOf({ hostSpeed, systemCallNs }: LoadSettings, arm: Arm, seed: number): TestBed {
  const { profile, cardSpeed, offloaded } = arm;
  return { seed, profile, cardSpeed, hostSpeed, systemCallNs, policy: offloaded ? ALL_OFFLOADED : '' };
}

export function measureArm(settings: LoadSettings, arm: Arm, workload: Workload, seed: number): LoadFigures {
  const { connections, writes, transactions } = settings;
  const stream = workload === 'TCP_STREAM';
  const shape = { workload, connections, size: stream ? WRITE_BYTES : REQUEST_BYTES };
  const programs = {
    serving: { ...shape, role: 'server', host: 'server', card: 'first' },
    asking: { ...shape, role: 'client', host: 'near', server: 'serving' },
  };
  const { tapBytes } = arm;
  return measureLoad(
    { ...bedOf(settings, arm, seed), programs },
    stream ? writes : transactions,
    tapBytes === undefined
      ? undefined
      : (length) => TAP_FRAME_NS + copyNs(arm.profile) * Math.min(length, tapBytes),
  );
}

/** What a byte of a copy costs a host. */
function copyNs(profile: string): number {
  const { processor } = loadProfile(profile).host as { processor: { costs: Record<string, number> } };
  return processor.costs['receiveCopiesBytes'];
}
