/**
 * Socket numbers beyond 16 bits, over messages: more than 65,536 sockets at once, all that a socket can do under a
 * high number, and the limit that an older driver or card sets. Every card is judged as it runs.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { Transport } from '../../src/dma/card-layout.ts';
import { TRANSPORTS } from '../../src/i2o/queues/queues.ts';
import { SOCKET_EVENT_CONNECTION_STATE, SOCKET_EVENT_LISTEN_OVERFLOW } from '../../src/i2o/socket.gen.ts';
import { NARROW_SOCKETS, NO_SOCKET, stateEventSocketId } from '../../src/i2o/socket-number.ts';
import { SOCKET_CLASS_ID } from '../../src/i2o/tids.ts';
import { READABLE, SHUT_WR, SOCK_DGRAM, SOCK_STREAM, WRITABLE } from '../../src/socket/contract.ts';
import { EAGAIN, ECONNREFUSED, EMFILE, ENETDOWN } from '../../src/socket/errno.ts';
import { SO_ERROR, TCP_NODELAY } from '../../src/socket/options.ts';
import { Tour } from '../../src/tour/tour.ts';
import { Validator } from '../../src/validate/validator.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { found } from '../validate/found.ts';
import { scatterNumbers, WIDE_CARD, WIDE_SOCKETS } from './wide-numbers.ts';

const LOOPBACK = 0x7f000001;
const PORT = 80;
const MS = 1e6;
const SECOND_NS = 1e9;
/** All but the exhaustion of sockets, which another test has. */
const PARTS = ['exchange', 'halfClose', 'abort', 'refused', 'datagrams', 'exhaustBuffers'] as const;
const BYTES = new Uint8Array(40_000).map((_, i) => i * 7);

class Bench {
  readonly validator = new Validator();
  readonly world: VirtualWorld;
  private readonly room = new Uint8Array(BYTES.length);

  constructor(overrides: CardOverrides = {}) {
    const card = {
      ...WIDE_CARD,
      ...overrides,
      driver: { ...WIDE_CARD.driver, ...overrides.driver },
      stack: { ...WIDE_CARD.stack, ...overrides.stack },
    };
    this.world = new VirtualWorld({ cards: [card], seed: 1, traces: [{ sink: this.validator }] });
  }

  get card() {
    return this.world.cards[0];
  }

  get stack() {
    return this.card.stack;
  }

  get driver() {
    return this.card.host.driver;
  }

  run(ns = 10 * MS): void {
    this.card.start({ step: () => 0 });
    this.world.run(() => false, ns);
  }

  /** Makes sockets until there are so many, or the driver refuses. @returns how many there are. */
  fill(count: number, type: number): number {
    for (let made = 0; made < count; made++) {
      if (this.stack.socket(type) < 0) return made;
      if (made % 400 === 399) this.run(MS);
    }
    this.run();
    return count;
  }

  listen(backlog = 8): number {
    const listener = this.stack.socket();
    expect(this.stack.bind(listener, 0, PORT) || this.stack.listen(listener, backlog)).toBe(0);
    return listener;
  }

  pair(listener: number): [client: number, server: number] {
    const { stack } = this;
    const client = stack.socket();
    stack.connect(client, LOOPBACK, PORT);
    this.run(SECOND_NS);
    expect(stack.readiness(client) & WRITABLE).toBe(WRITABLE);
    return [client, stack.accept(listener)];
  }

  /** Moves all of BYTES from one to the other, several windows of them. */
  move(from: number, to: number): void {
    const { stack, room } = this;
    let sent = 0;
    let read = 0;
    for (let turns = 0; read < BYTES.length && turns < 400; turns++) {
      sent += Math.max(0, stack.send(from, BYTES, sent, BYTES.length - sent));
      this.run(MS);
      const got = Math.max(0, stack.recv(to, room, read, room.length - read));
      read += got;
    }
    expect(read).toBe(BYTES.length);
    expect(room).toEqual(BYTES);
  }

