/** How few transmit buffers are shared out among the sockets that want one. */
import { assert } from '../../assert/assert.ts';
import type { HostSocket } from './host-socket.ts';

/** One buffer for so many bytes (as a power of two) that a socket's peers have acknowledged, when scarce. */
const PROGRESS_SHIFT = 16;
/** Buffers are scarce when no more than a quarter of them are free. */
const SCARCE_SHIFT = 2;

export class TransmitShares {
  /** Buffers that only a socket with none in use may take; 0: first come, first served. */
  readonly reserve: number;
  /** With at most so many free they are scarce; without a reserve they never are. */
  readonly plenty: number;
  /** Free buffers that are promised to sockets that have waited (kernel/blocked-senders.ts). */
  promised = 0;

  /** @param count buffers there are. */
  constructor(reserve: number, count: number) {
    assert(count > 0 && reserve >= 0, 'transmit shares: there are buffers to share');
    this.reserve = reserve;
    this.plenty = reserve === 0 ? 0 : Math.max(reserve, count >> SCARCE_SHIFT);
  }

  /** One of the free buffers is for a socket that has waited for it; others leave it alone while few are. */
  promise(socket: HostSocket, freeCount: number): void {
    const there = freeCount > this.promised;
    assert(socket.promised === 0 && there, 'transmit shares: what is promised is there, once');
    socket.promised = 1;
    this.promised += 1;
  }

  /**
   * Whether a socket may have one more buffer. One with none in use may have any. The others leave the
   * reserve alone and hold no more than are free (the dynamic threshold that the card's buckets go by, too);
   * and while buffers are scarce, no more than their peers have shown to read: a sender whose peer does not
   * read keeps its buffers for ever, so an unknown one is not given many. A slot is no buffer: who has only
   * sent a piece of a message in one may have a buffer for what is left of it, but for half of the reserve.
   */
  allows(socket: HostSocket, freeCount: number): boolean {
    const free = freeCount - (socket.promised === 0 ? this.promised : 0);
    const held = socket.sendingContexts - socket.sendingSlots;
    if (held === 0 || this.reserve === 0) return free > this.leftBy(socket);
    if (free <= this.reserve || free <= held) return false;
    return free > this.plenty || held <= socket.acknowledgedBytes >> PROGRESS_SHIFT;
  }

  /** As `allows`, for a socket that takes the buffer then, and with it what it was promised. */
  takes(socket: HostSocket, freeCount: number): boolean {
    if (!this.allows(socket, freeCount)) return false;
    assert(freeCount > 0, 'transmit shares: a share that is taken is there');
    if (socket.promised !== 0) {
      socket.promised = 0;
      if (this.promised > 0) this.promised -= 1;
    }
    return true;
  }

  /** From how many free buffers on `allows` would say yes, as far as only their number decides. */
  freeNeeded(socket: HostSocket): number {
    const held = socket.sendingContexts - socket.sendingSlots;
    if (held === 0 || this.reserve === 0) return this.leftBy(socket) + 1;
    const shared = Math.max(this.reserve, held) + 1;
    return held <= socket.acknowledgedBytes >> PROGRESS_SHIFT ? shared : Math.max(shared, this.plenty + 1);
  }

  /** Free buffers that a socket leaves to others although it has none. */
  private leftBy(socket: HostSocket): number {
    return socket.sendingSlots > 0 ? this.reserve >> 1 : 0;
  }
}
