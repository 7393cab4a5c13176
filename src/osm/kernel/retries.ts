/**
 * Requests of the driver's own accord that came back undelivered: buckets, credits, accept numbers, closes. From
 * message/undelivered.ts: what is home. To the card: all of it again, not at once, and not for ever: Linux's SCSI driver tried
 * a congested frame 32 times, a tick of 10 ms apart, and so does this one (reference section 9). Then the card counts as dead.
 */
import { SEVERITY_FORMAT_ERROR, SEVERITY_PATH_ERROR } from '../../i2o/frame.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { DELIVERY_RETRIES } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { NEVER } from '../../time/agent.ts';
import type { Clock } from '../../time/clock.ts';
import { STATE_CLOSING, socketTag } from '../memory/host-socket.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { Requests } from '../message/requests.ts';
import type { Again } from '../message/undelivered.ts';
import type { AcceptPosts } from './accept-posts.ts';
import type { BucketPosts } from './bucket-posts.ts';
import type { Credits } from './credits.ts';

/** Between a failure and the next try, in nanoseconds. */
export const RETRY_NS = 10e6;
export const RETRIES_MAX = 32;

export class Retries implements Again {
  /** When to try again, in clock nanoseconds; NEVER while nothing waits. */
  dueNs = NEVER;
  /** Set while the card is OPERATIONAL: else nothing is tried again. */
  open = false;
  private readonly clock: Clock;
  private readonly requests: Requests;
  private readonly table: SocketTable;
  private readonly buckets: BucketPosts;
  private readonly credits: Credits;
  private readonly acceptPosts: AcceptPosts;
  private readonly counters: Float64Array;
  /** Sockets to close again; a list with room for every socket. Per number: by SocketAbort. */
  private readonly closes: Int32Array;
  private readonly byAbort: Uint8Array;
  private closeCount = 0;
  private tries = 0;
  private triedNs = 0;

  constructor(
    clock: Clock,
    requests: Requests,
    table: SocketTable,
    buckets: BucketPosts,
    credits: Credits,
    acceptPosts: AcceptPosts,
    ledger: Ledger,
  ) {
    this.clock = clock;
    this.requests = requests;
    this.table = table;
    this.buckets = buckets;
    this.credits = credits;
    this.acceptPosts = acceptPosts;
    this.counters = ledger.counters;
    this.closes = new Int32Array(table.sockets.length);
    this.byAbort = new Uint8Array(table.sockets.length);
  }

  posts(): void {
    this.later();
  }

  credit(number: number, bytes: number): void {
    this.credits.giveBack(number, this.table.sockets[number], bytes);
  }

  accepts(listener: number): void {
    this.acceptPosts.owe(listener, this.table.sockets[listener]);
    this.later();
  }

  close(number: number, severity: number, byAbort: boolean): boolean {
    // The device is gone, and the socket with it.
    if ((severity & SEVERITY_PATH_ERROR) !== 0) return false;
    // A malformed close would be so again: the number stays out of use until the card is reset.
    if ((severity & SEVERITY_FORMAT_ERROR) !== 0 || this.closeCount === this.closes.length) return true;
    this.closes[this.closeCount++] = number;
    this.byAbort[number] = byAbort ? 1 : 0;
    this.later();
    return true;
  }

  /** Whether it is time. Not called while nothing waits. */
  due(): boolean {
    this.clock.update();
    return this.clock.nowNs >= this.dueNs;
  }

  /** It is time: closes again, and lets the chores send the rest. @returns false when it was tried too often. */
  run(): boolean {
    this.dueNs = NEVER;
    this.triedNs = this.clock.nowNs;
    this.counters[DELIVERY_RETRIES] += 1;
    this.hold(false);
    const { requests, table } = this;
    while (this.closeCount > 0) {
      const number = this.closes[this.closeCount - 1];
      const socket = table.sockets[number];
      if (socket.state === STATE_CLOSING) {
        const frame = requests.acquire();
        if (frame === NO_FRAME) {
          this.later();
          break;
        }
        requests.close(frame, socketTag(number, socket.generation), number, this.byAbort[number] === 1);
      }
      this.closeCount -= 1;
    }
    return this.tries <= RETRIES_MAX;
  }

  /** The card is gone or was reset: nothing of before is tried again. */
  clear(): void {
    this.open = false;
    this.dueNs = NEVER;
    this.closeCount = 0;
    this.tries = 0;
    this.credits.held = false;
    this.acceptPosts.held = false;
  }

  private later(): void {
    if (this.dueNs !== NEVER || !this.open) return;
    const { clock } = this;
    clock.update();
    // A failure long after the last try is another one's beginning.
    if (clock.nowNs - this.triedNs > 2 * RETRY_NS) this.tries = 0;
    this.tries += 1;
    this.dueNs = clock.nowNs + RETRY_NS;
    this.hold(true);
  }

  private hold(held: boolean): void {
    this.buckets.open = !held;
    this.credits.held = held;
    this.acceptPosts.held = held;
  }
}
