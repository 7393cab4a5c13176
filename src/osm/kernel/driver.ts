/**
 * The kernel subsystem: looks at the outbound queue, serves interrupts, does the chores that follow (posts buckets, credits
 * windows, wakes blocked senders), and waits. A waiting driver polls for a while, then arms the interrupt, looks once more,
 * and rests. It calls none of the program's code.
 */
import type { Doorbell } from '../../i2o/doorbell.ts';
import { SOCKET_RECEIVE_CREDIT_LIST_WORD } from '../../i2o/socket.gen.ts';
import { type FrameConsumer, NO_FRAME } from '../../i2o/transport.ts';
import {
  BYTES_DROPPED,
  HOST_IDLE_POLLS,
  HOST_INTERRUPTS_SERVICED,
  HOST_POLLS,
  HOST_SLEEPS,
  OUTBOUND_RELEASED,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { ENETDOWN } from '../../socket/errno.ts';
import type { Clock } from '../../time/clock.ts';
import type { Sleeper } from '../../time/sleeper.ts';
import { SpinPolicy } from '../../time/spin-policy.ts';
import type { DriverConfig } from '../config.ts';
import type { ReceivePool } from '../memory/receive-pool.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';
import type { ControlCall } from '../message/control-call.ts';
import type { Replies } from '../message/replies.ts';
import { CREDITS_PER_FRAME, type Requests } from '../message/requests.ts';
import {
  type HostSocket,
  hasRoom,
  STATE_CLOSING,
  STATE_CONNECTED,
  STATE_FAILED,
  STATE_FREE,
  STATE_POSTED,
  socketTag,
} from '../user/host-socket.ts';
import type { SocketTable } from '../user/socket-table.ts';
import { AcceptPosts } from './accept-posts.ts';

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

export class Driver {
  /** errno every socket fails with once the card is gone; 0 while it lives. */
  deadErrno = 0;
  /** Set when the card is OPERATIONAL: device messages before that would be refused. */
  private online = false;
  private readonly outbound: FrameConsumer;
  private readonly doorbell: Doorbell;
  private readonly requests: Requests;
  private readonly replies: Replies;
  private readonly control: ControlCall;
  private readonly table: SocketTable;
  private readonly transmit: TransmitPool;
  private readonly receive: ReceivePool;
  private readonly counters: Float64Array;
  private readonly clock: Clock;
  private readonly sleeper: Sleeper;
  private readonly health: CardHealth;
  private readonly config: DriverConfig;
  private readonly spin: SpinPolicy;
  /** Free transmit buffers from which on blocked senders are told: a small pool never has the configured number. */
  private readonly enough: number;
  /** Sockets with bytes to credit; a list with room for every socket. */
  private readonly credits: Int32Array;
  private creditCount = 0;
  /** Sockets refused for want of room; a list with room for every socket. */
  private readonly blocked: Int32Array;
  private blockedCount = 0;
  private readonly accepts: AcceptPosts;

  constructor(
    outbound: FrameConsumer,
    doorbell: Doorbell,
    requests: Requests,
    replies: Replies,
    control: ControlCall,
    table: SocketTable,
    transmit: TransmitPool,
    receive: ReceivePool,
    ledger: Ledger,
    clock: Clock,
    sleeper: Sleeper,
    health: CardHealth,
    config: DriverConfig,
  ) {
    this.outbound = outbound;
    this.doorbell = doorbell;
    this.requests = requests;
    this.replies = replies;
    this.control = control;
    this.table = table;
    this.transmit = transmit;
    this.receive = receive;
    this.counters = ledger.counters;
    this.clock = clock;
    this.sleeper = sleeper;
    this.health = health;
    this.config = config;
    this.spin = new SpinPolicy(config.spinNs);
    this.credits = new Int32Array(config.socketsMax);
    this.blocked = new Int32Array(config.socketsMax);
    this.accepts = new AcceptPosts(requests, table, config);
    this.enough = Math.max(1, Math.min(config.transmitLowWatermark, transmit.buffers >> 1));
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
      return this.requests.short ? this.resume() : 0;
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
      this.sleeper.sleep(Math.min(timeoutNs - waitedNs, SLEEP_NS_MAX));
      this.interruptServiced();
      this.spin.begin();
    }
  }

  /** Waits for the control call's reply. @returns its errno; ENETDOWN when the card does not answer. */
  awaitControl(): number {
    const { clock, control } = this;
    clock.update();
    const deadlineNs = clock.nowNs + this.config.controlTimeoutNs;
    while (control.pending) {
      if (this.wait(deadlineNs - clock.nowNs) === 0 && (this.deadErrno !== 0 || clock.nowNs >= deadlineNs)) {
        control.abandon(ENETDOWN);
        return ENETDOWN;
      }
    }
    return control.errno;
  }

  /** A frame for a request that must not be put off. @returns the frame, or NO_FRAME once the card is dead. */
  awaitFrame(): number {
    if (this.deadErrno !== 0) return NO_FRAME;
    let frame = this.requests.acquire();
    const { clock } = this;
    if (frame !== NO_FRAME) return frame;
    clock.update();
    const deadlineNs = clock.nowNs + this.config.controlTimeoutNs;
    while (frame === NO_FRAME && this.deadErrno === 0 && clock.nowNs < deadlineNs) {
      if (this.requests.armForFrame()) {
        this.sleeper.prepare();
        if (this.arm() && this.requests.framesFree <= 0) this.sleeper.sleep(SLEEP_NS_MAX / 100);
      }
      this.poll();
      this.checkHealth();
      clock.update();
      frame = this.requests.acquire();
    }
    if (frame === NO_FRAME) this.die(ENETDOWN);
    return this.deadErrno === 0 ? frame : NO_FRAME;
  }

  /** Remembers that bytes of a socket were read, and tells the card once it is worth a message. // Hot path. */
  credit(number: number, socket: HostSocket, bytes: number): void {
    socket.creditBytes += bytes;
    if (socket.creditQueued === 0 && socket.creditBytes >= socket.receiveBufferBytes >> 3) {
      socket.creditQueued = 1;
      this.credits[this.creditCount++] = number;
      this.sendCredits();
    }
  }

  /** A bucket has been emptied. // Hot path. */
  bucketRead(bucket: number): void {
    this.receive.give(bucket);
    this.postDueBuckets();
  }

  /** The card is OPERATIONAL: it gets its first buckets. */
  goOnline(): void {
    this.online = true;
    this.postBuckets();
  }

  /** Posts waiting buckets, as many as frames allow. */
  postBuckets(): void {
    const { receive, requests } = this;
    while (receive.waiting > 0 && requests.receivePost(receive) > 0) {}
  }

  /** A send was refused for want of room: the socket is told when there is some. */
  block(number: number, socket: HostSocket): void {
    if (socket.wantsRoom !== 0) return;
    socket.wantsRoom = 1;
    this.blocked[this.blockedCount++] = number;
  }

  /** Posts numbers for accepts at a listener until enough are. */
  postAccepts(listenerNumber: number, listener: HostSocket): void {
    this.accepts.post(listenerNumber, listener);
  }

  /**
   * Gives a socket up: unread data is dropped, which makes it an abort (RFC 2525 section 2.17), and the card is told. The
   * number is free when the card has answered. @param reset abort it in any case.
   */
  closeSocket(number: number, socket: HostSocket, reset: boolean): void {
    // The wait for a frame comes first, since it may bring more data.
    const frame = this.awaitFrame();
    const unread = this.dropUnread(socket);
    const abort = reset || (unread > 0 && socket.state !== STATE_FAILED);
    socket.state = STATE_CLOSING;
    if (frame === NO_FRAME) {
      socket.state = STATE_FREE;
      this.table.give(number);
      return;
    }
    this.requests.close(frame, socketTag(number, socket.generation), number, abort);
    this.postDueBuckets();
  }

  /** Drops what a socket has not read. @returns bytes. */
  private dropUnread(socket: HostSocket): number {
    let dropped = 0;
    for (let bucket = socket.receiveHead; bucket >= 0; bucket = this.receive.next[bucket]!) {
      dropped += this.receive.length[bucket]!;
      this.receive.give(bucket);
    }
    socket.receiveHead = -1;
    socket.receiveTail = -1;
    this.counters[BYTES_DROPPED] += dropped;
    return dropped;
  }

  /** The card is gone: every socket fails with `errno`, every buffer is the host's again, and nothing waits any more. */
  die(errno: number): void {
    if (this.deadErrno !== 0) return;
    this.deadErrno = errno;
    this.control.abandon(errno);
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
    if (this.requests.short && this.requests.framesFree > 0) {
      this.requests.short = false;
      this.replies.roomChanged = true;
    }
    if (!this.online) return;
    this.postDueBuckets();
    if (this.creditCount > 0) this.sendCredits();
    this.accepts.postOwed();
    if (this.blockedCount > 0 && this.replies.roomChanged) this.unblock();
    this.replies.roomChanged = false;
    while (this.replies.orphanCount > 0) {
      const number = this.replies.orphans[--this.replies.orphanCount]!;
      this.closeSocket(number, this.table.sockets[number]!, true);
    }
  }

  /**
   * Posts the empty buckets once they are worth a message, or as many as the card has left: it lets no socket hold more
   * buckets than it has free, so a socket whose own lie here empty might else wait for ever. // Hot path.
   */
  private postDueBuckets(): void {
    const { waiting } = this.receive;
    if (waiting < this.config.bucketsPerPost && waiting < this.receive.withCard) return;
    if (waiting > 0 && this.deadErrno === 0) this.postBuckets();
  }

  /** Credits what has been read, socket by socket. What finds no frame waits for the next reply. */
  private sendCredits(): void {
    const { requests, table } = this;
    while (this.creditCount > 0) {
      const frame = requests.acquire();
      if (frame === NO_FRAME) return;
      const count = Math.min(this.creditCount, CREDITS_PER_FRAME);
      for (let i = 0; i < count; i++) {
        const number = this.credits[--this.creditCount]!;
        const socket = table.sockets[number]!;
        const at = frame + SOCKET_RECEIVE_CREDIT_LIST_WORD + i * 2;
        requests.words[at] = number;
        // A socket closed meanwhile has nothing to credit; one byte keeps the pair well formed and the card ignores it.
        requests.words[at + 1] = socket.creditBytes > 0 ? socket.creditBytes : 1;
        socket.creditBytes = 0;
        socket.creditQueued = 0;
      }
      requests.receiveCredit(frame, count);
    }
  }

  /** Tells the senders that were refused that there is room again. */
  private unblock(): void {
    const { table, transmit } = this;
    const enough = transmit.available >= this.enough;
    let kept = 0;
    for (let i = 0; i < this.blockedCount; i++) {
      const number = this.blocked[i]!;
      const socket = table.sockets[number]!;
      const room =
        hasRoom(socket) && socket.sendingBytes <= socket.sendBufferBytes - (socket.sendBufferBytes >> 2);
      if (socket.state !== STATE_CONNECTED || (enough && room)) {
        socket.wantsRoom = 0;
        table.changed(number);
      } else {
        this.blocked[kept++] = number;
      }
    }
    this.blockedCount = kept;
  }
}
