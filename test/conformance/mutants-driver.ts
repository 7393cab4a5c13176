/** Drivers that break the spec: what the host writes, and what it does with frames and buffers. */

import { EXEC_SYS_ENABLE, EXEC_SYS_TAB_SET, writeExecSysQuiesce } from '../../src/i2o/executive.gen.ts';
import { frameFunction, frameTarget } from '../../src/i2o/frame.ts';
import {
  SOCKET_ACCEPT_POST,
  SOCKET_BIND,
  SOCKET_CLOSE,
  SOCKET_CONNECT,
  SOCKET_CREATE,
  SOCKET_LISTEN,
  SOCKET_NAME_GET,
  SOCKET_OPTION_GET,
  SOCKET_OPTION_SET,
  SOCKET_RECEIVE_CREDIT,
  SOCKET_RECEIVE_POST,
  SOCKET_SEND,
  SOCKET_SHUTDOWN,
} from '../../src/i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID, IOP_TID } from '../../src/i2o/tids.ts';
import type { VirtualCard } from '../../src/world/virtual/virtual-card.ts';
import { type Change, first, type Mutant, nth, put, when } from './mutant.ts';

/** The first SocketSend with a transmit buffer, or with immediate data. */
const bufferSend = (change: (words: Int32Array, at: number) => void): Change =>
  when(SOCKET_SEND, (words, at) => (words[at + 6] & 0x10000000) !== 0, change);
const immediateSend = (change: (words: Int32Array, at: number) => void): Change =>
  when(SOCKET_SEND, (words, at) => (words[at + 6] & 0x3c000000) === 0x0c000000, change);

/** Turns a request about a connected socket into another. */
const instead = (functionCode: number): ((words: Int32Array, at: number) => void) =>
  put(1, 24, 31, functionCode);

function afterClose(): Change {
  let closed = -1;
  return (words, at) => {
    const functionCode = words[at + 1] >>> 24;
    if (functionCode === SOCKET_CLOSE) closed = words[at + 4] & 0xffff;
    if (functionCode !== SOCKET_CREATE || closed < 0) return false;
    put(4, 0, 15, closed)(words, at);
    return true;
  };
}

/** A message names the socket of an earlier one, the first of another function. */
function ofEarlier(functionCode: number, earlier: number): Change {
  let socketId = -1;
  return (words, at) => {
    if (frameTarget(words, at) !== DEVICE_TID) return false;
    const code = frameFunction(words, at);
    if (code === functionCode && socketId >= 0) {
      put(4, 0, 15, socketId)(words, at);
      return true;
    }
    if (code === earlier && socketId < 0) socketId = words[at + 4] & 0xffff;
    return false;
  };
}

/** The second socket made is bound to a port in use and never connected: the first short send is of it. */
function sendBeforeConnect(): Change {
  let made = 0;
  let second = -1;
  return (words, at) => {
    const functionCode = words[at + 1] >>> 24;
    if (functionCode === SOCKET_CREATE && ++made === 2) second = words[at + 4] & 0xffff;
    if (functionCode !== SOCKET_SEND || (words[at + 6] & 0x3c000000) !== 0x0c000000) return false;
    put(4, 0, 15, second)(words, at);
    return true;
  };
}

/** Posts one message by hand. */
function quiesceThenSend(card: VirtualCard): void {
  const { requests } = card.host;
  writeExecSysQuiesce(requests.words, requests.acquire(), IOP_TID, HOST_TID, 7, 0);
  requests.post();
  card.stack.getOption(0, 1);
}

export const HEADER_MUTANTS: readonly Mutant[] = [
  { name: 'wrong version in a request', rule: 'H-01', driver: first(SOCKET_SEND, put(0, 0, 2, 0)) },
  { name: 'size of 3 words', rule: 'H-02', driver: first(SOCKET_BIND, put(0, 16, 31, 3)) },
  { name: 'size one word more than a frame', rule: 'H-02', driver: first(SOCKET_BIND, put(0, 16, 31, 33)) },
  { name: 'REPLY set in a request', rule: 'H-03', driver: first(SOCKET_CONNECT, put(0, 15, 15, 1)) },
  { name: '64-bit contexts announced', rule: 'H-03', driver: first(SOCKET_LISTEN, put(0, 9, 9, 1)) },
  {
    name: 'MULTIPLE in a message of one transaction',
    rule: 'H-03',
    driver: first(SOCKET_BIND, put(0, 12, 12, 1)),
  },
  { name: 'list offset off by one', rule: 'H-05', driver: first(SOCKET_SEND, put(0, 4, 7, 7)) },
  { name: 'list offset where there is no list', rule: 'H-05', driver: first(SOCKET_BIND, put(0, 4, 7, 5)) },
  { name: 'target and initiator swapped', rule: 'H-06', driver: first(SOCKET_BIND, put(1, 0, 23, 0x010001)) },
  { name: 'target that does not exist', rule: 'H-06', driver: first(SOCKET_BIND, put(1, 0, 11, 0x123)) },
  { name: 'function the class does not have', rule: 'H-08', driver: first(SOCKET_OPTION_GET, instead(0x9f)) },
];

