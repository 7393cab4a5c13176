/** Cards that break the spec: what they answer, and what they make of what they were told. */

import { EXEC_SYS_ENABLE, EXEC_SYS_TAB_SET } from '../../src/i2o/executive.gen.ts';
import { frameFunction } from '../../src/i2o/frame.ts';
import {
  SOCKET_ACCEPT_POST,
  SOCKET_BIND,
  SOCKET_CLOSE,
  SOCKET_CONNECT,
  SOCKET_CREATE,
  SOCKET_LISTEN,
  SOCKET_OPTION_GET,
  SOCKET_OPTION_SET,
  SOCKET_RECEIVE_POST,
  SOCKET_SEND,
  SOCKET_SHUTDOWN,
} from '../../src/i2o/socket.gen.ts';
import type { Outbound } from '../../src/iop/reply/outbound.ts';
import { MEMORY_TRANSMIT_RETURNED } from '../../src/ledger/counters.gen.ts';
import type { VirtualCard } from '../../src/world/virtual/virtual-card.ts';
import { type Change, first, type Mutant, nth, part, put, when } from './mutant.ts';

const outboundOf = (card: VirtualCard): Outbound => part<Outbound>(card.parts.processor, 'outbound');

/**
 * Watches what the card posts.
 * @param meddle is given each frame;
 * @returns how often it goes out: 0, 1 or 2 times.
 */
function posting(meddle: (words: Int32Array, frame: number) => number): (card: VirtualCard) => void {
  return (card) => {
    const outbound = outboundOf(card);
    const post = outbound.post.bind(outbound);
    const acquire = outbound.acquire.bind(outbound);
    let frame = -1;
    outbound.acquire = () => {
      frame = acquire();
      return frame;
    };
    outbound.post = () => {
      const { words } = outbound;
      const times = meddle(words, frame);
      if (times === 0) {
        outbound.cancel();
        return;
      }
      post();
      if (times < 2) return;
      const before = frame;
      const again = acquire();
      for (let i = 0; i < 32; i++) words[again + i] = words[before + i];
      post();
    };
  };
}

/** The first reply of a function goes out so many times. */
function times(functionCode: number, count: number): (card: VirtualCard) => void {
  let seen = false;
  return posting((words, frame) => {
    if (seen || frameFunction(words, frame) !== functionCode) return 1;
    seen = true;
    return count;
  });
}

const hasRecord =
  (kind: (flags: number) => boolean) =>
  (words: Int32Array, at: number): boolean =>
    (words[at + 3] & 0xff) > 0 && kind(words[at + 8] >>> 24);
const dataRecord = (change: (words: Int32Array, at: number) => void): Change =>
  when(
    SOCKET_RECEIVE_POST,
    hasRecord((flags) => (flags & 3) === 0),
    change,
  );
const endRecord = (change: (words: Int32Array, at: number) => void): Change =>
  when(
    SOCKET_RECEIVE_POST,
    hasRecord((flags) => (flags & 2) !== 0),
    change,
  );
const failed = (functionCode: number, change: (words: Int32Array, at: number) => void): Change =>
  when(functionCode, (words, at) => words[at + 4] >>> 24 !== 0, change);

/** A context or bucket told once more in the place of the next. */
function again(functionCode: number, word: number): Change {
  let earlier = -2;
  return (words, at) => {
    if (frameFunction(words, at) !== functionCode || (words[at + 3] & 0xff) === 0) return false;
    if (words[at + word] === -1) return false;
    if (earlier === -2) {
      earlier = words[at + word];
      return false;
    }
    words[at + word] = earlier;
    return true;
  };
}

/** After a socket's end of stream, the next data record is for it. */
function dataAfterEnd(): Change {
  let ended = -1;
  return (words, at) => {
    if (frameFunction(words, at) !== SOCKET_RECEIVE_POST || (words[at + 3] & 0xff) === 0) return false;
    const flags = words[at + 8] >>> 24;
    if ((flags & 2) !== 0) ended = words[at + 7];
    if (ended < 0 || (flags & 3) !== 0) return false;
    words[at + 7] = ended;
    return true;
  };
}

