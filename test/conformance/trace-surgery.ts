/**
 * A recorded trace on the table: every event a plain value, to be changed, dropped, doubled, swapped or
 * moved, and then judged again. What a broken host, card or recorder could have left behind is made from what
 * good ones did leave.
 */
import type { TraceEnd, TraceHead, TraceSink } from '../../src/trace/sink.ts';
import type { Violation } from '../../src/validate/findings.ts';
import { Validator } from '../../src/validate/validator.ts';

export interface FrameEvent {
  readonly kind: 'frame';
  direction: number;
  timeNs: number;
  slot: number;
  words: Int32Array;
}
export interface OwnerEvent {
  readonly kind: 'owner';
  direction: number;
  timeNs: number;
  slot: number;
  side: number;
}
export interface NotificationEvent {
  readonly kind: 'notification';
  notification: number;
  timeNs: number;
}
export interface WriteEvent {
  readonly kind: 'write';
  side: number;
  timeNs: number;
  address: number;
  length: number;
}
export interface PolledEvent {
  readonly kind: 'polled';
  timeNs: number;
  address: number;
  value: number;
}
export interface PacketEvent {
  readonly kind: 'packet';
  timeNs: number;
  sent: boolean;
  bytes: Uint8Array;
  packetLength: number;
}
export type TapeEvent = FrameEvent | OwnerEvent | NotificationEvent | WriteEvent | PolledEvent | PacketEvent;

/** A trace: its head, what happened, its end. Also the sink that records one. */
export class Tape implements TraceSink {
  start: TraceHead | undefined;
  events: TapeEvent[] = [];
  finish: TraceEnd | undefined;
  endNs = 0;
  private frameWords = 0;

  head(head: TraceHead): void {
    this.start = structuredClone(head);
    this.frameWords = head.frameBytes >> 2;
  }

  frame(direction: number, timeNs: number, slot: number, words: Int32Array, at: number): void {
    const copy = words.slice(at, at + this.frameWords);
    const sizeWords = copy[0] >>> 16;
    // As a file has it: no more words than the message's.
    if (sizeWords >= 3 && sizeWords < this.frameWords) copy.fill(0, sizeWords);
    this.events.push({ kind: 'frame', direction, timeNs, slot, words: copy });
  }

  owner(direction: number, timeNs: number, slot: number, side: number): void {
    this.events.push({ kind: 'owner', direction, timeNs, slot, side });
  }

  notification(notification: number, timeNs: number): void {
    this.events.push({ kind: 'notification', notification, timeNs });
  }

  write(side: number, timeNs: number, address: number, length: number): void {
    this.events.push({ kind: 'write', side, timeNs, address, length });
  }

  polled(timeNs: number, address: number, value: number): void {
    this.events.push({ kind: 'polled', timeNs, address, value });
  }

  packet(
    timeNs: number,
    sent: boolean,
    bytes: Uint8Array,
    offset: number,
    length: number,
    packetLength: number,
  ): void {
    this.events.push({
      kind: 'packet',
      timeNs,
      sent,
      bytes: bytes.slice(offset, offset + length),
      packetLength,
    });
  }

  end(timeNs: number, end: TraceEnd): void {
    this.endNs = timeNs;
    this.finish = structuredClone(end);
  }

  /** @returns another, to be cut up. */
  copy(): Tape {
    const other = new Tape();
    other.start = structuredClone(this.start);
    other.frameWords = this.frameWords;
    other.events = this.events.map((event) => {
      if (event.kind === 'frame') return { ...event, words: event.words.slice() };
      return event.kind === 'packet' ? { ...event, bytes: event.bytes.slice() } : { ...event };
    });
    other.finish = structuredClone(this.finish);
    other.endNs = this.endNs;
    return other;
  }

  /** The frames of a function, in order. @param matches which of them. */
  frames(direction: number, functionCode: number, matches: (frame: FrameEvent) => boolean = () => true) {
    return this.events.filter(
      (event): event is FrameEvent =>
        event.kind === 'frame' &&
        event.direction === direction &&
        event.words[1] >>> 24 === functionCode &&
        matches(event),
    );
  }

  /**
   * The nth of them, counted from 1.
   * @throws Error where there are fewer: the surgery has nothing to work on.
   */
  nth(direction: number, functionCode: number, n = 1, matches?: (frame: FrameEvent) => boolean): FrameEvent {
    const found = this.frames(direction, functionCode, matches)[n - 1];
    if (found === undefined) throw new Error(`no frame ${n} of function 0x${functionCode.toString(16)}`);
    return found;
  }

  /** The first event after another for which the condition holds. */
  after<T extends TapeEvent>(event: TapeEvent, matches: (event: TapeEvent) => event is T): T {
    const found = this.events.slice(this.at(event) + 1).find(matches);
    if (found === undefined) throw new Error('nothing of the kind follows');
    return found as T;
  }

  at(event: TapeEvent): number {
    return this.events.indexOf(event);
  }

  drop(...events: TapeEvent[]): void {
    this.events = this.events.filter((event) => !events.includes(event));
  }

  insert(at: number, ...events: TapeEvent[]): void {
    this.events.splice(at, 0, ...events);
  }

  /** The number the validator gives a frame. */
  numberOf(frame: FrameEvent): number {
    return this.events.slice(0, this.at(frame) + 1).filter(({ kind }) => kind === 'frame').length;
  }
}

/** Tells a sink a whole tape. */
export function play(tape: Tape, sink: TraceSink): void {
  if (tape.start !== undefined) sink.head(tape.start);
  for (const event of tape.events) {
    const { timeNs } = event;
    switch (event.kind) {
      case 'frame':
        sink.frame(event.direction, timeNs, event.slot, event.words, 0);
        break;
      case 'owner':
        sink.owner(event.direction, timeNs, event.slot, event.side);
        break;
      case 'notification':
        sink.notification(event.notification, timeNs);
        break;
      case 'write':
        sink.write(event.side, timeNs, event.address, event.length);
        break;
      case 'polled':
        sink.polled(timeNs, event.address, event.value);
        break;
      case 'packet':
        sink.packet(timeNs, event.sent, event.bytes, 0, event.bytes.length, event.packetLength);
        break;
    }
  }
  if (tape.finish !== undefined) sink.end(tape.endNs, tape.finish);
}

/** @returns what the validator has to say about a tape. */
export function judgeTape(tape: Tape): readonly Violation[] {
  const validator = new Validator();
  play(tape, validator);
  return validator.findings.violations;
}

/** Rewrites some bits of a word. */
export function set({ words }: FrameEvent, word: number, low: number, high: number, value: number): void {
  const mask = high - low === 31 ? -1 : (2 ** (high - low + 1) - 1) << low;
  words[word] = (words[word] & ~mask) | ((value << low) & mask);
}
