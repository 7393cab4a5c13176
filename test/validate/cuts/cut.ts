/**
 * The engine: a kind of cut, the places of a trace it can be made in, and whether the validator tells of it
 * there, by the rule that must.
 */
import { INBOUND, OUTBOUND } from '../../../src/trace/sink.ts';
import { type FrameEvent, judgeTape, type Tape, type TapeEvent } from '../../conformance/trace-surgery.ts';

/** Makes the cut in one place. @returns false where it cannot be made after all. */
export type Site = () => unknown;

/**
 * A trace over a transport; or one of socket numbers beyond 16 bits, of two lives of a card, or of a card that is
 * linked to another, which their own cuts are made in.
 */
export type Ground = 'ring' | 'fifo' | 'wide' | 'lives' | 'linked';
/** What the card of a trace is: one of sockets, of network ports, or of ports with the window. */
export type Device = 'socket' | 'lan' | 'window';
/** A trace to be cut into. */
export type CutTrace = readonly [transport: string, tape: Tape, device: Device];

export interface Cut {
  /** What the section of the rules is about, for the table. */
  readonly group: string;
  readonly name: string;
  /** One of these must be told; none where nothing can. */
  readonly rules: readonly string[];
  /** Why no trace decides it. */
  readonly undecidable?: string;
  /** The trace it is made in; absent: those of both transports. */
  readonly transport?: Ground;
  /** What the card of the trace is; absent: one of sockets. */
  readonly device?: Device;
  /** The places in a trace, which may be changed. */
  readonly sites: (tape: Tape) => readonly Site[];
}

export interface Outcome {
  readonly cut: Cut;
  readonly places: number;
  readonly told: number;
  /** Where it was not told: what was, if anything. */
  readonly missed: readonly string[];
}

const OF_THEIR_OWN: readonly string[] = ['wide', 'lives', 'linked'] satisfies Ground[];

export type Change = (words: Int32Array, frame: FrameEvent, tape: Tape) => unknown;
export type Matches = (words: Int32Array) => boolean;

/** @param most places tried of each kind and trace, spread over the trace. */
export function tryCut(cut: Cut, traces: readonly CutTrace[], most: number): Outcome {
  let places = 0;
  let told = 0;
  const missed: string[] = [];
  for (const [transport, tape, device] of traces) {
    if (cut.transport === undefined ? OF_THEIR_OWN.includes(transport) : cut.transport !== transport)
      continue;
    if ((cut.device ?? 'socket') !== device) continue;
    const count = cut.sites(tape.copy()).length;
    let made = 0;
    for (const site of spread(count)) {
      if (made === most) break;
      const copy = tape.copy();
      if (cut.sites(copy)[site]() === false) continue;
      made += 1;
      places += 1;
      const rules = judgeTape(copy).map(({ rule }) => rule);
      if (cut.rules.some((rule) => rules.includes(rule))) told += 1;
      else if (cut.undecidable !== undefined && rules.length > 0) told += 1;
      else missed.push(`${transport} place ${site} of ${count}: ${rules.join(' ') || 'nothing'}`);
    }
  }
  return { cut, places, told, missed };
}

/** @returns what makes cuts of a group. */
export const cutsOf =
  (group: string) =>
  (name: string, rules: readonly string[], sites: Cut['sites'], transport?: Ground): Cut => ({
    group,
    name,
    rules,
    sites,
    ...(transport !== undefined && { transport }),
  });

/** The numbers below `count`, in an order whose beginning is spread over all of them. */
function spread(count: number): number[] {
  const order = new Set<number>();
  for (let parts = 2; order.size < count; parts *= 2) {
    for (let i = 0; i < parts; i++) order.add(Math.floor((i * count) / parts));
  }
  return [...order];
}

export const sizeOf = (words: Int32Array): number => words[0] >>> 16;
export const flagsOf = (words: Int32Array): number => (words[0] >>> 8) & 0xff;
export const succeeded = (words: Int32Array): boolean =>
  (flagsOf(words) & 0x30) === 0 && words[4] >>> 24 === 0;
export const refused = (words: Int32Array): boolean => (flagsOf(words) & 0x30) === 0 && words[4] >>> 24 !== 0;
export const several = (words: Int32Array): boolean => (flagsOf(words) & 0x10) !== 0;

/** Sets bits `low` to `high` of a word. */
export function put(words: Int32Array, word: number, low: number, high: number, value: number): void {
  const mask = high - low === 31 ? -1 : (2 ** (high - low + 1) - 1) << low;
  words[word] = (words[word] & ~mask) | ((value << low) & mask);
}

/** Changes a frame of a function. */
function change(direction: number, code: number, matches: Matches, edit: Change) {
  return (tape: Tape): readonly Site[] =>
    tape
      .frames(direction, code, ({ words }) => matches(words))
      .map((frame) => () => edit(frame.words, frame, tape));
}
export const inReply = (code: number, matches: Matches, edit: Change) =>
  change(OUTBOUND, code, matches, edit);
export const inRequest = (code: number, matches: Matches, edit: Change) =>
  change(INBOUND, code, matches, edit);
export const any = (): boolean => true;

