/** What surgeries on a trace are made of: functions by their numbers, and changes of bits. */
import { DEVICE_TID } from '../../src/i2o/tids.ts';
import { INBOUND, OUTBOUND } from '../../src/trace/sink.ts';
import { type FrameEvent, set, type Tape, type TapeEvent } from './trace-surgery.ts';

export const CREATE = 0x81;
export const ACCEPT_POST = 0x82;
export const BIND = 0x83;
export const RECEIVE_POST = 0x84;
export const CONNECT = 0x85;
export const RECEIVE_CREDIT = 0x86;
export const SEND = 0x89;
export const CLOSE = 0x8f;
export const OPTION_GET = 0x92;
export const STATUS_GET = 0xa0;
export const OUTBOUND_INIT = 0xa1;
export const SYS_ENABLE = 0xd1;
const EVENT_REGISTER = 0x13;

export interface Surgery {
  readonly name: string;
  readonly rule: string;
  /** Frame it must be told at, where it is not the one given back. */
  readonly end?: true;
  /** What was wrong is told of by other rules first. */
  readonly follows?: true;
  /** Only over one transport. */
  readonly transport?: 'ring' | 'fifo';
  /** @returns the frame that is wrong. */
  readonly cut: (tape: Tape) => FrameEvent | undefined;
}

/** Changes bits of the nth frame of a function. */
function bits(
  direction: number,
  functionCode: number,
  [word, low, high, value]: readonly [number, number, number, number],
  nth = 1,
): (tape: Tape) => FrameEvent {
  return (tape) => {
    const frame = tape.nth(direction, functionCode, nth);
    set(frame, word, low, high, value);
    return frame;
  };
}

export const request = (
  functionCode: number,
  change: readonly [number, number, number, number],
  nth?: number,
) => bits(INBOUND, functionCode, change, nth);
export const reply = (
  functionCode: number,
  change: readonly [number, number, number, number],
  nth?: number,
) => bits(OUTBOUND, functionCode, change, nth);
/**
 * Changes bits of the first event of the socket device: the executive tells events too, and was asked for
 * all.
 */
export const deviceEvent =
  ([word, low, high, value]: readonly [number, number, number, number]) =>
  (tape: Tape): FrameEvent => {
    const frame = tape.nth(OUTBOUND, EVENT_REGISTER, 1, ({ words }) => (words[1] & 0xfff) === DEVICE_TID);
    set(frame, word, low, high, value);
    return frame;
  };
export const isOwner =
  (direction: number, side: number) =>
  (event: TapeEvent): event is TapeEvent =>
    event.kind === 'owner' && event.direction === direction && event.side === side;
const isMultiple = ({ words }: FrameEvent): boolean => ((words[0] >>> 8) & 0x10) !== 0;
/** A SocketSend reply that returns contexts: its control word says that its list holds them. */
export const isContexts = (frame: FrameEvent): boolean =>
  isMultiple(frame) && frame.words[3] >>> 8 === 0x80_0000;
export const hasData = (frame: FrameEvent): boolean => isMultiple(frame) && (frame.words[9] & 0xffffff) > 0;

/** The frame and what was done with its slot before or after. */
export function whole(tape: Tape, frame: FrameEvent): TapeEvent[] {
  const at = tape.at(frame);
  const other = frame.direction === INBOUND ? tape.events[at - 1] : tape.events[at + 1];
  return frame.direction === INBOUND ? [other, frame] : [frame, other];
}
