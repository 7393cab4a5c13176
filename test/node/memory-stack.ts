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

interface MemorySocket {
  id: number;
  address: number;
  port: number;
  remote: Endpoint | undefined;
  peer: MemorySocket | undefined;
  listening: boolean;
  connecting: boolean;
  backlog: number;
  accepts: MemorySocket[];
  chunks: Buffer[];
  buffered: number;
  /** Bytes the peer has not read yet: the send buffer's fill. */
  unread: number;
  sentEnd: boolean;
  gotEnd: boolean;
  error: number;
  reset: boolean;
  closed: boolean;
  options: Map<number, number>;
}

export interface MemoryCardOptions {
  readonly bufferBytes?: number;
  readonly delayMs?: number;
  readonly addresses?: readonly number[];
}

export interface MemoryCard {
  readonly node: NodeCard;
  /** The card dies with this errno. */
  kill(errno: number): void;
  open(): number;
}

export function openMemoryCard(options: MemoryCardOptions = {}): MemoryCard {
  const capacity = options.bufferBytes ?? 262_144;
  const delayMs = options.delayMs ?? 0;
  const addresses = options.addresses ?? [0x0a010001];
  const sockets = new Map<number, MemorySocket>();
  const changed: MemorySocket[] = [];
  const events: (() => void)[] = [];
  const { port1, port2 } = new MessageChannel();
  let armed = false;
  let interrupt = () => {};
  let dead = 0;
  let nextId = 1;
  const freeIds: number[] = [];
  let nextPort = 40_000;
  let handed = 0;

  port1.on('message', () => interrupt());
  port1.unref();

  function post(action: () => void): void {
    if (delayMs === 0) events.push(action);
    else {
      setTimeout(() => {
        events.push(action);
        raise();
      }, delayMs).unref();
    }
  }
  function raise(): void {
    if (!armed) return;
    armed = false;
    port2.postMessage(0);
  }
  const touch = (socket: MemorySocket) => void changed.push(socket);

  function create(): MemorySocket {
    const socket: MemorySocket = {
      id: freeIds.pop() ?? nextId++,
      address: 0,
      port: 0,
      remote: undefined,
      peer: undefined,
      listening: false,
      connecting: false,
      backlog: 0,
      accepts: [],
      chunks: [],
      buffered: 0,
      unread: 0,
      sentEnd: false,
      gotEnd: false,
      error: 0,
      reset: false,
      closed: false,
      options: new Map(),
    };
    sockets.set(socket.id, socket);
    return socket;
  }

  const isHome = (address: number) => address >>> 24 === 127 || addresses.includes(address);
  const inUse = (address: number, port: number) =>
    [...sockets.values()].some(
      (s) =>
        s.port === port &&
        s.remote === undefined &&
        (s.address === address || s.address === 0 || address === 0),
    );

  function assignPort(socket: MemorySocket, port: number): void {
    if (port !== 0) socket.port = port;
    else {
      do nextPort = nextPort >= 65_000 ? 40_000 : nextPort + 1;
      while (inUse(0, nextPort));
      socket.port = nextPort;
    }
  }

  function findListener(address: number, port: number): MemorySocket | undefined {
    const all = [...sockets.values()].filter((s) => s.listening && s.port === port);
    return all.find((s) => s.address === address) ?? all.find((s) => s.address === 0);
  }

  function fail(socket: MemorySocket | undefined, errno: number): void {
    if (socket === undefined || socket.closed) return;
    socket.error = errno;
    socket.reset = true;
    socket.connecting = false;
    socket.chunks.length = 0;
    socket.buffered = 0;
    touch(socket);
  }

  function establish(client: MemorySocket, address: number, port: number): void {
    if (client.closed) return;
    const listener = isHome(address) ? findListener(address, port) : undefined;
    if (listener === undefined || listener.accepts.length > listener.backlog) {
      fail(client, isHome(address) ? E.ECONNREFUSED : E.EHOSTUNREACH);
      return;
    }
    const server = create();
    server.address = address;
    server.port = port;
    server.remote = { address: client.address, port: client.port };
    server.peer = client;
    client.peer = server;
    client.connecting = false;
    client.remote = { address, port };
    listener.accepts.push(server);
    touch(listener);
    touch(client);
  }

  function send(id: number, bytes: Uint8Array, offset: number, length: number): number {
    const socket = sockets.get(id);
    if (socket === undefined) return -E.EBADF;
    if (dead !== 0) return -dead;
    if (socket.error !== 0) {
      const error = socket.error;
      socket.error = 0;
      return -error;
    }
    if (socket.sentEnd || socket.reset) return -E.EPIPE;
    const peer = socket.peer;
    if (peer === undefined) return -E.ENOTCONN;
    const taken = Math.min(length, capacity - socket.unread);
    if (taken <= 0) return -E.EAGAIN;
    socket.unread += taken;
    const chunk = Buffer.from(bytes.subarray(offset, offset + taken));
    post(() => {
      if (peer.closed) fail(socket, E.ECONNRESET);
      else if (!peer.reset) {
        peer.chunks.push(chunk);
        peer.buffered += chunk.length;
        touch(peer);
      }
    });
    return taken;
  }

  function recv(id: number, bytes: Uint8Array, offset: number, length: number): number {
    const socket = sockets.get(id);
    if (socket === undefined) return -E.EBADF;
    if (dead !== 0) return -dead;
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
      if (socket.error !== 0) {
        const error = socket.error;
        socket.error = 0;
        return -error;
      }
      if (socket.gotEnd || socket.reset) return 0;
      return socket.peer === undefined ? -E.ENOTCONN : -E.EAGAIN;
    }
    socket.buffered -= got;
    const peer = socket.peer;
    post(() => {
      if (peer === undefined || peer.closed) return;
      const wasFull = peer.unread >= capacity;
      peer.unread -= got;
      if (wasFull) touch(peer);
    });
    return got;
  }

  function close(id: number): number {
    const socket = sockets.get(id);
    if (socket === undefined) return -E.EBADF;
    socket.closed = true;
    sockets.delete(id);
    freeIds.push(id);
    for (const waiting of socket.accepts) {
      waiting.options.set(SO_LINGER_SECONDS, 0); // Linux resets what nobody accepted
      close(waiting.id);
    }
    const peer = socket.peer;
    const abort = socket.options.get(SO_LINGER_SECONDS) === 0 || socket.buffered > 0;
    if (peer !== undefined && !socket.reset) {
      post(() => {
        if (abort) fail(peer, E.ECONNRESET);
        else {
          peer.gotEnd = true;
          touch(peer);
        }
      });
    }
    return 0;
  }

  const stack: SocketStack = {
    name: 'memory',
    sendTo: () => -E.EOPNOTSUPP,
    recvFrom: () => -E.EOPNOTSUPP,
    socket: () => (dead !== 0 ? -dead : create().id),
    bind(id, address, port) {
      const socket = sockets.get(id)!;
      if (socket.port !== 0) return -E.EINVAL;
      if (address !== 0 && !isHome(address)) return -E.EADDRNOTAVAIL;
      if (port !== 0 && inUse(address, port)) return -E.EADDRINUSE;
      socket.address = address;
      assignPort(socket, port);
      return 0;
    },
    listen(id, backlog) {
      const socket = sockets.get(id)!;
      socket.listening = true;
      socket.backlog = backlog;
      return 0;
    },
    accept(id) {
      return sockets.get(id)?.accepts.shift()?.id ?? -E.EAGAIN;
    },
    connect(id, address, port) {
      const socket = sockets.get(id)!;
      if (socket.connecting) return -E.EALREADY;
      if (socket.remote !== undefined) return -E.EISCONN;
      if (socket.port === 0) assignPort(socket, 0);
      if (socket.address === 0) socket.address = address >>> 24 === 127 ? 0x7f000001 : addresses[0];
      socket.connecting = true;
      post(() => establish(socket, address, port));
      return -E.EINPROGRESS;
    },
    send,
    recv,
    shutdown(id, how) {
      const socket = sockets.get(id);
      const peer = socket?.peer;
      if (socket === undefined || peer === undefined) return -E.ENOTCONN;
      if (how === SHUT_RD || socket.sentEnd) return 0;
      socket.sentEnd = true;
      post(() => {
        peer.gotEnd = true;
        touch(peer);
      });
      return how >= SHUT_WR ? 0 : -E.EINVAL;
    },
    close,
    setOption(id, option, value) {
      sockets.get(id)?.options.set(option, value);
      return 0;
    },
    getOption(id, option) {
      const socket = sockets.get(id);
      if (socket === undefined) return -E.EBADF;
      if (option !== SO_ERROR) return socket.options.get(option) ?? 0;
      const error = dead !== 0 ? dead : socket.error;
      socket.error = 0;
      return error;
    },
    localEndpoint: (id) => sockets.get(id),
    remoteEndpoint: (id) => sockets.get(id)?.remote,
    readiness(id) {
      const socket = sockets.get(id);
      if (socket === undefined) return 0;
      if (dead !== 0) return FAILED | READABLE | WRITABLE;
      if (socket.listening) return socket.accepts.length > 0 ? READABLE : 0;
      let bits = 0;
      if (socket.buffered > 0 || socket.gotEnd || socket.error !== 0 || socket.reset) bits |= READABLE;
      if (socket.peer !== undefined && (socket.unread < capacity || socket.reset)) bits |= WRITABLE;
      if (socket.error !== 0) bits |= FAILED | WRITABLE;
      if ((socket.gotEnd && socket.sentEnd) || socket.reset) bits |= HANGUP;
      return bits;
    },
    poll() {
      const count = events.length;
      for (let i = 0; i < count; i++) events[i]();
      events.splice(0, count);
      return count;
    },
    wait: () => stack.poll(),
  };

  const node: NodeCard = {
    stack,
    addresses,
    nextReady() {
      if (handed < changed.length) return changed[handed++].id;
      changed.length = 0;
      handed = 0;
      return -1;
    },
    keepAlive(on) {
      if (on) port1.ref();
      else port1.unref();
    },
    onInterrupt(callback) {
      interrupt = callback;
    },
    arm() {
      if (events.length > 0 || changed.length > handed) return false;
      armed = true;
      return true;
    },
    failed: () => dead,
  };
  return {
    node,
    kill(errno) {
      dead = errno;
      raise();
    },
    open: () => sockets.size,
  };
}
