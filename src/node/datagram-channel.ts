/**
 * The card's side of one `node:dgram` socket: a datagram socket on the card, beside the kernel's own socket or,
 * at an address that is the card's alone, in its place. `datagrams.ts` calls in from the program's side and
 * gets libuv's results; `pump.ts` calls `serve` when the card says that the socket is ready. The program's
 * callbacks (`onmessage`, `oncomplete`) run from `serve` alone, each followed by the ticks.
 */
import type { AsyncResource } from 'node:async_hooks';
import { DATAGRAM_BYTES_MAX, type DatagramSource, type Endpoint, SOCK_DGRAM } from '../socket/contract.ts';
import { EAGAIN, EBADF } from '../socket/errno.ts';
import { IP_TTL, SO_BROADCAST, SO_RCVBUF, SO_SNDBUF } from '../socket/options.ts';
import { formatAddress } from './addresses.ts';
import { type DatagramSender, type SendRequest, type UdpHandle, UV_ECANCELED } from './bindings.ts';
import { openBound } from './card-calls.ts';
import { captureContext } from './channel-state.ts';
import type { Pump, PumpedSocket } from './pump.ts';

/** In one turn, as in libuv's uv__udp_recvmsg. */
const READS_MAX = 32;
const READS_PER_CLOCK = 4;

/** What the program has set of a socket. It outlives what the socket is on the card. */
export interface DatagramSettings {
  shares: boolean;
  broadcast: boolean;
  /** Undefined: the stack's own. */
  hops: number | undefined;
}

/** A datagram that the card had no room for. */
interface PendingSend {
  readonly request: SendRequest;
  readonly bytes: Uint8Array;
  readonly to: Endpoint | undefined;
  readonly context: AsyncResource;
}

/** Every datagram arrives here first, since its length is known only then; the program gets a copy. */
const arrived = Buffer.allocUnsafeSlow(DATAGRAM_BYTES_MAX + 1);
const source: DatagramSource = { address: 0, port: 0 };

/** @returns a socket on the card that is bound and set as told, or a negative errno. */
function openSocket(pump: Pump, address: number, port: number, settings: DatagramSettings): number {
  const socket = openBound(pump, address, port, settings.shares, SOCK_DGRAM);
  if (socket < 0) return socket;
  if (settings.broadcast) pump.stack.setOption(socket, SO_BROADCAST, 1);
  if (settings.hops !== undefined) pump.stack.setOption(socket, IP_TTL, settings.hops);
  return socket;
}

export class DatagramChannel implements PumpedSocket {
  socket: number;
  readonly ownsPort = false;
  readonly boundPort = 0;
  queued = false;
  /** Whether the kernel has a socket at the same port. */
  readonly besideKernel: boolean;
  /** Whom the program has connected it to, by the card. */
  peer: Endpoint | undefined = undefined;
  /** Bytes of the datagrams that wait for room. */
  queuedBytes = 0;
  private readonly pump: Pump;
  private readonly handle: UdpHandle;
  private readonly context = captureContext();
  private readonly settings: DatagramSettings;
  private readonly address: number;
  private readonly port: number;
  private readonly waiting: PendingSend[] = [];
  private reading = false;
  private referenced: boolean;
  private counted = false;
  private closed = false;

  private constructor(
    pump: Pump,
    handle: UdpHandle,
    socket: number,
    address: number,
    settings: DatagramSettings,
    besideKernel: boolean,
  ) {
    this.pump = pump;
    this.handle = handle;
    this.socket = socket;
    this.besideKernel = besideKernel;
    this.referenced = handle.hasRef();
    this.settings = settings;
    this.address = address;
    this.port = pump.stack.localEndpoint(socket)?.port ?? 0;
    pump.add(this);
  }

  /**
   * @param at where it is bound; the port 0 is one of the card's choice. @param settings the caller's, which
   *   changes them. @returns the channel, or a negative errno.
   */
  static open(
    pump: Pump,
    handle: UdpHandle,
    at: Endpoint,
    settings: DatagramSettings,
    besideKernel: boolean,
  ): DatagramChannel | number {
    const socket = openSocket(pump, at.address, at.port, settings);
    if (socket < 0) return socket;
    return new DatagramChannel(pump, handle, socket, at.address, settings, besideKernel);
  }

  /** How many datagrams wait for room. */
  get queuedCount(): number {
    return this.waiting.length;
  }

  /** Undefined when it is closed, or the card is dead. */
  get local(): Endpoint | undefined {
    return this.closed ? undefined : this.pump.stack.localEndpoint(this.socket);
  }

  setReading(on: boolean): void {
    this.reading = on && !this.closed;
    this.updateHold();
    if (this.reading && this.pump.mayBeReadable(this.socket)) this.pump.enqueue(this);
  }

  setReferenced(on: boolean): void {
    this.referenced = on;
    this.updateHold();
  }

  /** Sets what the program may change after the socket was bound. @returns 0 or a negative errno. */
  setOption(option: typeof SO_BROADCAST | typeof IP_TTL, value: number): number {
    if (this.closed) return -EBADF;
    return this.pump.stack.setOption(this.socket, option, value);
  }

