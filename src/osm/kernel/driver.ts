/**
 * The kernel subsystem: looks at the outbound queue, serves interrupts, does the chores that follow (posts
 * buckets, credits windows, tells blocked senders), and waits. A waiting driver polls for a while, then arms
 * the interrupt, looks once more, and rests. It calls none of the program's code.
 *
 * An assertion of ours that fails, here or in a call of the program's, reaches the caller as it is. Every way
 * into the driver ends in `failed`, which keeps the text in `fault`: from then on the driver is dead.
 */
import { AssertionFailure, assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import type { Doorbell } from '../../i2o/doorbell.ts';
import { NO_TID } from '../../i2o/tids.ts';
import { type FrameConsumer, NO_FRAME } from '../../i2o/transport.ts';
import {
  BYTES_UNDELIVERED,
  HOST_IDLE_POLLS,
  HOST_INTERRUPTS_SERVICED,
  HOST_POLLS,
  HOST_RESTS,
  HOST_SLEEPS,
  OUTBOUND_RELEASED,
} from '../../ledger/counters.gen.ts';
import { ENETDOWN } from '../../socket/errno.ts';
import { NEVER } from '../../time/agent.ts';
import type { Clock } from '../../time/clock.ts';
import type { Sleeper } from '../../time/sleeper.ts';
import { SpinPolicy } from '../../time/spin-policy.ts';
import type { DriverConfig } from '../memory/driver-config.ts';
import type { HostSocket } from '../memory/host-socket.ts';
import type { BringUpCaller } from '../message/bring-up.ts';
import type { ControlCall } from '../message/control-call.ts';
import type { ReplyDispatch } from '../message/reply-dispatch.ts';
import type { Requests } from '../message/requests.ts';
import type { SendBatch } from '../message/send-batch.ts';
import { AcceptPosts } from './accept-posts.ts';
import { BlockedSenders } from './blocked-senders.ts';
import { BucketPosts } from './bucket-posts.ts';
import { Closing } from './closing.ts';
import { Credits } from './credits.ts';
import { type CardHealth, type DriverParts, GAVE_UP, type TurnBefore } from './driver-parts.ts';
import { LoopRest } from './loop-rest.ts';
import { NO_REPLIES } from './no-replies.ts';
import { Retries } from './retries.ts';
import { Withdrawal } from './withdrawal.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** At most so many replies are taken in one look, so that the program gets its turn. */
const REPLIES_PER_POLL = 64;
/** In one look, a card that works and has no reply yet has at most so many turns. */
const TURNS_PER_LOOK = 16;
/** A waiting driver reads the clock once in so many fruitless looks: a reading costs as much as several. */
const POLLS_PER_CLOCK = 64;
/** The driver wakes at least this often while it sleeps, to see whether the card still lives. */
const SLEEP_NS_MAX = 100e6;

export class Driver implements BringUpCaller {
  /** The errno that every socket fails with once the card is gone, or the driver; 0 while both work. */
  deadErrno = 0;
  /** The text of our assertion that failed on this side: the driver is dead for good then. */
  fault: string | undefined;
  /** Version of the class that both sides speak; 0 until the card is OPERATIONAL. */
  classVersion = 0;
  readonly config: DriverConfig;
  readonly credits: Credits;
  readonly buckets: BucketPosts;
  readonly blocked: BlockedSenders;
  readonly accepts: AcceptPosts;
  /** Whether the program rests in its event loop: calls made meanwhile tell it of what they find. */
  readonly loop = new LoopRest();
  /** Set while the card is OPERATIONAL: device messages would be refused in any other state. */
  private online = false;
  /** Set while replies are taken: handlers must not look for replies themselves. */
  private taking = false;
  /** 1 when the last look found something, else 0. */
  private found = 0;
  private outbound: FrameConsumer;
  private readonly doorbell: Doorbell;
  private readonly requests: Requests;
  private readonly batch: SendBatch;
  private readonly replies: ReplyDispatch;
  private readonly control: ControlCall;
  private readonly table: DriverParts['table'];
  private readonly counters: Float64Array;
  private readonly clock: Clock;
  private readonly sleeper: Sleeper;
  private readonly health: CardHealth;
  private readonly before: TurnBefore;
  private readonly spin: SpinPolicy;
  readonly closing: Closing;
  private readonly retries: Retries;
  private readonly withdrawal: Withdrawal;

  constructor(parts: DriverParts) {
    const { requests, table, transmit, receive, ledger, config } = parts;
    this.outbound = parts.outbound;
    this.doorbell = parts.doorbell;
    this.requests = requests;
    this.batch = parts.batch;
    this.replies = parts.replies;
    this.control = parts.control;
    this.table = table;
    this.withdrawal = new Withdrawal(table, transmit, receive);
    this.counters = ledger.counters;
    this.clock = parts.clock;
    this.sleeper = parts.sleeper;
    this.health = parts.health;
    this.before = parts.before;
    this.config = config;
    this.spin = new SpinPolicy(config.spinNs);
    this.credits = new Credits(requests, table, parts.windows);
    this.buckets = new BucketPosts(receive, requests, config, table, parts.dma);
    this.blocked = new BlockedSenders(table, transmit, config, parts.clock);
    this.accepts = new AcceptPosts(requests, table, config, ledger);
    this.closing = new Closing(requests, table, receive, this.buckets, ledger);
    const { buckets, credits, accepts } = this;
    this.retries = new Retries(parts.clock, requests, table, buckets, credits, accepts, ledger);
    this.replies.failures.resendBy(this.retries);
    this.replies.postBy(accepts);
  }

  /**
   * A way out of the driver for whatever was thrown: a failed assertion leaves the driver dead.
   * @throws `failure`, always. Every call that enters the driver ends here when it throws.
   */
  failed(failure: unknown): never {
    if (failure instanceof AssertionFailure && this.fault === undefined) {
      this.fault = failure.message;
      this.taking = false;
      this.deadErrno = ENETDOWN;
      this.goQuiet();
      this.batch.forget();
      this.requests.retire();
      this.outbound = NO_REPLIES;
      if (this.control.pending) this.control.abandon(ENETDOWN);
      this.withdrawal.runUnasserted(ENETDOWN);
      this.loop.tell();
    }
    throw failure;
  }

  /**
   * Takes what replies there are, after a turn of whoever is to have one, and does what follows from them.
   * @returns how many, or 1 for something put off that was done now. // Hot path: 6 ns when there are none.
   */
  poll(): number {
    try {
      for (let turns = 1; ; turns++) {
        const worked = this.before.poll();
        const taken = this.look();
        if (taken > 0 || worked === 0 || turns === TURNS_PER_LOOK) return taken;
      }
    } catch (failure) {
      return this.failed(failure);
    }
  }

  private look(): number {
    const { outbound, counters } = this;
    if (COSTLY) assert(!this.taking, 'driver: replies are not taken while a reply is being taken');
    this.taking = COSTLY;
    counters[HOST_POLLS] += 1;
    let taken = 0;
    while (taken < REPLIES_PER_POLL) {
      const frame = outbound.receive();
      if (frame === NO_FRAME) break;
      this.replies.dispatch(frame);
      outbound.release();
      taken += 1;
    }
    if (COSTLY) this.taking = false;
    if (taken === 0) {
      counters[HOST_IDLE_POLLS] += 1;
      counters[HOST_RESTS] += this.found;
      this.found = 0;
      const due = this.requests.short || (this.retries.dueNs !== NEVER && this.retries.due());
      // What was put off goes on once there is a frame.
      if (!due || this.deadErrno !== 0 || this.requests.framesFree <= 0) return 0;
      this.chores();
      return 1;
    }
    this.found = 1;
    counters[OUTBOUND_RELEASED] += taken;
    this.doorbell.publishReleases(outbound);
    this.chores();
    return taken;
  }

  /** Asks to be told of a reply, and of a frame if one is wanted. @returns true: a second look found neither. */
  arm(): boolean {
    const idle = this.requests.acquired === NO_FRAME;
    assert(idle || this.deadErrno !== 0, 'driver: while it lives it rests with no frame in its hands');
    this.requests.tellUse();
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
   * @param givesUp whether GAVE_UP may end it early, the world's time being over for now.
   * @returns replies taken, 0 when the time ran out or the card died.
   */
  wait(timeoutNs: number, givesUp = false): number {
    const { clock, config, counters } = this;
    const patient = config.spinNs > 0 && timeoutNs > 0;
    let startNs = -1;
    for (let polls = 1; ; polls++) {
      const taken = this.poll();
      if (taken > 0) this.spin.found();
      if (taken > 0 || timeoutNs === 0) return taken;
      // An answer is a microsecond or two away: most waits end before the clock is looked at at all.
      if (patient && polls % POLLS_PER_CLOCK !== 0) continue;
      clock.update();
      if (startNs < 0) this.spin.rested((startNs = clock.nowNs));
      const waitedNs = clock.nowNs - startNs;
      if (waitedNs >= timeoutNs) return 0;
      if (this.spin.goesOn(clock.nowNs)) continue;
      if (!this.checkHealth()) return 0;
      if (givesUp && this.sleeper.mayNotRest) return GAVE_UP;
      this.sleeper.prepare();
      if (!this.arm()) continue;
      counters[HOST_SLEEPS] += 1;
      this.sleeper.sleep(Math.min(timeoutNs - waitedNs, SLEEP_NS_MAX, this.retries.dueNs - clock.nowNs));
      this.interruptServiced();
      this.spin.rested(this.nowNs());
    }
  }

  /** Waits for the control call's reply. @returns its errno; ENETDOWN when the card does not answer. */
  awaitControl(timeoutNs: number = this.config.controlTimeoutNs): number {
    const { control } = this;
    assert(control.pending, 'driver: whoever waits for a reply has begun a call');
    if (this.waitUntil(() => !control.pending, timeoutNs)) return control.errno;
    control.abandon(ENETDOWN);
    return ENETDOWN;
  }

  /** Waits for something that a reply brings. @returns false when the time ran out, or the card died. */
  waitUntil(done: () => boolean, timeoutNs: number): boolean {
    const deadlineNs = this.nowNs() + timeoutNs;
    assert(timeoutNs > 0, 'driver: who waits for something gives it a time');
    while (!done()) {
      const taken = this.wait(deadlineNs - this.clock.nowNs);
      if (this.nowNs() >= deadlineNs || (taken === 0 && this.deadErrno !== 0)) return done();
    }
    return true;
  }

  /**
   * A frame for a request that must not be put off.
   * @param timeoutNs how long the card may take for one, before it counts as dead.
   * @returns the frame; NO_FRAME once the card is dead.
   */
  awaitFrame(timeoutNs: number = this.config.controlTimeoutNs): number {
    if (this.deadErrno !== 0) return NO_FRAME;
    let frame = this.acquire();
    if (frame !== NO_FRAME) return frame;
    const deadlineNs = this.nowNs() + timeoutNs;
    while (frame === NO_FRAME && this.clock.nowNs < deadlineNs) {
      if (this.requests.armForFrame()) {
        this.sleeper.prepare();
        if (this.arm() && this.requests.framesFree <= 0) this.sleeper.sleep(SLEEP_NS_MAX / 100);
      }
      this.poll();
      if (!this.checkHealth()) return NO_FRAME;
      this.clock.update();
      frame = this.acquire();
    }
    if (frame === NO_FRAME) this.die(ENETDOWN);
    return frame;
  }

  /** When it wants to look again untold, in clock nanoseconds; NEVER: not at all. */
  nextDeadlineNs(): number {
    return this.retries.dueNs;
  }

  /** OutboundInit is complete: the card gets the frames to reply in. */
  supplyOutbound(spacing = 1): void {
    assert(!this.online, 'driver: the card gets its frames before it is online');
    this.outbound.supply(spacing);
    this.doorbell.publishReleases(this.outbound);
  }

  /** A frame for a request that must not overtake the sends that wait. @returns it, or NO_FRAME. */
  private acquire(): number {
    const frame = this.requests.acquire();
    if (frame === NO_FRAME || this.batch.count === 0) return frame;
    this.batch.post(frame);
    return this.requests.acquire();
  }

  /**
   * The card is OPERATIONAL: it gets its first buckets.
   * @param cardVersion version of the class its table names.
   */
  goOnline(cardVersion: number): void {
    assert(!this.online, 'driver: the card goes online once');
    assert(this.deadErrno === 0, 'driver: a card that goes online lives');
    assert(this.requests.deviceTid !== NO_TID, 'driver: a card goes online once its device is known');
    this.table.speak((this.classVersion = Math.min(cardVersion, this.config.classVersion)));
    this.online = true;
    this.credits.widens = this.classVersion >= 2;
    this.retries.open = true;
    this.buckets.open = true;
    this.buckets.postAll();
  }

  /** The session ends: what was gathered is sent, and the driver asks no more of the device by itself. */
  goOffline(): void {
    this.batch.flush();
    this.goQuiet();
  }

  /** Gives a socket up, by an abort with `reset`. The socket id is free once the card has answered. */
  closeSocket(socketId: number, socket: HostSocket, reset: boolean): void {
    this.closing.close(socket.lost === 0 ? this.awaitFrame() : NO_FRAME, socketId, socket, reset);
  }

  /** The card is gone: sockets fail with `errno`, every buffer is the host's again, and nothing waits. */
  die(errno: number): void {
    if (this.deadErrno !== 0) return;
    try {
      assert(errno > 0, 'driver: a dead card has an errno');
      this.deadErrno = errno;
      this.withdraw(errno);
    } catch (failure) {
      this.failed(failure);
    }
  }

  /**
   * The card has been reset, and has forgotten everything: queues, sockets, buffers, registrations. It is to
   * be brought up again.
   * @param errno what every open socket fails with.
   */
  cardReset(errno: number): void {
    assert(this.fault === undefined, 'driver: one that has failed brings no card up again');
    this.deadErrno = 0;
    this.requests.restart();
    this.outbound.restart(false);
    this.withdraw(errno);
    this.control.forgotten();
  }

  private goQuiet(): void {
    this.online = this.buckets.open = false;
    this.retries.clear();
  }

  /** What the card had is the host's again, and what waits for it waits no more. */
  private withdraw(errno: number): void {
    this.goQuiet();
    this.counters[BYTES_UNDELIVERED] += this.batch.clear();
    this.credits.clear();
    if (this.control.pending) this.control.abandon(errno);
    this.withdrawal.run(errno);
    this.loop.tell();
  }

  /** @returns whether the card lives; if not, everything open has failed. */
  checkHealth(): boolean {
    if (this.deadErrno === 0 && !this.health.alive()) this.die(ENETDOWN);
    return this.deadErrno === 0;
  }

  private nowNs(): number {
    this.clock.update();
    return this.clock.nowNs;
  }

  private chores(): void {
    if (COSTLY) assert(this.requests.acquired === NO_FRAME, 'driver: chores are done while no frame is held');
    this.loop.tell();
    const retried = this.retries.dueNs === NEVER || !this.retries.due() || this.retries.run();
    if (!retried || (this.replies.watch.due && !this.replies.watch.look())) {
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
    if (this.replies.sends.roomChanged) this.blocked.takeRoom(this.replies.sends);
    const { replies, table } = this;
    for (let id = replies.nextOrphan(); id >= 0; id = replies.nextOrphan()) {
      this.closeSocket(id, table.sockets[id], true);
    }
  }
}
