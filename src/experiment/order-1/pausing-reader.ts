/**
 * A server that reads all there is for a while, and then does something else (writes to a disk, say) while
 * what comes waits in kernel memory.
 */
import type { SocketStack } from '../../socket/contract.ts';
import { EAGAIN } from '../../socket/errno.ts';
import type { Clock } from '../../time/clock.ts';
import { AcceptingServer, FREE } from '../../workloads/acceptor.ts';
import type { ProgramParts, ProgramShape } from '../../workloads/program.ts';
import { RECEIVE_BYTES_MIN } from '../../workloads/stream.ts';
import { failCall } from '../../workloads/workload.ts';

/** How long it reads, and how long it does not, in nanoseconds. */
export interface ReadingTimes {
  readonly readNs: number;
  readonly pauseNs: number;
}

export class PausingReader extends AcceptingServer {
  /** The longest time that a connection brought nothing. */
  stallNs = 0;
  private readonly stack: SocketStack;
  private readonly clock: Clock;
  private readonly times: ReadingTimes;
  private readonly received: Uint8Array = new Uint8Array(RECEIVE_BYTES_MIN);
  /** By connection: when it brought something last. */
  private readonly broughtNs: Float64Array;
  private reading = true;
  private changeNs: number;

  constructor(parts: ProgramParts, shape: ProgramShape, times: ReadingTimes) {
    super(parts, shape);
    this.stack = parts.stack;
    this.clock = parts.clock;
    this.times = times;
    this.broughtNs = new Float64Array(shape.connections).fill(-1);
    this.changeNs = times.readNs;
  }

  nextDeadlineNs(): number {
    return this.changeNs;
  }

  protected serveAll(): number {
    const { acceptor, clock, times } = this;
    if (clock.nowNs >= this.changeNs) {
      this.reading = !this.reading;
      this.changeNs = clock.nowNs + (this.reading ? times.readNs : times.pauseNs);
    }
    const { sockets } = acceptor;
    let progress = acceptor.connections < sockets.length && acceptor.accept() >= 0 ? 1 : 0;
    if (!this.reading) return progress;
    for (let i = 0; i < sockets.length; i++) if (sockets[i] !== FREE) progress += this.read(i, sockets[i]);
    return progress;
  }

  private read(place: number, socket: number): number {
    const got = this.stack.recv(socket, this.received, 0, this.received.length);
    const { nowNs } = this.clock;
    const { broughtNs } = this;
    if (broughtNs[place] >= 0) this.stallNs = Math.max(this.stallNs, nowNs - broughtNs[place]);
    if (got === -EAGAIN) return 0;
    broughtNs[place] = nowNs;
    if (got < 0) failCall('recv', got);
    if (got === 0) this.acceptor.end(place);
    else this.bytesReceived += got;
    return 1;
  }
}