export const LAYOUT_MUTANTS: readonly Mutant[] = [
  { name: 'size one word short', rule: 'F-02', driver: first(SOCKET_BIND, put(0, 16, 31, 6)) },
  { name: 'list longer than the message', rule: 'F-02', driver: first(SOCKET_ACCEPT_POST, put(5, 0, 7, 26)) },
  { name: 'socket type nobody knows', rule: 'F-01', driver: first(SOCKET_CREATE, put(5, 0, 7, 3)) },
  { name: 'half to shut down nobody knows', rule: 'F-01', driver: first(SOCKET_SHUTDOWN, put(5, 0, 1, 3)) },
  {
    name: 'socket number past the last',
    rule: 'F-01',
    driver: first(SOCKET_OPTION_SET, put(4, 0, 15, 0xffff)),
  },
  {
    name: 'accept posted for a number past the last',
    rule: 'F-01',
    driver: first(SOCKET_ACCEPT_POST, put(6, 0, 31, 70000)),
  },
  { name: 'credit of no bytes', rule: 'F-01', driver: first(SOCKET_RECEIVE_CREDIT, put(6, 0, 31, 0)) },
  { name: 'LAST_ELEMENT missing', rule: 'S-02', driver: first(SOCKET_SEND, put(6, 31, 31, 0)) },
  { name: 'END_OF_BUFFER missing', rule: 'S-03', driver: bufferSend(put(6, 30, 30, 0)) },
  { name: 'bucket in the list of a send', rule: 'S-01', driver: bufferSend(put(6, 26, 26, 0)) },
  { name: 'reserved element', rule: 'S-01', driver: first(SOCKET_SEND, put(6, 24, 30, 0x44)) },
  { name: 'element of no bytes', rule: 'S-04', driver: bufferSend(put(6, 0, 23, 0)) },
  { name: 'bucket of half its size', rule: 'S-04', driver: first(SOCKET_RECEIVE_POST, put(4, 0, 23, 1024)) },
  {
    name: 'bytes outside the buffer their context names',
    rule: 'S-05',
    driver: bufferSend(put(7, 0, 31, 5)),
  },
  { name: 'context that is no buffer', rule: 'S-05', driver: bufferSend(put(7, 0, 31, 0x7fff)) },
  { name: 'immediate context that is a buffer', rule: 'S-05', driver: immediateSend(put(7, 0, 31, 0)) },
  {
    name: 'bucket that begins in the middle of one',
    rule: 'S-05',
    driver: first(SOCKET_RECEIVE_POST, (words, at) => void (words[at + 6] += 64)),
  },
  { name: 'bucket count wrong', rule: 'S-06', driver: first(SOCKET_RECEIVE_POST, put(3, 0, 31, 8)) },
  {
    name: 'chained list inside a frame',
    rule: 'S-07',
    driver: bufferSend((words, at) => {
      words[at + 6] = (0xb0 << 24) | 12;
      words[at + 7] = at * 4;
    }),
  },
  {
    name: 'transaction element in a single send',
    rule: 'S-08',
    driver: bufferSend((words, at) => void (words[at + 6] = (0xf0 << 24) | (2 << 16))),
  },
];

export const STATE_MUTANTS: readonly Mutant[] = [
  {
    name: 'device message before OPERATIONAL',
    rule: 'I-02',
    driver: first(EXEC_SYS_ENABLE, (words, at) => {
      words[at] = 0x00060001;
      words[at + 1] = (SOCKET_OPTION_GET << 24) | 0x1010;
      words[at + 4] = 0;
      words[at + 5] = 1;
    }),
  },
  {
    name: 'SysEnable before SysTabSet',
    rule: 'I-01',
    driver: first(EXEC_SYS_TAB_SET, (words, at) => {
      put(1, 24, 31, EXEC_SYS_ENABLE)(words, at);
      put(0, 4, 7, 0)(words, at);
    }),
  },
  {
    name: 'message of version 2 on a session of version 1',
    rule: 'K-04',
    card: { driver: { classVersion: 1 } },
    driver: first(SOCKET_OPTION_GET, (words, at) => {
      instead(SOCKET_NAME_GET)(words, at);
      words[at + 5] = 0;
    }),
  },
  { name: 'device message behind SysQuiesce', rule: 'I-02', late: quiesceThenSend },
  { name: 'send before connect', rule: 'K-01', driver: sendBeforeConnect() },
  {
    name: 'bind after connect',
    rule: 'K-01',
    driver: nth(SOCKET_OPTION_SET, 2, (words, at) => {
      instead(SOCKET_BIND)(words, at);
    }),
  },
  {
    name: 'accept on a socket that does not listen',
    rule: 'K-01',
    driver: first(SOCKET_ACCEPT_POST, put(4, 0, 15, 1)),
  },
  {
    name: 'listen on a connected socket',
    rule: 'K-01',
    driver: nth(SOCKET_OPTION_SET, 2, (words, at) => {
      instead(SOCKET_LISTEN)(words, at);
    }),
  },
  {
    name: 'connect a second time',
    rule: 'K-01',
    driver: nth(SOCKET_OPTION_SET, 2, (words, at) => {
      instead(SOCKET_CONNECT)(words, at);
    }),
  },
  {
    name: 'send after shutdown',
    rule: 'K-01',
    driver: ofEarlier(SOCKET_SEND, SOCKET_SHUTDOWN),
    follows: true,
  },
  {
    name: 'close twice',
    rule: 'K-01',
    driver: ofEarlier(SOCKET_CLOSE, SOCKET_CLOSE),
    follows: true,
  },
  { name: 'number used again before its close is answered', rule: 'K-03', driver: afterClose() },
  {
    name: 'number in use posted for an accept',
    rule: 'K-03',
    driver: first(SOCKET_ACCEPT_POST, put(6, 0, 31, 0)),
  },
];

export const DRIVER_MUTANTS: readonly Mutant[] = [...HEADER_MUTANTS, ...LAYOUT_MUTANTS, ...STATE_MUTANTS];
