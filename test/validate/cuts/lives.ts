/**
 * Kinds that are made in traces of two lives of a card, with short outbound frames: the executive's answers, a
 * reset in the midst, options and peers that there are not, headers of answers, outcomes of batches, datagrams.
 */
import type { FrameEvent, Tape, TapeEvent } from '../../conformance/trace-surgery.ts';
import {
  answer,
  any,
  type Cut,
  cutsOf,
  failure,
  inReply,
  inRequest,
  openAt,
  put,
  refused,
  requestOf,
  type Site,
  several,
  sizeOf,
  succeeded,
} from './cut.ts';

const [CREATE, BIND, CONNECT, LISTEN, ACCEPT, SEND] = [0x81, 0x83, 0x85, 0x87, 0x82, 0x89];
const [SEND_TO, RECEIVE, CLOSE, SET, GET, STATUS, NAME] = [0x8b, 0x84, 0x8f, 0x93, 0x92, 0x94, 0x96];
const [ENABLE, SYS_TAB, LCT, HRT, CLAIM, RESET] = [0xd1, 0xa3, 0xa2, 0xa8, 0x09, 0xbd];
const [ERROR, STATE_ERROR, DEVICE_BUSY] = [5, 0x85, 0x1b];
const [EADDRINUSE, ENOPROTOOPT, ENOTCONN] = [98, 92, 107];
const [COMPLETE, REJECTED, IN_PROGRESS] = [4, 2, 1];
const LOOPBACK = 0x7f000001;
const [PROTOCOL_AT, TCP_FLAGS_AT, PROTOCOL_UDP, TCP_RST] = [23, 47, 17, 4];

const cut = cutsOf('lives');
const kinds = <K extends TapeEvent['kind']>(tape: Tape, kind: K) =>
  tape.events.filter((one): one is Extract<TapeEvent, { kind: K }> => one.kind === kind);
const isBefore = (tape: Tape, one: TapeEvent, other: TapeEvent): boolean => tape.at(one) < tape.at(other);
const polled =
  (edit: (one: Extract<TapeEvent, { kind: 'polled' }>, tape: Tape) => unknown): Cut['sites'] =>
  (tape) =>
    kinds(tape, 'polled')
      .filter(({ value }) => value === COMPLETE)
      .map((one) => () => edit(one, tape));
const restartOf = (tape: Tape): FrameEvent | undefined => tape.frames(0, RESET)[0];
const again = (tape: Tape, frame: FrameEvent): void => {
  tape.events.splice(tape.at(frame) + 1, 0, { ...frame, words: frame.words.slice() });
};
const isRefusedBy = (errno: number) => (words: Int32Array) => refused(words) && (words[4] & 0xffff) === errno;
const isOutcomes = (words: Int32Array): boolean => several(words) && ((words[3] >>> 8) & 0xff) === 1;
const header = (name: string, rules: readonly string[], edit: (words: Int32Array) => unknown): Cut =>
  cut(name, rules, inReply(GET, succeeded, edit));
/** A trace of one life has no such place. */
const inLater =
  (sites: (tape: Tape, restart: FrameEvent) => readonly Site[]): Cut['sites'] =>
  (tape) => {
    const restart = restartOf(tape);
    return restart === undefined ? [] : sites(tape, restart);
  };

/** Numbers that this life's host has made or posted before a frame. */
function numbers(tape: Tape, from: FrameEvent, to: FrameEvent): Set<number> {
  const within = (one: FrameEvent): boolean => isBefore(tape, from, one) && isBefore(tape, one, to);
  const made = tape.frames(0, CREATE, within).map(({ words }) => words[4] & 0xffff);
  const posted = tape.frames(0, ACCEPT, within).flatMap(({ words }) => [...words.slice(6, sizeOf(words))]);
  return new Set([...made, ...posted]);
}

