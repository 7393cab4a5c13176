/** What is done to a good trace of a network port, and the rule that must be the first to tell of it. */
import {
  LAN_RECEIVE_POST as POST,
  LAN_RESET as RESET,
  LAN_PACKET_SEND as SEND,
  LAN_SUSPEND as SUSPEND,
} from '../../src/i2o/lan.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../src/i2o/tids.ts';
import { INBOUND, OUTBOUND, SIDE_CARD, SIDE_HOST } from '../../src/trace/sink.ts';
import { isOwner, reply, request, type Surgery } from './surgery-cuts.ts';
import { type FrameEvent, set, type Tape } from './trace-surgery.ts';

const MULTIPLE = 0x1000;
/** Word 4 of replies. */
const ABORTED = 0x02;
const PROCESS_ABORTED = 0x08;
const CANCELED = 0x0c;
const SUSPENDED = 0x11;

const isList = ({ words }: FrameEvent): boolean => (words[0] & MULTIPLE) !== 0;
const statusOf = ({ words }: FrameEvent): number => words[4] >>> 24;
const isSent = (frame: FrameEvent): boolean => isList(frame) && words4(frame) === 0;
const words4 = ({ words }: FrameEvent): number => words[4];
const isBad = (frame: FrameEvent): boolean => isList(frame) && words4(frame) !== 0;
const count = ({ words }: FrameEvent): number => words[3] & 0xff;
const isReturned = (frame: FrameEvent): boolean => isList(frame) && words4(frame) !== 0;

/** Changes the nth reply of a kind. */
function of(
  functionCode: number,
  matches: (frame: FrameEvent) => boolean,
  change: (frame: FrameEvent, tape: Tape) => void,
  nth = 1,
): (tape: Tape) => FrameEvent {
  return (tape) => {
    const frame = tape.nth(OUTBOUND, functionCode, nth, matches);
    change(frame, tape);
    return frame;
  };
}

const filled = (change: (frame: FrameEvent, tape: Tape) => void) => of(POST, isSent, change);

/** The words of two frames change places. @returns the later one's, which now comes too early. */
function swapped(tape: Tape, early: FrameEvent, late: FrameEvent): FrameEvent {
  [early.words, late.words] = [late.words, early.words];
  expectOrder(tape, early, late);
  return early;
}

function expectOrder(tape: Tape, early: FrameEvent, late: FrameEvent): void {
  if (tape.at(early) >= tape.at(late)) throw new Error('the frames are not in this order');
}

/** The last frame of a kind before another. */
function before(tape: Tape, frame: FrameEvent, functionCode: number): FrameEvent {
  const found = tape
    .frames(OUTBOUND, functionCode)
    .filter((candidate) => tape.at(candidate) < tape.at(frame))
    .at(-1);
  if (found === undefined) throw new Error('nothing of the kind comes before');
  return found;
}

/** A request of one packet, in the place of another request. */
function asSend(tape: Tape, frame: FrameEvent): void {
  const sent = tape.nth(INBOUND, SEND);
  const header = [0x0007_1041, DEVICE_TID | (HOST_TID << 12) | (SEND << 24), sent.words[2], 0];
  const list = [sent.words[4] | (0x80 << 24), sent.words[5], sent.words[6]];
  frame.words.set([...header, ...list]);
}

const hostWrites = (address: (frame: FrameEvent) => number) => (tape: Tape, frame: FrameEvent) => {
  const { timeNs } = frame;
  tape.insert(tape.at(frame) + 1, {
    kind: 'write',
    side: SIDE_HOST,
    timeNs,
    address: address(frame),
    length: 4,
  });
  return frame;
};

