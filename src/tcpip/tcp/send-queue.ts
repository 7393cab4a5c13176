/**
 * The send queues: references to the bytes that the users want sent. An element is an address, a length and
 * the context under which the user wants the bytes back; the bytes stay where they are until acknowledged.
 * One table serves all connections; each connection's elements are linked in order (`Tcb.sends`).
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { CARD_GATHER_COPIES } from '../../ledger/counters.gen.ts';
import { GATHER_BYTES, type LinkPort, type SocketOwner } from '../contract.ts';
import type { Environment } from '../environment.ts';
import { fold, swap } from '../header/ipv4.ts';
import { earlier, later } from '../seq.ts';
import type { Tcb } from './tcb.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** Element flag: more follows soon, so its end is no reason for a PSH. */
export const ELEMENT_MORE = 1;
/**
 * Element flag, with `ELEMENT_MORE`: nor is it one for a short segment, until the peer has sent something. As
 * on Linux, where MSG_MORE holds back what its own call would send and nothing that is sent later.
 */
export const ELEMENT_WAITS = 8;
/** Element flag: a record ends with it (MSG_EOR), and no segment goes on beyond that. */
export const ELEMENT_RECORD = 4;

export class SendQueue {
  readonly address: Int32Array;
  readonly length: Int32Array;
  readonly next: Int32Array;
  readonly flags: Uint8Array;
  private readonly context: Int32Array;
  private readonly owner: SocketOwner;
  private readonly ports: readonly LinkPort[];
  private readonly environment: Environment;
  /** The first of the elements that nobody uses, linked by `next`; -1: none. */
  private free = 0;
  /** Elements that nobody uses. */
  available: number;
  /**
   * Set by `gather`: 1 when the bytes gathered reach the end of an element behind which nothing is announced.
   */
  pushed = 0;
  /** Set by `gather`: one's-complement sum of the bytes gathered, where the device computes no checksums. */
  sum = 0;

  constructor(count: number, environment: Environment) {
    this.environment = environment;
    this.owner = environment.owner;
    this.ports = environment.ports;
    this.address = new Int32Array(count);
    this.length = new Int32Array(count);
    this.next = new Int32Array(count);
    this.flags = new Uint8Array(count);
    this.context = new Int32Array(count);
    this.available = count;
    for (let i = 0; i < count; i++) this.next[i] = i + 1 < count ? i + 1 : -1;
  }

  /** Adds bytes to the end of a connection's queue. There must be an element available. // Hot path. */
  append(tcb: Tcb, address: number, length: number, context: number, flags: number): void {
    const { sends } = tcb;
    const element = this.free;
    if (COSTLY) checkAppended(element, length);
    this.free = this.next[element];
    this.available -= 1;
    this.address[element] = address;
    this.length[element] = length;
    this.context[element] = context;
    this.flags[element] = flags;
    this.next[element] = -1;
    if (sends.tail < 0) {
      sends.head = element;
      sends.headOffset = 0;
    } else {
      this.next[sends.tail] = element;
    }
    sends.tail = element;
    sends.count += 1;
    if ((flags & ELEMENT_RECORD) !== 0) sends.records += 1;
    tcb.sndEnd = (tcb.sndEnd + length) | 0;
    if (sends.cursor < 0) {
      sends.cursor = element;
      sends.cursorOffset = 0;
    }
  }

  /** Takes acknowledged bytes off the front; answers the contexts of elements that end. // Hot path. */
  acknowledge(tcb: Tcb, bytes: number): void {
    const { sends } = tcb;
    let left = bytes;
    while (left > 0) {
      const { head } = sends;
      if (COSTLY) assert(head >= 0, 'send queue: what is acknowledged is queued');
      const unacknowledged = this.length[head] - sends.headOffset;
      if (left < unacknowledged) {
        sends.headOffset += left;
        return;
      }
      left -= unacknowledged;
      this.dropHead(tcb);
    }
  }

  /** Empties a connection's queue and answers every context. */
  discard(tcb: Tcb): void {
    while (tcb.sends.head >= 0) this.dropHead(tcb);
    assert(tcb.sends.count === 0, 'send queue: an empty queue has no elements');
  }

  /** Bytes in a connection's queue. */
  queuedBytes(tcb: Tcb): number {
    let bytes = -tcb.sends.headOffset;
    for (let element = tcb.sends.head; element >= 0; element = this.next[element]) {
      bytes += this.length[element];
    }
    return bytes;
  }

