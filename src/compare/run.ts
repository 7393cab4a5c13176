/** What one system did on one world, whoever measured it. */
import type { Counted } from '../sweep/measured-run.ts';
import type { Work } from './work.ts';

export interface ArmRun {
  readonly counted: Counted;
  /** What each card and its host did meanwhile, in the order of the world's cards. */
  readonly works: readonly Work[];
  /** Of each host whose connections a policy gives to its card or to its own stack; else empty. */
  readonly offloads: readonly HostOffload[];
}

/** Where the connections of a host went, until the last operation that counted. */
export interface HostOffload {
  readonly host: string;
  /** Those its cards got, and those its own stack has. */
  readonly offloaded: number;
  readonly own: number;
  /** How often a card did not get what policy would have given it, by reason; none is 0. */
  readonly refusals: Readonly<Record<string, number>>;
}
