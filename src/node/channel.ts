/**
 * One TCP handle that lives on the card: in JavaScript what libuv's `uv_tcp_t` is for a kernel socket.
 *
 * `methods.ts` calls in from the program's side (connect, listen, read, write, shutdown, close) and gets
 * libuv's results. `pump.ts` calls `serve` when the card says that the socket is ready. The program's
 * callbacks (`onread`, `onconnection`, `oncomplete`) run from `serve` alone, each in its own async context
 * and followed by the ticks, as Node's MakeCallback does it. Nothing here waits or touches a frame.
 */
import type { AsyncResource } from 'node:async_hooks';
import { FAILED, HANGUP, READABLE, SHUT_WR } from '../socket/contract.ts';
import { EAGAIN, EBADF, EINVAL, ENOTCONN } from '../socket/errno.ts';
import { SO_LINGER_SECONDS } from '../socket/options.ts';
import type { NativeBindings, StreamRequest, TcpHandle } from './bindings.ts';
import { UV_ECANCELED, UV_EOF } from './bindings.ts';
import { endNumber, hears } from './both-ends.ts';
import { BOUND, CLOSED, CONNECTED, CONNECTING, captureContext, LISTENING } from './channel-state.ts';
import { type ConnectingSocket, clientEnd, finishConnect } from './connecting.ts';
import { hide } from './hidden.ts';
import type { Listener, Pump, PumpedSocket } from './pump.ts';
import { flushWrites, type PendingWrite, type WritingSocket } from './write.ts';

/** The field of a TCP handle that holds its channel; absent on a handle of the kernel's. */
export const kChannel: unique symbol = Symbol('inic channel');

export interface MaybeOnCard {
  [kChannel]?: Channel;
}

/** Buffers that `useUserBuffer` set before the handle had a channel, by handle. */
export const earlyUserBuffers = new WeakMap<object, Uint8Array>();

const READS_MAX = 32; // in one turn, as in libuv's uv__read
const ACCEPTS_MAX = 32; // in one round
const READS_PER_CLOCK = 4; // between two looks whether the turn is over

export class Channel implements PumpedSocket, Listener, WritingSocket, ConnectingSocket {
  readonly pump: Pump;
  readonly native: NativeBindings;
  readonly handle: TcpHandle;
  readonly ipv6: boolean;
  /** The context in which `onread` and `onconnection` run; `asyncReset` replaces it. */
  context: AsyncResource;
  socket: number;
  state: number;
  reading = false;
  /** Whether the program was already told of the end of the stream, or of an error. */
  ended = false;
  referenced = true;
  /** Whether `pump.active` counts this channel. */
  counted = false;
  queued = false;
  /** Of a listener: where it listens, and which family's peers it hears. */
  boundAddress = 0;
  boundPort = 0;
  hearsIPv4 = true;
  hearsIPv6 = false;
  /** Of a listener: connections of this process's own that it has still to accept. */
  expected = 0;
  heard = 0;
  private acceptsMany = false;
  target: Listener | undefined = undefined;
  awaited = 0;
  waits = false;
  awaitedUntilTurn = 0;
  /** By `endNumber`, where the other end may be this process's; else 0. */
  end = 0;
  /** Whether our half was ended, in which turn, and whether the peer hears of it before the closing phase. */
  private halfEnded = false;
  private endedTurn = 0;
  private endsEarly = false;
  ownsPort = false;
  /** Where a connection under way goes, as the program wrote it. */
  connectText = '';
  connectPort = 0;
  /** The first turn of the pump in which the program may be told of it. */
  connectTurn = 0;
  bytesRead = 0;
  /** The turn of the pump in which there was data last. */
  readTurn = 0;
  bytesWritten = 0;
  userBuffer: Uint8Array | undefined = undefined;
  connectRequest: StreamRequest | undefined = undefined;
  connectContext: AsyncResource | undefined = undefined;
  shutdownRequest: StreamRequest | undefined = undefined;
  shutdownContext: AsyncResource | undefined = undefined;
  /** Writes that the card has not yet taken in full, oldest first. */
  writeHead: PendingWrite | undefined = undefined;
  writeTail: PendingWrite | undefined = undefined;
  writeQueueBytes = 0;

