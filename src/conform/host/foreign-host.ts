/**
 * A host at the other end of the pipe: our own card is the one that it drives. Its frames go into the card's
 * transport as they come, behind a recorder, so that a validator sees what passes.
 */
import { DmaEngine } from '../../dma/engine.ts';
import { MemoryPlan } from '../../dma/plan.ts';
import { allocateRegion, type Region } from '../../dma/region.ts';
import { Doorbell } from '../../i2o/doorbell.ts';
import { FRAME_WORDS } from '../../i2o/frame.ts';
import { hostQueues } from '../../i2o/queues/queues.ts';
import { DEVICE_TID, SOCKET_CLASS_ID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { Ledger } from '../../ledger/ledger.ts';
import { Clock } from '../../time/clock.ts';
import type { Recorder } from '../../trace/recorder.ts';
import type { Validator } from '../../validate/validator.ts';
import { buildCard, type CardParts } from '../../world/build/card-parts.ts';
import { type HostEnds, startTrace, tracedEnds } from '../../world/build/card-trace.ts';
import { Network } from '../../world/build/network.ts';
import { singleCard } from '../../world/build/short-forms.ts';
import { planWorld } from '../../world/build/world-plan.ts';
import { cardConfig } from '../../world/config/card-config.ts';
import type { CardOverrides } from '../../world/config/settings.ts';
import { settingsOf } from '../card/foreign-card.ts';
import type { Link, LinkListener } from '../link/link.ts';
import { Window } from '../link/window.ts';
import { PipeFault } from '../pipe/fault.ts';
import {
  PIPE_DEVICE_SOCKET,
  PIPE_DONE_STATUS_GOOD,
  PIPE_FAULT_FRAME_OVERRUN,
  PIPE_FEATURE_PUSH_WRITES,
  PIPE_INTERRUPT,
} from '../pipe/pipe.gen.ts';

const STARTED_AT = '1970-01-01T00:00:00.000Z';
/** A replies' failure record names no frame over the pipe: the card gives every frame back. */
const NOTHING_KEPT = -1;
const PRESERVED_WORD = 7;
const FAIL = 0x2000;
const TURNS_MAX = 200_000;
/** Virtual time that a host may take. */
const LIMIT_NS = 300e9;

export interface HostOutcome {
  /** What the host said of itself; '' where all went well. */
  readonly failure: string;
  /** Frames of the card's that it had not given back when it said that it was done. */
  readonly kept: number;
  readonly counters: Readonly<Record<string, number>>;
}

export class ForeignHost implements LinkListener {
  private readonly link: Link;
  private readonly region: Region;
  private readonly window: Window;
  private readonly clock = new Clock();
  private readonly parts: CardParts;
  private readonly ledger: Ledger;
  private readonly recorder: Recorder;
  private readonly ends: HostEnds;
  private readonly doorbell: Doorbell;
  /** Numbers of the host's frames that the card has, in the order in which they came. */
  private readonly away: number[] = [];
  /** Numbers of the card's frames: those that are free, and those the host has. */
  private readonly free: number[] = [];
  private readonly lent = new Set<number>();
  private readonly outboundFrames: number;
  private readonly inboundFrames: number;
  private arrived = 0;
  private posted = 0;
  private received = 0;
  private result: HostOutcome['failure'] | undefined;
  private kept = 0;
  /** Set when the host is to have a turn. */
  private due = true;

  constructor(
    link: Link,
    name: string,
    overrides: CardOverrides,
    transferBytes: number,
    validator: Validator,
  ) {
    this.link = link;
    const config = cardConfig({ mtu: 1500, packetSlots: 64, ...overrides });
    const memory = new MemoryPlan();
    const topology = singleCard(config, { name: 'card', seed: 1, modules: ['socket'] });
    const world = planWorld(memory, topology, { cards: [0], switches: [] });
    const [card] = world.cards;
    const { layout } = card.memory;
    this.region = allocateRegion(memory.byteLength);
    this.clock.set(0);
    this.inboundFrames = layout.inboundFrames;
    this.outboundFrames = layout.outboundFrames;
    const { region, clock } = this;
    this.ledger = new Ledger(region, layout.iopLedger);
    let wakes = 0;
    const environment = {
      ...{ clock, ledger: this.ledger, dma: new DmaEngine(region, this.ledger) },
      waker: { wake: () => void (wakes += 1) },
      wires: new Network(region, world, clock, 0).endsOf(0),
    };
    this.parts = buildCard(region, card.memory, config, environment, ['socket']);
    const watched = {
      ...{ region, memory: card.memory, config, clock, packets: undefined, startedAt: STARTED_AT },
      ...{ classId: SOCKET_CLASS_ID, devices: [{ tid: DEVICE_TID, classId: SOCKET_CLASS_ID }] },
      wakes: () => wakes,
    };
    this.recorder = startTrace({ sink: validator, snapBytes: 0 }, watched);
    const ledger = new Ledger(region, layout.hostLedger);
    const queues = hostQueues(region, layout, ledger);
    this.ends = tracedEnds(this.recorder, watched, { ...queues, waker: { wake: () => {} } });
    this.doorbell = new Doorbell(ledger, this.ends.waker);
    const settings = settingsOf(card, PIPE_DEVICE_SOCKET, region.byteLength, transferBytes);
    this.window = new Window(region, settings, link.role, (link.features & PIPE_FEATURE_PUSH_WRITES) !== 0);
    link.begin(name, settings, 0, this);
  }

  /**
   * Lets the host work until its program is done.
   * @param strew called once the host has the card up: sends it what it has not asked for.
   * @param hints announcements that nothing is behind, one before each of the first turns.
   */
  run(strew?: (host: ForeignHost) => void, hints = 0): HostOutcome {
    let wanted = strew;
    let hostNs = 0;
    for (let turn = 0; turn < TURNS_MAX && this.clock.nowNs < LIMIT_NS && this.result === undefined; turn++) {
      this.due = false;
      if (turn < hints) this.hint();
      this.tellChanges();
      hostNs = this.link.turn(this.clock.nowNs);
      if (this.result !== undefined) this.kept = this.lent.size;
      this.turnCard();
      if (
        wanted !== undefined &&
        this.parts.processor['iop'].canReply &&
        this.free.length === this.outboundFrames
      ) {
        wanted(this);
        wanted = undefined;
      }
      if (this.due || this.result !== undefined) continue;
      const nextNs = Math.min(hostNs, this.parts.processor.nextDeadlineNs());
      if (nextNs === Number.POSITIVE_INFINITY) break;
      this.clock.set(Math.max(this.clock.nowNs + 1, nextNs));
      this.turnCard();
    }
    const counters = this.ledger.snapshot();
    this.recorder.end({ inboundPosted: this.posted, outboundReleased: this.received }, counters);
    const never = 'it never said that its program is done (Done)';
    return { failure: this.result ?? never, kept: this.kept, counters };
  }

  /** Sends the host frames that our card never sent. */
  strew(frames: readonly Int32Array[]): void {
    for (const words of frames) {
      const number = this.free.shift();
      if (number === undefined) return;
      this.lent.add(number);
      this.link.frame(number, 0, words, 0);
    }
    this.link.announce(PIPE_INTERRUPT);
    this.due = true;
  }

  /** Announces something to the host where nothing is. */
  hint(): void {
    this.link.announce(PIPE_INTERRUPT);
    this.due = true;
  }

  private turnCard(): void {
    const { processor } = this.parts;
    const { inbound, outbound } = this.ends;
    let worked = 1;
    for (let looks = 0; worked > 0 && looks < TURNS_MAX; looks++) {
      worked = processor.poll();
      if (processor['iop'].starting) this.restart();
      worked += this.bring();
      this.giveBack();
    }
    inbound.publish();
    outbound.publish();
  }

  /** Brings the host what the card has answered. @returns how many frames. */
  private bring(): number {
    const { outbound } = this.ends;
    const { words } = this.region;
    let count = 0;
    while (this.free.length > 0) {
      const frame = outbound.receive();
      if (frame === NO_FRAME) break;
      const number = this.free.shift()!;
      this.lent.add(number);
      this.tellChanges();
      const copy = words.slice(frame, frame + FRAME_WORDS);
      if ((copy[0] & FAIL) !== 0) copy[PRESERVED_WORD] = NOTHING_KEPT;
      this.link.frame(number, 0, copy, 0);
      outbound.release();
      this.received += 1;
      count += 1;
    }
    outbound.publish();
    if (count === 0) return 0;
    this.recorder.lookForInterrupt();
    this.link.announce(PIPE_INTERRUPT);
    this.due = true;
    return count;
  }

  /** The host gets the frames back that the card has read. */
  private giveBack(): void {
    const count = this.away.length - this.arrived - this.ends.inbound.inUse;
    if (count <= 0) return;
    this.link.release(this.away.splice(0, count));
    this.due = true;
  }

  private restart(): void {
    const { inbound, outbound } = this.ends;
    this.tellChanges();
    this.link.restarted();
    inbound.restart();
    outbound.restart(false);
    this.away.length = 0;
    this.free.length = 0;
    this.lent.clear();
    this.arrived = 0;
    this.due = true;
  }

  frame(number: number, _address: number, bytes: Uint8Array): void {
    const overrun = (what: string): PipeFault => new PipeFault(PIPE_FAULT_FRAME_OVERRUN, what);
    if (!(number >= 0 && number < this.inboundFrames))
      throw overrun(`it sent frame ${number >>> 0}, and has ${this.inboundFrames}`);
    if (this.away.includes(number)) throw overrun(`it sent frame ${number} again before that was released`);
    const { inbound } = this.ends;
    const frame = inbound.acquire();
    if (frame === NO_FRAME) throw overrun('it sent more frames than there are');
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (let i = 0; i < FRAME_WORDS; i++) this.region.words[frame + i] = view.getInt32(i * 4, true);
    inbound.post();
    this.away.push(number);
    this.arrived += 1;
    this.posted += 1;
  }

  announced(): void {
    this.doorbell.publish(this.ends.inbound);
    this.arrived = 0;
  }

  released(numbers: Int32Array): void {
    const { lent, free, outboundFrames } = this;
    const first = lent.size === 0 && free.length === 0;
    for (const number of numbers) {
      const good = first ? number >= 0 && number < outboundFrames : lent.delete(number);
      if (!good)
        throw new PipeFault(PIPE_FAULT_FRAME_OVERRUN, `it released frame ${number}, which it does not have`);
      free.push(number);
    }
    if (first) this.ends.outbound.supply();
  }

  restarted(): void {}

  write(address: number, bytes: Uint8Array): void {
    this.window.write(address, bytes);
    this.recorder.write(address, bytes.length);
  }

  read(address: number, length: number): Uint8Array {
    return this.window.read(address, length);
  }

  done(status: number, text: string): void {
    if (status === PIPE_DONE_STATUS_GOOD) this.result = '';
    else this.result = `the host gave up: ${text === '' ? 'it does not say why' : text}`;
  }

  get unannounced(): number {
    return this.arrived;
  }

  private tellChanges(): void {
    this.window.changes((address, bytes) => this.link.write(address, bytes));
  }
}
