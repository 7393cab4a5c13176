/**
 * Datagrams waiting to be sent: a bounded table of references, in a queue for each port, and those put aside
 * for want of a hardware address. A datagram of several pieces takes as many entries: the first is in the
 * queue and has the addresses, the others hang on it.
 */
import { assert } from '../../assert/assert.ts';

export class UdpSends {
  /** The port by which the datagram leaves. */
  readonly port: Uint8Array;
  /** Whose hardware address it needs. */
  readonly nextHop: Int32Array;
  readonly local: Int32Array;
  readonly remote: Int32Array;
  /** As on the wire: ours in the upper half. */
  readonly ports: Int32Array;
  /** Of the datagram: the type of service, and below it the time to live. */
  readonly service: Uint16Array;
  /** Of the datagram: its socket's IP_MTU_DISCOVER. */
  readonly discover: Uint8Array;
  /** Of each piece: its address and bytes, and the context under which the user wants it back (-1: none). */
  readonly payload: Int32Array;
  readonly length: Int32Array;
  readonly context: Int32Array;
  /** The index of the socket that sends it. */
  readonly socket: Int32Array;
  /** The datagram's next piece; -1: none. */
  readonly piece: Int32Array;
  private readonly next: Int32Array;
  private free = 0;
  /** Entries that are free. */
  private available: number;
  /** First entry that each port is to send; -1: none. */
  readonly head: Int32Array;
  private readonly tail: Int32Array;
  /** Datagrams in the queues of all ports. */
  queued = 0;
  /** First of the datagrams put aside, the latest; -1: none. */
  private parked = -1;
  /** Bytes of all that are put aside. */
  parkedBytes = 0;

  constructor(count: number, ports: number) {
    this.port = new Uint8Array(count);
    this.head = new Int32Array(ports).fill(-1);
    this.tail = new Int32Array(ports).fill(-1);
    this.nextHop = new Int32Array(count);
    this.local = new Int32Array(count);
    this.remote = new Int32Array(count);
    this.ports = new Int32Array(count);
    this.service = new Uint16Array(count);
    this.discover = new Uint8Array(count);
    this.payload = new Int32Array(count);
    this.length = new Int32Array(count);
    this.context = new Int32Array(count);
    this.socket = new Int32Array(count);
    this.piece = new Int32Array(count).fill(-1);
    this.available = count;
    this.next = new Int32Array(count);
    for (let i = 0; i < count; i++) this.next[i] = i + 1 < count ? i + 1 : -1;
  }

  /** Whether a datagram of so many pieces finds room. */
  hasRoom(pieces: number): boolean {
    return pieces <= this.available;
  }

  /**
   * Begins a datagram with its first piece; there is room. @returns the entry, to `place`, `hang` on and
   * `queue`.
   */
  begin(socket: number, port: number, nextHop: number, local: number, remote: number, ports: number): number {
    const entry = this.take();
    this.socket[entry] = socket;
    this.port[entry] = port;
    this.nextHop[entry] = nextHop;
    this.local[entry] = local;
    this.remote[entry] = remote;
    this.ports[entry] = ports;
    return entry;
  }

  /** Says where a piece is. */
  place(entry: number, payload: number, length: number, context: number): void {
    this.payload[entry] = payload;
    this.length[entry] = length;
    this.context[entry] = context;
  }

  /** Hangs another piece on one; there is room. @returns its entry. */
  hang(before: number): number {
    const entry = this.take();
    this.piece[before] = entry;
    return entry;
  }

  /** Takes the first datagram of a port out of its queue. @returns its first entry. */
  shift(port: number): number {
    const entry = this.head[port];
    assert(entry >= 0, 'UDP sends: a datagram that is taken out of a queue is in it');
    this.head[port] = this.next[entry];
    if (this.head[port] < 0) this.tail[port] = -1;
    this.queued -= 1;
    return entry;
  }

  /** Puts the first datagram of a port aside. */
  park(port: number): void {
    const entry = this.shift(port);
    this.next[entry] = this.parked;
    this.parked = entry;
    this.parkedBytes += this.bytesOf(entry);
  }

