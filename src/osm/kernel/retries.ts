/**
 * Sends again what came back undelivered of the driver's own requests (buckets, credits, accept posts,
 * closes), as message/undelivered.ts reports it. Not at once, and not for ever: Linux's SCSI driver over I2O
 * (i2o_scsi) tried a congested frame 32 times, a tick of 10 ms apart, and so does this one. Then the card
 * counts as dead.
 */
import { assert } from '../../assert/assert.ts';
import { SEVERITY_FORMAT_ERROR, SEVERITY_PATH_ERROR } from '../../i2o/frame.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { DELIVERY_RETRIES } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { NEVER } from '../../time/agent.ts';
import type { Clock } from '../../time/clock.ts';
import { STATE_CLOSING } from '../memory/host-socket.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { Requests } from '../message/requests.ts';
import type { Resend } from '../message/undelivered.ts';
import type { AcceptPosts } from './accept-posts.ts';
import type { BucketPosts } from './bucket-posts.ts';
import type { Credits } from './credits.ts';

/** Between a failure and the next try, in nanoseconds. */
export const RETRY_NS = 10e6;
export const RETRIES_MAX = 32;

export class Retries implements Resend {
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
  /** Sockets to close again: a list with room for every socket. And per socket whether by SocketAbort. */
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

  credit(socketId: number, bytes: number, growthBytes: number): void {
    assert(this.table.has(socketId), 'retries: who is credited again is a socket there is');
    this.credits.giveBack(socketId, this.table.sockets[socketId], bytes, growthBytes);
  }

  accepts(listenerId: number): void {
    assert(this.table.has(listenerId), 'retries: whose posts are sent again is a socket there is');
    this.acceptPosts.owe(listenerId, this.table.sockets[listenerId]);
    this.later();
  }

  close(socketId: number, severity: number, byAbort: boolean): boolean {
    assert(
      this.table.sockets[socketId].state === STATE_CLOSING,
      'retries: a socket that is closed again is closing',
    );
    // The device is gone, and the socket with it.
    if ((severity & SEVERITY_PATH_ERROR) !== 0) return false;
    // A malformed close would be so again: the socket id stays out of use until the card is reset.
    if ((severity & SEVERITY_FORMAT_ERROR) !== 0 || this.closeCount === this.closes.length) return true;
    this.closes[this.closeCount++] = socketId;
    this.byAbort[socketId] = byAbort ? 1 : 0;
    this.later();
    return true;
  }

  /** Whether it is time. Something waits. */
  due(): boolean {
    assert(this.dueNs !== NEVER, 'retries: the time is looked at only while something waits');
    this.clock.update();
    return this.clock.nowNs >= this.dueNs;
  }

  /**
   * It is time: closes again, and lets the chores send the rest.
   * @returns false when it was tried too often.
   */
  run(): boolean {
    assert(this.clock.nowNs >= this.dueNs, 'retries: what is tried again is due');
    this.dueNs = NEVER;
    this.triedNs = this.clock.nowNs;
    this.counters[DELIVERY_RETRIES] += 1;
    this.hold(false);
    const { requests, table } = this;
    while (this.closeCount > 0) {
      const socketId = this.closes[this.closeCount - 1];
      assert(table.has(socketId), 'retries: what is closed again is a socket there is');
      const socket = table.sockets[socketId];
      if (socket.state === STATE_CLOSING) {
        const frame = requests.acquire();
        if (frame === NO_FRAME) {
          this.later();
          break;
        }
        requests.close(frame, socket.tag, socketId, this.byAbort[socketId] === 1);
      }
      this.closeCount -= 1;
    }
    return this.tries <= RETRIES_MAX;
  }

  /** The card is gone, or was reset: nothing of before is tried again. */
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
    assert(clock.nowNs >= this.triedNs, 'retries: the clock does not go back');
    // A failure long after the last try begins another row of tries.
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
