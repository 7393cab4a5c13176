/**
 * What a program can ask of a real card as a whole: counters, groups, events, the state of a socket, and of
 * older cards less.
 */

import { describe, expect, it } from 'vitest';
import { GROUP_SOCKET_ADDRESS, GROUP_SOCKET_STATISTICS } from '../../src/i2o/groups.gen.ts';
import {
  ADDRESS_OUTCOME_DEFENDED,
  ADDRESS_OUTCOME_FREE,
  ADDRESS_OUTCOME_LOST,
  ADDRESS_OUTCOME_TAKEN,
  SOCKET_EVENT_ADDRESS,
  SOCKET_EVENT_BUCKETS_LOW,
  SOCKET_EVENT_CONNECTION_STATE,
  SOCKET_EVENT_LISTEN_OVERFLOW,
  TCP_STATE_CLOSED,
  TCP_STATE_ESTABLISHED,
  TCP_STATE_LISTEN,
  TCP_STATE_SYN_SENT,
} from '../../src/i2o/socket.gen.ts';
import { SOCK_DGRAM, WRITABLE } from '../../src/socket/contract.ts';
import {
  EADDRNOTAVAIL,
  EAGAIN,
  EINVAL,
  ENOPROTOOPT,
  EOPNOTSUPP,
  EPROTONOSUPPORT,
} from '../../src/socket/errno.ts';
import { MSG_EOR, MSG_MORE } from '../../src/socket/message-flags.ts';
import { TCP_CORK, TCP_NODELAY } from '../../src/socket/options.ts';
import {
  ADDRESS_DEFENDED,
  ADDRESS_FREE,
  ADDRESS_LOST,
  ADDRESS_TAKEN,
} from '../../src/tcpip/arp/address-conflicts.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

const ADDRESS = 0x7f000001;
const SECOND_NS = 1e9;

class Bench {
  readonly world: VirtualWorld;
  readonly listener: number;

  constructor(overrides: CardOverrides = {}, backlog = 8) {
    this.world = new VirtualWorld({ cards: [overrides] });
    this.listener = this.stack.socket();
    expect(this.stack.bind(this.listener, 0, 80) || this.stack.listen(this.listener, backlog)).toBe(0);
  }

  get stack() {
    return this.world.cards[0].stack;
  }

  get device() {
    return this.stack.device;
  }

  settle(ns = SECOND_NS): void {
    this.world.cards[0].start({ step: () => 0 });
    this.world.run(() => false, ns);
  }

  connect(): number {
    const socket = this.stack.socket();
    this.stack.connect(socket, ADDRESS, 80);
    this.settle();
    return socket;
  }

  /** Events that have come, as [indicator, data]. */
  events(): [number, number][] {
    const event = { indicator: 0, data: 0 };
    const list: [number, number][] = [];
    while (this.device.nextEvent(event)) list.push([event.indicator, event.data]);
    return list;
  }
}

describe('the address of a card that probes it (RFC 5227)', () => {
  const addresses = (bench: Bench) => {
    const bytes = bench.device.group(GROUP_SOCKET_ADDRESS.number) as DataView;
    return Array.from({ length: bytes.byteLength / 4 }, (_, i) => bytes.getUint32(4 * i, true));
  };

  it('is told of when nobody has it, and can be used then', () => {
    const bench = new Bench({ stack: { addressProbes: 3 } });
    bench.device.registerEvents(SOCKET_EVENT_ADDRESS);
    const socket = bench.stack.socket();
    expect(bench.stack.bind(socket, 0x0a000001, 90)).toBe(-EADDRNOTAVAIL);
    expect(addresses(bench).slice(0, 3)).toEqual([1, 0, 0]);
    bench.settle(10 * SECOND_NS);
    expect(bench.events()).toEqual([[SOCKET_EVENT_ADDRESS, ADDRESS_OUTCOME_FREE << 8]]);
    expect(addresses(bench).slice(0, 3)).toEqual([0, 0, 0]);
    expect(bench.stack.bind(socket, 0x0a000001, 90)).toBe(0);
  });

  it('has the numbers of the stack’s outcomes', () => {
    expect([ADDRESS_FREE, ADDRESS_TAKEN, ADDRESS_DEFENDED, ADDRESS_LOST]).toEqual([
      ADDRESS_OUTCOME_FREE,
      ADDRESS_OUTCOME_TAKEN,
      ADDRESS_OUTCOME_DEFENDED,
      ADDRESS_OUTCOME_LOST,
    ]);
  });

  it('is told of by no card of an older version', () => {
    const bench = new Bench({ classVersion: 2 });
    expect(bench.device.group(GROUP_SOCKET_ADDRESS.number)).toBeLessThan(0);
  });
});

