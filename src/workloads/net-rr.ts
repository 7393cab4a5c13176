/**
 * TCP_RR by `node:net`: on each of N connections a request of `size` bytes, then its response. An
 * ordinary program of Node's: which stack serves it is decided outside.
 */

import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { LatencyRecorder } from '../record/latency.ts';
import type { Load } from '../record/row.ts';
import type { Clock } from '../time/clock.ts';
import { listening } from './net-listen.ts';
import { type Counts, LOOPBACK_NAME, patternBytes, SAMPLE_MASK, type Workload } from './workload.ts';

interface Client {
  readonly socket: Socket;
  /** Bytes of the current response so far. */
  received: number;
  count: number;
  startNs: number;
}

/** Transactions between two looks at the clock. */
const CHECK_OPERATIONS = 32;

export class NetRequestResponse implements Workload {
  private readonly clock: Clock;
  private readonly size: number;
  private readonly request: Buffer;
  private readonly response: Buffer;
  private readonly server: Server;
  private readonly clients: Client[] = [];
  private latency: LatencyRecorder | undefined;
  private operations = 0;
  private running = 0;
  private stopping = false;
  private endNs = 0;
  private finished: () => void = () => {};
  private failed: (error: Error) => void = () => {};

  private constructor(clock: Clock, load: Load) {
    this.clock = clock;
    this.size = load.size;
    this.request = Buffer.from(patternBytes(load.size).buffer);
    this.response = Buffer.from(patternBytes(load.response ?? load.size).buffer);
    this.server = createServer((socket) => this.serve(socket));
  }

  static async open(clock: Clock, load: Load): Promise<NetRequestResponse> {
    const workload = new NetRequestResponse(clock, load);
    const port = await listening(workload.server, load);
    for (let i = 0; i < load.connections; i++) workload.clients.push(await workload.connectClient(port));
    return workload;
  }

  async run(durationNs: number, latency: LatencyRecorder): Promise<Counts> {
    this.latency = latency;
    this.operations = 0;
    this.stopping = false;
    this.clock.update();
    const startNs = this.clock.nowNs;
    this.endNs = startNs + durationNs;
    await new Promise<void>((resolve, reject) => {
      this.finished = resolve;
      this.failed = reject;
      this.running = this.clients.length;
      for (const client of this.clients) this.begin(client);
    });
    this.clock.update();
    const operations = this.operations;
    return {
      operations,
      bytes: operations * (this.size + this.response.length),
      elapsedNs: this.clock.nowNs - startNs,
      spinNs: 0,
    };
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private async connectClient(port: number): Promise<Client> {
    const socket = connect(port, LOOPBACK_NAME);
    await once(socket, 'connect');
    socket.setNoDelay(true);
    const client = { socket, received: 0, count: 0, startNs: 0.5 };
    socket.on('data', (chunk: Buffer) => this.collect(client, chunk));
    socket.on('error', (error) => this.failed(error));
    return client;
  }

  private serve(socket: Socket): void {
    let received = 0;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      received += chunk.length;
      if (received < this.size) return;
      received = 0;
      socket.write(this.response);
    });
    socket.on('error', (error) => this.failed(error));
  }

  private begin(client: Client): void {
    if ((client.count & SAMPLE_MASK) === 0) {
      this.clock.update();
      client.startNs = this.clock.nowNs;
    }
    client.socket.write(this.request);
  }

  private collect(client: Client, chunk: Buffer): void {
    client.received += chunk.length;
    if (client.received < this.response.length) return;
    client.received = 0;
    this.operations += 1;
    if ((client.count & SAMPLE_MASK) === 0) this.sample(client, chunk);
    client.count += 1;
    if (this.operations % CHECK_OPERATIONS === 0) {
      this.clock.update();
      this.stopping = this.clock.nowNs >= this.endNs;
    }
    if (!this.stopping) {
      this.begin(client);
      return;
    }
    this.running -= 1;
    if (this.running === 0) this.finished();
  }

  private sample(client: Client, chunk: Buffer): void {
    this.clock.update();
    this.latency?.record(this.clock.nowNs - client.startNs);
    const end = this.response.subarray(this.response.length - chunk.length);
    if (!end.equals(chunk)) this.failed(new Error('received other bytes than sent'));
  }
}
