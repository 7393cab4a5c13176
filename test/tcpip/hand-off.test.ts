/** A connection that is handed over is the same one: neither its peer nor its program sees a difference. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_STACK_CONFIG } from '../../src/tcpip/config.ts';
import { ImageRefused } from '../../src/tcpip/tcp/hand-off/connection-image.ts';
import { IMAGE_FIELDS, IMAGE_GROUPS } from '../../src/tcpip/tcp/hand-off/image-fields.ts';
import { Tcb } from '../../src/tcpip/tcp/tcb.ts';
import { LONG } from '../long.ts';
import { type Captured, pattern, World, type WorldOptions } from './harness.ts';
import { moveToItself } from './moves.ts';

/** What of a Tcb an image does not hold, as it is of this stack alone, or is rebuilt of the queues. */
const OWN: Readonly<Record<string, readonly string[]>> = {
  '': [
    ...[
      'index',
      'owner',
      'inUse',
      'parent',
      'acceptNext',
      'acceptPrevious',
      'error',
      'hashed',
      'bound',
      'ready',
      'plain',
    ],
    ...[
      'portChosen',
      'addressNamed',
      'nextHop',
      'port',
      'neighbour',
      'awaitsNeighbour',
      'ipSum',
      'pseudoSum',
      'fragmentBits',
    ],
    ...['resetDue', 'moving', 'mss', 'sends', 'sent', 'listening', 'totals', ...IMAGE_GROUPS],
  ],
  received: ['queuedBytes', 'head', 'tail', 'lateHead', 'lateTail', 'lateCount', 'slotsHeld'],
  recovery: ['sackHead', 'sackCount', 'sackedBytes', 'lostBytes'],
  timers: ['armedBefore', 'finWaitAt'],
  // A price holds for some milliseconds, and is found anew.
  congestion: ['price', 'pricedWindow', 'pricedUs'],
  // A probe that is out when the connection moves decides nothing.
  mtuSearch: ['probeBytes', 'probeStart', 'probeEnd', 'lost'],
};

interface Exchange {
  readonly options: WorldOptions;
  readonly sizes: readonly number[];
  readonly takes: readonly number[];
}

/**
 * Sends both ways until both streams have ended.
 * @param moves by turn of the program: bit 0 moves the client's connection, bit 1 the server's.
 */
function exchange({ options, sizes, takes }: Exchange, moves: readonly number[]): readonly Captured[] {
  const world = new World(options);
  const { a, b } = world;
  const { client, server, listener } = world.connect(80, 2, 1);
  const ends = [
    { side: a, c: client, owner: 1 },
    { side: b, c: server, owner: 2 },
  ];
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const sent = [0, 0];
  const next = [0, 0];
  const turn = [0, 0];
  const closed = [false, false];
  const got: Uint8Array[][] = [[], []];
  let turns = 0;
  world.program = () => {
    const move = moves[turns++ % moves.length];
    ends.forEach((end, i) => {
      const { side, owner } = end;
      const unread = side.stack.tcpReadable(end.c);
      if ((move & (1 << i)) !== 0) end.c = moveToItself(side, end.c, owner);
      expect(side.stack.tcpReadable(end.c)).toBe(unread);
      if (next[i] < sizes.length && side.pendingContexts.size < 8) {
        expect(side.sendBytes(end.c, pattern(sizes[next[i]], sent[i]), next[i] % 3 === 0 ? 1 : 0)).toBe(0);
        sent[i] += sizes[next[i]];
        next[i] += 1;
      } else if (next[i] === sizes.length && !closed[i]) {
        closed[i] = true;
        expect(side.stack.tcpShutdown(end.c, 1, world.nowUs)).toBe(0);
      }
      const most = takes[turn[i]++ % takes.length];
      if (most > 0 && side.stack.tcpReadable(end.c) > 0) got[i].push(side.takeAll(end.c, most));
    });
  };
  world.wantsTurn = () => ends.some(({ side, c }) => side.stack.tcpReadable(c) > 0);
  const over = () => ends.every(({ side, c }) => closed.every(Boolean) && side.stack.tcpEndOfStream(c));
  expect(world.run(40_000_000_000, over), 'both streams come to their end').toBe(true);
  ends.forEach(({ side, c }, i) => {
    expect(Buffer.concat(got[i]).equals(pattern(total, 0)), 'the same bytes').toBe(true);
    side.stack.tcpClose(c, world.nowUs);
  });
  b.stack.tcpClose(listener, world.nowUs);
  world.program = () => {};
  world.wantsTurn = () => false;
  world.run(400_000_000);
  for (const side of [a, b]) {
    side.expectBalanced();
    side.expectSlotsHome();
    expect(side.failedWith.size).toBe(0);
    side.expectPoolsFull();
  }
  return world.captured;
}

