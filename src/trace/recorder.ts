/**
 * Sees what passes the host's end of one card, and tells a sink. It looks like what it stands before: the
 * world puts its producer, consumer, copy engine, waker and sleeper in the places of the driver's own, only
 * where a trace is asked for. So the driver knows nothing of it, and pays nothing where there is none.
 *
 * Memory that the host polls is not seen as it is polled: after a StatusGet, OutboundInit or IopReset the
 * words they name are looked at before the host's next step, which it takes when it has seen them change.
 */
import { DmaEngine } from '../dma/engine.ts';
import type { PoolArea } from '../dma/pool-area.ts';
import type { Region } from '../dma/region.ts';
import {
  EXEC_IOP_RESET,
  EXEC_OUTBOUND_INIT,
  EXEC_OUTBOUND_INIT_SGL_WORD,
  EXEC_STATUS_GET,
  getExecIopResetStatusAddressLow,
  getExecStatusGetBufferAddressLow,
} from '../i2o/executive.gen.ts';
import { frameFunction, frameTarget } from '../i2o/frame.ts';
import { getSglAddress } from '../i2o/list/sgl.ts';
import { IOP_TID } from '../i2o/tids.ts';
import { type FrameConsumer, type FrameProducer, NO_FRAME } from '../i2o/transport.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Clock } from '../time/clock.ts';
import type { Sleeper, Waker } from '../time/sleeper.ts';
import type { PacketReader } from './packet-ring.ts';
import {
  DOORBELL,
  type FrameArea,
  INBOUND,
  INTERRUPT,
  OUTBOUND,
  SIDE_CARD,
  SIDE_HOST,
  type TraceHead,
  type TraceSink,
} from './sink.ts';
import { STATUS_STATE, STATUS_SYNC } from './status-block.ts';

type Counters = Readonly<Record<string, number>>;

/**
 * Words that are watched at once; the host waits for one answer in memory at a time, and of a status block
 * for two words.
 */
const WATCHED_MAX = 4;

export class Recorder {
  private readonly sink: TraceSink;
  private readonly region: Region;
  private readonly clock: Clock;
  private readonly startNs: number;
  private readonly packets: PacketReader | undefined;
  private readonly wakes: () => number;
  private wakesSeen: number;
  private lastNs = 0;
  /** True after `end`: the sink is told nothing more. */
  ended = false;
  /** Byte addresses of words the host waits for, and their values when it began to. */
  private readonly watched = new Int32Array(WATCHED_MAX);
  private readonly before = new Int32Array(WATCHED_MAX);
  private watchCount = 0;
  private readonly packet = (
    at: number,
    sent: boolean,
    offset: number,
    length: number,
    whole: number,
  ): void => {
    const timeNs = Math.max(0, Math.floor(at - this.clock.originNs - this.startNs));
    this.sink.packet(timeNs, sent, this.region.bytes, offset, length, whole);
  };

  /**
   * @param clock read for each event; not the driver's own where that is a machine's.
   * @param wakes how often the card has woken the host so far.
   */
  constructor(
    sink: TraceSink,
    region: Region,
    clock: Clock,
    head: TraceHead,
    wakes: () => number,
    packets: PacketReader | undefined,
  ) {
    this.sink = sink;
    this.region = region;
    this.clock = clock;
    this.wakes = wakes;
    this.wakesSeen = wakes();
    this.packets = packets;
    clock.update();
    this.startNs = clock.nowNs;
    sink.head(head);
  }

  producer(inner: FrameProducer, area: FrameArea): FrameProducer {
    return new TracedProducer(this, inner, area);
  }

  consumer(inner: FrameConsumer, area: FrameArea): FrameConsumer {
    return new TracedConsumer(this, inner, area);
  }

  dma(region: Region, ledger: Ledger, buckets?: PoolArea): DmaEngine {
    return new TracedDmaEngine(this, region, ledger, buckets);
  }

