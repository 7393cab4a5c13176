/**
 * Reads a request's scatter-gather list as I2O 1.5 and spec/frame.yaml have it: rules S. It is not the card's
 * reader (i2o/list/sgl-reader.ts): two that agree are better than one. What a list names is left in tables,
 * for the caller to act on once it knows that the whole request is good. A chained list lies in the host's
 * memory and is in no trace, so it is not read on.
 */
import { EXEC_SYS_MODIFY, EXEC_SYS_TAB_SET } from '../i2o/executive.gen.ts';
import {
  ELEMENT_CONTEXT_MASK,
  ELEMENT_DIRECTION_OUT,
  ELEMENT_KIND_IMMEDIATE,
  ELEMENT_LOCAL_ADDRESS,
  ELEMENT_TYPE_CHAIN,
  ELEMENT_TYPE_MASK,
  ELEMENT_TYPE_PAGE_LIST,
  ELEMENT_TYPE_SIMPLE,
  elementFieldsOf,
  elementLengthOf,
} from '../i2o/list/element-types.ts';
import {
  ELEMENT_ATTRIBUTES,
  ELEMENT_IGNORE,
  ELEMENT_LONG_TRANSACTION,
  ELEMENT_SHORT_TRANSACTION,
  ELEMENT_TRANSPORT,
} from '../i2o/list/elements.gen.ts';
import { isLastSgl, SGL_END_OF_BUFFER, sglBytesOf, sglShapeOf } from '../i2o/list/sgl.ts';
import { SOCKET_SEND_TO } from '../i2o/socket.gen.ts';
import type { TraceHead } from '../trace/sink.ts';
import { type Findings, hex } from './findings.ts';
import { ListTables } from './list-tables.ts';
import { isInControl, isInPools, touchesFrames } from './memory-areas.ts';
import {
  CLASS_FUNCTIONS,
  type MessageRow,
  SGL_BUCKET,
  SGL_IMMEDIATE,
  SGL_IN,
  SGL_OUT,
  SGL_TRANSMIT,
  TARGET_DEVICE,
  TARGET_EXECUTIVE,
} from './message-rows.ts';
import type { ReceiveBuckets } from './receive-buckets.ts';
import type { TransmitBuffers } from './transmit-buffers.ts';

const PAGE_BYTES_MIN = 64;
const NO_LAST = 'the list has no LAST_ELEMENT inside the message';

/** Bits of a batch's word 4 that are bits 16-23 of the numbers of all its sockets. */
const BATCH_ID_HIGH = 0xff_0000;

export class ListJudge extends ListTables {
  private readonly findings: Findings;
  protected readonly head: TraceHead;
  private readonly transmit: TransmitBuffers;
  private readonly receive: ReceiveBuckets;
  protected row!: MessageRow;
  private idHigh = 0;
  private pageBytes = 0;
  protected openContext = -1;
  private faults = 0;
  /** The word after the message. */
  private end = 0;
  /** A batch that does not begin with a transaction has been told of. */
  private adrift = false;

  constructor(head: TraceHead, transmit: TransmitBuffers, receive: ReceiveBuckets, findings: Findings) {
    super();
    this.head = head;
    this.transmit = transmit;
    this.receive = receive;
    this.findings = findings;
  }

  /**
   * @param at the frame's first word. @param sizeWords of the message. @param socket whose list it is; −1 for
   * nobody's.
   * @param batched the request has MULTIPLE set. @returns whether the list is good. // Hot path.
   */
  judge(
    row: MessageRow,
    words: Int32Array,
    at: number,
    sizeWords: number,
    socket: number,
    batched: boolean,
  ): boolean {
    this.row = row;
    this.socket = socket;
    this.idHigh = words[at + 4] & BATCH_ID_HIGH;
    this.clear();
    this.openContext = -1;
    this.adrift = false;
    this.faults = 0;
    this.pageBytes = this.hostPageBytes;
    this.begin();
    const end = at + sizeWords;
    this.end = end;
    let element = at + row.sglWord;
    let first = 0;
    do {
      if (element >= end) return this.fault('S-02', NO_LAST);
      first = words[element];
      // Something follows what is not the last, or it is bad itself, and never became the card's.
      const next = this.element(words, element, isLastSgl(first) ? end : end - 1, first, batched);
      if (next < 0) return false;
      element = next;
    } while (!isLastSgl(first) && !this.chained);
    if (this.openContext >= 0)
      this.fault('S-03', `buffer ${this.openContext} is not closed by END_OF_BUFFER`);
    return this.faults === 0;
  }

