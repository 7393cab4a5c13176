/** Cuts into sizes, contexts, ownership and notifications. */
import { DOORBELL, INTERRUPT, SIDE_HOST } from '../../../src/trace/sink.ts';
import type { FrameEvent, Tape, TapeEvent, WriteEvent } from '../../conformance/trace-surgery.ts';
import {
  any,
  type Cut,
  cutsOf,
  failure,
  flagsOf,
  inReply,
  inRequest,
  lose,
  put,
  refused,
  several,
  sizeOf,
  succeeded,
} from './cut.ts';

const OUTBOUND_INIT = 0xa1;
const cut = (group: string, ...parts: Parameters<ReturnType<typeof cutsOf>>): Cut => cutsOf(group)(...parts);
const single = (words: Int32Array): boolean => !several(words) && (flagsOf(words) & 0x20) === 0;
const longer = (name: string, code: number, matches: (words: Int32Array) => boolean): Cut =>
  cut(
    'sizes',
    name,
    ['F-11'],
    inReply(
      code,
      (w) => matches(w) && sizeOf(w) < 31,
      (words) => {
        words[sizeOf(words)] = 0x1234;
        words[0] += 1 << 16;
      },
    ),
  );
const onAll = (edit: (tape: Tape) => unknown) => (tape: Tape) => [() => edit(tape)];

