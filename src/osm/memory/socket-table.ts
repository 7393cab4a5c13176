/** The driver's sockets: the table of them, which numbers are free, and which have become ready since last asked. */
import type { DriverConfig } from './driver-config.ts';
import { HostSocket, STATE_CLOSING, STATE_FREE, STATE_POSTED } from './host-socket.ts';

export class SocketTable {
  readonly sockets: readonly HostSocket[];
  private readonly free: Int32Array;
  private freeCount: number;
  /** Sockets whose readiness changed, oldest first: a ring with room for every socket. */
  private readonly ready: Int32Array;
  private readyHead = 0;
  private readyCount = 0;
  private readonly config: DriverConfig;

  constructor(config: DriverConfig) {
    const { socketsMax } = config;
    this.config = config;
    this.sockets = Array.from({ length: socketsMax }, () => new HostSocket());
    this.free = new Int32Array(socketsMax);
    for (let i = 0; i < socketsMax; i++) this.free[i] = socketsMax - 1 - i;
    this.freeCount = socketsMax;
    this.ready = new Int32Array(socketsMax);
  }

  /** Numbers nobody uses. */
  get available(): number {
    return this.freeCount;
  }

  /** The socket behind a number that the program may use; undefined: EBADF. // Hot path. */
  open(number: number): HostSocket | undefined {
    const socket = number >= 0 && number < this.sockets.length ? this.sockets[number] : undefined;
    if (socket === undefined || socket.state === STATE_FREE || socket.state === STATE_CLOSING)
      return undefined;
    return socket.state === STATE_POSTED ? undefined : socket;
  }

  /** A free number, now in `state`; -1 when there is none. */
  take(state: number): number {
    if (this.freeCount === 0) return -1;
    const number = this.free[--this.freeCount];
    const socket = this.sockets[number];
    socket.reset(state);
    socket.sendBufferBytes = this.config.sendBufferBytes;
    socket.receiveBufferBytes = this.config.receiveBufferBytes;
    return number;
  }

  /** The number may be used again. */
  give(number: number): void {
    this.free[this.freeCount++] = number;
  }

  /** Notes that a socket's readiness may have changed. // Hot path. */
  changed(number: number): void {
    const socket = this.sockets[number];
    if (socket.readyQueued !== 0) return;
    socket.readyQueued = 1;
    const at = this.readyHead + this.readyCount;
    this.ready[at >= this.ready.length ? at - this.ready.length : at] = number;
    this.readyCount += 1;
  }

  /** The socket whose readiness changed longest ago, once; -1 for none. // Hot path. */
  nextChanged(): number {
    if (this.readyCount === 0) return -1;
    const number = this.ready[this.readyHead];
    this.readyHead = this.readyHead + 1 === this.ready.length ? 0 : this.readyHead + 1;
    this.readyCount -= 1;
    this.sockets[number].readyQueued = 0;
    return number;
  }
}
