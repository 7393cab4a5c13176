/** The TCP window on the card: what crosses the bus, what a processor copies, and that the books balance. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateRegion } from '../../src/dma/region.ts';
import { WindowCalls } from '../../src/host/window/window-calls.ts';
import { RECEIVE_COPIES, SEND_COPIES } from '../../src/ledger/counters.gen.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';
import { Clock } from '../../src/time/clock.ts';
import type { WindowMoves } from '../../src/world/build/window-stack.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import { openWindowStack } from '../../src/world/open/host-stack.ts';

const LOOPBACK = 0x7f000001;
const TURNS_MAX = 100_000;
const PAGE = 4096;
/** Everything is placed, however short it is. */
const PLACED: WindowMoves = { directBytesMin: 0, wholeBytesMax: 0 };

/** Sends `total` bytes to itself, so many a call. @returns what host and card have counted. */
function transfer(total: number, piece: number, moves: WindowMoves, settings: CardOverrides = {}) {
  const clock = new Clock();
  const time = { clock, sleep: (ns: number) => clock.set(clock.nowNs + ns), interruptNs: 0 };
  const small = { driver: { socketsMax: 64 }, mtu: 1500, packetSlots: 512 };
  const host = openWindowStack({ ...small, ...settings, stack: { seed: 5 } }, moves, time);
  const { stack } = host;
  const listener = stack.socket();
  stack.bind(listener, LOOPBACK, 0);
  stack.listen(listener, 8);
  const client = stack.socket();
  stack.connect(client, LOOPBACK, stack.localEndpoint(listener)?.port ?? 0);
  const until = (done: () => boolean): void => {
    for (let i = 0; !done(); i++) {
      if (i === TURNS_MAX) throw new Error('it never came to that');
      stack.wait(1000);
    }
  };
  let server = -1;
  until(() => {
    server = stack.accept(listener);
    return server >= 0;
  });
  const source = Uint8Array.from({ length: piece + 251 }, (_, i) => i % 251);
  const target = new Uint8Array(piece);
  let sent = 0;
  let got = 0;
  until(() => {
    while (sent < total) {
      const taken = stack.send(client, source, sent % 251, Math.min(piece, total - sent));
      if (taken < 0) break;
      sent += taken;
    }
    for (let count = 1; count > 0; ) {
      count = stack.recv(server, target, 0, piece);
      for (let i = 0; i < count; i++)
        if (target[i] !== (got + i) % 251) throw new Error(`byte ${got + i} is wrong`);
      if (count > 0) got += count;
    }
    return got === total;
  });
  for (const socket of [client, server, listener]) stack.close(socket);
  until(() => host.reconcile().balanced);
  return { host: host.ledger.snapshot(), card: host.cardLedger.snapshot() };
}

describe('a TCP window on the card', () => {
  it.each([
    ['long sends', {}, 500_000, 65_536],
    ['short ones', {}, 10_000, 7],
    ['an MTU of 576 and a small window', { mtu: 576, pools: { transmitBuffers: 4 } }, 200_000, 30_000],
    [
      'a wire that loses and doubles',
      { wire: { lossProbability: 0.05, duplicateProbability: 0.05 } },
      3e5,
      9e3,
    ],
    ['a wire that damages', { wire: { corruptProbability: 0.05 } }, 3e5, 9e3],
  ] as const)(
    'moves every byte once over the bus, with books that balance: %s',
    (_, settings, total, piece) => {
      const { host, card } = transfer(total, piece, PLACED, settings);
      expect(card['windowFillsBytes']).toBe(total);
      expect(card['windowPlacementsBytes']).toBe(total);
      expect(host['sendCopies']).toBe(0);
      expect(host['receiveCopies']).toBe(0);
    },
  );

  it('has a processor copy what is shorter than pays, and maps no page for that', () => {
    const direct = transfer(100_000, 1000, PLACED);
    const bounced = transfer(100_000, 1000, { directBytesMin: 1001, wholeBytesMax: 0 });
    expect(direct.host['mappings']).toBeGreaterThan(190);
    expect(bounced.host['mappings']).toBe(0);
    expect(bounced.host['sendCopiesBytes']).toBe(100_000);
    expect(bounced.host['receiveCopiesBytes']).toBe(100_000);
    expect(bounced.card['windowFillsBytes']).toBe(direct.card['windowFillsBytes']);
  });

  it('brings short segments whole, which are copied once and need no page mapped', () => {
    const { host, card } = transfer(20_000, 200, { directBytesMin: 1e9, wholeBytesMax: 1460 });
    expect(card['windowPlacements']).toBe(0);
    expect(host['windowWholeCopiesBytes']).toBe(20_000);
    expect(host['receiveCopies']).toBe(0);
    expect(host['mappings']).toBe(0);
  });

  it('is refused on a card that makes no checksums', () => {
    expect(() => openWindowStack({ checksumOffload: false, packetSlots: 512 })).toThrow(
      /needs "checksumOffload"/,
    );
  });
});

describe('calls that move through the window', () => {
  it('map each page of a call once, and none where a copy costs less', () => {
    const call = fc.record({
      at: fc.nat(3 * PAGE),
      length: fc.integer({ min: 1, max: 3 * PAGE }),
      cut: fc.nat(),
    });
    const region = allocateRegion(65_536 * 2, false);
    const ledger = new Ledger(region, 65_536 * 2 - LEDGER_BYTES);
    const calls = new WindowCalls(region, ledger, 700);
    const asked: [address: number, byteLength: number][] = [];
    calls.attach({ address: 4096, ask: (_, to, count) => asked.push([to, count]) }, { stretch: () => {} });
    const program = new Uint8Array(8 * PAGE).map((_, i) => (i * 7) & 0xff);
    const back = new Uint8Array(8 * PAGE);
    fc.assert(
      fc.property(call, ({ at, length, cut }) => {
        const before = ledger.snapshot();
        const first = cut % length;
        calls.begins(length);
        if (first > 0) calls.copyIn(SEND_COPIES, program, at, 65_536, first);
        calls.copyIn(SEND_COPIES, program, at + first, 65_536 + first, length - first);
        const after = ledger.snapshot();
        const pages = Math.floor((at + length - 1) / PAGE) - Math.floor(at / PAGE) + 1;
        expect(after['mappings'] - before['mappings']).toBe(length < 700 ? 0 : pages);
        expect(asked.splice(0).reduce((sum, [, count]) => sum + count, 0)).toBe(length);
        calls.begins(length);
        calls.placed(4096, back, at, length, true);
        expect(ledger.snapshot()['mappings']).toBe(after['mappings']);
      }),
    );
  });

  it('are an engine like any other to whoever moves something else', () => {
    const region = allocateRegion(65_536 * 2, false);
    const ledger = new Ledger(region, 65_536 * 2 - LEDGER_BYTES);
    new WindowCalls(region, ledger, 0).move(RECEIVE_COPIES, 4096, 6000, 10);
    expect(ledger.snapshot()).toMatchObject({ windowFills: 0, receiveCopies: 1 });
  });
});
