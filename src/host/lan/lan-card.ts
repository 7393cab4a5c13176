/**
 * The host's driver of a card of network ports: brings the card up, claims its ports, posts what they send,
 * and takes the replies. The message subsystem's parts that know no sockets are the socket driver's own
 * (osm/message). Nothing the card wrote is trusted: a reply that names what it does not have is refused and
 * counted.
 */
import { AssertionFailure } from '../../assert/assert.ts';
import type { CardLayout } from '../../dma/card-layout.ts';
import type { DmaEngine } from '../../dma/engine.ts';
import type { PacketPool } from '../../dma/packets.ts';
import type { PoolArea } from '../../dma/pool-area.ts';
import type { Region } from '../../dma/region.ts';
import { Doorbell } from '../../i2o/doorbell.ts';
import {
  LAN_CLASS_ID,
  LAN_CLASS_VERSION,
  LAN_EVENT_LINK_DOWN,
  LAN_EVENT_LINK_UP,
  LAN_RESOURCE_BUCKETS,
  LAN_RESOURCE_TRANSMITS,
  writeLanReset,
} from '../../i2o/lan.gen.ts';
import { HOST_TID } from '../../i2o/tids.ts';
import { type FrameConsumer, type FrameProducer, NO_FRAME } from '../../i2o/transport.ts';
import { writeUtilEventRegister } from '../../i2o/utility.gen.ts';
import { HOST_IDLE_POLLS, HOST_POLLS, OUTBOUND_RELEASED } from '../../ledger/counters.gen.ts';
import { INBOUND_METER, type Ledger } from '../../ledger/ledger.ts';
import { BringUp, type BringUpCaller } from '../../osm/message/bring-up.ts';
import { CardWatch } from '../../osm/message/card-watch.ts';
import { ControlCall } from '../../osm/message/control-call.ts';
import { HANDLER_CONTROL, HANDLER_EVENT } from '../../osm/message/handlers.ts';
import { InboundFrames } from '../../osm/message/inbound-frames.ts';
import { ENETDOWN, errnoName } from '../../socket/errno.ts';
import { NEVER } from '../../time/agent.ts';
import type { Clock } from '../../time/clock.ts';
import type { Waker } from '../../time/sleeper.ts';
import type { SendMemory } from '../send-memory.ts';
import { LanPort, type PortDriver, type PortFacts } from './lan-port.ts';
import { LanReplies } from './lan-replies.ts';
import { PacketBuffers } from './packet-buffers.ts';
import { SendFrame } from './send-frame.ts';

/** Replies taken in one poll at most, so that the stack gets its turn. */
const REPLIES_PER_POLL = 64;
/** How long the driver rests between two looks while it brings the card up, in nanoseconds. */
const REST_NS = 50_000;

/** A card that is run by whoever polls the host: it has no thread, and no place in an event queue. */
export interface CardTurns {
  poll(): number;
  nextDeadlineNs(): number;
}

/** What the world lends the driver. */
export interface LanCardParts {
  readonly region: Region;
  readonly layout: CardLayout;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly dma: DmaEngine;
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
  /** Memory of packets to be sent, and of buckets. */
  readonly transmit: PoolArea;
  readonly packets: PacketPool;
  readonly memory: SendMemory;
  readonly ports: readonly PortFacts[];
  /** Packets of one port that the card holds at most, and buckets that each is to have. */
  readonly packetsMax: number;
  readonly bucketsWanted: number;
  readonly timeoutNs: number;
}

export class LanCard implements BringUpCaller, PortDriver {
  readonly ports: readonly LanPort[];
  private readonly parts: LanCardParts;
  private readonly counters: Float64Array;
  private readonly frames: InboundFrames;
  private readonly doorbell: Doorbell;
  private readonly control: ControlCall;
  private readonly watch: CardWatch;
  private readonly sends: SendFrame;
  private readonly buffers: PacketBuffers;
  private readonly replies: LanReplies;
  private readonly steps: BringUp;
  /** The card has failed, or a port of it is gone: nothing is sent any more. */
  private dead = false;

  constructor(parts: LanCardParts) {
    const { region, layout, ledger, clock, dma, packets } = parts;
    this.parts = parts;
    this.counters = ledger.counters;
    this.doorbell = new Doorbell(ledger, parts.waker);
    this.frames = new InboundFrames(region, parts.inbound, this.doorbell, ledger);
    ledger.meter(INBOUND_METER).start(clock, layout.inboundFrames, 0);
    this.control = new ControlCall(ledger);
    this.watch = new CardWatch(region.words, ledger, this.frames);
    this.sends = new SendFrame(this.frames);
    this.buffers = new PacketBuffers(parts.transmit, parts.memory);
    const { frames, sends, buffers } = this;
    const shared = { region, clock, ledger, dma, frames, sends, buffers, packets };
    const { packetsMax, bucketsWanted } = parts;
    this.ports = parts.ports.map((port, i) => new LanPort(port, shared, this, i, packetsMax, bucketsWanted));
    const { control, watch, ports } = this;
    this.replies = new LanReplies(region.words, ledger, frames, ports, control, watch);
    const version = LAN_CLASS_VERSION;
    this.steps = new BringUp(region, layout.control, frames, control, this, watch, version, version);
  }

