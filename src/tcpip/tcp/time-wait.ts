/**
 * Connections in TIME-WAIT, in a compact table of their own: what is needed to answer a late segment, to let
 * a new SYN in (RFC 9293 §3.10.7.4, RFC 6191) and to give the pair to a new active open. All wait equally
 * long, so they are kept in the order in which they end. When the table is full the oldest ends early.
 */
import { assert } from '../../assert/assert.ts';
import { before } from '../seq.ts';

export class TimeWaitTable {
  readonly remoteAddress: Int32Array;
  readonly localAddress: Int32Array;
  /** As a segment from the peer has them: the peer's in the upper half. */
  readonly ports: Int32Array;
  readonly sndNxt: Int32Array;
  readonly rcvNxt: Int32Array;
  /** The window field of segments sent from here. */
  readonly window: Int32Array;
  /** The connection's type of service. */
  readonly tos: Uint8Array;
  /** 1: the connection used timestamps. */
  readonly timestamps: Uint8Array;
  readonly tsRecent: Int32Array;
  readonly tsOffset: Int32Array;
  /** When the connection came here, and when it leaves, in microseconds. */
  readonly since: Int32Array;
  readonly until: Int32Array;
  /** 1 once a segment without data has been answered, and when the latest was. */
  readonly answered: Uint8Array;
  readonly answeredUs: Int32Array;
  private readonly previous: Int32Array;
  private readonly next: Int32Array;
  /** The first of the entries that are not used, linked by `next`; -1: none. */
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
    this.tos = new Uint8Array(count);
    this.timestamps = new Uint8Array(count);
    this.tsRecent = new Int32Array(count);
    this.tsOffset = new Int32Array(count);
    this.since = new Int32Array(count);
    this.until = new Int32Array(count);
    this.answered = new Uint8Array(count);
    this.answeredUs = new Int32Array(count);
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
    assert(entry >= 0, 'TIME-WAIT: an entry is free for the connection that comes');
    this.free = this.next[entry];
    this.count += 1;
    this.since[entry] = nowUs;
    this.answered[entry] = 0;
    this.append(entry, untilUs);
    return entry;
  }

  /** The entry waits anew (RFC 9293 §3.10.7.4: a FIN sent again restarts the wait of 2 MSL). */
  renew(entry: number, untilUs: number): void {
    assert(this.count > 0, 'TIME-WAIT: an entry that waits anew was waiting');
    this.unlink(entry);
    this.append(entry, untilUs);
  }

  release(entry: number): void {
    assert(this.count > 0, 'TIME-WAIT: an entry that ends was taken');
    this.unlink(entry);
    this.next[entry] = this.free;
    this.free = entry;
    this.count -= 1;
  }

  /** The entry that ends after this one; -1: none. */
  following(entry: number): number {
    return this.next[entry];
  }

  /** The order of ending and the free list. Costs a walk over the table. */
  check(): void {
    let count = 0;
    let last = -1;
    for (let entry = this.oldest; entry >= 0 && count <= this.count; entry = this.next[entry]) {
      assert(this.previous[entry] === last, 'TIME-WAIT: neighbours in the order of ending name each other');
      assert(
        last < 0 || !before(this.until[entry], this.until[last]),
        'TIME-WAIT: no entry ends before the one in front of it',
      );
      last = entry;
      count += 1;
    }
    assert(count === this.count, 'TIME-WAIT: as many entries are linked as are counted');
    assert(last === this.newest, 'TIME-WAIT: the newest entry is the last one linked');
    for (let entry = this.free; entry >= 0 && count <= this.next.length; entry = this.next[entry]) count += 1;
    assert(count === this.next.length, 'TIME-WAIT: each entry is free or waits');
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
    const preceding = this.previous[entry];
    const following = this.next[entry];
    if (preceding < 0) this.oldest = following;
    else this.next[preceding] = following;
    if (following < 0) this.newest = preceding;
    else this.previous[following] = preceding;
  }
}
