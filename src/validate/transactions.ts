/**
 * Requests that wait for an answer: rules T. Three kinds: those that must be answered wait in a table found
 * by function and contexts; those that are answered only in certain cases (reply modes OnError and Never,
 * sends whose buffers' return is the answer) are remembered in a ring, the latest of them; and what was
 * answered lately is remembered to tell a second answer from one nobody asked for. All of it is allocated at
 * the trace's head.
 */
import { assert, COSTLY_ASSERTIONS } from '../assert/assert.ts';
import type { Findings } from './findings.ts';

export const NONE = -1;

/** Flags of a request that waits. */
export const ILLEGAL_HERE = 1; // the machine does not name it in this state: it must be refused
export const MALFORMED = 2; // it must be refused
export const LATER = 4; // answered when something else happens, which may take for ever
export const BATCHED = 8; // a transaction of a batched request: answered as an element of a list
export const UNSEEN = 64; // part of it lies where no trace sees it: whether it is good cannot be told

/** Bits above those: the request's reply mode. */
export const MODE_SHIFT = 4;
export const MODE_MASK = 3;
/** And above those: the number of the port whose request it is, where the card has several. */
export const PORT_SHIFT = 8;

/** Words remembered of a request: 4 to 6, the state its socket was in, and its size in words. */
export const DETAILS = 5;
export const DETAIL_STATE = 3;
export const DETAIL_SIZE = 4;

const CHAINS = 1 << 12;
const QUIET = 1 << 13;
const ANSWERED = 1 << 10;
const SPARE = 1024;

export class Transactions {
  private readonly findings: Findings;
  private readonly heads = new Int32Array(CHAINS).fill(NONE);
  private readonly next: Int32Array;
  /** By entry: row, contexts, socket, flags, frame and time it was posted, how many alike. */
  readonly row: Int32Array;
  private readonly initiator: Int32Array;
  private readonly transaction: Int32Array;
  readonly socket: Int32Array;
  readonly flags: Int32Array;
  readonly frame: Float64Array;
  readonly timeNs: Float64Array;
  private readonly alike: Int32Array;
  private readonly detail: Int32Array;
  /** Of the request that is asked or mentioned next. */
  readonly asking = new Int32Array(DETAILS);
  private free = 0;
  /** Requests that wait, by row. */
  readonly waitingOf: Int32Array;
  waiting = 0;
  /** The table was full once: what is missing in it may have been asked for. */
  overflowed = false;
  private readonly quietRow = new Int32Array(QUIET).fill(NONE);
  private readonly quietInitiator = new Int32Array(QUIET);
  private readonly quietTransaction = new Int32Array(QUIET);
  private readonly quietSocket = new Int32Array(QUIET);
  private readonly quietFlags = new Int32Array(QUIET);
  private readonly quietFrame = new Float64Array(QUIET);
  private readonly quietDetail = new Int32Array(QUIET * DETAILS);
  private quietCount = 0;
  private readonly answeredRow = new Int32Array(ANSWERED).fill(NONE);
  private readonly answeredInitiator = new Int32Array(ANSWERED);
  private readonly answeredTransaction = new Int32Array(ANSWERED);
  private answeredCount = 0;

  /** What `take` found: the request's socket, flags and frame. */
  takenSocket = NONE;
  takenFlags = 0;
  takenFrame = 0;
  readonly taken = new Int32Array(DETAILS);

  /** @param capacity requests that can wait at once. @param rows functions there are. */
  constructor(capacity: number, rows: number, findings: Findings) {
    const count = capacity + SPARE;
    this.findings = findings;
    this.next = new Int32Array(count);
    for (let i = 0; i < count; i++) this.next[i] = i + 1 < count ? i + 1 : NONE;
    this.row = new Int32Array(count).fill(NONE);
    this.initiator = new Int32Array(count);
    this.transaction = new Int32Array(count);
    this.socket = new Int32Array(count);
    this.flags = new Int32Array(count);
    this.frame = new Float64Array(count);
    this.timeNs = new Float64Array(count);
    this.alike = new Int32Array(count);
    this.detail = new Int32Array(count * DETAILS);
    this.waitingOf = new Int32Array(rows);
  }

