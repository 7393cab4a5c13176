/**
 * Reads any scatter-gather list of I2O 1.5: every type of element, chained lists and page lists. (The SIG's
 * header i2omsg.h, in FreeBSD sys/dev/asr, has the flags.) A message's handler says where the list begins,
 * and is given one piece of memory after the other, with the context it came under and whether it ends a
 * buffer. Lists of only SIMPLE elements, each a buffer of its own, have a faster way: sgl.ts and the
 * handlers' own loops.
 *
 * Nothing that the host wrote is trusted. Every list is copied into card memory before its first word is
 * looked at, so that what was checked is what is used. Lists are bounded in length, depth and pieces. A
 * chained list must lie in memory that the host may name, in no frame, and overlap no list read before it, so
 * that no chain leads back.
 *
 * The published headers leave some matters open. This is how we read them (ours, not I2O's word):
 * - IGNORE: as many words as its count follow and are skipped. TRANSPORT: as many bytes, padded to words,
 *   likewise.
 * - ElementLength of SHORT_TRANSACTION and SGL_ATTRIBUTES, and the length of LONG_TRANSACTION, count the
 *   words after the first.
 * - BIT_BUCKET always has a context. Whether IMMEDIATE_DATA has one, the message says by `immediateContexts`.
 * - LOCAL_ADDRESS is passed on, since only the message knows whether that memory of the card was lent. A
 *   local chain is refused.
 */
import { assert } from '../../assert/assert.ts';
import { ELEMENT_CONTEXT_MASK, ELEMENT_DIRECTION_OUT, ELEMENT_LOCAL_ADDRESS } from './element-types.ts';
import { SGL_BAD_LIST, SGL_BAD_PARAMETER, SGL_END_OF_BUFFER, SGL_TOO_LARGE } from './sgl.ts';
import {
  ATTRIBUTE_64BIT_CONTEXT,
  ATTRIBUTES_KNOWN,
  checkPageSizes,
  TYPE_ATTRIBUTES,
  TYPE_BIT_BUCKET,
  TYPE_CHAIN,
  TYPE_IGNORE,
  TYPE_IMMEDIATE,
  TYPE_LONG_TRANSACTION,
  TYPE_PAGE_LIST,
  TYPE_SHORT_TRANSACTION,
  TYPE_SIMPLE,
  TYPE_TRANSPORT,
  TYPES,
} from './sgl-types.ts';

/**
 * Answers of `next`: the list has ended; it has a fault, which `fault` names; or one of the kinds of piece.
 */
export const SGL_END = 0;
export const SGL_FAULT = -1;
/** Host memory the card reads: a transmit buffer, a control buffer. */
export const SGL_PIECE_OUT = 1;
/** Host memory the card writes: a bucket, a control buffer. */
export const SGL_PIECE_IN = 2;
/** Bytes in the list itself. */
export const SGL_PIECE_IMMEDIATE = 3;
/** BIT_BUCKET: `count` bytes to be thrown away. It has no address. */
export const SGL_PIECE_DISCARD = 4;
/** LONG_ or SHORT_TRANSACTION: the pieces that follow belong to it. */
export const SGL_PIECE_TRANSACTION = 5;

/** Limits, as parameter group F103 reports them. */
export const SGL_CHAIN_BYTES_MAX = 1024; // of one chained list
export const SGL_CHAIN_DEPTH_MAX = 4; // lists after the one in the frame
export const SGL_FRAGMENTS_MAX = 64; // pieces of one list with all its chains
export const SGL_PAGE_BYTES_DEFAULT = 4096;
const PAGE_BYTES_MIN = 64;
const PAGE_BYTES_MAX = 1 << 20;

checkPageSizes(PAGE_BYTES_MIN, SGL_PAGE_BYTES_DEFAULT, PAGE_BYTES_MAX);

/** Memory a chained list may lie in: `byteLength` bytes from the address `offset` on. */
export interface SglArea {
  readonly offset: number;
  readonly byteLength: number;
}

