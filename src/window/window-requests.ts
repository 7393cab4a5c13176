/**
 * WindowFill, WindowSend, WindowPlace and WindowRelease as the card serves them. A request is judged whole
 * before any of it is done; bytes move at once, and packets to be sent wait only for the device.
 */
import type { DmaEngine } from '../dma/engine.ts';
import { HEADER_BYTES_MAX } from '../hdm/nic-rings.ts';
import { DETAILED_STATUS_INVALID_OFFSET, REQUEST_STATUS_SUCCESS } from '../i2o/executive.gen.ts';
import {
  SGL_END,
  SGL_FAULT,
  SGL_FRAGMENTS_MAX,
  SGL_PIECE_IN,
  SGL_PIECE_OUT,
  type SglArea,
  type SglReader,
} from '../i2o/list/sgl-reader.ts';
import {
  WINDOW_DETAILED_STATUS_ALREADY_FILLED,
  WINDOW_DETAILED_STATUS_BAD_TRANSACTION,
  WINDOW_DETAILED_STATUS_NOT_HELD,
  WINDOW_DETAILED_STATUS_OUTSIDE_WINDOW,
  WINDOW_DETAILED_STATUS_SUCCESS,
} from '../i2o/window.gen.ts';
import { type ReplyQueue, statusWord } from '../lan/reply-queue.ts';
import { PACKET_PIECES_MAX, SendQueue } from '../lan/send-queue.ts';
import type { Transmitter } from '../lan/transmitter.ts';
import { WINDOW_FILLS, WINDOW_PLACEMENTS } from '../ledger/counters.gen.ts';
import { LIST_WORD, type Transactions } from './transactions.ts';
import type { WindowMemory } from './window-memory.ts';
import type { WindowRefusals } from './window-status.ts';

const DONE = statusWord(REQUEST_STATUS_SUCCESS, WINDOW_DETAILED_STATUS_SUCCESS);

/** Memory of the host that it may name: what the card reads, and what it writes. */
export interface WindowAreas {
  readonly transmit: readonly SglArea[];
  readonly receive: readonly SglArea[];
}

/** What the requests of one port are served with. */
export interface WindowRequestParts {
  readonly dma: DmaEngine;
  readonly memory: WindowMemory;
  readonly reader: SglReader;
  readonly transactions: Transactions;
  readonly refusals: WindowRefusals;
  readonly areas: WindowAreas;
  readonly sends: SendQueue;
  readonly transmitter: Transmitter;
  /** Contexts of fills and of placements that are to be given back. */
  readonly fills: ReplyQueue;
  readonly places: ReplyQueue;
  /** Transactions of each of the two whose contexts may wait. */
  readonly transactionsMax: number;
}

export class WindowRequests {
  private readonly parts: WindowRequestParts;
  /** Fills and placements that are being judged. */
  private readonly staged = new SendQueue(SGL_FRAGMENTS_MAX);
  /** Of a WindowRelease, what was taken from the host: address, or slot as a negative number; and length. */
  private readonly released = new Int32Array(2 * SGL_FRAGMENTS_MAX);
  private releasedCount = 0;

  constructor(parts: WindowRequestParts) {
    this.parts = parts;
  }

  /** WindowFill, checked but for its list. // Hot path of a simulation. */
  fill(frame: number, sizeWords: number, status: number): void {
    const { parts, staged } = this;
    const { fills, areas } = parts;
    const room = parts.transactionsMax - fills.waiting;
    if (!this.read(frame, sizeWords, SGL_PIECE_OUT, areas.transmit, staged, room, status)) return;
    const fault = this.stage();
    if (fault !== 0) {
      this.refuse(frame, staged, fault);
      return;
    }
    for (let i = 0; i < staged.stagedCount; i++) {
      const place = staged.placeOf(i);
      let from = staged.addressAt(place, 0);
      for (let piece = 1; piece < staged.piecesAt(place); piece++) {
        const length = staged.byteLengthAt(place, piece);
        parts.dma.move(WINDOW_FILLS, from, staged.addressAt(place, piece), length);
        from += length;
      }
      fills.add(staged.initiatorContextAt(place), DONE, false, staged.contextAt(place), 0, 0);
    }
    staged.abandon();
  }

