/** The TCP window on the card: what crosses the bus, what a processor copies, and that the books balance. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DmaEngine } from '../../src/dma/engine.ts';
import { allocateRegion } from '../../src/dma/region.ts';
import { BusCrossing } from '../../src/hdm/bus-crossing.ts';
import { WindowEngine } from '../../src/host/window-engine.ts';
import { RECEIVE_COPIES, SEND_COPIES } from '../../src/ledger/counters.gen.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';
import { Clock } from '../../src/time/clock.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import { openHostStack } from '../../src/world/open/host-stack.ts';
import { trips } from '../rules/trips.ts';

const LOOPBACK = 0x7f000001;
const TURNS_MAX = 100_000;
const PAGE = 4096;

/** Sends `total` bytes to itself in writes and reads of some size. @returns what the ledger has counted. */
function transfer(
  total: number,
  piece: number,
  directBytesMin: number,
  settings: CardOverrides = {},
): Record<string, number> {
  const clock = new Clock();
  const time = { clock, sleep: (ns: number) => clock.set(clock.nowNs + ns), interruptNs: 0 };
  const small = { driver: { socketsMax: 64 }, ...settings, stack: { seed: 5, ...settings.stack } };
  const host = openHostStack(small, time, { window: { directBytesMin } });
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
  return host.ledger.snapshot();
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
      const counters = transfer(total, piece, 0, settings);
      expect(counters['windowFillsBytes']).toBe(total);
      expect(counters['windowPlacementsBytes']).toBe(total);
      expect(counters['busPayloadBytes']).toBe(2 * total);
      expect(counters['sendCopies']).toBe(0);
      expect(counters['receiveCopies']).toBe(0);
    },
  );

  it('has a processor copy what is shorter than pays, and maps no page for that', () => {
    const direct = transfer(100_000, 1000, 0);
    const bounced = transfer(100_000, 1000, 1001);
    expect(direct['mappings']).toBeGreaterThan(190);
    expect(bounced['mappings']).toBe(0);
    expect(bounced['sendCopiesBytes']).toBe(100_000);
    expect(bounced['receiveCopiesBytes']).toBe(100_000);
    expect(bounced['busPayloadBytes']).toBe(direct['busPayloadBytes']);
  });

  it('is refused on a card that makes no checksums', () => {
    const settings = { checksumOffload: false };
    expect(() => openHostStack(settings, undefined, { window: { directBytesMin: 0 } })).toThrow(
      /needs "checksumOffload"/,
    );
  });
});

const BOUNCE = { offset: 8192, count: 1, bufferBytes: 512 };
const CARD_AT = 16_384;

function engine(directBytesMin: number): { window: WindowEngine; ledger: Ledger } {
  const region = allocateRegion(65_536 * 2, false);
  const ledger = new Ledger(region, 65_536 * 2 - LEDGER_BYTES);
  const crossing = new BusCrossing(region, ledger, true);
  return { window: new WindowEngine(region, ledger, crossing, BOUNCE, directBytesMin), ledger };
}

describe('the engine of a window', () => {
  it('gives back what it was given, whichever way a call takes, and maps each page of a call once', () => {
    const call = fc.record({
      at: fc.nat(3 * PAGE),
      length: fc.integer({ min: 1, max: 3 * PAGE }),
      cut: fc.nat(),
    });
    const { window, ledger } = engine(700);
    fc.assert(
      fc.property(call, ({ at, length, cut }) => {
        const program = new Uint8Array(8 * PAGE).map((_, i) => (i * 7) & 0xff);
        const back = new Uint8Array(8 * PAGE);
        const before = ledger.snapshot()['mappings'];
        const first = cut % length;
        window.begins(length);
        if (first > 0) window.copyIn(SEND_COPIES, program, at, CARD_AT, first);
        window.copyIn(SEND_COPIES, program, at + first, CARD_AT + first, length - first);
        const mapped = ledger.snapshot()['mappings'] - before;
        window.begins(length);
        window.copyOut(RECEIVE_COPIES, CARD_AT, back, at, length);
        expect(back.subarray(at, at + length)).toEqual(program.subarray(at, at + length));
        const pages = Math.floor((at + length - 1) / PAGE) - Math.floor(at / PAGE) + 1;
        expect(mapped).toBe(length < 700 ? 0 : pages);
      }),
    );
  });

  it('has one command for all that a call moves', () => {
    const { window, ledger } = engine(0);
    const bytes = new Uint8Array(100);
    window.begins(100);
    for (let i = 0; i < 10; i++) window.copyIn(SEND_COPIES, bytes, 10 * i, CARD_AT + 10 * i, 10);
    window.begins(100);
    window.copyOut(RECEIVE_COPIES, CARD_AT, bytes, 0, 100);
    expect(ledger.snapshot()).toMatchObject({ windowCommands: 2, windowFills: 10, windowPlacements: 1 });
  });

  it('is an engine like any other to whoever moves something else', () => {
    const { window, ledger } = engine(0);
    expect(window).toBeInstanceOf(DmaEngine);
    window.move(RECEIVE_COPIES, 4096, 6000, 10);
    expect(ledger.snapshot()).toMatchObject({ windowCommands: 0, receiveCopies: 1 });
  });
});

trips('window engine: calls of some length, or longer ones, move directly', () => {
  engine(-1);
});
