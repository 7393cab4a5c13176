/**
 * The blocking form: each call waits, in the call, until it can be answered. Errors are thrown. For scripts
 * and tests that have a thread to spare.
 */
import { checkBytes, checkEndpoint } from './arguments.ts';
import { type DatagramSource, type SocketStack, WRITABLE } from './contract.ts';
import { EAGAIN, EINPROGRESS, ETIMEDOUT } from './errno.ts';
import { openDatagrams, openListener } from './open-socket.ts';
import { SO_ERROR } from './options.ts';
import { checked, checkedInfo, SocketError } from './socket-error.ts';
import type { TcpInfo } from './tcp-info.ts';
import { asReceive, mayWait, receiveRest, waitAllErrno, waitsForAll } from './wait-all.ts';

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
    checkEndpoint(address, port);
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

  /** As `SocketStack.tcpInfo`, which answers at once. */
  tcpInfo(socket: number): TcpInfo {
    return checkedInfo(this.stack.tcpInfo(socket));
  }

  accept(listener: number): number {
    return this.until('accept', 0, () => this.stack.accept(listener));
  }

  /**
   * Sends all of it; with MSG_DONTWAIT as much as goes at once.
   * @param flags MSG_ bits of `message-flags.ts`. @returns how many bytes.
   */
  send(socket: number, bytes: Uint8Array, flags = 0): number {
    checkBytes(bytes);
    const { stack } = this;
    let sent = 0;
    while (sent < bytes.length) {
      const answer = stack.send(socket, bytes, sent, bytes.length - sent, flags);
      if (answer === -EAGAIN && mayWait(flags)) this.wait('send');
      else if (answer === -EAGAIN && sent > 0) return sent;
      else sent += checked('send', answer);
    }
    return sent;
  }

  /**
   * Receives what there is, at least a byte; with MSG_WAITALL all that was asked for, if no error and no end
   * of the stream comes before, and no time-out.
   * @param flags MSG_ bits of `message-flags.ts`; MSG_PEEK and MSG_WAITALL together are EOPNOTSUPP.
   * @returns how many bytes; 0 at the end of the stream.
   */
  recv(socket: number, bytes: Uint8Array, flags = 0): number {
    const { stack, timeoutMs } = this;
    checkBytes(bytes);
    checked('recv', waitAllErrno(flags));
    let got = this.until('recv', asReceive(flags), () => stack.recv(socket, bytes, 0, bytes.length, flags));
    if (!waitsForAll(stack, socket, got, bytes.length, flags)) return got;
    while (got < bytes.length) {
      const more = receiveRest(stack, socket, bytes, got, flags);
      if (more > 0) got += more;
      else if (more !== -EAGAIN || (stack.wait(timeoutMs) === 0 && timeoutMs >= 0)) break;
    }
    return got;
  }

  /** A datagram socket. @param port 0 for one of the stack's choice. */
  datagram(address: number, port: number): number {
    return openDatagrams(this.stack, address, port);
  }

  /** Sends one datagram. @param flags MSG_ bits. */
  sendTo(socket: number, bytes: Uint8Array, address: number, port: number, flags = 0): void {
    checkBytes(bytes);
    checkEndpoint(address, port);
    const { stack } = this;
    this.until('sendto', flags, () => stack.sendTo(socket, bytes, 0, bytes.length, address, port, flags));
  }

  /**
   * Receives one datagram.
   * @param from filled in. @param flags MSG_ bits.
   * @returns its bytes, at most `bytes.length`; with MSG_TRUNC its length.
   */
  recvFrom(socket: number, bytes: Uint8Array, from: DatagramSource, flags = 0): number {
    checkBytes(bytes);
    const { stack } = this;
    return this.until('recvfrom', asReceive(flags), () =>
      stack.recvFrom(socket, bytes, 0, bytes.length, from, flags),
    );
  }

  private until(syscall: string, flags: number, call: () => number): number {
    for (;;) {
      const result = call();
      if (result !== -EAGAIN || !mayWait(flags)) return checked(syscall, result);
      this.wait(syscall);
    }
  }

  private wait(syscall: string): void {
    if (this.stack.wait(this.timeoutMs) === 0 && this.timeoutMs >= 0)
      throw new SocketError(syscall, ETIMEDOUT);
  }
}