describe('statistics', () => {
  it('are the card’s own counters, by name', () => {
    const bench = new Bench();
    const socket = bench.connect();
    bench.stack.send(socket, new Uint8Array(1000), 0, 1000);
    const datagrams = bench.stack.socket(SOCK_DGRAM);
    bench.stack.sendTo(datagrams, new Uint8Array(50), 0, 50, ADDRESS, 9);
    bench.settle();
    const statistics = bench.device.statistics() as Record<string, number>;
    expect(Object.keys(statistics)).toEqual(GROUP_SOCKET_STATISTICS.fields.map(({ name }) => name));
    const whole = bench.device.group(GROUP_SOCKET_STATISTICS.number) as DataView;
    expect(whole.byteLength).toBe(GROUP_SOCKET_STATISTICS.fields.length * 8);
    const ledger = bench.world.snapshot()[1];
    expect(statistics).toMatchObject({
      bytesQueued: 1050,
      bytesAcknowledged: 1000,
      activeOpens: 1,
      passiveOpens: 1,
      outDatagrams: 1,
      noPorts: 1,
      inSegs: ledger['tcpInSegs'],
      outboundFull: ledger['outboundFull'],
    });
  });

  it('and the other groups are read by number; one there is not is EINVAL', () => {
    const { device } = new Bench();
    const limits = device.group(1) as DataView;
    expect(limits.getUint32(0, true)).toBe(4096);
    expect(device.group(0x4321)).toBe(-EINVAL);
    expect(device.group(-1)).toBe(-EINVAL);
  });
});

describe('events', () => {
  it('tell how a connection goes', () => {
    const bench = new Bench();
    expect(bench.device.registerEvents(SOCKET_EVENT_CONNECTION_STATE)).toBe(0);
    const socket = bench.connect();
    const states = bench.events().map(([indicator, data]) => {
      expect(indicator).toBe(SOCKET_EVENT_CONNECTION_STATE);
      return [data & 0xffff, (data >>> 16) & 0xff, data >>> 24];
    });
    const ours = states.filter(([id]) => id === socket);
    expect(ours[0]).toEqual([socket, TCP_STATE_CLOSED, TCP_STATE_SYN_SENT]);
    expect(ours.at(-1)).toEqual([socket, TCP_STATE_SYN_SENT, TCP_STATE_ESTABLISHED]);
    expect(bench.stack.readiness(socket) & WRITABLE).toBe(WRITABLE);
  });

  it('tell of a full backlog, and stop when nobody wants them any more', () => {
    const bench = new Bench({ driver: { acceptsPosted: 1 } }, 1);
    bench.device.registerEvents(SOCKET_EVENT_LISTEN_OVERFLOW | SOCKET_EVENT_BUCKETS_LOW);
    for (let i = 0; i < 6; i++) bench.stack.connect(bench.stack.socket(), ADDRESS, 80);
    bench.settle(SECOND_NS / 2);
    const events = bench.events();
    expect(events[0]).toEqual([SOCKET_EVENT_LISTEN_OVERFLOW, bench.listener]);
    bench.device.registerEvents(0);
    bench.settle(5 * SECOND_NS);
    expect(bench.events()).toEqual([]);
    expect(bench.world.snapshot()[0]['outboundRefused']).toBe(0);
  });
});

describe('the state of a socket', () => {
  it('is told as TCP_INFO tells it', () => {
    const bench = new Bench();
    const socket = bench.connect();
    const status = bench.stack.status(socket);
    expect(status).toMatchObject({
      state: TCP_STATE_ESTABLISHED,
      local: bench.stack.localEndpoint(socket),
      remote: { address: ADDRESS, port: 80 },
      unacknowledgedBytes: 0,
    });
    expect(bench.stack.status(bench.listener)).toMatchObject({ state: TCP_STATE_LISTEN });
    const datagrams = bench.stack.socket(SOCK_DGRAM);
    expect(bench.stack.status(datagrams)).toMatchObject({ state: TCP_STATE_CLOSED });
  });
});