const EXECUTIVE: readonly Cut[] = [
  cut(
    'the card enabled, told as failed, and used',
    ['I-02', 'I-03'],
    inReply(ENABLE, succeeded, (words) => answer(words, ERROR, 3)),
  ),
  cut(
    'the system table refused, and the card enabled',
    ['I-01', 'I-03', 'I-05'],
    inReply(SYS_TAB, succeeded, (words) => answer(words, ERROR, 3)),
  ),
  cut('an answer before the outbound frames were lent', ['I-03', 'C-03', 'C-06'], (tape) => {
    const [first] = tape.frames(1, HRT);
    return [
      () => {
        const to = kinds(tape, 'polled').find(({ value }) => value === COMPLETE);
        if (to === undefined) return false;
        tape.drop(first);
        tape.events.splice(tape.at(to), 0, first);
        return undefined;
      },
    ];
  }),
  cut(
    'a device used that nobody claims',
    ['U-01'],
    inReply(CLAIM, succeeded, (words) => answer(words, DEVICE_BUSY, 0x1b)),
  ),
  cut(
    'a table of devices told twice',
    ['T-01', 'T-02', 'T-05'],
    inReply(LCT, any, (_words, frame, tape) => again(tape, frame)),
  ),
  cut(
    'a polled word that goes back',
    ['I-04'],
    polled((one, tape) => tape.events.splice(tape.at(one) + 1, 0, { ...one, value: IN_PROGRESS })),
  ),
  cut(
    'a polled word of no value',
    ['I-04'],
    polled((one) => void (one.value = 9)),
  ),
  cut(
    'outbound frames refused, and used',
    ['I-01', 'I-02', 'I-03', 'I-04', 'I-05'],
    polled((one) => void (one.value = REJECTED)),
  ),
];

const LATER_LIFE: readonly Cut[] = [
  cut(
    'a reset refused, and done',
    ['I-01', 'I-03', 'I-04', 'I-05', 'K-01'],
    inLater((tape, restart) => {
      const word = kinds(tape, 'polled').find(
        (one) => isBefore(tape, restart, one) && one.value === IN_PROGRESS,
      );
      return word === undefined ? [] : [() => void (word.value = REJECTED)];
    }),
  ),
  cut(
    'an answer of the life before',
    ['T-01', 'C-03', 'C-07'],
    inLater((tape, restart) =>
      tape
        .frames(1, CLOSE, (one) => isBefore(tape, one, restart))
        .map((one) => () => {
          const to = tape.frames(1, HRT, (hrt) => isBefore(tape, restart, hrt))[0];
          tape.events.splice(tape.at(to) + 1, 0, { ...one, words: one.words.slice(), timeNs: to.timeNs });
        }),
    ),
  ),
  cut(
    'a record for a socket of the life before',
    ['K-02', 'K-07'],
    inLater((tape, restart) =>
      tape
        .frames(1, RECEIVE, (one) => isBefore(tape, restart, one) && several(one.words))
        .map((one) => () => {
          const now = numbers(tape, restart, one);
          const old = [...numbers(tape, tape.frames(0, ENABLE)[0], restart)].find(
            (number) => !now.has(number),
          );
          if (old === undefined || (one.words[3] & 0xff) === 0) return false;
          one.words[7] = old;
          return undefined;
        }),
    ),
  ),
  cut(
    'a request of the later life not delivered for StateError',
    ['Q-01'],
    inLater((tape, restart) =>
      tape
        .frames(1, CLOSE, (one) => isBefore(tape, restart, one))
        .map(({ words }) => () => {
          failure(words, STATE_ERROR, 4);
        }),
    ),
  ),
  cut(
    'a reply of the card’s ledger that nobody received, beside those that a reset destroyed',
    ['R-01'],
    (tape) => [() => void ((tape.finish!.iop as Record<string, number>)['outboundPosted'] -= 1)],
  ),
];

