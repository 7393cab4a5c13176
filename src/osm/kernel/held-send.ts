/**
 * A send that was to wait in its call for a buffer, in a world that runs others in the same thread. To wait
 * there would be to run the others' calls within this one, and whatever they wait for within theirs: none
 * could end before all that began after it, however soon its buffer came. So the call gives up with EAGAIN,
 * and whoever drives its program gives it no step until a buffer comes to one of those that wait. Which of
 * them that is, the list says in which they wait: a program that could wait in its calls would have waited in
 * the oldest of them first.
 */
import { assert } from '../../assert/assert.ts';
import type { Clock } from '../../time/clock.ts';
import { type HostSocket, STATE_CONNECTED, STATE_DATAGRAM } from '../memory/host-socket.ts';

/** Says how often a socket that waited has been told that it need not wait any longer. */
export interface WaitingSenders {
  readonly told: number;
}

export class HeldSend {
  /** When it has waited long enough, in clock nanoseconds. */
  readonly dueNs: number;
  private readonly waiting: WaitingSenders;
  private readonly told: number;
  private readonly clock: Clock;
  private readonly socket: HostSocket;
  private readonly generation: number;

  constructor(waiting: WaitingSenders, socket: HostSocket, clock: Clock, timeoutNs: number) {
    assert(timeoutNs > 0, 'held send: it is held for a time');
    clock.update();
    this.waiting = waiting;
    this.told = waiting.told;
    this.clock = clock;
    this.socket = socket;
    this.generation = socket.generation;
    this.dueNs = clock.nowNs + timeoutNs;
  }

  /** Whether it has waited so long that it is to fail. */
  get overdue(): boolean {
    return this.waits && this.clock.nowNs >= this.dueNs;
  }

  /** Whether its program is still to be held. */
  get holds(): boolean {
    return this.waits && this.clock.nowNs < this.dueNs;
  }

  private get waits(): boolean {
    const { socket } = this;
    if (this.waiting.told !== this.told) return false;
    const sends = socket.state === STATE_CONNECTED || socket.state === STATE_DATAGRAM;
    return socket.generation === this.generation && socket.wantsRoom !== 0 && sends && socket.errno === 0;
  }
}