  /** Goes back to the oldest unacknowledged byte: it is the next to be sent, with all behind it. */
  rewind(tcb: Tcb): void {
    const { sends } = tcb;
    tcb.sndNxt = tcb.sndUna;
    sends.cursor = sends.head;
    sends.cursorOffset = sends.headOffset;
  }

  /** Puts the cursor `bytes` after the oldest unacknowledged byte, at most at the end of the queue. */
  seek(tcb: Tcb, bytes: number): void {
    const { sends } = tcb;
    let element = sends.head;
    let left = (bytes + sends.headOffset) | 0;
    while (element >= 0 && left >= this.length[element]) {
      left -= this.length[element];
      element = this.next[element];
    }
    assert(element >= 0 || left <= 1, 'send queue: the cursor is put no further than behind the FIN');
    sends.cursor = element;
    sends.cursorOffset = element < 0 ? 0 : left;
  }

  /** The last element waits no longer for what was announced. */
  letGo({ sends }: Tcb): void {
    const { tail } = sends;
    if (COSTLY) assert(tail >= 0, 'send queue: what is let go is queued');
    this.flags[tail] &= ~ELEMENT_WAITS;
  }

  /** What was announced behind the last element does not come, or is waited for no longer: it is pushed. */
  push({ sends }: Tcb): void {
    const { tail } = sends;
    assert(tail >= 0, 'send queue: what is pushed is queued');
    this.flags[tail] &= ~(ELEMENT_MORE | ELEMENT_WAITS);
  }

  /** How many of the next `length` bytes from the cursor on belong to one record. */
  bytesOfRecord(tcb: Tcb, length: number): number {
    const { sends } = tcb;
    let bytes = -sends.cursorOffset;
    for (let element = sends.cursor; element >= 0 && bytes < length; element = this.next[element]) {
      bytes += this.length[element];
      if ((this.flags[element] & ELEMENT_RECORD) !== 0) break;
    }
    assert(bytes > 0, 'send queue: what is next of a record is at least a byte');
    return Math.min(bytes, length);
  }

  /**
   * Gives the port the next `length` bytes from the cursor on as pieces, and moves the cursor past them.
   * Where the device computes no checksums, their sum is left in `sum`.
   * @returns how many bytes, which is all of them. // Hot path.
   */
  gather(tcb: Tcb, length: number): number {
    const port = this.ports[tcb.port];
    const { sends } = tcb;
    const summing = !port.transmitChecksum;
    this.sum = 0;
    let element = sends.cursor;
    let offset = sends.cursorOffset;
    let gathered = 0;
    let pushed = 0;
    for (let pieces = port.piecesMax; pieces > 1 && gathered < length; pieces--) {
      if (COSTLY) assert(element >= 0, 'send queue: the bytes that are to be sent lie behind the cursor');
      const left = this.length[element] - offset;
      const wanted = length - gathered;
      if (left > wanted) {
        if (summing) this.addSum(this.address[element] + offset, wanted, gathered);
        port.addPiece(this.address[element] + offset, wanted);
        offset += wanted;
        gathered = length;
        // As on Linux, where the bytes of two writes wait in one packet: what is cut off its front is not pushed.
        pushed = 0;
        break;
      }
      if (summing) this.addSum(this.address[element] + offset, left, gathered);
      port.addPiece(this.address[element] + offset, left);
      gathered += left;
      pushed = (this.flags[element] & ELEMENT_MORE) === 0 ? 1 : 0;
      element = this.next[element];
      offset = 0;
    }
    sends.cursor = element;
    sends.cursorOffset = offset;
    this.pushed = pushed;
    if (gathered < length) this.gatherLast(tcb, port, length - gathered, gathered);
    return length;
  }

  /**
   * One piece is left of those that the packet may have: the bytes still wanted go into it. They lie in one
   * element, or are put together by a copy. How many pieces a device gathers thus says nothing about how long
   * a segment is: short ones would wait for each other's acknowledgements (Nagle), which the peer delays.
   */
  private gatherLast(tcb: Tcb, port: LinkPort, length: number, preceding: number): void {
    const { sends } = tcb;
    const { cursor } = sends;
    assert(cursor >= 0, 'send queue: what the last piece is to hold lies behind the cursor');
    let address = this.address[cursor] + sends.cursorOffset;
    const left = this.length[cursor] - sends.cursorOffset;
    if (left >= length) {
      sends.cursorOffset += length;
      this.pass(tcb, left);
    } else {
      address = this.environment.gatherAt;
      this.copyTogether(tcb, address, length);
    }
    if (!port.transmitChecksum) this.addSum(address, length, preceding);
    port.addPiece(address, length);
  }

