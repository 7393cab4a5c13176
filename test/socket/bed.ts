/**
 * What the contract's tests stand on: a stack, its open sockets, and answers that must be good or name their
 * errno.
 */
import { expect } from 'vitest';
import { READABLE, type SocketStack, WRITABLE } from '../../src/socket/contract.ts';
import * as errno from '../../src/socket/errno.ts';
import { errnoName } from '../../src/socket/errno.ts';
import * as option from '../../src/socket/options.ts';

export const ADDRESS = 0x7f000001;
/** Waits of one condition: far more than any stack needs, so that only a stack that never answers fails. */
const WAITS_MAX = 300;
const WAIT_MS = 20;

export interface Pair {
  client: number;
  server: number;
}

/** A thin layer that keeps tests readable: unexpected answers throw with the errno's name. */
export class Bed {
  readonly stack: SocketStack;
  private readonly open = new Set<number>();

  constructor(stack: SocketStack) {
    this.stack = stack;
  }

  ok(call: string, answer: number): number {
    if (answer < 0) throw new Error(`${call}: ${errnoName(answer)}`);
    return answer;
  }

  /** @param type SOCK_ number; a stream unless told. */
  socket(type?: number): number {
    const socket = this.ok('socket', this.stack.socket(type));
    this.open.add(socket);
    return socket;
  }

  close(socket: number): number {
    this.open.delete(socket);
    return this.stack.close(socket);
  }

  closeAll(): void {
    for (const socket of this.open) this.stack.close(socket);
    this.open.clear();
  }

  /** Polls and waits until the condition holds. */
  until(condition: () => boolean, what: string): void {
    for (let i = 0; i < WAITS_MAX; i++) {
      if (condition()) return;
      this.stack.poll();
      if (condition()) return;
      this.stack.wait(WAIT_MS);
    }
    throw new Error(`never happened: ${what}`);
  }

  untilReady(socket: number, bits: number): number {
    this.until(() => (this.stack.readiness(socket) & bits) === bits, `readiness ${bits} of socket ${socket}`);
    return this.stack.readiness(socket);
  }

  listen(backlog = 8): { socket: number; port: number } {
    const socket = this.socket();
    this.ok('bind', this.stack.bind(socket, ADDRESS, 0));
    this.ok('listen', this.stack.listen(socket, backlog));
    const port = this.stack.localEndpoint(socket)?.port ?? 0;
    expect(port).toBeGreaterThan(0);
    return { socket, port };
  }

  connect(port: number): number {
    const client = this.socket();
    expect(this.stack.connect(client, ADDRESS, port)).toBe(-errno.EINPROGRESS);
    return client;
  }

  accept(listener: number): number {
    this.untilReady(listener, READABLE);
    const socket = this.ok('accept', this.stack.accept(listener));
    this.open.add(socket);
    return socket;
  }

  pair(): Pair {
    const listener = this.listen();
    const client = this.connect(listener.port);
    const server = this.accept(listener.socket);
    this.untilReady(client, WRITABLE);
    expect(this.stack.getOption(client, option.SO_ERROR)).toBe(0);
    this.close(listener.socket);
    return { client, server };
  }

  send(socket: number, text: string): void {
    const bytes = new TextEncoder().encode(text);
    expect(this.stack.send(socket, bytes, 0, bytes.length)).toBe(bytes.length);
  }

  /** The first answer of `recv` other than EAGAIN: text, or a number that is 0 or a negative errno. */
  receive(socket: number, length = 64): string | number {
    const bytes = new Uint8Array(length);
    let got: number = -errno.EAGAIN;
    this.until(() => {
      got = this.stack.recv(socket, bytes, 0, length);
      return got !== -errno.EAGAIN;
    }, 'an answer of recv');
    return got > 0 ? new TextDecoder().decode(bytes.subarray(0, got)) : got;
  }

  sendOne(socket: number): number {
    return this.stack.send(socket, new Uint8Array(1), 0, 1);
  }
}