export class SglReader {
  /**
   * Bytes of a host page, a power of two, as OutboundInit said. A list's SGL_ATTRIBUTES may change it for
   * that list.
   */
  hostPageBytes = SGL_PAGE_BYTES_DEFAULT;
  // The fields from here to `classFields` describe the latest piece.
  /** The first context word; 0 where there is none, as of the two that follow. */
  context = 0;
  context1 = 0;
  context2 = 0;
  /** How many context words the piece has, 0 to 3. It is 0 on every piece of a page list but the first. */
  contextWords = 0;
  address = 0;
  /** Bytes; 0 for a transaction. */
  count = 0;
  /** 1: the piece ends its buffer. */
  endOfBuffer = 0;
  /** 1: `address` is the card's memory, not the host's. */
  local = 0;
  /** The 16 bits that the class defines, of a SHORT_TRANSACTION. */
  classFields = 0;
  /** After SGL_FAULT: SGL_BAD_LIST, SGL_BAD_PARAMETER or SGL_TOO_LARGE, which are DetailedStatusCodes. */
  fault = 0;
  /**
   * Byte offset in the frame of the element of the latest piece or fault; of a chained list, of the chain
   * pointer.
   */
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
  /** The page list that is being yielded: how many of its bytes are left, and the flags of its element. */
  private pageLeft = 0;
  private pageFlags = 0;
  /** Where an element may end: one that is not the last has something behind it, or is bad itself. */
  private room = 0;

  /** @param words views the region whole. @param areas memory of the host where chained lists may lie. */
  constructor(words: Int32Array, areas: readonly SglArea[]) {
    this.words = words;
    this.regionBytes = words.length * 4;
    this.areas = areas;
    assert(
      areas.every(({ offset, byteLength }) => offset > 0 && offset + byteLength <= this.regionBytes),
      'sgl reader: the memory the host may name lies in the region',
    );
  }

  /**
   * Begins to read the list in a frame.
   * @param sglWord words from the frame to the list. @param sizeWords of the message, at most a frame's.
   * @param immediateContexts whether IMMEDIATE_DATA has a context word, as it has in the socket class.
   */
  open(frame: number, sglWord: number, sizeWords: number, immediateContexts: boolean): void {
    assert(
      this.hostPageBytes >= PAGE_BYTES_MIN && (this.hostPageBytes & (this.hostPageBytes - 1)) === 0,
      'sgl reader: the host page that was agreed on is a power of two',
    );
    assert(sglWord > 0, 'sgl reader: a list lies behind the first word of its frame');
    this.immediateContext = immediateContexts ? 1 : 0;
    this.pageBytes = this.hostPageBytes;
    this.fragments = 0;
    this.depth = 0;
    this.last = false;
    this.pageLeft = 0;
    this.fault = 0;
    this.errorOffset = 0;
    this.sglWord = sglWord;
    this.chainStart[0] = frame << 2;
    this.chainEnd[0] = (frame + sizeWords) << 2;
    this.load((frame + sglWord) << 2, Math.max(0, sizeWords - sglWord));
  }

  /** Reads on. @returns SGL_PIECE_…, SGL_END or SGL_FAULT; after one of the last two it stays at that. */
  next(): number {
    if (this.pageLeft > 0) return this.page();
    while (!this.last) {
      if (this.fault !== 0) return SGL_FAULT;
      const { at } = this;
      if (at >= this.end) return this.fail(SGL_BAD_LIST);
      const first = this.list[at];
      assert(this.pageLeft === 0, 'sgl reader: a page list is read to its end before the next element');
      if (this.depth === 0) this.errorOffset = (this.sglWord + at) << 2;
      this.last = first < 0;
      this.room = this.last ? this.end : this.end - 1;
      const piece = this.element(first, (first >>> 24) & 0x7f);
      if (piece !== SGL_END) return piece;
    }
    return this.fault === 0 ? SGL_END : SGL_FAULT;
  }