  /**
   * Sets or, with 0 bytes, tells the room for what arrives or leaves.
   * @returns the room there is now.
   */
  bufferSize(bytes: number, ofReceiving: boolean): number {
    const { stack } = this.pump;
    const option = ofReceiving ? SO_RCVBUF : SO_SNDBUF;
    if (bytes > 0) stack.setOption(this.socket, option, bytes);
    return Math.max(0, stack.getOption(this.socket, option));
  }

  /** Fixes the peer. @returns 0 or a negative errno. */
  connect(peer: Endpoint): number {
    if (this.pump.deadErrno !== 0) return -this.pump.deadErrno;
    const result = this.pump.stack.connect(this.socket, peer.address, peer.port);
    if (result === 0) this.peer = peer;
    return result;
  }

  /** Has no peer any more: by a new socket at the same port, since the contract cannot take a peer away. */
  disconnect(): number {
    const { pump, socket } = this;
    this.peer = undefined;
    if (pump.deadErrno !== 0) return -pump.deadErrno;
    pump.stack.close(socket);
    this.socket = openSocket(pump, this.address, this.port, this.settings);
    pump.replaced(this, socket);
    return Math.min(0, this.socket);
  }

  /**
   * Sends one datagram. @param to undefined: to the peer.
   * @returns as `UdpHandle.send`.
   */
  send(request: SendRequest, list: readonly Uint8Array[], to: Endpoint | undefined): number {
    if (this.closed) return -EBADF;
    if (this.pump.deadErrno !== 0) return -this.pump.deadErrno;
    const bytes = list.length === 1 ? list[0] : Buffer.concat(list);
    const result = this.waiting.length > 0 ? -EAGAIN : this.trySend(bytes, to);
    this.pump.wake();
    if (result !== -EAGAIN) return result < 0 ? result : result + 1;
    // As libuv, which keeps a reference: the program leaves the bytes alone until its callback.
    this.waiting.push({ request, bytes, to, context: captureContext() });
    this.queuedBytes += bytes.length;
    this.updateHold();
    return 0;
  }

  private trySend(bytes: Uint8Array, to: Endpoint | undefined): number {
    const { stack } = this.pump;
    if (to === undefined) return stack.send(this.socket, bytes, 0, bytes.length);
    return stack.sendTo(this.socket, bytes, 0, bytes.length, to.address, to.port);
  }

  serve(): void {
    if (this.closed) return;
    const { deadErrno } = this.pump;
    if (deadErrno !== 0) {
      this.fail(-deadErrno);
      return;
    }
    this.flush();
    if (this.reading) this.read();
  }

  /** Sends what waited, oldest first, until there is no room again. */
  private flush(): void {
    for (let next = this.waiting.at(0); next !== undefined; next = this.waiting.at(0)) {
      const result = this.trySend(next.bytes, next.to);
      if (result === -EAGAIN) return;
      this.complete(result < 0 ? result : 0, Math.max(0, result));
    }
  }

  /** Forgets the oldest of those that wait before its callback is made, which may throw or close the socket. */
  private complete(status: number, sentBytes: number): void {
    const pending = this.waiting.shift();
    if (pending === undefined) return;
    this.queuedBytes -= pending.bytes.length;
    this.updateHold();
    const { oncomplete } = pending.request;
    if (typeof oncomplete !== 'function') return;
    pending.context.runInAsyncScope(oncomplete, pending.request, status, sentBytes);
    this.pump.native.runTicks();
  }

  private read(): void {
    const { pump } = this;
    for (let i = 0; i < READS_MAX; i++) {
      const got = pump.stack.recvFrom(this.socket, arrived, 0, arrived.length, source);
      if (got === -EAGAIN) return;
      if (got < 0) this.tell(got);
      else {
        const { address, port } = source;
        const sender = { address: formatAddress(address, false), family: 'IPv4', port } as const;
        this.tell(got, Buffer.from(arrived.subarray(0, got)), sender);
      }
      if (!this.reading) return;
      if ((i + 1) % READS_PER_CLOCK === 0 && pump.hasHadItsTurn()) break;
    }
    pump.enqueue(this);
  }

  private tell(length: number, bytes?: Uint8Array, sender?: DatagramSender): void {
    const { onmessage } = this.handle;
    if (onmessage === undefined) return;
    this.context.runInAsyncScope(onmessage, this.handle, length, this.handle, bytes, sender);
    this.pump.native.runTicks();
  }

  /** The card has died. */
  private fail(status: number): void {
    while (this.waiting.length > 0) this.complete(status, 0);
    if (!this.reading) return;
    this.setReading(false);
    this.tell(status);
  }

  /** Gives the socket up; what still waits is answered by `finishClose`. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.reading = false;
    this.updateHold();
    this.pump.remove(this);
    if (this.socket >= 0 && this.pump.deadErrno === 0) this.pump.stack.close(this.socket);
    this.pump.wake();
  }

  /** Answers what waited when the socket was closed with ECANCELED, as libuv does in its closing phase. */
  finishClose(): void {
    while (this.waiting.length > 0) this.complete(UV_ECANCELED, 0);
  }

  /** Tells the pump whether this socket keeps the event loop alive, by libuv's rules. */
  private updateHold(): void {
    const holds = !this.closed && ((this.referenced && this.reading) || this.waiting.length > 0);
    if (holds === this.counted) return;
    this.counted = holds;
    this.pump.countActive(holds ? 1 : -1);
  }
}
