/**
 * Drives one card from Node's event loop. A turn is one `setImmediate`: take in the card's replies, serve the
 * sockets they made ready, and, since an answer to what was just sent is a few microseconds away and a sleep
 * costs sixty, look again for a moment before the loop goes on. When nothing has happened for a while, arm
 * the card's interrupt and sleep.
 *
 * Arrives: readiness from the card, `wake` and `enqueue` from channels. Leaves: `Channel.serve`, from which
 * the program's callbacks run. An exception of the program's leaves through here to Node, as it would from a
 * native callback, and the turn is taken up again afterwards.
 */
import { AsyncResource } from 'node:async_hooks';
import { availableParallelism } from 'node:os';
import type { SocketStack } from '../socket/contract.ts';
import { FAILED, HANGUP, READABLE } from '../socket/contract.ts';
import { MachineClock } from '../time/clock.ts';
import { nextTurn } from '../time/timers.ts';
import { type NativeBindings, nativeBindings } from './bindings.ts';
import type { NodeCard } from './card.ts';
import { Slab } from './slab.ts';

export interface PumpOptions {
  /** How long a turn looks for replies while there are none, µs. */
  readonly spinUs: number;
  /** The longest turn before the rest of the loop (timers, other I/O, immediates) has its go, µs. */
  readonly turnUs: number;
  /**
   * The longest the pump goes on after the last event before it arms the interrupt, µs; it learns how long
   * pays.
   */
  readonly lingerUs: number;
}

export const DEFAULT_PUMP: PumpOptions =
  availableParallelism() < 2
    ? { spinUs: 0, turnUs: 100, lingerUs: 0 } // polling would only keep the card from running
    : { spinUs: 20, turnUs: 100, lingerUs: 500 };

/** What the pump knows of a channel: it serves the ones the card has made ready. */
export interface PumpedSocket {
  /** The socket's number on the card; below 0 while it has none. */
  readonly socket: number;
  /** Whether it waits in the pump's queue. The pump alone writes it. */
  queued: boolean;
  /** Does what is due: reads, sends on, accepts or finishes a connect. Program callbacks run from here. */
  serve(): void;
}

/** A listening channel, as a connect to its port looks at it. */
export interface Listener extends PumpedSocket {
  readonly ipv6: boolean;
  /** Whether it hears IPv6 peers only (`UV_TCP_IPV6ONLY`). */
  readonly ipv6Only: boolean;
  readonly boundAddress: number;
  readonly boundPort: number;
}

const POLLS_PER_CLOCK = 16; // a clock reading costs 35 ns and garbage; an idle poll a few ns

export class Pump {
  readonly card: NodeCard;
  readonly stack: SocketStack;
  readonly native: NativeBindings;
  readonly slab = new Slab();
  /** Errno every socket fails with once the card died; 0 while it works. */
  deadErrno = 0;
  /** Channels that keep the loop alive. */
  active = 0;
  /** Channels of any state but closed. */
  live = 0;
  /** Called when the last channel is gone. */
  onEmpty: (() => void) | undefined = undefined;

  /** Channels that listen; few, and asked at each connect. */
  readonly listeners: Listener[] = [];

  private readonly options: PumpOptions;
  private readonly clock = new MachineClock();
  private readonly channels: (PumpedSocket | undefined)[] = [];
  private readonly tick = () => this.run();
  /** The program's store must not ride along with the pump: its immediates are made in this context. */
  private readonly root = new AsyncResource('INICPUMP', { requireManualDestroy: true });
  private queue: PumpedSocket[] = [];
  private queueHead = 0;
  private deferred: (() => void)[] = [];
  private scheduled = false;
  private running = false;
  private keptAlive = false;
  private woken = false;
  private lastEventUs = 0;
  private interrupted = false;
  /**
   * Whether the last look found nothing: only then may the loop sleep, for `arm` knows of replies, not of
   * readiness.
   */
  private idle = false;
  /**
   * How long lingering is worth while, µs: halved when nothing came of it, doubled when an interrupt came so
   * soon that it would have. Where the card's thread must share this thread's core, polling only keeps the
   * answer from coming.
   */
  private lingerUs: number;