const AFTER_FIN: Exchange = {
  options: {
    ...{ seed: 0, delayUs: 5, loss: 0.02, reorder: 0, duplicate: 0.1, mtu: 576, segmentBytesMax: 0 },
    ...{ piecesMax: 1, slots: 512, startUs: 0 },
    config: { timestamps: false, windowScaling: false, sack: false, receiveBufferBytes: 65_536, seed: 0 },
  },
  sizes: [5000, 5000, 1],
  takes: [2000],
};

const exchanges: fc.Arbitrary<Exchange> = fc.record({
  options: fc.record({
    seed: fc.integer(),
    delayUs: fc.constantFrom(5, 500, 20_000),
    loss: fc.constantFrom(0, 0.02, 0.15),
    reorder: fc.constantFrom(0, 0.1, 0.4),
    duplicate: fc.constantFrom(0, 0.1),
    mtu: fc.constantFrom(576, 1500, 9000),
    segmentBytesMax: fc.constantFrom(0, 20_000),
    piecesMax: fc.constantFrom(1, 16),
    slots: fc.constant(512),
    startUs: fc.constantFrom(0, 0x7fff_0000, -5_000),
    config: fc.record({
      timestamps: fc.boolean(),
      windowScaling: fc.boolean(),
      lossRecovery: fc.constantFrom('rack', 'sack'),
      sack: fc.boolean(),
      receiveBufferBytes: fc.constantFrom(4096, 65_536),
      seed: fc.integer(),
    }),
  }),
  sizes: fc.array(fc.constantFrom(1, 100, 1460, 5000, 30_000), { minLength: 1, maxLength: 8 }),
  takes: fc
    .array(fc.constantFrom(0, 64, 2000, 100_000), { minLength: 1, maxLength: 6 })
    .filter((t) => t.some((n) => n >= 2000)),
});

