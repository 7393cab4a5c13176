/** The messages between calibration and the process of one live world: a command, then its answer. */

/** How a world runs in real time: its card in a thread of its own, or polled in the program's. */
export const SHAPES = ['thread', 'inline'] as const;
export type Shape = (typeof SHAPES)[number];

export interface LivePlan {
  readonly shape: Shape;
  /** A world as `readTopology` takes it, with its programs. */
  readonly description: object;
  /** Whether the turns of its agents are timed one by one, which makes them a little slower. */
  readonly timed: boolean;
}

export type Counts = Readonly<Record<string, number>>;

/** What an agent did in a stretch of time. */
export interface AgentRound {
  readonly name: string;
  readonly side: 'host' | 'card';
  /** Nanoseconds of its turns, or of its whole thread, looks without work among them; null: not timed. */
  readonly spentNs: number | null;
  /** Of the stretch, how much its thread was on a processor; 1 where that cannot be told. */
  readonly ran: number;
  /** By how much each of its counters has grown. */
  readonly counts: Counts;
}

/** What a live world did in a stretch of time. */
export interface Round {
  readonly operations: number;
  /** Payload that servers were given. */
  readonly bytes: number;
  readonly elapsedNs: number;
  /** Median latency in microseconds; null of a workload without requests. */
  readonly p50Us: number | null;
  readonly agents: readonly AgentRound[];
}

export type LiveCommand =
  | { readonly type: 'open'; readonly plan: LivePlan }
  /** So many stretches, one after the other, of so long each; then what is under way ends. */
  | { readonly type: 'run'; readonly stretches: number; readonly durationNs: number }
  /** Wakes the card's thread so many times, each when it sleeps. */
  | { readonly type: 'ring'; readonly count: number }
  /** Opens a card, and has bytes come so many times to a program that rests in its event loop. */
  | { readonly type: 'loop'; readonly count: number }
  | { readonly type: 'close' };

export type LiveAnswer =
  | { readonly type: 'opened' }
  | { readonly type: 'ran'; readonly rounds: readonly Round[] }
  /** How long each call took that woke it, in nanoseconds. */
  | { readonly type: 'rang'; readonly ringNs: readonly number[] }
  /** How long they took to come, in nanoseconds, and how long to a program that looked for them. */
  | { readonly type: 'looped'; readonly restingNs: readonly number[]; readonly lookingNs: readonly number[] }
  | { readonly type: 'closed' };

/** By how much each counter has grown; those that have not are left out. */
export function growth(after: Counts, before: Counts): Counts {
  const grown: Record<string, number> = {};
  for (const [name, value] of Object.entries(after)) {
    const more = value - (before[name] ?? 0);
    if (more !== 0) grown[name] = more;
  }
  return grown;
}

/** Counts added up by name. */
export function total(all: readonly Counts[]): Counts {
  const sums: Record<string, number> = {};
  for (const counts of all) {
    for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}
