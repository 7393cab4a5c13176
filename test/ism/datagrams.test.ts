/**
 * Datagram sockets in raw frames: what is sent arrives with its source, and each errno is told as Linux has
 * it.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import * as s from '../../src/i2o/socket.gen.ts';
import * as e from '../../src/socket/errno.ts';
import { SO_BROADCAST } from '../../src/socket/options.ts';
import {
  BATCH,
  contexts,
  DATAGRAM,
  LOCALHOST,
  NEVER,
  ON_ERROR,
  type Reply,
  records,
  SocketCard,
  STREAM,
  singles,
} from './card.ts';

/** Of the card's subnet, 10.0.0.0/24. */
const BROADCAST = 0x0a0000ff;
const SOURCE = s.DATAGRAM_SOURCE_WORDS * 4;
let card: SocketCard;

/** Sends by a list. @param list elements' words. */
function sendTo(id: number, address: number, port: number, list: readonly number[], mode = BATCH): Reply[] {
  return card.ask(s.SOCKET_SEND_TO, [id | (mode << 30), address, port, ...list], { context: 77, sglWord: 7 });
}

function buffer(context: number, length: number, last = true, offset = 0): number[] {
  return [((last ? 0xd5 : 0x55) << 24) | length, context, card.bufferAddress(context) + offset];
}

const EMPTY = [0xcc000000, 0];

/** @returns the errno of the only answer. */
function errno(replies: readonly Reply[]): number {
  expect(singles(replies).map(({ context, status }) => [context, status])).toEqual([[77, 5]]);
  return singles(replies)[0].code;
}

beforeEach(() => {
  card = new SocketCard();
  card.create(1, DATAGRAM);
  card.create(2, DATAGRAM);
  card.bind(2, 5000);
});

describe('SocketSendTo', () => {
  it('brings a datagram of one buffer to a bucket, after its source, and the buffer back', () => {
    card.bind(1, 6000);
    card.postBuckets(0);
    card.fill(card.bufferAddress(3), 1000);
    const replies = sendTo(1, LOCALHOST, 5000, buffer(3, 1000));
    expect(contexts(replies)).toEqual([3]);
    expect(singles(replies)).toEqual([]);
    const flags = s.RECEIVE_FLAG_DATAGRAM | s.RECEIVE_FLAG_LAST_IN_BUCKET;
    expect(records(replies)).toEqual([
      { bucket: 100, socketId: 2, offset: 0, flags, length: 1000 + SOURCE, status: 0 },
    ]);
    const at = card.bucketAddress(0);
    expect(s.getDatagramSourceAddress(card.region.words, at >> 2)).toBe(LOCALHOST);
    expect(s.getDatagramSourcePort(card.region.words, at >> 2)).toBe(6000);
    expect(card.bytes(at + SOURCE, 1000)).toEqual(card.bytes(card.bufferAddress(3), 1000));
  });

  it('makes one datagram of buffers, segments and immediate data together', () => {
    card.postBuckets(0);
    card.fill(card.bufferAddress(1), 3000, 1);
    card.fill(card.bufferAddress(2), 2000, 2);
    const slot = card.transmit.count + 4;
    const [first, second] = [card.bufferAddress(1), card.bufferAddress(2)];
    const list = [
      ...[0x15000400, 1, first, 0x54000400, first + 0x800],
      ...[0x4c000005, slot, 0x04030201, 0x05],
      ...[0xd5000100, 2, second],
    ];
    const replies = sendTo(1, LOCALHOST, 5000, list);
    expect(contexts(replies).sort((a, b) => a - b)).toEqual([1, 2, slot]);
    expect(records(replies)[0].length).toBe(SOURCE + 0x800 + 5 + 0x100);
    expect(card.bytes(card.bucketAddress(0) + SOURCE, 0x800 + 5 + 0x100)).toEqual([
      ...card.bytes(first, 0x400),
      ...card.bytes(first + 0x800, 0x400),
      ...[1, 2, 3, 4, 5],
      ...card.bytes(second, 0x100),
    ]);
  });

  it('sends a datagram of no bytes, and answers it as its reply mode says, since it named no buffer', () => {
    card.postBuckets(0, 1);
    const replies = sendTo(1, LOCALHOST, 5000, EMPTY);
    expect(singles(replies).map(({ context, status, code }) => [context, status, code])).toEqual([
      [77, 0, 0],
    ]);
    expect(records(replies).map(({ length }) => length)).toEqual([SOURCE]);
    expect(singles(sendTo(1, LOCALHOST, 5000, EMPTY, ON_ERROR))).toEqual([]);
  });

  it('sends to the connected peer where it names nobody', () => {
    card.postBuckets(0);
    const reply = card.one(s.SOCKET_CONNECT, [1, LOCALHOST, 5000], { context: 3 });
    expect([reply.status, reply.context, s.getSocketConnectReplySocketId(reply.words, 0)]).toEqual([0, 3, 1]);
    expect(s.getSocketConnectReplyLocalPort(reply.words, 0)).toBeGreaterThan(0);
    expect(records(sendTo(1, 0, 0, buffer(0, 10)))[0].length).toBe(SOURCE + 10);
  });

  it('carries the largest there is, and nothing larger', () => {
    card = new SocketCard({
      pools: { transmitBufferBytes: 65536, receiveBucketBytes: 65536 },
      mtu: 65535,
    });
    card.create(1, DATAGRAM);
    card.create(2, DATAGRAM);
    card.bind(2, 5000);
    card.postBuckets(0);
    const replies = sendTo(1, LOCALHOST, 5000, buffer(0, 65507));
    expect(records(replies).map(({ length, flags }) => [length, flags & s.RECEIVE_FLAG_TRUNCATED])).toEqual([
      [65507 + SOURCE, 0],
    ]);
    expect(errno(sendTo(1, LOCALHOST, 5000, buffer(0, 65508)))).toBe(e.EMSGSIZE);
  });

  it('marks a datagram longer than its bucket, and counts what is lost', () => {
    card = new SocketCard({ pools: { receiveBucketBytes: 256 } });
    card.create(1, DATAGRAM);
    card.create(2, DATAGRAM);
    card.bind(2, 5000);
    card.postBuckets(0, 1, 2);
    const [record] = records(sendTo(1, LOCALHOST, 5000, buffer(0, 300)));
    expect([record!.length, record!.flags & s.RECEIVE_FLAG_TRUNCATED]).toEqual([
      256,
      s.RECEIVE_FLAG_TRUNCATED,
    ]);
    expect(card.ledger.snapshot()['bytesTruncated']).toBe(300 + SOURCE - 256);
    expect(records(sendTo(1, LOCALHOST, 5000, buffer(0, 248)))[0].flags & s.RECEIVE_FLAG_TRUNCATED).toBe(0);
  });
});