  /** Reads one element. @returns SGL_PIECE_… or SGL_FAULT; SGL_END where the element yields no piece. */
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
    const contextWords = flags & ELEMENT_CONTEXT_MASK;
    const after = at + 2 + contextWords;
    if (after > this.room) return this.fail(SGL_BAD_LIST);
    this.takeContext(at + 1, contextWords);
    this.at = after;
    return this.piece(flags, list[after - 1], count, flags & SGL_END_OF_BUFFER);
  }

  /** Finds how many pages there are, then yields the first. */
  private pageList(flags: number, count: number): number {
    const { list, at, pageBytes } = this;
    const contextWords = flags & ELEMENT_CONTEXT_MASK;
    const firstPage = at + 1 + contextWords;
    if (firstPage >= this.room) return this.fail(SGL_BAD_LIST);
    if (count === 0) return this.fail(SGL_BAD_PARAMETER);
    const skipped = list[firstPage] & (pageBytes - 1);
    if (firstPage + Math.ceil((skipped + count) / pageBytes) > this.room) return this.fail(SGL_BAD_LIST);
    this.takeContext(at + 1, contextWords);
    this.at = firstPage;
    this.pageLeft = count;
    this.pageFlags = flags;
    return this.yieldPage(pageBytes - skipped);
  }

  private page(): number {
    assert(this.at < this.end, 'sgl reader: the list was found to hold an address for every page');
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
      this.pageLeft === 0 ? this.pageFlags & SGL_END_OF_BUFFER : 0,
    );
  }

  private piece(flags: number, address: number, count: number, endOfBuffer: number): number {
    // An address is a positive int32: the region ends below 2 GiB.
    if (count === 0 || address <= 0 || address > this.regionBytes - count)
      return this.fail(SGL_BAD_PARAMETER);
    if (++this.fragments > SGL_FRAGMENTS_MAX) return this.fail(SGL_TOO_LARGE);
    assert(this.at <= this.end, 'sgl reader: an element that yields a piece lies in the list');
    this.address = address;
    this.count = count;
    this.endOfBuffer = endOfBuffer === 0 ? 0 : 1;
    this.local = (flags & ELEMENT_LOCAL_ADDRESS) === 0 ? 0 : 1;
    return (flags & ELEMENT_DIRECTION_OUT) === 0 ? SGL_PIECE_IN : SGL_PIECE_OUT;
  }

  private immediate(flags: number, count: number): number {
    const data = this.at + 1 + this.immediateContext;
    const after = data + ((count + 3) >> 2);
    if (after > this.room) return this.fail(SGL_BAD_LIST);
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
    if (this.at + 2 > this.room) return this.fail(SGL_BAD_LIST);
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
    if (words < 1 || this.at + 1 + words > this.room) return this.fail(SGL_BAD_LIST);
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
    if (words < 1 || this.at + 1 + words > this.room) return this.fail(SGL_BAD_LIST);
    const pageBytes = this.list[this.at + 1];
    const good =
      pageBytes >= PAGE_BYTES_MIN && pageBytes <= PAGE_BYTES_MAX && (pageBytes & (pageBytes - 1)) === 0;
    // The hints tell us nothing we need. Contexts of 64 bits are not supported.
    if (!good || (attributes & ~ATTRIBUTES_KNOWN) !== 0 || (attributes & ATTRIBUTE_64BIT_CONTEXT) !== 0) {
      return this.fail(SGL_BAD_PARAMETER);
    }
    this.pageBytes = pageBytes;
    return this.skip(words);
  }

  private skip(words: number): number {
    if (this.at + 1 + words > this.room) return this.fail(SGL_BAD_LIST);
    this.at += 1 + words;
    return SGL_END;
  }

  /** The list goes on elsewhere; the words after the pointer are not part of it. */
  private chain(flags: number, count: number): number {
    const addressWord = this.at + 1 + (flags & ELEMENT_CONTEXT_MASK);
    if (addressWord >= this.end) return this.fail(SGL_BAD_LIST);
    const address = this.list[addressWord];
    if (count > SGL_CHAIN_BYTES_MAX || this.depth === SGL_CHAIN_DEPTH_MAX) return this.fail(SGL_TOO_LARGE);
    if (
      count === 0 ||
      ((count | address) & 3) !== 0 ||
      (flags & ELEMENT_LOCAL_ADDRESS) !== 0 ||
      !this.isHost(address, count)
    ) {
      return this.fail(SGL_BAD_PARAMETER);
    }
    for (let i = 0; i <= this.depth; i++) {
      if (address < this.chainEnd[i] && address + count > this.chainStart[i]) return this.fail(SGL_BAD_LIST);
    }
    this.depth += 1;
    assert(
      this.depth < this.chainStart.length,
      'sgl reader: every list of a chain has its place in the record of those read',
    );
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

  /** Copies a list into card memory, once. @param count words. */
  private load(address: number, count: number): void {
    const { words, list } = this;
    assert(count >= 0 && count <= list.length, 'sgl reader: a list fits the memory it is copied to');
    assert(
      address > 0 && (address & 3) === 0 && address + count * 4 <= this.regionBytes,
      'sgl reader: a list is copied from whole words of the region',
    );
    const first = address >> 2;
    for (let i = 0; i < count; i++) list[i] = words[first + i];
    this.listAddress = address;
    this.at = 0;
    this.end = count;
  }

  private takeContext(at: number, contextWords: number): void {
    const { list } = this;
    assert(
      contextWords === 0 || at + contextWords <= this.end,
      'sgl reader: the contexts of an element lie in the list',
    );
    this.contextWords = contextWords;
    this.context = contextWords > 0 ? list[at] : 0;
    this.context1 = contextWords > 1 ? list[at + 1] : 0;
    this.context2 = contextWords > 2 ? list[at + 2] : 0;
  }

  private fail(fault: number): number {
    assert(fault !== 0, 'sgl reader: a fault has a name');
    this.fault = fault;
    this.last = true;
    this.pageLeft = 0;
    return SGL_FAULT;
  }
}
