/**
 * One frame in words: its message by name, every field by name, status, contexts, list elements. All names
 * come from the spec (spec/catalogue.ts), so that a message added there is known here. Nothing is assumed of
 * the frame: what it does not hold, or what nobody knows, is told as a trouble.
 */
import { creditGrowthBytes, creditSocketId } from '../../i2o/credit.ts';
import {
  PRIVATE_ECHO,
  REQUEST_STATUS_ERROR_NO_DATA,
  REQUEST_STATUS_PROGRESS_REPORT,
  REQUEST_STATUS_SUCCESS,
  REQUEST_STATUS_TRANSACTION_ERROR,
} from '../../i2o/executive.gen.ts';
import {
  FLAG_FAIL,
  FLAG_LAST,
  FLAG_MULTIPLE,
  FLAG_REPLY,
  frameDetailedStatus,
  frameFlags,
  frameFunction,
  frameInitiator,
  frameInitiatorContext,
  frameRequestStatus,
  frameSglOffset,
  frameSizeWords,
  frameTarget,
  frameTransactionContext,
  frameVersion,
  HEADER_WORDS,
  VERSION_1_5,
} from '../../i2o/frame.ts';
import { IOP_TID } from '../../i2o/tids.ts';
import { messageOf, structureNamed } from '../../spec/catalogue.ts';
import type { FieldEntry, LayoutEntry, MessageEntry } from '../../spec/entries.ts';
import { OUTBOUND } from '../sink.ts';
import { type DecodedElement, decodeSgl } from './sgl.ts';
import {
  contextText,
  enumText,
  errnoText,
  fieldBits,
  fieldValue,
  hexText,
  type Value,
  type Values,
} from './values.ts';

export type FrameForm = 'request' | 'reply' | 'progress' | 'failure';

export interface DecodedFrame {
  /** `SocketSend`, or `function 0x..` where nobody knows it. */
  readonly message: string;
  readonly form: FrameForm;
  /** Words of the whole message, as its header says. */
  readonly sizeWords: number;
  readonly target: number;
  readonly initiator: number;
  readonly functionCode: number;
  readonly initiatorContext: number;
  /** Absent where word 3 is a field of the message's own. */
  readonly transactionContext?: number;
  /** ReqStatus, and DetailedStatusCode by name; absent in requests and where word 4 holds something else. */
  readonly status?: string;
  readonly detail?: Value;
  readonly fields: Values;
  /** List elements by their fields: receive records, contexts, socket numbers. */
  readonly list: readonly Values[];
  readonly elements: readonly DecodedElement[];
  /** Sockets the frame names, in the order it does. */
  readonly sockets: readonly number[];
  /** Contexts of transmit memory that it gives back. */
  readonly contexts: readonly number[];
  /** What cannot be, in words; empty for a sound frame. */
  readonly trouble: string;
}

const NO_CLASS = 'unknown class';
/** What classes with codes of their own refuse by. */
const OWN_CODES: Readonly<Record<string, string>> = {
  lan: 'LanDetailedStatus',
  window: 'WindowDetailedStatus',
};
/** Classes in whose lists immediate data has a context. */
const WITH_CONTEXTS: readonly string[] = ['socket', 'lan', 'window'];
const ERRNO_FIELDS = ['outcome'];
/** Bits of a batch's word 4 that are bits 16-23 of the numbers of all its sockets. */
const BATCH_ID_HIGH = 0xff_0000;

/**
 * @param frameWords words there are from `at` on.
 * @param device class of what is behind the device's TID, as in `socket`.
 */
export function decodeFrame(
  direction: number,
  words: Int32Array,
  at: number,
  frameWords: number,
  device: string,
): DecodedFrame {
  const frame = new FrameReading(words, at, frameWords, device);
  if (direction === OUTBOUND || (frame.flags & FLAG_REPLY) !== 0) frame.reply();
  else frame.request();
  return frame.result();
}

class FrameReading {
  readonly flags: number;
  private readonly words: Int32Array;
  private readonly at: number;
  /** Words of the message that are there. */
  private readonly size: number;
  private readonly sizeWords: number;
  private readonly functionCode: number;
  private readonly target: number;
  private readonly className: string;
  private readonly entry: MessageEntry | undefined;
  private form: FrameForm = 'request';
  private status: { status?: string; detail?: Value } = {};
  private ownWord3 = false;
  private fields: Record<string, Value> = {};
  private list: Values[] = [];
  private elements: readonly DecodedElement[] = [];
  private sockets: number[] = [];
  private contexts: number[] = [];
  private trouble = '';

