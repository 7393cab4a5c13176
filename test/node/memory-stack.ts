/**
 * A card in plain memory, for testing the seam below `node:net` without a driver, a worker or TCP: sockets of
 * one process joined by bounded byte queues. What one end does reaches the other only at a later `poll`, as
 * on a card. With `delayMs` it reaches it only after that real time, so that the pump sleeps and must be
 * woken by the interrupt.
 */
import { MessageChannel } from 'node:worker_threads';
import type { NodeCard } from '../../src/node/card.ts';
import type { Endpoint, SocketStack } from '../../src/socket/contract.ts';
import { FAILED, HANGUP, READABLE, SHUT_RD, SHUT_WR, WRITABLE } from '../../src/socket/contract.ts';
import * as E from '../../src/socket/errno.ts';
import { SO_ERROR, SO_LINGER_SECONDS } from '../../src/socket/options.ts';
import { type MemorySocket, newSocket, takeError } from './memory-socket.ts';

export interface MemoryCardOptions {
  readonly bufferBytes?: number;
  readonly delayMs?: number;
  readonly addresses?: readonly number[];
  /** How many sockets there may be. */
  readonly sockets?: number;
}

export interface MemoryCard {
  readonly node: NodeCard;
  /** The card dies with this errno. */
  kill(errno: number): void;
  open(): number;
}

/** Makes a card. `open` of the answer says how many sockets there are. */
export function openMemoryCard(options: MemoryCardOptions = {}): MemoryCard {
  const signal = new Signal();
  const stack = new MemoryStack(options, signal);
  const node: NodeCard = {
    stack,
    addresses: stack.addresses,
    get socketsFree() {
      return stack.capacitySockets - stack.count;
    },
    nextReady: () => stack.nextChanged(),
    keepAlive: (on) => signal.keepAlive(on),
    onInterrupt: (callback) => signal.onInterrupt(callback),
    arm: () => !stack.hasNews() && signal.arm(),
    failed: () => stack.dead,
  };
  const kill = (errno: number): void => {
    stack.dead = errno;
    signal.raise();
  };
  return { node, kill, open: () => stack.count };
}

/** The interrupt: a message to the event loop, sent once each time it was armed. */
class Signal {
  private readonly channel = new MessageChannel();
  private armed = false;
  private interrupt = () => {};

  constructor() {
    this.channel.port1.on('message', () => this.interrupt());
    this.channel.port1.unref();
  }

  onInterrupt(callback: () => void): void {
    this.interrupt = callback;
  }

  keepAlive(on: boolean): void {
    if (on) this.channel.port1.ref();
    else this.channel.port1.unref();
  }

  arm(): boolean {
    this.armed = true;
    return true;
  }

  raise(): void {
    if (!this.armed) return;
    this.armed = false;
    this.channel.port2.postMessage(0);
  }
}

class MemoryStack implements SocketStack {
  readonly name = 'memory';
  readonly addresses: readonly number[];
  dead = 0;
  readonly capacitySockets: number;
  private readonly capacity: number;
  private readonly delayMs: number;
  private readonly signal: Signal;
  private readonly sockets = new Map<number, MemorySocket>();
  private readonly changed: MemorySocket[] = [];
  private handed = 0;
  private readonly events: (() => void)[] = [];
  private readonly freeIds: number[] = [];
  private nextId = 1;
  private nextPort = 40_000;

  constructor(options: MemoryCardOptions, signal: Signal) {
    this.capacity = options.bufferBytes ?? 262_144;
    this.capacitySockets = options.sockets ?? 100_000;
    this.delayMs = options.delayMs ?? 0;
    this.addresses = options.addresses ?? [0x0a010001];
    this.signal = signal;
  }

  get count(): number {
    return this.sockets.size;
  }

  /** The next socket whose readiness has changed, or -1. */
  nextChanged(): number {
    if (this.handed < this.changed.length) return this.changed[this.handed++].id;
    this.changed.length = 0;
    this.handed = 0;
    return -1;
  }

  hasNews(): boolean {
    return this.events.length > 0 || this.changed.length > this.handed;
  }

  private post(action: () => void): void {
    if (this.delayMs === 0) this.events.push(action);
    else {
      setTimeout(() => {
        this.events.push(action);
        this.signal.raise();
      }, this.delayMs).unref();
    }
  }

  private touch(socket: MemorySocket): void {
    this.changed.push(socket);
  }

