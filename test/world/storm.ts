/**
 * A program of many sockets that does what chance says, and checks every byte: one half dials, the other
 * answers.
 */

import { READABLE, SHUT_WR, type SocketStack } from '../../src/socket/contract.ts';
import { EAGAIN, EMFILE, errnoName } from '../../src/socket/errno.ts';
import { SO_ERROR, SO_RCVBUF } from '../../src/socket/options.ts';
import type { Random } from '../../src/time/random.ts';
import type { Program } from '../../src/workloads/program.ts';

/** Bytes at the head of a stream: its number, its length, and whether it will be cut short. */
const HEAD_BYTES = 4;
const CHUNK = new Uint8Array(6000);

/** Byte `i` of stream `id`. */
function byteOf(id: number, length: number, cut: number, i: number): number {
  if (i === 0) return id & 0xff;
  if (i === 1) return length & 0xff;
  if (i === 2) return (length >>> 8) & 0xff;
  if (i === 3) return cut;
  return (i * 7 + id * 13 + (i >>> 8)) & 0xff;
}

/** What both halves tell. */
export interface Tally {
  dialled: number;
  whole: number;
  cut: number;
}

interface Dialling {
  readonly id: number;
  readonly socket: number;
  readonly length: number;
  /** Bytes after which the stream is given up; `length` for never. */
  readonly cutAt: number;
  sent: number;
  shut: boolean;
}

/** Dials streams, several at a time, sends each its pattern, then shuts down, closes, or drops it. */
export class Dialler implements Program {
  readonly tally: Tally;
  private readonly stack: SocketStack;
  private readonly random: Random;
  private readonly address: number;
  private readonly ports: readonly number[];
  private readonly total: number;
  private readonly atOnce: number;
  private readonly open: Dialling[] = [];

  constructor(
    stack: SocketStack,
    random: Random,
    address: number,
    ports: readonly number[],
    total: number,
    atOnce: number,
    tally: Tally,
  ) {
    this.stack = stack;
    this.random = random;
    this.address = address;
    this.ports = ports;
    this.total = total;
    this.atOnce = atOnce;
    this.tally = tally;
  }

  get done(): boolean {
    return this.tally.dialled === this.total && this.open.length === 0;
  }

  step(): number {
    let worked = 0;
    while (this.open.length < this.atOnce && this.tally.dialled < this.total && this.dial()) worked += 1;
    for (let i = this.open.length - 1; i >= 0; i--) {
      const one = this.open[i];
      const did = this.advance(one);
      if (did === 0) continue;
      worked += 1;
      if (did < 0) this.open.splice(i, 1);
    }
    return worked;
  }

  private dial(): boolean {
    const { random, stack } = this;
    const socket = stack.socket();
    if (socket === -EMFILE) return false;
    if (socket < 0) throw new Error(`socket: ${errnoName(socket)}`);
    const id = this.tally.dialled++;
    const length = HEAD_BYTES + random.below(20_000);
    const cutAt = random.below(5) === 0 ? random.below(length) : length;
    stack.connect(socket, this.address, this.ports[random.below(this.ports.length)]);
    this.open.push({ id, socket, length, cutAt, sent: 0, shut: false });
    return true;
  }

  /** @returns −1 when the stream is over, 1 when something was done, 0 when it must wait. */
  private advance(one: Dialling): number {
    const { stack, random } = this;
    if (one.sent >= one.cutAt && one.cutAt < one.length) return this.end(one);
    if (one.shut) return this.awaitEnd(one);
    if (one.sent === one.length) {
      if (random.below(2) === 0) return this.end(one);
      stack.shutdown(one.socket, SHUT_WR);
      one.shut = true;
      return 1;
    }
    const length = Math.min(1 + random.below(CHUNK.length), one.length - one.sent);
    const cut = one.cutAt < one.length ? 1 : 0;
    for (let i = 0; i < length; i++) CHUNK[i] = byteOf(one.id, one.length, cut, one.sent + i);
    const taken = stack.send(one.socket, CHUNK, 0, length);
    if (taken === -EAGAIN) return 0;
    if (taken < 0) {
      if (cut === 0) throw new Error(`send of stream ${one.id}: ${errnoName(taken)}`);
      return this.end(one);
    }
    one.sent += taken;
    return 1;
  }

