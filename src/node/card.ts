/**
 * What the drop-in needs of a card: the socket contract, plus the hooks by which a driver lives in Node's
 * event loop. `world/` builds one (the real card); the tests have one in plain memory. Nothing here does any
 * work.
 *
 * Call order: `pump.ts` polls the stack, asks `nextReady` until -1, serves those sockets, and before it lets
 * the loop sleep calls `arm`; the interrupt callback only schedules the pump, so no program code runs inside
 * it.
 */
import type { SocketStack } from '../socket/contract.ts';

export interface NodeCard {
  /** `poll` takes in the card's replies; every other call is as the contract has it. */
  readonly stack: SocketStack;
  /** The card's own IPv4 addresses as numbers, loopback not among them. */
  readonly addresses: readonly number[];

  /**
   * The next socket whose readiness changed since it was last handed out here (edge-triggered), or -1. The
   * bits are `stack.readiness(socket)`; a socket closed meanwhile may still be named. A send that was refused
   * or taken in part is followed by an edge when there is room again.
   */
  nextReady(): number;
  /** Whether the card's event source keeps Node's loop alive. Off at first. */
  keepAlive(on: boolean): void;
  /** Sets the one callback the event loop makes when the card interrupts an armed driver. */
  onInterrupt(callback: () => void): void;
  /**
   * Asks for an interrupt at the next reply. @returns false if a reply is already there: poll, do not sleep.
   */
  arm(): boolean;
  /** 0 while the card works; once it died, the positive errno every open socket fails with. */
  failed(): number;
}