  /** @param inner wakes the card: each time it does is a doorbell. */
  waker(inner: Waker): Waker {
    return {
      wake: () => {
        this.notification(DOORBELL);
        inner.wake();
      },
    };
  }

  /** @param inner where the host rests. */
  sleeper(inner: Sleeper): Sleeper {
    return {
      prepare: () => {
        inner.prepare();
        this.wakesSeen = this.wakes();
      },
      sleep: (timeoutNs) => {
        inner.sleep(timeoutNs);
        this.lookForInterrupt();
      },
      get mayNotRest() {
        return inner.mayNotRest === true;
      },
    };
  }

  /** Called when the host looks up from a rest: notes an interrupt if the card has raised one meanwhile. */
  lookForInterrupt(): void {
    const wakes = this.wakes();
    if (wakes === this.wakesSeen) return;
    this.wakesSeen = wakes;
    this.notification(INTERRUPT);
  }

  owner(direction: number, slot: number, side: number): void {
    if (this.ended) return;
    this.lookAtPolled();
    this.sink.owner(direction, this.now(), slot, side);
  }

  frame(direction: number, slot: number, at: number): void {
    if (this.ended) return;
    const { words } = this.region;
    this.lookAtPolled();
    this.drainPackets();
    this.sink.frame(direction, this.now(), slot, words, at);
    if (direction === INBOUND && frameTarget(words, at) === IOP_TID) this.watchFor(at);
  }

  write(address: number, length: number): void {
    if (this.ended) return;
    this.sink.write(SIDE_HOST, this.now(), address, length);
  }

  drainPackets(): void {
    if (!this.ended) this.packets?.drain(this.packet);
  }

  /** Both sides' counters, when everything has come to rest: the trace's last event. */
  end(host: Counters, iop: Counters): void {
    if (this.ended) return;
    this.lookAtPolled();
    this.drainPackets();
    this.ended = true;
    this.sink.end(this.now(), { host, iop, lost: this.packets?.lost ?? 0 });
  }

  private notification(kind: number): void {
    if (!this.ended) this.sink.notification(kind, this.now());
  }

  private now(): number {
    this.clock.update();
    this.lastNs = Math.max(this.lastNs, Math.floor(this.clock.nowNs - this.startNs));
    return this.lastNs;
  }

  /** Notes which words a request makes the host poll. */
  private watchFor(at: number): void {
    const { words } = this.region;
    switch (frameFunction(words, at)) {
      case EXEC_STATUS_GET:
        this.watch(getExecStatusGetBufferAddressLow(words, at) + STATUS_STATE.byte);
        this.watch(getExecStatusGetBufferAddressLow(words, at) + STATUS_SYNC.byte);
        break;
      case EXEC_OUTBOUND_INIT:
        this.watch(getSglAddress(words, at + EXEC_OUTBOUND_INIT_SGL_WORD));
        break;
      case EXEC_IOP_RESET:
        this.watch(getExecIopResetStatusAddressLow(words, at));
        break;
    }
  }

  private watch(address: number): void {
    if ((address & 3) !== 0 || address < 0 || address >= this.region.byteLength) return;
    if (this.watchCount === WATCHED_MAX) return;
    this.watched[this.watchCount] = address;
    this.before[this.watchCount] = Atomics.load(this.region.words, address >> 2);
    this.watchCount += 1;
  }

  private lookAtPolled(): void {
    if (this.watchCount === 0) return;
    for (let i = 0; i < this.watchCount; i++) {
      const address = this.watched[i];
      const value = Atomics.load(this.region.words, address >> 2);
      if (value !== this.before[i]) this.sink.polled(this.now(), address, value);
    }
    this.watchCount = 0;
  }
}

class TracedProducer implements FrameProducer {
  private readonly recorder: Recorder;
  private readonly inner: FrameProducer;
  private readonly area: FrameArea;
  private frame = NO_FRAME;
  /**
   * The frame was preserved by the card: there is no way to give it back but as UtilNop, which is told like
   * any frame.
   */
  private adopted = false;

