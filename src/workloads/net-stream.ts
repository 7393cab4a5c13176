/**
 * TCP_STREAM and TCP_MAERTS by `node:net`: writes of `size` bytes on each of N connections, as many as the
 * stream takes, read as they come. TCP_STREAM writes at the end that connected, TCP_MAERTS at the other.
 */

import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { LatencyRecorder } from '../record/latency.ts';
import type { Load } from '../record/row.ts';
import type { Clock } from '../time/clock.ts';
import { nextTurn } from '../time/timers.ts';
import { listening } from './net-listen.ts';
import { type Counts, LOOPBACK_NAME, patternBytes, type Workload } from './workload.ts';

/**
 * Writes in one turn of the event loop: a stream that takes everything at once must not keep the reader from
 * its turn.
 */
const WRITES_PER_TURN = 64;

/** Which end writes. */
export type Writer = 'client' | 'server';

export class NetStream implements Workload {
  private readonly clock: Clock;
  private readonly size: number;
  private readonly message: Buffer;
  private readonly server: Server;
  private readonly clients: Socket[] = [];
  private readonly writers: Socket[] = [];
  private sent = 0;
  private received = 0;
  private endNs = 0;
  private stopping = true;
  private finished: () => void = () => {};
  private failed: (error: Error) => void = () => {};

  private constructor(clock: Clock, load: Load, writer: Writer) {
    this.clock = clock;
    this.size = load.size;
    this.message = Buffer.from(patternBytes(load.size).buffer);
    this.server = createServer((socket) => this.use(socket, writer === 'server'));
  }

  static async open(clock: Clock, load: Load, writer: Writer = 'client'): Promise<NetStream> {
    const workload = new NetStream(clock, load, writer);
    const port = await listening(workload.server, load);
    for (let i = 0; i < load.connections; i++) {
      const accepted = once(workload.server, 'connection');
      const socket = connect(port, LOOPBACK_NAME);
      await once(socket, 'connect');
      workload.use(socket, writer === 'client');
      workload.clients.push(socket);
      await accepted;
    }
    return workload;
  }

  async run(durationNs: number, _latency: LatencyRecorder): Promise<Counts> {
    this.clock.update();
    const startNs = this.clock.nowNs;
    this.endNs = startNs + durationNs;
    this.sent = 0;
    this.received = 0;
    this.stopping = false;
    await new Promise<void>((resolve, reject) => {
      this.finished = resolve;
      this.failed = reject;
      for (const socket of this.writers) this.write(socket);
    });
    const bytes = this.received;
    return { operations: bytes / this.size, bytes, elapsedNs: this.clock.nowNs - startNs, spinNs: 0 };
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  /** One end of a connection writes, and the other one reads. */
  private use(socket: Socket, writes: boolean): void {
    socket.on('error', (error) => this.failed(error));
    if (writes) {
      this.writers.push(socket);
      socket.on('drain', () => this.write(socket));
      // Nothing comes, but an end is heard of only by whoever reads.
      socket.resume();
    } else socket.on('data', (chunk) => this.collect(chunk.length));
  }

  /** Writes until the stream says it is full, when 'drain' comes back here, or until the turn is used up. */
  private write(socket: Socket): void {
    for (let i = 0; i < WRITES_PER_TURN; i++) {
      if (this.stopping) return;
      this.sent += this.size;
      if (!socket.write(this.message)) return;
    }
    nextTurn(() => this.write(socket));
  }

  private collect(bytes: number): void {
    this.received += bytes;
    this.clock.update();
    if (this.clock.nowNs < this.endNs) return;
    this.stopping = true;
    // What is under way belongs to this run: the time ends with its last byte.
    if (this.received === this.sent) this.finished();
  }
}
