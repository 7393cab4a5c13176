/**
 * What lies between a wire and the several devices of one host that share it: it takes each frame whole and
 * hands it on to whom it is for, as the steering says. Port 0 is the wire, the others are the devices. A
 * frame for several is moved once for each. A device's frame waits where the wire has no room; what the wire
 * brings for a device whose queue is full is lost, and counted by that queue.
 */
import type { DmaEngine } from '../dma/engine.ts';
import { SWITCH_DROPPED, SWITCH_FORWARDS, SWITCH_FRAMES } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Agent } from '../time/agent.ts';
import type { Clock } from '../time/clock.ts';
import type { WireEnd } from './contract.ts';

/** Who says whom a frame is for. */
export interface Steering {
  /**
   * @param from the port by which the frame came. @param address its first byte.
   * @returns one bit for each port that is to have it; 0: nobody.
   */
  portsFor(from: number, address: number, length: number): number;
}

/** Frames taken from one port in a turn, so that no port starves the others. */
const FRAMES_PER_PORT = 64;

export class Splitter implements Agent {
  readonly name: string;
  private readonly ends: readonly WireEnd[];
  private readonly steering: Steering;
  private readonly counters: Float64Array;
  private readonly dma: DmaEngine;
  private readonly clock: Clock;

  /** @param ends the wire's first, then each device's. */
  constructor(
    name: string,
    ends: readonly WireEnd[],
    steering: Steering,
    ledger: Ledger,
    dma: DmaEngine,
    clock: Clock,
  ) {
    this.name = name;
    this.ends = ends;
    this.steering = steering;
    this.counters = ledger.counters;
    this.dma = dma;
    this.clock = clock;
  }

  poll(): number {
    let frames = 0;
    for (let port = 0; port < this.ends.length; port++) frames += this.serve(port);
    return frames;
  }

  arm(): boolean {
    return this.nextDeadlineNs() > this.clock.nowNs;
  }

  nextDeadlineNs(): number {
    let nextNs = this.ends[0].sink.nextArrivalNs();
    if (!this.wireHasRoom()) return nextNs;
    for (let port = 1; port < this.ends.length; port++) {
      nextNs = Math.min(nextNs, this.ends[port].sink.nextArrivalNs());
    }
    return nextNs;
  }

  private serve(port: number): number {
    const { sink } = this.ends[port];
    for (let taken = 0; taken < FRAMES_PER_PORT; taken++) {
      if (port > 0 && !this.wireHasRoom()) return taken;
      const address = sink.receive();
      if (address < 0) return taken;
      this.counters[SWITCH_FRAMES] += 1;
      this.forward(port, address, sink.receivedLength);
      sink.release();
    }
    return FRAMES_PER_PORT;
  }

  private wireHasRoom(): boolean {
    const { source } = this.ends[0];
    if (source.room > 0) return true;
    source.awaitRoom(1);
    return source.room > 0;
  }

  private forward(from: number, address: number, length: number): void {
    const ports = this.steering.portsFor(from, address, length);
    if (ports === 0) {
      this.counters[SWITCH_DROPPED] += 1;
      return;
    }
    for (let port = 0; port < this.ends.length; port++) {
      if ((ports & (1 << port)) === 0) continue;
      const { source } = this.ends[port];
      const destination = source.reserve(length);
      if (destination < 0) continue;
      this.dma.move(SWITCH_FORWARDS, address, destination, length);
      source.commit(length);
    }
  }
}