export const REPLY_MUTANTS: readonly Mutant[] = [
  { name: 'wrong version in a reply', rule: 'H-01', cardReply: first(SOCKET_BIND, put(0, 0, 2, 2)) },
  { name: 'reply of 4 words', rule: 'H-02', cardReply: first(SOCKET_OPTION_SET, put(0, 16, 31, 4)) },
  { name: 'REPLY missing', rule: 'H-04', cardReply: first(SOCKET_BIND, put(0, 15, 15, 0)) },
  {
    name: 'target and initiator swapped in a reply',
    rule: 'H-07',
    cardReply: first(SOCKET_BIND, put(1, 0, 23, 0x010001)),
  },
  { name: 'LAST missing', rule: 'T-06', cardReply: first(SOCKET_BIND, put(0, 14, 14, 0)) },
  {
    name: 'LAST missing in an executive reply',
    rule: 'T-06',
    cardReply: first(EXEC_SYS_TAB_SET, put(0, 14, 14, 0)),
  },
  {
    name: 'TransactionContext not echoed',
    rule: 'T-05',
    cardReply: first(SOCKET_BIND, put(3, 0, 31, 0x1234)),
  },
  { name: 'InitiatorContext not echoed', rule: 'T-05', cardReply: first(SOCKET_CONNECT, put(2, 0, 31, 99)) },
  { name: 'records for somebody else', rule: 'T-05', cardReply: dataRecord(put(2, 0, 31, 99)) },
  { name: 'contexts for somebody else', rule: 'T-05', cardReply: first(SOCKET_SEND, put(2, 0, 31, 99)) },
  {
    name: 'accept answered with the wrong context',
    rule: 'T-05',
    cardReply: first(SOCKET_ACCEPT_POST, put(3, 0, 31, 77)),
  },
  { name: 'answered twice', rule: 'T-02', patch: times(SOCKET_OPTION_GET, 2) },
  { name: 'close answered twice', rule: 'T-02', patch: times(SOCKET_CLOSE, 2) },
  { name: 'accept answered twice', rule: 'T-01', patch: times(SOCKET_ACCEPT_POST, 2) },
  { name: 'never answered', rule: 'T-03', patch: times(SOCKET_OPTION_GET, 0) },
  { name: 'close never answered', rule: 'T-03', patch: times(SOCKET_CLOSE, 0), follows: true },
  {
    name: 'answer nobody asked for',
    rule: 'T-01',
    cardReply: first(SOCKET_OPTION_GET, put(1, 24, 31, 0x94)),
  },
  {
    name: 'answer to a message that is never answered',
    rule: 'T-04',
    cardReply: first(SOCKET_OPTION_GET, put(1, 24, 31, 0x86)),
  },
  {
    name: 'event nobody registered for',
    rule: 'T-01',
    cardReply: first(SOCKET_OPTION_GET, (words, at) => {
      put(1, 24, 31, 0x13)(words, at);
      put(0, 14, 14, 0)(words, at);
      words[at + 4] = 2;
    }),
  },
  { name: 'answer to reply mode Never', rule: 'T-04', misread: first(SOCKET_SHUTDOWN, put(4, 30, 31, 0)) },
  {
    name: 'success answered in reply mode OnError',
    rule: 'T-04',
    misread: first(SOCKET_CREATE, put(4, 30, 31, 0)),
  },
];

export const OUTCOME_MUTANTS: readonly Mutant[] = [
  { name: 'errno the message cannot give', rule: 'F-05', cardReply: failed(SOCKET_BIND, put(4, 0, 15, 32)) },
  { name: 'error without a reason', rule: 'F-05', cardReply: failed(SOCKET_BIND, put(4, 0, 15, 0)) },
  { name: 'ReqStatus nobody knows', rule: 'F-04', cardReply: first(SOCKET_LISTEN, put(4, 24, 31, 7)) },
  {
    name: 'success with a detailed status',
    rule: 'F-04',
    cardReply: first(SOCKET_LISTEN, put(4, 0, 15, 22)),
  },
  { name: 'reply too short for its fields', rule: 'F-03', cardReply: first(SOCKET_BIND, put(0, 16, 31, 6)) },
  {
    name: 'list of contexts one too long',
    rule: 'F-03',
    cardReply: first(SOCKET_SEND, (words, at) => void (words[at + 3] += 1)),
  },
  {
    name: 'list of records one too long',
    rule: 'F-03',
    cardReply: dataRecord((words, at) => void (words[at + 3] += 1)),
  },
  { name: 'TRL flags wrong', rule: 'F-06', cardReply: first(SOCKET_SEND, put(3, 24, 31, 0x40)) },
  { name: 'TRL element size wrong', rule: 'F-06', cardReply: dataRecord(put(3, 8, 15, 2)) },
  { name: 'list of no contexts', rule: 'F-06', cardReply: first(SOCKET_SEND, put(3, 0, 7, 0)) },
  { name: 'reply about another socket', rule: 'K-06', cardReply: first(SOCKET_CONNECT, put(5, 0, 15, 40)) },
  {
    name: 'accept at another listener',
    rule: 'K-06',
    cardReply: first(SOCKET_ACCEPT_POST, put(5, 0, 15, 1)),
  },
  {
    name: 'accept of a number that was not posted',
    rule: 'T-01',
    cardReply: first(SOCKET_ACCEPT_POST, put(5, 16, 31, 0)),
  },
  {
    name: 'success of what had to be refused',
    rule: 'K-05',
    driver: nth(SOCKET_OPTION_SET, 2, put(1, 24, 31, SOCKET_LISTEN)),
    cardReply: failed(SOCKET_LISTEN, put(4, 0, 31, 0)),
    follows: true,
  },
  {
    name: 'failure nobody knows',
    rule: 'H-09',
    driver: first(SOCKET_OPTION_GET, put(0, 0, 2, 0)),
    cardReply: when(SOCKET_OPTION_GET, (words, at) => ((words[at] >>> 8) & 0x20) !== 0, put(4, 24, 31, 0x42)),
    follows: true,
  },
];