  /** WindowSend. // Hot path of a simulation. */
  send(frame: number, sizeWords: number, status: number): void {
    const { sends, transmitter, areas } = this.parts;
    const room = Math.min(sends.capacity - transmitter.held, SGL_FRAGMENTS_MAX);
    if (!this.read(frame, sizeWords, SGL_PIECE_OUT, areas.transmit, sends, room, status)) return;
    const fault = this.packetsFault();
    if (fault !== 0) {
      this.refuse(frame, sends, fault);
      return;
    }
    sends.commit();
    transmitter.drain();
  }

  /** WindowPlace. // Hot path of a simulation. */
  place(frame: number, sizeWords: number, status: number): void {
    const { parts, staged } = this;
    const { places, areas } = parts;
    const room = parts.transactionsMax - places.waiting;
    if (!this.read(frame, sizeWords, SGL_PIECE_IN, areas.receive, staged, room, status)) return;
    const fault = this.placesFault();
    if (fault !== 0) {
      this.refuse(frame, staged, fault);
      return;
    }
    for (let i = 0; i < staged.stagedCount; i++) {
      const place = staged.placeOf(i);
      let to = staged.addressAt(place, 0);
      for (let piece = 1; piece < staged.piecesAt(place); piece++) {
        const length = staged.byteLengthAt(place, piece);
        parts.dma.move(WINDOW_PLACEMENTS, staged.addressAt(place, piece), to, length);
        to += length;
      }
      places.add(staged.initiatorContextAt(place), DONE, false, staged.contextAt(place), 0, 0);
    }
    staged.abandon();
  }

  /** WindowRelease. // Hot path of a simulation. @param status what refuses it, whatever it names; 0. */
  release(frame: number, sizeWords: number, status: number): void {
    const { reader, refusals, memory } = this.parts;
    reader.open(frame, LIST_WORD, sizeWords, true);
    this.releasedCount = 0;
    let flaw = status;
    for (let piece = reader.next(); piece !== SGL_END; piece = reader.next()) {
      if (piece !== SGL_PIECE_OUT || reader.contextWords !== 0) {
        this.restore();
        const fault = piece === SGL_FAULT ? reader.fault : DETAILED_STATUS_INVALID_OFFSET;
        refusals.malformed(frame, fault, reader.errorOffset);
        return;
      }
      if (flaw === 0) flaw = this.takeBack(reader.address, reader.count, reader.local);
    }
    if (flaw !== 0) {
      this.restore();
      refusals.refuse(frame, flaw);
      return;
    }
    for (let i = 0; i < this.releasedCount; i++) {
      const what = this.released[2 * i];
      const length = this.released[2 * i + 1];
      if (what < 0) memory.free(-1 - what, length);
      else memory.released(length);
    }
  }

  /** Reads the transactions of a request. @returns false where it has been answered. */
  private read(
    frame: number,
    sizeWords: number,
    kind: number,
    areas: readonly SglArea[],
    queue: SendQueue,
    room: number,
    status: number,
  ): boolean {
    const fault = this.parts.transactions.read(frame, sizeWords, kind, areas, queue, room);
    if (fault < 0) return false;
    if (fault === 0 && status === 0) return true;
    this.refuse(frame, queue, status || fault);
    return false;
  }

  private refuse(frame: number, queue: SendQueue, status: number): void {
    queue.abandon();
    this.parts.refusals.refuse(frame, status);
  }

