/**
 * The promise form: each call resolves when it can be answered, and the event loop goes on meanwhile. Errors
 * reject. `news` is what lets the loop rest: it resolves when the stack may have something new.
 */
import { checkBytes, checkEndpoint } from './arguments.ts';
import { type DatagramSource, type SocketStack, WRITABLE } from './contract.ts';
import { EAGAIN, EINPROGRESS } from './errno.ts';
import { openDatagrams, openListener } from './open-socket.ts';
import { SO_ERROR } from './options.ts';
import { checked, checkedInfo, SocketError } from './socket-error.ts';
import type { TcpInfo } from './tcp-info.ts';
import { asReceive, mayWait, receiveRest, waitAllErrno, waitsForAll } from './wait-all.ts';

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
    checkEndpoint(address, port);
    const socket = checked('socket', this.stack.socket());
    const started = this.stack.connect(socket, address, port);
    if (started !== -EINPROGRESS) checked('connect', started);
    while ((this.stack.readiness(socket) & WRITABLE) === 0) await this.news();
    const errno = this.stack.getOption(socket, SO_ERROR);
    if (errno === 0) return socket;
    this.stack.close(socket);
    throw new SocketError('connect', errno);
  }

  /** As `SocketStack.tcpInfo`, which answers at once. */
  tcpInfo(socket: number): TcpInfo {
    return checkedInfo(this.stack.tcpInfo(socket));
  }

  accept(listener: number): Promise<number> {
    return this.until('accept', 0, () => this.stack.accept(listener));
  }

  /**
   * Sends all of it; with MSG_DONTWAIT as much as goes at once.
   * @param flags MSG_ bits of `message-flags.ts`. @returns how many bytes.
   */
  async send(socket: number, bytes: Uint8Array, flags = 0): Promise<number> {
    checkBytes(bytes);
    const { stack } = this;
    let sent = 0;
    while (sent < bytes.length) {
      const answer = stack.send(socket, bytes, sent, bytes.length - sent, flags);
      if (answer === -EAGAIN && mayWait(flags)) await this.news();
      else if (answer === -EAGAIN && sent > 0) return sent;
      else sent += checked('send', answer);
    }
    return sent;
  }

  /**
   * Receives what there is, at least a byte; with MSG_WAITALL all that was asked for, if no error and no end
   * of the stream comes before.
   * @param flags MSG_ bits of `message-flags.ts`; MSG_PEEK and MSG_WAITALL together are EOPNOTSUPP.
   * @returns how many bytes; 0 at the end of the stream.
   */
  async recv(socket: number, bytes: Uint8Array, flags = 0): Promise<number> {
    const { stack } = this;
    checkBytes(bytes);
    checked('recv', waitAllErrno(flags));
    let got = await this.until('recv', asReceive(flags), () =>
      stack.recv(socket, bytes, 0, bytes.length, flags),
    );
    if (!waitsForAll(stack, socket, got, bytes.length, flags)) return got;
    while (got < bytes.length) {
      const more = receiveRest(stack, socket, bytes, got, flags);
      if (more > 0) got += more;
      else if (more !== -EAGAIN) break;
      else await this.news();
    }
    return got;
  }

  /**
   * A datagram socket. Answered at once by every stack, so no promise.
   * @param port 0 for one of the stack's choice.
   */
  datagram(address: number, port: number): number {
    return openDatagrams(this.stack, address, port);
  }

  /** Sends one datagram. @param flags MSG_ bits. */
  async sendTo(socket: number, bytes: Uint8Array, address: number, port: number, flags = 0): Promise<void> {
    checkBytes(bytes);
    checkEndpoint(address, port);
    const { stack } = this;
    await this.until('sendto', flags, () =>
      stack.sendTo(socket, bytes, 0, bytes.length, address, port, flags),
    );
  }

  /**
   * Receives one datagram.
   * @param from filled in. @param flags MSG_ bits.
   * @returns its bytes, at most `bytes.length`; with MSG_TRUNC its length.
   */
  async recvFrom(socket: number, bytes: Uint8Array, from: DatagramSource, flags = 0): Promise<number> {
    checkBytes(bytes);
    const { stack } = this;
    return this.until('recvfrom', asReceive(flags), () =>
      stack.recvFrom(socket, bytes, 0, bytes.length, from, flags),
    );
  }

  private async until(syscall: string, flags: number, call: () => number): Promise<number> {
    for (;;) {
      const result = call();
      if (result !== -EAGAIN || !mayWait(flags)) return checked(syscall, result);
      await this.news();
    }
  }
}
