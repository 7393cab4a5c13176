/** When the card answers: each message with a reply mode, successful and not, in each of the four modes. */
import { beforeEach, describe, expect, it } from 'vitest';
import * as s from '../../src/i2o/socket.gen.ts';
import * as e from '../../src/socket/errno.ts';
import { SO_KEEPALIVE } from '../../src/socket/options.ts';
import {
  BATCH,
  contexts,
  DATAGRAM,
  IMMEDIATE,
  LOCALHOST,
  NEVER,
  ON_ERROR,
  SocketCard,
  STREAM,
  singles,
} from './card.ts';

const MODES = [BATCH, IMMEDIATE, ON_ERROR, NEVER];
/** Socket numbers: a fresh stream, an unused number, a listener with its connected pair. */
const FRESH = 1;
const UNUSED = 9;
const [LISTENER, SERVER, CLIENT] = [20, 21, 22];
let card: SocketCard;

beforeEach(() => {
  card = new SocketCard();
  card.create(FRESH, STREAM);
  card.pair(CLIENT, SERVER, LISTENER);
});

/** Message, what makes it succeed, what makes it fail, and how. The first word is the socket number. */
const rows: [string, number, number[], number[], number][] = [
  ['SocketCreate', s.SOCKET_CREATE, [UNUSED, STREAM], [FRESH, STREAM], e.EINVAL],
  ['SocketCreate of a datagram socket', s.SOCKET_CREATE, [UNUSED, DATAGRAM], [FRESH, DATAGRAM], e.EINVAL],
  ['SocketBind', s.SOCKET_BIND, [FRESH, LOCALHOST, 0], [FRESH, 0x01020304, 0], e.EADDRNOTAVAIL],
  ['SocketBind twice', s.SOCKET_BIND, [FRESH, LOCALHOST, 0], [LISTENER, LOCALHOST, 1], e.EINVAL],
  ['SocketBind to a port in use', s.SOCKET_BIND, [FRESH, 0, 0], [FRESH, LOCALHOST, 4000], e.EADDRINUSE],
  ['SocketConnect', s.SOCKET_CONNECT, [FRESH, LOCALHOST, 4000], [FRESH, LOCALHOST, 4999], e.ECONNREFUSED],
  ['SocketConnect nowhere', s.SOCKET_CONNECT, [FRESH, 0, 4000], [FRESH, 0x08080808, 1], e.ENETUNREACH],
  ['SocketConnect twice', s.SOCKET_CONNECT, [FRESH, LOCALHOST, 4000], [CLIENT, LOCALHOST, 4000], e.EISCONN],
  ['SocketConnect of a listener', s.SOCKET_CONNECT, [FRESH, 0, 4000], [LISTENER, 0, 1], e.EISCONN],
  ['SocketListen', s.SOCKET_LISTEN, [LISTENER, 9], [CLIENT, 9], e.EINVAL],
  ['SocketShutdown', s.SOCKET_SHUTDOWN, [CLIENT, 1], [FRESH, 1], e.ENOTCONN],
  ['SocketOptionSet', s.SOCKET_OPTION_SET, [FRESH, SO_KEEPALIVE, 1], [FRESH, 99, 1], e.ENOPROTOOPT],
  ['SocketSend', s.SOCKET_SEND, [], [FRESH, 0], e.EPIPE],
];

