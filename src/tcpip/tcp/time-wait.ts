/**
 * Connections in TIME-WAIT, in a compact table of their own: what is needed to answer a late segment, to let
 * a new SYN in (RFC 9293 §3.10.7.4, RFC 6191) and to give the pair to a new active open. All wait equally
 * long, so they are kept in the order in which they end. When the table is full the oldest ends early.
 */
export class TimeWaitTable {
  readonly remoteAddress: Int32Array;
  readonly localAddress: Int32Array;
  readonly ports: Int32Array;
  readonly sndNxt: Int32Array;
  readonly rcvNxt: Int32Array;
  /** The window field of segments sent from here. */
  readonly window: Int32Array;
  /** 1: the connection used timestamps. */
  readonly timestamps: Uint8Array;
  readonly tsRecent: Int32Array;
  readonly tsOffset: Int32Array;
  /** When the connection came here, and when it leaves. */
  readonly since: Int32Array;
  readonly until: Int32Array;
  private readonly previous: Int32Array;
  private readonly next: Int32Array;
  private free = 0;
  /** The entry that ends first; -1 when there is none. */
  oldest = -1;
  private newest = -1;
  count = 0;

  constructor(count: number) {
    this.remoteAddress = new Int32Array(count);
    this.localAddress = new Int32Array(count);
    this.ports = new Int32Array(count);
    this.sndNxt = new Int32Array(count);
    this.rcvNxt = new Int32Array(count);
    this.window = new Int32Array(count);
    this.timestamps = new Uint8Array(count);
    this.tsRecent = new Int32Array(count);
    this.tsOffset = new Int32Array(count);
    this.since = new Int32Array(count);
    this.until = new Int32Array(count);
    this.previous = new Int32Array(count);
    this.next = new Int32Array(count);
    for (let i = 0; i < count; i++) this.next[i] = i + 1 < count ? i + 1 : -1;
  }

  get isFull(): boolean {
    return this.free < 0;
  }

  /** @returns an entry, last in order of ending; there must be a free one. */
  take(nowUs: number, untilUs: number): number {
    const entry = this.free;
    this.free = this.next[entry];
    this.count += 1;
    this.since[entry] = nowUs;
    this.append(entry, untilUs);
    return entry;
  }

  /** The entry waits anew (RFC 9293 §3.10.7.4: a retransmitted FIN restarts 2 MSL). */
  renew(entry: number, untilUs: number): void {
    this.unlink(entry);
    this.append(entry, untilUs);
  }

  release(entry: number): void {
    this.unlink(entry);
    this.next[entry] = this.free;
    this.free = entry;
    this.count -= 1;
  }

  private append(entry: number, untilUs: number): void {
    this.until[entry] = untilUs;
    this.previous[entry] = this.newest;
    this.next[entry] = -1;
    if (this.newest < 0) this.oldest = entry;
    else this.next[this.newest] = entry;
    this.newest = entry;
  }

  private unlink(entry: number): void {
    const before = this.previous[entry];
    const behind = this.next[entry];
    if (before < 0) this.oldest = behind;
    else this.next[before] = behind;
    if (behind < 0) this.newest = before;
    else this.previous[behind] = before;
  }
}
