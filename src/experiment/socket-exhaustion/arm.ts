/** One arm of the experiment: what of the world differs, and how large it is. */
import type { Afterwards } from './balancer.ts';

export interface Arm {
  /** In words, for tables. */
  readonly name: string;
  /** Whether cards run TCP/IP in the hosts' place. */
  readonly onCard: boolean;
  readonly afterwards: Afterwards;
  /** How long a connection rests unused before it is ended, in seconds. */
  readonly idleS: number;
  /** Whether it is ended by a reset, and not in order. */
  readonly reset: boolean;
  /** Whether the server ends it, and not the balancer. */
  readonly serverEnds: boolean;
  /** Addresses of the balancer, each with a range of so many ports. */
  readonly addresses: number;
  readonly ports: number;
  readonly timeWaitS: number;
  /** Whether a port in TIME-WAIT may be used again after a second, by timestamps (tcp_tw_reuse). */
  readonly reusesTimeWait: boolean;
  /** Whether connections have timestamps (RFC 7323). */
  readonly timestamps: boolean;
  /** Requests a second, of all addresses. */
  readonly rate: number;
  /** Sockets that the server's program may have. */
  readonly serverSockets: number;
  /** Processor time of the server for a request, in microseconds of one core; and its cores. */
  readonly workUs: number;
  readonly cores: number;
  /** Whether the protocol's work takes time of the server's processor. */
  readonly protocolCosts: boolean;
  readonly spread: 'constant' | 'exponential';
  /** Everything is so many times smaller and slower: ports, sockets, rate, processors. */
  readonly scale: number;
  readonly seconds: number;
}

/** Ports there are for each address, in a world of this scale. */
export function portsOf({ ports, scale }: Pick<Arm, 'ports' | 'scale'>): number {
  return Math.floor(ports / scale);
}

/** How long a connection keeps its port after its request, in seconds. */
export function holdS(arm: Arm): number {
  const { afterwards, idleS, reset, serverEnds, timeWaitS } = arm;
  const rest = afterwards === 'at once' ? 0 : idleS;
  if (reset || serverEnds) return rest;
  return rest + (arm.reusesTimeWait && arm.timestamps ? Math.min(1, timeWaitS) : timeWaitS);
}

/** Connections a second that ports alone let through, in a world of full size; endless with none held. */
export function portCeiling(arm: Arm): number {
  const held = holdS(arm);
  return held === 0 ? Number.POSITIVE_INFINITY : (arm.addresses * arm.ports) / held;
}

/**
 * From when on an arm is measured, in seconds: whole rounds of the ports, which all run out and come back
 * together, and the last half at least of an arm without such rounds.
 */
export function measuredFromS(arm: Arm): number {
  const round = holdS(arm);
  const fillS = (arm.addresses * arm.ports) / arm.rate;
  if (round <= 0 || fillS >= round) return Math.floor(arm.seconds / 2);
  const rounds = Math.floor((arm.seconds - Math.ceil(fillS)) / round);
  return rounds < 1 ? Math.floor(arm.seconds / 2) : Math.round(arm.seconds - rounds * round);
}
