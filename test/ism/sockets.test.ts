/**
 * What a socket's life does to requests about it: every state, hostile orders too. Nothing is ever left
 * unanswered.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { DETAILED_STATUS_UNKNOWN_FUNCTION } from '../../src/i2o/executive.gen.ts';
import * as s from '../../src/i2o/socket.gen.ts';
import * as e from '../../src/socket/errno.ts';
import { DATAGRAM, LOCALHOST, records, SocketCard, STREAM, singles } from './card.ts';

let card: SocketCard;
beforeEach(() => {
  card = new SocketCard();
});

const REQUESTS: readonly [string, number, number[]][] = [
  ['bind', s.SOCKET_BIND, [LOCALHOST, 0]],
  ['connect', s.SOCKET_CONNECT, [LOCALHOST, 1]],
  ['listen', s.SOCKET_LISTEN, [1]],
  ['acceptPost', s.SOCKET_ACCEPT_POST, [1, 40]],
  ['shutdown', s.SOCKET_SHUTDOWN, [2]],
  ['close', s.SOCKET_CLOSE, []],
  ['abort', s.SOCKET_ABORT, []],
  ['optionSet', s.SOCKET_OPTION_SET, [2, 1]],
  ['optionGet', s.SOCKET_OPTION_GET, [2]],
  ['statusGet', s.SOCKET_STATUS_GET, []],
  ['nameGet', s.SOCKET_NAME_GET, [0]],
  ['infoGet', s.SOCKET_INFO_GET, []],
  ['totalsGet', s.SOCKET_TOTALS_GET, []],
  ['snapshotGet', s.SOCKET_SNAPSHOT_GET, [0]],
];

describe.each(REQUESTS)('%s', (_name, functionCode, rest) => {
  it.each([
    ['a number nobody has', () => {}],
    ['a number past all', () => 5000],
    [
      'a number posted for an accept',
      () => {
        card.create(2, STREAM);
        card.ask(s.SOCKET_LISTEN, [2, 1]);
        card.ask(s.SOCKET_ACCEPT_POST, [2, 1, 1]);
      },
    ],
    [
      'a stream that is being closed',
      () => {
        card.create(1, STREAM);
        card.put(s.SOCKET_CLOSE, [1]);
      },
    ],
    [
      'a datagram socket that is being aborted',
      () => {
        card.create(1, DATAGRAM);
        card.put(s.SOCKET_ABORT, [1]);
      },
    ],
  ])('of %s is EBADF', (_what, prepare) => {
    const id = prepare() ?? 1;
    const replies = card.ask(functionCode, [id, ...rest], { context: 99 });
    const mine = replies.filter(({ context, code }) => context === 99 || code !== 0);
    expect(mine.map(({ status, code }) => [status, code])).toEqual([[5, e.EBADF]]);
  });
});

describe('a connect in progress', () => {
  beforeEach(() => {
    card.create(1, STREAM);
    // A neighbour that does not answer: the handshake goes on for long.
    expect(card.ask(s.SOCKET_CONNECT, [1, 0x0a000099, 1], { context: 7 })).toEqual([]);
  });

  it('is not disturbed by another', () => {
    expect(card.one(s.SOCKET_CONNECT, [1, 0x0a000099, 1], { context: 8 }).code).toBe(e.EALREADY);
    const replies = [];
    for (let i = 0; i < 400 && replies.length === 0; i++) {
      card.clock.set(card.clock.nowNs + 1e9);
      replies.push(...singles(card.replies()));
    }
    expect(replies.map(({ context, code }) => [context, code])).toEqual([[7, e.EHOSTUNREACH]]);
  });

  it('is answered before the number is free, when the socket is closed or aborted', () => {
    const replies = card.ask(s.SOCKET_CLOSE, [1], { context: 9 });
    expect(replies.map(({ functionCode, context, code }) => [functionCode, context, code])).toEqual([
      [s.SOCKET_CONNECT, 7, e.ECONNABORTED],
      [s.SOCKET_CLOSE, 9, 0],
    ]);
    card.create(1, STREAM);
  });
});

describe('a listener', () => {
  beforeEach(() => {
    card.create(1, STREAM);
    card.bind(1, 4000);
    card.ask(s.SOCKET_LISTEN, [1, 4]);
  });

  it('refuses posted numbers that are in use or none, once for the message, and keeps the others', () => {
    const reply = card.one(s.SOCKET_ACCEPT_POST, [1, 4, 1, -1, 5000, 10], { context: 3 });
    expect([reply.code, reply.context]).toEqual([e.EINVAL, 3]);
    card.create(2, STREAM);
    const accepted = card
      .ask(s.SOCKET_CONNECT, [2, LOCALHOST, 4000])
      .map(({ functionCode, context }) => [functionCode, context]);
    expect(accepted).toContainEqual([s.SOCKET_ACCEPT_POST, 10]);
  });

  it('returns each posted number once when it is closed, before its own', () => {
    card.ask(s.SOCKET_ACCEPT_POST, [1, 3, 10, 11, 12]);
    const replies = card.ask(s.SOCKET_CLOSE, [1], { context: 9 });
    expect(replies.map(({ context, code }) => [context, code])).toEqual([
      [10, e.ECONNABORTED],
      [11, e.ECONNABORTED],
      [12, e.ECONNABORTED],
      [9, 0],
    ]);
  });

  it('returns them when it is shut down', () => {
    card.ask(s.SOCKET_ACCEPT_POST, [1, 2, 10, 11]);
    const replies = card.ask(s.SOCKET_SHUTDOWN, [1, s.SHUTDOWN_HOW_READ], { context: 9 });
    expect(replies.map(({ context, code }) => [context, code])).toEqual([
      [9, 0],
      [10, e.EINVAL],
      [11, e.EINVAL],
    ]);
    card.create(10, STREAM);
  });
});

describe('names and states of a stream', () => {
  const name = (id: number, which: number): number[] => {
    const { code, words } = card.one(s.SOCKET_NAME_GET, [id, which]);
    return code === 0 ? [0, words[5], words[6]] : [code];
  };

  it('are told of both ends', () => {
    card.pair(1, 2, 3, 4000);
    const [, , port] = name(1, s.NAME_OF_LOCAL);
    expect(name(1, s.NAME_OF_LOCAL)).toEqual([0, LOCALHOST, port]);
    expect(name(1, s.NAME_OF_PEER)).toEqual([0, LOCALHOST, 4000]);
    expect(name(2, s.NAME_OF_PEER)).toEqual([0, LOCALHOST, port]);
    expect(name(3, s.NAME_OF_LOCAL)).toEqual([0, LOCALHOST, 4000]);
    expect(name(3, s.NAME_OF_PEER)).toEqual([e.ENOTCONN]);
    card.create(4, STREAM);
    expect(name(4, s.NAME_OF_LOCAL)).toEqual([0, 0, 0]);
    expect(card.one(s.SOCKET_NAME_GET, [4, 2]).status).toBe(0x0b);
    const state = (id: number): number => card.one(s.SOCKET_STATUS_GET, [id]).words[5];
    expect([1, 2, 3, 4].map(state)).toEqual([
      s.TCP_STATE_ESTABLISHED,
      s.TCP_STATE_ESTABLISHED,
      s.TCP_STATE_LISTEN,
      s.TCP_STATE_CLOSED,
    ]);
  });
});

describe('TCP_INFO', () => {
  const SNAPSHOT = { [s.SOCKET_INFO_GET]: 30, [s.SOCKET_TOTALS_GET]: 5 };
  /** The errno, or the number of the snapshot. */
  const ask = (
    functionCode: typeof s.SOCKET_INFO_GET | typeof s.SOCKET_TOTALS_GET,
    id: number,
  ): [string, number] => {
    const { code, words } = card.one(functionCode, [id]);
    return code === 0 ? ['snapshot', words[SNAPSHOT[functionCode]]] : ['errno', code];
  };

  it('comes in two halves of one snapshot, which is the latest', () => {
    card.pair(1, 2, 3);
    const [, first] = ask(s.SOCKET_INFO_GET, 1);
    expect(ask(s.SOCKET_TOTALS_GET, 1)).toEqual(['snapshot', first]);
    expect(ask(s.SOCKET_TOTALS_GET, 2)).toEqual(['errno', e.EINVAL]);
    expect(ask(s.SOCKET_INFO_GET, 2)).toEqual(['snapshot', first + 1]);
    expect(ask(s.SOCKET_TOTALS_GET, 1)).toEqual(['errno', e.EINVAL]);
    expect(ask(s.SOCKET_TOTALS_GET, 2)).toEqual(['snapshot', first + 1]);
  });

  it('comes in parts of the snapshot that the card keeps, a new one with the first', () => {
    card.pair(1, 2, 3);
    const part = (id: number, first: number): number[] => {
      const { code, words } = card.one(s.SOCKET_SNAPSHOT_GET, [id, first]);
      return code === 0 ? [...words.slice(5, 17)] : [code];
    };
    expect(part(1, 20)).toEqual([e.EINVAL]);
    const [, number] = part(1, 0);
    expect(part(1, 20).slice(0, 2)).toEqual([20, number]);
    expect(ask(s.SOCKET_TOTALS_GET, 1)).toEqual(['snapshot', number]);
    expect(part(2, 20)).toEqual([e.EINVAL]);
    // Any word may come first; beyond the last there is nothing.
    expect(part(1, 25).slice(2, 4)).toEqual([number, number]);
    expect(part(1, 52).slice(3)).toEqual(new Array(9).fill(0));
    expect(part(1, 53)).toHaveLength(1);
    expect(part(1, 0)[1]).toBe(number + 1);
    expect(ask(s.SOCKET_INFO_GET, 1)).toEqual(['snapshot', number + 2]);
    expect(part(1, 10)[1]).toBe(number + 2);
  });

  it('of a number that is used again is not that of the socket before', () => {
    card.create(1, STREAM);
    expect(ask(s.SOCKET_TOTALS_GET, 1)).toEqual(['errno', e.EINVAL]);
    ask(s.SOCKET_INFO_GET, 1);
    card.ask(s.SOCKET_CLOSE, [1]);
    expect(ask(s.SOCKET_INFO_GET, 1)).toEqual(['errno', e.EBADF]);
    card.create(1, STREAM);
    expect(ask(s.SOCKET_TOTALS_GET, 1)).toEqual(['errno', e.EINVAL]);
  });

  it('is none of a datagram socket, and of a card of version 2', () => {
    card.create(1, DATAGRAM);
    for (const each of [s.SOCKET_INFO_GET, s.SOCKET_TOTALS_GET, s.SOCKET_SNAPSHOT_GET] as const) {
      expect(card.one(each, [1, 0].slice(0, each === s.SOCKET_SNAPSHOT_GET ? 2 : 1)).code).toBe(e.EOPNOTSUPP);
      expect(new SocketCard({ classVersion: 2 }).one(each, [1]).code).toBe(DETAILED_STATUS_UNKNOWN_FUNCTION);
    }
  });
});

describe('a peer', () => {
  it('that resets is told by an Error record, that ends by EndOfStream, once each', () => {
    card.pair(1, 2, 3);
    card.postBuckets(0, 1);
    const flags = (id: number, functionCode: number): number[][] =>
      records(card.ask(functionCode, [id])).map((r) => [r.socketId, r.flags, r.status, r.bucket]);
    expect(flags(2, s.SOCKET_CLOSE)).toEqual([[1, s.RECEIVE_FLAG_END_OF_STREAM, 0, -1]]);
    card.ask(s.SOCKET_ACCEPT_POST, [3, 1, 5]);
    card.create(4, STREAM);
    card.ask(s.SOCKET_CONNECT, [4, LOCALHOST, 4000]);
    expect(flags(5, s.SOCKET_ABORT)).toEqual([[4, s.RECEIVE_FLAG_ERROR, e.ECONNRESET, -1]]);
  });
});
