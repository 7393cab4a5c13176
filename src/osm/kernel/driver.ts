/**
 * The kernel subsystem: looks at the outbound queue, serves interrupts, does the chores that follow (posts buckets, credits
 * windows, wakes blocked senders), and waits. A waiting driver polls for a while, then arms the interrupt, looks once more,
 * and rests. It calls none of the program's code.
 */
import type { Doorbell } from '../../i2o/doorbell.ts';
import { type FrameConsumer, NO_FRAME } from '../../i2o/transport.ts';
import {
  BYTES_UNDELIVERED,
  HOST_IDLE_POLLS,
  HOST_INTERRUPTS_SERVICED,
  HOST_POLLS,
  HOST_SLEEPS,
  OUTBOUND_RELEASED,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { ENETDOWN } from '../../socket/errno.ts';
import { NEVER } from '../../time/agent.ts';
import type { Clock } from '../../time/clock.ts';
import type { Sleeper } from '../../time/sleeper.ts';
import { SpinPolicy } from '../../time/spin-policy.ts';
import type { DriverConfig } from '../memory/driver-config.ts';
import {
  type HostSocket,
  STATE_CLOSING,
  STATE_FAILED,
  STATE_FREE,
  STATE_POSTED,
} from '../memory/host-socket.ts';
import type { ReceivePool } from '../memory/receive-pool.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';
import type { ControlCall } from '../message/control-call.ts';
import type { Replies } from '../message/reply-dispatch.ts';
import type { Requests } from '../message/requests.ts';
import type { SendBatch } from '../message/send-batch.ts';
import { AcceptPosts } from './accept-posts.ts';
import { BlockedSenders } from './blocked-senders.ts';
import { BucketPosts } from './bucket-posts.ts';
import { Closing } from './closing.ts';
import { Credits } from './credits.ts';
import { Retries } from './retries.ts';

/** Replies taken in one look, so that the program gets its turn. */
const REPLIES_PER_POLL = 64;
/** Fruitless looks between two readings of the clock while waiting: a reading costs as much as several looks. */
const POLLS_PER_CLOCK = 64;
/** The driver wakes at least this often while it sleeps, to see whether the card still lives. */
const SLEEP_NS_MAX = 100e6;

/** Whether the card still runs; the world knows. */
export interface CardHealth {
  alive(): boolean;
}

/** Everything the driver works with; made by host.ts. */
export interface DriverParts {
  readonly outbound: FrameConsumer;
  readonly doorbell: Doorbell;
  readonly requests: Requests;
  readonly batch: SendBatch;
  readonly replies: Replies;
  readonly control: ControlCall;
  readonly table: SocketTable;
  readonly transmit: TransmitPool;
  readonly receive: ReceivePool;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly sleeper: Sleeper;
  readonly health: CardHealth;
  readonly config: DriverConfig;
}

export class Driver {
  /** errno every socket fails with once the card is gone; 0 while it lives. */
  deadErrno = 0;
  /** Version of the class that both sides speak; 0 until the card is OPERATIONAL. */
  classVersion = 0;
  /** Bytes read and not yet credited; buckets empty and not yet posted; sends refused for want of room. */
  readonly credits: Credits;
  readonly buckets: BucketPosts;
  readonly blocked: BlockedSenders;
  /** Set when the card is OPERATIONAL: device messages before that would be refused. */
  private online = false;
  private readonly outbound: FrameConsumer;
  private readonly doorbell: Doorbell;
  private readonly requests: Requests;
  private readonly batch: SendBatch;
  private readonly replies: Replies;
  private readonly control: ControlCall;
  private readonly table: SocketTable;
  private readonly transmit: TransmitPool;
  private readonly receive: ReceivePool;
  private readonly counters: Float64Array;
  private readonly clock: Clock;
  private readonly sleeper: Sleeper;
  private readonly health: CardHealth;
  readonly config: DriverConfig;
  private readonly spin: SpinPolicy;
  private readonly accepts: AcceptPosts;
  private readonly closing: Closing;
  private readonly retries: Retries;

  constructor(parts: DriverParts) {
    const { requests, table, transmit, receive, ledger, config } = parts;
    this.outbound = parts.outbound;
    this.doorbell = parts.doorbell;
    this.requests = requests;
    this.batch = parts.batch;
    this.replies = parts.replies;
    this.control = parts.control;
    this.table = table;
    this.transmit = transmit;
    this.receive = receive;
    this.counters = ledger.counters;
    this.clock = parts.clock;
    this.sleeper = parts.sleeper;
    this.health = parts.health;
    this.config = config;
    this.spin = new SpinPolicy(config.spinNs);
    this.credits = new Credits(requests, table);
    this.buckets = new BucketPosts(receive, requests, config);
    this.blocked = new BlockedSenders(table, transmit, config);
    this.accepts = new AcceptPosts(requests, table, config);
    this.closing = new Closing(requests, table, receive, this.buckets, ledger);
    const { buckets, credits, accepts } = this;
    this.retries = new Retries(parts.clock, requests, table, buckets, credits, accepts, ledger);
    this.replies.failures.again = this.retries;
  }

  /** Takes what replies there are and does what follows from them. @returns replies taken. // Hot path: 6 ns when there are none. */
  poll(): number {
    const { outbound, counters } = this;
    counters[HOST_POLLS] += 1;
    let taken = 0;
    while (taken < REPLIES_PER_POLL) {
      const frame = outbound.receive();
      if (frame === NO_FRAME) break;
      this.replies.dispatch(frame);
      outbound.release();
      taken += 1;
    }
    if (taken === 0) {
      counters[HOST_IDLE_POLLS] += 1;
      if (this.requests.short) return this.resume();
      return this.retries.dueNs !== NEVER && this.retries.due() ? this.resume() : 0;
    }
    counters[OUTBOUND_RELEASED] += taken;
    this.doorbell.publishReleases(outbound);
    this.chores();
    return taken;
  }

  /**
   * Asks for an interrupt at the next reply, and at the next free frame if something waits for one.
   * @returns true when there is nothing yet, after looking once more.
   */
  arm(): boolean {
    return (
      this.outbound.arm() && (!this.requests.short || this.deadErrno !== 0 || this.requests.armForFrame())
    );
  }

  /** The interrupt came, and whoever serves it polls now. */
  interruptServiced(): void {
    this.counters[HOST_INTERRUPTS_SERVICED] += 1;
  }

  /**
   * Waits for a reply: polls, then rests. @param timeoutNs at most this long; `NEVER` for ever.
   * @returns replies taken, 0 when the time ran out or the card died.
   */
  wait(timeoutNs: number): number {
    const { clock, config, counters } = this;
    const patient = config.spinNs > 0 && timeoutNs > 0;
    let startNs = -1;
    for (let polls = 1; ; polls++) {
      const taken = this.poll();
      if (taken > 0 || timeoutNs === 0) return taken;
      // An answer is a microsecond or two away: most waits end before the clock is looked at for the first time.
      if (patient && polls % POLLS_PER_CLOCK !== 0) continue;
      clock.update();
      if (startNs < 0) {
        startNs = clock.nowNs;
        this.spin.begin();
      }
      const waitedNs = clock.nowNs - startNs;
      if (waitedNs >= timeoutNs) return 0;
      if (this.spin.worthwhile(clock.nowNs, waitedNs)) continue;
      if (!this.checkHealth()) return 0;
      this.sleeper.prepare();
      if (!this.arm()) continue;
      counters[HOST_SLEEPS] += 1;
      this.sleeper.sleep(Math.min(timeoutNs - waitedNs, SLEEP_NS_MAX, this.retries.dueNs - clock.nowNs));
      this.interruptServiced();
      this.spin.begin();
    }
  }

  /** Waits for the control call's reply. @returns its errno; ENETDOWN when the card does not answer. */
  awaitControl(timeoutNs: number = this.config.controlTimeoutNs): number {
    const { clock, control } = this;
    clock.update();
    const deadlineNs = clock.nowNs + timeoutNs;
    while (control.pending) {
      if (this.wait(deadlineNs - clock.nowNs) === 0 && (this.deadErrno !== 0 || clock.nowNs >= deadlineNs)) {
        control.abandon(ENETDOWN);
        return ENETDOWN;
      }
    }
    return control.errno;
  }

  /** A frame for a request that must not be put off. @returns the frame, or NO_FRAME once the card is dead. */
  awaitFrame(timeoutNs: number = this.config.controlTimeoutNs): number {
    if (this.deadErrno !== 0) return NO_FRAME;
    let frame = this.acquire();
    const { clock } = this;
    if (frame !== NO_FRAME) return frame;
    clock.update();
    const deadlineNs = clock.nowNs + timeoutNs;
    while (frame === NO_FRAME && this.deadErrno === 0 && clock.nowNs < deadlineNs) {
      if (this.requests.armForFrame()) {
        this.sleeper.prepare();
        if (this.arm() && this.requests.framesFree <= 0) this.sleeper.sleep(SLEEP_NS_MAX / 100);
      }
      this.poll();
      this.checkHealth();
      clock.update();
      frame = this.acquire();
    }
    if (frame === NO_FRAME) this.die(ENETDOWN);
    return this.deadErrno === 0 ? frame : NO_FRAME;
  }

  /** When it wants to look again without being told, in clock nanoseconds; NEVER: not at all. */
  nextDeadlineNs(): number {
    return this.retries.dueNs;
  }

  /** OutboundInit is complete: the card gets the frames to reply in (reference section 4.3, step 4). */
  supplyOutbound(): void {
    this.outbound.supply();
    this.doorbell.publishReleases(this.outbound);
  }

  /** A frame for a request that must not overtake the sends that wait. @returns it, or NO_FRAME. */
  private acquire(): number {
    const frame = this.requests.acquire();
    if (frame === NO_FRAME || this.batch.count === 0) return frame;
    this.batch.post(frame);
    return this.requests.acquire();
  }

  /** The card is OPERATIONAL: it gets its first buckets. @param cardVersion version of the class its table names. */
  goOnline(cardVersion: number): void {
    this.classVersion = Math.min(cardVersion, this.config.classVersion);
    this.online = true;
    this.retries.open = true;
    this.buckets.open = true;
    this.buckets.postAll();
  }

  /** The session ends: what was gathered is sent, and the driver asks nothing more of the device by itself. */
  goOffline(): void {
    this.batch.flush();
    this.online = false;
    this.retries.clear();
    this.buckets.open = false;
  }

  /** Posts numbers for accepts at a listener until enough are. */
  postAccepts(listenerNumber: number, listener: HostSocket): void {
    this.accepts.post(listenerNumber, listener);
  }

  /** Gives a socket up. The number is free when the card has answered. @param reset abort it in any case. */
  closeSocket(number: number, socket: HostSocket, reset: boolean): void {
    this.closing.close(socket.lost === 0 ? this.awaitFrame() : NO_FRAME, number, socket, reset);
  }

  /** There is room that no reply told of: senders that wait may have it. */
  roomMade(): void {
    this.blocked.tell();
  }

  /** The card is gone: every socket fails with `errno`, every buffer is the host's again, and nothing waits any more. */
  die(errno: number): void {
    if (this.deadErrno !== 0) return;
    this.deadErrno = errno;
    this.withdraw(errno);
  }

  /**
   * The card has been reset, and has forgotten everything: queues, sockets, buffers, registrations. It is to be brought up again.
   * @param errno what every open socket fails with.
   */
  cardReset(errno: number): void {
    this.deadErrno = 0;
    this.requests.restart();
    this.outbound.restart(false);
    this.withdraw(errno);
    this.control.forgotten();
  }

  /** What the card had is the host's again, and what waits for it waits no more. */
  private withdraw(errno: number): void {
    this.online = false;
    this.retries.clear();
    this.buckets.open = false;
    this.counters[BYTES_UNDELIVERED] += this.batch.clear();
    this.credits.clear();
    if (this.control.pending) this.control.abandon(errno);
    const { table, transmit, receive } = this;
    for (let context = 0; context < transmit.count; context++) {
      if (transmit.lent(context)) transmit.give(context);
    }
    receive.reclaim();
    table.sockets.forEach((socket, number) => {
      socket.sendingBytes = 0;
      socket.sendingContexts = 0;
      if (socket.state === STATE_CLOSING || socket.state === STATE_POSTED) {
        socket.state = STATE_FREE;
        table.give(number);
      } else if (socket.state !== STATE_FREE) {
        socket.state = STATE_FAILED;
        socket.lost = 1;
        socket.errno = errno;
        socket.endOfStream = 1;
        table.changed(number);
      }
    });
  }

  /** @returns whether the card lives; if not, everything open has failed. */
  checkHealth(): boolean {
    if (this.deadErrno === 0 && !this.health.alive()) this.die(ENETDOWN);
    return this.deadErrno === 0;
  }

  /** Frames may be free again: goes on with what was put off for want of one. @returns 1 if so, else 0. */
  private resume(): number {
    if (this.deadErrno !== 0 || this.requests.framesFree <= 0) return 0;
    this.chores();
    return 1;
  }

  private chores(): void {
    if (this.retries.dueNs !== NEVER && this.retries.due() && !this.retries.run()) {
      this.die(ENETDOWN);
      return;
    }
    if (this.replies.watch.due && !this.replies.watch.look()) {
      this.die(ENETDOWN);
      return;
    }
    if (this.requests.short && this.requests.framesFree > 0) {
      this.requests.short = false;
      this.replies.sends.roomChanged = true;
    }
    if (!this.online) return;
    this.batch.flush();
    this.buckets.postDue();
    this.credits.send();
    this.accepts.postOwed();
    if (this.replies.sends.roomChanged) this.blocked.tell();
    this.replies.sends.roomChanged = false;
    while (this.replies.orphanCount > 0) {
      const number = this.replies.orphans[--this.replies.orphanCount];
      this.closeSocket(number, this.table.sockets[number], true);
    }
  }
}
