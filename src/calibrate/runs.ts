/**
 * The worlds that a machine is measured with. A profile is fitted to one set and judged by another: none of
 * the second is in the first.
 */

import { withWorkload } from '../sweep/workload.ts';
import type { Shape } from './live-protocol.ts';

/** The workloads that a profile is fitted to and judged by. */
export type CalibratedWorkload = 'TCP_RR' | 'TCP_CRR' | 'TCP_STREAM';

/** A workload between a client and a server of one host, over a card that is looped back to itself. */
export interface Load {
  readonly workload: CalibratedWorkload;
  readonly connections: number;
  readonly size: number;
  readonly mtu: number;
  /** Whether the device sums what it moves, instead of the stack. */
  readonly offload: boolean;
}

function load(
  workload: CalibratedWorkload,
  connections: number,
  size: number,
  mtu = 1500,
  offload = true,
): Load {
  return { workload, connections, size, mtu, offload };
}

/** What the profile is fitted to: sizes, connections and packets as unlike each other as they can be. */
export const FITTED: readonly Load[] = [
  load('TCP_RR', 1, 1024),
  load('TCP_RR', 4, 16),
  load('TCP_RR', 12, 90),
  load('TCP_RR', 2, 4096),
  load('TCP_RR', 16, 700),
  load('TCP_RR', 3, 12_000, 9000),
  load('TCP_CRR', 4, 200),
  load('TCP_CRR', 2, 3000),
  load('TCP_STREAM', 1, 1000),
  load('TCP_STREAM', 2, 8192),
  load('TCP_STREAM', 4, 32_768, 9000),
  load('TCP_STREAM', 1, 150_000, 9000),
  // What the stack sums itself is seen where no device does.
  load('TCP_RR', 8, 300, 1500, false),
  load('TCP_STREAM', 2, 40_000, 9000, false),
];

/** Its first, one request at a time, also tells how long news takes from one side to the other. */
export const ROUND_TRIP: Load = FITTED[0];

/** What it is judged by: the workloads of the bench. */
export const JUDGED: readonly Load[] = [
  load('TCP_RR', 1, 64),
  load('TCP_RR', 32, 64),
  load('TCP_CRR', 1, 64),
  load('TCP_STREAM', 1, 65_536),
];

/** Both sides look for work all the time: neither is put to sleep because its core was taken for a moment. */
export const LOOKING = { iopSpinNs: 1e9, driver: { spinNs: 1e9 } };

/** The card looks for work all the time; the host sleeps as soon as it waits. */
export const SLEEPING_HOST = { ...LOOKING, driver: { spinNs: 0 } };

/** A world of one host and one card, looped back to itself. @param settings of the card. */
export function looped(load: Load, runs: Shape, settings: object): object {
  const { workload, connections, size, mtu, offload } = load;
  const card = offload ? settings : { ...settings, checksumOffload: false };
  return withWorkload(quiet(runs, card, mtu), { workload, connections, size }) as object;
}

/** The same without programs. */
export function quiet(runs: Shape, settings: object, mtu = 1500): object {
  return {
    hosts: { host: {} },
    cards: { card: { host: 'host', runs, mtu, ports: { eth0: { address: '10.0.0.1/24' } }, ...settings } },
  };
}

/** The same workload between two hosts, whose cards tell apart what is sent from what is received. */
export function joined({ workload, connections, size, mtu }: Load): object {
  const card = (host: string, address: string): object => ({
    host,
    runs: 'inline',
    mtu,
    ports: { eth0: { address } },
    ...LOOKING,
  });
  const world = {
    hosts: { left: {}, right: {} },
    cards: { a: card('left', '10.0.0.1/24'), b: card('right', '10.0.0.2/24') },
    links: { wire: { ends: ['a.eth0', 'b.eth0'] } },
  };
  return withWorkload(world, { workload, connections, size }) as object;
}
