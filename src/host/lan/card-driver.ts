/**
 * What the drivers of a card's ports have in common, whatever class these serve: the card is brought up and
 * its ports are claimed, messages are posted, and replies are taken in turns. The message subsystem's parts
 * that know no sockets are the socket driver's own (osm/message).
 */
import { AssertionFailure } from '../../assert/assert.ts';
import type { CardLayout } from '../../dma/card-layout.ts';
import type { Region } from '../../dma/region.ts';
import { Doorbell } from '../../i2o/doorbell.ts';
import { HOST_TID } from '../../i2o/tids.ts';
import { type FrameConsumer, type FrameProducer, NO_FRAME } from '../../i2o/transport.ts';
import { writeUtilEventRegister } from '../../i2o/utility.gen.ts';
import { HOST_IDLE_POLLS, HOST_POLLS, OUTBOUND_RELEASED } from '../../ledger/counters.gen.ts';
import { INBOUND_METER, type Ledger } from '../../ledger/ledger.ts';
import { BringUp, type BringUpCaller } from '../../osm/message/bring-up.ts';
import { CardWatch } from '../../osm/message/card-watch.ts';
import { ControlCall } from '../../osm/message/control-call.ts';
import { HANDLER_EVENT } from '../../osm/message/handlers.ts';
import { InboundFrames } from '../../osm/message/inbound-frames.ts';
import { ENETDOWN, errnoName } from '../../socket/errno.ts';
import { NEVER } from '../../time/agent.ts';
import type { Clock } from '../../time/clock.ts';
import type { Waker } from '../../time/sleeper.ts';
import { ListFrame } from './list-frame.ts';

/** Replies taken in one poll at most, so that the stack gets its turn. */
const REPLIES_PER_POLL = 64;
/** How long the driver rests between two looks while it brings the card up, in nanoseconds. */
const REST_NS = 50_000;

/** A card that is run by whoever polls the host: it has no thread, and no place in an event queue. */
export interface CardTurns {
  poll(): number;
  nextDeadlineNs(): number;
}

/** What the world lends a driver, whatever its card serves. */
export interface CardDriverParts {
  readonly region: Region;
  readonly layout: CardLayout;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** The host's ends of the transport. */
  readonly inbound: FrameProducer;
  readonly outbound: FrameConsumer;
  /** Wakes the card. */
  readonly waker: Waker;
  /** Rests for so long at most, or lets others run meanwhile. */
  readonly rest: (ns: number) => void;
  readonly card?: CardTurns | undefined;
  /** Whether the card runs, where it may end by itself. */
  readonly health?: { alive(): boolean } | undefined;
  /** Told when there were replies, where the host looks for them again and again. */
  readonly found?: (() => void) | undefined;
  readonly timeoutNs: number;
  /** Size of an outbound frame, as the driver asks for it. */
  readonly outboundFrameWords: number;
}

/** Who has replies of a card's ports, and gives them their turn. */
export interface PortDriver {
  /** @returns how much was worked on. */
  poll(): number;
  nextDeadlineNs(): number;
}

/** A port as its driver brings it up. */
export interface DrivenPort {
  /** Once the card is up. */
  tid: number;
  /** The card takes what the port sends. */
  online: boolean;
  /** Packets of this port that the card has. */
  readonly packetsOut: number;
}

export abstract class CardDriver implements BringUpCaller, PortDriver {
  abstract readonly ports: readonly DrivenPort[];
  protected readonly counters: Float64Array;
  protected readonly frames: InboundFrames;
  protected readonly control: ControlCall;
  protected readonly watch: CardWatch;
  /** The message with a list that is under way. */
  protected readonly sends: ListFrame;
  /** The card has failed, or a port of it is gone: nothing is sent any more. */
  protected dead = false;
  private readonly base: CardDriverParts;
  private readonly classId: number;
  private readonly doorbell: Doorbell;
  private readonly steps: BringUp;

  /** @param version of the class that the driver speaks. */
  constructor(parts: CardDriverParts, classId: number, version: number) {
    const { region, layout, ledger, clock } = parts;
    this.base = parts;
    this.classId = classId;
    this.counters = ledger.counters;
    this.doorbell = new Doorbell(ledger, parts.waker);
    this.frames = new InboundFrames(region, parts.inbound, this.doorbell, ledger);
    ledger.meter(INBOUND_METER).start(clock, layout.inboundFrames, 0);
    this.control = new ControlCall(ledger);
    this.watch = new CardWatch(region.words, ledger, this.frames);
    this.sends = new ListFrame(this.frames);
    const { frames, control, watch } = this;
    const base = [region, layout.control, frames, control, this, watch] as const;
    this.steps = new BringUp(...base, version, version, parts.outboundFrameWords);
  }

  /** Takes one reply. */
  protected abstract take(frame: number): void;
  /** A port has been claimed: it is made ready. @throws Error where the card refuses that. */
  protected abstract begin(port: number): void;
  /** What is due beside what was asked for: lends memory, gives some back. @returns what was worked on. */
  protected abstract work(): number;
  /** Some replies have been taken, and for now there are no more. */
  protected taken(): void {}

  /** The card was reset: all that it had is the host's. */
  protected abstract takeBack(): void;

