/**
 * The promise form: each call resolves when it can be answered, and the event loop goes on meanwhile. Errors
 * reject. `news` is what lets the loop rest: it resolves when the stack may have something new.
 */
import { type DatagramSource, type SocketStack, WRITABLE } from './contract.ts';
import { EAGAIN, EINPROGRESS } from './errno.ts';
import { openDatagrams, openListener } from './open-socket.ts';
import { SO_ERROR } from './options.ts';
import { checked, SocketError } from './socket-error.ts';

export class PromiseSockets {
  readonly stack: SocketStack;
  private readonly news: () => Promise<void>;

  /**
   * @param news resolves when the stack may have something new, e.g. `() => card.news()`; it may resolve
   *   early.
   */
  constructor(stack: SocketStack, news: () => Promise<void>) {
    this.stack = stack;
    this.news = news;
  }

  /** A listening socket. Answered at once by every stack, so no promise. */
  listen(address: number, port: number, backlog = 128): number {
    return openListener(this.stack, address, port, backlog);
  }

  async connect(address: number, port: number): Promise<number> {
    const socket = checked('socket', this.stack.socket());
    const started = this.stack.connect(socket, address, port);
    if (started !== -EINPROGRESS) checked('connect', started);
    while ((this.stack.readiness(socket) & WRITABLE) === 0) await this.news();
    const errno = this.stack.getOption(socket, SO_ERROR);
    if (errno === 0) return socket;
    this.stack.close(socket);
    throw new SocketError('connect', errno);
  }

  accept(listener: number): Promise<number> {
    return this.until('accept', () => this.stack.accept(listener));
  }

  /** Sends all of it. */
  async send(socket: number, bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length; ) {
      const from = sent;
      sent += await this.until('send', () => this.stack.send(socket, bytes, from, bytes.length - from));
    }
  }

  /** Receives what there is, at least a byte. @returns how many bytes; 0 at the end of the stream. */
  recv(socket: number, bytes: Uint8Array): Promise<number> {
    return this.until('recv', () => this.stack.recv(socket, bytes, 0, bytes.length));
  }

  /**
   * A datagram socket. Answered at once by every stack, so no promise.
   * @param port 0 for one of the stack's choice.
   */
  datagram(address: number, port: number): number {
    return openDatagrams(this.stack, address, port);
  }

  /** Sends one datagram. */
  async sendTo(socket: number, bytes: Uint8Array, address: number, port: number): Promise<void> {
    await this.until('sendto', () => this.stack.sendTo(socket, bytes, 0, bytes.length, address, port));
  }

  /** Receives one datagram. @param from filled in. @returns its bytes, at most `bytes.length`. */
  recvFrom(socket: number, bytes: Uint8Array, from: DatagramSource): Promise<number> {
    return this.until('recvfrom', () => this.stack.recvFrom(socket, bytes, 0, bytes.length, from));
  }

  private async until(syscall: string, call: () => number): Promise<number> {
    for (;;) {
      const result = call();
      if (result !== -EAGAIN) return checked(syscall, result);
      await this.news();
    }
  }
}
