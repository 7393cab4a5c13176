/**
 * A host that speaks to a network port in messages of its own, and knows nothing of TCP/IP: what a driver
 * never says, it says, as the class allows.
 */
import type { CardLayout } from '../dma/card-layout.ts';
import type { PoolArea } from '../dma/pool-area.ts';
import type { Region } from '../dma/region.ts';
import { Doorbell } from '../i2o/doorbell.ts';
import { FLAG_MULTIPLE, frameFlags, frameFunction } from '../i2o/frame.ts';
import {
  getLanBucketBucketContext,
  LAN_BUCKET_WORDS,
  LAN_CLASS_ID,
  LAN_CLASS_VERSION,
  LAN_PACKET_SEND,
  LAN_PACKET_SEND_REPLY_LIST_WORD,
  LAN_PACKET_SEND_SGL_WORD,
  LAN_RECEIVE_POST,
  LAN_RECEIVE_POST_REPLY_LIST_WORD,
  LAN_RECEIVE_POST_SGL_WORD,
  writeLanPacketSend,
  writeLanReceivePost,
} from '../i2o/lan.gen.ts';
import { SGL_BUCKET, SGL_CONTEXT_WORDS, SGL_LAST, SGL_TRANSMIT, writeSglContext } from '../i2o/list/sgl.ts';
import { HOST_TID } from '../i2o/tids.ts';
import { NO_FRAME } from '../i2o/transport.ts';
import { OUTBOUND_RELEASED } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { BringUp, type BringUpCaller } from '../osm/message/bring-up.ts';
import { CardWatch } from '../osm/message/card-watch.ts';
import { ControlCall } from '../osm/message/control-call.ts';
import { HANDLER_CONTROL, HANDLER_RECEIVE, HANDLER_SEND, HANDLER_WATCH } from '../osm/message/handlers.ts';
import { InboundFrames } from '../osm/message/inbound-frames.ts';
import { ENETDOWN } from '../socket/errno.ts';
import type { Clock } from '../time/clock.ts';
import type { HostEnds } from '../world/build/card-trace.ts';

/** Looks at the card before it counts as one that does not answer, and how long between two. */
const LOOKS_MAX = 20_000;
const REST_NS = 50_000;
const COUNT_MASK = 0xff;

/** What a world lends such a host. */
export interface LanTourGround {
  readonly region: Region;
  readonly layout: CardLayout;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly ends: HostEnds;
  /** Memory of packets to be sent, and of buckets. */
  readonly transmit: PoolArea;
  readonly receive: PoolArea;
  /** Gives the card its turn, where it has no thread of its own. @returns how much it worked on. */
  readonly turn: () => number;
  /** Rests for so long at most; time passes meanwhile. */
  readonly rest: (ns: number) => void;
}

/** What became of packets: a context, and word 4 of the reply. */
export type Told = readonly [context: number, status: number];

export class LanTourHost implements BringUpCaller {
  readonly frames: InboundFrames;
  /** Packets told of, and requests refused as a whole by their function, since they were last cleared. */
  readonly told: Told[] = [];
  readonly refused: Told[] = [];
  /** Buckets that the card has, by their numbers. */
  readonly lent = new Set<number>();
  private readonly ground: LanTourGround;
  private readonly control: ControlCall;
  private readonly watch: CardWatch;
  private readonly steps: BringUp;
  private readonly doorbell: Doorbell;
  private readonly freeBuckets: number[];

  constructor(ground: LanTourGround) {
    const { region, layout, ledger, ends, receive } = ground;
    this.ground = ground;
    this.doorbell = new Doorbell(ledger, ends.waker);
    this.frames = new InboundFrames(region, ends.inbound, this.doorbell, ledger);
    this.control = new ControlCall(ledger);
    this.watch = new CardWatch(region.words, ledger, this.frames);
    const { frames, control, watch } = this;
    const version = LAN_CLASS_VERSION;
    this.steps = new BringUp(region, layout.control, frames, control, this, watch, version, version);
    this.freeBuckets = Array.from({ length: receive.count }, (_, i) => i);
  }

  bringUp(): void {
    let looks = 0;
    this.steps.run(LAN_CLASS_ID, () => {
      if (this.poll() === 0) this.ground.rest(REST_NS);
      return ++looks < LOOKS_MAX;
    });
  }

  quiesce(): void {
    this.steps.quiesce();
    while (this.poll() > 0) {}
  }

  get words(): Int32Array {
    return this.ground.region.words;
  }

  get tid(): number {
    return this.frames.deviceTid;
  }

  get bucketsFree(): number {
    return this.freeBuckets.length;
  }

  /** Address of a packet buffer; those that are not there share the memory of others. */
  packetAt(buffer: number): number {
    const { offset, count, bufferBytes } = this.ground.transmit;
    return offset + (buffer % count) * bufferBytes;
  }

  /** Posts a request that `write` writes. */
  post(write: (words: Int32Array, frame: number) => void): void {
    const frame = this.awaitFrame();
    if (frame === NO_FRAME) throw new Error('the card takes no frames');
    write(this.words, frame);
    this.frames.post();
  }

  /** A request that is answered as a whole: waits for that. @returns its errno. */
  ask(write: (words: Int32Array, frame: number, handler: number, transaction: number) => void): number {
    this.post((words, frame) => write(words, frame, HANDLER_CONTROL, this.control.begin()));
    return this.awaitControl();
  }

