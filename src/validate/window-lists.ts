/**
 * Lists of the window class: transactions, each a piece of host memory with its context and, behind it, pieces
 * of the window; stretches of the window that are released; memory for headers. Whether the window has what is
 * named is for others to say (window-mirror.ts).
 */
import { assert } from '../assert/assert.ts';
import { ELEMENT_DIRECTION_OUT, ELEMENT_LOCAL_ADDRESS } from '../i2o/list/element-types.ts';
import { WINDOW_HEADERS, WINDOW_PLACE, WINDOW_RELEASE } from '../i2o/window.gen.ts';
import { hex } from './findings.ts';
import { ListJudge } from './list-judge.ts';
import { isInArea } from './memory-areas.ts';
import { CLASS_FUNCTIONS, SGL_OUT, SGL_TRANSMIT, TARGET_DEVICE } from './message-rows.ts';

/** More than the largest frame has room for. */
const PIECES_MAX = 1024;
const NOBODY = -1;

export class WindowListJudge extends ListJudge {
  /** By transaction: its piece of host memory. */
  readonly hostAddress = new Int32Array(PIECES_MAX);
  readonly hostBytes = new Int32Array(PIECES_MAX);
  /** Pieces of the window: where, how long, and of which transaction; -1 of none. */
  readonly address = new Int32Array(PIECES_MAX);
  readonly length = new Int32Array(PIECES_MAX);
  readonly owns = new Int32Array(PIECES_MAX);
  pieces = 0;
  /** A piece is of the wrong memory: the host's where the window's must be, or the other way round. */
  mixed = false;
  /** Of memory for headers: where it begins, how long it is, and whether it is in one stretch. */
  headersAt = 0;
  headersBytes = 0;
  oneStretch = true;
  /** The transaction whose pieces go on. */
  private open = NOBODY;

  protected override begin(): void {
    this.pieces = 0;
    this.mixed = false;
    this.headersAt = 0;
    this.headersBytes = 0;
    this.oneStretch = true;
    this.open = NOBODY;
  }

  protected override piece(
    flags: number,
    contexts: number,
    context: number,
    address: number,
    count: number,
    closes: boolean,
  ): void {
    const { row } = this;
    if (row.target !== TARGET_DEVICE || row.functionCode < CLASS_FUNCTIONS) {
      super.piece(flags, contexts, context, address, count, closes);
      return;
    }
    const out = (flags & ELEMENT_DIRECTION_OUT) !== 0;
    const local = (flags & ELEMENT_LOCAL_ADDRESS) !== 0;
    this.bytes += count;
    if (count === 0) this.fault('S-04', 'an element of 0 bytes');
    if (out !== ((row.sglAllowed & (SGL_TRANSMIT | SGL_OUT)) !== 0))
      this.fault('S-01', `an element of memory the card would ${out ? 'read' : 'write'}`);
    if (row.functionCode === WINDOW_RELEASE) this.released(contexts, local, address, count);
    else if (row.functionCode === WINDOW_HEADERS) this.headers(local, address, count);
    else this.ofTransaction(contexts, context, local, address, count, closes);
  }

  private released(contexts: number, local: boolean, address: number, count: number): void {
    if (contexts !== 0) this.fault('S-01', `a stretch of the window with a context of ${contexts} words`);
    if (!local) this.mixed = true;
    this.note(address, count, NOBODY);
  }

  private headers(local: boolean, address: number, count: number): void {
    const { headers } = this.head.memory;
    if (local || (headers !== undefined && !isInArea(headers, address, count)))
      this.fault('S-05', `${count} bytes at ${hex(address)} are in no memory for headers`);
    if (this.headersBytes === 0) this.headersAt = address;
    else if (address !== this.headersAt + this.headersBytes) this.oneStretch = false;
    this.headersBytes += count;
  }

  private ofTransaction(
    contexts: number,
    context: number,
    local: boolean,
    address: number,
    count: number,
    closes: boolean,
  ): void {
    const begins = this.open === NOBODY;
    if (begins && contexts !== 1) this.fault('S-01', `a transaction with a context of ${contexts} words`);
    else if (!begins && contexts > 0) this.fault('S-03', 'a transaction that is not closed by END_OF_BUFFER');
    if (begins || contexts > 0) {
      this.open = this.named;
      this.hostAddress[this.named] = address;
      this.hostBytes[this.named] = count;
      this.name(context, NOBODY);
      if (local) this.mixed = true;
      else this.inHostMemory(address, count);
    } else if (local) this.note(address, count, this.open);
    else this.mixed = true;
    this.openContext = closes ? NOBODY : 0;
    if (closes) this.open = NOBODY;
  }

  private inHostMemory(address: number, count: number): void {
    const { transmit, packets, receive, headers } = this.head.memory;
    const places = this.row.functionCode === WINDOW_PLACE;
    const areas = places ? [receive, headers] : [transmit, packets];
    if (areas.some((area) => area !== undefined && isInArea(area, address, count))) return;
    const what = places ? 'bytes that are placed' : 'what is sent';
    this.fault('S-05', `${count} bytes at ${hex(address)} are in no memory for ${what}`);
  }

  private note(address: number, count: number, transaction: number): void {
    const { pieces } = this;
    assert(pieces < PIECES_MAX, 'window lists: what a frame can name fits the tables');
    this.address[pieces] = address;
    this.length[pieces] = count;
    this.owns[pieces] = transaction;
    this.pieces = pieces + 1;
  }
}
