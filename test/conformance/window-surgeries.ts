/** What is done to a good trace of a port of the window class, and the rule that must be the first to tell of it. */
import { DEVICE_TID, HOST_TID } from '../../src/i2o/tids.ts';
import * as spec from '../../src/i2o/window.gen.ts';
import { INBOUND, SIDE_HOST } from '../../src/trace/sink.ts';
import type { Surgery } from './surgery-cuts.ts';
import { request } from './surgery-cuts.ts';
import { type FrameEvent, set, type Tape } from './trace-surgery.ts';
import { asked, count, isBad, isGood, of, put, shapeOf, sizeOf } from './window-cuts.ts';
import { OF_PORTS, OF_RECORDS } from './window-reply-surgeries.ts';

const {
  WINDOW_OPEN: OPEN,
  WINDOW_HEADERS: HEADERS,
  WINDOW_FILL: FILL,
  WINDOW_SEND: SEND,
  WINDOW_PLACE: PLACE,
  WINDOW_RELEASE: RELEASE,
  WINDOW_RESET: RESET,
  WINDOW_SUSPEND: SUSPEND,
} = spec;

const PROCESS_ABORTED = 0x08;

/** A request of one piece of the window, in the place of a suspension, behind a packet that is out. */
function releasedTooEarly(tape: Tape): FrameEvent {
  const frame = tape.nth(INBOUND, SUSPEND, 1);
  const sent = tape
    .frames(INBOUND, SEND)
    .filter((one) => tape.at(one) < tape.at(frame))
    .at(-1)!;
  const header = [0x0006_0041, DEVICE_TID | (HOST_TID << 12) | (RELEASE << 24), sent.words[2], 0];
  const piece = (0xdc << 24) | (sent.words[7] & 0xffffff);
  put(frame, [...header, piece, sent.words[8]]);
  return frame;
}

const OF_HOSTS: readonly Surgery[] = [
  { name: 'a send without MULTIPLE', rule: 'H-03', cut: request(SEND, [0, 12, 12, 0]) },
  { name: 'a release with MULTIPLE', rule: 'H-03', cut: request(RELEASE, [0, 12, 12, 1]) },
  { name: 'a list that begins elsewhere', rule: 'H-05', cut: request(SEND, [0, 4, 7, 5]) },
  { name: 'sent to a port that is not there', rule: 'H-06', cut: request(SEND, [1, 0, 11, 0x17]) },
  { name: 'no bytes to be set aside', rule: 'F-01', cut: request(OPEN, [4, 0, 31, 0]) },
  { name: 'a resource nobody knows', rule: 'F-01', cut: request(RESET, [4, 16, 31, 8]) },
  { name: 'a stray bit', rule: 'F-08', cut: request(RESET, [4, 0, 0, 1]) },
  {
    name: 'a transaction without a context',
    rule: 'S-01',
    cut: asked(FILL, (frame) => {
      frame.words[4] &= ~(1 << 24);
      frame.words.copyWithin(5, 6);
      set(frame, 0, 16, 31, sizeOf(frame) - 1);
    }),
  },
  { name: 'a fill that the card would write', rule: 'S-01', cut: request(FILL, [4, 26, 26, 0]) },
  { name: 'a placement that the card would read', rule: 'S-01', cut: request(PLACE, [4, 26, 26, 1]) },
  {
    name: 'a transaction that is not closed',
    rule: 'S-03',
    cut: asked(
      FILL,
      (frame) => set(frame, 9, 30, 30, 0),
      (frame) => sizeOf(frame) === 11,
    ),
  },
  { name: 'a piece of 0 bytes', rule: 'S-04', cut: request(FILL, [7, 0, 23, 0]) },
  { name: 'bytes filled from nowhere', rule: 'S-05', cut: request(FILL, [6, 0, 31, 8]) },
  { name: 'headers of packets in memory of placements', rule: 'S-05', cut: (tape) => elsewhere(tape) },
  {
    name: 'a fill while the port is closed',
    rule: 'W-01',
    cut: (tape) => {
      const frame = tape.nth(INBOUND, OPEN);
      put(frame, [...tape.nth(INBOUND, FILL).words]);
      return frame;
    },
  },
  { name: 'a fill of more than its pieces take', rule: 'W-06', cut: asked(FILL, ({ words }) => words[4]++) },
  { name: 'headers that are too long', rule: 'W-06', cut: request(SEND, [4, 0, 23, 129]) },
  { name: 'a release of the host’s memory', rule: 'W-06', cut: request(RELEASE, [4, 27, 27, 0]) },
  {
    name: 'a fill beyond what was set aside',
    rule: 'W-07',
    cut: asked(FILL, ({ words }, tape) => {
      const { transmit, transmitBytes } = shapeOf(tape);
      words[8] = transmit + transmitBytes - 8;
    }),
  },
  {
    name: 'a placement out of the transmit part',
    rule: 'W-07',
    cut: asked(PLACE, ({ words }, tape) => void (words[8] = shapeOf(tape).transmit)),
  },
  { name: 'a fill of bytes that are filled', rule: 'W-08', cut: asked(FILL, ({ words }) => words[10]--) },
  {
    name: 'a packet of bytes that hold nothing',
    rule: 'W-08',
    cut: asked(SEND, ({ words }, tape) => void (words[8] = shapeOf(tape).transmit + 16_000)),
  },
  {
    name: 'a placement of a packet that is not held',
    rule: 'W-09',
    cut: asked(PLACE, ({ words }, tape) => {
      const { slots } = shapeOf(tape);
      words[8] = slots + 64;
    }),
  },
  { name: 'a release of part of a packet', rule: 'W-09', cut: asked(RELEASE, ({ words }) => words[4]--) },
  { name: 'a release of a packet that is being sent', rule: 'W-10', cut: releasedTooEarly },
  {
    name: 'less memory for headers than slots',
    rule: 'W-14',
    cut: asked(HEADERS, ({ words }) => (words[7] -= 4)),
  },
  {
    name: 'memory for headers where there is some',
    rule: 'W-14',
    cut: (tape) => {
      const frame = tape.nth(INBOUND, FILL);
      put(frame, [...tape.nth(INBOUND, HEADERS).words]);
      return frame;
    },
  },
  { name: 'a write to bytes that are being filled', rule: 'O-01', cut: hostWrites(FILL, 6) },
  { name: 'a write to bytes that are being placed', rule: 'O-02', cut: hostWrites(PLACE, 6) },
];