  private create(): MemorySocket {
    const socket = newSocket(this.freeIds.pop() ?? this.nextId++);
    this.sockets.set(socket.id, socket);
    return socket;
  }

  private isHome(address: number): boolean {
    return address >>> 24 === 127 || this.addresses.includes(address);
  }

  private inUse(address: number, port: number): boolean {
    return [...this.sockets.values()].some(
      (s) =>
        s.port === port &&
        s.remote === undefined &&
        (s.address === address || s.address === 0 || address === 0),
    );
  }

  private assignPort(socket: MemorySocket, port: number): void {
    if (port !== 0) socket.port = port;
    else {
      do this.nextPort = this.nextPort >= 65_000 ? 40_000 : this.nextPort + 1;
      while (this.inUse(0, this.nextPort));
      socket.port = this.nextPort;
    }
  }

  private findListener(address: number, port: number): MemorySocket | undefined {
    const all = [...this.sockets.values()].filter((s) => s.listening && s.port === port);
    return all.find((s) => s.address === address) ?? all.find((s) => s.address === 0);
  }

  private fail(socket: MemorySocket | undefined, errno: number): void {
    if (socket === undefined || socket.closed) return;
    socket.error = errno;
    socket.reset = true;
    socket.connecting = false;
    // What has arrived can still be read, as on Linux.
    this.touch(socket);
  }

  private establish(client: MemorySocket, address: number, port: number): void {
    if (client.closed) return;
    const listener = this.isHome(address) ? this.findListener(address, port) : undefined;
    if (listener === undefined || listener.accepts.length > listener.backlog) {
      this.fail(client, this.isHome(address) ? E.ECONNREFUSED : E.EHOSTUNREACH);
      return;
    }
    const server = this.create();
    server.address = address;
    server.port = port;
    server.remote = { address: client.address, port: client.port };
    server.peer = client;
    client.peer = server;
    client.connecting = false;
    client.remote = { address, port };
    listener.accepts.push(server);
    this.touch(listener);
    this.touch(client);
  }

  socket(): number {
    if (this.dead !== 0) return -this.dead;
    return this.count >= this.capacitySockets ? -E.EMFILE : this.create().id;
  }

  bind(id: number, address: number, port: number): number {
    const socket = this.sockets.get(id)!;
    if (socket.port !== 0) return -E.EINVAL;
    if (address !== 0 && !this.isHome(address)) return -E.EADDRNOTAVAIL;
    if (port !== 0 && this.inUse(address, port)) return -E.EADDRINUSE;
    socket.address = address;
    this.assignPort(socket, port);
    return 0;
  }

  listen(id: number, backlog: number): number {
    const socket = this.sockets.get(id)!;
    socket.listening = true;
    socket.backlog = backlog;
    return 0;
  }

  accept(id: number): number {
    return this.sockets.get(id)?.accepts.shift()?.id ?? -E.EAGAIN;
  }

  connect(id: number, address: number, port: number): number {
    const socket = this.sockets.get(id)!;
    if (socket.connecting) return -E.EALREADY;
    if (socket.remote !== undefined) return -E.EISCONN;
    if (socket.port === 0) this.assignPort(socket, 0);
    if (socket.address === 0) socket.address = address >>> 24 === 127 ? 0x7f000001 : this.addresses[0];
    socket.connecting = true;
    this.post(() => this.establish(socket, address, port));
    return -E.EINPROGRESS;
  }

  send(id: number, bytes: Uint8Array, offset: number, length: number): number {
    const socket = this.sockets.get(id);
    if (socket === undefined) return -E.EBADF;
    if (this.dead !== 0) return -this.dead;
    if (socket.error !== 0) return -takeError(socket);
    if (socket.sentEnd || socket.reset) return -E.EPIPE;
    const peer = socket.peer;
    if (peer === undefined) return -E.ENOTCONN;
    const taken = Math.min(length, this.capacity - socket.unread);
    if (taken <= 0) return -E.EAGAIN;
    socket.unread += taken;
    const chunk = Buffer.from(bytes.subarray(offset, offset + taken));
    this.post(() => {
      // The reset goes back the way the bytes came, behind what the peer had sent before it closed.
      if (peer.closed) this.post(() => this.fail(socket, E.ECONNRESET));
      else if (!peer.reset) {
        peer.chunks.push(chunk);
        peer.buffered += chunk.length;
        this.touch(peer);
      }
    });
    return taken;
  }

