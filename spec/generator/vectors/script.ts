/** Builds the steps of scenarios: requests with lists written by hand, and what is expected of them. */
import type {
  Expected,
  ExpectedItem,
  ExpectedReply,
  Place,
  ScenarioStep,
  Spot,
} from '../../../src/conform/card/vector-file.ts';
import { buildFrame, type Damage, FLAG_LAST, FLAG_REPLY } from './frames.ts';
import { patternText, type WordPattern } from './scenario.ts';
import { findMessage, type Specs } from './states.ts';
import { bytesText, type Frame, frameValue, VECTOR_MEMORY } from './vector.ts';

/** A word, or the address (of `immediate`: the context) of a spot. */
export type Part = number | Spot;
/** A word of a pattern: undefined is not judged. */
export type Wanted = Part | undefined | WordPattern;

const ALL = 0xffffffff;
const CONTROL_STRIDE = 1280;
export const SUCCESS = 0;
export const ERROR_NO_DATA = 5;
export const TRANSACTION_ERROR = 0x0b;

const spot =
  (area: Place['area']) =>
  (number: number, offset = 0): Spot => ({ area, number, offset });
export const transmit = spot('transmit');
export const receive = spot('receive');
export const control = spot('control');
export const immediate = spot('immediate');
/** The address of the very frame that was posted. */
export const preserved = (): Spot => ({ area: 'preserved', number: 0, offset: 0 });

/** Where a spot is in the memory the vectors are computed for. */
export function placeValue({ area, number, offset = 0 }: Spot): number {
  const memory = VECTOR_MEMORY;
  if (area === 'preserved') return 0;
  if (area === 'immediate') return memory.immediate.firstContext + number;
  if (area === 'control') return memory.control.offset + number * CONTROL_STRIDE + offset;
  return memory[area].offset + number * memory[area].bufferBytes + offset;
}

function isSpot(part: Wanted): part is Spot {
  return typeof part === 'object' && 'area' in part;
}

function placed(parts: readonly Wanted[], first: number): Place[] {
  return parts.flatMap((part, i) => (isSpot(part) ? [{ word: first + i, ...part }] : []));
}

function pattern(part: Wanted): WordPattern {
  if (part === undefined) return { value: 0, mask: 0 };
  if (typeof part === 'number') return { value: part >>> 0, mask: ALL };
  return isSpot(part) ? { value: placeValue(part), mask: ALL } : part;
}

export function expected(parts: readonly Wanted[]): Expected {
  const places = placed(parts, 0);
  return { bytes: patternText(parts.map(pattern)), ...(places.length === 0 ? {} : { places }) };
}

/** A request whose list, if it has one, is `list`. @param context word 3, where it is not a field. */
export function request(
  specs: Specs,
  name: string,
  fields: Readonly<Record<string, number>>,
  list: readonly Part[] = [],
  damage: Damage = {},
  context?: number,
): Frame {
  const { spec, message } = findMessage(specs, name)!;
  const bare = buildFrame(spec, message, 'request', { fields, elements: [] }, damage);
  const words = [...bare.words, ...list.map((part) => (isSpot(part) ? placeValue(part) : part >>> 0))];
  words[0] = ((words[0] & 0xffff) | (words.length << 16)) >>> 0;
  if (context !== undefined) words[3] = context;
  const { elements: _none, ...frame } = bare;
  return { ...frame, words, places: [...bare.places, ...placed(list, bare.words.length)] };
}

/** A reply of one transaction to `asked`. @param body words from 4 on. @param last whether it is the last. */
export function single(asked: Frame, body: readonly Wanted[], last = true): ExpectedReply {
  const flags = FLAG_REPLY | (last ? FLAG_LAST : 0);
  const word0 = { value: (1 | (flags << 8) | ((4 + body.length) << 16)) >>> 0, mask: ALL };
  return expected([word0, asked.words[1], asked.words[2], asked.words[3], ...body]);
}

/** A status alone. */
export function status(asked: Frame, requestStatus: number, detail: number): ExpectedReply {
  return single(asked, [((requestStatus << 24) | detail) >>> 0]);
}

/** The request itself is wrong. @param offset byte of it that is. */
export function malformed(asked: Frame, detail: number, offset: number | undefined): ExpectedReply {
  return single(asked, [((TRANSACTION_ERROR << 24) | detail) >>> 0, offset, undefined]);
}

/** A buffer that is the host's again. */
export function home(context: Part, requestStatus = SUCCESS): ExpectedItem {
  return { message: 'SocketSend', status: requestStatus, ...expected([context]) };
}

export function step(
  title: string,
  frame: Frame,
  { write = [], replies = [], items = [], read = [] }: Partial<ScenarioStep> = {},
): ScenarioStep {
  return {
    title,
    ...(write.length === 0 ? {} : { write }),
    ...frameValue(frame),
    replies,
    items,
    ...(read.length === 0 ? {} : { read }),
  };
}

/** Words of so many bytes that tell where they came from. */
export function filled(byteLength: number, salt: number): number[] {
  const byte = (i: number): number => (i * 7 + salt) & 0xff;
  return Array.from({ length: byteLength >> 2 }, (_, i) => {
    const at = i * 4;
    return (byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24)) >>> 0;
  });
}

/** Something to be written to memory. */
export function written(at: Spot, parts: readonly Part[]): Spot & Expected {
  const words = parts.map((part) => (isSpot(part) ? placeValue(part) : part >>> 0));
  return { ...at, places: placed(parts, 0), bytes: bytesText(words) };
}

/** Something memory must hold. */
export function held(at: Spot, parts: readonly Wanted[]): Spot & Expected {
  return { ...at, ...expected(parts) };
}