const OF_HOSTS: readonly Surgery[] = [
  { name: 'a send without MULTIPLE', rule: 'H-03', cut: request(SEND, [0, 12, 12, 0]) },
  { name: 'a post with MULTIPLE', rule: 'H-03', cut: request(POST, [0, 12, 12, 1]) },
  { name: 'a list that begins elsewhere', rule: 'H-05', cut: request(SEND, [0, 4, 7, 5]) },
  { name: 'sent to a port that is not there', rule: 'H-06', cut: request(SEND, [1, 0, 11, 0x17]) },
  { name: 'more buckets than a message may name', rule: 'F-01', cut: request(POST, [3, 0, 31, 65]) },
  { name: 'a resource nobody knows', rule: 'F-01', cut: request(RESET, [4, 16, 31, 4]) },
  { name: 'a stray bit', rule: 'F-08', cut: request(RESET, [4, 0, 0, 1]) },
  {
    name: 'a packet without a context',
    rule: 'S-01',
    cut: (tape) => shaped(tape, 6, 0, (words) => [words[6]]),
  },
  {
    name: 'a packet with two contexts',
    rule: 'S-01',
    cut: (tape) => shaped(tape, 8, 2, (words) => [words[5], 0, words[6]]),
  },
  { name: 'a bucket to be read', rule: 'S-01', cut: request(POST, [4, 26, 26, 1]) },
  { name: 'a packet that is not closed', rule: 'S-03', cut: request(SEND, [4, 30, 30, 0]) },
  { name: 'a bucket that is not closed', rule: 'S-03', cut: request(POST, [4, 30, 30, 0]) },
  { name: 'a bucket of 0 bytes', rule: 'S-04', cut: request(POST, [4, 0, 23, 0]) },
  { name: 'a packet in the memory of buckets', rule: 'S-05', cut: (tape) => moved(tape, SEND, POST) },
  { name: 'a bucket in the memory of packets', rule: 'S-05', cut: (tape) => moved(tape, POST, SEND) },
  { name: 'one bucket fewer than announced', rule: 'S-06', cut: request(POST, [3, 0, 31, 8]) },
  { name: 'a bucket in memory of another', rule: 'B-01', cut: (tape) => doubled(tape, 6) },
  { name: 'a bucket of a context in use', rule: 'B-01', cut: (tape) => doubled(tape, 5) },
  {
    name: 'a packet sent while the port is suspended',
    rule: 'L-01',
    cut: (tape) => {
      const frame = tape.nth(INBOUND, SUSPEND, 2);
      asSend(tape, frame);
      return frame;
    },
  },
  {
    name: 'a write to a packet that is out',
    rule: 'O-01',
    cut: (tape) => hostWrites(({ words }) => words[6] + 20)(tape, tape.nth(INBOUND, SEND)),
  },
  {
    name: 'a write to a bucket that is posted',
    rule: 'O-02',
    cut: (tape) => hostWrites(({ words }) => words[6] + 20)(tape, tape.nth(INBOUND, POST)),
  },
];

const OF_LISTS: readonly Surgery[] = [
  { name: 'contexts without LAST', rule: 'T-06', cut: of(SEND, isSent, (f) => set(f, 0, 14, 14, 0)) },
  { name: 'buckets without REPLY', rule: 'H-04', cut: filled((f) => set(f, 0, 15, 15, 0)) },
  { name: 'contexts of another port', rule: 'H-07', cut: of(SEND, isSent, (f) => set(f, 1, 0, 11, 0x17)) },
  { name: 'more contexts than words', rule: 'F-03', cut: of(SEND, isSent, (f) => set(f, 3, 0, 7, 27)) },
  { name: 'more buckets than words', rule: 'F-03', cut: filled((f) => set(f, 3, 0, 7, 8)) },
  { name: 'a list of no contexts', rule: 'F-06', cut: of(SEND, isSent, (f) => set(f, 3, 0, 7, 0)) },
  { name: 'more buckets than a reply may have', rule: 'F-06', cut: filled((f) => set(f, 3, 0, 7, 9)) },
  { name: 'contexts of two words', rule: 'F-06', cut: of(SEND, isSent, (f) => set(f, 3, 8, 15, 1)) },
  { name: 'packets as buckets returned', rule: 'F-06', cut: filled((f) => set(f, 3, 24, 31, 0)) },
  {
    name: 'buckets returned as packets',
    rule: 'F-06',
    cut: of(POST, isReturned, (f) => set(f, 3, 24, 31, 0x80)),
  },
  { name: 'ReqStatus nobody knows', rule: 'F-04', cut: of(SEND, isSent, (f) => set(f, 4, 24, 31, 0x77)) },
  { name: 'success with a detail', rule: 'F-04', cut: filled((f) => set(f, 4, 0, 15, CANCELED)) },
  { name: 'a packet that is bad as none is', rule: 'F-05', cut: of(SEND, isBad, (f) => set(f, 4, 0, 15, 2)) },
  {
    name: 'buckets aborted as by a device that failed',
    rule: 'F-05',
    cut: of(POST, isReturned, (f) => set(f, 4, 0, 15, 1)),
  },
  { name: 'a context nobody sent', rule: 'T-01', cut: of(SEND, isSent, (f) => set(f, 5, 0, 31, 0x7777)) },
  {
    name: 'a context that came back before',
    rule: 'T-02',
    cut: of(SEND, isBad, (f) => set(f, 5, 0, 31, 1), 2),
  },
  { name: 'contexts for somebody else', rule: 'T-05', cut: of(SEND, isSent, (f) => set(f, 2, 0, 31, 99)) },
  { name: 'buckets for somebody else', rule: 'T-05', cut: filled((f) => set(f, 2, 0, 31, 99)) },
  {
    name: 'success of a packet of which only errors are told',
    rule: 'T-04',
    cut: of(SEND, isBad, (f) => set(f, 4, 0, 31, 0), 4),
  },
  {
    name: 'buckets given back though nothing was reset',
    rule: 'T-09',
    cut: of(
      POST,
      (f) => isReturned(f) && statusOf(f) === ABORTED,
      (f) => set(f, 4, 24, 31, PROCESS_ABORTED),
    ),
  },
  { name: 'a bad packet told of as sent', rule: 'L-08', cut: of(SEND, isBad, (f) => set(f, 4, 0, 31, 0)) },
  {
    name: 'packets in another order',
    rule: 'L-07',
    cut: of(
      SEND,
      (f) => isSent(f) && count(f) > 1,
      ({ words }) => words.set([words[6], words[5]], 5),
    ),
  },
  {
    name: 'more in a reply than the host lets share one',
    rule: 'L-06',
    cut: (tape) => {
      // The five packets after MaxTxBatchCount was set to 2.
      const sent = tape.nth(INBOUND, SEND, 1, ({ words }) => words[0] >>> 16 === 4 + 3 * 5);
      const told = tape.after(sent, (event) => isFrame(event, SEND)) as FrameEvent;
      told.words.set([2], 7);
      set(told, 0, 16, 31, 8);
      set(told, 3, 0, 7, 3);
      return told;
    },
  },
];

