/** A driver and a card of different versions of the class speak the lower one, and say what it has not. */
import { describe, expect, it } from 'vitest';
import {
  DETAILED_STATUS_UNKNOWN_FUNCTION,
  REQUEST_STATUS_ERROR_NO_DATA,
} from '../../src/i2o/executive.gen.ts';
import { FLAG_LAST, frameFunction, frameTransactionContext } from '../../src/i2o/frame.ts';
import {
  SOCKET_CONNECT,
  SOCKET_INFO_GET,
  SOCKET_NAME_GET,
  SOCKET_SEND,
  SOCKET_SNAPSHOT_GET,
  SOCKET_STATUS_GET,
  SOCKET_TOTALS_GET,
  writeSocketNameGetReply,
  writeSocketStatusGetReply,
} from '../../src/i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../src/i2o/tids.ts';
import { HANDLER_CONTROL } from '../../src/osm/message/handlers.ts';
import { SOCK_DGRAM } from '../../src/socket/contract.ts';
import { EINVAL, ENOBUFS, ENOPROTOOPT, EOPNOTSUPP, EPROTO, EPROTONOSUPPORT } from '../../src/socket/errno.ts';
import { MSG_DONTWAIT, MSG_EOR, MSG_MORE, MSG_NOSIGNAL, MSG_OOB } from '../../src/socket/message-flags.ts';
import {
  IP_MTU_DISCOVER,
  TCP_CORK,
  TCP_DEFER_ACCEPT_SECONDS,
  TCP_LINGER2_SECONDS,
} from '../../src/socket/options.ts';
import { trips } from '../rules/trips.ts';
import { type Request, ScriptedCard } from './scripted-card.ts';

/** Answers what asks for names, by whichever message. */
function answerNames(card: ScriptedCard): void {
  card.onRequest = (request: Request) => {
    const tag = frameTransactionContext(request, 0);
    if (frameFunction(request, 0) === SOCKET_NAME_GET) {
      card.reply((w, f) =>
        writeSocketNameGetReply(w, f, DEVICE_TID, HOST_TID, HANDLER_CONTROL, tag, 0, 0, 0xc0a80001, 4001),
      );
    } else if (frameFunction(request, 0) === SOCKET_STATUS_GET) {
      card.reply((w, f) =>
        writeSocketStatusGetReply(
          w,
          f,
          DEVICE_TID,
          HOST_TID,
          HANDLER_CONTROL,
          tag,
          0,
          0,
          2,
          0xc0a80001,
          0x0a000002,
          4001,
          80,
          1,
          2,
          3,
          4,
          5,
          6,
          7,
          8,
        ),
      );
    }
  };
}

describe.each([
  ['a driver of version 1', 1, 2],
  ['a card of version 1', 2, 1],
] as const)('%s', (_, driver, card) => {
  function pair(): ScriptedCard {
    return new ScriptedCard({ classVersion: driver, batchSends: true }, card);
  }

  it('makes the pair speak version 1', () => {
    expect(pair().host.driver.classVersion).toBe(1);
  });

  it('has no datagram sockets', () => {
    expect(pair().sockets.socket(SOCK_DGRAM)).toBe(-EPROTONOSUPPORT);
    expect(pair().sockets.socket()).toBe(0);
  });

  it('tells names all the same, by the older message', () => {
    const made = pair();
    const socket = made.sockets.socket();
    made.sockets.connect(socket, 0x0a000002, 80);
    answerNames(made);
    expect(made.sockets.localEndpoint(socket)).toEqual({ address: 0xc0a80001, port: 4001 });
    expect(made.takenOf(SOCKET_STATUS_GET)).toHaveLength(1);
    expect(made.takenOf(SOCKET_NAME_GET)).toHaveLength(0);
    expect(made.takenOf(SOCKET_CONNECT)).toHaveLength(1);
  });

  it('has no events and no parameter groups, and is not asked for any', () => {
    const made = pair();
    const { device } = made.sockets;
    expect(device.registerEvents(1)).toBe(-EOPNOTSUPP);
    expect(device.statistics()).toBe(-EOPNOTSUPP);
    expect(made.take()).toHaveLength(0);
  });

  it('gets no batched sends, though they are asked for', () => {
    const made = pair();
    const socket = made.connect();
    for (let i = 0; i < 3; i++) made.sockets.send(socket, new Uint8Array(9), 0, 9);
    const sends = made.takenOf(SOCKET_SEND);
    expect(sends).toHaveLength(3);
    for (const request of sends) expect((request[0] >>> 8) & 0xff).toBe(0);
  });
});

