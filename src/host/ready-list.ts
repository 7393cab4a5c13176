/**
 * Sockets whose readiness may have changed, oldest first, each once: what epoll's list of ready ones is to
 * Linux. // Hot path: all of it.
 */
export class ReadyList {
  private readonly ring: Int32Array;
  private readonly listed: Uint8Array;
  private first = 0;
  private count = 0;

  /** @param sockets there are, by number. */
  constructor(sockets: number) {
    this.ring = new Int32Array(sockets);
    this.listed = new Uint8Array(sockets);
  }

  /** Something has come for a socket, or gone from it. */
  note(socket: number): void {
    if (this.listed[socket] !== 0) return;
    this.listed[socket] = 1;
    const { ring } = this;
    ring[(this.first + this.count) % ring.length] = socket;
    this.count += 1;
  }

  /** @returns the socket noted longest ago, which is in the list no more; -1 where there is none. */
  next(): number {
    if (this.count === 0) return -1;
    const socket = this.ring[this.first];
    this.first = (this.first + 1) % this.ring.length;
    this.count -= 1;
    this.listed[socket] = 0;
    return socket;
  }
}
