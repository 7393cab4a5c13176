/**
 * Drives one card from Node's event loop. A turn is one `setImmediate`: the pump takes in the card's replies,
 * serves the sockets that they made ready, and then looks again for a moment before the loop goes on, because
 * the answer to what was just sent is a few microseconds away and a sleep costs sixty. When nothing has
 * happened for a while, it arms the card's interrupt and lets the loop sleep.
 *
 * The card tells it of readiness, and channels call `wake` and `enqueue`. It calls `serve` of the channels,
 * from which the program's callbacks run. An exception of the program passes through the pump to Node, as it
 * would from a native callback, and another turn does what this one has left undone.
 */
import { AsyncResource } from 'node:async_hooks';
import type { SocketStack } from '../socket/contract.ts';
import { FAILED, HANGUP, READABLE } from '../socket/contract.ts';
import { type Clock, MachineClock } from '../time/clock.ts';
import { SpinPolicy } from '../time/spin-policy.ts';
import { nextTurn } from '../time/timers.ts';
import { type NativeBindings, nativeBindings, type StreamRequest } from './bindings.ts';
import { ClosedEnds, isBeforePoll, type ListenerCounts } from './both-ends.ts';
import type { NodeCard } from './card.ts';
import type { PumpOptions } from './pump-options.ts';
import type { Routes } from './routes.ts';
import { Slab } from './slab.ts';

/** What the pump knows of a channel: it serves the ones the card has made ready. */
export interface PumpedSocket {
  /** The socket's number on the card; below 0 while it has none. */
  readonly socket: number;
  /** Whether the card chose the local port, which nobody else may bind while the connection lasts. */
  readonly ownsPort: boolean;
  /** Whether it waits in the pump's queue. The pump alone writes it. */
  queued: boolean;
  /** Of a listener its port; else 0. */
  readonly boundPort: number;
  /** Does what is due: reads, sends on, accepts or finishes a connect. Program callbacks run from here. */
  serve(): void;
}

/** A listening channel, as a connect to its port looks at it. */
export interface Listener extends PumpedSocket, ListenerCounts {
  readonly hearsIPv4: boolean;
  readonly hearsIPv6: boolean;
  readonly boundAddress: number;
}

/**
 * The immediates of every pump are made in this context, so that they carry no async store of the program. It
 * is that of the module's first load: the pump itself may be made within any call of the program's.
 */
const ROOT = new AsyncResource('INICPUMP', { requireManualDestroy: true });

/** Idle polls for each reading of the clock: a reading costs 35 ns and a heap number, a poll a few ns. */
const POLLS_PER_CLOCK = 16;

/**
 * Channels served for each reading of the clock. A round of more than these ends when the turn is used up,
 * and the others are served in the next: however many are ready, timers and other I/O wait for these alone.
 */
const SERVED_PER_CLOCK = 32;

/** How often deferred actions that beget others are run at the end of a turn; libuv's own number. */
const DEFERRED_MAX = 8;

export class Pump {
  readonly card: NodeCard;
  readonly stack: SocketStack;
  readonly native: NativeBindings;
  readonly slab = new Slab();
  readonly closed = new ClosedEnds();
  /** The positive errno with which every socket fails after the card has died; 0 while it works. */
  deadErrno = 0;
  /** Number of channels that keep the event loop alive. */
  active = 0;
  /** The number of the turn under way, or of the last one. */
  turn = 0;
  /** Number of channels that are not closed. */
  live = 0;
  /** Called when the last channel is gone. */
  onEmpty: (() => void) | undefined = undefined;

  /** The channels that listen. They are few, and each connect looks through them. */
  readonly listeners: Listener[] = [];
  /** Which way connections went. */
  readonly routes: Routes;
  /**
   * Has the kernel take over a connection that the card had no room for.
   * @returns whether it does; else the program is to be told of the failure, which is a negative errno.
   */
  connectInKernel: ((channel: PumpedSocket, request: StreamRequest, status: number) => boolean) | undefined =
    undefined;

  private readonly options: PumpOptions;
  private readonly clock: Clock;
  private readonly channels: (PumpedSocket | undefined)[] = [];
  private readonly tick = () => this.run();
  private queue: PumpedSocket[] = [];
  private queueHead = 0;
  private deferred: (() => void)[] = [];
  private closes: (() => void)[] = [];
  private closesAfterTurn: (() => void)[] = [];
  private nextTurnQueue: PumpedSocket[] = [];
  private startUs = 0;
  private scheduled = false;
  private running = false;
  private keptAlive = false;
  private woken = false;
  /**
   * Whether the last round found nothing. Only then may the loop sleep: `arm` knows of replies that wait, but
   * not of sockets that are ready.
   */
  private idle = false;
  /** How long it pays to look on: where the card has to share this thread's core, not at all. */
  private readonly policy: SpinPolicy;