  /**
   * From whatever state the card is in until its ports take packets.
   * @throws Error naming the step that failed.
   */
  bringUp(): void {
    const { clock, timeoutNs } = this.parts;
    const { frames, steps, ports } = this;
    clock.update();
    const deadlineNs = clock.nowNs + timeoutNs;
    const pause = (): boolean => {
      if (this.poll() === 0) this.parts.rest(REST_NS);
      clock.update();
      return clock.nowNs < deadlineNs;
    };
    steps.run(LAN_CLASS_ID, pause);
    const first = frames.deviceTid;
    ports.forEach((port, i) => {
      port.tid = first + i;
      frames.deviceTid = port.tid;
      if (i > 0) steps.claim(port.tid);
      this.register(port.tid);
      this.reset(port.tid);
    });
    // Only now: a port that takes buckets posts messages of its own between those of the others' bring-up.
    for (const port of ports) port.online = true;
    for (const port of ports) port.refill();
  }

  /** Posts what has been sent, takes what has come, and lends buckets. @returns what was worked on. */
  poll(): number {
    const { counters, parts, frames, replies } = this;
    counters[HOST_POLLS] += 1;
    let work = this.dead ? 0 : this.sends.post();
    if (parts.card !== undefined) work += parts.card.poll();
    const { outbound } = parts;
    let taken = 0;
    while (taken < REPLIES_PER_POLL) {
      const frame = outbound.receive();
      if (frame === NO_FRAME) break;
      replies.take(frame);
      outbound.release();
      taken += 1;
    }
    if (taken > 0) {
      parts.found?.();
      counters[OUTBOUND_RELEASED] += taken;
      this.doorbell.publishReleases(outbound);
      for (const port of this.ports) port.flush();
      if (this.watch.due && !this.watch.look()) this.die();
    } else counters[HOST_IDLE_POLLS] += 1;
    frames.short = false;
    if (!this.dead) for (const port of this.ports) work += port.refill();
    return work + taken;
  }

  /** Looks whether the card still runs. @returns false when it does not: then nothing is sent any more. */
  checkHealth(): boolean {
    if (!this.dead && this.parts.health?.alive() === false) this.die();
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
    if (!this.parts.outbound.arm()) return false;
    return !this.frames.short || this.frames.armForFrame();
  }

  nextDeadlineNs(): number {
    return this.parts.card?.nextDeadlineNs() ?? NEVER;
  }

  /** Packets of the host's that the card has. */
  get packetsOut(): number {
    return this.ports.reduce((sum, { packetsOut }) => sum + packetsOut, 0);
  }

  awaitFrame(timeoutNs: number = this.parts.timeoutNs): number {
    const { clock } = this.parts;
    this.sends.post();
    clock.update();
    const deadlineNs = clock.nowNs + timeoutNs;
    let frame = this.frames.acquire();
    while (frame === NO_FRAME && clock.nowNs < deadlineNs) {
      if (this.poll() === 0 && this.frames.armForFrame()) this.parts.rest(REST_NS);
      clock.update();
      frame = this.frames.acquire();
    }
    return frame;
  }

  awaitControl(timeoutNs: number = this.parts.timeoutNs): number {
    const { clock } = this.parts;
    const { control } = this;
    clock.update();
    const deadlineNs = clock.nowNs + timeoutNs;
    while (control.pending && clock.nowNs < deadlineNs) {
      if (this.poll() === 0 && this.arm()) this.parts.rest(REST_NS);
      clock.update();
    }
    if (control.pending) control.abandon(ENETDOWN);
    return control.errno;
  }

  supplyOutbound(): void {
    this.parts.outbound.supply();
    this.doorbell.publishReleases(this.parts.outbound);
  }

  cardReset(errno: number): void {
    this.frames.restart();
    this.parts.outbound.restart(false);
    this.sends.restart();
    this.buffers.takeBack();
    for (const port of this.ports) port.takeBack();
    if (this.control.pending) this.control.abandon(errno);
    this.watch.forget();
    this.dead = false;
  }

  /** The ports are brought up by `bringUp`, since there may be several. */
  goOnline(): void {}

  /** Asks to be told of the port's link. */
  private register(tid: number): void {
    const frame = this.awaitFrame();
    if (frame === NO_FRAME) throw new Error('the card takes no frames');
    const events = LAN_EVENT_LINK_DOWN | LAN_EVENT_LINK_UP;
    writeUtilEventRegister(this.frames.words, frame, tid, HOST_TID, HANDLER_EVENT, 0, events);
    this.frames.deviceTid = tid;
    this.frames.post();
  }

  /** As a driver begins: whatever an earlier one has left is given up. */
  private reset(tid: number): void {
    const frame = this.awaitFrame();
    if (frame === NO_FRAME) throw new Error('the card takes no frames');
    const { words } = this.frames;
    const all = LAN_RESOURCE_BUCKETS | LAN_RESOURCE_TRANSMITS;
    writeLanReset(words, frame, tid, HOST_TID, HANDLER_CONTROL, this.control.begin(), all);
    // A port that is up already may have posted meanwhile.
    this.frames.deviceTid = tid;
    this.frames.post();
    const errno = this.awaitControl();
    if (errno !== 0) throw new Error(`the card refused LanReset (${errnoName(errno)})`);
  }

  /** The card has failed, or its first port is gone. What it had it may still write to: it is not reused. */
  private die(): void {
    this.dead = true;
    for (const port of this.ports) port.online = false;
  }
}
