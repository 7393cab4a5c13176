/** The socket calls of a drilled host: what each causes has happened when it returns, at the same time. */
import { type DatagramSource, type Endpoint, type SocketStack, WRITABLE } from '../../socket/contract.ts';
import { SO_SNDBUF, TCP_NOTSENT_LOWAT } from '../../socket/options.ts';
import type { TcpInfo } from '../../socket/tcp-info.ts';
import type { LinuxSends } from './linux-sends.ts';

export class SettledSockets implements SocketStack {
  readonly name: string;
  private readonly stack: SocketStack;
  private readonly settle: () => void;
  /** Linux's rules of sending; undefined: a write takes what SO_SNDBUF has room for. */
  private readonly sends: LinuxSends | undefined;

  constructor(stack: SocketStack, settle: () => void, sends?: LinuxSends) {
    this.name = stack.name;
    this.stack = stack;
    this.settle = settle;
    this.sends = sends;
  }

  socket(type?: number): number {
    return this.stack.socket(type);
  }

  bind(socket: number, address: number, port: number): number {
    return this.stack.bind(socket, address, port);
  }

  listen(socket: number, backlog: number): number {
    return this.settled(this.stack.listen(socket, backlog));
  }

  accept(socket: number): number {
    const result = this.stack.accept(socket);
    if (result >= 0) this.sends?.inherit(socket, result);
    return this.settled(result);
  }

  connect(socket: number, address: number, port: number): number {
    return this.settled(this.stack.connect(socket, address, port));
  }

  send(socket: number, bytes: Uint8Array, offset: number, length: number, flags?: number): number {
    const taken = this.sends?.send(socket, bytes, offset, length, flags ?? 0);
    return this.settled(taken ?? this.stack.send(socket, bytes, offset, length, flags));
  }

  recv(socket: number, bytes: Uint8Array, offset: number, length: number, flags?: number): number {
    return this.settled(this.stack.recv(socket, bytes, offset, length, flags));
  }

  sendTo(
    socket: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    address: number,
    port: number,
    flags?: number,
  ): number {
    return this.settled(this.stack.sendTo(socket, bytes, offset, length, address, port, flags));
  }

  recvFrom(
    socket: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    from: DatagramSource,
    flags?: number,
  ): number {
    return this.settled(this.stack.recvFrom(socket, bytes, offset, length, from, flags));
  }

  shutdown(socket: number, how: number): number {
    return this.settled(this.stack.shutdown(socket, how));
  }

  close(socket: number): number {
    this.sends?.close(socket);
    return this.settled(this.stack.close(socket));
  }

  localEndpoint(socket: number): Endpoint | undefined {
    return this.stack.localEndpoint(socket);
  }

  remoteEndpoint(socket: number): Endpoint | undefined {
    return this.stack.remoteEndpoint(socket);
  }

  setOption(socket: number, option: number, value: number): number {
    if (option === SO_SNDBUF && this.sends?.setLimit(socket, value) === true) return 0;
    const result = this.settled(this.stack.setOption(socket, option, value));
    if (option === TCP_NOTSENT_LOWAT && result === 0) this.sends?.setUnsentLow(socket, value);
    return result;
  }

  getOption(socket: number, option: number): number {
    const limit = option === SO_SNDBUF ? this.sends?.limitOf(socket) : undefined;
    return limit ?? this.stack.getOption(socket, option);
  }

  tcpInfo(socket: number): TcpInfo | number {
    return this.stack.tcpInfo(socket);
  }

  atMark(socket: number): number {
    return this.stack.atMark(socket);
  }

  readiness(socket: number): number {
    const bits = this.stack.readiness(socket);
    return bits < 0 || this.sends?.isWritable(socket) !== false ? bits : bits & ~WRITABLE;
  }

  poll(): number {
    return this.stack.poll();
  }

  wait(timeoutMs: number): number {
    return this.stack.wait(timeoutMs);
  }

  private settled(result: number): number {
    this.settle();
    return result;
  }
}