  constructor(recorder: Recorder, inner: FrameProducer, area: FrameArea) {
    this.recorder = recorder;
    this.inner = inner;
    this.area = area;
  }

  acquire(): number {
    this.frame = this.inner.acquire();
    if (this.frame !== NO_FRAME) this.recorder.owner(INBOUND, slotOf(this.area, this.frame), SIDE_HOST);
    return this.frame;
  }

  post(): void {
    this.adopted = false;
    this.recorder.frame(INBOUND, slotOf(this.area, this.frame), this.frame);
    this.inner.post();
  }

  cancel(): void {
    const slot = slotOf(this.area, this.frame);
    if (!this.adopted) this.changesHands(SIDE_CARD);
    this.inner.cancel();
    if (this.adopted) this.recorder.frame(INBOUND, slot, this.frame);
    this.adopted = false;
  }

  adopt(address: number): number {
    this.frame = this.inner.adopt(address);
    this.adopted = this.holdsFrame();
    this.changesHands(SIDE_HOST);
    return this.frame;
  }

  surrender(): void {
    this.inner.surrender();
  }

  restart(destroyed?: (frame: number) => void): number {
    this.frame = NO_FRAME;
    return this.inner.restart(destroyed);
  }

  /** Tells that the frame changes hands, if it is one: the copy of an undelivered request is not. */
  private changesHands(side: number): void {
    if (this.holdsFrame()) this.recorder.owner(INBOUND, slotOf(this.area, this.frame), side);
  }

  private holdsFrame(): boolean {
    const slot = slotOf(this.area, this.frame);
    return this.frame !== NO_FRAME && slot >= 0 && slot < this.area.count;
  }

  publish(): number {
    return this.inner.publish();
  }

  available(wanted: number): number {
    return this.inner.available(wanted);
  }

  armForFree(wanted: number): boolean {
    return this.inner.armForFree(wanted);
  }

  get inUse(): number {
    return this.inner.inUse;
  }

  get broken(): boolean {
    return this.inner.broken;
  }
}

class TracedConsumer implements FrameConsumer {
  private readonly recorder: Recorder;
  private readonly inner: FrameConsumer;
  private readonly area: FrameArea;
  private frame = NO_FRAME;

  constructor(recorder: Recorder, inner: FrameConsumer, area: FrameArea) {
    this.recorder = recorder;
    this.inner = inner;
    this.area = area;
  }

  receive(): number {
    this.frame = this.inner.receive();
    if (this.frame === NO_FRAME) this.recorder.drainPackets();
    else this.recorder.frame(OUTBOUND, slotOf(this.area, this.frame), this.frame);
    return this.frame;
  }

  release(): void {
    this.recorder.owner(OUTBOUND, slotOf(this.area, this.frame), SIDE_CARD);
    this.inner.release();
  }

  preserve(record: number): number {
    return this.inner.preserve(record);
  }

  supply(spacing?: number): void {
    this.inner.supply(spacing);
  }

  restart(holding: boolean): number {
    this.frame = NO_FRAME;
    return this.inner.restart(holding);
  }

  publish(): number {
    return this.inner.publish();
  }

  arm(): boolean {
    return this.inner.arm();
  }

  get broken(): boolean {
    return this.inner.broken;
  }
}

class TracedDmaEngine extends DmaEngine {
  private readonly recorder: Recorder;

  constructor(recorder: Recorder, region: Region, ledger: Ledger, buckets?: PoolArea) {
    super(region, ledger, buckets);
    this.recorder = recorder;
  }

  override copyIn(
    reason: number,
    source: Uint8Array,
    sourceOffset: number,
    destination: number,
    length: number,
  ): void {
    super.copyIn(reason, source, sourceOffset, destination, length);
    this.recorder.write(destination, length);
  }
}

function slotOf(area: FrameArea, frame: number): number {
  return ((frame - area.firstWord) / area.strideWords) | 0;
}
