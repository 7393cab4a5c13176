/**
 * TCP_CRR by socket calls: connect, request, response, close, a new connection each time, N of them at once.
 * The server closes after its response and the client on seeing the end, as a web server of the first kind
 * did: so TIME-WAIT stays with the server's port, and the client's ports are free to be used again at once. A
 * million connections run through without a port running out, with no option set on either stack.
 */

import type { LatencyRecorder } from '../record/latency.ts';
import type { Load } from '../record/row.ts';
import type { SocketStack } from '../socket/contract.ts';
import { EAGAIN, EINPROGRESS } from '../socket/errno.ts';
import type { Clock } from '../time/clock.ts';
import { openListener } from './socket-pairs.ts';
import {
  type Counts,
  failCall,
  LOOPBACK,
  passNs,
  patternBytes,
  SAMPLE_MASK,
  StallGuard,
  type Workload,
} from './workload.ts';

/** Where a client stands. */
const IDLE = 0;
const SENDING = 1;
const RECEIVING = 2;
const ENDING = 3;

/** Where a server's connection stands. */
const FREE = 0;
const SERVING = 1;
const ANSWERING = 2;

const CHECK_OPERATIONS = 32;
const SPIN_PASSES = 4096;

export class SocketConnectRequestResponse implements Workload {
  private readonly stack: SocketStack;
  private readonly clock: Clock;
  private readonly size: number;
  private readonly listener: { socket: number; port: number };
  private readonly clients: Int32Array;
  private readonly clientStages: Uint8Array;
  private readonly clientDone: Int32Array;
  private readonly startsNs: Float64Array;
  private readonly servers: Int32Array;
  private readonly serverStages: Uint8Array;
  private readonly serverDone: Int32Array;
  private readonly message: Uint8Array;
  private readonly received: Uint8Array;
  private latency: LatencyRecorder | undefined;
  /** Connections begun and not yet accepted. */
  private pending = 0;
  private operations = 0;
  private finishing = false;

  constructor(stack: SocketStack, clock: Clock, load: Load) {
    const count = load.connections;
    this.stack = stack;
    this.clock = clock;
    this.size = load.size;
    this.listener = openListener(stack, Math.max(count, 16));
    this.clients = new Int32Array(count);
    this.clientStages = new Uint8Array(count);
    this.clientDone = new Int32Array(count);
    this.startsNs = new Float64Array(count);
    this.servers = new Int32Array(count);
    this.serverStages = new Uint8Array(count);
    this.serverDone = new Int32Array(count);
    this.message = patternBytes(load.size);
    this.received = new Uint8Array(load.size);
  }

  async run(durationNs: number, latency: LatencyRecorder): Promise<Counts> {
    this.latency = latency;
    this.operations = 0;
    const clock = this.clock;
    clock.update();
    const startNs = clock.nowNs;
    const guard = new StallGuard(clock);
    let idlePasses = 0;
    let idleRun = 0;
    let checkAt = CHECK_OPERATIONS;
    // On a busy machine the first may take longer than a short run: what is measured is then that one.
    while (clock.nowNs - startNs < durationNs || this.operations === 0) {
      if (this.pass() > 0) {
        idleRun = 0;
        if (this.operations < checkAt) continue;
        checkAt = this.operations + CHECK_OPERATIONS;
        clock.update();
        guard.moved();
        continue;
      }
      idlePasses += 1;
      idleRun += 1;
      if (this.stack.poll() > 0 || idleRun % SPIN_PASSES !== 0) continue;
      this.stack.wait(100);
      clock.update();
      guard.check();
    }
    clock.update();
    const elapsedNs = clock.nowNs - startNs;
    const operations = this.operations;
    this.finish();
    const spinNs = idlePasses === 0 ? 0 : Math.min(idlePasses * this.idlePassNs(), elapsedNs);
    return { operations, bytes: operations * 2 * this.size, elapsedNs, spinNs };
  }

  async close(): Promise<void> {
    this.stack.close(this.listener.socket);
    this.stack.poll();
  }

  /** @returns how many calls got on. */
  private pass(): number {
    const count = this.clients.length;
    let progress = 0;
    for (let i = 0; i < count; i++) progress += this.request(i);
    for (let i = 0; i < count; i++) progress += this.serve(i);
    for (let i = 0; i < count; i++) progress += this.collect(i);
    return progress;
  }