  /** After shutdown the other side answers with one byte, then ends. */
  private awaitEnd(one: Dialling): number {
    const got = this.stack.recv(one.socket, CHUNK, 0, CHUNK.length);
    if (got === -EAGAIN) return 0;
    if (got < 0) throw new Error(`recv of stream ${one.id}: ${errnoName(got)}`);
    return got === 0 ? this.end(one) : 1;
  }

  private end(one: Dialling): number {
    this.stack.close(one.socket);
    return -1;
  }
}

interface Answering {
  readonly socket: number;
  received: number;
  readonly head: Uint8Array;
}

/** Accepts streams, reads them by fits and starts, and checks them. */
export class Answerer implements Program {
  private readonly stack: SocketStack;
  private readonly random: Random;
  private readonly tally: Tally;
  private readonly buffer = new Uint8Array(5000);
  readonly listeners: number[];
  private readonly open: Answering[] = [];
  /** Steps left out by chance must be made up for: a program that does nothing is not called again. */
  private skipped = 0;

  constructor(stack: SocketStack, random: Random, ports: readonly number[], rcvbuf: number, tally: Tally) {
    this.stack = stack;
    this.random = random;
    this.tally = tally;
    this.listeners = ports.map((port) => {
      const listener = stack.socket();
      const errno =
        stack.setOption(listener, SO_RCVBUF, rcvbuf) ||
        stack.bind(listener, 0, port) ||
        stack.listen(listener, 64);
      if (errno !== 0) throw new Error(`listen: ${errnoName(errno)}`);
      return listener;
    });
  }

  get idle(): boolean {
    return this.open.length === 0;
  }

  step(): number {
    let worked = 0;
    for (const listener of this.listeners) {
      if ((this.stack.readiness(listener) & READABLE) === 0) continue; // as an event loop: only when told
      const socket = this.stack.accept(listener);
      if (socket < 0) throw new Error(`accept: ${errnoName(socket)}`);
      this.open.push({ socket, received: 0, head: new Uint8Array(HEAD_BYTES) });
      worked += 1;
    }
    for (let i = this.open.length - 1; i >= 0; i--) {
      const did = this.read(this.open[i]);
      if (did === 0) continue;
      worked += 1;
      if (did < 0) this.open.splice(i, 1);
    }
    return worked;
  }

  closeListeners(): void {
    for (const listener of this.listeners) this.stack.close(listener);
    this.listeners.length = 0;
  }

  private read(one: Answering): number {
    if ((this.stack.readiness(one.socket) & READABLE) === 0) return 0;
    if (this.random.below(3) === 0 && ++this.skipped % 8 !== 0) return 1; // later
    const got = this.stack.recv(one.socket, this.buffer, 0, 1 + this.random.below(this.buffer.length));
    if (got === -EAGAIN) return 0;
    if (got > 0) {
      this.check(one, got);
      return 1;
    }
    this.ended(one, got);
    return -1;
  }

  private check(one: Answering, count: number): void {
    for (let i = 0; i < count; i++) {
      const at = one.received + i;
      if (at < HEAD_BYTES) one.head[at] = this.buffer[i];
      const [id, low, high, cut] = one.head as unknown as [number, number, number, number];
      if (this.buffer[i] !== byteOf(id, low | (high << 8), cut, at))
        throw new Error(`byte ${at} of stream ${id}`);
    }
    one.received += count;
  }

  private ended(one: Answering, got: number): void {
    const length = one.head[1] | (one.head[2] << 8);
    const whole = one.received >= HEAD_BYTES && one.received === length && one.head[3] === 0;
    if (whole && got === 0) {
      this.tally.whole += 1;
      this.stack.send(one.socket, this.buffer, 0, 1);
    } else {
      if (one.received >= HEAD_BYTES && one.head[3] === 0)
        throw new Error(`stream ${one.head[0]} ended after ${one.received} of ${length} bytes (${got})`);
      this.tally.cut += 1;
    }
    this.stack.getOption(one.socket, SO_ERROR);
    this.stack.close(one.socket);
  }
}