  /** @param clock by which turns are cut; the machine's where absent. */
  constructor(card: NodeCard, options: PumpOptions, routes: Routes, clock: Clock = new MachineClock()) {
    this.card = card;
    this.clock = clock;
    this.routes = routes;
    this.stack = card.stack;
    this.native = nativeBindings();
    this.options = options;
    this.policy = new SpinPolicy(options.lingerUs * 1000);
    card.onInterrupt(() => this.wake());
  }

  add(channel: PumpedSocket): void {
    this.live++;
    if (channel.socket >= 0) this.channels[channel.socket] = channel;
  }

  remove(channel: PumpedSocket): void {
    this.live--;
    const listener = this.listeners.indexOf(channel as Listener);
    if (listener >= 0) this.listeners.splice(listener, 1);
    if (this.channels[channel.socket] === channel) this.channels[channel.socket] = undefined;
    if (this.live === 0) this.onEmpty?.();
  }

  /** A channel has another socket of the card in place of `before`. */
  replaced(channel: PumpedSocket, before: number): void {
    if (this.channels[before] === channel) this.channels[before] = undefined;
    if (channel.socket >= 0) this.channels[channel.socket] = channel;
  }

  /** Whether an immediate of the pump's waits for its turn of the loop. */
  get waits(): boolean {
    return this.scheduled;
  }

  /** Whether a timer of a polled card keeps the event loop alive, where another has its thread's handle. */
  get holds(): boolean {
    return this.keptAlive && this.card.polled === true;
  }

  countActive(change: number): void {
    this.active += change;
    // Between two turns the loop may be about to sleep or to exit; the end of a turn tells the card.
    if (this.active > 0 !== this.keptAlive) this.wake();
  }

  /** Hot path: makes sure that a turn comes, because something was sent or the card has interrupted. */
  wake(): void {
    this.woken = true;
    if (this.running || this.scheduled) return;
    this.scheduled = true;
    ROOT.runInAsyncScope(nextTurn, undefined, this.tick);
  }

  /** Hot path: has a channel served in the next round, whether or not the card says that it is ready. */
  enqueue(channel: PumpedSocket): void {
    if (channel.queued) return;
    channel.queued = true;
    this.queue.push(channel);
    this.wake();
  }

  /** Has a channel served in the next turn, which comes as soon as there is nothing to do in this one. */
  enqueueNextTurn(channel: PumpedSocket): void {
    this.nextTurnQueue.push(channel);
  }

  /**
   * Runs an action in the next round, and in the same turn if this is called in one: for what libuv would do
   * after the present callbacks, before the immediates that they make.
   */
  later(action: () => void): void {
    this.deferred.push(action);
    this.wake();
  }

  /** Whether the loop's next poll phase comes before its closing phase: by what runs, where no turn does. */
  isBeforePoll(): boolean {
    return !this.running && isBeforePoll();
  }

  /**
   * The first turn in which a connection that is begun now may be told of. Natively the poll phase after this one
   * tells of it, and the immediates that there are by then come before.
   */
  connectTurn(): number {
    const comesFirst = this.scheduled && !this.isBeforePoll();
    return (this.turn + (comesFirst ? 2 : 1)) | 0;
  }

  /** Whether an end is to hear in a later turn what has come, because the other was closed by the program. */
  holdsBack(channel: PumpedSocket, end: number): boolean {
    const holds = this.closed.holds(end);
    if (holds) this.enqueueNextTurn(channel);
    return holds;
  }

  /** An end of a connection is about to be closed: in a callback of the loop's, the other is to hear of it later. */
  noteClosed(end: number): void {
    if (!this.isBeforePoll()) this.closed.note(end);
  }

  /**
   * Has a native handle closed: by the next turn if this is called within one. Turns run in the loop's check
   * phase, and libuv's closing phase comes right after it, before the immediates that the program has made in
   * its callbacks; natively those come first. Of two ends natively the one that was closed last is told of
   * first: so one that is closed before the turn, in a timer, is closed after it, before the other.
   * @param end whose other end may be served in a turn of this round of the loop; else 0.
   */
  closeNative(end: number, action: () => void): void {
    if (this.running) this.closes.push(action);
    else if (end === 0 || !isBeforePoll()) action();
    else this.closesAfterTurn.push(action);
  }

  /** Whether a connection has a port of the card's choice that this address and port would share. */
  isPortHeld(address: number, port: number): boolean {
    for (const channel of this.channels) {
      // One that is still connecting is not asked for: that would take a message to the card.
      if (!channel?.ownsPort || this.stack.remoteEndpoint(channel.socket) === undefined) continue;
      const own = this.stack.localEndpoint(channel.socket);
      if (own?.port === port && (address === 0 || own.address === address)) return true;
    }
    return false;
  }

  /** Whether a read might return something now; by what the driver knows, without a message to the card. */
  mayBeReadable(socket: number): boolean {
    return this.deadErrno !== 0 || (this.stack.readiness(socket) & (READABLE | HANGUP | FAILED)) !== 0;
  }

