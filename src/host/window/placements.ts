/**
 * Where the card places what has arrived: a ring of bytes for each socket, which stands for the memory that
 * its program reads into. What is in order goes there at once, by WindowPlace, and the program's call finds
 * it; the receive window opens as the program reads. So no socket waits for another's memory, however many
 * rest.
 *
 * Bytes are asked for in their order, and the card says in that order that they are there. What came whole is
 * in the host's memory already, and is copied to where the program reads it: once, and without a page mapped.
 */
import { assert } from '../../assert/assert.ts';
import type { PoolArea } from '../../dma/pool-area.ts';
import { FRAME_WORDS } from '../../i2o/frame.ts';
import { HOST_TID } from '../../i2o/tids.ts';
import { writeWindowPlace } from '../../i2o/window.gen.ts';
import {
  PEEK_COPIES,
  WINDOW_PLACEMENTS_ASKED,
  WINDOW_PLACEMENTS_ASKED_BYTES,
  WINDOW_PLACEMENTS_DONE,
  WINDOW_PLACEMENTS_DONE_BYTES,
  WINDOW_UNREAD,
  WINDOW_UNREAD_BYTES,
  WINDOW_WHOLE_COPIES,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { HANDLER_RECEIVE } from '../../osm/message/handlers.ts';
import type { Stack } from '../../tcpip/stack/stack.ts';
import type { PlacedReads } from '../host-stack-parts.ts';
import {
  FURTHER_WORDS,
  LIST_WORD,
  type ListFrame,
  type ListMessage,
  NAMED_WORDS,
} from '../lan/list-frame.ts';
import { ReadyList } from '../ready-list.ts';
import { SOCK_CONNECTED, SOCK_FAILED, type Sock } from '../sock.ts';
import type { FrameMirror } from './frame-mirror.ts';
import type { WindowCalls } from './window-calls.ts';

/** Flags of memory of the host's, and of the bytes of the window that go there. */
const TO = 0x11;
const FROM = 0x18;
/** Pieces of the window that one transaction names: as many as a message holds. */
const PIECES_MAX = Math.floor((FRAME_WORDS - LIST_WORD - NAMED_WORDS) / FURTHER_WORDS);

const PLACE: ListMessage = {
  write: (words, frame, tid, _control, sizeWords) => {
    writeWindowPlace(words, frame, tid, HOST_TID, HANDLER_RECEIVE, 0, sizeWords);
  },
};

/** What the placements are made with. */
export interface PlacementParts {
  /** A ring for each socket. */
  readonly area: PoolArea;
  readonly sends: ListFrame;
  readonly mirror: FrameMirror;
  readonly dma: WindowCalls;
  readonly socks: readonly Sock[];
  readonly ledger: Ledger;
  /** Transactions whose contexts may be out. */
  readonly transactionsMax: number;
}

export class Placements implements PlacedReads {
  /** TID of the port that is asked. */
  tid = 0;
  private readonly parts: PlacementParts;
  private readonly counters: Float64Array;
  private stack: Stack | null = null;
  /** Told of a socket whose bytes are there. */
  private tell: (socket: number) => void = () => {};
  /** Sockets that have bytes in order which may be asked for. */
  private readonly due: ReadyList;
  /** By socket: where its unread bytes begin in its ring, how many are there, and how many were asked for. */
  private readonly head: Int32Array;
  private readonly ready: Int32Array;
  private readonly asked: Int32Array;
  /** Of the bytes that are there, those that were copied. */
  private readonly copied: Int32Array;
  /** What was asked for and is not there yet, oldest first: whose, how long, whether the card places it. */
  private readonly socket: Int32Array;
  private readonly generation: Int32Array;
  private readonly byteLength: Int32Array;
  private readonly ofCard: Uint8Array;
  private first = 0;
  private count = 0;
  /** Stretches that the stack has given and no message has named yet, of one socket. */
  private readonly from: Int32Array;
  private readonly length: Int32Array;
  /** 1: it came whole. Asked when it is given, since the stack frees its packet at once. */
  private readonly here: Uint8Array;
  private next = 0;
  private stretches = 0;
  private taker = -1;
  private destination = 0;

  constructor(parts: PlacementParts) {
    const { area, mirror, ledger, transactionsMax, socks } = parts;
    assert(area.count >= socks.length, 'placements: each socket has a ring');
    this.parts = parts;
    this.counters = ledger.counters;
    this.due = new ReadyList(socks.length);
    this.head = new Int32Array(socks.length);
    this.ready = new Int32Array(socks.length);
    this.asked = new Int32Array(socks.length);
    this.copied = new Int32Array(socks.length);
    this.socket = new Int32Array(transactionsMax);
    this.generation = new Int32Array(transactionsMax);
    this.byteLength = new Int32Array(transactionsMax);
    this.ofCard = new Uint8Array(transactionsMax);
    // Of each slot a stretch, and one more of the slot that a taking ends in.
    this.from = new Int32Array(mirror.count + 1);
    this.length = new Int32Array(mirror.count + 1);
    this.here = new Uint8Array(mirror.count + 1);
  }

  attach(stack: Stack, tell: (socket: number) => void): void {
    this.stack = stack;
    this.tell = tell;
  }

  /** Whether what the stack has given is all named in messages: only then may its slots be given back. */
  get isNamed(): boolean {
    return this.next === this.stretches;
  }

  readable(socket: number): number {
    return this.ready[socket];
  }

  isDue(socket: number): boolean {
    return this.asked[socket] > 0 || this.held(socket) > 0;
  }

  unread(socket: number): number {
    return this.ready[socket] + this.asked[socket];
  }

  want(socket: number): void {
    this.due.note(socket);
  }

  /** Asks for what is due. @returns bytes asked for. */
  work(): number {
    let work = this.name();
    while (this.isNamed && this.count < this.parts.transactionsMax && this.parts.sends.hasRoom) {
      const socket = this.due.next();
      if (socket < 0) break;
      work += this.askFor(socket);
    }
    return work;
  }

  /** The stack gives a stretch of what is taken, at its address in the mirror. */
  stretch(from: number, length: number): void {
    this.from[this.stretches] = from;
    this.length[this.stretches] = length;
    this.here[this.stretches] = this.parts.mirror.isHere(from) ? 1 : 0;
    this.stretches += 1;
  }

  /** By the processor, without a page mapped: what is looked at is read again. */
  peek(socket: number, bytes: Uint8Array, offset: number, lengthMax: number): number {
    const { area, dma } = this.parts;
    const base = area.offset + socket * area.bufferBytes;
    const length = Math.min(this.ready[socket], lengthMax);
    for (let done = 0; done < length; ) {
      const at = (this.head[socket] + done) % area.bufferBytes;
      const count = Math.min(length - done, area.bufferBytes - at);
      dma.copyOut(PEEK_COPIES, base + at, bytes, offset + done, count);
      done += count;
    }
    return length;
  }

  take(socket: number, bytes: Uint8Array, offset: number, lengthMax: number): number {
    const { area, dma } = this.parts;
    const base = area.offset + socket * area.bufferBytes;
    const length = Math.min(this.ready[socket], lengthMax);
    // Which of a call's bytes were copied matters to nobody, but how many.
    const copied = Math.min(this.copied[socket], length);
    for (let done = 0; done < length; ) {
      const most = done < copied ? copied - done : length - done;
      const count = Math.min(most, area.bufferBytes - this.head[socket]);
      dma.placed(base + this.head[socket], bytes, offset + done, count, done < copied);
      this.head[socket] = (this.head[socket] + count) % area.bufferBytes;
      done += count;
    }
    this.copied[socket] -= copied;
    this.ready[socket] -= length;
    if (this.held(socket) > 0) this.due.note(socket);
    return length;
  }

  /** A context has come back. @returns false where it is not the oldest that is out. */
  done(context: number): boolean {
    this.settle();
    if (this.count === 0 || context !== this.first) return false;
    this.counters[WINDOW_PLACEMENTS_DONE] += 1;
    this.counters[WINDOW_PLACEMENTS_DONE_BYTES] += this.byteLength[this.first];
    this.arrived();
    this.settle();
    return true;
  }

  /** What still comes for it is read by nobody either. */
  drop(socket: number): void {
    if (this.ready[socket] > 0) this.lost(this.ready[socket]);
    this.head[socket] = 0;
    this.ready[socket] = 0;
    this.asked[socket] = 0;
    this.copied[socket] = 0;
  }

  /** The card was reset: what it was asked for does not come. */
  takeBack(): void {
    for (; this.count > 0; this.pass()) {
      if (this.isCurrent(this.first)) this.asked[this.socket[this.first]] -= this.byteLength[this.first];
    }
    this.first = 0;
    this.next = 0;
    this.stretches = 0;
  }

  private held(socket: number): number {
    const sock = this.parts.socks[socket];
    const streams = sock.state === SOCK_CONNECTED || sock.state === SOCK_FAILED;
    return streams && this.stack !== null ? this.stack.tcpReadable(sock.connection) : 0;
  }

  /** Takes what a socket's ring has room for, without a bend, and names it. @returns bytes. */
  private askFor(socket: number): number {
    const { area, socks } = this.parts;
    const held = this.held(socket);
    const unread = this.unread(socket);
    if (unread === 0) this.head[socket] = 0;
    const tail = (this.head[socket] + unread) % area.bufferBytes;
    const room = Math.min(area.bufferBytes - unread, area.bufferBytes - tail);
    const wanted = Math.min(held, room);
    if (wanted === 0 || this.stack === null) return 0;
    this.next = 0;
    this.stretches = 0;
    this.taker = socket;
    this.destination = area.offset + socket * area.bufferBytes + tail;
    const taken = this.stack.tcpTake(socks[socket].connection, this.destination, wanted);
    this.asked[socket] += taken;
    this.name();
    if (this.held(socket) > 0) this.due.note(socket);
    return taken;
  }

  /** Names stretches in messages, as far as there are frames and contexts. @returns bytes. */
  private name(): number {
    const { sends, transactionsMax } = this.parts;
    let bytes = 0;
    while (!this.isNamed && this.count < transactionsMax) {
      const here = this.here[this.next] === 1;
      if (!here && !sends.hasRoom) break;
      bytes += here ? this.copyHere() : this.place();
    }
    this.settle();
    return bytes;
  }

  /** What came whole is copied. */
  private copyHere(): number {
    const length = this.length[this.next];
    this.parts.dma.move(WINDOW_WHOLE_COPIES, this.from[this.next], this.destination, length);
    this.next += 1;
    this.enter(length, 0);
    return length;
  }

  /** One transaction: as many stretches as a message holds. */
  private place(): number {
    const { sends, mirror } = this.parts;
    let pieces = 0;
    let bytes = 0;
    for (; this.next + pieces < this.stretches && pieces < PIECES_MAX; pieces++) {
      if (this.here[this.next + pieces] === 1) break;
      bytes += this.length[this.next + pieces];
    }
    sends.begin(PLACE, this.tid, 0, NAMED_WORDS + pieces * FURTHER_WORDS);
    const context = (this.first + this.count) % this.socket.length;
    sends.named(TO, context, this.destination, bytes, false);
    for (let i = 0; i < pieces; i++, this.next++) {
      const address = mirror.onCard(this.from[this.next]);
      sends.further(FROM, address, this.length[this.next], i === pieces - 1);
    }
    this.counters[WINDOW_PLACEMENTS_ASKED] += 1;
    this.counters[WINDOW_PLACEMENTS_ASKED_BYTES] += bytes;
    this.enter(bytes, 1);
    return bytes;
  }

  private enter(byteLength: number, ofCard: number): void {
    const at = (this.first + this.count) % this.socket.length;
    this.socket[at] = this.taker;
    this.generation[at] = this.parts.socks[this.taker].generation;
    this.byteLength[at] = byteLength;
    this.ofCard[at] = ofCard;
    this.destination += byteLength;
    this.count += 1;
  }

  /** What was copied is there once all is that was asked for before. */
  private settle(): void {
    while (this.count > 0 && this.ofCard[this.first] === 0) this.arrived();
  }

  /** The oldest of what was asked for is there. */
  private arrived(): void {
    const at = this.first;
    const socket = this.socket[at];
    const byteLength = this.byteLength[at];
    if (this.isCurrent(at)) {
      this.asked[socket] -= byteLength;
      this.ready[socket] += byteLength;
      if (this.ofCard[at] === 0) this.copied[socket] += byteLength;
      this.tell(socket);
    } else this.lost(byteLength);
    this.pass();
  }

  private pass(): void {
    this.first = (this.first + 1) % this.socket.length;
    this.count -= 1;
  }

  private isCurrent(at: number): boolean {
    return this.parts.socks[this.socket[at]].generation === this.generation[at];
  }

  private lost(bytes: number): void {
    this.counters[WINDOW_UNREAD] += 1;
    this.counters[WINDOW_UNREAD_BYTES] += bytes;
  }
}