/** The host writes to what a request names by a word. */
function hostWrites(functionCode: number, word: number): (tape: Tape) => FrameEvent {
  return (tape) => {
    const frame = tape.nth(INBOUND, functionCode);
    const { timeNs } = frame;
    const write = { kind: 'write', side: SIDE_HOST, timeNs, address: frame.words[word], length: 4 } as const;
    tape.insert(tape.at(frame) + 1, write);
    return frame;
  };
}

function elsewhere(tape: Tape): FrameEvent {
  const frame = tape.nth(INBOUND, HEADERS);
  frame.words[6] = tape.start!.memory.receive.offset;
  return frame;
}

const OF_LISTS: readonly Surgery[] = [
  {
    name: 'contexts for an initiator nobody is',
    rule: 'T-05',
    cut: of(FILL, isGood, (f) => set(f, 2, 0, 31, 0x99)),
  },
  {
    name: 'a control word of another kind',
    rule: 'F-06',
    cut: of(FILL, isGood, (f) => set(f, 3, 24, 31, 0x40)),
  },
  { name: 'a list of no records', rule: 'F-06', cut: of(HEADERS, isGood, (f) => set(f, 3, 0, 7, 0)) },
  { name: 'more contexts than words', rule: 'F-03', cut: of(FILL, isGood, (f) => set(f, 3, 0, 7, 20)) },
  { name: 'a context nobody gave', rule: 'T-01', cut: of(SEND, isGood, (f) => set(f, 5, 0, 31, 0x77)) },
  {
    name: 'a packet that the executive has ended',
    rule: 'T-09',
    cut: of(PLACE, isGood, (f) => set(f, 4, 24, 31, PROCESS_ABORTED)),
    follows: true,
  },
  {
    name: 'contexts in another order',
    rule: 'W-15',
    cut: of(
      FILL,
      (frame) => isGood(frame) && count(frame) > 1,
      ({ words }) => words.set([words[6], words[5]], 5),
    ),
  },
  { name: 'a bad packet told of as sent', rule: 'W-16', cut: of(SEND, isBad, (f) => set(f, 4, 0, 31, 0)) },
  {
    name: 'a fill that is wrong, and done',
    rule: 'W-02',
    follows: true,
    cut: asked(FILL, ({ words }) => words[4]++),
  },
  {
    name: 'a suspension that is malformed, and succeeds',
    rule: 'W-02',
    follows: true,
    cut: request(SUSPEND, [4, 16, 31, 0x8000]),
  },
];

/** To be done on the trace of a tour. */
export const WINDOW_SURGERIES: readonly Surgery[] = [...OF_HOSTS, ...OF_LISTS, ...OF_RECORDS, ...OF_PORTS];

/** A counter of a side one too many, at the end of a driver's trace, and the rule that tells. */
export const WINDOW_LEDGERS: readonly (readonly [side: 'host' | 'iop', counter: string, rule: string])[] = [
  ['host', 'inboundPosted', 'R-01'],
  ['host', 'lanPacketsSentBytes', 'R-02'],
  ['host', 'windowFillsAskedBytes', 'R-02'],
  ['host', 'windowPlacementsAskedBytes', 'R-03'],
  ['host', 'windowFramesTakenBytes', 'R-03'],
  ['iop', 'windowFramesKeptBytes', 'R-03'],
  ['host', 'windowReleasesAskedBytes', 'R-04'],
  ['host', 'lanPacketsDone', 'R-04'],
  ['host', 'windowFillsDone', 'R-04'],
  ['iop', 'windowFillsBytes', 'R-06'],
  ['iop', 'windowFramesKept', 'R-06'],
  ['iop', 'windowPlacementsBytes', 'R-06'],
  ['iop', 'lanTxPackets', 'R-06'],
];
