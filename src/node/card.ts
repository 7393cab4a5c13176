/**
 * What the drop-in needs of a card: the socket contract, and the hooks by which a driver lives in Node's
 * event loop. `world/` provides the real one; the tests have one in plain memory. There is no code here.
 *
 * Order of calls: `pump.ts` polls the stack, calls `nextReady` until it returns -1, and serves those sockets.
 * Before it lets the event loop sleep it calls `arm`. The interrupt's callback only schedules the pump, so no
 * code of the program runs inside it.
 */
import type { SocketStack } from '../socket/contract.ts';

export interface NodeCard {
  /** Its `poll` takes in the card's replies; every other call does what the contract says. */
  readonly stack: SocketStack;
  /** The card's own IPv4 addresses as numbers, without the loopback addresses. */
  readonly addresses: readonly number[];
  /** Whether an address that is none of the card's is reached by its wire; absent: none is. */
  readonly reaches?: ((destination: number) => boolean) | undefined;
  /** How many more sockets the card has room for. */
  readonly socketsFree: number;
  /**
   * Whether the card runs in this thread, whenever it is polled: a look that finds nothing then leaves
   * nothing to wait for. Absent: it runs by itself.
   */
  readonly polled?: boolean;

  /**
   * The next socket whose readiness has changed since this last returned it (edge-triggered), or -1. Its
   * readiness is `stack.readiness(socket)`. A socket that was closed in the meantime may still be returned. A
   * send that was refused or taken in part is followed by such a change once there is room again.
   */
  nextReady(): number;
  /** Sets whether the card's event source keeps Node's event loop alive. At first it does not. */
  keepAlive(on: boolean): void;
  /**
   * Sets the one callback that is made when an armed driver is to look: when the card interrupts it, or, of
   * a card that is polled, when something was sent to it or its own time has come. It may be made within a
   * call.
   */
  onInterrupt(callback: () => void): void;
  /**
   * Asks for an interrupt at the next reply.
   * @returns false if a reply is already there: the caller must poll again instead of sleeping.
   */
  arm(): boolean;
  /** 0 while the card works; after it has died, the positive errno with which every open socket fails. */
  failed(): number;
}