  constructor(words: Int32Array, at: number, frameWords: number, device: string) {
    this.words = words;
    this.at = at;
    const version = frameVersion(words, at);
    this.flags = frameFlags(words, at);
    this.sizeWords = frameSizeWords(words, at);
    this.size = Math.min(this.sizeWords, frameWords);
    this.target = frameTarget(words, at);
    this.functionCode = frameFunction(words, at);
    this.className = this.target === IOP_TID || device === 'echo' ? 'executive' : device;
    // The private function is the echo module's, whatever class is behind the device.
    const isPrivate = this.functionCode === PRIVATE_ECHO;
    this.entry = messageOf(isPrivate ? 'executive' : this.className, this.functionCode);
    if (version !== VERSION_1_5) this.trouble = `version ${version}`;
    else if (this.sizeWords > frameWords)
      this.trouble = `size of ${this.sizeWords} words in a frame of ${frameWords}`;
    else if (this.sizeWords < HEADER_WORDS) this.trouble = `size of ${this.sizeWords} words`;
    else if (this.entry === undefined) this.trouble = 'unknown function';
  }

  request(): void {
    if (this.entry === undefined) return;
    this.layout(this.entry.request, this.size);
  }

  reply(): void {
    const { words, at, entry } = this;
    this.form = 'reply';
    if ((this.flags & FLAG_FAIL) !== 0) {
      this.form = 'failure';
      this.structure('FailureRecord');
      return;
    }
    if (entry?.replyForm === 'overlaid' && entry.reply !== undefined) {
      if ((this.flags & FLAG_LAST) === 0) this.form = 'progress';
      this.layout(entry.reply, this.size);
      return;
    }
    if (this.size < 5) {
      this.trouble ||= `a reply of ${this.sizeWords} words`;
      return;
    }
    const requestStatus = frameRequestStatus(words, at);
    if (requestStatus === REQUEST_STATUS_PROGRESS_REPORT) this.form = 'progress';
    if (requestStatus === REQUEST_STATUS_TRANSACTION_ERROR) {
      this.structure('TransactionErrorReply');
      this.status = { status: 'TransactionError', detail: this.fields['detailedStatus'] ?? 0 };
      const { errorOffset = 0 } = this.fields;
      this.fields = errorOffset === 0 ? {} : { errorOffset };
      return;
    }
    this.statusOf(requestStatus, frameDetailedStatus(words, at));
    if (entry?.reply === undefined) return;
    if (entry.replyForm === 'multiple' && (this.flags & FLAG_MULTIPLE) === 0) return;
    if (this.size >= entry.reply.words) this.layout(entry.reply, this.size);
    else if (requestStatus === REQUEST_STATUS_SUCCESS) this.trouble ||= `a reply of ${this.sizeWords} words`;
  }

  result(): DecodedFrame {
    const { words, at } = this;
    return {
      message: this.entry?.name ?? `function ${hexText(this.functionCode)}`,
      form: this.form,
      sizeWords: this.sizeWords,
      target: this.target,
      initiator: frameInitiator(words, at),
      functionCode: this.functionCode,
      initiatorContext: frameInitiatorContext(words, at) >>> 0,
      ...(this.ownWord3 || this.size < 4
        ? {}
        : { transactionContext: frameTransactionContext(words, at) >>> 0 }),
      ...this.status,
      fields: this.fields,
      list: this.list,
      elements: this.elements,
      sockets: [...new Set(this.sockets)],
      contexts: this.contexts,
      trouble: this.trouble,
    };
  }

  /** A SocketSend whose list says itself whose each part is. */
  private get isBatch(): boolean {
    const several = (this.flags & (FLAG_MULTIPLE | FLAG_REPLY)) === FLAG_MULTIPLE;
    return several && this.entry?.className === 'socket';
  }

  private statusOf(requestStatus: number, detailed: number): void {
    const status = enumText('RequestStatus', requestStatus);
    if (requestStatus === REQUEST_STATUS_SUCCESS && detailed === 0) this.status = { status };
    else if (this.className === 'socket') this.status = { status, detail: errnoText(detailed) };
    else if (this.hasOwnCodes(requestStatus)) {
      const codes = OWN_CODES[this.entry?.className ?? NO_CLASS];
      this.status = { status, detail: enumText(codes, detailed) };
    } else this.status = { status, detail: enumText('DetailedStatus', detailed) };
  }

