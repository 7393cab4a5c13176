/**
 * What the bench needs of a card, and no more; `world/` builds one. Everything is measured through these few
 * calls, so the bench knows neither frames nor pools.
 */
import type { NodeCard } from '../node/card.ts';
import type { SocketStack } from '../socket/contract.ts';

/** Counters by name (spec/counters.yaml), one block a side. */
export interface LedgerSnapshot {
  readonly host: Readonly<Record<string, number>>;
  readonly iop: Readonly<Record<string, number>>;
}

export interface Reconciliation {
  readonly balanced: boolean;
  /** The sums that do not hold, in words. */
  readonly lines: readonly string[];
}

/** What can be said about a card's own thread and books, whatever runs over it. */
export interface CardBooks {
  ledger(): LedgerSnapshot;
  /** Lets what is in flight arrive, then balances. Call it with no socket open. */
  reconcile(): Reconciliation;
  /** Processor time of the card's thread so far. */
  iopCpuNs(): number;
  /** The system's number of the card's thread; 0 where it is unknown. */
  readonly iopThreadId: number;
  /** The size of the card thread's heap now. */
  iopHeapBytes(): number;
  /** For the manifest: sizes, knobs, modes. */
  readonly configuration: object;
}

export interface Card extends CardBooks {
  readonly stack: SocketStack;
  /** What the drop-in for `node:net` needs. */
  readonly node: NodeCard;
  close(): Promise<void>;
}

/** A card with the echo module in place of sockets: the message layer alone. */
export interface Echo extends CardBooks {
  /** Posts a request and polls for its answer, `count` times. @returns how many were answered. */
  roundTrip(count: number): number;
  /**
   * Posts frames that are only taken, published `batch` at a time. @returns when all have been taken, how
   * many.
   */
  stream(frames: number, batch: number): number;
  close(): Promise<void>;
}
