/**
 * A card at the other end of the pipe, as its host's side has it: the memory of both, the host's ends of the
 * transport, and the card's turns. Time is ours, and passes only where the host lets it.
 */
import { CONTROL_BYTES } from '../../dma/card-layout.ts';
import { MemoryPlan } from '../../dma/plan.ts';
import { allocateRegion, type Region } from '../../dma/region.ts';
import { firstInboundMfa } from '../../i2o/queues/fifo/fifo-layout.ts';
import { firstFrameWords } from '../../i2o/queues/queues.ts';
import { socketNumbers } from '../../i2o/socket-number.ts';
import type { FrameConsumer, FrameProducer } from '../../i2o/transport.ts';
import { Ledger } from '../../ledger/ledger.ts';
import { NEVER } from '../../time/agent.ts';
import { Clock } from '../../time/clock.ts';
import { FutexSleeper } from '../../time/sleeper.ts';
import { singleCard } from '../../world/build/short-forms.ts';
import { type CardPlan, planWorld } from '../../world/build/world-plan.ts';
import { cardConfig } from '../../world/config/card-config.ts';
import type { CardConfig, CardOverrides } from '../../world/config/settings.ts';
import { FrameReceiver } from '../ends/frame-receiver.ts';
import { FrameSender } from '../ends/frame-sender.ts';
import type { FramePort } from '../ends/port.ts';
import type { Link, LinkListener } from '../link/link.ts';
import { type PipeSettings, Window } from '../link/window.ts';
import { PipeFault } from '../pipe/fault.ts';
import {
  PIPE_DEVICE_ECHO,
  PIPE_DEVICE_LAN,
  PIPE_DEVICE_SOCKET,
  PIPE_DEVICE_WINDOW,
  PIPE_DOORBELL,
  PIPE_FAULT_FLOOD,
  PIPE_FAULT_HANG,
  PIPE_FAULT_OUT_OF_TURN,
  PIPE_FAULT_UNANNOUNCED,
  PIPE_FEATURE_PUSH_WRITES,
  PIPE_MESSAGES_PER_TURN_MAX,
} from '../pipe/pipe.gen.ts';
import { SharedCard } from './shared-card.ts';

export type ForeignDevice = 'socket' | 'echo' | 'lan' | 'window';

const DEVICES: Readonly<Record<ForeignDevice, number>> = {
  socket: PIPE_DEVICE_SOCKET,
  echo: PIPE_DEVICE_ECHO,
  lan: PIPE_DEVICE_LAN,
  window: PIPE_DEVICE_WINDOW,
};
/** Turns without time passing before a card counts as one that never rests. */
const TURNS_MAX = 10_000;

/** Told of what the card writes to shared memory. */
export type CardWrites = (address: number, length: number) => void;

export class ForeignCard implements LinkListener, FramePort {
  readonly config: CardConfig;
  readonly plan: CardPlan;
  readonly region: Region;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly inbound: FrameProducer;
  readonly outbound: FrameConsumer & { readonly waiting: number };
  /** Where frames travel by the pipe, its ends; where they travel in a file, what is seen there. */
  private readonly ends: { readonly inbound: FrameSender; readonly outbound: FrameReceiver } | undefined;
  private readonly shared: SharedCard | undefined;
  /** Interrupts so far. */
  wakes = 0;
  /** Frames that the card has released, and sent. */
  releases = 0;
  frames = 0;
  cardWrites: CardWrites = () => {};
  /** Called when the card has interrupted. */
  interrupted: () => void = () => {};
  private readonly link: Link;
  private readonly window: Window;
  /** The card has no turns: it runs by the machine's clock, as the host does. */
  private readonly free: boolean;
  private readonly pause = new FutexSleeper(new Int32Array(new SharedArrayBuffer(64)), 0);
  private pausedNs = 0;
  /** What it has said out of turns. */
  private words = 0;
  /** Something was sent that the card is to have a turn for. */
  private due = true;
  private nextNs = NEVER;

