/**
 * A send that was to wait in its call for a buffer, in a world that runs others in the same thread. To wait
 * there would be to run the others' calls within this one, and whatever they wait for within theirs: none
 * could end before all that began after it, however soon its buffer came. So the call gives up with EAGAIN,
 * and whoever drives its program gives it no step until the call can be made again.
 */
import { assert } from '../../assert/assert.ts';
import type { Clock } from '../../time/clock.ts';
import { type HostSocket, STATE_CONNECTED, STATE_DATAGRAM } from '../memory/host-socket.ts';

export class HeldSend {
  /** When it has waited long enough, in clock nanoseconds. */
  readonly dueNs: number;
  private readonly clock: Clock;
  private readonly socket: HostSocket;
  private readonly generation: number;

  constructor(socket: HostSocket, clock: Clock, timeoutNs: number) {
    assert(timeoutNs > 0, 'held send: it is held for a time');
    clock.update();
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
    const sends = socket.state === STATE_CONNECTED || socket.state === STATE_DATAGRAM;
    return socket.generation === this.generation && socket.wantsRoom !== 0 && sends && socket.errno === 0;
  }
}
