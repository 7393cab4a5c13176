/**
 * Reads any scatter-gather list of I2O 1.5 (reference section 6): every element type, chained lists, page lists. From a
 * message's handler: where the list begins. To the handler: one piece of memory after the other, with the context it came
 * under and whether it ends a buffer. Lists that are only SIMPLE elements of one segment each have a faster way (sgl.ts and
 * the handlers' own loops).
 *
 * Nothing the host wrote is trusted. The list is copied into card memory before its first word is looked at, each chained
 * list likewise, so that what was checked is what is used. Lists are bounded in length, depth and pieces; a chained list
 * lies in memory the host may name, in no frame, and overlaps no list read before it, so that none can lead back.
 *
 * Where the reference leaves a matter open, this is how we read it (ours, not I2O's word):
 * - IGNORE: so many words follow and are skipped. TRANSPORT: so many bytes, padded to words; skipped, we have no details.
 * - ElementLength of SHORT_TRANSACTION and SGL_ATTRIBUTES, and the length of LONG_TRANSACTION: words after the first.
 * - BIT_BUCKET always has its BufferContext. IMMEDIATE_DATA has one or not: the message's to say, by `immediateContexts`.
 * - LOCAL_ADDRESS is passed on: only the message knows whether that memory of the card was lent. A local chain is refused.
 */
import { SGL_BAD_LIST, SGL_BAD_PARAMETER, SGL_TOO_LARGE } from './sgl.ts';

/** What `next` answers: the list's end, a fault (`SglReader.fault` names it), or a piece. */
export const SGL_END = 0;
export const SGL_FAULT = -1;
/** Host memory the card reads: a transmit buffer, a control buffer. */
export const SGL_PIECE_OUT = 1;
/** Host memory the card writes: a bucket, a control buffer. */
export const SGL_PIECE_IN = 2;
/** Bytes in the list itself. */
export const SGL_PIECE_IMMEDIATE = 3;
/** BIT_BUCKET: `count` bytes that are to be thrown away. It has no address. */
export const SGL_PIECE_DISCARD = 4;
/** LONG_ or SHORT_TRANSACTION: what follows belongs to it. */
export const SGL_PIECE_TRANSACTION = 5;

/** Limits, as parameter group F103 reports them. */
export const SGL_CHAIN_BYTES_MAX = 1024; // of one chained list
export const SGL_CHAIN_DEPTH_MAX = 4; // lists after the one in the frame
export const SGL_FRAGMENTS_MAX = 64; // pieces of one list with all its chains
export const SGL_PAGE_BYTES_DEFAULT = 4096;
const PAGE_BYTES_MIN = 64;
const PAGE_BYTES_MAX = 1 << 20;

/** Bits of a SIMPLE, PAGE_LIST or CHAIN_POINTER element's flags. */
const CONTEXT_MASK = 0x03;
const DIRECTION_OUT = 0x04;
const LOCAL_ADDRESS = 0x08;
const END_OF_BUFFER = 0x40;
const ATTRIBUTE_64BIT_CONTEXT = 0x0004;
const ATTRIBUTES_KNOWN = 0x0704;

const TYPE_IGNORE = 1;
const TYPE_TRANSPORT = 2;
const TYPE_BIT_BUCKET = 3;
const TYPE_IMMEDIATE = 4;
const TYPE_SIMPLE = 5;
const TYPE_PAGE_LIST = 6;
const TYPE_CHAIN = 7;
const TYPE_LONG_TRANSACTION = 8;
const TYPE_SHORT_TRANSACTION = 9;
const TYPE_ATTRIBUTES = 10;

/** Type by flags without LAST_ELEMENT; 0: reserved or invalid. */
const TYPES = new Uint8Array(128);
TYPES[0x00] = TYPE_IGNORE;
TYPES[0x04] = TYPE_TRANSPORT;
TYPES.fill(TYPE_SIMPLE, 0x10, 0x20);
TYPES.fill(TYPE_PAGE_LIST, 0x20, 0x30);
TYPES.fill(TYPE_SIMPLE, 0x50, 0x60);
TYPES.fill(TYPE_PAGE_LIST, 0x60, 0x70);
TYPES.fill(TYPE_CHAIN, 0x30, 0x34);
TYPES.fill(TYPE_CHAIN, 0x38, 0x3c);
TYPES[0x08] = TYPE_BIT_BUCKET;
TYPES[0x48] = TYPE_BIT_BUCKET;
TYPES[0x0c] = TYPE_IMMEDIATE;
TYPES[0x4c] = TYPE_IMMEDIATE;
TYPES[0x40] = TYPE_LONG_TRANSACTION;
TYPES[0x70] = TYPE_SHORT_TRANSACTION;
TYPES[0x7c] = TYPE_ATTRIBUTES;

