/**
 * How often, and for how long, sockets have waited to send, by what they waited for. A stall is an episode:
 * it begins when a send finds nothing, however often it asks again, and ends when the socket is told that it
 * can go on, or when its use ends.
 */
import { assert } from '../../assert/assert.ts';
import type { MeterClock } from '../../ledger/pool-meter.ts';
import type { Stall } from '../../ledger/wait-meter.ts';
import { type HostSocket, hasRoom } from './host-socket.ts';
import type { TransmitPool } from './transmit-pool.ts';

/** A buffer of the transmit pool, a frame, or room in its own send buffer: the peer has not acknowledged. */
const BUFFER = 0;
const FRAME = 1;
const WINDOW = 2;
const REASONS = 3;
const GOES_ON = -1;

/** What a send can wait for. */
export type SendStalls = {
  readonly transmitBuffer: Stall;
  readonly frame: Stall;
  readonly window: Stall;
};

export class Stalls {
  private readonly sockets: readonly HostSocket[];
  private clock: MeterClock = { nowNs: 0, originNs: 0 };
  /** By socket id: what it waits for, since when, and the use of the id that is told of. */
  private readonly reason: Int8Array;
  private readonly fromNs: Float64Array;
  private readonly uses: Int32Array;
  /** By socket id and reason, and behind them of all sockets. */
  private readonly episodes: Float64Array;
  private readonly ns: Float64Array;

  constructor(sockets: readonly HostSocket[]) {
    const { length } = sockets;
    this.sockets = sockets;
    this.reason = new Int8Array(length).fill(GOES_ON);
    this.fromNs = new Float64Array(length);
    this.uses = new Int32Array(length);
    this.episodes = new Float64Array((length + 1) * REASONS);
    this.ns = new Float64Array((length + 1) * REASONS);
  }

  /** @param clock the driver's, whose field says when a stall begins and ends. */
  start(clock: MeterClock): void {
    this.clock = clock;
  }

  /** A send of a socket found no room. Nothing, when it has waited before. */
  begin(socketId: number, socket: HostSocket, transmit: TransmitPool): void {
    if (this.uses[socketId] !== socket.generation) this.renew(socketId, socket);
    if (this.reason[socketId] !== GOES_ON) return;
    const wanting = transmit.serves(socket) ? FRAME : BUFFER;
    const reason = hasRoom(socket) ? wanting : WINDOW;
    this.reason[socketId] = reason;
    this.fromNs[socketId] = this.clock.nowNs;
    this.episodes[socketId * REASONS + reason] += 1;
    this.episodes[this.sockets.length * REASONS + reason] += 1;
  }

  /** The socket can go on, or its use has ended. */
  end(socketId: number): void {
    const reason = this.reason[socketId];
    if (reason === GOES_ON) return;
    const ns = Math.max(0, this.clock.nowNs - this.fromNs[socketId]);
    this.reason[socketId] = GOES_ON;
    this.ns[socketId * REASONS + reason] += ns;
    this.ns[this.sockets.length * REASONS + reason] += ns;
  }

  /** Whether a socket waits for its peer to make room in its send buffer. */
  isFull(socketId: number): boolean {
    return this.reason[socketId] === WINDOW;
  }

  private renew(socketId: number, socket: HostSocket): void {
    assert(this.sockets[socketId] === socket, 'stalls: a socket waits under its own id');
    this.end(socketId);
    this.uses[socketId] = socket.generation;
    this.episodes.fill(0, socketId * REASONS, (socketId + 1) * REASONS);
    this.ns.fill(0, socketId * REASONS, (socketId + 1) * REASONS);
  }

  /** From now on the stalls of all sockets together are counted anew, those that last as well. */
  restart(): void {
    const all = this.sockets.length * REASONS;
    this.episodes.fill(0, all);
    this.ns.fill(0, all);
    for (let socketId = 0; socketId < this.sockets.length; socketId++) {
      const reason = this.reason[socketId];
      if (reason === GOES_ON) continue;
      this.fromNs[socketId] = this.clock.nowNs;
      this.episodes[all + reason] += 1;
    }
  }

  /** Of a socket, or of all: those that last are counted up to now. */
  of(socketId = this.sockets.length): SendStalls {
    const all = socketId === this.sockets.length;
    assert(socketId >= 0 && socketId <= this.sockets.length, 'stalls: they are asked of a socket there is');
    // What an earlier use of the id has waited is not this one's.
    const known = all || this.uses[socketId] === this.sockets[socketId].generation;
    const sum = (reason: number): Stall => {
      if (!known) return { episodes: 0, ns: 0 };
      let ns = this.ns[socketId * REASONS + reason];
      for (let id = all ? 0 : socketId; id < this.sockets.length && (all || id === socketId); id++) {
        if (this.reason[id] === reason) ns += Math.max(0, this.clock.nowNs - this.fromNs[id]);
      }
      return { episodes: this.episodes[socketId * REASONS + reason], ns };
    };
    return { transmitBuffer: sum(BUFFER), frame: sum(FRAME), window: sum(WINDOW) };
  }
}
