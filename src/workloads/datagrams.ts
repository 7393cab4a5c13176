/**
 * UDP_RR and UDP_STREAM by socket calls, client and server in one thread. A datagram may be lost: a request
 * without an answer is sent again after a while and counted, and a stream counts what did not arrive.
 */
import type { LatencyRecorder } from '../record/latency.ts';
import type { Load } from '../record/row.ts';
import { SOCK_DGRAM, type SocketStack } from '../socket/contract.ts';
import { EAGAIN } from '../socket/errno.ts';
import type { Clock } from '../time/clock.ts';
import {
  type Counts,
  failCall,
  LOOPBACK,
  patternBytes,
  SAMPLE_MASK,
  StallGuard,
  type Workload,
} from './workload.ts';

/** How long an answer is waited for before its request counts as lost. */
const ANSWER_NS = 200e6;
/** Looks that find nothing before the thread waits instead of polling. */
const SPIN_LOOKS = 4096;
/** Operations between two looks at the clock. */
const PER_CLOCK = 256;
/** Datagrams that a stream's sender sends before its reader, in the same thread, has its turn. */
const BURST = 16;
/**
 * Looks a millisecond apart that find nothing after which what is missing has been lost: on a busy machine a
 * card in a thread of its own may be without a core for as long.
 */
const QUIET_LOOKS = 100;

interface Pair {
  readonly client: number;
  readonly server: number;
}

/** A client's and a server's socket for each of the load's connections, each connected to the other. */
function openPairs(stack: SocketStack, count: number): Pair[] {
  return Array.from({ length: count }, () => {
    const [client, server] = [openBound(stack), openBound(stack)];
    connectTo(stack, client, server);
    connectTo(stack, server, client);
    return { client, server };
  });
}

function openBound(stack: SocketStack): number {
  const socket = stack.socket(SOCK_DGRAM);
  if (socket < 0) failCall('socket', socket);
  const bound = stack.bind(socket, LOOPBACK, 0);
  if (bound < 0) failCall('bind', bound);
  return socket;
}

function connectTo(stack: SocketStack, socket: number, peer: number): void {
  const endpoint = stack.localEndpoint(peer);
  if (endpoint === undefined) throw new Error('a bound socket has no local endpoint');
  const answer = stack.connect(socket, endpoint.address, endpoint.port);
  if (answer < 0) failCall('connect', answer);
}

/** When a loop that polls looks up: after so much work, or after so many looks in vain and a wait. */
class Pace {
  private readonly stack: SocketStack;
  private readonly clock: Clock;
  private readonly guard: StallGuard;
  private worked = 0;
  private idle = 0;

  constructor(stack: SocketStack, clock: Clock) {
    this.stack = stack;
    this.clock = clock;
    this.guard = new StallGuard(clock);
  }

  /**
   * // Hot path. @param progress calls that got on in this pass. @returns whether the clock was read now.
   * @throws Error when nothing has moved for too long.
   */
  looksUp(progress: number): boolean {
    if (progress > 0) {
      this.idle = 0;
      this.worked += progress;
      if (this.worked < PER_CLOCK) return false;
      this.worked = 0;
      this.guard.moved();
    } else if (this.stack.poll() > 0 || ++this.idle % SPIN_LOOKS !== 0) return false;
    else this.stack.wait(10);
    this.clock.update();
    this.guard.check();
    return true;
  }
}

abstract class DatagramWorkload implements Workload {
  protected readonly stack: SocketStack;
  protected readonly clock: Clock;
  protected readonly pairs: readonly Pair[];
  protected readonly request: Uint8Array;
  protected readonly response: Uint8Array;
  protected readonly received: Uint8Array;

  constructor(stack: SocketStack, clock: Clock, load: Load) {
    this.stack = stack;
    this.clock = clock;
    this.pairs = openPairs(stack, load.connections);
    this.request = patternBytes(load.size);
    this.response = patternBytes(load.response ?? load.size);
    this.received = new Uint8Array(Math.max(this.request.length, this.response.length));
  }

  abstract run(durationNs: number, latency: LatencyRecorder): Promise<Counts>;

  async close(): Promise<void> {
    for (const { client, server } of this.pairs) {
      this.stack.close(client);
      this.stack.close(server);
    }
    this.stack.poll();
  }

