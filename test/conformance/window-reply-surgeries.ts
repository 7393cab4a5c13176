/** What is done to records of packets, and to a port's other answers, in a good trace of the window class. */
import { REQUEST_STATUS_ERROR_NO_DATA } from '../../src/i2o/executive.gen.ts';
import * as spec from '../../src/i2o/window.gen.ts';
import { INBOUND, OUTBOUND, SIDE_CARD } from '../../src/trace/sink.ts';
import type { Surgery } from './surgery-cuts.ts';
import { isOwner, reply } from './surgery-cuts.ts';
import { type FrameEvent, set, type Tape } from './trace-surgery.ts';
import { before, count, isGood, isOpened, isRefusal, isReply, of, put, shapeOf } from './window-cuts.ts';

const {
  WINDOW_OPEN: OPEN,
  WINDOW_HEADERS: HEADERS,
  WINDOW_FILL: FILL,
  WINDOW_SEND: SEND,
  WINDOW_RESET: RESET,
  WINDOW_SUSPEND: SUSPEND,
} = spec;

const record = (change: (frame: FrameEvent, tape: Tape) => void) => of(HEADERS, isGood, change);
/** Of a record's second word: packet length, header length, flags. */
const LENGTH = [0, 19] as const;
const HEADER = [20, 27] as const;
const FLAGS = [28, 31] as const;
const isHeadersOnly = (frame: FrameEvent): boolean => isGood(frame) && frame.words[7] >>> 28 === 3;

export const OF_RECORDS: readonly Surgery[] = [
  {
    name: 'a packet in no slot',
    rule: 'W-11',
    cut: record(({ words }, tape) => void (words[6] = shapeOf(tape).transmit)),
  },
  {
    name: 'a packet across two slots',
    rule: 'W-11',
    cut: record(({ words }, tape) => void (words[6] += shapeOf(tape).slotBytes - 40)),
  },
  { name: 'a packet longer than the longest', rule: 'W-11', cut: record((f) => set(f, 7, ...LENGTH, 1515)) },
  { name: 'a packet shorter than its header', rule: 'W-11', cut: record((f) => set(f, 7, ...LENGTH, 13)) },
  {
    name: 'headers of a packet that is whole',
    rule: 'W-11',
    cut: of(HEADERS, isHeadersOnly, (f) => set(f, 7, ...FLAGS, 1)),
  },
  { name: 'a flag nobody knows', rule: 'W-11', cut: record((f) => set(f, 7, ...FLAGS, 8)) },
  {
    name: 'headers alone of a packet nobody checked',
    rule: 'W-11',
    cut: of(HEADERS, isHeadersOnly, (f) => set(f, 7, ...FLAGS, 2)),
  },
  {
    name: 'headers alone that are none',
    rule: 'W-11',
    cut: of(HEADERS, isHeadersOnly, (f) => set(f, 7, ...HEADER, 0)),
  },
  {
    name: 'headers alone of a payload that must come whole',
    rule: 'W-11',
    cut: of(HEADERS, isHeadersOnly, (f) => set(f, 7, ...LENGTH, 54 + 64)),
  },
  {
    name: 'a packet in a slot that the host holds',
    rule: 'W-11',
    cut: of(
      HEADERS,
      (frame) => isGood(frame) && count(frame) > 1,
      ({ words }) => words.copyWithin(8, 6, 8),
    ),
  },
  {
    name: 'more packets left than the host may hold',
    rule: 'W-12',
    cut: record((f) => set(f, 5, 0, 31, 1000)),
  },
  {
    name: 'records of a port whose window is closed',
    rule: 'W-03',
    cut: (tape) => {
      // A reset that leaves the memory for headers where it is.
      const reset = tape.nth(INBOUND, RESET, 2);
      set(reset, 4, 17, 17, 0);
      const answer = tape.frames(OUTBOUND, OPEN, isOpened).find((frame) => tape.at(frame) > tape.at(reset))!;
      put(answer, [...tape.nth(OUTBOUND, HEADERS, 1, isGood).words]);
      return answer;
    },
  },
  {
    name: 'records of a port without memory for headers',
    rule: 'W-03',
    cut: (tape) => {
      const answer = tape.nth(OUTBOUND, OPEN, 2, isOpened);
      put(answer, [...tape.nth(OUTBOUND, HEADERS, 1, isGood).words]);
      return answer;
    },
  },
];

export const OF_PORTS: readonly Surgery[] = [
  {
    name: 'slots in the transmit part',
    rule: 'W-13',
    cut: of(OPEN, isOpened, ({ words }) => void (words[7] = words[5])),
  },
  {
    name: 'a window that is too small',
    rule: 'W-13',
    cut: of(OPEN, isOpened, ({ words }) => void (words[6] = 16)),
  },
  {
    name: 'all slots the host’s',
    rule: 'W-13',
    cut: of(OPEN, isOpened, ({ words }) => void (words[10] = words[8])),
  },
  { name: 'another window than before', rule: 'W-13', cut: of(OPEN, isOpened, ({ words }) => words[9]++, 2) },
  {
    name: 'packets told of behind the answer to a suspension that gives them back',
    rule: 'W-04',
    cut: (tape) => {
      const posted = tape.nth(INBOUND, SUSPEND, 1, ({ words }) => ((words[4] >>> 16) & 1) !== 0);
      const answer = tape.after(posted, isReply(SUSPEND));
      const told = before(tape, answer, SEND);
      if (tape.at(told) < tape.at(posted)) throw new Error('the packets came back before');
      [told.words, answer.words] = [answer.words, told.words];
      return told;
    },
  },
  ...(
    [
      ['suspended', spec.WINDOW_DETAILED_STATUS_SUSPENDED],
      ['not open', spec.WINDOW_DETAILED_STATUS_NOT_OPEN],
      ['naming what is outside the window', spec.WINDOW_DETAILED_STATUS_OUTSIDE_WINDOW],
      ['naming what holds nothing', spec.WINDOW_DETAILED_STATUS_NOT_FILLED],
      ['naming what is not held', spec.WINDOW_DETAILED_STATUS_NOT_HELD],
      ['badly made', spec.WINDOW_DETAILED_STATUS_BAD_TRANSACTION],
    ] as const
  ).map(
    ([what, code]): Surgery => ({
      name: `a packet refused as ${what}, which it is not`,
      rule: 'W-05',
      cut: of(SEND, isRefusal, (f) => set(f, 4, 0, 15, code)),
    }),
  ),
  {
    name: 'a fill that was done refused as done before',
    rule: 'W-05',
    follows: true,
    cut: of(FILL, isGood, (frame) => {
      const header = [...frame.words.subarray(1, 3)];
      const status = (REQUEST_STATUS_ERROR_NO_DATA << 24) | spec.WINDOW_DETAILED_STATUS_ALREADY_FILLED;
      put(frame, [0x0005_c001, ...header, 0, status]);
    }),
  },
  {
    name: 'a reset that nobody asked for',
    rule: 'T-01',
    cut: reply(FILL, [1, 24, 31, RESET]),
    follows: true,
  },
  {
    name: 'a packet never told of',
    rule: 'T-03',
    follows: true,
    transport: 'fifo',
    cut: (tape) => {
      const frame = tape.nth(OUTBOUND, SEND, 1, isGood);
      tape.drop(frame, tape.after(frame, isOwner(OUTBOUND, SIDE_CARD)));
      const { host, iop } = tape.finish!;
      (host as Record<string, number>)['outboundReleased'] -= 1;
      (iop as Record<string, number>)['outboundPosted'] -= 1;
      tape.endNs += 1e9;
      return undefined;
    },
  },
];
