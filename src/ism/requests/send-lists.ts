/**
 * Reads the lists of sends buffer by buffer: what each element names is checked against the transmit buffers
 * and the card's immediate memory, taken from the host, and gathered as pieces for the stack. From the list
 * reader of i2o: pieces of memory. To `list-sends`: whole buffers.
 *
 * A buffer that is refused never became the card's, so that its context is not answered. A buffer that is
 * taken is answered once, whatever follows it.
 */
import { assert } from '../../assert/assert.ts';
import type { DmaEngine } from '../../dma/engine.ts';
import { SGL_BAD_LIST, SGL_BAD_PARAMETER } from '../../i2o/list/sgl.ts';
import {
  SGL_END,
  SGL_FAULT,
  SGL_FRAGMENTS_MAX,
  SGL_PIECE_IMMEDIATE,
  SGL_PIECE_OUT,
  SGL_PIECE_TRANSACTION,
  type SglReader,
} from '../../i2o/list/sgl-reader.ts';
import { CARD_IMMEDIATE_COPIES } from '../../ledger/counters.gen.ts';
import type { SendBuffers } from '../sockets/send-buffers.ts';

/** What `next` answers: the list has ended. */
export const LIST_END = 0;
/** A buffer has been read whole: pieces `from` to `to - 1`. */
export const LIST_BUFFER = 1;
/** A transaction begins: `reader.context` is its context, `reader.classFields` its socket. */
export const LIST_TRANSACTION = 2;
/** An element is refused: `fault` and `errorOffset` say why. What follows can be read. */
export const LIST_BAD = 3;
/** The list cannot be read on: `fault` and `errorOffset` say why. */
export const LIST_FAULT = 4;

const NO_CONTEXT = -1;

export class SendLists {
  readonly reader: SglReader;
  /**
   * The pieces of the whole list so far. Only the last piece of a buffer has its context; that of the others
   * is -1.
   */
  readonly address = new Int32Array(SGL_FRAGMENTS_MAX);
  readonly length = new Int32Array(SGL_FRAGMENTS_MAX);
  readonly context = new Int32Array(SGL_FRAGMENTS_MAX);
  /** The latest buffer: pieces `from` to `to - 1`. */
  from = 0;
  to = 0;
  /** DetailedStatusCode of the latest LIST_BAD or LIST_FAULT, and the element's byte offset in the frame. */
  fault = 0;
  errorOffset = 0;
  private readonly dma: DmaEngine;
  private readonly sendBuffers: SendBuffers;
  private tag = 0;
  private emptyAllowed = false;
  /** Context of the buffer whose end has not been read; NO_CONTEXT: none. */
  private open = NO_CONTEXT;
  /** A buffer was refused, and what is left of it is being passed over. */
  private skipping = false;

  constructor(reader: SglReader, dma: DmaEngine, sendBuffers: SendBuffers) {
    this.reader = reader;
    this.dma = dma;
    this.sendBuffers = sendBuffers;
  }

  /**
   * Begins a list. @param tag `CardSocket.tag` of the socket it is for.
   * @param emptyAllowed an immediate element of no bytes is a buffer of its own, without a context: an empty
   * datagram.
   */
  begin(frame: number, sglWord: number, sizeWords: number, tag: number, emptyAllowed: boolean): void {
    assert(this.open === NO_CONTEXT, 'send lists: no buffer is left open when a list begins');
    this.reader.open(frame, sglWord, sizeWords, true);
    this.from = 0;
    this.to = 0;
    this.fault = 0;
    this.skipping = false;
    this.tag = tag;
    this.emptyAllowed = emptyAllowed;
  }

  /** Says whom the buffers that follow are for. @param tag `CardSocket.tag` of the socket. */
  setTag(tag: number): void {
    this.tag = tag;
  }