describe('batched sends', () => {
  it('arrive in order, in fewer frames', () => {
    const bench = new Bench({ driver: { batchSends: true } });
    const clients = [0, 1, 2, 3].map(() => bench.connect());
    const servers = clients.map(() => bench.stack.accept(bench.listener));
    const before = bench.world.snapshot()[0]['inboundPosted'];
    for (let i = 0; i < 20; i++) {
      for (const socket of clients) expect(bench.stack.send(socket, Uint8Array.of(i), 0, 1)).toBe(1);
    }
    bench.settle();
    expect(bench.world.snapshot()[0]['inboundPosted'] - before).toBeLessThan(40);
    for (const socket of servers) {
      const bytes = new Uint8Array(30);
      expect(bench.stack.recv(socket, bytes, 0, 30)).toBe(20);
      expect([...bytes.subarray(0, 20)]).toEqual([...bytes.subarray(0, 20).keys()]);
    }
    expect(bench.world.cards[0].host.transmit.inUse).toBe(0);
  });
});

describe.each([
  ['an old driver on a new card', { driver: { classVersion: 1 as const } }],
  ['a new driver on an old card', { classVersion: 1 as const }],
  ['both of them old', { classVersion: 1 as const, driver: { classVersion: 1 as const } }],
])('%s', (_, overrides) => {
  it('serves streams as ever, and says what it has not', () => {
    const bench = new Bench(overrides);
    const client = bench.connect();
    const server = bench.stack.accept(bench.listener);
    expect(bench.stack.send(client, new Uint8Array(5000).fill(3), 0, 5000)).toBe(5000);
    bench.settle();
    const bytes = new Uint8Array(6000);
    expect(bench.stack.recv(server, bytes, 0, 6000)).toBe(5000);
    expect(bench.stack.socket(SOCK_DGRAM)).toBe(-EPROTONOSUPPORT);
    expect(bench.device.statistics()).toBe(-EOPNOTSUPP);
    expect(bench.device.registerEvents(1)).toBe(-EOPNOTSUPP);
    const late = bench.stack.socket();
    bench.stack.connect(late, ADDRESS, 80);
    expect(bench.stack.localEndpoint(late)?.port).toBeGreaterThan(0); // by SocketStatusGet
    expect(bench.world.snapshot()[1]['inboundRefused']).toBe(0);
  });
});

describe.each([
  ['both of version 3', {}, true],
  ['a driver of version 2', { driver: { classVersion: 2 as const } }, false],
  ['a card of version 2', { classVersion: 2 as const }, false],
])('%s', (_, overrides, newest) => {
  const MS = 1e6;
  const nine = new Uint8Array(9).fill(7);

  function pair(): { bench: Bench; client: number; server: number } {
    const bench = new Bench(overrides);
    const client = bench.connect();
    return { bench, client, server: bench.stack.accept(bench.listener) };
  }

  it('holds back what MSG_MORE announces to have company', () => {
    const { bench, client, server } = pair();
    const into = new Uint8Array(99);
    expect(bench.stack.send(client, nine, 0, 9, MSG_MORE)).toBe(9);
    bench.settle(10 * MS);
    expect(bench.stack.recv(server, into, 0, 99)).toBe(-EAGAIN);
    expect(bench.stack.send(client, nine, 0, 9)).toBe(9);
    bench.settle(10 * MS);
    expect(bench.stack.recv(server, into, 0, 99)).toBe(18);
    // What does not come is not waited for for ever.
    expect(bench.stack.send(client, nine, 0, 9, MSG_MORE)).toBe(9);
    bench.settle(SECOND_NS);
    expect(bench.stack.recv(server, into, 0, 99)).toBe(9);
  });

  it('ends a record with its segment, where both can say so', () => {
    const { bench, client } = pair();
    const segments = (): number => bench.world.snapshot()[1]['tcpOutSegs'];
    bench.stack.setOption(client, TCP_NODELAY, 1);
    const sent = (flags: number): number => {
      const before = segments();
      for (let i = 0; i < 3; i++) bench.stack.send(client, nine, 0, 9, flags);
      bench.settle(10 * MS);
      return segments() - before;
    };
    const acknowledged = sent(0) - 1;
    if (newest) expect(sent(MSG_EOR)).toBe(3 + acknowledged);
    else expect(bench.stack.send(client, nine, 0, 9, MSG_EOR)).toBe(-EOPNOTSUPP);
  });

  it('has TCP_CORK, or says that it has not', () => {
    const { bench, client, server } = pair();
    const set = bench.stack.setOption(client, TCP_CORK, 1);
    expect(set).toBe(newest ? 0 : -ENOPROTOOPT);
    bench.stack.send(client, nine, 0, 9);
    bench.settle(10 * MS);
    expect(bench.stack.recv(server, new Uint8Array(99), 0, 99)).toBe(newest ? -EAGAIN : 9);
  });
});
