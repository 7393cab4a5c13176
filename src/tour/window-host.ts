/**
 * A host that speaks to a port of the window class in messages of its own: it fills, sends, places and
 * releases as the class allows, and keeps what the card has told of.
 */
import type { PoolArea } from '../dma/pool-area.ts';
import { ELEMENT_LOCAL_ADDRESS } from '../i2o/list/element-types.ts';
import {
  SGL_BUCKET,
  SGL_END_OF_BUFFER,
  SGL_LAST,
  SGL_SIMPLE_IN,
  SGL_SIMPLE_OUT,
  SGL_TRANSMIT,
} from '../i2o/list/sgl.ts';
import { HOST_TID } from '../i2o/tids.ts';
import * as spec from '../i2o/window.gen.ts';
import { HANDLER_NONE, HANDLER_RECEIVE, HANDLER_SEND } from '../osm/message/handlers.ts';
import { type PortGround, PortHost, type Told } from './port-host.ts';

const COUNT_MASK = 0xff;
const CLASS = { id: spec.WINDOW_CLASS_ID, version: spec.WINDOW_CLASS_VERSION };
/** The lists of the class's messages begin there. */
const LIST_WORD = spec.WINDOW_FILL_SGL_WORD;

/** Memory of the host's, and the window's transmit part. */
export interface WindowPools {
  readonly fills: PoolArea;
  readonly sends: PoolArea;
  readonly places: PoolArea;
  readonly headers: PoolArea;
  readonly transmit: PoolArea;
}

/** A stretch of memory: where, and how long. */
export type Stretch = readonly [address: number, byteLength: number];
/** A transaction: its context, its piece of host memory, and its pieces of the window. */
export type WindowTransaction = readonly [context: number, host: Stretch, window: readonly Stretch[]];

/** A packet that the host holds. */
export interface HeldFrame {
  readonly address: number;
  readonly length: number;
  readonly headerLength: number;
}

export class WindowTourHost extends PortHost {
  readonly pools: WindowPools;
  /** Contexts that have come back, with their function's own list. */
  readonly filled: Told[] = [];
  readonly sent: Told[] = [];
  readonly placed: Told[] = [];
  /** Packets that the host has been told of and has not released. */
  readonly held: HeldFrame[] = [];

  constructor(ground: PortGround, pools: WindowPools) {
    super(ground, CLASS);
    this.pools = pools;
  }

  /** WindowOpen. @returns its errno. */
  open(bytes: number): number {
    return this.ask((words, frame, handler, transaction) =>
      spec.writeWindowOpen(words, frame, this.tid, HOST_TID, handler, transaction, bytes),
    );
  }

  /** WindowReset or WindowSuspend. @returns its errno. */
  end(how: 'reset' | 'suspend', resources: number): number {
    const write = how === 'reset' ? spec.writeWindowReset : spec.writeWindowSuspend;
    return this.ask((words, frame, handler, transaction) =>
      write(words, frame, this.tid, HOST_TID, handler, transaction, resources),
    );
  }

  /** WindowHeaders, in two pieces that lie one behind the other. */
  headers(wholeBytesMax: number): void {
    const { offset, count, bufferBytes } = this.pools.headers;
    const bytes = count * bufferBytes;
    const first = (bytes >>> 1) & ~3;
    this.post((words, frame) => {
      let at = frame + LIST_WORD;
      at = element(words, at, SGL_BUCKET, first, [0, offset]);
      at = element(words, at, SGL_BUCKET | SGL_LAST, bytes - first, [0, offset + first]);
      spec.writeWindowHeaders(
        ...([words, frame, this.tid, HOST_TID, HANDLER_RECEIVE, wholeBytesMax, at - frame] as const),
      );
    });
  }

  fill(transactions: readonly WindowTransaction[]): void {
    this.post((words, frame) => {
      const end = list(words, frame + LIST_WORD, transactions, true);
      spec.writeWindowFill(words, frame, this.tid, HOST_TID, HANDLER_SEND, 0, end - frame);
    });
  }

