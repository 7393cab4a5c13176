/**
 * What the spec says becomes of a request, found the slow way from the spec's own data and from none of the
 * card's code. A frame may be wrong in several ways, and the spec does not say which is named first: so each
 * verdict has the answers of which one must come, and those that may come besides.
 */
import { FRAME_WORDS } from '../../src/i2o/frame.ts';
import { DEVICE_TID, HOST_TID, IOP_TID, MANAGER_TID } from '../../src/i2o/tids.ts';
import * as errnoNumbers from '../../src/socket/errno.ts';
import { CATALOGUE } from '../../src/spec/catalogue.gen.ts';
import { messageOf } from '../../src/spec/catalogue.ts';
import type { MessageEntry } from '../../src/spec/entries.ts';
import { enumValues, fieldOf } from './frame-maker.ts';

/**
 * Answers: a FailureCode as FAIL | code, a DetailedStatus of a transaction error as TRANSACTION | status, or
 * as STATUS | status.
 */
export const FAIL = 0x100;
export const TRANSACTION = 0x200;
export const STATUS = 0x10000;

export interface Verdict {
  /** One of these must be the answer; empty: the frame is well formed. */
  readonly must: ReadonlySet<number>;
  /** Refusals that are right as well. */
  readonly may: ReadonlySet<number>;
  /** The answer may be left out: the message has none, or its reply mode forbids it. */
  readonly silent: boolean;
  readonly message: MessageEntry | undefined;
}

/** Every answer there is. */
const ANYTHING: ReadonlySet<number> = Object.assign(new Set<number>(), { has: () => true });

function numbered(name: string): (value: string) => number {
  const entry = CATALOGUE.classes.flatMap(({ enums }) => enums).find((candidate) => candidate.name === name)!;
  return (value) => {
    const found = entry.values.find((candidate) => candidate.name === value);
    if (found === undefined) throw new Error(`the spec has no ${name} ${value}`);
    return found.value;
  };
}
const failure = numbered('FailureCode');
const detailed = numbered('DetailedStatus');
const errnos = errnoNumbers as unknown as Readonly<Record<string, number>>;

/** Messages that name the image area. */
const OF_IMAGES: ReadonlySet<string> = new Set(['SocketImport', 'SocketExport']);

/** Why a device takes no message of its class from an initiator. */
const KEPT_OUT = ['DeviceLocked', 'DeviceBusy', 'InvalidInitiatorAddress'];

/** Faults of words 0 and 1, which every message has. */
function headerFaults(frame: Int32Array, must: Set<number>, may: Set<number>): void {
  const [word0, word1] = [frame[0], frame[1]];
  const flags = (word0 >>> 8) & 0xff;
  const size = word0 >>> 16;
  const offset = (word0 >>> 4) & 15;
  if ((word0 & 7) !== 1) must.add(FAIL | failure('InvalidVersion'));
  // MULTIPLE is a request's flag where a message has it, STATIC is judged below; the others are replies' or
  // not spoken.
  if ((flags & ~0x11) !== 0) must.add(FAIL | failure('InvalidMessageFlags'));
  if (flags !== 0) {
    may.add(FAIL | failure('InvalidMessageFlags')).add(TRANSACTION | detailed('InvalidMessageFlags'));
  }
  if (size < 3 || (size < 4 && word1 >>> 24 !== 0)) must.add(FAIL | failure('FrameTooSmall'));
  if (size > FRAME_WORDS) must.add(FAIL | failure('FrameTooLarge'));
  if (offset > size) must.add(FAIL | failure('InvalidOffset'));
  // A list inside the header, or beginning where the message ends: the transport may see that, or the class.
  if (offset !== 0 && (offset < 3 || offset === size)) may.add(FAIL | failure('InvalidOffset'));
  const initiator = (word1 >>> 12) & 0xfff;
  if (initiator !== HOST_TID && !isSecond(frame)) must.add(FAIL | failure('InvalidInitiatorId'));
  const target = word1 & 0xfff;
  if (target !== IOP_TID && target !== DEVICE_TID) must.add(FAIL | failure('InvalidTargetId'));
}

/** Whether a utility message comes from the second initiator, TID 2, which may send no others. */
export function isSecond(frame: Int32Array): boolean {
  return ((frame[1] >>> 12) & 0xfff) === MANAGER_TID && frame[1] >>> 24 < 0x20;
}