describe('a driver and a card of version 2 or later', () => {
  it('ask for names by SocketNameGet, and only for those they do not know', () => {
    const card = new ScriptedCard();
    const socket = card.sockets.socket();
    card.sockets.connect(socket, 0x0a000002, 80);
    answerNames(card);
    expect(card.sockets.localEndpoint(socket)).toEqual({ address: 0xc0a80001, port: 4001 });
    expect(card.takenOf(SOCKET_NAME_GET)).toHaveLength(1);
    const known = card.connect();
    expect(card.sockets.localEndpoint(known)).toEqual({ address: 0x7f000001, port: 1000 });
    expect(card.takenOf(SOCKET_NAME_GET)).toHaveLength(0);
  });

  it('tell a connection’s numbers', () => {
    const card = new ScriptedCard();
    answerNames(card);
    const status = card.sockets.status(card.sockets.socket());
    expect(status).toMatchObject({ state: 2, smoothedRttUs: 1, unacknowledgedBytes: 8 });
    expect(status).toMatchObject({ remote: { address: 0x0a000002, port: 80 } });
    expect(card.sockets.status(7)).toBe(-9);
  });
});

describe('what a send says of its last byte', () => {
  const bits = (card: ScriptedCard): (number | undefined)[] =>
    card.takenOf(SOCKET_SEND).map((request) => request[5]);
  const send = (card: ScriptedCard, socket: number, flags: number): number =>
    card.sockets.send(socket, new Uint8Array(9), 0, 9, flags);

  it.each([
    ['both of version 3', 3, 3],
    ['a driver of version 2', 2, 3],
    ['a card of version 2', 3, 2],
    ['a card of version 1', 3, 1],
  ] as const)('%s', (_, driver, cardVersion) => {
    const card = new ScriptedCard({ classVersion: driver }, cardVersion);
    const records = driver === 3 && cardVersion === 3;
    const socket = card.connect();
    card.take();
    card.taken.length = 0;
    expect(send(card, socket, MSG_MORE | MSG_DONTWAIT)).toBe(9);
    expect(send(card, socket, MSG_NOSIGNAL)).toBe(9);
    expect(send(card, socket, MSG_EOR)).toBe(records ? 9 : -EOPNOTSUPP);
    expect(send(card, socket, MSG_EOR | MSG_MORE)).toBe(records ? 9 : -EOPNOTSUPP);
    expect(send(card, socket, MSG_OOB)).toBe(9);
    expect(bits(card)).toEqual(records ? [1, 0, 4, 5, 2] : [1, 0, 2]);
  });

  it('goes in a message of its own, behind the sends that wait for company', () => {
    const card = new ScriptedCard({ batchSends: true });
    const socket = card.connect();
    card.take();
    card.taken.length = 0;
    expect(send(card, socket, 0)).toBe(9);
    expect(send(card, socket, MSG_EOR)).toBe(9);
    expect(bits(card)).toEqual([0, 4]);
  });

  it('is said of the last byte alone: a send that was taken in part says nothing', () => {
    const card = new ScriptedCard();
    const socket = card.connect();
    card.take();
    card.taken.length = 0;
    const bytes = new Uint8Array(10_000_000);
    const taken = card.sockets.send(socket, bytes, 0, bytes.length, MSG_EOR | MSG_MORE);
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(bytes.length);
    expect(bits(card)).toEqual([0]);
  });
});

