/** How long the pump looks for the card's replies: what INIC_SPIN_US and its neighbours set. */
import { availableParallelism } from 'node:os';

export interface PumpOptions {
  /** How long a turn goes on looking for replies while there are none, in microseconds. */
  readonly spinUs: number;
  /** The longest turn, in microseconds, after which timers, other I/O and immediates have theirs. */
  readonly turnUs: number;
  /**
   * The longest time, in microseconds, that the pump goes on after the last event before it arms the
   * interrupt. Within it the pump learns how long pays.
   */
  readonly lingerUs: number;
}

export const DEFAULT_PUMP: PumpOptions =
  availableParallelism() < 2
    ? { spinUs: 0, turnUs: 100, lingerUs: 0 } // polling would only keep the card from running
    : { spinUs: 20, turnUs: 100, lingerUs: 500 };

/**
 * For a card that runs in this thread. Each look runs it until it has nothing more to do, so after one
 * without news the loop may sleep at once: what is sent wakes the pump, and so does the card's own deadline.
 */
export const POLLED_PUMP: PumpOptions = { spinUs: 0, turnUs: 100, lingerUs: 0 };
