/** Cuts into what is told of options, totals and bytes sent, and into the lists of replies. */
import { messageNamed } from '../../../src/spec/catalogue.ts';
import type { FrameEvent, Tape } from '../../conformance/trace-surgery.ts';
import { type Cut, cutsOf, flagsOf, inReply, put, requestOf, several, sizeOf, succeeded } from './cut.ts';

const OPTION_SET = 0x93;
const OPTION_GET = 0x92;
const TOTALS = 0x9c;
const SENT = 0x10;
const EVENT = 0x13;
const RECEIVE = 0x84;
const SEND = 0x89;
const values = cutsOf('values');
const sizes = cutsOf('lists');

/** The last setting of the option that an answer tells, which has been answered. */
export function settingOf(tape: Tape, told: FrameEvent): FrameEvent | undefined {
  const asked = requestOf(tape, told);
  if (asked === undefined) return undefined;
  const { words } = asked;
  return tape
    .frames(0, OPTION_SET, (one) => one.words[4] << 16 === words[4] << 16 && one.words[5] === words[5])
    .filter((one) => tape.at(one) < tape.at(asked))
    .at(-1);
}

const ofOption = (edit: (told: FrameEvent, set: FrameEvent) => void): Cut['sites'] =>
  inReply(OPTION_GET, succeeded, (_words, frame, tape) => {
    const set = settingOf(tape, frame);
    if (set === undefined) return false;
    edit(frame, set);
    return undefined;
  });

/** A total of a connection that was told before, and is now none. */
function falls(field: string): Cut {
  const { word } = messageNamed('SocketTotalsGet')!.reply!.fields.find(({ name }) => name === field)!;
  return values(`a total that falls: ${field}`, ['E-11'], (tape) => {
    const told = tape.frames(1, TOTALS, ({ words }) => succeeded(words));
    return told.map((frame, i) => () => {
      const socket = requestOf(tape, frame)!.words[4] & 0xffff;
      const before = told.slice(0, i).findLast((one) => (requestOf(tape, one)!.words[4] & 0xffff) === socket);
      if (before === undefined || frame.words[word] <= 0) return false;
      if (tape.frames(0, 0x81, (one) => isBetween(tape, before, one, frame, socket)).length > 0) return false;
      // Less than before, but not nothing, which would be another connection's.
      before.words[word] = frame.words[word] + 1;
      return undefined;
    });
  });
}

function isBetween(
  tape: Tape,
  first: FrameEvent,
  one: FrameEvent,
  last: FrameEvent,
  socket: number,
): boolean {
  const at = tape.at(one);
  return at > tape.at(first) && at < tape.at(last) && (one.words[4] & 0xffff) === socket;
}

export const VALUE_CUTS: readonly Cut[] = [
  values(
    'an option told with another value than was set',
    ['E-10'],
    ofOption(({ words }) => void (words[5] ^= 1)),
  ),
  values(
    'an option set to another value than is told',
    ['E-10'],
    ofOption((_told, { words }) => void (words[6] ^= 1)),
  ),
  values('fewer bytes told as sent than before', ['E-11'], (tape) => sentRecords(tape)),
  ...[
    'segsOut',
    'segsIn',
    'dataSegsOut',
    'dataSegsIn',
    'bytesSentLow',
    'bytesReceivedLow',
    'bytesAckedLow',
  ].map(falls),
];

/** A Sent record behind another of the same socket. */
function sentRecords(tape: Tape) {
  const all = inRecordsOf(tape, (words, at) => words[at + 2] >>> 24 === SENT);
  return all.map(([frame, at], i) => () => {
    const socket = frame.words[at + 1];
    const before = all.slice(0, i).findLast(([one, place]) => one.words[place + 1] === socket);
    if (before === undefined) return false;
    frame.words[at] = before[0].words[before[1]] - 1;
    return undefined;
  });
}

function inRecordsOf(
  tape: Tape,
  matches: (words: Int32Array, at: number) => boolean,
): [FrameEvent, number][] {
  return tape
    .frames(1, RECEIVE, ({ words }) => several(words))
    .flatMap((frame) =>
      Array.from({ length: frame.words[3] & 0xff }, (_, i): [FrameEvent, number] => [frame, 6 + 4 * i]),
    )
    .filter(([{ words }, at]) => matches(words, at));
}

const count = (by: number) => (words: Int32Array) => {
  const now = words[3] & 0xff;
  if (now + by < 1) return false;
  words[3] = (words[3] & ~0xff) | (now + by);
  return undefined;
};
const isEvent = (words: Int32Array): boolean => (words[1] & 0xfff) !== 0 && (flagsOf(words) & 0x40) === 0;

export const LIST_CUTS: readonly Cut[] = [
  sizes(
    'a word behind an event',
    ['F-11'],
    inReply(EVENT, isEvent, (words) => {
      words[sizeOf(words)] = 5;
      words[0] += 1 << 16;
    }),
  ),
  sizes('one record more announced than there are', ['F-03', 'F-06'], inReply(RECEIVE, several, count(1))),
  sizes('one record fewer announced than there are', ['F-11'], inReply(RECEIVE, several, count(-1))),
  sizes('one context more announced than there are', ['F-03', 'F-06'], inReply(SEND, several, count(1))),
  sizes('one context fewer announced than there are', ['F-11'], inReply(SEND, several, count(-1))),
  sizes(
    'no records announced',
    ['F-11', 'F-06'],
    inReply(RECEIVE, several, (words) => void (words[3] &= ~0xff)),
  ),
  sizes(
    'no contexts announced',
    ['F-06'],
    inReply(SEND, several, (words) => void (words[3] &= ~0xff)),
  ),
  sizes(
    'records of five words',
    ['F-06'],
    inReply(RECEIVE, several, (words) => void (words[3] += 1 << 8)),
  ),
  sizes(
    'an answer to another function',
    ['T-01', 'T-05'],
    inReply(OPTION_GET, succeeded, (w) => put(w, 1, 24, 31, 0x94)),
  ),
  sizes(
    'an answer of another device',
    ['H-07'],
    inReply(OPTION_GET, succeeded, (w) => put(w, 1, 0, 11, 0x11)),
  ),
  sizes(
    'an answer to another initiator',
    ['H-07'],
    inReply(OPTION_GET, succeeded, (w) => put(w, 1, 12, 23, 2)),
  ),
];