/** Memory a chained list may lie in: `length` bytes from `offset` on. */
export interface SglArea {
  readonly offset: number;
  readonly byteLength: number;
}

export class SglReader {
  /** Bytes of a host page, a power of two: what OutboundInit said. A list's SGL_ATTRIBUTES may say otherwise for itself. */
  hostPageBytes = SGL_PAGE_BYTES_DEFAULT;
  /** Of the latest piece. Context words that are not present are 0. */
  context = 0;
  context1 = 0;
  context2 = 0;
  /** How many context words the piece has, 0 to 3: 0 on all but the first piece of a buffer. */
  contextWords = 0;
  address = 0;
  /** Bytes; of a transaction 0. */
  count = 0;
  /** 1: the piece ends its buffer. */
  endOfBuffer = 0;
  /** 1: `address` is the card's memory, not the host's. */
  local = 0;
  /** Of a SHORT_TRANSACTION. */
  classFields = 0;
  /** After SGL_FAULT: SGL_BAD_LIST, SGL_BAD_PARAMETER or SGL_TOO_LARGE, which are DetailedStatusCodes. */
  fault = 0;
  /** Byte offset in the frame of the element the latest piece or fault is of; of a chained one, of its chain pointer. */
  errorOffset = 0;
  private readonly words: Int32Array;
  private readonly regionBytes: number;
  private readonly areas: readonly SglArea[];
  /** The list being read, in card memory. */
  private readonly list = new Int32Array(SGL_CHAIN_BYTES_MAX / 4);
  /** Byte address in the region of the list's first word: immediate data is fetched from there. */
  private listAddress = 0;
  private at = 0;
  private end = 0;
  private last = false;
  private immediateContext = 0;
  private pageBytes = 0;
  private fragments = 0;
  private depth = 0;
  private readonly chainStart = new Int32Array(SGL_CHAIN_DEPTH_MAX + 1);
  private readonly chainEnd = new Int32Array(SGL_CHAIN_DEPTH_MAX + 1);
  private sglWord = 0;
  /** The page list that is being yielded: bytes left of it, and the flags of its element. */
  private pageLeft = 0;
  private pageFlags = 0;

  /** @param words views the region whole. @param areas memory of the host where chained lists may lie. */
  constructor(words: Int32Array, areas: readonly SglArea[]) {
    this.words = words;
    this.regionBytes = words.length * 4;
    this.areas = areas;
  }

  /**
   * Begins with the list in a frame.
   * @param sglWord words from the frame to the list. @param sizeWords of the message, at most a frame's.
   * @param immediateContexts whether IMMEDIATE_DATA has a context word, as the socket class's has.
   */
  open(frame: number, sglWord: number, sizeWords: number, immediateContexts: boolean): void {
    this.immediateContext = immediateContexts ? 1 : 0;
    this.pageBytes = this.hostPageBytes;
    this.fragments = 0;
    this.depth = 0;
    this.last = false;
    this.pageLeft = 0;
    this.fault = 0;
    this.sglWord = sglWord;
    this.chainStart[0] = frame << 2;
    this.chainEnd[0] = (frame + sizeWords) << 2;
    this.load((frame + sglWord) << 2, Math.max(0, sizeWords - sglWord));
  }

  /** The next piece. @returns SGL_PIECE_…, SGL_END or SGL_FAULT; after these two the list is not read on. */
  next(): number {
    if (this.pageLeft > 0) return this.page();
    while (!this.last) {
      if (this.fault !== 0) return SGL_FAULT;
      const { at } = this;
      if (at >= this.end) return this.fail(SGL_BAD_LIST);
      const first = this.list[at];
      if (this.depth === 0) this.errorOffset = (this.sglWord + at) << 2;
      this.last = first < 0;
      const piece = this.element(first, (first >>> 24) & 0x7f);
      if (piece !== SGL_END) return piece;
    }
    return this.fault === 0 ? SGL_END : SGL_FAULT;
  }