  recv(id: number, bytes: Uint8Array, offset: number, length: number): number {
    const socket = this.sockets.get(id);
    if (socket === undefined) return -E.EBADF;
    if (this.dead !== 0) return -this.dead;
    let got = 0;
    while (got < length && socket.chunks.length > 0) {
      const chunk = socket.chunks[0];
      const part = Math.min(chunk.length, length - got);
      chunk.copy(bytes, offset + got, 0, part);
      got += part;
      if (part === chunk.length) socket.chunks.shift();
      else socket.chunks[0] = chunk.subarray(part);
    }
    if (got === 0) {
      if (socket.error !== 0) return -takeError(socket);
      if (socket.gotEnd || socket.reset) return 0;
      return socket.peer === undefined ? -E.ENOTCONN : -E.EAGAIN;
    }
    socket.buffered -= got;
    const peer = socket.peer;
    this.post(() => {
      if (peer === undefined || peer.closed) return;
      const wasFull = peer.unread >= this.capacity;
      peer.unread -= got;
      if (wasFull) this.touch(peer);
    });
    return got;
  }

  sendTo(): number {
    return -E.EOPNOTSUPP;
  }

  recvFrom(): number {
    return -E.EOPNOTSUPP;
  }

  shutdown(id: number, how: number): number {
    const socket = this.sockets.get(id);
    const peer = socket?.peer;
    if (socket === undefined || peer === undefined) return -E.ENOTCONN;
    if (how === SHUT_RD || socket.sentEnd) return 0;
    socket.sentEnd = true;
    this.post(() => {
      peer.gotEnd = true;
      this.touch(peer);
    });
    return how >= SHUT_WR ? 0 : -E.EINVAL;
  }

  close(id: number): number {
    const socket = this.sockets.get(id);
    if (socket === undefined) return -E.EBADF;
    socket.closed = true;
    this.sockets.delete(id);
    this.freeIds.push(id);
    for (const waiting of socket.accepts) {
      waiting.options.set(SO_LINGER_SECONDS, 0); // Linux resets what nobody accepted
      this.close(waiting.id);
    }
    const peer = socket.peer;
    const abort = socket.options.get(SO_LINGER_SECONDS) === 0 || socket.buffered > 0;
    if (peer !== undefined && !socket.reset) {
      this.post(() => {
        if (abort) this.fail(peer, E.ECONNRESET);
        else {
          peer.gotEnd = true;
          this.touch(peer);
        }
      });
    }
    return 0;
  }

  setOption(id: number, option: number, value: number): number {
    this.sockets.get(id)?.options.set(option, value);
    return 0;
  }

  getOption(id: number, option: number): number {
    const socket = this.sockets.get(id);
    if (socket === undefined) return -E.EBADF;
    if (option !== SO_ERROR) return socket.options.get(option) ?? 0;
    const error = takeError(socket);
    return this.dead !== 0 ? this.dead : error;
  }

  /** Nothing that is tested over this stack asks for it. */
  tcpInfo(id: number): number {
    return this.sockets.has(id) ? -E.ENOPROTOOPT : -E.EBADF;
  }

  localEndpoint(id: number): Endpoint | undefined {
    return this.sockets.get(id);
  }

  remoteEndpoint(id: number): Endpoint | undefined {
    return this.sockets.get(id)?.remote;
  }

  atMark(): number {
    return 0;
  }

  readiness(id: number): number {
    const socket = this.sockets.get(id);
    if (socket === undefined) return 0;
    if (this.dead !== 0) return FAILED | READABLE | WRITABLE;
    if (socket.listening) return socket.accepts.length > 0 ? READABLE : 0;
    let bits = 0;
    if (socket.buffered > 0 || socket.gotEnd || socket.error !== 0 || socket.reset) bits |= READABLE;
    if (socket.peer !== undefined && (socket.unread < this.capacity || socket.reset)) bits |= WRITABLE;
    if (socket.error !== 0) bits |= FAILED | WRITABLE;
    if ((socket.gotEnd && socket.sentEnd) || socket.reset) bits |= HANGUP;
    return bits;
  }

  poll(): number {
    const count = this.events.length;
    for (let i = 0; i < count; i++) this.events[i]();
    this.events.splice(0, count);
    return count;
  }

  wait(): number {
    return this.poll();
  }
}