  /** Copies the next `length` bytes from the cursor on to where the device can fetch them as one piece. */
  private copyTogether(tcb: Tcb, destination: number, length: number): void {
    const { sends } = tcb;
    const { dma } = this.environment;
    let copied = 0;
    while (copied < length) {
      const element = sends.cursor;
      assert(element >= 0, 'send queue: what is copied together lies behind the cursor');
      const left = this.length[element] - sends.cursorOffset;
      const count = Math.min(left, length - copied);
      dma.move(CARD_GATHER_COPIES, this.address[element] + sends.cursorOffset, destination + copied, count);
      copied += count;
      sends.cursorOffset += count;
      this.pass(tcb, left);
    }
    assert(copied <= GATHER_BYTES, 'send queue: what is copied together fits its place');
  }

  /** Puts the cursor on the next element if it has come to the end of its own, `left` bytes on. */
  private pass(tcb: Tcb, left: number): void {
    const { sends } = tcb;
    const element = sends.cursor;
    const atEnd = sends.cursorOffset === this.length[element];
    assert(
      left > 0 && sends.cursorOffset <= this.length[element],
      'send queue: the cursor lies in its element',
    );
    if (!atEnd) return;
    if ((this.flags[element] & ELEMENT_MORE) === 0) this.pushed = 1;
    sends.cursor = this.next[element];
    sends.cursorOffset = 0;
  }

  /** @param preceding bytes gathered already: a piece at an odd offset counts with its bytes exchanged. */
  private addSum(address: number, length: number, preceding: number): void {
    const sum = this.environment.sum(address, length, 0);
    this.sum = fold(this.sum + ((preceding & 1) === 0 ? sum : swap(sum)));
  }

  private dropHead(tcb: Tcb): void {
    const { sends } = tcb;
    const element = sends.head;
    const context = this.context[element];
    sends.head = this.next[element];
    sends.headOffset = 0;
    if (sends.head < 0) sends.tail = -1;
    if (sends.cursor === element) {
      sends.cursor = sends.head;
      sends.cursorOffset = 0;
    }
    sends.count -= 1;
    if ((this.flags[element] & ELEMENT_RECORD) !== 0) sends.records -= 1;
    this.next[element] = this.free;
    this.free = element;
    this.available += 1;
    if (context >= 0) this.owner.sendDone(context);
  }

  /** One connection's list against its sequence numbers. Costs a walk over it. */
  check(tcb: Tcb): void {
    const { sends } = tcb;
    // The SYN occupies a sequence number and no byte; so does the FIN, which lies at `sndEnd`.
    const first = later(tcb.sndUna, (tcb.iss + 1) | 0);
    const ahead = (earlier(later(tcb.sndNxt, first), tcb.sndEnd) - first) | 0;
    let count = 0;
    let records = 0;
    let last = -1;
    let bytes = -sends.headOffset;
    let toCursor = -1;
    for (let element = sends.head; element >= 0; element = this.next[element]) {
      if (element === sends.cursor) toCursor = bytes + sends.cursorOffset;
      bytes += this.length[element];
      if ((this.flags[element] & ELEMENT_RECORD) !== 0) records += 1;
      last = element;
      count += 1;
    }
    assert(records === sends.records, 'send queue: as many records end in it as are counted');
    if (sends.cursor < 0) toCursor = bytes;
    assert(count === sends.count, 'send queue: as many elements are linked as are counted');
    assert(last === sends.tail, 'send queue: the tail is the last element linked');
    assert(
      count === 0 || sends.headOffset < this.length[sends.head],
      'send queue: the first element has a byte that is not acknowledged',
    );
    assert(
      count === 0 ? sends.headOffset === 0 : bytes === ((tcb.sndEnd - first) | 0),
      'send queue: the elements hold the bytes from sndUna to sndEnd',
    );
    assert(count === 0 || toCursor === ahead, 'send queue: the cursor lies at sndNxt');
  }

  /** The free list. @param used elements in all connections' lists. Costs a walk over the table. */
  checkFree(used: number): void {
    let free = 0;
    for (let element = this.free; element >= 0; element = this.next[element]) {
      free += 1;
      if (free > this.next.length) break;
    }
    assert(free === this.available, 'send queue: as many elements are free as are counted');
    assert(free + used === this.next.length, 'send queue: each element is free or in one list');
  }
}

function checkAppended(element: number, length: number): void {
  assert(element >= 0, 'send queue: an element is free for what is appended');
  assert(length > 0, 'send queue: an element holds at least one byte');
}