  /** The next buffer, transaction or fault. @returns LIST_… */
  next(): number {
    const { reader } = this;
    this.from = this.to;
    for (;;) {
      switch (reader.next()) {
        case SGL_PIECE_OUT: {
          const outcome = this.piece();
          if (outcome !== LIST_END) return outcome;
          break;
        }
        case SGL_PIECE_IMMEDIATE:
          return this.open === NO_CONTEXT ? this.immediate() : this.refuse(SGL_BAD_LIST);
        case SGL_PIECE_TRANSACTION:
          if (this.open !== NO_CONTEXT) return this.fail(SGL_BAD_LIST);
          this.skipping = false;
          return LIST_TRANSACTION;
        case SGL_END:
          return this.open === NO_CONTEXT ? LIST_END : this.fail(SGL_BAD_LIST);
        case SGL_FAULT:
          return this.fail(reader.fault);
        default:
          return this.refuse(SGL_BAD_LIST);
      }
    }
  }

  /** One segment of a transmit buffer. @returns LIST_END while the buffer goes on. */
  private piece(): number {
    const { reader, sendBuffers } = this;
    const { endOfBuffer } = reader;
    if (this.skipping) {
      this.skipping = endOfBuffer === 0;
      return LIST_END;
    }
    if (this.open === NO_CONTEXT) {
      // The context comes with the first segment of a buffer, and only there.
      if (reader.contextWords !== 1 || !sendBuffers.begin(reader.context, this.tag)) {
        return this.refuse(SGL_BAD_PARAMETER);
      }
      this.open = reader.context;
    } else if (reader.contextWords !== 0) {
      return this.refuse(SGL_BAD_LIST);
    }
    if (!sendBuffers.contains(this.open, reader.address, reader.count, reader.local !== 0)) {
      return this.refuse(SGL_BAD_PARAMETER);
    }
    this.add(reader.address, reader.count);
    if (endOfBuffer === 0) return LIST_END;
    this.context[this.to - 1] = this.open;
    this.open = NO_CONTEXT;
    return LIST_BUFFER;
  }

  /** Immediate data: a buffer of its own, copied to card memory. */
  private immediate(): number {
    const { reader, sendBuffers } = this;
    if (this.skipping) return this.refuse(SGL_BAD_LIST);
    if (reader.endOfBuffer === 0) return this.refuse(SGL_BAD_LIST);
    if (reader.count === 0 && this.emptyAllowed) {
      this.add(0, 0);
      return LIST_BUFFER;
    }
    const address = sendBuffers.acceptImmediate(reader.context, reader.count, this.tag);
    if (address < 0) return this.refuse(SGL_BAD_PARAMETER);
    this.dma.move(CARD_IMMEDIATE_COPIES, reader.address, address, reader.count);
    this.add(address, reader.count);
    this.context[this.to - 1] = reader.context;
    return LIST_BUFFER;
  }

  /** Adds a piece, or lengthens the one before it where that ends at the same address in the same buffer. */
  private add(address: number, length: number): void {
    assert(length >= 0, 'send lists: a piece has no negative length');
    const last = this.to - 1;
    if (last >= this.from && this.address[last] + this.length[last] === address) {
      this.length[last] = this.length[last] + length;
      return;
    }
    assert(this.to < SGL_FRAGMENTS_MAX, 'send lists: the pieces of a list fit their table');
    this.address[this.to] = address;
    this.length[this.to] = length;
    this.context[this.to] = NO_CONTEXT;
    this.to += 1;
  }

  /** Refuses the buffer that is open, or the element where none is. */
  private refuse(fault: number): number {
    if (this.open !== NO_CONTEXT) this.sendBuffers.forget(this.open);
    this.open = NO_CONTEXT;
    this.to = this.from;
    this.skipping = this.reader.endOfBuffer === 0;
    this.fault = fault;
    this.errorOffset = this.reader.errorOffset;
    return LIST_BAD;
  }

  /** The list cannot be read on: the buffer that is open is refused. */
  private fail(fault: number): number {
    this.refuse(fault);
    return LIST_FAULT;
  }
}