describe.each(rows)('%s', (_name, functionCode, good, bad, errno) => {
  it.each(MODES)('mode %i', (mode) => {
    const list = functionCode === s.SOCKET_SEND ? [0xd5000004, 3, card.bufferAddress(3)] : [];
    const asking = { context: 4711, sglWord: list.length === 0 ? 0 : 6 };
    const ask = ([id, ...rest]: readonly number[], functionToAsk: number) =>
      card
        .ask(functionToAsk, [id! | (mode << 30), ...rest, ...list], asking)
        .filter((reply) => !reply.multiple && reply.functionCode === functionToAsk);
    const unknown = ask([UNUSED + 1, ...bad.slice(1)], functionCode);
    if (functionCode !== s.SOCKET_CREATE) {
      expect(unknown.map(({ code }) => code)).toEqual(mode === NEVER ? [] : [e.EBADF]);
    }
    const failures = ask(bad, functionCode).map(({ status, code, context }) => [status, code, context]);
    expect(failures).toEqual(mode === NEVER ? [] : [[5, errno, 4711]]);
    if (good.length === 0) return;
    // A connect that was refused has used its socket up.
    if (functionCode === s.SOCKET_CONNECT && good[0] === FRESH) {
      card.ask(s.SOCKET_ABORT, [FRESH]);
      card.create(FRESH, STREAM);
    }
    const successes = ask(good, functionCode).map(({ status, code, context }) => [status, code, context]);
    expect(successes).toEqual(mode === BATCH || mode === IMMEDIATE ? [[0, 0, 4711]] : []);
  });
});

describe('SocketSend', () => {
  /** A send of one buffer, the card given turns but no time. */
  const send = (mode: number, buffer: number): number[] => {
    card.put(s.SOCKET_SEND, [CLIENT | (mode << 30), 0, 0xd5000004, buffer, card.bufferAddress(buffer)], {
      sglWord: 6,
    });
    return contexts(
      card.run().map((words) => ({
        words,
        multiple: true,
        functionCode: words[1] >>> 24,
        context: words[3],
        initiator: 0,
        status: 0,
        code: 0,
      })),
    );
  };

  it('lets contexts wait for company but under Immediate, and brings them back in every mode', () => {
    card.postBuckets(0, 1, 2, 3, 4, 5, 6, 7);
    for (const mode of [BATCH, ON_ERROR, NEVER]) {
      expect(send(mode, mode)).toEqual([]);
      const replies = card.replies();
      expect(contexts(replies)).toEqual([mode]);
      expect(singles(replies)).toEqual([]);
    }
    expect(send(IMMEDIATE, 7)).toEqual([7]);
  });

  it('is answered for what is malformed in every mode, with the byte that is', () => {
    for (const mode of MODES) {
      const list = [0x55000004, 1, card.bufferAddress(1), 0xd5000004, 2, card.bufferAddress(3)];
      const replies = card.ask(s.SOCKET_SEND, [CLIENT | (mode << 30), 0, ...list], {
        context: 8,
        sglWord: 6,
      });
      expect(
        singles(replies).map(({ status, code, context, words }) => [status, code, context, words[5]]),
      ).toEqual([[0x0b, 0x11, 8, 36]]);
      expect(contexts(replies)).toEqual([1]);
    }
  });

  it('gives every buffer back when the connection is gone, and says why', () => {
    card.ask(s.SOCKET_ABORT, [SERVER]);
    const list = [0x55000004, 1, card.bufferAddress(1), 0xd5000004, 2, card.bufferAddress(2)];
    const replies = card.ask(s.SOCKET_SEND, [CLIENT, 0, ...list], { sglWord: 6 });
    expect(singles(replies).map(({ code }) => code)).toEqual([e.ECONNRESET]);
    expect(contexts(replies)).toEqual([1, 2]);
  });

  it('is EPIPE after the sending half is shut down', () => {
    card.ask(s.SOCKET_SHUTDOWN, [CLIENT | (NEVER << 30), 1]);
    const replies = card.ask(s.SOCKET_SEND, [CLIENT, 0, 0xd5000004, 1, card.bufferAddress(1)], {
      sglWord: 6,
    });
    expect(singles(replies).map(({ code }) => code)).toEqual([e.EPIPE]);
  });
});

describe('requests without a reply mode', () => {
  it('are answered whatever their unnamed bits say', () => {
    for (const functionCode of [
      s.SOCKET_OPTION_GET,
      s.SOCKET_NAME_GET,
      s.SOCKET_STATUS_GET,
      s.SOCKET_CLOSE,
    ]) {
      expect(card.ask(functionCode, [(UNUSED | (NEVER << 30)) >>> 0, 0]).map(({ code }) => code)).toEqual([
        e.EBADF,
      ]);
    }
  });
});