const OF_BUCKETS: readonly Surgery[] = [
  { name: 'a bucket nobody posted', rule: 'B-02', cut: filled((f) => set(f, 6, 0, 31, 0x7777)) },
  {
    name: 'a bucket that came back before',
    rule: 'B-03',
    cut: (tape) => {
      const first = tape.nth(OUTBOUND, POST, 1, isSent);
      const frame = tape.nth(OUTBOUND, POST, 2, isSent);
      frame.words[6] = first.words[6];
      return frame;
    },
  },
  { name: 'more buckets left than posted', rule: 'B-08', cut: filled((f) => set(f, 5, 0, 31, 1000)) },
  { name: 'a packet past its bucket', rule: 'F-10', cut: filled((f) => set(f, 7, 0, 23, 0x7ff)) },
  { name: 'a packet longer than the longest', rule: 'F-10', cut: filled((f) => set(f, 8, 0, 23, 1515)) },
  { name: 'a packet shorter than its header', rule: 'F-10', cut: filled((f) => set(f, 8, 0, 23, 13)) },
  { name: 'a packet that goes on elsewhere', rule: 'F-10', cut: filled((f) => set(f, 7, 27, 27, 1)) },
  { name: 'no last packet', rule: 'F-10', cut: filled((f) => set(f, 7, 30, 30, 0)) },
  { name: 'no last bucket', rule: 'F-10', cut: filled((f) => set(f, 7, 31, 31, 0)) },
  { name: 'an error without a reason', rule: 'F-10', cut: filled((f) => set(f, 7, 24, 24, 1)) },
  { name: 'a reason without an error', rule: 'F-10', cut: filled((f) => set(f, 8, 24, 31, 1)) },
  {
    name: 'a bucket returned with bytes',
    rule: 'F-10',
    cut: of(POST, isReturned, (f) => set(f, 8, 0, 23, 60)),
  },
  {
    name: 'bytes in a bucket that is not posted',
    rule: 'O-04',
    cut: (tape) => {
      const frame = tape.nth(INBOUND, POST);
      const { offset, count: buckets, bufferBytes } = tape.start!.memory.receive;
      const address = offset + (buckets - 1) * bufferBytes;
      tape.insert(tape.at(frame) + 1, {
        kind: 'write',
        side: SIDE_CARD,
        timeNs: frame.timeNs,
        address,
        length: 60,
      });
      return frame;
    },
  },
];