  /** @returns whether it was taken. */
  protected send(socket: number, bytes: Uint8Array): boolean {
    const sent = this.stack.send(socket, bytes, 0, bytes.length);
    if (sent === -EAGAIN) return false;
    if (sent < 0) failCall('send', sent);
    return true;
  }

  /** @returns whether a datagram came. @param length that it must have. */
  protected receive(socket: number, length: number): boolean {
    const got = this.stack.recv(socket, this.received, 0, this.received.length);
    if (got === -EAGAIN) return false;
    if (got < 0) failCall('recv', got);
    if (got !== length) throw new Error(`a datagram of ${got} bytes where ${length} were sent`);
    return true;
  }
}

export class DatagramRequestResponse extends DatagramWorkload {
  async run(durationNs: number, latency: LatencyRecorder): Promise<Counts> {
    const { clock, pairs, request, response } = this;
    clock.update();
    const startNs = clock.nowNs;
    const pace = new Pace(this.stack, clock);
    const sentNs = new Float64Array(pairs.length);
    const waits = new Uint8Array(pairs.length);
    const counts = new Int32Array(pairs.length);
    let [operations, lost, under, ending] = [0, 0, 0, false];
    while (!ending || under > 0) {
      let progress = 0;
      for (let i = 0; i < pairs.length; i++) {
        const { client, server } = pairs[i];
        if (waits[i] === 0 && !ending && this.send(client, request)) {
          if ((counts[i] & SAMPLE_MASK) === 0) clock.update();
          sentNs[i] = clock.nowNs;
          waits[i] = 1;
          under += 1;
          progress += 1;
        }
        if (this.receive(server, request.length) && this.send(server, response)) progress += 1;
        if (waits[i] === 0 || !this.receive(client, response.length)) continue;
        if ((counts[i] & SAMPLE_MASK) === 0) {
          clock.update();
          latency.record(clock.nowNs - sentNs[i]);
        }
        waits[i] = 0;
        under -= 1;
        counts[i] += 1;
        operations += 1;
        progress += 1;
      }
      if (!pace.looksUp(progress)) continue;
      ending = clock.nowNs - startNs >= durationNs && operations > 0;
      for (let i = 0; i < pairs.length; i++) {
        if (waits[i] === 0 || clock.nowNs - sentNs[i] < ANSWER_NS) continue;
        waits[i] = 0;
        under -= 1;
        lost += 1;
      }
    }
    clock.update();
    const bytes = operations * (request.length + response.length);
    return { operations, bytes, elapsedNs: clock.nowNs - startNs, spinNs: 0, lost };
  }
}

export class DatagramStream extends DatagramWorkload {
  async run(durationNs: number, _latency: LatencyRecorder): Promise<Counts> {
    const { clock, pairs, request } = this;
    clock.update();
    const startNs = clock.nowNs;
    const pace = new Pace(this.stack, clock);
    let [sent, arrived] = [0, 0];
    while (clock.nowNs - startNs < durationNs || arrived === 0) {
      let progress = 0;
      for (const { client, server } of pairs) {
        let burst = 0;
        while (burst < BURST && this.send(client, request)) burst += 1;
        sent += burst;
        progress += burst;
        // A card in this thread has its turn only in a look; the kernel has done its work within the calls.
        if (burst > 0) this.stack.poll();
        while (this.receive(server, request.length)) {
          arrived += 1;
          progress += 1;
        }
      }
      if (!pace.looksUp(progress)) continue;
    }
    const elapsedNs = clock.nowNs - startNs;
    const lost = this.drain(sent - arrived);
    const bytes = arrived * request.length;
    return { operations: arrived, bytes, elapsedNs, spinNs: 0, lost };
  }

  /** Takes what is still under way when the time is up. @returns how many of those missing have not come. */
  private drain(missing: number): number {
    let left = missing;
    for (let quiet = 0; left > 0 && quiet < QUIET_LOOKS; quiet++) {
      this.stack.wait(1);
      for (const { server } of this.pairs) {
        while (this.receive(server, this.request.length)) {
          left -= 1;
          quiet = 0;
        }
      }
    }
    return left;
  }
}
