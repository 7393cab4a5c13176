/**
 * The blocking form: each call waits, in the call, until it can be answered. Errors are thrown. For scripts
 * and tests that have a thread to spare.
 */
import { type DatagramSource, type SocketStack, WRITABLE } from './contract.ts';
import { EAGAIN, EINPROGRESS, ETIMEDOUT } from './errno.ts';
import { openDatagrams, openListener } from './open-socket.ts';
import { SO_ERROR } from './options.ts';
import { checked, SocketError } from './socket-error.ts';

export class BlockingSockets {
  readonly stack: SocketStack;
  private readonly timeoutMs: number;

  /**
   * @param timeoutMs every call gives up with ETIMEDOUT after waiting so long without any news; -1 for never.
   */
  constructor(stack: SocketStack, timeoutMs = -1) {
    this.stack = stack;
    this.timeoutMs = timeoutMs;
  }

  /** A listening socket. @param port 0 for one of the stack's choice. */
  listen(address: number, port: number, backlog = 128): number {
    return openListener(this.stack, address, port, backlog);
  }

  /** A connected socket. */
  connect(address: number, port: number): number {
    const socket = checked('socket', this.stack.socket());
    const started = this.stack.connect(socket, address, port);
    if (started !== -EINPROGRESS) checked('connect', started);
    try {
      while ((this.stack.readiness(socket) & WRITABLE) === 0) this.wait('connect');
      const errno = this.stack.getOption(socket, SO_ERROR);
      if (errno !== 0) throw new SocketError('connect', errno);
    } catch (error) {
      this.stack.close(socket);
      throw error;
    }
    return socket;
  }

  accept(listener: number): number {
    return this.until('accept', () => this.stack.accept(listener));
  }

  /** Sends all of it. */
  send(socket: number, bytes: Uint8Array): void {
    for (let sent = 0; sent < bytes.length; ) {
      sent += this.until('send', () => this.stack.send(socket, bytes, sent, bytes.length - sent));
    }
  }

  /** Receives what there is, at least a byte. @returns how many bytes; 0 at the end of the stream. */
  recv(socket: number, bytes: Uint8Array): number {
    return this.until('recv', () => this.stack.recv(socket, bytes, 0, bytes.length));
  }

  /** A datagram socket. @param port 0 for one of the stack's choice. */
  datagram(address: number, port: number): number {
    return openDatagrams(this.stack, address, port);
  }

  /** Sends one datagram. */
  sendTo(socket: number, bytes: Uint8Array, address: number, port: number): void {
    this.until('sendto', () => this.stack.sendTo(socket, bytes, 0, bytes.length, address, port));
  }

  /** Receives one datagram. @param from filled in. @returns its bytes, at most `bytes.length`. */
  recvFrom(socket: number, bytes: Uint8Array, from: DatagramSource): number {
    return this.until('recvfrom', () => this.stack.recvFrom(socket, bytes, 0, bytes.length, from));
  }

  private until(syscall: string, call: () => number): number {
    for (;;) {
      const result = call();
      if (result !== -EAGAIN) return checked(syscall, result);
      this.wait(syscall);
    }
  }

  private wait(syscall: string): void {
    if (this.stack.wait(this.timeoutMs) === 0 && this.timeoutMs >= 0)
      throw new SocketError(syscall, ETIMEDOUT);
  }
}
