/**
 * The send queues: references to the bytes the users want sent. An element is an address, a length and the
 * context under which the user wants them back; the bytes stay where they are until acknowledged. One table
 * for all connections, each connection's elements linked in order. See the identities in `tcb.ts`.
 */
import type { Kernels } from '../../dma/kernels.ts';
import type { LinkPort, SocketOwner } from '../contract.ts';
import { fold, swap } from '../header/ipv4.ts';
import type { Tcb } from './tcb.ts';

/** Element flag: more follows soon, so its end is no reason for a PSH or a short segment. */
export const ELEMENT_MORE = 1;

export class SendQueue {
  readonly address: Int32Array;
  readonly length: Int32Array;
  readonly next: Int32Array;
  readonly flags: Uint8Array;
  private readonly context: Int32Array;
  private readonly owner: SocketOwner;
  private readonly ports: readonly LinkPort[];
  private readonly kernels: Kernels;
  private free = 0;
  /** Elements nobody uses. */
  available: number;
  /**
   * Set by `gather`: whether the bytes gathered reach the end of an element after which nothing is announced.
   */
  pushed = 0;
  /** Set by `gather`: one's-complement sum of the bytes gathered. */
  sum = 0;

  constructor(count: number, owner: SocketOwner, ports: readonly LinkPort[], kernels: Kernels) {
    this.owner = owner;
    this.ports = ports;
    this.kernels = kernels;
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
    const element = this.free;
    this.free = this.next[element];
    this.available -= 1;
    this.address[element] = address;
    this.length[element] = length;
    this.context[element] = context;
    this.flags[element] = flags;
    this.next[element] = -1;
    if (tcb.sends.tail < 0) {
      tcb.sends.head = element;
      tcb.sends.headOffset = 0;
    } else {
      this.next[tcb.sends.tail] = element;
    }
    tcb.sends.tail = element;
    tcb.sends.count += 1;
    tcb.sndEnd = (tcb.sndEnd + length) | 0;
    if (tcb.sends.cursor < 0) {
      tcb.sends.cursor = element;
      tcb.sends.cursorOffset = 0;
    }
  }

  /** Takes acknowledged bytes off the front; answers the contexts of elements that end. // Hot path. */
  acknowledge(tcb: Tcb, bytes: number): void {
    let left = bytes;
    while (left > 0) {
      const head = tcb.sends.head;
      const rest = this.length[head] - tcb.sends.headOffset;
      if (left < rest) {
        tcb.sends.headOffset += left;
        return;
      }
      left -= rest;
      this.dropHead(tcb);
    }
  }

  /** Empties a connection's queue and answers every context. */
  discard(tcb: Tcb): void {
    while (tcb.sends.head >= 0) this.dropHead(tcb);
  }

  /** Goes back to the oldest unacknowledged byte: it is the next to be sent, with all behind it. */
  rewind(tcb: Tcb): void {
    tcb.sndNxt = tcb.sndUna;
    tcb.sends.cursor = tcb.sends.head;
    tcb.sends.cursorOffset = tcb.sends.headOffset;
  }

  /** Puts the cursor `bytes` after the oldest unacknowledged byte. */
  seek(tcb: Tcb, bytes: number): void {
    let element = tcb.sends.head;
    let left = (bytes + tcb.sends.headOffset) | 0;
    while (element >= 0 && left >= this.length[element]) {
      left -= this.length[element];
      element = this.next[element];
    }
    tcb.sends.cursor = element;
    tcb.sends.cursorOffset = element < 0 ? 0 : left;
  }

  /**
   * Gives the port the next `length` bytes from the cursor on as pieces, and moves the cursor past them.
   * Where the device computes no checksums, their sum is left in `sum`.
   * @returns how many bytes fitted in the pieces a packet may have. // Hot path.
   */
  gather(tcb: Tcb, length: number): number {
    const port = this.ports[tcb.port];
    const summing = !port.transmitChecksum;
    this.sum = 0;
    let element = tcb.sends.cursor;
    let offset = tcb.sends.cursorOffset;
    let gathered = 0;
    let pushed = 0;
    for (let pieces = port.piecesMax; pieces > 0 && gathered < length; pieces--) {
      const rest = this.length[element] - offset;
      const wanted = length - gathered;
      if (rest > wanted) {
        if (summing) this.addSum(this.address[element] + offset, wanted, gathered);
        port.addPiece(this.address[element] + offset, wanted);
        offset += wanted;
        gathered = length;
        break;
      }
      if (summing) this.addSum(this.address[element] + offset, rest, gathered);
      port.addPiece(this.address[element] + offset, rest);
      gathered += rest;
      if ((this.flags[element] & ELEMENT_MORE) === 0) pushed = 1;
      element = this.next[element];
      offset = 0;
    }
    tcb.sends.cursor = element;
    tcb.sends.cursorOffset = offset;
    this.pushed = pushed;
    return gathered;
  }

  /** @param before bytes gathered already: a piece at an odd offset counts with its bytes exchanged. */
  private addSum(address: number, length: number, before: number): void {
    const sum = this.kernels.sum(address, length, 0);
    this.sum = fold(this.sum + ((before & 1) === 0 ? sum : swap(sum)));
  }

  private dropHead(tcb: Tcb): void {
    const element = tcb.sends.head;
    const context = this.context[element];
    tcb.sends.head = this.next[element];
    tcb.sends.headOffset = 0;
    if (tcb.sends.head < 0) tcb.sends.tail = -1;
    if (tcb.sends.cursor === element) {
      tcb.sends.cursor = tcb.sends.head;
      tcb.sends.cursorOffset = 0;
    }
    tcb.sends.count -= 1;
    this.next[element] = this.free;
    this.free = element;
    this.available += 1;
    if (context >= 0) this.owner.sendDone(context);
  }
}