/** Faults of the message's own fields. */
function fieldFaults(frame: Int32Array, message: MessageEntry, must: Set<number>, may: Set<number>): void {
  const { request } = message;
  if (message.function === 0) return; // a NOP has no fields, and may be a header without a TransactionContext
  const size = frame[0] >>> 16;
  const offset = (frame[0] >>> 4) & 15;
  const tooSmall = TRANSACTION | detailed('MessageTooSmall');
  const badOffset = TRANSACTION | detailed('InvalidOffset');
  const badParameter = TRANSACTION | detailed('InvalidParameter');
  const floor = request.words;
  if (size < floor) must.add(tooSmall);
  if (offset !== (request.sgl?.word ?? 0)) must.add(badOffset);
  for (const field of request.fields) {
    if (field.word >= size) continue; // beyond the message, which is too small
    const value = fieldOf(frame, 0, field);
    const good = enumValues(field);
    const inRange = value >= (field.min ?? 0) && value <= (field.max ?? 0xffffffff);
    const right = (field.value === undefined || field.value >>> 0 === value) && inRange;
    if (!right || (good !== undefined && !good.includes(value))) must.add(badParameter);
    const count = request.list === undefined ? undefined : field.name === 'count' ? value : undefined;
    if (count !== undefined && size < floor + count * request.list!.stride) must.add(tooSmall);
  }
  if (request.sgl === undefined) return;
  const lists = [
    'InvalidOffset',
    'InvalidParameter',
    'ChainBufferTooLarge',
    'MessageTooSmall',
    'MissingParameter',
  ];
  for (const status of lists) {
    may.add(TRANSACTION | detailed(status));
  }
  // Whether immediate data has a context is the message's to say: the socket class's has.
  const judged = message.className === 'socket';
  const end = judged ? listEnd(frame, request.sgl.word, Math.min(size, FRAME_WORDS)) : 0;
  if (size > request.sgl.word && offset === request.sgl.word && end < 0) must.add(badOffset);
}

/**
 * Walks a list as far as the reference defines it. @returns the word after it; -1 when it cannot be a list: a
 * reserved element, one past the end, or none that is the last. A chain ends it: what lies behind is not
 * judged here.
 */
function listEnd(frame: Int32Array, from: number, size: number): number {
  for (let at = from; at < size; ) {
    const flags = frame[at] >>> 24;
    const words = elementWords(flags & 0x7f, frame[at] & 0xffffff);
    if (words < 0) return -1;
    if (words === 0) return size;
    at += words;
    if (at > size) return -1;
    if ((flags & 0x80) !== 0) return at;
  }
  return -1;
}

/** Words of an element; 0: not judged; -1: no element. */
function elementWords(shape: number, count: number): number {
  const contexts = shape & 3;
  if (shape === 0x34 || (shape & 0x3c) === 0x3c || [0x44, 0x74, 0x78].includes(shape)) {
    return shape === 0x7c ? 0 : -1;
  }
  if (shape === 0x0c || shape === 0x4c) return 2 + ((count + 3) >> 2);
  if ((shape & 0x30) === 0x10) return 2 + contexts;
  return 0;
}

/**
 * @param ready the device takes its class's messages when the card takes the frame.
 * @param version of the card's socket class. @param images whether the card has an area for images of
 * connections; one that has none knows nothing of the messages that name it.
 */
export function judge(frame: Int32Array, ready: boolean, version = 2, images = true): Verdict {
  const must = new Set<number>();
  const may = new Set<number>();
  headerFaults(frame, must, may);
  const functionCode = frame[1] >>> 24;
  const nop = functionCode === 0; // a frame given back: nobody is addressed, and nothing answered
  if (nop) must.delete(FAIL | failure('InvalidTargetId'));
  const device = (frame[1] & 0xfff) === DEVICE_TID;
  const message = messageOf(device ? 'socket' : 'executive', functionCode);
  const utility = functionCode < 0x20;
  if (device && !ready) {
    (utility ? may : must).add(FAIL | failure('StateError'));
    may.add(FAIL | failure('ServiceSuspended')).add(FAIL | failure('InvalidTargetId'));
    // Another initiator may have locked, reserved or claimed it.
    for (const status of KEPT_OUT) may.add(TRANSACTION | detailed(status));
  }
  // Asks for a frame kept earlier, and stands for it: only the card knows what that holds.
  if ((frame[0] & 0x100) !== 0) return { must: new Set(), may: ANYTHING, silent: true, message: undefined };
  const isUnknown = (name: string, since: number): boolean =>
    since > version || (!images && OF_IMAGES.has(name));
  const later = message?.className === 'socket' && isUnknown(message.name, message.since);
  if (message === undefined || later || (device && message.className === 'executive')) {
    const unknown = detailed('UnknownFunction');
    (must.size === 0 ? must : may).add(STATUS | unknown);
    may.add(STATUS | detailed('UnsupportedFunction')).add(TRANSACTION | unknown);
    return { must, may, silent: utility, message: undefined };
  }
  if (must.size === 0) fieldFaults(frame, message, must, may);
  else fieldFaults(frame, message, may as Set<number>, may);
  for (const { name } of message.errno) may.add(STATUS | errnos[name]);
  // A target has one registration for its events, the host's.
  if (message.name === 'UtilEventRegister' && isSecond(frame)) {
    (must.size === 0 ? must : may).add(FAIL | failure('InvalidInitiatorId'));
  }
  if (message.className !== 'socket') {
    // State and rights may be judged before fields.
    for (const status of ['InappropriateFunction', 'UnsupportedFunction']) may.add(STATUS | detailed(status));
  }
  if (message.replyForm === 'overlaid') {
    // No status word: what is wrong with the fields is told as a failure.
    for (const code of ['FrameTooSmall', 'InvalidOffset', 'UnknownFailure']) may.add(FAIL | failure(code));
  }
  const mode = message.request.fields.find(({ name }) => name === 'replyMode');
  const never = mode !== undefined && fieldOf(frame, 0, mode) === 3;
  return { must, may, silent: never || message.replyForm === 'none' || utility, message };
}