  constructor(pump: Pump, handle: TcpHandle, socket: number, state: number, ipv6: boolean) {
    this.pump = pump;
    this.native = pump.native;
    this.handle = handle;
    this.ipv6 = ipv6;
    this.socket = socket;
    this.state = state;
    this.context = captureContext();
    this.referenced = handle.hasRef();
    this.userBuffer = earlyUserBuffers.get(handle);
    hide(handle as MaybeOnCard, kChannel, this);
    pump.add(this);
  }

  /**
   * Tells the pump whether this channel keeps the event loop alive. By libuv's rules a request under way
   * always does, and a reader or listener does while its handle is referenced.
   */
  updateHold(): void {
    // libuv itself keeps the loop alive for a closing handle until its callbacks are made.
    const holds =
      this.state !== CLOSED &&
      ((this.referenced && (this.reading || this.state === LISTENING)) || this.hasRequests());
    if (holds === this.counted) return;
    this.counted = holds;
    this.pump.countActive(holds ? 1 : -1);
  }

  /** Whether any request still waits for its `oncomplete`. */
  hasRequests(): boolean {
    const { connectRequest, writeHead, shutdownRequest } = this;
    return connectRequest !== undefined || writeHead !== undefined || shutdownRequest !== undefined;
  }

  /** Hot path: does what is due for a socket that may be ready. */
  serve(): void {
    if (this.pump.deadErrno !== 0) {
      this.failAll(-this.pump.deadErrno);
      return;
    }
    if (this.state === CONNECTED) {
      // Writes are held back with reading: what has arrived is read before one of them fails, as by libuv.
      if (this.reading && this.pump.holdsBack(this, this.end)) return;
      if (this.reading) this.read();
      if (this.writeHead !== undefined && this.state === CONNECTED) flushWrites(this);
    } else if (this.state === LISTENING) this.accept();
    else if (this.state === CONNECTING) finishConnect(this);
  }

  /** @returns 0, -ENOTCONN, -EBADF. */
  readStart(): number {
    if (this.state === CLOSED) return -EBADF;
    if (this.state !== CONNECTED) return -ENOTCONN;
    if (this.reading) return 0;
    this.reading = !this.ended;
    this.updateHold();
    if (this.reading && this.pump.mayBeReadable(this.socket)) this.pump.enqueue(this);
    return 0;
  }

  readStop(): number {
    if (!this.reading) return 0;
    this.reading = false;
    this.updateHold();
    return 0;
  }

  /** Hot path: gives the program data that has arrived, READS_MAX chunks at most, until the turn is over. */
  private read(): void {
    const { pump } = this;
    const { stack } = pump;
    for (let i = 0; i < READS_MAX; i++) {
      const ready = stack.readiness(this.socket);
      if ((ready & (READABLE | HANGUP | FAILED)) === 0) return;
      const target = this.userBuffer;
      let got = 0;
      let room = 0;
      if (target === undefined) {
        const { slab } = pump;
        slab.reserve();
        room = slab.bytes.length - slab.used;
        got = stack.recv(this.socket, slab.bytes, slab.used, room);
      } else {
        room = target.length;
        got = stack.recv(this.socket, target, 0, room);
      }
      if (got === -EAGAIN) return;
      if (got <= 0) {
        // libuv polls again after a read that was not filled, so immediates run between data and its end.
        if (this.readTurn === pump.turn) pump.enqueueNextTurn(this);
        else this.endReading(got === 0 ? UV_EOF : got);
        return;
      }
      this.bytesRead += got;
      this.readTurn = pump.turn;
      this.deliver(got, target);
      if (!this.reading || this.state !== CONNECTED) return;
      if (got < room && (ready & HANGUP) !== 0) {
        // As libuv: a read that was not filled, on a socket that hangs up, has reached the end.
        this.endReading(UV_EOF);
        return;
      }
      if ((i + 1) % READS_PER_CLOCK === 0 && pump.hasHadItsTurn()) break;
    }
    pump.enqueue(this);
  }

