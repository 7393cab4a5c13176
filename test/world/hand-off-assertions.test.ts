/** The assertions of those who move connections, each tripped by the bug it guards against. */
import { describe } from 'vitest';
import { SockMoves } from '../../src/host/sock-moves.ts';
import { HandOffs } from '../../src/ism/requests/hand-offs.ts';
import { HostSocket } from '../../src/osm/memory/host-socket.ts';
import { WindowBudget } from '../../src/osm/memory/window-budget.ts';
import { Requests } from '../../src/osm/message/requests.ts';
import { CardMoves } from '../../src/osm/user/card-moves.ts';
import type { MovingConnection } from '../../src/socket/moving.ts';
import { trips } from '../rules/trips.ts';

describe("the host's stack", () => {
  trips('host moves: a socket whose connection departs is connected', () => {
    new SockMoves({ socks: [{ state: 0 }] } as never).depart(0);
  });
});

describe('the card', () => {
  trips('hand-offs: an image area is one buffer, on a word', () => {
    return new HandOffs({ area: { offset: 2, count: 1, bufferBytes: 64 } } as never);
  });
  const handOffs = () => {
    const area = { offset: 0, count: 1, bufferBytes: 64 };
    return new HandOffs({ area, outbound: { words: new Int32Array(64) }, sendBuffers: {} } as never);
  };
  const piece = { context: -1, address: 0, length: -1, more: false };
  trips('hand-offs: an image that was written has a length', () => handOffs()['answer'](0, -1));
  trips('hand-offs: a piece has 31 bits for its length', () => handOffs()['takes'](piece, -1, 0));
  trips('hand-offs: a buffer that is given back has a context', () => handOffs()['forget']([piece]));
});

describe('the driver', () => {
  const budget = (fields: object): WindowBudget =>
    Object.assign(Object.create(WindowBudget.prototype), fields);
  const requests = (): Requests => Object.create(Requests.prototype, { acquired: { value: 0 } });
  const moves = (image: object, table = {}): CardMoves =>
    new CardMoves({ image, table, ledger: { counters: [] } } as never);

  trips('window budget: a window that is taken over was asked about', () => {
    budget({ firstBytes: 10, freeBytes: 0 }).adopt(new HostSocket(), 100);
  });
  trips('window budget: a connection that is taken over comes to a new socket', () => {
    const socket = new HostSocket();
    socket.widenedBytes = 1;
    budget({ firstBytes: 10, freeBytes: 100 }).adopt(socket, 100);
  });
  trips('requests: an image has room, or none', () => requests().exportConnection(0, 1, 2, 0, -1));
  trips('requests: an image that is imported has bytes', () => requests().importConnection(0, 1, 2, 0, 0, 0));
  const filled = { context: -1, address: 0, length: 10, more: false };
  trips('card moves: a piece lies in a buffer', () => moves({ count: 0 })['takeBack']([filled]));
  trips('card moves: a buffer has room', () => {
    const empty = new CardMoves({ image: { count: 0 }, ledger: {}, transmit: { bufferBytes: 0 } } as never);
    return [...empty['pieces']([], 0, new HostSocket())];
  });
  trips('card moves: no more is put in buffers than there is to be sent', () => {
    const one = moves({ count: 0 });
    one['pieces'] = function* () {
      yield filled;
    };
    one['fill']({ image: { address: 0, length: 4 }, elements: [] } as never, new HostSocket());
  });
  trips('card moves: one connection moves at a time', () => moves({ count: 2 }));
  trips('card moves: a socket whose connection departs is open', () => {
    moves({ count: 0 }, { open: () => undefined }).depart(1);
  });
  trips('card moves: a connection that comes has a socket of its own', () => {
    moves({ count: 0 })['begin'](new HostSocket(), {} as MovingConnection);
  });
});
