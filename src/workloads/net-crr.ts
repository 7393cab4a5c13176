/**
 * TCP_CRR by `node:net`: connect, request, response, close, a new connection each time, N of them at once. As
 * in the program of socket calls the server ends the connection after its response and the client on seeing
 * the end.
 */

import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { LatencyRecorder } from '../record/latency.ts';
import type { Load } from '../record/row.ts';
import type { Clock } from '../time/clock.ts';
import { listening } from './net-listen.ts';
import { type Counts, LOOPBACK_NAME, patternBytes, SAMPLE_MASK, type Workload } from './workload.ts';

export class NetConnectRequestResponse implements Workload {
  private readonly clock: Clock;
  private readonly size: number;
  private readonly connections: number;
  private readonly request: Buffer;
  private readonly response: Buffer;
  private readonly server: Server;
  private port = 0;
  private latency: LatencyRecorder | undefined;
  private operations = 0;
  private begun = 0;
  private running = 0;
  private endNs = 0;
  private finished: () => void = () => {};
  private failed: (error: Error) => void = () => {};

  private constructor(clock: Clock, load: Load) {
    this.clock = clock;
    this.size = load.size;
    this.connections = load.connections;
    this.request = Buffer.from(patternBytes(load.size).buffer);
    this.response = Buffer.from(patternBytes(load.response ?? load.size).buffer);
    this.server = createServer((socket) => this.serve(socket));
  }

  static async open(clock: Clock, load: Load): Promise<NetConnectRequestResponse> {
    const workload = new NetConnectRequestResponse(clock, load);
    workload.port = await listening(workload.server, load);
    return workload;
  }

  async run(durationNs: number, latency: LatencyRecorder): Promise<Counts> {
    this.latency = latency;
    this.operations = 0;
    this.clock.update();
    const startNs = this.clock.nowNs;
    this.endNs = startNs + durationNs;
    await new Promise<void>((resolve, reject) => {
      this.finished = resolve;
      this.failed = reject;
      this.running = this.connections;
      for (let i = 0; i < this.connections; i++) this.begin();
    });
    const operations = this.operations;
    return {
      operations,
      bytes: operations * (this.size + this.response.length),
      elapsedNs: this.clock.nowNs - startNs,
      spinNs: 0,
    };
  }

  async close(): Promise<void> {
    this.server.close();
    await once(this.server, 'close');
  }

  private serve(socket: Socket): void {
    let received = 0;
    socket.on('data', (chunk) => {
      received += chunk.length;
      if (received === this.size) socket.end(this.response);
    });
    socket.on('error', (error) => this.failed(error));
  }

  private begin(): void {
    this.clock.update();
    const startNs = this.clock.nowNs;
    const sampled = (this.begun & SAMPLE_MASK) === 0;
    this.begun += 1;
    const socket = connect(this.port, LOOPBACK_NAME);
    let received = 0;
    socket.on('connect', () => socket.write(this.request));
    socket.on('data', (chunk) => {
      received += chunk.length;
    });
    socket.on('error', (error) => this.failed(error));
    socket.on('close', () => {
      if (received !== this.response.length) return this.failed(new Error(`a response of ${received} bytes`));
      this.complete(sampled ? startNs : 0);
    });
  }

  private complete(startNs: number): void {
    this.operations += 1;
    this.clock.update();
    if (startNs > 0) this.latency?.record(this.clock.nowNs - startNs);
    if (this.clock.nowNs < this.endNs) {
      this.begin();
      return;
    }
    this.running -= 1;
    if (this.running === 0) this.finished();
  }
}