export const NOTICE_CUTS: readonly Cut[] = [
  cut(
    'sizes',
    'replies longer than OutboundInit has allowed',
    ['H-10'],
    inRequest(OUTBOUND_INIT, any, (words) => put(words, 5, 16, 31, 17)),
  ),
  longer('a word behind an answer', 0x92, succeeded),
  longer('a word behind an answer of no fields', 0x93, succeeded),
  longer('a word behind a refusal', 0x83, (w) => refused(w)),
  longer('a word behind records', 0x84, several),
  longer('a word behind contexts', 0x89, several),
  longer('a word behind a close', 0x8f, succeeded),
  longer('a word behind a status', 0x94, succeeded),
  cut(
    'sizes',
    'words behind a failure record',
    ['F-11'],
    inReply(
      0x92,
      (w) => single(w) && succeeded(w) && (w[1] & 0xfff) !== 0,
      (words) => {
        failure(words, 0x85, 4);
        words[0] += 3 << 16;
      },
    ),
  ),
  cut(
    'sizes',
    'an answer that lacks a word',
    ['F-03'],
    inReply(0x94, succeeded, (words) => void (words[0] -= 1 << 16)),
  ),
  cut('contexts', 'contexts of a request that still waits', ['T-10'], (tape) => {
    const closes = tape.frames(0, 0x8f);
    return closes.slice(1).map((frame, i) => () => {
      const before = closes[i];
      const answered = tape.frames(1, 0x8f, ({ words }) => words[3] === before.words[3])[0];
      if (answered === undefined || tape.at(answered) < tape.at(frame)) return false;
      frame.words[3] = before.words[3];
    });
  }),
  cut('contexts', 'contexts of two answers exchanged', ['K-06', 'T-05'], (tape) => {
    const closes = tape.frames(1, 0x8f, ({ words }) => succeeded(words));
    return closes.slice(1).map((frame, i) => () => {
      const before = closes[i];
      const asked = tape.frames(0, 0x8f, ({ words }) => words[3] === frame.words[3])[0];
      if (tape.at(asked) > tape.at(before)) return false;
      [before.words[3], frame.words[3]] = [frame.words[3], before.words[3]];
    });
  }),
  ...(
    [
      [0x92, 'an option read'],
      [0x8f, 'a close'],
      [0x83, 'a bind'],
      [0x94, 'a status'],
      [0x85, 'a connect'],
    ] as const
  ).flatMap(([code, what]) => [
    cut(
      'contexts',
      `${what} answered with another InitiatorContext`,
      ['T-05', 'T-01'],
      inReply(
        code,
        (w) => (flagsOf(w) & 0x30) === 0,
        (words) => void (words[2] += 1),
      ),
    ),
    cut(
      'contexts',
      `${what} answered with another TransactionContext`,
      ['T-05', 'T-01', 'T-02'],
      inReply(
        code,
        (w) => (flagsOf(w) & 0x30) === 0,
        (words) => void (words[3] += 0x700),
      ),
    ),
    cut(
      'contexts',
      `${what} that is never answered`,
      ['T-03', 'K-02', 'K-03'],
      (tape) => tape.frames(1, code, ({ words }) => single(words)).map((frame) => () => lose(tape, frame)),
      'fifo',
    ),
  ]),
  cut(
    'contexts',
    'a close answered for another socket',
    ['K-06'],
    inReply(0x8f, succeeded, (words) => put(words, 5, 0, 15, (words[5] & 0xffff) + 1)),
  ),
  cut(
    'contexts',
    'an accept told for another listener',
    ['K-06', 'E-03'],
    inReply(0x82, succeeded, (words) => put(words, 5, 0, 15, (words[5] & 0xffff) ^ 3)),
  ),
  cut(
    'contexts',
    'an accept of a number that was not posted',
    ['T-01'],
    inReply(0x82, succeeded, (words) => put(words, 5, 16, 31, 44)),
  ),

  cut('buffers', 'a buffer sent and never written', ['O-05'], (tape) =>
    sendsOfBuffers(tape).map((frame) => () => {
      const writes = writesBefore(tape, frame);
      if (writes.length === 0) return false;
      tape.drop(...writes);
    }),
  ),
  cut('buffers', 'a buffer written in part', ['O-05'], (tape) =>
    sendsOfBuffers(tape).map((frame) => () => {
      const writes = writesBefore(tape, frame);
      if (writes.length !== 1) return false;
      writes[0].length -= 1;
    }),
  ),
  cut('buffers', 'another buffer written', ['O-05'], (tape) =>
    sendsOfBuffers(tape).map((frame) => () => {
      const { transmit } = tape.start!.memory;
      const [write] = writesBefore(tape, frame);
      if (write === undefined) return false;
      write.address =
        transmit.offset +
        ((((write.address - transmit.offset) / transmit.bufferBytes + 1) % transmit.count) | 0) *
          transmit.bufferBytes;
    }),
  ),
  cut('buffers', 'a buffer written while it is the card’s', ['O-01'], (tape) =>
    sendsOfBuffers(tape).map((frame) => () => {
      const [write] = writesBefore(tape, frame);
      if (write === undefined) return false;
      tape.insert(tape.at(frame) + 1, { ...write, timeNs: frame.timeNs });
    }),
  ),
  cut('buffers', 'a buffer sent twice', ['B-04'], (tape) => {
    const all = sendsOfBuffers(tape);
    return all.slice(1).map((frame, i) => () => {
      const before = all[i];
      const home = tape
        .frames(1, 0x89, ({ words }) => [...words.slice(5)].includes(before.words[7]))
        .find((one) => tape.at(one) > tape.at(before));
      if (home === undefined || tape.at(home) < tape.at(frame)) return false;
      frame.words[7] = before.words[7];
      frame.words[8] = before.words[8];
    });
  }),
  cut('buffers', 'a bucket written while it is posted', ['O-02'], (tape) =>
    tape.frames(0, 0x84).map((frame) => () => {
      tape.insert(tape.at(frame) + 1, {
        kind: 'write',
        side: SIDE_HOST,
        timeNs: frame.timeNs,
        address: frame.words[6],
        length: 8,
      });
    }),
  ),
  cut('buffers', 'a write outside every buffer', ['O-03'], (tape) =>
    tape.frames(0, 0x84).map((frame) => () => {
      tape.insert(tape.at(frame) + 1, {
        kind: 'write',
        side: SIDE_HOST,
        timeNs: frame.timeNs,
        address: 64,
        length: 8,
      });
    }),
  ),
  cut(
    'buffers',
    'a bucket posted twice',
    ['B-01'],
    inRequest(
      0x84,
      (w) => sizeOf(w) >= 10,
      (words) => {
        words[8] = words[5];
        words[9] = words[6];
      },
    ),
  ),

  cut(
    'notices',
    'all doorbells dropped',
    ['R-07'],
    onAll((tape) => drop(tape, DOORBELL, Number.POSITIVE_INFINITY)),
  ),
  cut(
    'notices',
    'a doorbell dropped',
    ['R-07'],
    onAll((tape) => drop(tape, DOORBELL, 1)),
  ),
  cut(
    'notices',
    'all interrupts dropped',
    ['R-07'],
    onAll((tape) => drop(tape, INTERRUPT, Number.POSITIVE_INFINITY)),
  ),
  cut(
    'notices',
    'more interrupts than were raised',
    ['R-07'],
    onAll((tape) => {
      const one = tape.events.find(
        (event) => event.kind === 'notification' && event.notification === INTERRUPT,
      )!;
      for (let i = 0; i < 50; i++) tape.insert(tape.at(one), { ...one });
    }),
  ),
  cut('notices', 'a doorbell for nothing', ['N-01'], (tape) =>
    tape.events
      .filter((event) => event.kind === 'notification' && event.notification === DOORBELL)
      .map((one) => () => tape.insert(tape.at(one), { ...one })),
  ),
  cut('notices', 'a time that falls', ['N-02'], (tape) =>
    tape.frames(1, 0x92).map((frame) => () => void (frame.timeNs = 1)),
  ),
  {
    ...cut(
      'notices',
      'one interrupt dropped',
      [],
      onAll((tape) => drop(tape, INTERRUPT, 1)),
    ),
    undecidable: 'interrupts that the card raised while the host was awake are not in a trace',
  },
  {
    ...cut('notices', 'a frame received later', [], (tape) =>
      tape.frames(1, 0x92).map((frame) => () => {
        const next = tape.events[tape.at(frame) + 1];
        frame.timeNs = Math.min(frame.timeNs + 1, next.timeNs);
      }),
    ),
    undecidable: 'nothing says how long an answer takes',
  },
];

function drop(tape: Tape, kind: number, most: number): void {
  let left = most;
  tape.events = tape.events.filter((event) => {
    const match = event.kind === 'notification' && event.notification === kind && left > 0;
    if (match) left -= 1;
    return !match;
  });
}
function sendsOfBuffers(tape: Tape): FrameEvent[] {
  return tape.frames(
    0,
    0x89,
    ({ words }) => ((words[6] >>> 24) & 0x7f) === 0x55 && (words[0] & 0x1000) === 0,
  );
}
/** What the host wrote to the buffer of a send's first element since it was last sent. */
function writesBefore(tape: Tape, frame: FrameEvent): WriteEvent[] {
  const { transmit } = tape.start!.memory;
  const start = frame.words[8];
  const found: WriteEvent[] = [];
  for (let at = tape.at(frame) - 1; at >= 0; at--) {
    const event: TapeEvent = tape.events[at];
    if (event.kind === 'frame' && event.direction === 0 && [...event.words].includes(start)) break;
    if (event.kind !== 'write') continue;
    const inside = event.address >= start && event.address < start + transmit.bufferBytes;
    if (inside) found.push(event);
  }
  return found;
}