describe('SocketSendTo refuses by errno, and gives every buffer back', () => {
  const rows: [string, () => number, () => Reply[]][] = [
    ['an unknown socket', () => e.EBADF, () => sendTo(9, LOCALHOST, 5000, buffer(0, 10))],
    ['a number past all sockets', () => e.EBADF, () => sendTo(999, LOCALHOST, 5000, buffer(0, 10))],
    ['nobody to send to', () => e.EDESTADDRREQ, () => sendTo(1, 0, 0, buffer(0, 10))],
    ['no route', () => e.ENETUNREACH, () => sendTo(1, 0x08080808, 53, buffer(0, 10))],
    ['a broadcast not asked for', () => e.EACCES, () => sendTo(1, BROADCAST, 53, buffer(0, 10))],
    [
      'a stream',
      () => e.EOPNOTSUPP,
      () => {
        card.create(3, STREAM);
        return sendTo(3, LOCALHOST, 5000, buffer(0, 10));
      },
    ],
    [
      'a sending half that is shut down',
      () => e.EPIPE,
      () => {
        card.ask(s.SOCKET_CONNECT, [1, LOCALHOST, 5000]);
        card.ask(s.SOCKET_SHUTDOWN, [1, s.SHUTDOWN_HOW_WRITE]);
        return sendTo(1, 0, 0, buffer(0, 10));
      },
    ],
  ];
  it.each(rows)('%s', (_what, expected, send) => {
    const replies = send();
    expect(errno(replies)).toBe(expected());
    expect(contexts(replies)).toEqual([0]);
    expect(singles(sendTo(9, 0, 0, buffer(0, 10), NEVER))).toEqual([]);
  });

  it('more datagrams than the stack can hold', () => {
    card = new SocketCard({ stack: { udpSendsMax: 2 } });
    card.create(1, DATAGRAM);
    // Nobody answers for this neighbour, so the first two wait.
    for (const context of [0, 1]) {
      card.put(s.SOCKET_SEND_TO, [1, 0x0a000099, 9, ...buffer(context, 10)], { context: 77, sglWord: 7 });
    }
    const replies = sendTo(1, 0x0a000099, 9, buffer(2, 10));
    expect(errno(replies)).toBe(e.ENOBUFS);
    expect(contexts(replies)).toEqual([2]);
  });

  it('gives the buffer back where a neighbour never answers, and tells nobody', () => {
    card.postBuckets(0);
    let replies = sendTo(1, 0x0a000099, 9, buffer(2, 10));
    for (let i = 0; i < 10; i++) {
      card.clock.set(card.clock.nowNs + 1e9);
      replies = [...replies, ...card.replies()];
    }
    expect(contexts(replies)).toEqual([2]);
    expect(records(replies)).toEqual([]);
  });

  it('broadcasts where the option allows', () => {
    expect(card.one(s.SOCKET_OPTION_SET, [1, SO_BROADCAST, 1]).status).toBe(0);
    expect(card.one(s.SOCKET_OPTION_GET, [1, SO_BROADCAST]).words[5]).toBe(1);
    expect(singles(sendTo(1, BROADCAST, 53, buffer(0, 10)))).toEqual([]);
    expect(card.one(s.SOCKET_OPTION_GET, [1, 999]).code).toBe(e.ENOPROTOOPT);
  });
});