  /** The client's way out: connect, and send as soon as the connection takes it. */
  private request(i: number): number {
    let progress = 0;
    if (this.clientStages[i] === IDLE) {
      if (this.finishing) return 0;
      this.begin(i);
      progress = 1;
    }
    if (this.clientStages[i] !== SENDING) return progress;
    const done = this.clientDone[i];
    const sent = this.stack.send(this.clients[i], this.message, done, (this.size - done) | 0);
    if (sent === -EAGAIN) return progress;
    if (sent < 0) failCall('send', sent);
    this.clientDone[i] = (done + sent) % this.size;
    if (done + sent === this.size) this.clientStages[i] = RECEIVING;
    return progress + 1;
  }

  private begin(i: number): void {
    if (((this.operations + i) & SAMPLE_MASK) === 0) {
      this.clock.update();
      this.startsNs[i] = this.clock.nowNs;
    }
    const client = this.stack.socket();
    if (client < 0) failCall('socket', client);
    const connecting = this.stack.connect(client, LOOPBACK, this.listener.port);
    if (connecting < 0 && connecting !== -EINPROGRESS) failCall('connect', connecting);
    this.clients[i] = client;
    this.clientStages[i] = SENDING;
    this.clientDone[i] = 0;
    this.pending += 1;
  }

  /** The server's side: accept, take the request, answer, close. */
  private serve(i: number): number {
    let progress = 0;
    if (this.serverStages[i] === FREE) {
      if (this.pending === 0) return 0;
      const accepted = this.stack.accept(this.listener.socket);
      if (accepted === -EAGAIN) return 0;
      if (accepted < 0) failCall('accept', accepted);
      this.servers[i] = accepted;
      this.serverStages[i] = SERVING;
      this.serverDone[i] = 0;
      this.pending -= 1;
      progress = 1;
    }
    const server = this.servers[i];
    if (this.serverStages[i] === SERVING) {
      const done = this.serverDone[i];
      const got = this.stack.recv(server, this.received, done, (this.size - done) | 0);
      if (got === -EAGAIN) return progress;
      if (got < 0) failCall('recv', got);
      if (got === 0) throw new Error('a request ended early');
      progress += 1;
      this.serverDone[i] = (done + got) % this.size;
      if (done + got === this.size) this.serverStages[i] = ANSWERING;
    }
    return this.serverStages[i] === ANSWERING ? progress + this.answer(i, server) : progress;
  }

  private answer(i: number, server: number): number {
    const done = this.serverDone[i];
    const sent = this.stack.send(server, this.message, done, (this.size - done) | 0);
    if (sent === -EAGAIN) return 0;
    if (sent < 0) failCall('send', sent);
    this.serverDone[i] = done + sent;
    if (done + sent < this.size) return 1;
    this.stack.close(server);
    this.serverStages[i] = FREE;
    return 1;
  }

  /** The client's way in: the response, the end of the stream, close. */
  private collect(i: number): number {
    let progress = 0;
    const client = this.clients[i];
    if (this.clientStages[i] === RECEIVING) {
      const done = this.clientDone[i];
      const got = this.stack.recv(client, this.received, done, (this.size - done) | 0);
      if (got === -EAGAIN) return 0;
      if (got < 0) failCall('recv', got);
      if (got === 0) throw new Error('a response ended early');
      progress = 1;
      this.clientDone[i] = done + got;
      if (done + got === this.size) this.clientStages[i] = ENDING;
    }
    if (this.clientStages[i] !== ENDING) return progress;
    const end = this.stack.recv(client, this.received, 0, this.size);
    if (end === -EAGAIN) return progress;
    if (end < 0) failCall('recv', end);
    if (end > 0) throw new Error('a response was too long');
    this.stack.close(client);
    this.complete(i);
    return progress + 1;
  }

  private complete(i: number): void {
    this.clientStages[i] = IDLE;
    this.operations += 1;
    if (this.startsNs[i] === 0) return;
    this.clock.update();
    this.latency?.record(this.clock.nowNs - this.startsNs[i]);
    this.startsNs[i] = 0;
  }

  /** Completes what is under way, starting nothing. */
  private finish(): void {
    const guard = new StallGuard(this.clock);
    this.finishing = true;
    while (!this.clientStages.every((stage) => stage === IDLE)) {
      if (this.pass() > 0) continue;
      this.stack.wait(1);
      this.clock.update();
      guard.check();
    }
    this.finishing = false;
  }

  /** What a pass that finds nothing costs: most of them wait for a connection to accept. */
  private idlePassNs(): number {
    this.finishing = true;
    this.pending = this.clients.length;
    const ns = passNs(this.clock, () => {
      this.pass();
      this.stack.poll();
    });
    this.pending = 0;
    this.finishing = false;
    return ns;
  }
}
