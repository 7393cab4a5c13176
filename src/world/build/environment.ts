/** What a world lends a card. Host and card may be in one thread or in two: neither can tell. */
import type { DmaEngine } from '../../dma/engine.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Clock } from '../../time/clock.ts';
import type { Waker } from '../../time/sleeper.ts';
import type { WireEnd } from '../../wire/contract.ts';

export interface CardEnvironment {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly dma: DmaEngine;
  /** Wakes the host. */
  readonly waker: Waker;
  /** What each port is plugged into, and last the loop inside the card where it has one. */
  readonly wires: readonly WireEnd[];
  /** Told of what the card's modules throw; the card then is FAILED. Absent: it ends. */
  readonly onFault?: (error: unknown) => void;
}