  /** Hot path: passes one chunk to `onread`, in the slab or in the program's own buffer. */
  private deliver(length: number, target: Uint8Array | undefined): void {
    const native = this.native;
    const state = native.streamBaseState;
    state[native.kReadBytesOrError] = length;
    if (target === undefined) {
      const slab = this.pump.slab;
      state[native.kArrayBufferOffset] = slab.used;
      const buffer = slab.buffer;
      slab.take(length);
      this.context.runInAsyncScope(this.handle.onread, this.handle, buffer);
    } else {
      state[native.kArrayBufferOffset] = 0;
      const next = this.context.runInAsyncScope(this.handle.onread, this.handle, undefined);
      if (next instanceof Uint8Array) this.userBuffer = next;
    }
    native.runTicks();
  }

  /** Tells the program UV_EOF or a negative errno; nothing is read after that. */
  private endReading(status: number): void {
    const native = this.native;
    this.ended = true;
    this.reading = false;
    this.updateHold();
    native.streamBaseState[native.kReadBytesOrError] = status;
    native.streamBaseState[native.kArrayBufferOffset] = 0;
    this.context.runInAsyncScope(this.handle.onread, this.handle, undefined);
    native.runTicks();
  }

  /**
   * Takes a connection that waits, which gets a new native handle with a channel. Others are taken in the next
   * round, after the clients of this process's own that are ready now: natively one is, in each turn of the loop.
   */
  private accept(): void {
    const pump = this.pump;
    const most = this.acceptsMany ? ACCEPTS_MAX : 1;
    this.acceptsMany = false;
    for (let i = 0; i < most; i++) {
      const socket = pump.stack.accept(this.socket);
      if (socket === -EAGAIN) return;
      if (socket < 0) {
        this.reportConnection(socket, undefined);
        return;
      }
      hears(this);
      pump.routes.acceptedFromCard++;
      // Outside the context of the listener: like one of Node's own, it inherits no async store.
      const client = new this.native.TCP(this.native.socketType);
      const channel = new Channel(pump, client, socket, CONNECTED, this.ipv6);
      channel.end = endNumber(pump.stack.remoteEndpoint(socket)?.port ?? 0, this.boundPort, true);
      this.reportConnection(0, client);
      if (this.state !== LISTENING || !pump.mayBeReadable(this.socket)) return;
    }
    this.acceptsMany = true;
    pump.enqueue(this);
  }

  private reportConnection(status: number, client: TcpHandle | undefined): void {
    const callback = this.handle.onconnection;
    this.pump.routes.reportedFromCard++;
    if (callback === undefined) return;
    this.context.runInAsyncScope(callback, this.handle, status, client);
    this.native.runTicks();
  }

  /** @param status 0 or a negative errno. */
  completeConnect(status: number): void {
    const request = this.connectRequest;
    const context = this.connectContext;
    if (request === undefined || context === undefined) return;
    this.forgetConnect();
    this.ownsPort = this.ownsPort && status === 0;
    if (status !== 0) this.expectNoMore();
    else if (this.target !== undefined) {
      this.target = undefined;
      this.end = clientEnd(this);
    }
    if (this.state === CONNECTING) this.state = status === 0 ? CONNECTED : BOUND;
    this.updateHold();
    this.complete(context, request, status, this.handle, request, true, true);
  }

  /** Another will answer the connect request. */
  forgetConnect(): void {
    this.connectRequest = undefined;
    this.connectContext = undefined;
  }

  /** The listener that was to hear this connection will not. */
  private expectNoMore(): void {
    const target = this.target;
    this.target = undefined;
    if (target !== undefined) hears(target);
  }

