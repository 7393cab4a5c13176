/**
 * What every device offers the IOP: a `LinkPort` to send through, a `LinkClient` to hand packets to, and a
 * turn to work.
 */
import type { LinkClient, LinkPort } from '../tcpip/contract.ts';

export interface Device extends LinkPort {
  /** Whether its link is whole, as far as it has heard; `LinkClient.linkChanged` tells of a change. */
  readonly linkUp: boolean;
  /** Whom received packets go to. Called once, before the first poll. */
  attach(client: LinkClient): void;
  /**
   * Moves what is due: puts sent packets on the wire, hands received ones to the client.
   * @returns packets moved.
   */
  poll(): number;
  /** Clock nanoseconds when the device next has something to do by itself; `NEVER` if only after a send. */
  nextDeadlineNs(): number;
}