  constructor(card: NodeCard, options: PumpOptions) {
    this.card = card;
    this.stack = card.stack;
    this.native = nativeBindings();
    this.options = options;
    this.lingerUs = options.lingerUs;
    card.onInterrupt(() => {
      this.interrupted = true;
      this.wake();
    });
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

  countActive(change: number): void {
    this.active += change;
    // Between two turns the loop may be about to sleep, or to exit: let a turn settle it.
    if (this.active > 0 !== this.keptAlive) this.wake();
  }

  /** Makes sure a turn comes: something was sent, or the card has interrupted. Hot path. */
  wake(): void {
    this.woken = true;
    if (this.running || this.scheduled) return;
    this.scheduled = true;
    this.root.runInAsyncScope(nextTurn, undefined, this.tick);
  }

  /** Has a channel served in the next round, whatever the card says. Hot path. */
  enqueue(channel: PumpedSocket): void {
    if (channel.queued) return;
    channel.queued = true;
    this.queue.push(channel);
    this.wake();
  }

  /** Runs an action in the next round: what libuv would do in a later phase of the loop. */
  later(action: () => void): void {
    this.deferred.push(action);
    this.wake();
  }

  /** Whether a read may bring something now, without asking the card. */
  mayBeReadable(socket: number): boolean {
    return this.deadErrno !== 0 || (this.stack.readiness(socket) & (READABLE | HANGUP | FAILED)) !== 0;
  }

  private run(): void {
    this.scheduled = false;
    this.running = true;
    const clock = this.clock;
    clock.update();
    const startUs = clock.nowUs;
    this.idle = false;
    if (this.interrupted) this.learnFromInterrupt(startUs);
    if (this.woken) this.lastEventUs = startUs;
    this.woken = false;
    try {
      this.spin(startUs);
      clock.update();
    } finally {
      this.running = false;
      this.settle();
    }
  }

  /** Hot path: rounds until the turn is used up, or nothing has come for `spinUs`. */
  private spin(startUs: number): void {
    const clock = this.clock;
    const turnUs = this.options.turnUs;
    const spinUs = this.active > 0 ? this.options.spinUs : 0;
    let quietFromUs = startUs;
    let polls = 0;
    for (;;) {
      this.idle = !this.round();
      if (!this.idle) {
        clock.update();
        quietFromUs = this.lastEventUs = clock.nowUs;
        polls = 0;
      } else if (++polls >= POLLS_PER_CLOCK) {
        clock.update();
        polls = 0;
        if (((clock.nowUs - quietFromUs) | 0) >= spinUs) return;
      }
      if (((clock.nowUs - startUs) | 0) >= turnUs || this.active === 0) return;
    }
  }

  /** Hot path: one look at the card, and all it made ready. @returns whether there was anything. */
  private round(): boolean {
    this.stack.poll();
    if (this.deadErrno === 0 && this.card.failed() !== 0) this.die();
    for (let socket = this.card.nextReady(); socket >= 0; socket = this.card.nextReady()) {
      const channel = this.channels[socket];
      if (channel !== undefined && !channel.queued) {
        channel.queued = true;
        this.queue.push(channel);
      }
    }
    if (this.deferred.length > 0) this.runDeferred();
    const end = this.queue.length;
    if (this.queueHead === end) return false;
    this.serveTo(end);
    return true;
  }

  /** Hot path: serves the queue up to `end`; what is queued meanwhile waits for the next round. */
  private serveTo(end: number): void {
    while (this.queueHead < end) {
      const channel = this.queue[this.queueHead++];
      channel.queued = false;
      let done = false;
      try {
        channel.serve();
        done = true;
      } finally {
        // The program threw: what else this channel had must not be lost.
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

  private die(): void {
    this.deadErrno = this.card.failed();
    for (const channel of this.channels) if (channel !== undefined) this.enqueue(channel);
  }

  private learnFromInterrupt(nowUs: number): void {
    this.interrupted = false;
    if (((nowUs - this.lastEventUs) | 0) > this.options.lingerUs) return;
    this.lingerUs = Math.min(this.lingerUs * 2 + 1, this.options.lingerUs);
  }

  /** After a turn: another one, or the interrupt. */
  private settle(): void {
    const holds = this.active > 0;
    if (holds !== this.keptAlive) {
      this.keptAlive = holds;
      this.card.keepAlive(holds);
    }
    if (this.scheduled) return;
    const busy = !this.idle || this.queueHead < this.queue.length || this.deferred.length > 0;
    const quietUs = (this.clock.nowUs - this.lastEventUs) | 0;
    if (!busy && (!holds || quietUs >= this.lingerUs)) {
      if (holds)
        this.lingerUs = Math.max(this.lingerUs >> 1, Math.min(this.options.spinUs, this.options.lingerUs));
      if (this.deadErrno !== 0 || this.card.arm()) return;
    }
    this.scheduled = true;
    this.root.runInAsyncScope(nextTurn, undefined, this.tick);
  }
}