  protected begin(): void {}

  /** @returns the word after the element, or −1 where the list cannot be read on. */
  private element(words: Int32Array, at: number, end: number, first: number, batched: boolean): number {
    const flags = sglShapeOf(first);
    const count = sglBytesOf(first);
    if (flags === ELEMENT_SHORT_TRANSACTION || flags === ELEMENT_LONG_TRANSACTION) {
      return this.transactionElement(words, at, end, first, batched);
    }
    if (flags === ELEMENT_ATTRIBUTES) return this.attributes(words, at, end, first);
    if (
      batched &&
      this.transactions === 0 &&
      !this.adrift &&
      (flags & ~SGL_END_OF_BUFFER & ~ELEMENT_CONTEXT_MASK) !== 0
    ) {
      this.adrift = true;
      this.fault('S-08', 'an element of no transaction');
    }
    switch (flags & ELEMENT_TYPE_MASK) {
      case ELEMENT_TYPE_SIMPLE:
        return this.simple(words, at, end, flags, count);
      case ELEMENT_TYPE_PAGE_LIST:
        return this.pages(words, at, end, flags, count);
      case ELEMENT_TYPE_CHAIN:
        return this.chain(words, at, this.end, flags, count);
    }
    if ((flags & ~SGL_END_OF_BUFFER) === ELEMENT_KIND_IMMEDIATE)
      return this.immediate(words, at, end, flags, count);
    if (flags === ELEMENT_IGNORE) return this.within(at + 1 + count, end);
    if (flags === ELEMENT_TRANSPORT) return this.within(at + 1 + ((count + 3) >> 2), end);
    this.fault('S-01', `an element with flags ${hex(first >>> 24)}`);
    return -1;
  }

  private simple(words: Int32Array, at: number, end: number, flags: number, count: number): number {
    const contexts = flags & ELEMENT_CONTEXT_MASK;
    const after = at + 2 + contexts;
    if (after > end) return this.within(after, end);
    const context = contexts > 0 ? words[at + 1] : 0;
    this.piece(flags, contexts, context, words[after - 1], count, (flags & SGL_END_OF_BUFFER) !== 0);
    return after;
  }

  private pages(words: Int32Array, at: number, end: number, flags: number, count: number): number {
    const { pageBytes } = this;
    const contexts = flags & ELEMENT_CONTEXT_MASK;
    const firstPage = at + 1 + contexts;
    if (firstPage >= end) return this.within(firstPage + 1, end);
    const skipped = words[firstPage] & (pageBytes - 1);
    const after = firstPage + Math.max(1, Math.ceil((skipped + count) / pageBytes));
    if (after > end) return this.within(after, end);
    const context = contexts > 0 ? words[at + 1] : 0;
    let left = count;
    for (let page = firstPage; page < after; page++) {
      const length = Math.min(left, page === firstPage ? pageBytes - skipped : pageBytes);
      left -= length;
      const closes = left === 0 && (flags & SGL_END_OF_BUFFER) !== 0;
      this.piece(flags, page === firstPage ? contexts : 0, context, words[page], length, closes);
    }
    return after;
  }