  /** Calls a request's `oncomplete` in its context, then runs the ticks. */
  complete(context: AsyncResource, request: StreamRequest, ...values: unknown[]): void {
    const callback = request.oncomplete;
    // Node's autoSelectFamily removes the callback of an attempt that it has given up.
    if (typeof callback !== 'function') return;
    context.runInAsyncScope(callback, request, ...values);
    this.native.runTicks();
  }

  /**
   * Ends our half of the stream after the card has taken all writes; not within the call, as in libuv.
   * @returns 0, after which `oncomplete` follows, or a negative errno.
   */
  shutdown(request: StreamRequest): number {
    if (this.state === CLOSED) return -EBADF;
    if (this.state !== CONNECTED || this.shutdownRequest !== undefined) return -ENOTCONN;
    if (this.pump.deadErrno !== 0) return -this.pump.deadErrno;
    this.shutdownRequest = request;
    this.shutdownContext = captureContext();
    this.endsEarly = this.pump.isBeforePoll();
    this.updateHold();
    if (this.writeHead === undefined) this.pump.later(() => this.finishShutdown());
    return 0;
  }

  /** Does the shutdown that waited, if there is one. */
  finishShutdown(): void {
    const request = this.shutdownRequest;
    const context = this.shutdownContext;
    if (request === undefined || context === undefined || this.state !== CONNECTED) return;
    this.shutdownRequest = undefined;
    this.shutdownContext = undefined;
    const result = this.pump.stack.shutdown(this.socket, SHUT_WR);
    this.halfEnded = true;
    this.endedTurn = this.pump.turn;
    this.updateHold();
    this.complete(context, request, result, this.handle, undefined);
  }

  /**
   * Gives the socket up. Requests under way are answered later by `finishClose`: the native handle's own
   * close calls it in libuv's closing phase, just before the program's close callback.
   * @param reset whether to send RST instead of FIN. @returns 0 or a negative errno.
   */
  close(reset: boolean): number {
    if (this.state === CLOSED) return reset ? -EINVAL : 0;
    const pump = this.pump;
    if (!this.halfEnded || (!this.endsEarly && this.endedTurn === pump.turn)) pump.noteClosed(this.end);
    this.state = CLOSED;
    this.expectNoMore();
    this.reading = false;
    this.updateHold();
    pump.remove(this);
    if (this.socket >= 0 && pump.deadErrno === 0) {
      if (reset) {
        pump.closed.noteReset(this.end);
        pump.stack.setOption(this.socket, SO_LINGER_SECONDS, 0);
      }
      pump.stack.close(this.socket);
    }
    pump.wake();
    return 0;
  }

  /** Answers the requests that were under way when the handle was closed with ECANCELED, as libuv does. */
  finishClose(): void {
    try {
      this.failRequests(UV_ECANCELED);
    } finally {
      // A callback of the program threw; the remaining requests must be answered all the same.
      if (this.hasRequests()) this.finishClose();
    }
  }

  /** Ends everything under way with `status`, because the card has died. */
  private failAll(status: number): void {
    if (this.state === LISTENING && !this.ended) {
      this.ended = true;
      this.state = BOUND;
      this.updateHold();
      this.reportConnection(status, undefined);
      return;
    }
    this.failRequests(status);
    if (this.reading) this.endReading(status);
  }

  /** Forgets each request before it makes its callback, which may throw or close the handle. */
  private failRequests(status: number): void {
    this.completeConnect(status);
    for (let write = this.writeHead; write !== undefined; write = this.writeHead) {
      this.writeHead = write.next;
      if (write.next === undefined) this.writeTail = undefined;
      this.updateHold();
      this.complete(write.context, write.request, status, this.handle, undefined);
    }
    this.writeQueueBytes = 0;
    const shutdown = this.shutdownRequest;
    const context = this.shutdownContext;
    this.shutdownRequest = undefined;
    this.updateHold();
    if (shutdown !== undefined && context !== undefined) {
      this.complete(context, shutdown, status, this.handle, undefined);
    }
  }
}