  /** One element. @returns a piece, SGL_FAULT, or SGL_END where it yields nothing. */
  private element(first: number, flags: number): number {
    const count = first & 0xffffff;
    switch (TYPES[flags]) {
      case TYPE_SIMPLE:
        return this.simple(flags, count);
      case TYPE_PAGE_LIST:
        return this.pageList(flags, count);
      case TYPE_IMMEDIATE:
        return this.immediate(flags, count);
      case TYPE_BIT_BUCKET:
        return this.bitBucket(flags, count);
      case TYPE_CHAIN:
        return this.chain(flags, count);
      case TYPE_IGNORE:
        return this.skip(count);
      case TYPE_TRANSPORT:
        return this.skip((count + 3) >> 2);
      case TYPE_SHORT_TRANSACTION:
        return this.transaction(first & 0xffff, (first >>> 16) & 0xff);
      case TYPE_LONG_TRANSACTION:
        return this.transaction(0, count);
      case TYPE_ATTRIBUTES:
        return this.attributes(first & 0xffff, (first >>> 16) & 0xff);
      default:
        return this.fail(SGL_BAD_LIST);
    }
  }

  private simple(flags: number, count: number): number {
    const { list, at } = this;
    const contextWords = flags & CONTEXT_MASK;
    const after = at + 2 + contextWords;
    if (after > this.end) return this.fail(SGL_BAD_LIST);
    this.takeContext(at + 1, contextWords);
    this.at = after;
    return this.piece(flags, list[after - 1], count, flags & END_OF_BUFFER);
  }

  /** Finds how many pages there are, then yields the first. */
  private pageList(flags: number, count: number): number {
    const { list, at, pageBytes } = this;
    const contextWords = flags & CONTEXT_MASK;
    const firstPage = at + 1 + contextWords;
    if (firstPage >= this.end) return this.fail(SGL_BAD_LIST);
    if (count === 0) return this.fail(SGL_BAD_PARAMETER);
    const skipped = list[firstPage] & (pageBytes - 1);
    if (firstPage + Math.ceil((skipped + count) / pageBytes) > this.end) return this.fail(SGL_BAD_LIST);
    this.takeContext(at + 1, contextWords);
    this.at = firstPage;
    this.pageLeft = count;
    this.pageFlags = flags;
    return this.yieldPage(pageBytes - skipped);
  }

  private page(): number {
    this.takeContext(0, 0);
    // Only the first page may be entered in its middle.
    if ((this.list[this.at] & (this.pageBytes - 1)) !== 0) return this.fail(SGL_BAD_PARAMETER);
    return this.yieldPage(this.pageBytes);
  }

  private yieldPage(roomBytes: number): number {
    const count = Math.min(roomBytes, this.pageLeft);
    const address = this.list[this.at];
    this.at += 1;
    this.pageLeft -= count;
    return this.piece(
      this.pageFlags,
      address,
      count,
      this.pageLeft === 0 ? this.pageFlags & END_OF_BUFFER : 0,
    );
  }

  private piece(flags: number, address: number, count: number, endOfBuffer: number): number {
    // An address is a positive int32: the region ends below 2 GiB.
    if (count === 0 || address <= 0 || address > this.regionBytes - count)
      return this.fail(SGL_BAD_PARAMETER);
    if (++this.fragments > SGL_FRAGMENTS_MAX) return this.fail(SGL_TOO_LARGE);
    this.address = address;
    this.count = count;
    this.endOfBuffer = endOfBuffer === 0 ? 0 : 1;
    this.local = (flags & LOCAL_ADDRESS) === 0 ? 0 : 1;
    return (flags & DIRECTION_OUT) === 0 ? SGL_PIECE_IN : SGL_PIECE_OUT;
  }

  private immediate(flags: number, count: number): number {
    const data = this.at + 1 + this.immediateContext;
    const after = data + ((count + 3) >> 2);
    if (after > this.end) return this.fail(SGL_BAD_LIST);
    if (++this.fragments > SGL_FRAGMENTS_MAX) return this.fail(SGL_TOO_LARGE);
    this.takeContext(this.at + 1, this.immediateContext);
    this.address = this.listAddress + (data << 2);
    this.count = count;
    this.endOfBuffer = flags >>> 6;
    this.local = 0;
    this.at = after;
    return SGL_PIECE_IMMEDIATE;
  }

