/**
 * Makes requests from the spec: every message of every class, its fields within their ranges, its lists well
 * formed and naming memory a host may name. What a request asks for need not make sense in the card's state.
 */
import type { CardLayout } from '../../src/dma/card-layout.ts';
import type { PoolArea } from '../../src/dma/pool-area.ts';
import { FRAME_WORDS, VERSION_1_5 } from '../../src/i2o/frame.ts';
import { DEVICE_TID, HOST_TID, IOP_TID, ORGANIZATION_ID } from '../../src/i2o/tids.ts';
import { CATALOGUE } from '../../src/spec/catalogue.gen.ts';
import type { FieldEntry, LayoutEntry, MessageEntry } from '../../src/spec/entries.ts';
import type { Random } from '../../src/time/random.ts';

export const LOOPBACK = 0x7f000001;
export const PORT = 5000;
const LAST = 0x80 << 24;
const GROUPS = [0, 1, 2, 3, 4, 0x100, 0xf000, 0xf003, 0xf100, 0xf103, 0x7777];
/** How often a message is made, beside the others' 8 of the socket class and 2 of the others. */
const WEIGHTS: Readonly<Record<string, number>> = {
  SocketSend: 24,
  SocketSendTo: 12,
  SocketReceivePost: 16,
  SocketReceiveCredit: 8,
  SocketCreate: 16,
  SocketConnect: 12,
  SocketBind: 8,
  SocketListen: 8,
  SocketAcceptPost: 8,
  SocketClose: 2,
  SocketAbort: 2,
  ExecIopReset: 1,
  ExecIopClear: 1,
  ExecSysQuiesce: 1,
};

export class FrameMaker {
  /** The frame made last. */
  readonly frame = new Int32Array(FRAME_WORDS);
  /** Every request of the spec, as often as it is to be made. */
  readonly messages: readonly MessageEntry[];
  private readonly random: Random;
  private readonly layout: CardLayout;
  private readonly words: Int32Array;
  private readonly socketsMax: number;

  constructor(random: Random, layout: CardLayout, words: Int32Array, socketsMax: number) {
    this.random = random;
    this.layout = layout;
    this.words = words;
    this.socketsMax = socketsMax;
    this.messages = CATALOGUE.classes.flatMap((spec) =>
      spec.messages.flatMap((message) =>
        Array<MessageEntry>(WEIGHTS[message.name] ?? (spec.name === 'socket' ? 8 : 2)).fill(message),
      ),
    );
  }

  pick<T>(from: readonly T[]): T {
    return from[this.random.below(from.length)];
  }

  /** Address of a random place in the control area for so many bytes. */
  controlAddress(bytes: number): number {
    return this.layout.control + 4 * this.random.below((4096 - bytes) >> 2);
  }

  /** Makes a request into `frame`. @param context word 2. */
  make(message: MessageEntry, context: number): void {
    const { frame, random } = this;
    const { request } = message;
    frame.fill(0);
    for (const field of request.fields) put(frame, field, this.value(message, field));
    let size = request.words;
    if (request.list !== undefined) size = this.list(request);
    if (request.sgl !== undefined) size = this.sgl(message, request);
    if (request.fields.every(({ word }) => word !== 3)) frame[3] = context;
    const device = message.className === 'socket' || message.name === 'PrivateEcho';
    const target = message.className === 'utility' ? this.pick([IOP_TID, DEVICE_TID]) : IOP_TID;
    frame[0] = VERSION_1_5 | ((request.sgl?.word ?? 0) << 4) | (size << 16);
    frame[1] = (device ? DEVICE_TID : target) | (HOST_TID << 12) | (message.function << 24);
    frame[2] = context;
    if (message.name === 'SocketSend' && random.below(16) === 0) frame[0] |= 0x10 << 8;
  }

  private value(message: MessageEntry, field: FieldEntry): number {
    const { random } = this;
    if (field.value !== undefined) return field.value;
    const { name } = field;
    if (/^(socketId|acceptedId|listenerId)$/.test(name)) return random.below(this.socketsMax);
    if (/organizationId/.test(name)) return ORGANIZATION_ID;
    if (/AddressHigh$/.test(name)) return 0;
    if (message.className !== 'socket' && /address/i.test(name)) return this.controlAddress(256);
    if (/address/i.test(name)) return this.pick([LOOPBACK, LOOPBACK, LOOPBACK, 0, random.nextInt32()]);
    if (/port/i.test(name)) return this.pick([PORT, PORT, PORT + 1, 0, random.below(65536)]);
    if (name === 'outboundFrameWords') return FRAME_WORDS;
    if (name === 'replyMode') return this.pick([0, 0, 1, 2, 3]);
    const values = enumValues(field);
    if (values !== undefined) return this.pick(values);
    const most = Math.min(field.max ?? 0xffffffff, 2 ** (field.high - field.low + 1) - 1);
    const least = field.min ?? 0;
    const span = most - least;
    if (span > 8 && random.below(2) === 0) return least + random.below(4);
    return span >= 0x7fffffff ? random.nextInt32() : least + random.below(span + 1);
  }

