/**
 * Kernel memory for what programs send: blocks that a call copies its bytes into, and that the device fetches
 * them from until they are acknowledged. Short sends of one socket share a block, as Linux puts them behind
 * each other in a page. A block is free again when nothing in it is still to be acknowledged, and no socket
 * goes on in it: one with nothing under way does not.
 *
 * What one `tcpSend` of the stack is given is a _piece_; its number is the context that the stack answers.
 * // Hot path: all of it.
 */
import { assert, COSTLY_ASSERTIONS } from '../assert/assert.ts';
import type { PoolArea } from '../dma/pool-area.ts';
import type { Sock } from './sock.ts';

const COSTLY = COSTLY_ASSERTIONS;
/** Pieces there are for each block: as many short sends as share one, on the average. */
const PIECES_PER_BLOCK = 16;

export class SendMemory {
  /** Where the piece made last lies, and its bytes. */
  address = 0;
  length = 0;
  protected readonly area: PoolArea;
  private readonly freeBlocks: Int32Array;
  private freeBlockCount: number;
  /** Pieces in a block that are not answered, and one more while a socket goes on in it. */
  private readonly holders: Int32Array;
  private readonly freePieces: Int32Array;
  private freePieceCount: number;
  // By piece.
  private readonly block: Int32Array;
  private readonly bytes: Int32Array;
  private readonly owner: Int32Array;
  private readonly generation: Int32Array;
  /** By block: how much of it is written, once no socket goes on in it. */
  private readonly used: Int32Array;

  constructor(area: PoolArea) {
    const pieces = area.count * PIECES_PER_BLOCK;
    this.area = area;
    this.holders = new Int32Array(area.count);
    this.freeBlocks = Int32Array.from({ length: area.count }, (_, i) => area.count - 1 - i);
    this.freeBlockCount = area.count;
    this.freePieces = Int32Array.from({ length: pieces }, (_, i) => pieces - 1 - i);
    this.freePieceCount = pieces;
    this.block = new Int32Array(pieces);
    this.bytes = new Int32Array(pieces);
    this.owner = new Int32Array(pieces);
    this.generation = new Int32Array(pieces);
    this.used = new Int32Array(area.count);
  }

  /** Blocks that hold nothing. */
  get available(): number {
    return this.freeBlockCount;
  }

  /** Whether a send of a socket would find room for a byte. */
  serves(sock: Sock): boolean {
    return this.freePieceCount > 0 && (this.available > 0 || this.roomIn(sock) > 0);
  }

  /**
   * Makes a piece of at most so many bytes for a socket: `address` and `length` say where, and how long.
   * @returns its number; -1 where there is no memory.
   */
  take(sock: Sock, socket: number, lengthMax: number): number {
    if (COSTLY) assert(lengthMax > 0, 'send memory: a piece holds at least a byte');
    if (this.freePieceCount === 0) return -1;
    if (this.roomIn(sock) === 0 && !this.nextBlock(sock)) return -1;
    const length = Math.min(lengthMax, this.roomIn(sock));
    const piece = this.freePieces[--this.freePieceCount];
    const { block } = sock;
    this.block[piece] = block;
    this.bytes[piece] = length;
    this.owner[piece] = socket;
    this.generation[piece] = sock.generation;
    this.holders[block] += 1;
    this.address = this.area.offset + block * this.area.bufferBytes + sock.blockUsed;
    this.length = length;
    sock.blockUsed += length;
    sock.sendingBytes += length;
    return piece;
  }

  /**
   * The stack is done with a piece, or never took it. @param socks sockets by number: whose it was has room
   * again, unless it was closed since. @returns the number of that socket; -1 of one that was closed.
   */
  give(piece: number, socks: readonly Sock[]): number {
    if (COSTLY) assert(piece >= 0 && piece < this.block.length, 'send memory: the stack answers a piece');
    const socket = this.owner[piece];
    const sock = socks[socket];
    this.leave(this.block[piece]);
    this.freePieces[this.freePieceCount++] = piece;
    if (sock.generation !== this.generation[piece]) return -1;
    sock.sendingBytes -= this.bytes[piece];
    // A socket at rest holds no block: else as many sockets as there are blocks would keep out all others.
    if (sock.sendingBytes === 0) this.close(sock);
    if (COSTLY) assert(sock.sendingBytes >= 0, 'send memory: a socket gives back no more than it held');
    return socket;
  }

  /** A socket goes on in no block. What it has sent is still to be acknowledged. */
  close(sock: Sock): void {
    if (sock.block >= 0) {
      this.used[sock.block] = sock.blockUsed;
      this.leave(sock.block);
    }
    sock.block = -1;
    sock.blockUsed = 0;
  }

  /**
   * A device has been given bytes of a block by reference, and has not fetched them yet: the block is not
   * free until `release`, whatever the stack and the sockets say.
   * @param address of the bytes. @returns the block; -1 where the address is not of this memory.
   */
  hold(address: number): number {
    const { offset, count, bufferBytes } = this.area;
    const distance = address - offset;
    if (distance < 0 || distance >= count * bufferBytes) return -1;
    const block = (distance / bufferBytes) | 0;
    if (COSTLY) assert(this.holders[block] > 0, 'send memory: bytes that a device is given are in use');
    this.holders[block] += 1;
    return block;
  }

  /** The device has fetched what `hold` was called for. */
  release(block: number): void {
    this.leave(block);
  }

  /** The free block that was used last, which is still in the processor's cache. There is one. */
  protected takeBlock(): number {
    return this.freeBlocks[--this.freeBlockCount];
  }

  /** A block holds nothing any more. @param _used bytes of it that were written. */
  protected giveBlock(block: number, _used: number): void {
    this.freeBlocks[this.freeBlockCount++] = block;
  }

  private roomIn(sock: Sock): number {
    return sock.block < 0 ? 0 : this.area.bufferBytes - sock.blockUsed;
  }

  private nextBlock(sock: Sock): boolean {
    this.close(sock);
    if (this.available === 0) return false;
    const block = this.takeBlock();
    assert(this.holders[block] === 0, 'send memory: a free block holds nothing');
    this.holders[block] = 1;
    sock.block = block;
    return true;
  }

  private leave(block: number): void {
    this.holders[block] -= 1;
    if (COSTLY) assert(this.holders[block] >= 0, 'send memory: a block is left as often as it was entered');
    if (this.holders[block] === 0) this.giveBlock(block, this.used[block]);
  }
}