describe('a list that is malformed', () => {
  const rows: [string, () => number[], number[]][] = [
    ['a context twice', () => [...buffer(0, 10, false), ...buffer(0, 10)], [0]],
    ['a piece outside its buffer', () => [...buffer(0, 10, false), ...buffer(1, 16384, true, 1)], [0]],
    ['bytes after a datagram of none', () => [0x4c000000, 0, ...buffer(0, 10)], [0]],
    ['none after some', () => [...buffer(0, 10, false), ...EMPTY], [0]],
    ['no end of buffer', () => [0x95000010, 0, card.bufferAddress(0)], []],
    ['no end of list', () => buffer(0, 10, false), []],
    ['a bit bucket', () => [...buffer(0, 10, false), 0xc8000010, 4], [0]],
    ['a transaction', () => [0x70010001, 4, ...buffer(0, 10)], [0]],
  ];
  it.each(rows)('%s', (_what, list, back) => {
    const replies = sendTo(1, LOCALHOST, 5000, list(), NEVER);
    expect(singles(replies).map(({ status }) => status)).toEqual([0x0b]);
    expect(contexts(replies)).toEqual(back);
    // Nothing was sent, and nothing is held.
    expect(card.ledger.snapshot()['udpOutDatagrams']).toBe(0);
    expect(contexts(sendTo(1, LOCALHOST, 5000, buffer(0, 10))).length).toBe(1);
  });
});

describe('what comes back', () => {
  it('is ECONNREFUSED for a connected socket when nobody listens, once, and the socket goes on', () => {
    card.ask(s.SOCKET_CONNECT, [1, LOCALHOST, 5999]);
    card.postBuckets(0);
    expect(records(sendTo(1, 0, 0, buffer(0, 10)))).toEqual([
      { bucket: -1, socketId: 1, offset: 0, flags: s.RECEIVE_FLAG_ERROR, length: 0, status: e.ECONNREFUSED },
    ]);
    card.ask(s.SOCKET_CONNECT, [1, LOCALHOST, 5000]);
    expect(records(sendTo(1, 0, 0, buffer(0, 10))).map(({ flags }) => flags & s.RECEIVE_FLAG_ERROR)).toEqual([
      0,
    ]);
  });

  it('is nothing for a socket that is not connected', () => {
    card.postBuckets(0);
    expect(records(sendTo(1, LOCALHOST, 5999, buffer(0, 10)))).toEqual([]);
  });

  it('waits for buckets, and comes in order', () => {
    for (const length of [10, 20, 30]) sendTo(1, LOCALHOST, 5000, buffer(0, length));
    card.put(s.SOCKET_RECEIVE_POST, [0xd1004000, 100, card.bucketAddress(0)], { context: 1, sglWord: 4 });
    expect(records(card.replies()).map(({ length }) => length)).toEqual([10 + SOURCE]);
    const list = [1, 2].flatMap((b) => [
      ((b === 2 ? 0xd1 : 0x51) << 24) | 0x4000,
      100 + b,
      card.bucketAddress(b),
    ]);
    card.put(s.SOCKET_RECEIVE_POST, list, { context: 2, sglWord: 4 });
    expect(records(card.replies()).map(({ length }) => length)).toEqual([20 + SOURCE]);
  });
});

