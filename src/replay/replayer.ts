/**
 * Replays the host's half of a trace against a fresh card in virtual time, and compares what the card
 * answers. Who does it hangs on what the trace's head says: sockets and the message layer alone are replayed
 * as the trace is read (socket-replay.ts), network ports once it has been (port-replay.ts).
 */
import { LAN_CLASS_ID } from '../i2o/lan.gen.ts';
import { WINDOW_CLASS_ID } from '../i2o/window.gen.ts';
import type { TraceEnd, TraceHead, TraceSink } from '../trace/sink.ts';
import type { CardReplay, ReplayResult, Tell } from './card-replay.ts';
import { PortReplay } from './port-replay.ts';
import { SocketReplay } from './socket-replay.ts';

export class Replayer implements TraceSink {
  private readonly tell: Tell;
  private replay!: CardReplay;

  /** @param tell called for each difference. */
  constructor(tell: Tell) {
    this.tell = tell;
  }

  /** @throws RangeError when no card of ours can be made of what the head says. */
  head(head: TraceHead): void {
    const ofPorts = head.classes.some(({ id }) => id === LAN_CLASS_ID || id === WINDOW_CLASS_ID);
    this.replay = ofPorts ? new PortReplay(this.tell) : new SocketReplay(this.tell);
    this.replay.head(head);
  }

  frame(direction: number, timeNs: number, slot: number, words: Int32Array, at: number): void {
    this.replay.frame(direction, timeNs, slot, words, at);
  }

  owner(): void {}

  notification(): void {}

  write(): void {}

  polled(timeNs: number, address: number, value: number): void {
    this.replay.polled(timeNs, address, value);
  }

  packet(...of: Parameters<TraceSink['packet']>): void {
    this.replay.packet(...of);
  }

  end(timeNs: number, end: TraceEnd): void {
    this.replay.end(timeNs, end);
  }

  /** Judges what is left, at the trace's end or where it was cut. */
  result(): ReplayResult {
    return this.replay.result();
  }
}