  /**
   * LanPacketSend of packets of one piece each, whose contexts are the numbers of their buffers.
   * @param control networkChecksum and transportChecksum.
   */
  send(
    packets: readonly (readonly [buffer: number, bytes: number])[],
    mode: number,
    control: readonly [number, number] = [0, 0],
  ): void {
    this.post((words, frame) => {
      let at = frame + LAN_PACKET_SEND_SGL_WORD;
      packets.forEach(([buffer, bytes], i) => {
        const flags = i === packets.length - 1 ? SGL_TRANSMIT | SGL_LAST : SGL_TRANSMIT;
        at = writeSglContext(words, at, flags, bytes, buffer, this.packetAt(buffer));
      });
      const word3 = [0, 0, 0, ...control, mode] as const;
      writeLanPacketSend(words, frame, this.tid, HOST_TID, HANDLER_SEND, ...word3, at - frame);
    });
  }

  /** LanReceivePost of so many buckets. */
  lend(count: number): void {
    const { offset, bufferBytes } = this.ground.receive;
    const numbers = this.freeBuckets.splice(0, count);
    this.post((words, frame) => {
      let at = frame + LAN_RECEIVE_POST_SGL_WORD;
      numbers.forEach((number, i) => {
        const flags = i === numbers.length - 1 ? SGL_BUCKET | SGL_LAST : SGL_BUCKET;
        at = writeSglContext(words, at, flags, bufferBytes, number, offset + number * bufferBytes);
        this.lent.add(number);
      });
      const size = LAN_RECEIVE_POST_SGL_WORD + numbers.length * SGL_CONTEXT_WORDS;
      writeLanReceivePost(words, frame, this.tid, HOST_TID, HANDLER_RECEIVE, numbers.length, size);
    });
  }

  /** The buckets of a request that was refused are the host's again. */
  takeHome(count: number): void {
    const newest = [...this.lent].slice(-count);
    for (const number of newest) this.lent.delete(number);
    this.freeBuckets.push(...newest);
  }

  /** Looks for replies and lets time pass until so it is. @throws Error that says what never came. */
  until(done: () => boolean, what: string): void {
    for (let looks = 0; !done(); looks++) {
      if (looks === LOOKS_MAX) throw new Error(`the card never brought ${what}`);
      if (this.poll() === 0 && this.arm()) this.ground.rest(REST_NS);
    }
  }

  /** Gives the card its turn and takes what it has answered. @returns how much was worked on. */
  poll(): number {
    const { ends, turn, ledger } = this.ground;
    let work = turn();
    let taken = 0;
    for (let frame = ends.outbound.receive(); frame !== NO_FRAME; frame = ends.outbound.receive()) {
      this.take(frame);
      ends.outbound.release();
      taken += 1;
    }
    if (taken > 0) {
      ledger.counters[OUTBOUND_RELEASED] += taken;
      this.doorbell.publishReleases(ends.outbound);
    }
    work += taken;
    return work;
  }

  awaitFrame(): number {
    let frame = this.frames.acquire();
    for (let looks = 0; frame === NO_FRAME && looks < LOOKS_MAX; looks++) {
      if (this.poll() === 0) this.ground.rest(REST_NS);
      frame = this.frames.acquire();
    }
    return frame;
  }

  awaitControl(): number {
    const { control } = this;
    for (let looks = 0; control.pending && looks < LOOKS_MAX; looks++) {
      if (this.poll() === 0 && this.arm()) this.ground.rest(REST_NS);
    }
    if (control.pending) control.abandon(ENETDOWN);
    return control.errno;
  }

  supplyOutbound(spacing = 1): void {
    this.ground.ends.outbound.supply(spacing);
    this.doorbell.publishReleases(this.ground.ends.outbound);
  }

  cardReset(errno: number): void {
    this.frames.restart();
    this.ground.ends.outbound.restart(false);
    if (this.control.pending) this.control.abandon(errno);
    this.watch.forget();
  }

  goOnline(): void {}

  private arm(): boolean {
    return this.ground.ends.outbound.arm();
  }

  private take(frame: number): void {
    const { words } = this;
    const handler = words[frame + 2];
    const functionCode = frameFunction(words, frame);
    if (handler === HANDLER_CONTROL) this.control.answered(words, frame, words[frame + 3]);
    else if (handler === HANDLER_WATCH) this.watch.take(words, frame);
    else if ((frameFlags(words, frame) & FLAG_MULTIPLE) === 0)
      this.refused.push([functionCode, words[frame + 4]]);
    else if (functionCode === LAN_PACKET_SEND) this.packets(frame);
    else if (functionCode === LAN_RECEIVE_POST) this.buckets(frame);
  }

  private packets(frame: number): void {
    const { words } = this;
    const count = words[frame + 3] & COUNT_MASK;
    for (let i = 0; i < count; i++)
      this.told.push([words[frame + LAN_PACKET_SEND_REPLY_LIST_WORD + i], words[frame + 4]]);
  }

  private buckets(frame: number): void {
    const { words } = this;
    const count = words[frame + 3] & COUNT_MASK;
    for (let i = 0; i < count; i++) {
      const at = frame + LAN_RECEIVE_POST_REPLY_LIST_WORD + i * LAN_BUCKET_WORDS;
      const number = getLanBucketBucketContext(words, at);
      if (this.lent.delete(number)) this.freeBuckets.push(number);
    }
  }

  /** How the last packet of a buffer ended: ReqStatus; undefined where nothing was told of it. */
  statusOf(buffer: number): number | undefined {
    const last = this.told.filter(([context]) => context === buffer).at(-1);
    return last === undefined ? undefined : last[1] >>> 24;
  }

  /** Whether a request of a function has been refused since `refused` was last cleared. */
  hasRefused(functionCode: number): boolean {
    return this.refused.some(([code]) => code === functionCode);
  }
}