  /** @param clock absent: time of our own, which passes only where the host lets it. */
  constructor(link: Link, name: string, device: ForeignDevice, overrides: CardOverrides, clock?: Clock) {
    this.link = link;
    this.free = clock !== undefined;
    this.clock = clock ?? new Clock();
    this.config = cardConfig({
      mtu: 1500,
      packetSlots: 64,
      ...overrides,
      transport: link.memory === undefined ? 'fifo' : 'ring',
    });
    const { config } = this;
    const memory = new MemoryPlan();
    const form = { name: 'card', seed: 1, modules: [device] };
    [this.plan] = planWorld(memory, singleCard(config, form), { cards: [0], switches: [] }).cards;
    this.region = allocateRegion(memory.byteLength);
    link.memory?.(this.region);
    const { layout } = this.plan.memory;
    if (clock === undefined) this.clock.set(0);
    this.ledger = new Ledger(this.region, layout.hostLedger);
    const settings = settingsOf(this.plan, DEVICES[device], this.region.byteLength);
    const inFile = link.memory !== undefined;
    const tells = inFile || (link.features & PIPE_FEATURE_PUSH_WRITES) !== 0;
    this.window = new Window(this.region, settings, link.role, tells);
    const changed = () => {
      this.due = true;
    };
    this.shared = inFile ? new SharedCard(this.region, layout, this.window, changed) : undefined;
    this.ends = inFile ? undefined : this.pipeEnds();
    const { inbound, outbound } = (this.shared ?? this.ends)!;
    this.inbound = inbound;
    this.outbound = outbound;
    link.begin(name, settings, 0, this);
    if (inFile) SharedCard.tell(link, layout);
  }

  private pipeEnds() {
    const { layout } = this.plan.memory;
    const { words } = this.region;
    const first = firstFrameWords(layout);
    const firstAddress = firstInboundMfa(layout);
    const inbound = { words, first: first.inbound, count: layout.inboundFrames, firstAddress };
    const outbound = { words, first: first.outbound, count: layout.outboundFrames };
    return {
      inbound: new FrameSender(inbound, this, true, this.ledger),
      outbound: new FrameReceiver(outbound, this, false),
    };
  }

  /** What wakes the card. */
  readonly waker = { wake: () => this.link.announce(PIPE_DOORBELL) };

  /** Gives the card a turn if there is anything to do for it. @returns how much came of it; 0: none was due. */
  poll(): number {
    if (this.free) return this.listen(0);
    if (!this.due && this.nextNs > this.clock.nowNs) return 0;
    this.due = false;
    this.letPass();
    const before = this.frames + this.releases;
    if (this.shared === undefined) {
      this.tellChanges();
      this.nextNs = this.link.turn(this.clock.nowNs);
    } else {
      this.shared.before();
      this.nextNs = this.link.turn(this.clock.nowNs);
      const { frames, releases } = this.shared.after(this.cardWrites);
      this.frames += frames;
      this.releases += releases;
    }
    return 1 + this.frames + this.releases - before;
  }

  /**
   * Of a card without turns: hears what it has said. @param waitNs how long to wait for a word, in nanoseconds.
   * @returns how much it has said. @throws PipeFault.
   */
  listen(waitNs: number): number {
    const count = this.link.listen(waitNs);
    const { shared } = this;
    if (shared === undefined || (count === 0 && waitNs === 0)) return count;
    shared.check();
    this.words += count;
    // There is a word for each frame, at the most.
    if (this.words > PIPE_MESSAGES_PER_TURN_MAX + shared.outbound.next + shared.inbound.next)
      throw new PipeFault(PIPE_FAULT_FLOOD, `more than ${PIPE_MESSAGES_PER_TURN_MAX} messages too many`);
    return count;
  }

  /** Of a card without turns: waits until it has nothing left to do. @throws PipeFault where it never rests. */
  fence(): void {
    this.shared?.before();
    this.nextNs = this.link.turn(this.clock.nowNs);
    const { frames, releases } = this.shared!.after(() => {});
    this.frames += frames;
    this.releases += releases;
  }

  /**
   * Of a card without turns that has said nothing for long, while the host rests: whether it lives, and has not
   * missed anything. @throws PipeFault by the name of what it has done.
   */
  probe(): void {
    const { inbound, outbound } = this.shared!;
    const { waiting } = outbound;
    if (waiting > 0)
      throw new PipeFault(
        PIPE_FAULT_UNANNOUNCED,
        `${waiting} frames were not announced to a host that rests`,
      );
    const before = inbound.inUse;
    this.fence();
    if (inbound.inUse < before)
      throw new PipeFault(
        PIPE_FAULT_HANG,
        `it rested with ${before} requests waiting, and asked for no word`,
      );
  }