const OF_PORTS: readonly Surgery[] = [
  {
    name: 'a malformed suspension that succeeds',
    rule: 'L-02',
    follows: true,
    cut: request(SUSPEND, [4, 16, 31, 0x8000]),
  },
  {
    name: 'packets told of behind the answer to a suspension',
    rule: 'L-03',
    cut: (tape) => {
      const answer = tape.nth(OUTBOUND, SUSPEND);
      const told = before(tape, answer, SEND);
      swapped(tape, told, answer);
      return answer;
    },
  },
  {
    name: 'buckets that a suspension gives back, behind its answer',
    rule: 'L-04',
    cut: (tape) => {
      const asked = tape.nth(INBOUND, SUSPEND, 1, ({ words }) => ((words[4] >>> 16) & 1) !== 0);
      const answer = tape.after(asked, (event) => isFrame(event, SUSPEND)) as FrameEvent;
      return swapped(tape, before(tape, answer, POST), answer);
    },
  },
  {
    name: 'a port that is not suspended, and says so',
    rule: 'L-05',
    cut: of(
      SEND,
      (f) => !isList(f),
      (f) => set(f, 4, 0, 15, SUSPENDED),
    ),
  },
  {
    name: 'a reset that nobody asked for',
    rule: 'T-01',
    cut: reply(SEND, [1, 24, 31, RESET]),
    follows: true,
  },
  {
    name: 'a packet never told of',
    rule: 'T-03',
    follows: true,
    transport: 'fifo',
    cut: (tape) => {
      const frame = tape.nth(OUTBOUND, SEND, 1, (f) => isSent(f) && f.words[5] === 4);
      tape.drop(frame, tape.after(frame, isOwner(OUTBOUND, SIDE_CARD)));
      const { host, iop } = tape.finish!;
      (host as Record<string, number>)['outboundReleased'] -= 1;
      (iop as Record<string, number>)['outboundPosted'] -= 1;
      tape.endNs += 1e9;
      return undefined;
    },
  },
];

/** To be done on the trace of a tour. */
export const LAN_SURGERIES: readonly Surgery[] = [...OF_HOSTS, ...OF_LISTS, ...OF_BUCKETS, ...OF_PORTS];

/** A counter of a side one too many, at the end of a driver's trace, and the rule that tells. */
export const LAN_LEDGERS: readonly (readonly [side: 'host' | 'iop', counter: string, rule: string])[] = [
  ['host', 'inboundPosted', 'R-01'],
  ['host', 'lanPacketsSentBytes', 'R-02'],
  ['host', 'lanPacketsTakenBytes', 'R-03'],
  ['iop', 'lanPlacementsBytes', 'R-03'],
  ['host', 'lanBucketsLent', 'R-04'],
  ['host', 'lanBucketsBack', 'R-04'],
  ['host', 'lanPacketsDone', 'R-04'],
  ['iop', 'lanRxFiltered', 'R-06'],
  ['iop', 'lanTxPackets', 'R-06'],
];

function isFrame(event: { kind: string }, functionCode: number): event is FrameEvent {
  if (event.kind !== 'frame') return false;
  const frame = event as FrameEvent;
  return frame.direction === OUTBOUND && frame.words[1] >>> 24 === functionCode;
}

/** The first send, of one packet, with so many context words. */
function shaped(
  tape: Tape,
  size: number,
  contexts: number,
  list: (words: Int32Array) => number[],
): FrameEvent {
  const frame = tape.nth(INBOUND, SEND, 1, ({ words }) => words[0] >>> 16 === 7);
  const behind = list(frame.words);
  set(frame, 0, 16, 31, size);
  set(frame, 4, 24, 25, contexts);
  frame.words.set(behind, 5);
  return frame;
}

/** The first address of a request is that of one of another kind. */
function moved(tape: Tape, functionCode: number, other: number): FrameEvent {
  const frame = tape.nth(INBOUND, functionCode);
  frame.words[6] = tape.nth(INBOUND, other).words[6];
  return frame;
}

/** The second post's first bucket has a word of the first's. */
function doubled(tape: Tape, word: number): FrameEvent {
  const frame = tape.nth(INBOUND, POST, 2);
  frame.words[word] = tape.nth(INBOUND, POST, 1).words[word];
  return frame;
}