const SOCKETS: readonly Cut[] = [
  cut(
    'an option that there is not, read',
    ['E-10'],
    inReply(GET, isRefusedBy(ENOPROTOOPT), (words) => {
      answer(words, 0, 0, 6);
      words[5] = 1;
    }),
  ),
  cut(
    'an option that there is not, set',
    ['E-10'],
    inReply(SET, isRefusedBy(ENOPROTOOPT), (words) => answer(words, 0, 0)),
  ),
  cut(
    'the peer told of a socket that has none',
    ['E-05'],
    inReply(NAME, isRefusedBy(ENOTCONN), (words) => {
      answer(words, 0, 0, 7);
      words.set([LOOPBACK, 77], 5);
    }),
  ),
  cut(
    'a bind of an address in use granted to two',
    ['E-01'],
    inReply(BIND, isRefusedBy(EADDRINUSE), (words, frame, tape) => {
      const asked = requestOf(tape, frame)!.words;
      answer(words, 0, 0, 8);
      words.set([asked[4], asked[5], asked[6] ^ 1], 5);
    }),
  ),
  cut(
    'a listen of a socket that is connected',
    ['K-01'],
    inRequest(STATUS, any, (words, frame, tape) => {
      if (!openAt(tape, frame).includes(words[4] & 0xffff)) return false;
      words[0] = (words[0] & 0xffff) | (6 << 16);
      words[1] = (words[1] & 0xffffff) | (LISTEN << 24);
      words[5] = 3;
      return undefined;
    }),
  ),
  cut(
    'a failed connect told again as good',
    ['T-01', 'T-02', 'T-05'],
    inReply(CONNECT, refused, (_words, frame, tape) => {
      again(tape, frame);
      const second = tape.events[tape.at(frame) + 1] as FrameEvent;
      second.words[4] = 0;
    }),
  ),
  cut(
    'a connect answered with another socket’s number',
    ['K-06'],
    inReply(CONNECT, succeeded, (words) => void (words[5] ^= 1)),
  ),
  cut(
    'an accept of a connection to itself',
    ['E-03', 'E-04', 'P-01'],
    inReply(
      ACCEPT,
      (words) => succeeded(words) && sizeOf(words) > 8,
      (words) => {
        words[6] = words[8];
        put(words, 7, 0, 15, words[7] >>> 16);
      },
    ),
  ),
  cut('a socket made of a number that is posted', ['K-01', 'K-03'], (tape) =>
    tape.frames(0, CREATE).map((one) => () => {
      const posted = tape.frames(0, ACCEPT, (post) => isBefore(tape, post, one)).at(-1);
      const answered = tape
        .frames(1, ACCEPT, (reply) => isBefore(tape, reply, one))
        .map(({ words }) => words[3]);
      const free =
        posted &&
        [...posted.words.slice(6, sizeOf(posted.words))].find((number) => !answered.includes(number));
      if (free === undefined) return false;
      one.words[4] = free;
      return undefined;
    }),
  ),
  cut(
    'a number posted twice in one message',
    ['K-03'],
    inRequest(
      ACCEPT,
      (words) => sizeOf(words) > 7,
      (words) => void (words[7] = words[6]),
    ),
  ),
  cut(
    'a number posted that is the listener’s own',
    ['K-03'],
    inRequest(ACCEPT, any, (words) => void (words[6] = words[4] & 0xffff)),
  ),
];

