/**
 * The scatter-gather lists of executive and utility messages: what the host lets the card read (a system
 * table, an operation list) and where it lets the card write (tables, a result list). A request gives its
 * list. Its handler gets the bytes to read, copied once into a buffer of the card's own, and a place to put
 * the answer.
 *
 * All of this memory must lie in the control area, the only part of the region that the executive touches for
 * the host.
 */
import { assert } from '../../assert/assert.ts';
import type { Region } from '../../dma/region.ts';
import { HEADER_WORDS } from '../../i2o/frame.ts';
import { SGL_BAD_LIST, SGL_BAD_PARAMETER, SGL_TOO_LARGE } from '../../i2o/list/sgl.ts';
import {
  SGL_END,
  SGL_FAULT,
  SGL_PIECE_DISCARD,
  SGL_PIECE_IMMEDIATE,
  SGL_PIECE_IN,
  SGL_PIECE_OUT,
  SglReader,
} from '../../i2o/list/sgl-reader.ts';
import { AnswerPlace } from './answer-place.ts';

/** Most bytes that a request may give to read, and most that an answer can have. */
export const REQUEST_BYTES_MAX = 1024;
export const RESULT_BYTES_MAX = 4096;

export class ControlLists {
  /** What the host gave to read, little-endian, `requestBytes` of it. */
  readonly request = new DataView(new ArrayBuffer(REQUEST_BYTES_MAX));
  requestBytes = 0;
  /** Where the host wants the answer of the list last opened. */
  readonly place: AnswerPlace = new AnswerPlace();
  /** The answer in the making, and the same bytes as words. */
  readonly result: DataView;
  readonly resultWords: Int32Array;
  /** After `open` failed: byte of the message that is wrong. */
  errorOffset = 0;
  private readonly bytes: Uint8Array;
  private readonly reader: SglReader;
  private readonly start: number;
  private readonly end: number;

  /** @param start address of the control area. @param end one past its last byte. */
  constructor(region: Region, start: number, end: number) {
    assert(
      start > 0 && start < end && end <= region.byteLength && ((start | end) & 3) === 0,
      'control lists: the control area lies in the region',
    );
    this.bytes = region.bytes;
    this.reader = new SglReader(region.words, [{ offset: start, byteLength: end - start }]);
    this.start = start;
    this.end = end;
    const result = new ArrayBuffer(RESULT_BYTES_MAX);
    this.result = new DataView(result);
    this.resultWords = new Int32Array(result);
  }

  /** The host's page size in bytes, by which page lists are read. */
  set hostPageBytes(bytes: number) {
    assert(bytes > 0 && (bytes & (bytes - 1)) === 0, 'control lists: a page has a power of two of bytes');
    this.reader.hostPageBytes = bytes;
  }

  /** Whether memory lies in the control area. */
  contains(address: number, byteLength: number): boolean {
    return address >= this.start && byteLength >= 0 && address <= this.end - byteLength;
  }

  /**
   * Reads the list of a request: copies what is to be read, and notes in `place` where the answer goes.
   * @param sglWord word of the message at which the list begins. @param sizeWords words of the message.
   * @returns 0 or a DETAILED_STATUS_ number; then `errorOffset` says where.
   */
  open(frame: number, sglWord: number, sizeWords: number): number {
    const { reader, place } = this;
    assert(sglWord >= HEADER_WORDS, 'control lists: a list begins behind the header');
    this.requestBytes = 0;
    place.clear();
    reader.open(frame, sglWord, sizeWords, false);
    for (let piece = reader.next(); piece !== SGL_END; piece = reader.next()) {
      const fault = piece === SGL_FAULT ? reader.fault : this.take(piece);
      if (fault !== 0) {
        this.errorOffset = reader.errorOffset;
        return fault;
      }
    }
    return 0;
  }

  /**
   * Writes the first `byteLength` bytes of `result` where the host wants them, as many as have room.
   * @returns bytes written, those thrown away included.
   */
  answer(place: AnswerPlace, byteLength: number): number {
    assert(
      byteLength >= 0 && byteLength <= RESULT_BYTES_MAX,
      'control lists: an answer fits where it was made',
    );
    let from = 0;
    for (let i = 0; i < place.count && from < byteLength; i++) {
      const address = place.addresses[i];
      const length = Math.min(place.lengths[i], byteLength - from);
      if (address !== 0) {
        assert(this.contains(address, length), 'control lists: an answer is written in the control area');
        for (let k = 0; k < length; k++) this.bytes[address + k] = this.result.getUint8(from + k);
      }
      from += length;
    }
    return from;
  }

  /** Copies or notes one piece of the list. @returns 0 or a DETAILED_STATUS_ number. */
  private take(piece: number): number {
    const { reader, place } = this;
    const { address, count } = reader;
    if (piece === SGL_PIECE_DISCARD) return place.add(0, count) ? 0 : SGL_TOO_LARGE;
    if (piece !== SGL_PIECE_IN && piece !== SGL_PIECE_OUT && piece !== SGL_PIECE_IMMEDIATE)
      return SGL_BAD_LIST;
    if (piece !== SGL_PIECE_IMMEDIATE && (reader.local !== 0 || !this.contains(address, count))) {
      return SGL_BAD_PARAMETER;
    }
    if (piece === SGL_PIECE_IN) return place.add(address, count) ? 0 : SGL_TOO_LARGE;
    if (count > REQUEST_BYTES_MAX - this.requestBytes) return SGL_TOO_LARGE;
    for (let k = 0; k < count; k++) this.request.setUint8(this.requestBytes + k, this.bytes[address + k]);
    this.requestBytes += count;
    assert(
      this.requestBytes >= 0 && this.requestBytes <= REQUEST_BYTES_MAX,
      'control lists: what is read fits the buffer',
    );
    return 0;
  }
}