describe('the other calls of a datagram socket', () => {
  const code = (functionCode: number, body: readonly number[]): number[] => {
    const reply = card.one(functionCode, body);
    return [reply.status, reply.code];
  };

  it('bind and connect by errno', () => {
    expect(code(s.SOCKET_BIND, [1, LOCALHOST, 5000])).toEqual([5, e.EADDRINUSE]);
    expect(code(s.SOCKET_BIND, [1, 0x01020304, 1])).toEqual([5, e.EADDRNOTAVAIL]);
    expect(code(s.SOCKET_BIND, [2, LOCALHOST, 5001])).toEqual([5, e.EINVAL]);
    expect(code(s.SOCKET_CONNECT, [1, 0x08080808, 1])).toEqual([5, e.ENETUNREACH]);
    expect(code(s.SOCKET_CONNECT, [1, BROADCAST, 1])).toEqual([5, e.EACCES]);
    expect(code(s.SOCKET_CONNECT, [1, LOCALHOST, 0])).toEqual([5, e.EINVAL]);
  });

  it('cannot listen or accept; shuts down only when connected', () => {
    expect(code(s.SOCKET_LISTEN, [1, 1])).toEqual([5, e.EOPNOTSUPP]);
    expect(code(s.SOCKET_ACCEPT_POST, [1, 1, 7])).toEqual([5, e.EOPNOTSUPP]);
    expect(code(s.SOCKET_SHUTDOWN, [1, s.SHUTDOWN_HOW_BOTH])).toEqual([5, e.ENOTCONN]);
    expect(code(s.SOCKET_SEND, [1, 0]).slice(0, 1)).toEqual([0x0b]);
  });

  it('has names and a state', () => {
    const name = (which: number): number[] => {
      const reply = card.one(s.SOCKET_NAME_GET, [1, which]);
      return [
        reply.code,
        reply.words[5] * (reply.code === 0 ? 1 : 0),
        reply.words[6] * (reply.code === 0 ? 1 : 0),
      ];
    };
    expect(name(s.NAME_OF_LOCAL)).toEqual([0, 0, 0]);
    expect(name(s.NAME_OF_PEER)[0]).toBe(e.ENOTCONN);
    expect(card.one(s.SOCKET_STATUS_GET, [1]).words[5]).toBe(s.TCP_STATE_CLOSED);
    card.ask(s.SOCKET_CONNECT, [1, LOCALHOST, 5000]);
    expect(name(s.NAME_OF_PEER)).toEqual([0, LOCALHOST, 5000]);
    expect(card.one(s.SOCKET_STATUS_GET, [1]).words[5]).toBe(s.TCP_STATE_ESTABLISHED);
  });

  it('runs out of sockets by name', () => {
    card = new SocketCard({ stack: { udpSocketsMax: 1 } });
    card.create(1, DATAGRAM);
    expect(code(s.SOCKET_CREATE, [2, DATAGRAM])).toEqual([5, e.ENFILE]);
  });

  it('sends queued datagrams after a close, discards them on an abort, and gives every buffer back', () => {
    card.postBuckets(0, 1);
    card.put(s.SOCKET_SEND_TO, [1, LOCALHOST, 5000, ...buffer(0, 10)], { sglWord: 7 });
    let replies = card.ask(s.SOCKET_CLOSE, [1]);
    expect(contexts(replies)).toEqual([0]);
    expect(records(replies).length).toBe(1);
    expect(singles(replies).map(({ functionCode }) => functionCode)).toEqual([s.SOCKET_CLOSE]);
    card.create(1, DATAGRAM);
    card.put(s.SOCKET_SEND_TO, [1, LOCALHOST, 5000, ...buffer(1, 10)], { sglWord: 7 });
    replies = card.ask(s.SOCKET_ABORT, [1]);
    expect(contexts(replies)).toEqual([1]);
    expect(records(replies)).toEqual([]);
    expect(card.ledger.snapshot()['bytesDiscarded']).toBe(10);
  });
});