  /** One piece of memory. // Hot path. */
  protected piece(
    flags: number,
    contexts: number,
    context: number,
    address: number,
    count: number,
    closes: boolean,
  ): void {
    const { sglAllowed } = this.row;
    this.bytes += count;
    this.pieceBytes = count;
    if (this.lends()) return;
    if (count === 0) this.fault('S-04', 'an element of 0 bytes');
    else if (address <= 0 || address + count > this.head.memory.regionBytes) {
      this.fault('S-05', `${count} bytes at ${hex(address)} are outside the region`);
    } else if (
      (flags & ELEMENT_LOCAL_ADDRESS) !== 0 &&
      this.slotPiece(flags, contexts, context, address, count)
    ) {
      this.openContext = closes ? -1 : context;
    } else if ((flags & ELEMENT_LOCAL_ADDRESS) !== 0) {
      this.fault('S-05', `${hex(address)} is card memory that was not lent`);
    } else if ((flags & ELEMENT_DIRECTION_OUT) !== 0) {
      if ((sglAllowed & SGL_TRANSMIT) !== 0) this.transmitPiece(contexts, context, address, count, closes);
      else if ((sglAllowed & SGL_OUT) !== 0) this.controlPiece(address, count, false);
      else this.fault('S-01', 'an element of memory the card would read');
    } else if ((sglAllowed & SGL_BUCKET) !== 0) {
      this.bucketPiece(contexts, context, address, count, closes);
    } else if ((sglAllowed & SGL_IN) !== 0) {
      this.controlPiece(address, count, true);
    } else {
      this.fault('S-01', 'an element of memory the card would write');
    }
  }

  /** Bytes the host has written to a slot of card memory itself. @returns whether they may lie there. */
  protected slotPiece(
    flags: number,
    contexts: number,
    context: number,
    address: number,
    count: number,
  ): boolean {
    const { transmit } = this;
    const allowed = (flags & ELEMENT_DIRECTION_OUT) !== 0 && (this.row.sglAllowed & SGL_TRANSMIT) !== 0;
    const slot = contexts > 0 ? context : this.openContext;
    if (!allowed || slot < transmit.buffers || !transmit.inside(slot, address, count)) return false;
    if (contexts > 0) this.name(slot, -1);
    else this.grow(count);
    return true;
  }

  protected transmitPiece(
    contexts: number,
    context: number,
    address: number,
    count: number,
    closes: boolean,
  ): void {
    const begins = this.openContext < 0;
    if (begins && contexts === 0) {
      this.fault('S-01', 'a transmit element without a context');
      return;
    }
    if (!begins && contexts > 0) {
      const seen = `buffer ${this.openContext} is not closed by END_OF_BUFFER before context ${context}`;
      this.fault('S-03', seen);
    }
    const buffer = contexts > 0 ? context : this.openContext;
    if (buffer < 0 || buffer >= this.transmit.buffers) {
      this.fault('S-05', `context ${hex(buffer)} is no transmit buffer`);
    } else if (!this.transmit.inside(buffer, address, count)) {
      this.fault('S-05', `${count} bytes at ${hex(address)} are not in buffer ${buffer}`);
    } else if (contexts > 0) {
      this.name(buffer, -1);
    } else {
      this.grow(count);
    }
    this.openContext = closes ? -1 : buffer;
  }

  protected bucketPiece(
    contexts: number,
    context: number,
    address: number,
    count: number,
    closes: boolean,
  ): void {
    const bucket = this.receive.at(address);
    if (contexts === 0) this.fault('S-01', 'a bucket without a context');
    else if (bucket < 0) this.fault('S-05', `${hex(address)} is no receive bucket`);
    else if (count !== this.receive.bucketBytes) this.fault('S-04', `a bucket of ${count} bytes`);
    else {
      if (!closes) this.fault('S-03', `bucket ${bucket} is not closed by END_OF_BUFFER`);
      this.elements += 1;
      this.name(context, bucket);
    }
  }

  private controlPiece(address: number, count: number, written: boolean): void {
    const { memory } = this.head;
    this.elements += 1;
    if (written && this.answerAddress === 0) this.answerAddress = address;
    if (isInControl(memory, address, count)) return;
    const lent = isInPools(memory, address, count);
    if (written || !lent) this.fault('S-05', `${count} bytes at ${hex(address)} are not in the control area`);
  }