  /**
   * Which datagram for `nextHop` is to give way, where those put aside for it have more bytes than they may: the
   * one that has waited longest, but never the latest. @returns whether there is one, for `unpark` to take.
   */
  isTooMuch(nextHop: number, bytesMax: number): boolean {
    if (this.parkedBytes <= bytesMax) return false;
    let bytes = 0;
    let count = 0;
    for (let entry = this.parked; entry >= 0; entry = this.next[entry]) {
      if (this.nextHop[entry] !== nextHop) continue;
      bytes += this.bytesOf(entry);
      count += 1;
    }
    return count > 1 && bytes > bytesMax;
  }

  private bytesOf(entry: number): number {
    let bytes = 0;
    for (let piece = entry; piece >= 0; piece = this.piece[piece]) bytes += this.length[piece];
    return bytes;
  }

  /**
   * Takes a datagram for `nextHop` from those put aside, the one that has waited longest. @param ready true:
   * it is queued again.
   * @returns the entry, or -1 when there is none.
   */
  unpark(nextHop: number, ready: boolean): number {
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
    this.parkedBytes -= this.bytesOf(found);
    assert(this.parkedBytes >= 0, 'UDP sends: the bytes that are put aside are counted');
    if (foundBefore < 0) this.parked = this.next[found];
    else this.next[foundBefore] = this.next[found];
    if (ready) this.queue(found);
    return found;
  }

  /** Frees an entry; the caller has seen to its piece. */
  release(entry: number): void {
    assert(this.available < this.next.length, 'UDP sends: no more entries come back than there are');
    this.next[entry] = this.free;
    this.free = entry;
    this.piece[entry] = -1;
    this.available += 1;
  }

  /**
   * Takes out any datagram of a socket that waits, or one that has a value in another column.
   * @returns its first entry, or -1: there is none.
   */
  remove(value: number, column: Int32Array = this.socket): number {
    for (let port = 0; port < this.head.length; port++) {
      const entry = this.removeQueued(port, value, column);
      if (entry >= 0) return entry;
    }
    let before = -1;
    for (let entry = this.parked; entry >= 0; before = entry, entry = this.next[entry]) {
      if (column[entry] !== value) continue;
      if (before < 0) this.parked = this.next[entry];
      else this.next[before] = this.next[entry];
      return entry;
    }
    return -1;
  }

  /** Takes out any datagram that waits, whoever sends it. @returns its first entry, or -1: there is none. */
  removeAny(): number {
    const port = this.head.findIndex((entry) => entry >= 0);
    if (port >= 0) return this.shift(port);
    const entry = this.parked;
    if (entry >= 0) this.parked = this.next[entry];
    return entry;
  }

  private removeQueued(port: number, value: number, column: Int32Array): number {
    let before = -1;
    for (let entry = this.head[port]; entry >= 0; before = entry, entry = this.next[entry]) {
      if (column[entry] !== value) continue;
      if (before < 0) this.head[port] = this.next[entry];
      else this.next[before] = this.next[entry];
      if (this.tail[port] === entry) this.tail[port] = before;
      this.queued -= 1;
      return entry;
    }
    return -1;
  }

  private take(): number {
    const entry = this.free;
    assert(entry >= 0, 'UDP sends: an entry is taken only where one is free');
    this.free = this.next[entry];
    this.available -= 1;
    return entry;
  }

  /** Puts a datagram at the end of its port's queue. */
  queue(entry: number): void {
    const port = this.port[entry];
    assert(port < this.head.length, 'UDP sends: a datagram is queued at a port that is there');
    this.next[entry] = -1;
    if (this.tail[port] < 0) this.head[port] = entry;
    else this.next[this.tail[port]] = entry;
    this.tail[port] = entry;
    this.queued += 1;
  }

  /**
   * Whether `queued` is what the queues hold, each datagram in its own port's. Costs a walk over all of them.
   */
  get isCounted(): boolean {
    let count = 0;
    for (let port = 0; port < this.head.length; port++) {
      for (let entry = this.head[port]; entry >= 0; entry = this.next[entry]) {
        if (this.port[entry] !== port) return false;
        count += 1;
      }
    }
    return count === this.queued;
  }
}
