/** Cuts into the bits of socket numbers beyond the lower 16, in the trace whose sockets have such numbers. */
import {
  any,
  type Cut,
  cutsOf,
  inRecords,
  inReply,
  inRequest,
  isStreamData,
  type Matches,
  put,
  recordFlags,
  requestOf,
  several,
  succeeded,
} from './cut.ts';

const ABORTED_NONE = 0xffff;
const HIGH = 1;
/** More than there are numbers. */
const BEYOND = 0xf0;
const NAMED = 0x9a;
const ACCEPT_POST = 0x82;
const CONNECT = 0x85;
const CREDIT = 0x86;
const SEND = 0x89;
const EVENT = 0x13;
const CLOSE = 0x8f;
const ABORT = 0x91;

const group = cutsOf('numbers');
const cut = (name: string, rules: readonly string[], sites: Cut['sites']): Cut =>
  group(name, rules, sites, 'wide');
const high = (word: number): number => (word >>> 16) & 0xff;
const isHigh: Matches = (words) => high(words[4]) === HIGH;
const isLow: Matches = (words) => high(words[4]) === 0;
const isState: Matches = (words) => (words[1] & 0xfff) !== 0 && words[4] === 1;
const isHighState: Matches = (words) => isState(words) && ((words[5] >>> 20) & 0xf) === HIGH;
const one =
  (matches: Matches): Matches =>
  (words) =>
    !several(words) && matches(words);

/** Of a socket that a record may be about: not a bucket that an abort has ended. */
const ofSocket = (words: Int32Array, at: number): boolean =>
  words[at + 1] !== ABORTED_NONE && recordFlags(words, at) !== 0x10;

export const WIDE_CUTS: readonly Cut[] = [
  cut(
    'a record without the high bits of its socket',
    ['K-02', 'D-01', 'D-02', 'D-03', 'K-07', 'K-08', 'P-02', 'P-03'],
    inRecords(
      (words, at) => ofSocket(words, at) && high(words[at + 1]) === HIGH,
      (words, at) => put(words, at + 1, 16, 23, 0),
    ),
  ),
  cut(
    'a record with high bits that its socket has not',
    ['K-02', 'D-01', 'D-02', 'D-03', 'F-07', 'K-07', 'K-08', 'P-02', 'P-03'],
    inRecords(
      (words, at) => isStreamData(words, at) && high(words[at + 1]) === 0,
      (words, at) => put(words, at + 1, 16, 23, HIGH),
    ),
  ),
  cut(
    'a record of a number that there is not',
    ['F-07'],
    inRecords(ofSocket, (words, at) => put(words, at + 1, 16, 23, BEYOND)),
  ),
  cut(
    'a record with bits above its socket’s number',
    ['F-07'],
    inRecords(ofSocket, (words, at) => put(words, at + 1, 24, 24, 1)),
  ),
  cut(
    'a request without the high bits of its socket',
    ['K-01', 'K-02', 'K-03', 'K-05'],
    inRequest(NAMED, isHigh, (words) => put(words, 4, 16, 23, 0)),
  ),
  cut(
    'a request with high bits that its socket has not',
    ['K-01', 'K-02', 'K-03', 'K-05', 'F-01'],
    inRequest(NAMED, isLow, (words) => put(words, 4, 16, 23, HIGH)),
  ),
  cut(
    'a request of a number that there is not, in its high bits',
    ['F-01'],
    inRequest(SEND, one(any), (words) => put(words, 4, 16, 23, BEYOND)),
  ),
  cut(
    'a request with bits above its socket’s number',
    ['F-08'],
    inRequest(SEND, one(any), (words) => put(words, 4, 24, 24, 1)),
  ),
  cut(
    'a batch whose high bits are of no sockets',
    ['F-01'],
    inRequest(SEND, several, (words) => put(words, 4, 16, 23, BEYOND)),
  ),
  cut(
    'a batch with the high bits of others',
    ['K-01', 'K-02', 'K-05', 'F-01'],
    inRequest(SEND, several, (words) => put(words, 4, 16, 23, high(words[4]) ^ HIGH)),
  ),
  cut(
    'a credit whose high bits are of no socket',
    ['F-01'],
    inRequest(CREDIT, any, (words) => put(words, 4, 16, 23, BEYOND)),
  ),
  cut(
    'a number posted for accepts that there is not, in its high bits',
    ['F-01'],
    inRequest(ACCEPT_POST, any, (words) => put(words, 6, 16, 23, BEYOND)),
  ),
  cut(
    'the number that no socket has posted for accepts',
    ['F-01'],
    inRequest(ACCEPT_POST, any, (words) => void (words[6] = 0xffff)),
  ),
  cut(
    'an accept without the high bits of its number',
    ['T-01', 'T-05'],
    inReply(
      ACCEPT_POST,
      (words) => succeeded(words) && high(words[3]) === HIGH,
      (words) => put(words, 3, 16, 23, 0),
    ),
  ),
  cut(
    'an accept of another number than its context',
    ['T-01', 'T-05'],
    inReply(ACCEPT_POST, succeeded, (words) => put(words, 5, 16, 31, (words[5] >>> 16) ^ 0x4000)),
  ),
  cut(
    'an accept at another listener, by its lower bits',
    ['K-06'],
    inReply(ACCEPT_POST, succeeded, (words) => put(words, 5, 0, 15, (words[5] & 0xffff) ^ 0x4000)),
  ),
  cut(
    'a connect answered for another socket, by its lower bits',
    ['K-06'],
    inReply(CONNECT, succeeded, (words) => put(words, 5, 0, 15, (words[5] & 0xffff) ^ 0x4000)),
  ),
  cut(
    'a close answered without the high bits',
    ['K-06'],
    inReply(
      CLOSE,
      (words) => succeeded(words) && high(words[5]) === HIGH,
      (words) => put(words, 5, 16, 23, 0),
    ),
  ),
  cut(
    'a close answered with high bits that were not asked for',
    ['K-06'],
    inReply(
      CLOSE,
      (words) => succeeded(words) && high(words[5]) === 0,
      (words) => put(words, 5, 16, 23, HIGH),
    ),
  ),
  cut(
    'an abort answered with high bits that were not asked for',
    ['K-06'],
    inReply(ABORT, succeeded, (words) => put(words, 5, 16, 23, high(words[5]) ^ HIGH)),
  ),
  cut(
    'an event without the high bits of its socket',
    ['V-01', 'V-02', 'V-03'],
    inReply(EVENT, isHighState, (words, frame, tape) => {
      // An event of a number that was freed a moment ago may be a late one.
      if (requestOf(tape, frame) === undefined) return false;
      put(words, 5, 20, 23, 0);
    }),
  ),
  cut(
    'an event of a number that there is not, in the bits above',
    ['F-09'],
    inReply(EVENT, isState, (words) => put(words, 5, 28, 31, 0xf)),
  ),
  cut('a number beyond 16 bits, said to a card of version 2', ['K-04'], (tape) =>
    tape
      .frames(0, 0x81, ({ words }) => isHigh(words))
      .map(() => () => {
        const classes = tape.start!.classes.map((one) =>
          one.name === 'socket' ? { ...one, version: 2 } : one,
        );
        tape.start = { ...tape.start!, classes };
      }),
  ),
];
