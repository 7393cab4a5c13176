/**
 * An assertion of the driver's that fails: it reaches whoever called, the driver is dead from then on, and
 * its text stays.
 */
import { describe, expect, it } from 'vitest';
import { AssertionFailure } from '../../src/assert/assert.ts';
import { SOCKET_CLASS_ID } from '../../src/i2o/tids.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import { FAILED, SOCK_DGRAM } from '../../src/socket/contract.ts';
import { ENETDOWN } from '../../src/socket/errno.ts';
import { POOLS, ScriptedCard } from './scripted-card.ts';

const BYTES = new Uint8Array(3000);

/** A card with sends in flight, an offered buffer, unread data and a lent bucket. */
class Bench extends ScriptedCard {
  readonly stream: number;
  readonly datagrams: number;
  readonly offered: number;
  readonly lent: number;

  constructor() {
    super();
    this.stream = this.connect();
    this.datagrams = this.sockets.socket(SOCK_DGRAM);
    this.sockets.send(this.stream, BYTES, 0, 3000);
    this.sockets.sendTo(this.datagrams, BYTES, 0, 50, 1, 9);
    this.offered = this.sockets.sender.allocate(this.stream);
    const { receive } = this.host;
    for (let i = 0; i < 2; i++) {
      receive.filled(15 - i, 0, 100);
      receive.enqueue(this.sockets['table'].sockets[this.stream], 15 - i);
    }
    this.lent = this.sockets.receiver.lend(this.stream);
  }

  get socket() {
    return this.host.sockets['table'].sockets[this.stream];
  }
}

/** Ways into the driver, each after something has gone wrong that an assertion guards. */
const FAULTS: readonly (readonly [string, RegExp, (bench: Bench) => unknown])[] = [
  [
    'a send',
    /^transmit pool: /,
    (bench) => {
      bench.host.transmit['freeCount'] = 16;
      return bench.sockets.send(bench.stream, BYTES, 0, 3000);
    },
  ],
  [
    'a datagram',
    /^transmit pool: /,
    (bench) => {
      bench.host.transmit['freeSlotCount'] = 8;
      return bench.sockets.sendTo(bench.datagrams, BYTES, 0, 50, 1, 9);
    },
  ],
  [
    'a receive',
    /^receive pool: /,
    (bench) => {
      bench.socket.receiveTail = -1;
      return bench.sockets.recv(bench.stream, BYTES, 0, 3000);
    },
  ],
  [
    'a close',
    /^inbound frames: /,
    (bench) => {
      bench.host.requests.acquire();
      return bench.sockets.close(bench.stream);
    },
  ],
  [
    'a reply',
    /^host socket: /,
    (bench) => {
      bench.socket.sendingContexts = 0;
      return bench.contexts(0);
    },
  ],
  [
    'the release of a buffer',
    /^transmit pool: /,
    (bench) => {
      bench.host.transmit['freeCount'] = 16;
      return bench.sockets.sender.releaseAllocated(bench.offered);
    },
  ],
  [
    'the death of the card',
    /^receive pool: /,
    (bench) => {
      bench.host.receive['emptyCount'] = 16;
      return bench.host.driver.die(ENETDOWN);
    },
  ],
];

describe.each(FAULTS)('an assertion that fails in %s', (_way, text, fault) => {
  it('reaches the caller, and its text stays', () => {
    const bench = new Bench();
    expect(() => fault(bench)).toThrow(AssertionFailure);
    const { driver } = bench.host;
    expect(driver.fault).toMatch(text);
    const first = driver.fault;
    expect(() => driver.failed(new AssertionFailure('another'))).toThrow('another');
    expect(driver.fault).toBe(first);
  });

  it('leaves every socket failed, and the driver silent', () => {
    const bench = new Bench();
    expect(() => fault(bench)).toThrow(AssertionFailure);
    const { sockets, driver } = { sockets: bench.sockets, driver: bench.host.driver };
    const posted = bench.counters['inboundPosted'];
    expect(driver.deadErrno).toBe(ENETDOWN);
    for (const socketId of [bench.stream, bench.datagrams]) {
      expect(sockets.readiness(socketId) & FAILED).toBe(FAILED);
      expect(sockets.send(socketId, BYTES, 0, 10)).toBe(-ENETDOWN);
      expect(sockets.setOption(socketId, 1, 1)).toBe(-ENETDOWN);
    }
    expect(sockets.socket()).toBe(-ENETDOWN);
    expect(driver.awaitFrame()).toBe(NO_FRAME);
    expect(driver.wait(1e9)).toBe(0);
    expect(driver.poll()).toBe(0);
    expect(driver.arm()).toBe(true);
    bench.host.requests.surrender();
    expect(bench.counters['inboundPosted']).toBe(posted);
    expect(() => bench.host.restartCard(SOCKET_CLASS_ID)).toThrow(`the driver has failed: ${driver.fault}`);
  });

  it('leaves every buffer and every socket accounted for', () => {
    const bench = new Bench();
    expect(() => fault(bench)).toThrow(AssertionFailure);
    const { transmit, receive } = bench.host;
    bench.sockets.sender.releaseAllocated(bench.offered);
    bench.sockets.receiver.release(bench.lent);
    for (const socketId of [bench.stream, bench.datagrams]) bench.sockets.close(socketId);
    expect(bench.sockets.socketsInUse).toBe(0);
    expect(transmit.inUse).toBe(0);
    expect([receive.waiting, receive.withCard]).toEqual([POOLS.receiveBuckets, 0]);
    transmit.check();
    receive.check();
    bench.sockets['table'].check();
  });
});

it('any other exception leaves the driver as it was', () => {
  const bench = new Bench();
  expect(() => bench.sockets.send(bench.stream, 5 as unknown as Uint8Array, 0, 10)).not.toThrow();
  bench.sockets.sender['dma'].copyIn = () => {
    throw new TypeError('no bytes');
  };
  expect(() => bench.sockets.send(bench.stream, BYTES, 0, 3000)).toThrow('no bytes');
  expect(bench.host.driver.fault).toBeUndefined();
  expect(bench.host.driver.deadErrno).toBe(0);
  expect(bench.sockets.setOption(bench.stream, 4, 65536)).toBe(0);
  expect(bench.host.requests.acquired).toBe(NO_FRAME);
});

describe('bytes that the program does not have', () => {
  const EFAULT = 14;
  it.each([
    [0, 3001],
    [1, 3000],
    [-1, 10],
    [0, -1],
    [0, 1.5],
    [Number.NaN, 1],
  ])('offset %d and length %d are refused, and nothing is sent', (offset, length) => {
    const bench = new Bench();
    const { sockets } = bench;
    const before = bench.counters['inboundPosted'];
    expect(sockets.send(bench.stream, BYTES, offset, length)).toBe(-EFAULT);
    expect(sockets.sendTo(bench.datagrams, BYTES, offset, length, 1, 9)).toBe(-EFAULT);
    expect(sockets.recv(bench.stream, BYTES, offset, length)).toBe(-EFAULT);
    expect(bench.counters['inboundPosted']).toBe(before);
    expect(bench.host.driver.fault).toBeUndefined();
  });
});