  /** A request that must be answered. // Hot path. */
  ask(row: number, initiator: number, transaction: number, socket: number, flags: number): void {
    const chain = chainOf(row, initiator, transaction);
    let entry = this.heads[chain];
    while (entry !== NONE) {
      if (this.matches(entry, row, initiator, transaction)) {
        if (this.socket[entry] === socket && this.flags[entry] === flags && this.sameDetail(entry)) {
          this.alike[entry] = this.alike[entry] + 1;
          this.waitingOf[row] = this.waitingOf[row] + 1;
          return;
        }
      }
      entry = this.next[entry];
    }
    entry = this.free;
    if (entry === NONE) {
      this.overflowed = true;
      this.findings.report('T-08', 0, `${this.waiting} requests wait`);
      return;
    }
    this.free = this.next[entry];
    this.next[entry] = this.heads[chain];
    this.heads[chain] = entry;
    this.row[entry] = row;
    this.initiator[entry] = initiator;
    this.transaction[entry] = transaction;
    this.socket[entry] = socket;
    this.flags[entry] = flags;
    this.frame[entry] = this.findings.frame;
    this.timeNs[entry] = this.findings.timeNs;
    this.alike[entry] = 1;
    for (let i = 0; i < DETAILS; i++) this.detail[entry * DETAILS + i] = this.asking[i];
    this.waitingOf[row] = this.waitingOf[row] + 1;
    this.waiting += 1;
  }

  /** A request that is answered only in certain cases. // Hot path. */
  mention(row: number, initiator: number, transaction: number, socket: number, flags: number): void {
    const at = this.quietCount & (QUIET - 1);
    this.quietCount += 1;
    this.quietRow[at] = row;
    this.quietInitiator[at] = initiator;
    this.quietTransaction[at] = transaction;
    this.quietSocket[at] = socket;
    this.quietFlags[at] = flags;
    this.quietFrame[at] = this.findings.frame;
    for (let i = 0; i < DETAILS; i++) this.quietDetail[at * DETAILS + i] = this.asking[i];
  }

  /** Whether a request of these contexts waits, of whatever socket. // Hot path. */
  waits(row: number, initiator: number, transaction: number): boolean {
    let entry = this.heads[chainOf(row, initiator, transaction)];
    while (entry !== NONE) {
      if (this.matches(entry, row, initiator, transaction)) return true;
      entry = this.next[entry];
    }
    return false;
  }

  /**
   * An answer came. @param last whether it is the final one. @returns whether a request waited for it; then
   * `taken…` hold what it was. // Hot path.
   */
  take(row: number, initiator: number, transaction: number, last: boolean): boolean {
    const chain = chainOf(row, initiator, transaction);
    let before = NONE;
    let entry = this.heads[chain];
    let found = NONE;
    let foundBefore = NONE;
    while (entry !== NONE) {
      if (this.matches(entry, row, initiator, transaction)) {
        found = entry; // chains grow at their head, so that the last match is the oldest
        foundBefore = before;
      }
      before = entry;
      entry = this.next[entry];
    }
    if (found === NONE) return false;
    this.takenSocket = this.socket[found];
    this.takenFlags = this.flags[found];
    this.takenFrame = this.frame[found];
    for (let i = 0; i < DETAILS; i++) this.taken[i] = this.detail[found * DETAILS + i];
    if (last) {
      assert(this.waitingOf[row] > 0, 'transactions: a request that is answered was counted as waiting');
      this.noteAnswered(row, initiator, transaction);
      this.waitingOf[row] = this.waitingOf[row] - 1;
      this.alike[found] = this.alike[found] - 1;
      if (this.alike[found] === 0) this.drop(found, foundBefore, chain);
    }
    return true;
  }

  /** `take` for requests that are answered only in certain cases; finds the latest. */
  takeQuiet(row: number, initiator: number, transaction: number): boolean {
    const oldest = Math.max(0, this.quietCount - QUIET);
    for (let i = this.quietCount - 1; i >= oldest; i--) {
      const at = i & (QUIET - 1);
      if (this.quietRow[at] !== row || this.quietTransaction[at] !== transaction) continue;
      if (this.quietInitiator[at] !== initiator) continue;
      this.takenSocket = this.quietSocket[at];
      this.takenFlags = this.quietFlags[at];
      this.takenFrame = this.quietFrame[at];
      this.recall(at);
      this.quietRow[at] = NONE;
      this.noteAnswered(row, initiator, transaction);
      return true;
    }
    return false;
  }