  /** Events that have come, as indicator, socket and states; states of 0 where it is none of a state. */
  events(): (readonly [indicator: number, socket: number])[] {
    const event = { indicator: 0, data: 0 };
    const list: [number, number][] = [];
    while (this.stack.device.nextEvent(event)) {
      const state = event.indicator === SOCKET_EVENT_CONNECTION_STATE;
      list.push([event.indicator, state ? stateEventSocketId(Int32Array.of(event.data), 0) : event.data]);
    }
    return list;
  }

  /** No rule was broken, and no message was refused. */
  expectClean(): void {
    this.card.endTrace();
    expect(found(this.validator)).toEqual([]);
    const [host, card] = this.world.snapshot();
    expect([host['outboundRefused'], card['inboundRefused']]).toEqual([0, 0]);
  }
}

let bench: Bench;
afterEach(() => bench.expectClean());

describe.each(TRANSPORTS)('over the %s', (transport: Transport) => {
  it('more than 65,536 sockets are open at once, and a refused one is counted', () => {
    bench = new Bench({ transport, stack: { udpSocketsMax: 65_400 } });
    const { stack, driver } = bench;
    expect(bench.fill(65_400, SOCK_DGRAM)).toBe(65_400);
    expect(bench.fill(200, SOCK_STREAM)).toBe(200);
    const listener = bench.listen();
    const pairs = [bench.pair(listener), bench.pair(listener)];
    expect(Math.min(listener, ...pairs.flat())).toBeGreaterThan(NO_SOCKET);
    for (const [client, server] of pairs) {
      bench.move(client, server);
      bench.move(server, client);
    }
    const left = WIDE_SOCKETS - stack.socketsInUse;
    expect(bench.fill(left + 1, SOCK_STREAM)).toBe(left);
    expect(stack.socket()).toBe(-EMFILE);
    expect(bench.world.snapshot()[0]['userSocketsRefused']).toBe(2);
    expect(driver.classVersion).toBe(3);
    // Low and high numbers come back, and are used again.
    for (const socket of [5, NO_SOCKET - 1, NO_SOCKET + 1, WIDE_SOCKETS, ...pairs[0]])
      expect(stack.close(socket), `${socket}`).toBe(0);
    bench.run(SECOND_NS);
    const [client, server] = bench.pair(listener);
    bench.move(client, server);
    expect(stack.close(NO_SOCKET)).toBeLessThan(0);
  });

  it('a tour of all calls goes by numbers on both sides of 16 bits', () => {
    bench = new Bench({ transport });
    scatterNumbers(bench.card);
    for (const part of PARTS) new Tour(bench.stack, 7).runPart(part);
    bench.run(300 * SECOND_NS);
  });

  it('batches and credits of numbers on both sides of 16 bits go in messages of their own', () => {
    bench = new Bench({ transport, driver: { batchSends: true } });
    scatterNumbers(bench.card);
    const { stack, driver } = bench;
    const listener = bench.listen();
    const pairs = Array.from({ length: 4 }, () => bench.pair(listener));
    const numbers = pairs.flat();
    expect(Math.min(...numbers)).toBeLessThan(NARROW_SOCKETS);
    expect(Math.max(...numbers)).toBeGreaterThan(NARROW_SOCKETS);
    for (const socket of numbers) stack.setOption(socket, TCP_NODELAY, 1);
    for (let round = 0; round < 5; round++) {
      for (const socket of numbers) expect(stack.send(socket, BYTES, round, 40)).toBe(40);
      bench.run();
      const room = new Uint8Array(99);
      for (const socket of numbers) {
        expect(stack.recv(socket, room, 0, 99)).toBe(40);
        expect(room.subarray(0, 40)).toEqual(BYTES.subarray(round, round + 40));
      }
    }
    // All owe at once, as where no frame is free for a while.
    driver.credits.held = true;
    for (const [client, server] of pairs)
      expect(stack.send(client, BYTES, 0, 900) + server).toBe(900 + server);
    bench.run();
    for (const [, server] of pairs) expect(stack.recv(server, new Uint8Array(2000), 0, 2000)).toBe(900);
    driver.credits.held = false;
    driver.credits.send();
    for (const [client, server] of pairs) bench.move(client, server);
  });

  it('events, refusals, half-closes, resets and a restart tell high numbers whole', () => {
    bench = new Bench({ transport });
    scatterNumbers(bench.card);
    const { stack } = bench;
    const many = SOCKET_EVENT_CONNECTION_STATE | SOCKET_EVENT_LISTEN_OVERFLOW;
    expect(stack.device.registerEvents(many)).toBe(0);
    const listener = bench.listen(1);
    const pairs = [bench.pair(listener), bench.pair(listener)];
    const told = bench.events().map(([, socket]) => socket);
    // Of a connection that is accepted nothing changes behind its acceptance.
    expect(new Set(told)).toEqual(new Set([listener, ...pairs.map(([socket]) => socket)]));
    const [client, server] = pairs.find((pair) => pair[0] > NO_SOCKET) ?? pairs[0];
    stack.shutdown(client, SHUT_WR);
    bench.run(SECOND_NS);
    expect(stack.recv(server, new Uint8Array(9), 0, 9)).toBe(0);
    expect(stack.localEndpoint(client)).toEqual(stack.remoteEndpoint(server));
    const refused = stack.socket();
    stack.connect(refused, LOOPBACK, PORT + 1);
    bench.run(SECOND_NS);
    expect(stack.getOption(refused, SO_ERROR)).toBe(ECONNREFUSED);
    const waiting = Array.from({ length: 12 }, () => stack.socket());
    for (const socket of waiting) stack.connect(socket, LOOPBACK, PORT);
    bench.run(SECOND_NS);
    const overflows = bench.events().filter(([indicator]) => indicator === SOCKET_EVENT_LISTEN_OVERFLOW);
    expect(overflows.length).toBeGreaterThan(0);
    expect(new Set(overflows.map(([, socket]) => socket))).toEqual(new Set([listener]));
    expect(stack.recv(server, new Uint8Array(9), 0, 9)).toBe(0);
    bench.card.host.restartCard(SOCKET_CLASS_ID);
    for (const socket of [server, listener]) expect(stack.getOption(socket, SO_ERROR)).toBe(ENETDOWN);
    for (const socket of [client, server, listener, refused, ...pairs.flat(), ...waiting])
      stack.close(socket);
    bench.run(SECOND_NS);
    const again = bench.listen();
    while ((stack.readiness(again) & READABLE) !== 0) stack.close(stack.accept(again));
    const [one, other] = bench.pair(again);
    bench.move(one, other);
    expect(stack.recv(other, new Uint8Array(1), 0, 1)).toBe(-EAGAIN);
  });
});

describe.each<[string, CardOverrides]>([
  ['a driver of version 2', { driver: { classVersion: 2 } }],
  ['a card of version 2', { classVersion: 2 }],
  ['a card of version 1', { classVersion: 1 }],
])('%s', (_name, overrides) => {
  it('has no number beyond 16 bits, and a socket too many is refused and counted', () => {
    bench = new Bench(overrides);
    const { stack, driver } = bench;
    expect(driver.classVersion).toBeLessThan(3);
    const listener = bench.listen();
    const [client, server] = bench.pair(listener);
    const left = NARROW_SOCKETS - stack.socketsInUse;
    expect(bench.fill(left + 1, SOCK_STREAM)).toBe(left);
    expect(stack.socket()).toBe(-EMFILE);
    expect(bench.world.snapshot()[0]['userSocketsRefused']).toBe(2);
    bench.move(client, server);
    stack.close(NO_SOCKET - 1);
    bench.run(SECOND_NS);
    expect(stack.socket()).toBe(NO_SOCKET - 1);
    expect(stack.socket()).toBe(-EMFILE);
  });
});