  /** A card that has the machine's clock is given the time that passes for the host. */
  private letPass(): void {
    const { nowNs } = this.clock;
    if (this.link.runsFreely && nowNs > this.pausedNs) {
      this.pause.prepare();
      this.pause.sleep(nowNs - this.pausedNs);
    }
    this.pausedNs = nowNs;
  }

  /** Turns until the card rests. */
  settle(): void {
    for (let turn = 0; this.poll() > 0; turn++) if (turn > TURNS_MAX) throw new Error('the card never rests');
  }

  /** Tells the card that something is posted, where nothing is, and gives it a turn. */
  hint(): void {
    this.link.announce(PIPE_DOORBELL);
    this.due = true;
  }

  /** Where the rings are in the file: moves the tail of requests further than can be. */
  spoilTail(by: number): void {
    const { region, plan, shared } = this;
    region.words[plan.memory.layout.inbound >> 2] += by;
    if (shared !== undefined) shared.inbound.shown += by;
    this.due = true;
  }

  /** What was sent so far needs no turn of its own. */
  quiet(): void {
    this.due = false;
  }

  /** When the card wants its next turn. */
  nextDeadlineNs(): number {
    return this.due ? this.clock.nowNs : this.nextNs;
  }

  // What is said to the card.

  frame(number: number, address: number, words: Uint8Array | Int32Array, at = 0): void {
    if (words instanceof Int32Array) {
      this.due = true;
      this.tellChanges();
      this.link.frame(number, address, words, at);
      return;
    }
    this.frames += 1;
    this.byPipe().outbound.arrive(number, address, words);
  }

  release(numbers: readonly number[]): void {
    this.due = true;
    this.link.release(numbers);
  }

  // What the card says.

  announced(): void {
    this.ends?.outbound.announced();
    this.shared?.announced();
    this.wakes += 1;
    this.interrupted();
  }

  released(numbers: Int32Array): void {
    this.releases += numbers.length;
    this.byPipe().inbound.released(numbers);
  }

  restarted(): void {
    this.ends?.inbound.restart();
    this.ends?.outbound.restart(false);
    // A driver that runs by itself has done so when it saw the status word.
    if (!this.free) this.shared?.restarted();
  }

  write(address: number, bytes: Uint8Array): void {
    this.byPipe();
    this.window.write(address, bytes);
    this.cardWrites(address, bytes.length);
  }

  read(address: number, length: number): Uint8Array {
    this.byPipe();
    return this.window.read(address, length);
  }

  done(): void {}

  get unannounced(): number {
    // Without turns an interrupt is for a host that rests alone.
    return this.free ? 0 : (this.ends?.outbound ?? this.shared)!.unannounced;
  }

  /** @throws PipeFault where frames and memory are in a file. */
  private byPipe(): NonNullable<ForeignCard['ends']> {
    if (this.ends !== undefined) return this.ends;
    throw new PipeFault(PIPE_FAULT_OUT_OF_TURN, 'frames and memory are in the shared file, and not said');
  }

  private tellChanges(): void {
    this.window.changes((address, bytes) => this.link.write(address, bytes));
  }
}

/** @param transferBytes what a host is to move. */
export function settingsOf(
  { memory, topology }: CardPlan,
  device: number,
  regionBytes: number,
  transferBytes = 0,
): PipeSettings {
  const { layout } = memory;
  const { config } = topology;
  const { transmit, receive, immediate, image } = layout;
  return {
    device,
    classVersion: config.classVersion,
    inboundFrames: layout.inboundFrames,
    outboundFrames: layout.outboundFrames,
    regionBytes,
    controlOffset: layout.control,
    controlBytes: CONTROL_BYTES,
    transmitOffset: transmit.offset,
    transmitBuffers: transmit.count,
    transmitBufferBytes: transmit.bufferBytes,
    receiveOffset: receive.offset,
    receiveBuckets: receive.count,
    receiveBucketBytes: receive.bufferBytes,
    immediateSlots: immediate.count,
    imageOffset: image.offset,
    imageBytes: image.count * image.bufferBytes,
    sockets: socketNumbers(config.driver.socketsMax, config.classVersion),
    ipv4Address: config.stack.address,
    prefixLength: config.stack.prefixLength,
    receiveWindowBytes: config.driver.receiveWindowBytes,
    transferBytes,
  };
}