const HEADERS: readonly Cut[] = [
  header('an answer that is not a reply', ['H-04'], (words) => put(words, 0, 15, 15, 0)),
  header('an answer of many that is of one', ['H-04'], (words) => put(words, 0, 12, 12, 1)),
  header('an answer of another version of I2O', ['H-01', 'H-02'], (words) => put(words, 0, 0, 3, 2)),
  header('an answer that has a list', ['H-05'], (words) => put(words, 0, 4, 7, 5)),
  header('an answer longer than any frame', ['H-02'], (words) => put(words, 0, 16, 31, 700)),
  header('an answer of two words', ['H-02', 'F-03'], (words) => put(words, 0, 16, 31, 2)),
  header('an answer to no initiator of the host’s', ['H-07'], (words) => put(words, 1, 0, 11, 0x234)),
  header('an answer of the executive for the device', ['H-07', 'T-01', 'T-05'], (words) =>
    put(words, 1, 12, 23, 0),
  ),
  header('an answer with contexts of 64 bits', ['H-04'], (words) => put(words, 0, 9, 9, 1)),
  header('a progress report of a request that has none', ['T-06', 'F-04'], (words) => {
    put(words, 0, 14, 14, 0);
    words[4] = 8 << 24;
  }),
  header('a status that there is not', ['F-04'], (words) => void (words[4] = 0x55 << 24)),
  header('a success with a detail', ['F-04'], (words) => void (words[4] = 7)),
  header('a failure without a code', ['H-09', 'F-03'], (words) => failure(words, 0, 1)),
  header('a failure without a severity', ['H-09', 'Q-02'], (words) => failure(words, STATE_ERROR, 0)),
  header(
    'a failure that preserves a frame of the host’s',
    ['C-02', 'C-06', 'H-09', 'T-07', 'Q-01'],
    (words) => {
      failure(words, 0x81, 2);
      words[7] = 64;
    },
  ),
];

const SENDS: readonly Cut[] = [
  cut(
    'an outcome of success with an errno',
    ['F-04'],
    inReply(SEND, isOutcomes, (words) => void (words[6] |= 32)),
  ),
  cut(
    'an outcome of no status',
    ['F-04'],
    inReply(SEND, isOutcomes, (words) => put(words, 6, 24, 31, 0x55)),
  ),
  cut(
    'an outcome with a stray bit',
    ['F-08'],
    inReply(SEND, isOutcomes, (words) => put(words, 6, 16, 16, 1)),
  ),
  cut(
    'an outcome of an errno that no send has',
    ['F-05'],
    inReply(SEND, isOutcomes, (words) => void (words[6] = (ERROR << 24) | 17)),
  ),
  cut(
    'an outcome of an abort that nobody asked for',
    ['T-09'],
    inReply(SEND, isOutcomes, (words) => put(words, 6, 24, 31, 2)),
  ),
  cut(
    'an outcome of a transaction that there is not',
    ['T-01', 'T-02'],
    inReply(SEND, isOutcomes, (words) => void (words[5] ^= 0x40)),
  ),
  cut(
    'a reply of contexts told twice',
    ['B-06', 'C-03', 'C-07', 'T-02'],
    inReply(SEND, several, (_words, frame, tape) => again(tape, frame)),
  ),
  cut(
    'a context given back twice in a reply',
    ['B-05', 'B-06'],
    inReply(
      SEND,
      (words) => several(words) && !isOutcomes(words) && (words[3] & 0xff) > 1,
      (words) => void (words[6] = words[5]),
    ),
  ),
  cut('a datagram on the wire twice', ['P-10'], (tape) =>
    kinds(tape, 'packet')
      .filter(({ bytes, sent }) => sent && bytes[PROTOCOL_AT] === PROTOCOL_UDP)
      .map((one) => () => tape.events.splice(tape.at(one) + 1, 0, { ...one, bytes: one.bytes.slice() })),
  ),
  cut(
    'a datagram that nobody has posted',
    ['P-10'],
    inRequest(
      SEND_TO,
      (words) => (words[6] & 0xffff) !== 0,
      (words) => put(words, 6, 0, 15, 7),
    ),
  ),
  cut('resets that passed unseen, beside errors of datagrams', ['P-01', 'P-04'], (tape) => {
    const resets = kinds(tape, 'packet').filter(
      ({ bytes }) => bytes[PROTOCOL_AT] === 6 && (bytes[TCP_FLAGS_AT] & TCP_RST) !== 0,
    );
    return resets.length === 0 ? [] : [() => tape.drop(...resets)];
  }),
];

/** All in the traces of two lives. */
export const LIFE_CUTS: readonly Cut[] = [...EXECUTIVE, ...LATER_LIFE, ...SOCKETS, ...HEADERS, ...SENDS].map(
  (one) => ({ ...one, transport: 'lives' }),
);