  /**
   * As `takeQuiet`, of requests that were posted behind a frame: the oldest, which a card that takes requests
   * in their order answers first.
   */
  takeQuietBehind(row: number, initiator: number, transaction: number, frame: number): boolean {
    const oldest = Math.max(0, this.quietCount - QUIET);
    for (let i = oldest; i < this.quietCount; i++) {
      const at = i & (QUIET - 1);
      if (this.quietRow[at] !== row || this.quietTransaction[at] !== transaction) continue;
      if (this.quietInitiator[at] !== initiator || this.quietFrame[at] <= frame) continue;
      this.takenSocket = this.quietSocket[at];
      this.takenFlags = this.quietFlags[at];
      this.takenFrame = this.quietFrame[at];
      this.recall(at);
      this.quietRow[at] = NONE;
      return true;
    }
    return false;
  }

  /**
   * Takes whichever request of a function waits, when there is just one: a reply with wrong contexts is most
   * likely its.
   */
  takeOnly(row: number): boolean {
    if (this.waitingOf[row] !== 1) return false;
    const entry = this.row.indexOf(row);
    return entry !== NONE && this.take(row, this.initiator[entry], this.transaction[entry], true);
  }

  wasAnswered(row: number, initiator: number, transaction: number): boolean {
    for (let i = 0; i < ANSWERED; i++) {
      if (this.answeredRow[i] === row && this.answeredTransaction[i] === transaction) {
        if (this.answeredInitiator[i] === initiator) return true;
      }
    }
    return false;
  }

  noteAnswered(row: number, initiator: number, transaction: number): void {
    const at = this.answeredCount & (ANSWERED - 1);
    this.answeredCount += 1;
    this.answeredRow[at] = row;
    this.answeredInitiator[at] = initiator;
    this.answeredTransaction[at] = transaction;
  }

  /** Calls for every request that waits; forgets those for which it answers true. */
  forget(gone: (entry: number) => boolean): void {
    for (let chain = 0; chain < CHAINS; chain++) {
      let before = NONE;
      let entry = this.heads[chain];
      while (entry !== NONE) {
        const next = this.next[entry];
        if (gone(entry)) {
          this.waitingOf[this.row[entry]] = this.waitingOf[this.row[entry]] - this.alike[entry];
          this.drop(entry, before, chain);
        } else {
          before = entry;
        }
        entry = next;
      }
    }
    if (COSTLY_ASSERTIONS) this.check();
  }

  /** Counts the requests that wait: for tests and costly assertions. */
  check(): void {
    let entries = 0;
    for (const row of this.row) if (row !== NONE) entries += 1;
    assert(entries === this.waiting, 'transactions: the table holds as many requests as wait');
  }

  private drop(entry: number, before: number, chain: number): void {
    assert(this.row[entry] !== NONE, 'transactions: an entry is given back once');
    if (before === NONE) this.heads[chain] = this.next[entry];
    else this.next[before] = this.next[entry];
    this.next[entry] = this.free;
    this.free = entry;
    this.row[entry] = NONE;
    this.waiting -= 1;
  }

  private recall(quiet: number): void {
    for (let i = 0; i < DETAILS; i++) this.taken[i] = this.quietDetail[quiet * DETAILS + i];
  }

  private sameDetail(entry: number): boolean {
    for (let i = 0; i < DETAILS; i++) {
      if (this.detail[entry * DETAILS + i] !== this.asking[i]) return false;
    }
    return true;
  }

  private matches(entry: number, row: number, initiator: number, transaction: number): boolean {
    return (
      this.transaction[entry] === transaction &&
      this.row[entry] === row &&
      this.initiator[entry] === initiator
    );
  }
}

function chainOf(row: number, initiator: number, transaction: number): number {
  const mixed = Math.imul(transaction ^ Math.imul(row, 0x9e3779b1) ^ (initiator << 20), 0x85ebca6b);
  return (mixed >>> 20) & (CHAINS - 1);
}