/** The request that a reply answers. */
export function requestOf(tape: Tape, reply: FrameEvent): FrameEvent | undefined {
  const before = tape.events.slice(0, tape.at(reply)).reverse();
  return before.find(
    (event): event is FrameEvent =>
      event.kind === 'frame' &&
      event.direction === INBOUND &&
      event.words[1] === reply.words[1] &&
      event.words[2] === reply.words[2] &&
      event.words[3] === reply.words[3],
  );
}

/** The device's answer turned into another of the same size or shorter. */
export function answer(words: Int32Array, status: number, detail: number, sizeWords = 5): void {
  words[0] = (words[0] & 0xffff) | (sizeWords << 16);
  words[4] = (status << 24) | detail;
  words.fill(0, 5);
}

/** Turned into a failure record that preserves nothing. */
export function failure(words: Int32Array, code: number, severity: number, iop = 0): void {
  words[0] = (9 << 16) | (0xe0 << 8) | 1;
  words.fill(0, 4);
  words[4] = (code << 24) | (severity << 16) | 0x0101;
  words[5] = iop;
  words[7] = -1;
}

/** Receive records of a frame: word index of each. */
export function recordsOf(words: Int32Array): number[] {
  return Array.from({ length: words[3] & 0xff }, (_, i) => 6 + 4 * i);
}

/** Every receive record of a kind. */
export function inRecords(
  matches: (words: Int32Array, at: number) => boolean,
  edit: (words: Int32Array, at: number, tape: Tape, frame: FrameEvent) => unknown,
) {
  return (tape: Tape): readonly Site[] =>
    tape
      .frames(OUTBOUND, 0x84, ({ words }) => several(words))
      .flatMap((frame) =>
        recordsOf(frame.words)
          .filter((at) => matches(frame.words, at))
          .map((at) => () => edit(frame.words, at, tape, frame)),
      );
}
export const recordFlags = (words: Int32Array, at: number): number => words[at + 2] >>> 24;
/** Of a stream; not a bucket that an abort has ended. */
export const isStreamData = (words: Int32Array, at: number): boolean =>
  recordFlags(words, at) === 0x40 && words[at + 1] !== 0xffff;
export const isDatagram = (words: Int32Array, at: number): boolean => (recordFlags(words, at) & 4) !== 0;
export const isEnd = (words: Int32Array, at: number): boolean => recordFlags(words, at) === 2;
export const isError = (words: Int32Array, at: number): boolean => recordFlags(words, at) === 1;

/** A record is put behind the others of a frame. @returns false where the frame is full. */
export function addRecord(words: Int32Array, record: readonly number[]): unknown {
  const count = words[3] & 0xff;
  if (count >= 6) return false;
  words.set(record, 6 + 4 * count);
  words[3] = (words[3] & ~0xff) | (count + 1);
  words[0] = (words[0] & 0xffff) | ((sizeOf(words) + 4) << 16);
  return undefined;
}

export function dropRecord(words: Int32Array, at: number): void {
  const count = words[3] & 0xff;
  words.copyWithin(at, at + 4, 6 + 4 * count);
  words[3] = (words[3] & ~0xff) | (count - 1);
  words[0] = (words[0] & 0xffff) | ((sizeOf(words) - 4) << 16);
}

/** Numbers that are datagram sockets at an event. */
export function datagramSockets(tape: Tape, event: TapeEvent): number[] {
  const types = new Map<number, number>();
  for (const made of tape.frames(INBOUND, 0x81)) {
    if (tape.at(made) < tape.at(event)) types.set(made.words[4] & 0xffff, made.words[5] & 0xff);
  }
  return [...types].filter(([, type]) => type === 2).map(([socket]) => socket);
}

/** Sockets that are open streams at an event, by what was posted and answered before it. */
export function openAt(tape: Tape, event: TapeEvent): number[] {
  const open = new Set<number>();
  for (const one of tape.events.slice(0, tape.at(event))) {
    if (one.kind !== 'frame') continue;
    const { words } = one;
    const code = words[1] >>> 24;
    if ((words[1] & 0xfff) === 0) continue;
    if (one.direction === OUTBOUND && code === 0x85 && succeeded(words)) open.add(words[5] & 0xffff);
    if (one.direction === OUTBOUND && code === 0x82 && succeeded(words)) open.add(words[5] >>> 16);
    if (one.direction === INBOUND && (code === 0x8f || code === 0x91)) open.delete(words[4] & 0xffff);
    if (one.direction === OUTBOUND && code === 0x84 && several(words)) {
      for (const at of recordsOf(words))
        if (!isStreamData(words, at) && recordFlags(words, at) !== 0x10) open.delete(words[at + 1] & 0xffff);
    }
  }
  return [...open];
}

/** Takes frames out of a FIFO's trace, and out of its ledgers. */
export function lose(tape: Tape, ...frames: FrameEvent[]): void {
  const events = frames.flatMap((frame) => {
    const at = tape.at(frame);
    return frame.direction === INBOUND ? [tape.events[at - 1], frame] : [frame, tape.events[at + 1]];
  });
  tape.drop(...events);
  const counters =
    frames[0].direction === INBOUND
      ? ['inboundPosted', 'inboundReleased']
      : ['outboundPosted', 'outboundReleased'];
  for (const side of [tape.finish!.host, tape.finish!.iop] as Record<string, number>[]) {
    for (const counter of counters) if (side[counter]) side[counter] -= frames.length;
  }
}