  /** @param segmentBytes payload of a segment; 0: each packet is one. */
  send(transactions: readonly WindowTransaction[], segmentBytes = 0, retransmission = 0): void {
    this.post((words, frame) => {
      const end = list(words, frame + LIST_WORD, transactions, true);
      const control = [1, 1, retransmission, segmentBytes] as const;
      spec.writeWindowSend(words, frame, this.tid, HOST_TID, HANDLER_SEND, ...control, end - frame);
    });
  }

  place(transactions: readonly WindowTransaction[]): void {
    this.post((words, frame) => {
      const end = list(words, frame + LIST_WORD, transactions, false);
      spec.writeWindowPlace(words, frame, this.tid, HOST_TID, HANDLER_RECEIVE, 0, end - frame);
    });
  }

  release(stretches: readonly Stretch[]): void {
    this.post((words, frame) => {
      let at = frame + LIST_WORD;
      stretches.forEach(([address, bytes], i) => {
        const last = i === stretches.length - 1 ? SGL_LAST : 0;
        at = element(words, at, SGL_SIMPLE_OUT | ELEMENT_LOCAL_ADDRESS | last, bytes, [address]);
      });
      spec.writeWindowRelease(words, frame, this.tid, HOST_TID, HANDLER_NONE, 0, at - frame);
    });
  }

  protected override listed(frame: number, functionCode: number): void {
    const { words } = this;
    const count = words[frame + 3] & COUNT_MASK;
    if (functionCode === spec.WINDOW_HEADERS) {
      for (let i = 0; i < count; i++) this.arrived(frame + spec.WINDOW_HEADERS_REPLY_LIST_WORD + 2 * i);
      return;
    }
    const told =
      functionCode === spec.WINDOW_FILL
        ? this.filled
        : functionCode === spec.WINDOW_SEND
          ? this.sent
          : this.placed;
    for (let i = 0; i < count; i++)
      told.push([words[frame + spec.WINDOW_FILL_REPLY_LIST_WORD + i], words[frame + 4]]);
  }

  private arrived(at: number): void {
    const { words } = this;
    this.held.push({
      address: spec.getWindowFrameFrameAddress(words, at),
      length: spec.getWindowFrameFrameLength(words, at),
      headerLength: spec.getWindowFrameHeaderLength(words, at),
    });
  }
}

/** Writes an element of a list. @returns the word behind it. */
function element(
  words: Int32Array,
  at: number,
  flags: number,
  bytes: number,
  rest: readonly number[],
): number {
  words[at] = (flags << 24) | bytes;
  rest.forEach((word, i) => {
    words[at + 1 + i] = word;
  });
  return at + 1 + rest.length;
}

/** Writes a list of transactions. @param out whether the card reads host memory. @returns the word behind it. */
function list(
  words: Int32Array,
  from: number,
  transactions: readonly WindowTransaction[],
  out: boolean,
): number {
  const first = out ? SGL_TRANSMIT : SGL_BUCKET;
  let at = from;
  transactions.forEach(([context, [address, bytes], window], i) => {
    const last = i === transactions.length - 1 ? SGL_LAST : 0;
    const alone = window.length === 0;
    const flags = alone ? first | last : first & ~SGL_END_OF_BUFFER;
    at = element(words, at, flags, bytes, [context, address]);
    const further = (out ? SGL_SIMPLE_OUT : SGL_SIMPLE_IN) | ELEMENT_LOCAL_ADDRESS;
    window.forEach(([piece, length], n) => {
      const closes = n === window.length - 1;
      const end = closes ? SGL_END_OF_BUFFER | last : 0;
      at = element(words, at, (further & ~SGL_END_OF_BUFFER) | end, length, [piece]);
    });
  });
  return at;
}