  /**
   * From whatever state the card is in until its ports take packets.
   * @throws Error naming the step that failed.
   */
  bringUp(): void {
    const { clock, timeoutNs } = this.base;
    const { frames, steps, ports } = this;
    clock.update();
    const deadlineNs = clock.nowNs + timeoutNs;
    const pause = (): boolean => {
      if (this.poll() === 0) this.base.rest(REST_NS);
      clock.update();
      return clock.nowNs < deadlineNs;
    };
    steps.run(this.classId, pause);
    const first = frames.deviceTid;
    ports.forEach((port, i) => {
      port.tid = first + i;
      frames.deviceTid = port.tid;
      if (i > 0) steps.claim(port.tid);
      this.begin(i);
    });
    // Only now: a port that takes buckets posts messages of its own between those of the others' bring-up.
    for (const port of ports) port.online = true;
    this.work();
  }

  /** Posts what has been sent, takes what has come, and lends buckets. @returns what was worked on. */
  poll(): number {
    const { counters, base: parts, frames } = this;
    counters[HOST_POLLS] += 1;
    let work = this.dead ? 0 : this.sends.post();
    if (parts.card !== undefined) work += parts.card.poll();
    const { outbound } = parts;
    let taken = 0;
    while (taken < REPLIES_PER_POLL) {
      const frame = outbound.receive();
      if (frame === NO_FRAME) break;
      this.take(frame);
      outbound.release();
      taken += 1;
    }
    if (taken > 0) {
      parts.found?.();
      counters[OUTBOUND_RELEASED] += taken;
      this.doorbell.publishReleases(outbound);
      this.taken();
      if (this.watch.due && !this.watch.look()) this.die();
    } else counters[HOST_IDLE_POLLS] += 1;
    frames.short = false;
    if (!this.dead) work += this.work();
    return work + taken;
  }

  /** Looks whether the card still runs. @returns false when it does not: then nothing is sent any more. */
  checkHealth(): boolean {
    if (!this.dead && this.base.health?.alive() === false) this.die();
    return !this.dead;
  }

  /**
   * Takes back all that the card has, and ends the session: what its ports had not sent is lost.
   * @param timeoutNs how long each answer may take.
   * @returns false where the card has failed, or does not answer.
   */
  quiesce(timeoutNs: number): boolean {
    if (!this.checkHealth()) return false;
    for (const port of this.ports) port.online = false;
    this.sends.post();
    try {
      this.steps.quiesce(timeoutNs);
    } catch (failure) {
      if (failure instanceof AssertionFailure) throw failure;
      return false;
    }
    while (this.poll() > 0) {}
    return true;
  }

  /** Asks to be told of replies, and of a free frame where something waits. @returns false: look again. */
  arm(): boolean {
    if (!this.base.outbound.arm()) return false;
    return !this.frames.short || this.frames.armForFrame();
  }

  nextDeadlineNs(): number {
    return this.base.card?.nextDeadlineNs() ?? NEVER;
  }

  /** Packets of the host's that the card has. */
  get packetsOut(): number {
    return this.ports.reduce((sum, { packetsOut }) => sum + packetsOut, 0);
  }

  awaitFrame(timeoutNs: number = this.base.timeoutNs): number {
    const { clock } = this.base;
    this.sends.post();
    clock.update();
    const deadlineNs = clock.nowNs + timeoutNs;
    let frame = this.frames.acquire();
    while (frame === NO_FRAME && clock.nowNs < deadlineNs) {
      if (this.poll() === 0 && this.frames.armForFrame()) this.base.rest(REST_NS);
      clock.update();
      frame = this.frames.acquire();
    }
    return frame;
  }

  awaitControl(timeoutNs: number = this.base.timeoutNs): number {
    const { clock } = this.base;
    const { control } = this;
    clock.update();
    const deadlineNs = clock.nowNs + timeoutNs;
    while (control.pending && clock.nowNs < deadlineNs) {
      if (this.poll() === 0 && this.arm()) this.base.rest(REST_NS);
      clock.update();
    }
    if (control.pending) control.abandon(ENETDOWN);
    return control.errno;
  }

  supplyOutbound(spacing = 1): void {
    this.base.outbound.supply(spacing);
    this.doorbell.publishReleases(this.base.outbound);
  }

  cardReset(errno: number): void {
    this.frames.restart();
    this.base.outbound.restart(false);
    this.sends.restart();
    this.takeBack();
    if (this.control.pending) this.control.abandon(errno);
    this.watch.forget();
    this.dead = false;
  }

  /** The ports are brought up by `bringUp`, since there may be several. */
  goOnline(): void {}

  /**
   * Makes a request that bring-up waits for. @param what it is called. @param tid whom it goes to.
   * @param write it, with the transaction.
   * @throws Error where it is refused.
   */
  protected ask(
    what: string,
    tid: number,
    write: (words: Int32Array, frame: number, transaction: number) => void,
  ): void {
    const frame = this.awaitFrame();
    if (frame === NO_FRAME) throw new Error('the card takes no frames');
    write(this.frames.words, frame, this.control.begin());
    // A port that is up already may have posted meanwhile.
    this.frames.deviceTid = tid;
    this.frames.post();
    const errno = this.awaitControl();
    if (errno !== 0) throw new Error(`the card refused ${what} (${errnoName(errno)})`);
  }

  /** Asks to be told of a port's events. @param events bits of its class's. */
  protected register(tid: number, events: number): void {
    const frame = this.awaitFrame();
    if (frame === NO_FRAME) throw new Error('the card takes no frames');
    writeUtilEventRegister(this.frames.words, frame, tid, HOST_TID, HANDLER_EVENT, 0, events);
    this.frames.deviceTid = tid;
    this.frames.post();
  }

  /** The card has failed, or its first port is gone. What it had it may still write to: it is not reused. */
  protected die(): void {
    this.dead = true;
    for (const port of this.ports) port.online = false;
  }
}
