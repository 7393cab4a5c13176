/** HTTP: a `node:http` server and keep-alive client, N requests under way, answers of `size` bytes. */

import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { LatencyRecorder } from '../record/latency.ts';
import type { Load } from '../record/row.ts';
import type { Clock } from '../time/clock.ts';
import { listening } from './net-listen.ts';
import { type Counts, LOOPBACK_NAME, patternBytes, SAMPLE_MASK, type Workload } from './workload.ts';

export class HttpKeepAlive implements Workload {
  private readonly clock: Clock;
  private readonly size: number;
  private readonly connections: number;
  private readonly server: Server;
  private readonly agent: Agent;
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
    this.agent = new Agent({ keepAlive: true, maxSockets: load.connections });
    const body = Buffer.from(patternBytes(load.size).buffer);
    this.server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': body.length });
      response.end(body);
    });
    this.server.keepAliveTimeout = 0;
  }

  static async open(clock: Clock, load: Load): Promise<HttpKeepAlive> {
    const workload = new HttpKeepAlive(clock, load);
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
    return { operations, bytes: operations * this.size, elapsedNs: this.clock.nowNs - startNs, spinNs: 0 };
  }

  async close(): Promise<void> {
    this.agent.destroy();
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private begin(): void {
    this.clock.update();
    const startNs = (this.begun & SAMPLE_MASK) === 0 ? this.clock.nowNs : 0;
    this.begun += 1;
    const outgoing = request(
      { host: LOOPBACK_NAME, port: this.port, path: '/', agent: this.agent },
      (response) => this.collect(response, startNs),
    );
    outgoing.on('error', (error) => this.failed(error));
    outgoing.end();
  }

  private collect(response: IncomingMessage, startNs: number): void {
    let received = 0;
    response.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    response.on('end', () => {
      if (response.statusCode !== 200 || received !== this.size) {
        return this.failed(new Error(`an answer of status ${response.statusCode} with ${received} bytes`));
      }
      this.complete(startNs);
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
