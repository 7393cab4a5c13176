/** Which receive buckets the card has: rules B-01 to B-03, B-08, O-02 and O-04. */
import { assert } from '../assert/assert.ts';
import { bufferAt, type PoolArea } from '../dma/pool-area.ts';
import { type Findings, hex } from './findings.ts';

/** Posts remembered that may be on their way to the card; a power of two. */
const TOTALS = 1 << 12;

export class ReceiveBuckets {
  private readonly findings: Findings;
  private readonly area: PoolArea;
  private readonly posted: Uint8Array;
  private readonly context: Int32Array;
  private readonly everPosted: Uint8Array;
  /** Buckets posted and not filled, as far as the host has heard. */
  withCard = 0;
  postedCount = 0;
  filledCount = 0;
  /**
   * Buckets named by lists that cannot be seen (chained or bad ones), and not filled: the card may have so
   * many besides.
   */
  unseen = 0;
  /** How many buckets were ever posted out of sight. */
  unseenEver = 0;
  /** What the card has cannot be told exactly: something was posted out of sight, or is ended early. */
  unsure = false;
  /**
   * Buckets posted, in all and when each of the latest posts was complete; the oldest post the card may have
   * taken last.
   */
  private cumulative = 0;
  private readonly totals = new Float64Array(TOTALS);
  private newest = 0;
  private oldest = 0;
  /** A post was not delivered, and its buckets are the host's: which is not known. */
  undelivered = false;

  constructor(area: PoolArea, findings: Findings) {
    this.findings = findings;
    this.area = area;
    this.posted = new Uint8Array(area.count);
    this.context = new Int32Array(area.count);
    this.everPosted = new Uint8Array(area.count);
  }

  get count(): number {
    return this.area.count;
  }

  get bucketBytes(): number {
    return this.area.bufferBytes;
  }

  /** @returns the bucket that begins at an address; -1 for none. // Hot path. */
  at(address: number): number {
    return bufferAt(this.area, address);
  }

  /** A bucket is posted. // Hot path. */
  post(bucket: number, context: number): void {
    this.postedCount += 1;
    if (this.posted[bucket] === 1) {
      if (!this.undelivered)
        this.findings.report(
          'B-01',
          bucket,
          `bucket ${bucket} (context ${hex(context)}) is the card's already`,
        );
    } else {
      this.withCard += 1;
      this.cumulative += 1;
    }
    this.posted[bucket] = 1;
    this.everPosted[bucket] = 1;
    this.context[bucket] = context;
  }

  /** So many buckets are posted out of sight. */
  hide(count: number): void {
    this.unseen = Math.min(this.unseen + count, this.area.count);
    this.unseenEver += count;
    this.unsure = true;
  }

  /** A record says that a bucket is filled. // Hot path. */
  fill(context: number): void {
    this.filledCount += 1;
    const bucket = this.withContext(context);
    if ((bucket < 0 || this.posted[bucket] === 0) && this.unseen > 0) {
      this.unseen -= 1;
    } else if (bucket < 0) {
      this.findings.report('B-02', context, `a record names context ${hex(context)}`);
    } else if (this.posted[bucket] === 0) {
      this.findings.report(
        'B-03',
        bucket,
        `bucket ${bucket} (context ${hex(context)}) was filled and is the host's`,
      );
    } else {
      assert(this.withCard > 0, 'receive buckets: a bucket is filled only after it was counted as posted');
      this.posted[bucket] = 0;
      this.withCard -= 1;
    }
  }

  /** What a reply says is left. // Hot path. */
  remaining(count: number): void {
    const most = this.withCard + this.unseen;
    if (count >>> 0 > most) {
      this.findings.report('B-08', 0, `BucketsRemaining ${count >>> 0}, at most ${most} are posted`);
    } else if (!this.unsure && !this.taken(this.cumulative - (this.withCard - count))) {
      this.findings.report(
        'B-08',
        0,
        `BucketsRemaining ${count}, and ${this.withCard} are posted: no whole number of posts is on its way`,
      );
    }
  }

  /** Whether the card can have taken so many buckets: it takes posts whole, in their order. // Hot path. */
  private taken(buckets: number): boolean {
    const { oldest, newest, totals } = this;
    for (let post = oldest; post <= newest; post++) {
      if (totals[post & (TOTALS - 1)] !== buckets) continue;
      this.oldest = post;
      return true;
    }
    return false;
  }

  /** A message that posted buckets is complete. // Hot path. */
  complete(): void {
    this.newest += 1;
    this.totals[this.newest & (TOTALS - 1)] = this.cumulative;
    if (this.newest - this.oldest >= TOTALS) this.oldest = this.newest - TOTALS + 1;
  }

  /** The host wrote to the pool. @param address within it. */
  hostWrote(address: number, length: number): void {
    const { offset, bufferBytes, count } = this.area;
    const last = Math.floor((address + length - 1 - offset) / bufferBytes);
    for (let bucket = Math.max(0, Math.floor((address - offset) / bufferBytes)); bucket <= last; bucket++) {
      if (bucket >= count || this.posted[bucket] !== 1) continue;
      this.findings.report('O-02', bucket, `${length} bytes at ${hex(address)}, in bucket ${bucket}`);
    }
  }

  /** The card wrote to the pool. @param address within it. */
  cardWrote(address: number, length: number): void {
    const { offset, bufferBytes } = this.area;
    const bucket = Math.floor((address - offset) / bufferBytes);
    const last = Math.floor((address + length - 1 - offset) / bufferBytes);
    if (this.unseen > 0 || (this.posted[bucket] === 1 && last === bucket)) return;
    this.findings.report('O-04', bucket, `${length} bytes at ${hex(address)}, in bucket ${bucket}`);
  }

  /** The card was reset: the host has every bucket again, and is told nothing. */
  reset(): void {
    this.posted.fill(0);
    this.withCard = 0;
    this.unseen = 0;
    this.unsure = false;
    this.complete();
    this.oldest = this.newest;
  }

  /**
   * The latest bucket posted with a context; -1 for none. Hosts that number their buckets find it at once. //
   * Hot path.
   */
  private withContext(context: number): number {
    const { count } = this.area;
    if (
      context >= 0 &&
      context < count &&
      this.context[context] === context &&
      this.everPosted[context] === 1
    ) {
      return context;
    }
    let given = -1;
    for (let bucket = 0; bucket < count; bucket++) {
      if (this.everPosted[bucket] === 0 || this.context[bucket] !== context) continue;
      if (this.posted[bucket] === 1) return bucket;
      given = bucket;
    }
    return given;
  }
}
