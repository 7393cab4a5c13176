/** What a world lends a card. Host and card may be in one thread or in two: neither can tell. */
import type { DmaEngine } from '../../dma/engine.ts';
import type { NicPlug } from '../../hdm/nic-silicon.ts';
import type { Interrupt } from '../../i2o/interrupt.ts';
import type { CardQueues } from '../../i2o/queues/queues.ts';
import type { FrameConsumer, FrameProducer } from '../../i2o/transport.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Clock } from '../../time/clock.ts';
import type { Waker } from '../../time/sleeper.ts';

/** The card's ends of its transport, as the processor is to have them. */
export interface CardEnds {
  readonly inbound: FrameConsumer;
  readonly outbound: FrameProducer;
}

export interface CardEnvironment {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly dma: DmaEngine;
  /** Wakes the host. */
  readonly waker: Waker;
  /** What each port is plugged into, and last the loop inside the card where it has one. */
  readonly wires: readonly NicPlug[];
  /** Puts ends of the world's own before the transport's; `interrupt` is what tells the host of them. */
  readonly endsOver?: (queues: CardQueues, interrupt: Interrupt) => CardEnds;
  /**
   * Whether the card makes what a connection needs when it is first used. A live card makes all of it at
   * the start, so that nothing is allocated later; one that lives for a tenth of a second is built sooner
   * without, and leaves less to collect.
   */
  readonly madeWhenUsed?: boolean;
  /** Told of what the card's modules throw; the card then is FAILED. Absent: it ends. */
  readonly onFault?: (error: unknown) => void;
}
