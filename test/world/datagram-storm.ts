/**
 * A program of datagram sockets that sends by chance, and checks that what arrives is whole, its own, and
 * from whom it says.
 */

import { type DatagramSource, SOCK_DGRAM, type SocketStack } from '../../src/socket/contract.ts';
import { EAGAIN, ECONNREFUSED, EMFILE, errnoName } from '../../src/socket/errno.ts';
import type { Random } from '../../src/time/random.ts';
import type { Program } from '../../src/workloads/program.ts';

/**
 * A datagram of four bytes or more begins with its sender's port and its number; shorter ones are all zero.
 */
const HEAD_BYTES = 4;
const LONGEST = 4000;

function byteOf(port: number, number: number, i: number): number {
  if (i === 0) return port & 0xff;
  if (i === 1) return port >>> 8;
  if (i === 2) return number & 0xff;
  if (i === 3) return number >>> 8;
  return (i * 5 + port * 3 + number * 11) & 0xff;
}

/** What all chatters together did. */
export interface Chat {
  sent: number;
  received: number;
  cut: number;
  refused: number;
}

/** Talks to whoever is at the other ports, at most `total` times, and hears what they say. */
export class Chatter implements Program {
  readonly chat: Chat;
  private readonly stack: SocketStack;
  private readonly random: Random;
  private readonly address: number;
  private readonly port: number;
  private readonly others: readonly number[];
  private readonly total: number;
  private readonly buffer = new Uint8Array(LONGEST);
  private readonly from: DatagramSource = { address: 0, port: 0 };
  private readonly socket: number;
  private sent = 0;
  private closed = false;

  /** @param others ports at `address` to send to; at some nobody may be. */
  constructor(
    stack: SocketStack,
    random: Random,
    address: number,
    port: number,
    others: readonly number[],
    total: number,
    chat: Chat,
  ) {
    this.stack = stack;
    this.random = random;
    this.address = address;
    this.port = port;
    this.others = others;
    this.total = total;
    this.chat = chat;
    this.socket = stack.socket(SOCK_DGRAM);
    if (this.socket === -EMFILE) throw new Error('too few numbers');
    const errno = stack.bind(this.socket, 0, port);
    if (errno !== 0) throw new Error(`bind: ${errnoName(errno)}`);
    if (random.below(3) === 0) stack.connect(this.socket, address, others[0]);
  }

  get done(): boolean {
    return this.sent === this.total;
  }

  step(): number {
    if (this.closed) return 0;
    let worked = 0;
    while (this.sent < this.total && this.send()) worked += 1;
    while (this.receive()) worked += 1;
    return worked;
  }

  /** Gives the socket up, whatever lies there unread. */
  close(): void {
    this.closed = true;
    this.stack.close(this.socket);
  }

  private send(): boolean {
    const { random, buffer } = this;
    const to = this.others[random.below(this.others.length)];
    const length = random.below(4) === 0 ? random.below(HEAD_BYTES) : random.below(LONGEST);
    for (let i = 0; i < length; i++) buffer[i] = length < HEAD_BYTES ? 0 : byteOf(this.port, this.sent, i);
    const taken = this.stack.sendTo(this.socket, buffer, 0, length, this.address, to);
    if (taken === -EAGAIN) return false;
    if (taken === -ECONNREFUSED) {
      this.chat.refused += 1;
      return true;
    }
    if (taken !== length) throw new Error(`sendTo: ${errnoName(taken)}`);
    this.sent += 1;
    this.chat.sent += 1;
    return random.below(6) !== 0;
  }

  private receive(): boolean {
    const { random, buffer, from } = this;
    const room = random.below(4) === 0 ? random.below(LONGEST) : LONGEST;
    const got = this.stack.recvFrom(this.socket, buffer, 0, room, from);
    if (got === -EAGAIN) return false;
    if (got === -ECONNREFUSED) {
      this.chat.refused += 1;
      return true;
    }
    if (got < 0) throw new Error(`recvFrom: ${errnoName(got)}`);
    this.chat.received += 1;
    if (got === room) this.chat.cut += 1;
    if (got >= HEAD_BYTES) this.check(got, from.port);
    return true;
  }

  private check(count: number, port: number): void {
    const { buffer } = this;
    const number = buffer[2] | (buffer[3] << 8);
    for (let i = 0; i < count; i++) {
      if (buffer[i] !== byteOf(port, number, i))
        throw new Error(`byte ${i} of datagram ${number} of ${port}`);
    }
  }
}