  /** Whether word 4 has a code of the class's own: not where the device does not know the function. */
  private hasOwnCodes(requestStatus: number): boolean {
    const unserved =
      this.entry === undefined || this.entry.errno.some(({ name }) => name === 'UnsupportedFunction');
    const { className = NO_CLASS } = this.entry ?? {};
    return className in OWN_CODES && !(unserved && requestStatus === REQUEST_STATUS_ERROR_NO_DATA);
  }

  /** Fields, then what ends the message: a list, or a scatter-gather list. */
  private layout(layout: LayoutEntry, size: number): void {
    this.ownWord3 = layout.fields.some(({ word }) => word === 3);
    if (size < layout.words) {
      this.trouble ||= `${size} words where ${layout.words} are needed`;
      return;
    }
    for (const field of layout.fields) this.field(field);
    if (layout.list !== undefined) this.listOf(layout, size);
    if (layout.sgl !== undefined) {
      const { words, at } = this;
      const first = frameSglOffset(words, at) || layout.sgl.word;
      const { elements, trouble } = decodeSgl(
        words,
        at + first,
        at + size,
        WITH_CONTEXTS.includes(this.entry?.className ?? NO_CLASS),
        this.isBatch ? words[at + 4] & BATCH_ID_HIGH : 0,
      );
      this.elements = elements.map((element) => ({
        ...element,
        word: element.word - at,
        ...(element.dataWord !== undefined && { dataWord: element.dataWord - at }),
      }));
      this.trouble ||= trouble;
    }
  }

  private structure(name: string): void {
    const structure = structureNamed(name);
    if (structure === undefined || this.size < structure.words) {
      this.trouble ||= `a ${name} of ${this.sizeWords} words`;
      return;
    }
    for (const field of structure.fields) {
      if (field.name !== 'transactionContext')
        this.fields[field.name] = fieldValue(field, NO_CLASS, this.words, this.at);
    }
  }

  private field(field: FieldEntry): void {
    const className = this.entry?.className ?? NO_CLASS;
    this.fields[field.name] = fieldValue(field, className, this.words, this.at);
    if (className === 'socket' && isSocket(field.name) && !this.isBatch)
      this.sockets.push(fieldBits(field, this.words, this.at));
  }

  private listOf(layout: LayoutEntry, size: number): void {
    const { words, at } = this;
    const list = layout.list!;
    const count = Number(this.fields['count'] ?? 0);
    // Contexts may come with what has become of each: two words an element, where one is the list's own.
    const outcomes = list.structure === undefined && this.fields['trlElementWords'] === 1;
    const stride = outcomes ? 2 : list.stride;
    if (list.word + count * stride > size) {
      this.trouble ||= `${count} elements in ${size} words`;
      return;
    }
    const structure = structureNamed(outcomes ? 'TransactionOutcome' : (list.structure ?? ''));
    for (let i = 0; i < count; i++) {
      const element = at + list.word + i * stride;
      if (structure !== undefined) this.structured(structure, element);
      else this.plain(list.name, stride, words, element);
    }
  }

  private structured(structure: LayoutEntry, element: number): void {
    const { words } = this;
    const values: Record<string, Value> = {};
    for (const field of structure.fields) {
      const bits = fieldBits(field, words, element);
      const errno = field.name === 'status' || ERRNO_FIELDS.includes(field.name);
      values[field.name] =
        errno && bits > 0
          ? errnoText(bits)
          : fieldValue(field, this.entry?.className ?? NO_CLASS, words, element);
      if (isSocket(field.name)) this.sockets.push(bits);
    }
    this.list.push(values);
  }

  /** Elements of a word or two without a structure: contexts, socket numbers, pairs of socket and bytes. */
  private plain(name: string, stride: number, words: Int32Array, element: number): void {
    const first = words[element] >>> 0;
    if (name === 'context') {
      this.contexts.push(first);
      this.list.push({ context: contextText(first) });
      return;
    }
    if (stride !== 2) {
      this.sockets.push(first);
      this.list.push({ [name]: first });
      return;
    }
    const socketId = creditSocketId(first, words[this.at + 4]);
    const growth = creditGrowthBytes(first);
    this.sockets.push(socketId);
    this.list.push({ socketId, ...(growth !== 0 && { growth }), bytes: words[element + 1] >>> 0 });
  }
}

function isSocket(name: string): boolean {
  return name === 'socketId' || name === 'listenerId' || name === 'acceptedId';
}