describe('the image of a connection', () => {
  it('holds every field of a Tcb that is not of its stack alone', () => {
    const tcb = new Tcb(0);
    tcb.reset(DEFAULT_STACK_CONFIG);
    for (const group of ['', ...IMAGE_GROUPS]) {
      const names = Object.keys(group === '' ? tcb : tcb[group as (typeof IMAGE_GROUPS)[number]]);
      const held = IMAGE_FIELDS.filter((field) => (field.group ?? '') === group).map(({ name }) => name);
      expect([...held, ...(OWN[group] ?? [])].sort(), group).toEqual(names.sort());
    }
  });

  it('is described field by field', () => {
    const page = readFileSync('docs/connection-image.md', 'utf8');
    const rows = page.split('\n').filter((line) => /^\| (the connection|`\w+`) \|/.test(line));
    const described = rows.flatMap((row) =>
      [...row.split('|')[2].matchAll(/`(\w+)`/g)].map(([, name]) => name),
    );
    expect(described.sort()).toEqual(IMAGE_FIELDS.map(({ name }) => name).sort());
  });

  it('is all that the peer and the program ever see of it: each frame is the same, byte by byte', () => {
    fc.assert(
      fc.property(
        exchanges,
        fc.array(fc.constantFrom(0, 0, 0, 1, 2, 3), { minLength: 1, maxLength: 40 }),
        (of, moves) => {
          const stayed = exchange(of, [0]);
          const moved = exchange(of, [...moves, 3]);
          expect(moved.length).toBe(stayed.length);
          moved.forEach(({ timeUs, bytes }, i) => {
            expect(timeUs).toBe(stayed[i].timeUs);
            expect(Buffer.compare(bytes, stayed[i].bytes), `frame ${i}`).toBe(0);
          });
        },
      ),
      // The window after a FIN, which was taken beyond the one before: once refused.
      { numRuns: LONG ? 400 : 4, examples: [[AFTER_FIN, [0]]] },
    );
  });

  it('serves a stack that finds losses in the other way', () => {
    for (const [from, to] of [
      ['rack', 'sack'],
      ['sack', 'rack'],
    ] as const) {
      for (let turns = 1; turns <= (LONG ? 40 : 3); turns++) {
        const one = busy(turns, { lossRecovery: from });
        const other = new World({ slots: 256, delayUs: 500, seed: turns, config: { lossRecovery: to } });
        // The neighbours are known from here on.
        other.connect(81, 4, 3);
        const moves = [
          { side: one.a, into: other.a, c: one.client },
          { side: one.b, into: other.b, c: one.server },
        ].map(({ side, into, c }) => {
          const length = side.stack.tcpHandOff(c, side.scratch, 1 << 20, one.world.nowUs);
          const bytes = one.world.region.bytes.slice(side.scratch, side.scratch + length);
          side.stack.tcpClose(c, one.world.nowUs);
          other.region.bytes.set(bytes, into.scratch);
          const image = into.stack.tcpReadImage(into.scratch, length);
          let at = image.payloadAt + image.inOrderBytes + image.lateBytes;
          const sends = image.elements.map(({ length: count, more }) => {
            const place = into.place(other.region.bytes.slice(at, at + count));
            at += count;
            return { ...place, length: count, more };
          });
          const taken = into.stack.tcpTakeOver(image, 1, { sends }, other.nowUs);
          into.stack.tcpProbe(taken, other.nowUs);
          return { into, c: taken };
        });
        const got: Uint8Array[][] = [[], []];
        other.program = () => {
          moves.forEach(({ into, c }, i) => {
            got[i].push(into.takeAll(c));
          });
        };
        const whole = Buffer.concat(Array.from({ length: turns }, () => pattern(20_000)));
        const over = () => got.every((pieces) => Buffer.concat(pieces).length === whole.length);
        expect(other.run(60_000_000, over), `${from} to ${to}, after ${turns}`).toBe(true);
        for (const pieces of got) expect(Buffer.concat(pieces).equals(whole), 'the same bytes').toBe(true);
      }
    }
  });

  it('is refused by name where it is garbled, or is one of a connection that the stack bears', () => {
    const words = IMAGE_FIELDS.length + 40;
    const values = fc.oneof(fc.integer(), fc.constantFrom(0, 1, -1, 2, 0x7fff_ffff, -0x8000_0000, 65536));
    const garble = fc.array(fc.tuple(fc.nat(words), fc.boolean(), values), { minLength: 1, maxLength: 3 });
    const refused = new Set<string>();
    let taken = 0;
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 3), garble, (turns, faults) => {
        const { world, a, b, client, server } = busy(turns, { lossRecovery: turns === 2 ? 'sack' : 'rack' });
        const { view } = world.region;
        const length = a.stack.tcpHandOff(client, a.scratch, 1 << 20, world.nowUs);
        for (const [word, added, value] of faults) {
          const at = a.scratch + 4 * word;
          view.setInt32(at, added ? view.getInt32(at, true) + (value % 100) : value, true);
        }
        a.stack.tcpClose(client, world.nowUs);
        try {
          const image = a.stack.tcpReadImage(a.scratch, length);
          const sends = image.elements.map(({ length: bytes, more }) => {
            return { ...a.place(new Uint8Array(bytes)), length: bytes, more };
          });
          const c = a.stack.tcpTakeOver(image, 1, { sends }, world.nowUs);
          taken += 1;
          world.run(3_000_000);
          a.takeAll(c);
          a.stack.tcpAbort(c, world.nowUs);
        } catch (error) {
          if (!(error instanceof ImageRefused)) throw error;
          refused.add(error.what);
        }
        b.stack.tcpAbort(server, world.nowUs);
        world.run(1_000_000);
      }),
      { numRuns: LONG ? 5000 : 80 },
    );
    expect(refused.size).toBeGreaterThan(LONG ? 30 : 8);
    expect(taken).toBeGreaterThan(10);
  });
});

/** A connection with bytes under way both ways, some of them lost, after so many turns. */
function busy(turns: number, config: WorldOptions['config'] = {}) {
  const world = new World({ slots: 256, delayUs: 500, reorder: 0.3, loss: 0.05, seed: turns, config });
  const ends = world.connect(80, 2, 1);
  for (let i = 0; i < turns; i++) {
    world.a.sendBytes(ends.client, pattern(20_000));
    world.b.sendBytes(ends.server, pattern(20_000));
    world.run(1300);
  }
  return { world, a: world.a, b: world.b, ...ends };
}
