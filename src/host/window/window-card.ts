/**
 * The host's driver of a card with the TCP window: opens the window for its ports, has the card fill and
 * place, posts what the ports send, and gives back what the host has done with. Nothing the card wrote is
 * trusted: a reply that names what it does not have is refused and counted. A card that refuses what it was
 * asked has lost its memory, and with it the connections that lived there: nothing is sent any more.
 */
import type { PoolArea } from '../../dma/pool-area.ts';
import { SGL_BUCKET, SGL_LAST, writeSglContext } from '../../i2o/list/sgl.ts';
import { HOST_TID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import {
  getWindowOpenReplyFramesMax,
  getWindowOpenReplySlotBytes,
  getWindowOpenReplySlotCount,
  getWindowOpenReplySlotsAddress,
  getWindowOpenReplyTransmitAddress,
  WINDOW_CLASS_ID,
  WINDOW_CLASS_VERSION,
  WINDOW_EVENT_LINK_DOWN,
  WINDOW_EVENT_LINK_UP,
  WINDOW_HEADERS_SGL_WORD,
  WINDOW_RESOURCE_FILLS,
  WINDOW_RESOURCE_FRAMES,
  WINDOW_RESOURCE_TRANSMITS,
  writeWindowHeaders,
  writeWindowOpen,
  writeWindowReset,
} from '../../i2o/window.gen.ts';
import { FAILURES_OURS } from '../../ledger/counters.gen.ts';
import { PACKETS_METER } from '../../ledger/ledger.ts';
import { HANDLER_CONTROL, HANDLER_RECEIVE } from '../../osm/message/handlers.ts';
import type { Stack } from '../../tcpip/stack/stack.ts';
import { CardDriver, type CardDriverParts } from '../lan/card-driver.ts';
import { PacketBuffers } from '../lan/packet-buffers.ts';
import type { Sock } from '../sock.ts';
import { Fills } from './fills.ts';
import { FrameMirror } from './frame-mirror.ts';
import { Placements } from './placements.ts';
import { Releases } from './releases.ts';
import type { WindowCalls } from './window-calls.ts';
import { STRETCHES_MAX, WindowPort, type WindowPortFacts } from './window-port.ts';
import { WindowReplies } from './window-replies.ts';
import { WindowSendMemory } from './window-send-memory.ts';

/** Of the memory for headers as much as one element of a list names, in whole pages. */
const PIECE_BYTES = 0xfff000;

/** What is known of the card's window before the card is up. */
export interface WindowFacts {
  /** Its transmit part, in the blocks that the host makes of it. */
  readonly transmit: PoolArea;
  readonly slotsAddress: number;
  readonly framesMax: number;
  readonly transactionsMax: number;
}

/** What the world lends the driver. */
export interface WindowCardParts extends CardDriverParts {
  readonly dma: WindowCalls;
  readonly window: WindowFacts;
  /** Memory of the host's: headers of what arrives and is sent; what is filled from; sockets' rings. */
  readonly headers: PoolArea;
  readonly sendHeaders: PoolArea;
  readonly fills: PoolArea;
  readonly places: PoolArea;
  /** A segment of no more payload is brought whole, and copied: to have it placed would cost more. */
  readonly wholeBytesMax: number;
  readonly socks: readonly Sock[];
  readonly ports: readonly WindowPortFacts[];
  /** Packets of one port that the card holds at most. */
  readonly packetsMax: number;
}

export class WindowCard extends CardDriver {
  override readonly ports: readonly WindowPort[];
  /** The transmit part, as sends are put there; the slots, as the stack sees them; and the sockets' rings. */
  readonly memory: WindowSendMemory;
  readonly mirror: FrameMirror;
  readonly placements: Placements;
  private readonly parts: WindowCardParts;
  private readonly buffers: PacketBuffers;
  private readonly fills: Fills;
  private readonly blocks: Releases;
  private readonly slots: Releases;
  private readonly replies: WindowReplies;

  constructor(parts: WindowCardParts) {
    super(parts, WINDOW_CLASS_ID, WINDOW_CLASS_VERSION);
    const { region, ledger, clock, dma, window, packetsMax, socks } = parts;
    this.parts = parts;
    const { frames, sends, control, watch } = this;
    this.blocks = new Releases(sends, ledger, window.transmit.count);
    this.slots = new Releases(sends, ledger, window.framesMax);
    const meter = ledger.meter(PACKETS_METER);
    meter.start(clock, parts.headers.count, 0);
    const { slotsAddress, framesMax, transactionsMax } = window;
    this.mirror = new FrameMirror(parts.headers, slotsAddress, framesMax, this.slots, meter);
    this.memory = new WindowSendMemory(window.transmit, this.mirror, this.blocks);
    this.fills = new Fills(parts.fills, sends, ledger, () => this.isUp);
    const { mirror, memory, fills } = this;
    this.placements = new Placements({
      ...{ area: parts.places, sends, mirror, dma, socks, ledger, transactionsMax },
    });
    this.buffers = new PacketBuffers(parts.sendHeaders, memory, STRETCHES_MAX);
    const { buffers, placements } = this;
    const shared = { clock, ledger, sends, buffers, mirror, memory };
    this.ports = parts.ports.map((port, i) => new WindowPort(port, shared, this, i, packetsMax));
    sends.ahead = fills;
    memory.attach(fills, () => this.blocks.give(this.tid));
    dma.attach(fills, placements);
    const refused = (): void => {
      this.counters[FAILURES_OURS] += 1;
      this.die();
    };
    const told = { fills, placements, refused };
    this.replies = new WindowReplies(region.words, ledger, frames, this.ports, control, watch, told);
  }

  /** @param tell of a socket whose bytes are there. */
  attach(stack: Stack, tell: (socket: number) => void): void {
    this.placements.attach(stack, tell);
  }

  /** Bytes of card memory that wait to be given back, and packets. */
  get waiting(): { readonly blocks: number; readonly slots: number; readonly fills: number } {
    return { blocks: this.blocks.waiting, slots: this.slots.waiting, fills: this.fills.waiting };
  }

  protected override take(frame: number): void {
    this.replies.take(frame);
  }

  /** As a driver begins: whatever an earlier one has left is given up. Then the window is opened. */
  protected override begin(index: number): void {
    const port = this.ports[index];
    const { tid } = port;
    if (index === 0) {
      this.placements.tid = tid;
      this.parts.dma.tid = tid;
    }
    const own = WINDOW_RESOURCE_TRANSMITS | WINDOW_RESOURCE_FRAMES;
    this.register(tid, WINDOW_EVENT_LINK_DOWN | WINDOW_EVENT_LINK_UP);
    this.ask('WindowReset', tid, (words, frame, transaction) => {
      const all = index === 0 ? own | WINDOW_RESOURCE_FILLS : own;
      writeWindowReset(words, frame, tid, HOST_TID, HANDLER_CONTROL, transaction, all);
    });
    const { transmit } = this.parts.window;
    this.ask('WindowOpen', tid, (words, frame, transaction) => {
      const bytes = transmit.count * transmit.bufferBytes;
      writeWindowOpen(words, frame, tid, HOST_TID, HANDLER_CONTROL, transaction, bytes);
    });
    this.checkWindow();
    this.postHeaders(tid);
  }

  /** Asks for what is due, and gives back what is done with. */
  protected override work(): number {
    const { placements, slots, blocks, tid } = this;
    if (!this.isUp) return 0;
    let work = placements.work();
    // The card reads messages in their order: what is to be placed is named before its slot is given back.
    if (placements.isNamed) work += slots.giveDue(tid);
    return work + blocks.giveDue(tid);
  }

  protected override takeBack(): void {
    const { buffers, fills, placements, mirror, slots, blocks } = this;
    mirror.forget();
    buffers.takeBack();
    fills.takeBack();
    placements.takeBack();
    slots.clear();
    blocks.clear();
    for (const port of this.ports) port.takeBack();
  }

  /** Whether the card takes what concerns the window. */
  private get isUp(): boolean {
    return !this.dead && this.ports[0].online;
  }

  /** TID of the port that is asked for what concerns all. */
  private get tid(): number {
    return this.ports[0].tid;
  }

  /** @throws Error where the card's window is not what the world has said. */
  private checkWindow(): void {
    const { window, headers } = this.parts;
    const { reply } = this.control;
    const good =
      getWindowOpenReplyTransmitAddress(reply, 0) === window.transmit.offset &&
      getWindowOpenReplySlotsAddress(reply, 0) === window.slotsAddress &&
      getWindowOpenReplySlotCount(reply, 0) === headers.count &&
      getWindowOpenReplySlotBytes(reply, 0) === headers.bufferBytes &&
      getWindowOpenReplyFramesMax(reply, 0) === window.framesMax;
    if (!good) throw new Error("the card's window has another place or size than its description says");
  }

  private postHeaders(tid: number): void {
    const { offset, count, bufferBytes } = this.parts.headers;
    const frame = this.awaitFrame();
    if (frame === NO_FRAME) throw new Error('the card takes no frames');
    const { words } = this.frames;
    const end = offset + count * bufferBytes;
    let at = frame + WINDOW_HEADERS_SGL_WORD;
    for (let from = offset; from < end; from += PIECE_BYTES) {
      const flags = from + PIECE_BYTES < end ? SGL_BUCKET : SGL_BUCKET | SGL_LAST;
      at = writeSglContext(words, at, flags, Math.min(PIECE_BYTES, end - from), 0, from);
    }
    const { wholeBytesMax } = this.parts;
    writeWindowHeaders(words, frame, tid, HOST_TID, HANDLER_RECEIVE, wholeBytesMax, at - frame);
    this.frames.deviceTid = tid;
    this.frames.post();
  }
}
