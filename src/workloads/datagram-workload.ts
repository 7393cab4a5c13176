/**
 * UDP_RR and UDP_STREAM by socket calls, as the bench measures them: a client and a server for each of the
 * load's connections, all in one thread, in real time.
 */
import type { LatencyRecorder } from '../record/latency.ts';
import type { Load } from '../record/row.ts';
import type { SocketStack } from '../socket/contract.ts';
import type { Clock } from '../time/clock.ts';
import {
  DatagramRequestClient,
  DatagramRequestServer,
  DatagramStreamClient,
  DatagramStreamServer,
} from './datagrams.ts';
import type { ProgramParts, ProgramShape } from './program.ts';
import { type Counts, LOOPBACK, StallGuard, type Workload } from './workload.ts';

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

interface Pair<Client, Server> {
  readonly client: Client;
  readonly server: Server;
}

/** When a loop that polls looks up: after so much work, or after so many looks in vain and a wait. */
class Looks {
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
  up(progress: number): boolean {
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

abstract class DatagramWorkload<
  Client extends { step(): number; stop(): void },
  Server extends { step(): number; stop(): void; readonly port: number },
> implements Workload
{
  protected readonly stack: SocketStack;
  protected readonly clock: Clock;
  protected readonly load: Load;
  protected readonly pairs: readonly Pair<Client, Server>[];

  constructor(
    stack: SocketStack,
    clock: Clock,
    load: Load,
    Client: new (parts: ProgramParts, shape: ProgramShape) => Client,
    Server: new (parts: ProgramParts, shape: ProgramShape) => Server,
  ) {
    this.stack = stack;
    this.clock = clock;
    this.load = load;
    const { size: sizeBytes, response: responseBytes = sizeBytes } = load;
    const shape = { address: LOOPBACK, port: 0, connections: 1, sizeBytes, responseBytes };
    this.pairs = Array.from({ length: load.connections }, () => {
      const server = new Server({ stack, clock }, shape);
      return { server, client: new Client({ stack, clock }, { ...shape, port: server.port }) };
    });
  }

  abstract run(durationNs: number, latency: LatencyRecorder): Promise<Counts>;

  async close(): Promise<void> {
    for (const { client, server } of this.pairs) {
      client.stop();
      server.stop();
    }
    this.stack.poll();
  }

  /** Over all pairs. */
  protected sum(of: (pair: Pair<Client, Server>) => number): number {
    return this.pairs.reduce((total, pair) => total + of(pair), 0);
  }
}

export class DatagramRequestResponse extends DatagramWorkload<DatagramRequestClient, DatagramRequestServer> {
  constructor(stack: SocketStack, clock: Clock, load: Load) {
    super(stack, clock, load, DatagramRequestClient, DatagramRequestServer);
  }

  async run(durationNs: number, latency: LatencyRecorder): Promise<Counts> {
    const { clock, pairs } = this;
    const before = this.counted();
    for (const { client } of pairs) {
      client.latency = latency;
      client.operationsMax = Number.POSITIVE_INFINITY;
    }
    clock.update();
    const startNs = clock.nowNs;
    const looks = new Looks(this.stack, clock);
    let under = true;
    while (under) {
      let progress = 0;
      for (const { client, server } of pairs) progress += client.step() + server.step();
      if (!looks.up(progress)) continue;
      const ending = clock.nowNs - startNs >= durationNs && this.counted().operations > before.operations;
      if (!ending) continue;
      for (const { client } of pairs) client.operationsMax = 0;
      under = pairs.some(({ client }) => !client.idle);
    }
    clock.update();
    const after = this.counted();
    const operations = after.operations - before.operations;
    const { size, response = size } = this.load;
    const bytes = operations * (size + response);
    const lost = after.sent - before.sent - operations;
    return { operations, bytes, elapsedNs: clock.nowNs - startNs, spinNs: 0, lost };
  }

  private counted(): { readonly operations: number; readonly sent: number } {
    return {
      operations: this.sum(({ client }) => client.operations),
      sent: this.sum(({ client }) => client.sent),
    };
  }
}

export class DatagramStream extends DatagramWorkload<DatagramStreamClient, DatagramStreamServer> {
  constructor(stack: SocketStack, clock: Clock, load: Load) {
    super(stack, clock, load, DatagramStreamClient, DatagramStreamServer);
  }

  async run(durationNs: number, _latency: LatencyRecorder): Promise<Counts> {
    const { clock, pairs } = this;
    const [sentBefore, arrivedBefore] = [this.sent, this.arrived];
    clock.update();
    const startNs = clock.nowNs;
    const looks = new Looks(this.stack, clock);
    while (clock.nowNs - startNs < durationNs || this.arrived === arrivedBefore) {
      let progress = 0;
      for (const { client, server } of pairs) {
        let burst = 0;
        while (burst < BURST && client.step() > 0) burst += 1;
        // A card in this thread has its turn only in a look; the kernel has done its work within the calls.
        if (burst > 0) this.stack.poll();
        progress += burst + drained(server);
      }
      looks.up(progress);
    }
    const elapsedNs = clock.nowNs - startNs;
    const operations = this.arrived - arrivedBefore;
    this.drain(sentBefore, arrivedBefore);
    const lost = this.sent - sentBefore - (this.arrived - arrivedBefore);
    return { operations, bytes: operations * this.load.size, elapsedNs, spinNs: 0, lost };
  }

  private get sent(): number {
    return this.sum(({ client }) => client.sent);
  }

  private get arrived(): number {
    return this.sum(({ server }) => server.arrived);
  }

  /** Takes what is still under way when the time is up. */
  private drain(sentBefore: number, arrivedBefore: number): void {
    for (let quiet = 0; quiet < QUIET_LOOKS; quiet++) {
      if (this.sent - sentBefore <= this.arrived - arrivedBefore) return;
      this.stack.wait(1);
      for (const { server } of this.pairs) if (drained(server) > 0) quiet = 0;
    }
  }
}

/** Has a server take all there is. @returns how many. */
function drained(server: DatagramStreamServer): number {
  let taken = 0;
  for (let more = server.step(); more > 0; more = server.step()) taken += more;
  return taken;
}