  /** @returns words of the message. */
  private list(request: LayoutEntry): number {
    const { frame, random, socketsMax } = this;
    const { word, stride } = request.list!;
    const count = request.fields.find(({ name }) => name === 'count')!;
    const most = Math.min(count.max ?? 255, Math.floor((FRAME_WORDS - word) / stride));
    const elements = 1 + random.below(random.below(4) === 0 ? most : Math.min(most, 3));
    put(frame, count, elements);
    for (let i = 0; i < elements; i++) {
      frame[word + i * stride] = random.below(socketsMax);
      for (let j = 1; j < stride; j++) frame[word + i * stride + j] = 1 + random.below(3000);
    }
    return word + elements * stride;
  }

  private sgl(message: MessageEntry, request: LayoutEntry): number {
    const { frame, random } = this;
    const { word, elements, count } = request.sgl!;
    if (message.name.startsWith('UtilParams')) return this.params(word);
    const most = elements.includes('bucket') ? 9 : elements.includes('transmit') ? 8 : 3;
    const wanted = 1 + random.below(random.below(3) === 0 ? most : 2);
    let at = word;
    let made = 0;
    let last = word;
    for (; made < wanted && at + 3 <= FRAME_WORDS; made++) {
      last = at;
      at = this.element(at, this.pick(elements));
    }
    frame[last] = frame[last] | LAST;
    const field = request.fields.find(({ name }) => name === count);
    if (field !== undefined) put(frame, field, made);
    return at;
  }

  /** @returns the word after it. */
  private element(at: number, kind: string): number {
    const { frame, random, layout } = this;
    if (kind === 'bucket') {
      // Of the receive pool only the first half is lent: the rest must stay as it is.
      const bucket = random.below(layout.receive.count >> 1);
      return this.write(at, 0x51, layout.receive.bufferBytes, [bucket, addressOf(layout.receive, bucket)]);
    }
    if (kind === 'transmit') {
      const { transmit } = layout;
      const context = random.below(transmit.count);
      const length = 1 + random.below(transmit.bufferBytes);
      return this.write(at, 0x55, length, [context, addressOf(transmit, context)]);
    }
    if (kind === 'immediate') {
      const room = Math.max(0, FRAME_WORDS - at - 2) * 4;
      const length = Math.min(room, 1 + random.below(64));
      frame[at] = (0x4c << 24) | length;
      frame[at + 1] = layout.transmit.count + random.below(layout.immediate.count);
      for (let i = 0; i < length; i += 4) frame[at + 2 + (i >> 2)] = random.nextInt32();
      return at + 2 + ((length + 3) >> 2);
    }
    const bytes = 4 * (1 + random.below(200));
    return this.write(at, kind === 'out' ? 0x54 : 0x50, bytes, [this.controlAddress(bytes)]);
  }

  /** An operation list, in host memory or in the frame, and a buffer for the results. */
  private params(word: number): number {
    const { frame, random, words } = this;
    const operation = 1 + random.below(10);
    const list = [1, operation | (this.pick(GROUPS) << 16), this.pick([0xffff, 1, 2, 1 | (3 << 16)])];
    let at = word;
    if (random.below(2) === 0) {
      frame[at] = (0x4c << 24) | 12;
      list.forEach((value, i) => {
        frame[at + 1 + i] = value;
      });
      at += 4;
    } else {
      const address = this.controlAddress(12);
      list.forEach((value, i) => {
        words[(address >> 2) + i] = value;
      });
      at = this.write(at, 0x54, 12, [address]);
    }
    const bytes = this.pick([4, 8, 64, 512, 1024]);
    return this.write(at, 0xd0, bytes, [this.controlAddress(bytes)]);
  }

  private write(at: number, flags: number, count: number, rest: readonly number[]): number {
    this.frame[at] = (flags << 24) | count;
    rest.forEach((value, i) => {
      this.frame[at + 1 + i] = value;
    });
    return at + 1 + rest.length;
  }
}

export function addressOf(area: PoolArea, buffer: number): number {
  return area.offset + buffer * area.bufferBytes;
}

const enums = new Map(
  [CATALOGUE.frame, ...CATALOGUE.classes].flatMap(({ enums: entries }) =>
    entries.map((entry) => [entry.name, entry] as const),
  ),
);

/**
 * Good values of a field that has names for them; undefined for one that has none, or whose names are bits.
 */
export function enumValues(field: FieldEntry): readonly number[] | undefined {
  const entry = field.enum === undefined ? undefined : enums.get(field.enum);
  return entry === undefined || entry.bitSet ? undefined : entry.values.map(({ value }) => value);
}

function put(frame: Int32Array, field: FieldEntry, value: number): void {
  const width = field.high - field.low + 1;
  const mask = width === 32 ? -1 : 2 ** width - 1;
  frame[field.word] = (frame[field.word] & ~(mask << field.low)) | ((value & mask) << field.low);
}

/** A field of a frame, not negative. */
export function fieldOf(frame: Int32Array, at: number, field: FieldEntry): number {
  const width = field.high - field.low + 1;
  return ((frame[at + field.word] >>> field.low) & (width === 32 ? -1 : 2 ** width - 1)) >>> 0;
}