  private run(): void {
    this.scheduled = false;
    this.running = true;
    this.turn = (this.turn + 1) | 0;
    this.closed.nextTurn();
    const clock = this.clock;
    clock.update();
    this.startUs = clock.nowUs;
    this.idle = false;
    if (this.woken) this.policy.rested(clock.nowNs);
    else this.policy.elsewhere(clock.nowNs);
    this.woken = false;
    if (this.closes.length + this.closesAfterTurn.length > 0) this.runCloses();
    if (this.nextTurnQueue.length > 0) this.queueNextTurn();
    try {
      this.spin();
      for (let i = 0; i < DEFERRED_MAX && this.deferred.length > 0; i++) this.runDeferred();
      clock.update();
    } finally {
      this.running = false;
      this.settle();
    }
  }

  /** Hot path: makes rounds until the turn is used up, or nothing has come for `spinUs`. */
  private spin(): void {
    const { clock, startUs } = this;
    const spinUs = this.active > 0 ? this.options.spinUs : 0;
    let quietFromUs = startUs;
    let polls = 0;
    for (;;) {
      this.idle = !this.round();
      if (!this.idle) {
        clock.update();
        quietFromUs = clock.nowUs;
        polls = 0;
        this.policy.found();
      } else if (spinUs === 0 || this.nextTurnQueue.length > 0) return;
      else if (++polls >= POLLS_PER_CLOCK) {
        clock.update();
        polls = 0;
        if (!this.policy.goesOn(clock.nowNs) || ((clock.nowUs - quietFromUs) | 0) >= spinUs) return;
      }
      if (this.isUsedUp || this.active === 0) return;
    }
  }

  /** Reads the clock: whether what is left is to be done in the next turn. */
  hasHadItsTurn(): boolean {
    this.clock.update();
    return this.isUsedUp;
  }

  /** Whether the turn has lasted as long as it may, by the last reading of the clock. */
  private get isUsedUp(): boolean {
    return ((this.clock.nowUs - this.startUs) | 0) >= this.options.turnUs;
  }

  /** Hot path: polls the card and serves every channel that is ready. @returns whether there was any. */
  private round(): boolean {
    this.stack.poll();
    if (this.deadErrno === 0 && this.card.failed() !== 0) this.die();
    for (let socket = this.card.nextReady(); socket >= 0; socket = this.card.nextReady()) {
      const channel = this.channels[socket];
      if (channel !== undefined && !channel.queued) {
        channel.queued = true;
        // A listener first: connections of this process's own wait until theirs has heard of them.
        if (channel.boundPort === 0) this.queue.push(channel);
        else this.queue.splice(this.queueHead, 0, channel);
      }
    }
    if (this.deferred.length > 0) this.runDeferred();
    const end = this.queue.length;
    if (this.queueHead === end) return false;
    this.serveTo(end);
    return true;
  }

  /**
   * Hot path: serves the queue up to `end`, or until the turn is used up; what is queued in the meantime
   * waits for the next round.
   */
  private serveTo(end: number): void {
    for (let served = 0; this.queueHead < end; served++) {
      if (served === SERVED_PER_CLOCK) {
        if (this.hasHadItsTurn()) {
          this.queue.splice(0, this.queueHead);
          this.queueHead = 0;
          return;
        }
        served = 0;
      }
      const channel = this.queue[this.queueHead++];
      channel.queued = false;
      let done = false;
      try {
        channel.serve();
        done = true;
      } finally {
        // A callback of the program threw: serve the channel again, or the rest of its data would be lost.
        if (!done) this.enqueue(channel);
      }
    }
    if (this.queueHead === this.queue.length) {
      this.queue.length = 0;
      this.queueHead = 0;
    }
  }

  private runDeferred(): void {
    const actions = this.deferred;
    this.deferred = [];
    let next = 0;
    try {
      while (next < actions.length) actions[next++]();
    } finally {
      if (next < actions.length) this.deferred = [...actions.slice(next), ...this.deferred];
    }
  }

  /** These call nothing of the program's: libuv does that later. */
  private runCloses(): void {
    for (const close of this.closes) close();
    this.closes = this.closesAfterTurn;
    this.closesAfterTurn = [];
  }

  private queueNextTurn(): void {
    for (const channel of this.nextTurnQueue) this.enqueue(channel);
    this.nextTurnQueue.length = 0;
  }

  private die(): void {
    this.deadErrno = this.card.failed();
    for (const channel of this.channels) if (channel !== undefined) this.enqueue(channel);
  }

  /** At the end of a turn: asks for another one, or for the interrupt. */
  private settle(): void {
    const holds = this.active > 0;
    if (holds !== this.keptAlive) {
      this.keptAlive = holds;
      this.card.keepAlive(holds);
    }
    if (this.scheduled) return;
    const later = this.deferred.length + this.closes.length + this.nextTurnQueue.length > 0;
    const busy = !this.idle || this.queueHead < this.queue.length || later;
    if (!busy && !(holds && this.policy.goesOn(this.clock.nowNs))) {
      if (this.deadErrno !== 0 || this.card.arm()) return;
    }
    this.scheduled = true;
    ROOT.runInAsyncScope(nextTurn, undefined, this.tick);
  }
}