  /** Marks all that the staged fills name as filled, or nothing. @returns what is wrong; 0. */
  private stage(): number {
    const { staged, parts } = this;
    const { memory } = parts;
    let fault = 0;
    let marked = 0;
    for (let i = 0; i < staged.stagedCount && fault === 0; i++) {
      const place = staged.placeOf(i);
      if (!isBalanced(staged, place)) fault = WINDOW_DETAILED_STATUS_BAD_TRANSACTION;
      for (let piece = 1; piece < staged.piecesAt(place) && fault === 0; piece++) {
        const address = staged.addressAt(place, piece);
        const length = staged.byteLengthAt(place, piece);
        if (!memory.isInTransmitPart(address, length)) fault = WINDOW_DETAILED_STATUS_OUTSIDE_WINDOW;
        else if (!memory.isEmpty(address, length)) fault = WINDOW_DETAILED_STATUS_ALREADY_FILLED;
        else {
          memory.fill(address, length);
          marked += 1;
        }
      }
    }
    if (fault !== 0) this.unmark(marked);
    return fault;
  }

  /** Takes the marks of the first so many pieces back. */
  private unmark(marked: number): void {
    const { staged, parts } = this;
    let left = marked;
    for (let i = 0; i < staged.stagedCount; i++) {
      const place = staged.placeOf(i);
      for (let piece = 1; piece < staged.piecesAt(place); piece++) {
        if (left === 0) return;
        left -= 1;
        parts.memory.empty(staged.addressAt(place, piece), staged.byteLengthAt(place, piece));
      }
    }
  }

  /** What is wrong with the packets that are staged; 0. */
  private packetsFault(): number {
    const { sends, memory } = this.parts;
    for (let i = 0; i < sends.stagedCount; i++) {
      const place = sends.placeOf(sends.waiting + i);
      const pieces = sends.piecesAt(place);
      if (pieces > PACKET_PIECES_MAX || sends.byteLengthAt(place, 0) > HEADER_BYTES_MAX)
        return WINDOW_DETAILED_STATUS_BAD_TRANSACTION;
      for (let piece = 1; piece < pieces; piece++) {
        const fault = memory.faultOf(sends.addressAt(place, piece), sends.byteLengthAt(place, piece));
        if (fault !== 0) return fault;
      }
    }
    return 0;
  }

  /** What is wrong with the placements that are staged; 0. */
  private placesFault(): number {
    const { staged, parts } = this;
    for (let i = 0; i < staged.stagedCount; i++) {
      const place = staged.placeOf(i);
      if (!isBalanced(staged, place)) return WINDOW_DETAILED_STATUS_BAD_TRANSACTION;
      for (let piece = 1; piece < staged.piecesAt(place); piece++) {
        const address = staged.addressAt(place, piece);
        const fault = parts.memory.slotFault(address, staged.byteLengthAt(place, piece));
        if (fault !== 0) return fault;
      }
    }
    return 0;
  }

  /** Takes a piece of the window from the host. @returns what is wrong; 0. */
  private takeBack(address: number, length: number, local: number): number {
    const { memory } = this.parts;
    if (local === 0) return WINDOW_DETAILED_STATUS_BAD_TRANSACTION;
    let what = address;
    if (memory.isInSlots(address)) {
      const slot = memory.wholeFrame(address, length);
      if (slot < 0) return WINDOW_DETAILED_STATUS_NOT_HELD;
      memory.take(slot);
      what = -1 - slot;
    } else {
      const fault = memory.faultOf(address, length);
      if (fault !== 0) return fault;
      memory.empty(address, length);
    }
    this.released[2 * this.releasedCount] = what;
    this.released[2 * this.releasedCount + 1] = length;
    this.releasedCount += 1;
    return 0;
  }

  /** The release is refused: the host has again what was taken from it. */
  private restore(): void {
    const { memory } = this.parts;
    for (let i = 0; i < this.releasedCount; i++) {
      const what = this.released[2 * i];
      const length = this.released[2 * i + 1];
      if (what < 0) memory.restore(-1 - what, length);
      else memory.fill(what, length);
    }
  }
}

/** Whether the pieces of the window are together as long as the piece of host memory. */
function isBalanced(queue: SendQueue, place: number): boolean {
  const pieces = queue.piecesAt(place);
  if (pieces < 2 || pieces > PACKET_PIECES_MAX) return false;
  return queue.bytesAt(place) === 2 * queue.byteLengthAt(place, 0);
}
