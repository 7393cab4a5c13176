/**
 * Reads the list of a request of the window class: transactions, each a piece of host memory with its context
 * and, behind it, pieces of the card's window. They are staged in a queue, and nothing has come of them yet:
 * whoever serves the request judges them, and takes all or none.
 */
import {
  DETAILED_STATUS_INVALID_OFFSET,
  DETAILED_STATUS_INVALID_PARAMETER,
  DETAILED_STATUS_MISSING_PARAMETER,
} from '../i2o/executive.gen.ts';
import { frameInitiatorContext } from '../i2o/frame.ts';
import { SGL_END, SGL_FAULT, type SglArea, type SglReader } from '../i2o/list/sgl-reader.ts';
import {
  WINDOW_DETAILED_STATUS_BAD_TRANSACTION,
  WINDOW_DETAILED_STATUS_OUT_OF_MEMORY,
  WINDOW_FILL_SGL_WORD,
} from '../i2o/window.gen.ts';
import type { SendQueue } from '../lan/send-queue.ts';
import type { WindowRefusals } from './window-status.ts';

/** The lists of all the class's messages begin there. */
export const LIST_WORD: number = WINDOW_FILL_SGL_WORD;
/** Word 3: of a WindowSend its control word; of others the transaction context, which nobody reads. */
const CONTROL_WORD = 3;

export class Transactions {
  private readonly words: Int32Array;
  private readonly reader: SglReader;
  private readonly refusals: WindowRefusals;
  /** What is wrong with the transactions that were read, while the list as such is good. */
  private flaw = 0;

  constructor(words: Int32Array, reader: SglReader, refusals: WindowRefusals) {
    this.words = words;
    this.reader = reader;
    this.refusals = refusals;
  }

  /**
   * Reads a list into a queue, behind what waits there. A malformed one is answered here.
   * @param kind SGL_PIECE_ kind of all its pieces. @param areas memory of the host that it may name.
   * @param room transactions that the queue may take.
   * @returns 0: they are staged; above 0 the code of the class that they are refused by, and nothing is
   *   staged; -1: the request has been answered.
   */
  read(
    frame: number,
    sizeWords: number,
    kind: number,
    areas: readonly SglArea[],
    queue: SendQueue,
    room: number,
  ): number {
    const { words, reader } = this;
    const initiatorContext = frameInitiatorContext(words, frame);
    const control = words[frame + CONTROL_WORD];
    reader.open(frame, LIST_WORD, sizeWords, true);
    this.flaw = 0;
    let whole = true;
    let count = 0;
    for (let piece = reader.next(); piece !== SGL_END; piece = reader.next()) {
      const fault = this.faultOf(piece, kind, whole, areas);
      if (fault !== 0) return this.malformed(frame, queue, fault);
      if (whole) count += 1;
      if (count <= room) {
        if (whole) queue.begin(reader.context, initiatorContext, control);
        queue.addPiece(reader.address, reader.count);
      }
      whole = reader.endOfBuffer === 1;
    }
    if (!whole) return this.malformed(frame, queue, DETAILED_STATUS_INVALID_OFFSET);
    if (this.flaw === 0 && count > room) this.flaw = WINDOW_DETAILED_STATUS_OUT_OF_MEMORY;
    if (this.flaw !== 0) queue.abandon();
    return this.flaw;
  }

  /** @returns 0 for a piece that the list may have at this place; what is wrong else. */
  private faultOf(piece: number, kind: number, first: boolean, areas: readonly SglArea[]): number {
    const { reader } = this;
    if (piece === SGL_FAULT) return reader.fault;
    if (piece !== kind) return DETAILED_STATUS_INVALID_OFFSET;
    if (first && reader.contextWords !== 1) return DETAILED_STATUS_MISSING_PARAMETER;
    if (!first && reader.contextWords !== 0) return DETAILED_STATUS_INVALID_OFFSET;
    if (reader.local !== (first ? 0 : 1)) this.flaw ||= WINDOW_DETAILED_STATUS_BAD_TRANSACTION;
    else if (first && !isWithin(reader, areas)) return DETAILED_STATUS_INVALID_PARAMETER;
    return 0;
  }

  private malformed(frame: number, queue: SendQueue, fault: number): number {
    queue.abandon();
    this.refusals.malformed(frame, fault, this.reader.errorOffset);
    return -1;
  }
}

/** Whether the reader's piece lies in memory that the host may name. */
export function isWithin({ address, count }: SglReader, areas: readonly SglArea[]): boolean {
  return areas.some(({ offset, byteLength }) => address >= offset && count <= offset + byteLength - address);
}
