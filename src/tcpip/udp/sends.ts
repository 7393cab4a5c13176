/**
 * Datagrams waiting to be sent: a bounded table of references, in one queue, and those parked for want of a
 * hardware address.
 */
export class UdpSends {
  readonly nextHop: Int32Array;
  readonly local: Int32Array;
  readonly remote: Int32Array;
  /** As on the wire: ours in the upper half. */
  readonly ports: Int32Array;
  readonly payload: Int32Array;
  readonly length: Int32Array;
  readonly context: Int32Array;
  private readonly next: Int32Array;
  private free = 0;
  /** First entry to send; -1: none. */
  head = -1;
  private tail = -1;
  private parked = -1;

  constructor(count: number) {
    this.nextHop = new Int32Array(count);
    this.local = new Int32Array(count);
    this.remote = new Int32Array(count);
    this.ports = new Int32Array(count);
    this.payload = new Int32Array(count);
    this.length = new Int32Array(count);
    this.context = new Int32Array(count);
    this.next = new Int32Array(count);
    for (let i = 0; i < count; i++) this.next[i] = i + 1 < count ? i + 1 : -1;
  }

  /** @returns false when the table is full. */
  append(
    nextHop: number,
    local: number,
    remote: number,
    ports: number,
    payload: number,
    length: number,
    context: number,
  ): boolean {
    const entry = this.free;
    if (entry < 0) return false;
    this.free = this.next[entry];
    this.nextHop[entry] = nextHop;
    this.local[entry] = local;
    this.remote[entry] = remote;
    this.ports[entry] = ports;
    this.payload[entry] = payload;
    this.length[entry] = length;
    this.context[entry] = context;
    this.queue(entry);
    return true;
  }

  /** The ports as a packet from the peer has them. */
  portsReversed(entry: number): number {
    return (this.ports[entry] << 16) | (this.ports[entry] >>> 16);
  }

  /** Takes the first entry out. */
  shift(): number {
    const entry = this.head;
    this.head = this.next[entry];
    if (this.head < 0) this.tail = -1;
    return entry;
  }

  /** Puts the first entry aside. */
  park(): void {
    const entry = this.shift();
    this.next[entry] = this.parked;
    this.parked = entry;
  }

  /**
   * Takes an entry for `nextHop` from those put aside. @param ready true: it is queued again.
   * @returns the entry, or -1 when there is none.
   */
  unpark(nextHop: number, ready: boolean): number {
    // The one put aside first lies deepest.
    let before = -1;
    let found = -1;
    let foundBefore = -1;
    for (let entry = this.parked; entry >= 0; entry = this.next[entry]) {
      if (this.nextHop[entry] === nextHop) {
        found = entry;
        foundBefore = before;
      }
      before = entry;
    }
    if (found < 0) return -1;
    if (foundBefore < 0) this.parked = this.next[found];
    else this.next[foundBefore] = this.next[found];
    if (ready) this.queue(found);
    return found;
  }

  release(entry: number): void {
    this.next[entry] = this.free;
    this.free = entry;
  }

  private queue(entry: number): void {
    this.next[entry] = -1;
    if (this.tail < 0) this.head = entry;
    else this.next[this.tail] = entry;
    this.tail = entry;
  }
}