  private bitBucket(flags: number, count: number): number {
    if (this.at + 2 > this.end) return this.fail(SGL_BAD_LIST);
    if (count === 0) return this.fail(SGL_BAD_PARAMETER);
    if (++this.fragments > SGL_FRAGMENTS_MAX) return this.fail(SGL_TOO_LARGE);
    this.takeContext(this.at + 1, 1);
    this.address = 0;
    this.count = count;
    this.endOfBuffer = flags >>> 6;
    this.local = 0;
    this.at += 2;
    return SGL_PIECE_DISCARD;
  }

  private transaction(classFields: number, words: number): number {
    if (words < 1 || this.at + 1 + words > this.end) return this.fail(SGL_BAD_LIST);
    if (++this.fragments > SGL_FRAGMENTS_MAX) return this.fail(SGL_TOO_LARGE);
    this.takeContext(this.at + 1, 1);
    this.classFields = classFields;
    this.address = 0;
    this.count = 0;
    this.endOfBuffer = 0;
    this.local = 0;
    this.at += 1 + words;
    return SGL_PIECE_TRANSACTION;
  }

  private attributes(attributes: number, words: number): number {
    if (words < 1 || this.at + 1 + words > this.end) return this.fail(SGL_BAD_LIST);
    const pageBytes = this.list[this.at + 1];
    const good =
      pageBytes >= PAGE_BYTES_MIN && pageBytes <= PAGE_BYTES_MAX && (pageBytes & (pageBytes - 1)) === 0;
    // The hints tell us nothing we need; contexts of 64 bits we do not keep.
    if (!good || (attributes & ~ATTRIBUTES_KNOWN) !== 0 || (attributes & ATTRIBUTE_64BIT_CONTEXT) !== 0) {
      return this.fail(SGL_BAD_PARAMETER);
    }
    this.pageBytes = pageBytes;
    return this.skip(words);
  }

  private skip(words: number): number {
    const after = this.at + 1 + words;
    if (after > this.end) return this.fail(SGL_BAD_LIST);
    this.at = after;
    return SGL_END;
  }

  /** The list goes on elsewhere; what follows the pointer here is no part of it. */
  private chain(flags: number, count: number): number {
    const addressWord = this.at + 1 + (flags & CONTEXT_MASK);
    if (addressWord >= this.end) return this.fail(SGL_BAD_LIST);
    const address = this.list[addressWord];
    if (count > SGL_CHAIN_BYTES_MAX || this.depth === SGL_CHAIN_DEPTH_MAX) return this.fail(SGL_TOO_LARGE);
    if (
      count === 0 ||
      ((count | address) & 3) !== 0 ||
      (flags & LOCAL_ADDRESS) !== 0 ||
      !this.isHost(address, count)
    ) {
      return this.fail(SGL_BAD_PARAMETER);
    }
    for (let i = 0; i <= this.depth; i++) {
      if (address < this.chainEnd[i] && address + count > this.chainStart[i]) return this.fail(SGL_BAD_LIST);
    }
    this.depth += 1;
    this.chainStart[this.depth] = address;
    this.chainEnd[this.depth] = address + count;
    this.load(address, count >> 2);
    this.last = false;
    return SGL_END;
  }

  private isHost(address: number, count: number): boolean {
    const { areas } = this;
    for (let i = 0; i < areas.length; i++) {
      const { offset, byteLength } = areas[i];
      if (address >= offset && address <= offset + byteLength - count) return true;
    }
    return false;
  }

  /** Reads a list into card memory, once. */
  private load(address: number, count: number): void {
    const { words, list } = this;
    const first = address >> 2;
    for (let i = 0; i < count; i++) list[i] = words[first + i];
    this.listAddress = address;
    this.at = 0;
    this.end = count;
  }

  private takeContext(at: number, contextWords: number): void {
    const { list } = this;
    this.contextWords = contextWords;
    this.context = contextWords > 0 ? list[at] : 0;
    this.context1 = contextWords > 1 ? list[at + 1] : 0;
    this.context2 = contextWords > 2 ? list[at + 2] : 0;
  }

  private fail(fault: number): number {
    this.fault = fault;
    this.last = true;
    this.pageLeft = 0;
    return SGL_FAULT;
  }
}