describe('TCP_INFO', () => {
  const asked = [SOCKET_INFO_GET, SOCKET_TOTALS_GET] as const;
  const PLACE = { [SOCKET_INFO_GET]: 30 - 4, [SOCKET_TOTALS_GET]: 5 - 4 };

  /** Answers its halves, with these snapshots. */
  const answer = (card: ScriptedCard, snapshots: Readonly<Record<number, number>>): void => {
    card.onRequest = (request: Request) => {
      const which = asked.find((each) => each === frameFunction(request, 0));
      if (which === undefined) return;
      const words = new Array<number>(which === SOCKET_INFO_GET ? 27 : 28).fill(0);
      words[1] = which === SOCKET_INFO_GET ? 1 : 0; // ESTABLISHED
      words[PLACE[which]] = snapshots[which];
      card.answer(request, FLAG_LAST, ...words);
    };
  };

  it.each([
    [2, 3],
    [3, 2],
  ] as const)(
    'is not asked for between a driver of version %i and a card of version %i',
    (driver, version) => {
      const card = new ScriptedCard({ classVersion: driver }, version);
      const socket = card.sockets.socket();
      expect(card.sockets.tcpInfo(socket)).toBe(-ENOPROTOOPT);
      expect(asked.map((each) => card.takenOf(each).length)).toEqual([0, 0]);
    },
  );

  it('is of one snapshot', () => {
    const card = new ScriptedCard();
    const socket = card.sockets.socket();
    answer(card, { [SOCKET_INFO_GET]: 7, [SOCKET_TOTALS_GET]: 7 });
    expect(card.sockets.tcpInfo(socket)).toMatchObject({ state: 1, segs_out: 0 });
    answer(card, { [SOCKET_INFO_GET]: 8, [SOCKET_TOTALS_GET]: 7 });
    expect(card.sockets.tcpInfo(socket)).toBe(-EPROTO);
    expect(asked.map((each) => card.takenOf(each).length)).toEqual([2, 2]);
  });

  it.each([
    ['knows no parts', DETAILED_STATUS_UNKNOWN_FUNCTION, -ENOBUFS],
    ['has lost its snapshot', EINVAL, -EINVAL],
  ] as const)('is not told by a card that has no room for its halves and %s', (_, detail, result) => {
    const card = new ScriptedCard();
    const socket = card.sockets.socket();
    const error = REQUEST_STATUS_ERROR_NO_DATA << 24;
    card.onRequest = (request: Request) => {
      if (frameFunction(request, 0) === SOCKET_INFO_GET) card.answer(request, FLAG_LAST, error | ENOBUFS);
      if (frameFunction(request, 0) === SOCKET_SNAPSHOT_GET) card.answer(request, FLAG_LAST, error | detail);
    };
    expect(card.sockets.tcpInfo(socket)).toBe(result);
    expect(card.takenOf(SOCKET_SNAPSHOT_GET)).toHaveLength(1);
  });

  it.each([
    ['of one snapshot', 0, 0, 'ESTABLISHED'],
    ['not of two', 1, 0, -EPROTO],
    ['not of other words than were asked for', 0, 1, -EPROTO],
  ] as const)('comes in parts, %s', (_, snapshots, words, told) => {
    const card = new ScriptedCard();
    const socket = card.sockets.socket();
    let parts = 0;
    card.onRequest = (request: Request) => {
      const error = REQUEST_STATUS_ERROR_NO_DATA << 24;
      if (frameFunction(request, 0) === SOCKET_INFO_GET) card.answer(request, FLAG_LAST, error | ENOBUFS);
      if (frameFunction(request, 0) !== SOCKET_SNAPSHOT_GET) return;
      const late = parts++ === 3 ? 1 : 0;
      const ten = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
      card.answer(request, FLAG_LAST, 0, request[5] - late * words, 7 + late * snapshots, ...ten);
    };
    const info = card.sockets.tcpInfo(socket);
    expect(typeof info === 'number' ? info : info.state === 1 && 'ESTABLISHED').toBe(told);
    expect(parts).toBe(told === 'ESTABLISHED' ? 6 : 4);
  });

  trips('connection info: a reply that was checked names a state', () => {
    const card = new ScriptedCard();
    const socket = card.sockets.socket();
    card.host.driver.awaitControl = () => 0;
    card.sockets.tcpInfo(socket);
  });

  trips('connection info: what asking comes to is an errno, or 0', () => {
    const card = new ScriptedCard();
    const socket = card.sockets.socket();
    card.host.driver.awaitControl = () => -1;
    card.sockets.tcpInfo(socket);
  });
});

describe('options that came with version 3', () => {
  const OPTIONS = [TCP_CORK, TCP_DEFER_ACCEPT_SECONDS, TCP_LINGER2_SECONDS, IP_MTU_DISCOVER];
  it.each([
    [2, 3],
    [3, 2],
    [1, 3],
  ] as const)(
    'are refused between a driver of version %i and a card of version %i',
    (driver, cardVersion) => {
      const card = new ScriptedCard({ classVersion: driver }, cardVersion);
      const socket = card.sockets.socket();
      card.take();
      card.taken.length = 0;
      for (const option of OPTIONS) {
        expect(card.sockets.setOption(socket, option, 1)).toBe(-ENOPROTOOPT);
        expect(card.sockets.getOption(socket, option)).toBe(-ENOPROTOOPT);
      }
      expect(card.take()).toHaveLength(0);
    },
  );
});