  private immediate(words: Int32Array, at: number, end: number, flags: number, count: number): number {
    const { row, transmit } = this;
    const hasContext = row.target === TARGET_DEVICE && row.functionCode >= CLASS_FUNCTIONS;
    const after = at + (hasContext ? 2 : 1) + ((count + 3) >> 2);
    if (after > end) return this.within(after, end);
    if ((row.sglAllowed & SGL_IMMEDIATE) === 0) this.fault('S-01', 'immediate data');
    this.bytes += count;
    this.elements += 1;
    if (!hasContext) return after;
    if ((flags & SGL_END_OF_BUFFER) === 0) this.fault('S-03', 'immediate data without END_OF_BUFFER');
    const context = words[at + 1];
    if (count === 0) {
      if (row.functionCode !== SOCKET_SEND_TO) this.fault('S-04', 'immediate data of 0 bytes');
    } else if (context < transmit.buffers || context >= transmit.count) {
      this.fault('S-05', `context ${hex(context)} is no slot of card memory`);
    } else if (count > transmit.slotBytes) {
      this.fault('S-04', `immediate data of ${count} bytes, a slot has ${transmit.slotBytes}`);
    } else {
      this.pieceBytes = count;
      this.pieceWord = at + 2;
      this.name(context, -1);
      this.pieceWord = -1;
    }
    return after;
  }

  private transactionElement(
    words: Int32Array,
    at: number,
    end: number,
    first: number,
    batched: boolean,
  ): number {
    const short = sglShapeOf(first) === ELEMENT_SHORT_TRANSACTION;
    const length = short ? elementLengthOf(first) : sglBytesOf(first);
    const after = at + 1 + length;
    if (after > end) return this.within(after, end);
    if (!batched || !short || length < 1) {
      const seen = batched ? 'a transaction element without a context' : 'a transaction in a single request';
      this.fault('S-08', seen);
      return length < 1 ? -1 : after;
    }
    this.socket = elementFieldsOf(first) | this.idHigh;
    this.transactionSocket[this.transactions] = this.socket;
    this.transaction[this.transactions++] = words[at + 1];
    return after;
  }

  private attributes(words: Int32Array, at: number, end: number, first: number): number {
    const length = elementLengthOf(first);
    const after = at + 1 + length;
    if (after > end || length < 1) return this.within(Math.max(after, end + 1), end);
    const pageBytes = words[at + 1];
    if (pageBytes < PAGE_BYTES_MIN || (pageBytes & (pageBytes - 1)) !== 0) {
      this.fault('S-04', `SGL_ATTRIBUTES with pages of ${pageBytes} bytes`);
    } else this.pageBytes = pageBytes;
    return after;
  }

  private chain(words: Int32Array, at: number, end: number, flags: number, count: number): number {
    const addressAt = at + 1 + (flags & ELEMENT_CONTEXT_MASK);
    if ((flags & (ELEMENT_DIRECTION_OUT | SGL_END_OF_BUFFER)) !== 0) {
      this.fault('S-01', `an element with flags ${hex(flags)}`);
      return -1;
    }
    if (addressAt >= end) return this.within(addressAt + 1, end);
    const address = words[addressAt];
    const { memory } = this.head;
    const outside = address <= 0 || address + count > memory.regionBytes || ((address | count) & 3) !== 0;
    const inFrame = touchesFrames(memory, address, count);
    if (count === 0 || outside || inFrame) {
      const where = inFrame ? ', in a frame' : '';
      this.fault('S-07', `a chained list of ${count} bytes at ${hex(address)}${where}`);
    }
    this.chained = true;
    return addressAt + 1;
  }

  /** What the host lends the IOP for its own use may be nothing at all: no buffer of a message. */
  private lends(): boolean {
    const { row, elements } = this;
    if (row.target !== TARGET_EXECUTIVE || elements === 0) return false;
    return row.functionCode === EXEC_SYS_TAB_SET || row.functionCode === EXEC_SYS_MODIFY;
  }

  /** @returns `after`; −1 where the element ends outside the message. */
  private within(after: number, end: number): number {
    if (after <= end) return after;
    if (after === this.end) this.fault('S-02', NO_LAST);
    else this.fault('S-02', `an element ends ${after - this.end} words past the message`);
    return -1;
  }

  protected fault(rule: string, seen: string): boolean {
    this.faults += 1;
    this.findings.report(rule, this.row.index, `${this.row.name}: ${seen}`);
    return false;
  }
}