export const DATA_MUTANTS: readonly Mutant[] = [
  { name: 'data past the end of its bucket', rule: 'F-07', cardReply: dataRecord(put(8, 0, 23, 0xfff000)) },
  { name: 'LastInBucket missing', rule: 'F-07', cardReply: dataRecord(put(8, 30, 30, 0)) },
  { name: 'record flag nobody knows', rule: 'F-07', cardReply: dataRecord(put(8, 29, 29, 1)) },
  { name: 'end of stream with a bucket', rule: 'F-07', cardReply: endRecord(put(6, 0, 31, 3)) },
  { name: 'bucket with a context nobody gave', rule: 'B-02', cardReply: dataRecord(put(6, 0, 31, 0x7777)) },
  { name: 'bucket filled twice', rule: 'B-03', cardReply: again(SOCKET_RECEIVE_POST, 6) },
  {
    name: 'BucketsRemaining wrong',
    rule: 'B-08',
    cardReply: dataRecord((words, at) => void (words[at + 5] += 1)),
  },
  { name: 'context returned twice', rule: 'B-06', cardReply: again(SOCKET_SEND, 5) },
  {
    name: 'context that is no buffer returned',
    rule: 'B-05',
    cardReply: first(SOCKET_SEND, put(5, 0, 31, 0x7fff)),
  },
  {
    name: 'buffers of an aborted socket lost',
    rule: 'B-07',
    patch: posting((words, frame) => (frameFunction(words, frame) === SOCKET_SEND ? 0 : 1)),
    follows: true,
  },
  { name: 'data after the end of its stream', rule: 'K-07', cardReply: dataAfterEnd() },
  { name: 'data for a socket nobody has', rule: 'K-02', cardReply: dataRecord(put(7, 0, 31, 200)) },
  { name: 'Datagram set for a stream', rule: 'K-08', cardReply: dataRecord(put(8, 26, 26, 1)) },
  {
    name: 'fewer bytes told than delivered',
    rule: 'R-03',
    cardReply: dataRecord((words, at) => void (words[at + 9] -= 1)),
  },
  {
    name: 'buffer returned and not counted',
    rule: 'R-04',
    late: (card) => void (card.host.ledger.counters[MEMORY_TRANSMIT_RETURNED] -= 1000),
  },
];

export const IOP_MUTANTS: readonly Mutant[] = [
  {
    name: 'reply before there are outbound frames',
    rule: 'I-03',
    polled: (value) => (value === 4 ? 1 : value),
    follows: true,
  },
  { name: 'polled status nobody knows', rule: 'I-04', polled: (value) => (value === 4 ? 9 : value) },
  {
    name: 'SysEnable done in HOLD',
    rule: 'I-05',
    driver: first(EXEC_SYS_TAB_SET, (words, at) => {
      put(1, 24, 31, EXEC_SYS_ENABLE)(words, at);
      put(0, 4, 7, 0)(words, at);
    }),
    cardReply: failed(EXEC_SYS_ENABLE, put(4, 0, 31, 0)),
    follows: true,
  },
  {
    name: 'preserved frame that is none',
    rule: 'T-07',
    card: { transport: 'fifo' },
    driver: first(SOCKET_OPTION_GET, put(0, 0, 2, 0)),
    cardReply: when(
      SOCKET_OPTION_GET,
      (words, at) => ((words[at] >>> 8) & 0x20) !== 0,
      put(7, 0, 31, 0x1234567),
    ),
    follows: true,
  },
  {
    name: 'card writes to a transmit buffer',
    rule: 'O-04',
    late: (card, sink) => sink.write(1, 1e12, card.host.transmit.addressOf(0), 8),
  },
];

export const CARD_MUTANTS: readonly Mutant[] = [
  ...REPLY_MUTANTS,
  ...OUTCOME_MUTANTS,
  ...DATA_MUTANTS,
  ...IOP_MUTANTS,
];
