/** The socket calls of a drilled host: what each causes has happened when it returns, at the same time. */
import type { DatagramSource, Endpoint, SocketStack } from '../../socket/contract.ts';
import type { TcpInfo } from '../../socket/tcp-info.ts';

export class SettledSockets implements SocketStack {
  readonly name: string;
  private readonly stack: SocketStack;
  private readonly settle: () => void;

  constructor(stack: SocketStack, settle: () => void) {
    this.name = stack.name;
    this.stack = stack;
    this.settle = settle;
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
    return this.settled(this.stack.accept(socket));
  }

  connect(socket: number, address: number, port: number): number {
    return this.settled(this.stack.connect(socket, address, port));
  }

  send(socket: number, bytes: Uint8Array, offset: number, length: number, flags?: number): number {
    return this.settled(this.stack.send(socket, bytes, offset, length, flags));
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
    return this.settled(this.stack.close(socket));
  }

  localEndpoint(socket: number): Endpoint | undefined {
    return this.stack.localEndpoint(socket);
  }

  remoteEndpoint(socket: number): Endpoint | undefined {
    return this.stack.remoteEndpoint(socket);
  }

  setOption(socket: number, option: number, value: number): number {
    return this.settled(this.stack.setOption(socket, option, value));
  }

  getOption(socket: number, option: number): number {
    return this.stack.getOption(socket, option);
  }

  tcpInfo(socket: number): TcpInfo | number {
    return this.stack.tcpInfo(socket);
  }

  readiness(socket: number): number {
    return this.stack.readiness(socket);
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
