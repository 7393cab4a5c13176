/** What is compared: the case as it was, each alleged cause taken away or put in, and the cures. */
import type { Scene } from './scene.ts';

export interface Arm {
  readonly name: string;
  readonly change: Partial<Scene>;
}

/** Levels of the factors. The lower one of the reserve is the scene's own. */
export const LEVELS = {
  /** Kilobytes: as much as the old kernel takes of its own accord, on any host. */
  raisedKb: 65_536,
  /** Shares of reclaimed pages that lie anywhere. */
  littleMixed: 0.3,
  allMixed: 1,
} as const;

/** Receive descriptors of a larger ring, and buffers of a pool that is too small for what waits unread. */
export const LARGE_RING = 1000;
export const SMALL_POOL = 1024;
export const JUMBO_MTU = 9000;
const STANDARD_MTU = 1500;

export const AS_IT_WAS: Arm = { name: 'as it was', change: {} };
export const TSO_OFF: Arm = { name: 'TSO off', change: { tso: false } };
export const RAISED: Arm = { name: 'larger reserve', change: { minFreeKbytes: LEVELS.raisedKb } };
export const SINGLE_PAGES: Arm = { name: 'buffers of single pages', change: { memory: 'pages' } };
export const SINGLE_PAGE_SLABS: Arm = { name: 'slabs of single pages', change: { slabOrder: 0 } };
export const LARGER_RING: Arm = { name: 'larger ring', change: { ring: LARGE_RING } };
export const POOL: Arm = { name: 'preallocated pool', change: { memory: 'pool' } };
export const POOL_SMALL: Arm = { name: 'small pool', change: { memory: 'pool', pool: SMALL_POOL } };
export const RECLAIM_FOR_ORDER: Arm = { name: 'reclaim for the order', change: { aim: 'order' } };
export const JUMBO: Arm = { name: 'jumbo frames', change: { mtu: JUMBO_MTU } };
export const STANDARD: Arm = { name: 'no jumbo frames', change: { mtu: STANDARD_MTU } };
export const LITTLE_MIXED: Arm = { name: 'little fragmentation', change: { mixed: LEVELS.littleMixed } };
export const ALL_MIXED: Arm = { name: 'full fragmentation', change: { mixed: LEVELS.allMixed } };
export const ALL_MIXED_RAISED: Arm = {
  name: 'full fragmentation, larger reserve',
  change: { ...ALL_MIXED.change, ...RAISED.change },
};
/** A host that only sends: what it receives are acknowledgements, so that TSO is all that can be guilty. */
export const SENDING: Arm = { name: 'a host that sends', change: { uploads: 0 } };
export const SENDING_TSO_OFF: Arm = { name: 'the same, TSO off', change: { uploads: 0, tso: false } };
export const SENDING_UNCOUPLED: Arm = {
  name: 'a host that sends, no coupling',
  change: { uploads: 0, coupling: false },
};
export const SENDING_UNCOUPLED_TSO_OFF: Arm = {
  name: 'the same, TSO off, no coupling',
  change: { uploads: 0, coupling: false, tso: false },
};

/** Side by side in the table of cures. */
export const CURES: readonly Arm[] = [
  AS_IT_WAS,
  TSO_OFF,
  RAISED,
  LARGER_RING,
  SINGLE_PAGES,
  SINGLE_PAGE_SLABS,
  POOL,
  POOL_SMALL,
  RECLAIM_FOR_ORDER,
  JUMBO,
];

/** A cell of the factorial experiment: a bit for each factor at its upper level, as in `FACTOR_NAMES`. */
export function cellArm(cell: number): Arm {
  const change = {
    tso: (cell & 1) !== 0,
    ...((cell & 2) !== 0 ? RAISED.change : {}),
    ...((cell & 4) !== 0 ? {} : LITTLE_MIXED.change),
  };
  return { name: `cell ${cell}`, change };
}

export const FACTOR_NAMES = ['TSO', 'reserve', 'fragmentation'] as const;
