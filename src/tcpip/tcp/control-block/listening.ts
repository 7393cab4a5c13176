/**
 * A listener's connections that nobody has accepted yet: two lists, linked by `Tcb.acceptNext` and
 * `Tcb.acceptPrevious`; `Tcb.parent` names the listener of each.
 */
export class Listening {
  /** How many connections may wait to be accepted (the backlog of listen). */
  backlog = 0;
  /** Connections whose handshake is not complete (SYN-RECEIVED): the newest (-1: none), and how many. */
  embryoHead = -1;
  embryoCount = 0;
  /** The accept queue: its first and last Tcb (-1: empty), and how many wait. */
  acceptHead = -1;
  acceptTail = -1;
  acceptCount = 0;
  /** Of a connection of a listener: 1 once it waits for data, its handshake being done (TCP_DEFER_ACCEPT). */
  deferred = 0;

  reset(): void {
    this.backlog = 0;
    this.embryoHead = -1;
    this.embryoCount = 0;
    this.acceptHead = -1;
    this.acceptTail = -1;
    this.acceptCount = 0;
    this.deferred = 0;
  }
}
