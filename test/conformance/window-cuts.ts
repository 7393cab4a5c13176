/** What surgeries on a trace of a port of the window class are made of. */
import { WINDOW_OPEN as OPEN } from '../../src/i2o/window.gen.ts';
import { INBOUND, OUTBOUND } from '../../src/trace/sink.ts';
import type { FrameEvent, Tape } from './trace-surgery.ts';

const MULTIPLE = 0x1000;

export const isList = ({ words }: FrameEvent): boolean => (words[0] & MULTIPLE) !== 0;
export const isGood = (frame: FrameEvent): boolean => isList(frame) && frame.words[4] === 0;
export const isBad = (frame: FrameEvent): boolean => isList(frame) && frame.words[4] !== 0;
export const isRefusal = (frame: FrameEvent): boolean => !isList(frame) && frame.words[4] !== 0;
export const isOpened = (frame: FrameEvent): boolean => frame.words[4] === 0;
export const count = ({ words }: FrameEvent): number => words[3] & 0xff;
export const sizeOf = ({ words }: FrameEvent): number => words[0] >>> 16;

/** Changes the nth reply of a kind. */
export function of(
  functionCode: number,
  matches: (frame: FrameEvent) => boolean,
  change: (frame: FrameEvent, tape: Tape) => void,
  nth = 1,
): (tape: Tape) => FrameEvent {
  return changed(OUTBOUND, functionCode, matches, change, nth);
}

/** Changes the nth request of a kind. */
export function asked(
  functionCode: number,
  change: (frame: FrameEvent, tape: Tape) => void,
  matches: (frame: FrameEvent) => boolean = () => true,
): (tape: Tape) => FrameEvent {
  return changed(INBOUND, functionCode, matches, change, 1);
}

function changed(
  direction: number,
  functionCode: number,
  matches: (frame: FrameEvent) => boolean,
  change: (frame: FrameEvent, tape: Tape) => void,
  nth: number,
): (tape: Tape) => FrameEvent {
  return (tape) => {
    const frame = tape.nth(direction, functionCode, nth, matches);
    change(frame, tape);
    return frame;
  };
}

/** The window as the card has opened it. */
export function shapeOf(tape: Tape): {
  transmit: number;
  transmitBytes: number;
  slots: number;
  slotBytes: number;
} {
  const { words } = tape.nth(OUTBOUND, OPEN, 1, isOpened);
  const [transmit, transmitBytes, slots] = [words[5], words[6], words[7]];
  return { transmit, transmitBytes, slots: slots + (words[8] - 1) * words[9], slotBytes: words[9] };
}

/** The words of a request, in the place of another. */
export function put(frame: FrameEvent, words: readonly number[]): void {
  frame.words.fill(0);
  frame.words.set(words);
}

/** The last reply of a kind before another. */
export function before(tape: Tape, frame: FrameEvent, functionCode: number): FrameEvent {
  const found = tape
    .frames(OUTBOUND, functionCode)
    .filter((candidate) => tape.at(candidate) < tape.at(frame))
    .at(-1);
  if (found === undefined) throw new Error('nothing of the kind comes before');
  return found;
}

export const isReply =
  (functionCode: number) =>
  (event: { readonly kind: string }): event is FrameEvent => {
    const frame = event as FrameEvent;
    return event.kind === 'frame' && frame.direction === OUTBOUND && frame.words[1] >>> 24 === functionCode;
  };
