import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TCP_MAXSEG } from '../../src/socket/options.ts';
import type { Environment } from '../../src/tcpip/environment.ts';
import { Scoreboard } from '../../src/tcpip/tcp/scoreboard.ts';
import { SegmentIn } from '../../src/tcpip/tcp/segment-in.ts';
import { Tcb } from '../../src/tcpip/tcp/tcb.ts';
import { BY_COUNT, pattern, World } from './harness.ts';

/** Streams with chosen segments lost once. @returns what it took. */
function streamWithHoles(sack: boolean, holes: readonly number[]) {
  const world = new World({ delayUs: 20_000, config: { ...BY_COUNT, sack } });
  const { a, b } = world;
  const { client, server } = world.connect();
  const mss = a.stack.tcpGetOption(client, TCP_MAXSEG);
  const handshake = world.captured.filter((segment) => segment.from === a);
  const first = handshake[handshake.length - 1].seq;
  const lost = new Set(holes.map((i) => (first + i * mss) | 0));
  world.filter = (s) => s === undefined || s.from !== a || !lost.delete(s.seq);
  const data = pattern(mss * 60);
  a.sendBytes(client, data);
  const got: Uint8Array[] = [];
  let length = 0;
  world.program = () => {
    const piece = b.takeAll(server);
    length += piece.length;
    got.push(piece);
  };
  const start = world.timeUs;
  expect(world.run(60_000_000, () => length === data.length)).toBe(true);
  expect(Buffer.concat(got).equals(data)).toBe(true);
  return {
    us: world.timeUs - start,
    timeouts: a.counter('tcpTimeouts'),
    again: a.counter('tcpRetransSegs'),
    world,
  };
}

describe('RFC 2018 and RFC 6675 selective acknowledgement', () => {
  it('sends exactly the lost segments again, without a time-out', () => {
    // One acknowledgement answers the whole flight, and names three ranges of it.
    const holes = [12, 14, 15, 18];
    const outcome = streamWithHoles(true, holes);
    expect(outcome.timeouts).toBe(0);
    expect(outcome.again).toBe(holes.length);
    expect(outcome.us).toBeLessThan(streamWithHoles(false, holes).us);
  });

  it('puts the newest block first, reports duplicates, only with SACK permitted (SACK-1 to SACK-4)', () => {
    const { world } = streamWithHoles(true, [12, 14, 18]);
    const withBlocks = world.captured.filter((s) => s.from === world.b && s.bytes.length > 34 + 32);
    expect(withBlocks.length).toBeGreaterThan(0);
    for (const s of withBlocks.filter((segment) => (segment.flags & 2) === 0)) {
      const view = new DataView(s.bytes.buffer, 34 + 32);
      const blocks = (view.getUint8(3) - 2) / 8;
      expect(view.getUint8(2)).toBe(5);
      expect(blocks).toBeLessThanOrEqual(3);
      for (let i = 0; i < blocks; i++) {
        const start = view.getInt32(4 + i * 8);
        expect((start - s.ack) | 0).toBeGreaterThan(0);
        expect((view.getInt32(8 + i * 8) - start) | 0).toBeGreaterThan(0);
      }
    }
    const without = streamWithHoles(false, [12, 14, 18]).world;
    expect(without.captured.some((s) => s.from === without.b && s.bytes.length > 34 + 40)).toBe(false);
  });
});

describe('the scoreboard against a set of bytes', () => {
  it('holds what the blocks said, merged, within bounds, and computes the pipe', () => {
    const view = new DataView(new ArrayBuffer(64));
    const block = fc.tuple(fc.integer({ min: -5, max: 70 }), fc.integer({ min: -3, max: 20 }));
    const event = fc.oneof(block, fc.integer({ min: 0, max: 8 }));
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), fc.integer(), (events, base) => {
        const board = new Scoreboard({ view } as unknown as Environment, 200);
        const tcb = new Tcb(0);
        tcb.sndUna = base | 0;
        tcb.sndMax = (base + 60) | 0;
        tcb.recovery.highRetransmitted = tcb.sndUna;
        tcb.mss = 4;
        const held = new Set<number>();
        let una = 0;
        const segment = new SegmentIn();
        segment.sackBlocks = 1;
        for (const e of events) {
          if (typeof e === 'number') {
            una = Math.min(60, una + e);
            tcb.sndUna = (base + una) | 0;
            for (const n of [...held]) if (n < una) held.delete(n);
            board.trim(tcb);
          } else {
            const [start, length] = e;
            view.setInt32(0, base + start);
            view.setInt32(4, base + start + length);
            const before = held.size;
            if (length > 0 && start > una && start + length <= 60) {
              for (let n = start; n < start + length; n++) held.add(n);
            }
            expect(board.update(tcb, segment)).toBe(held.size > before);
          }
          expect(tcb.recovery.sackedBytes).toBe(held.size);
          tcb.recovery.highRetransmitted = tcb.sndUna;
          expect(board.pipe(tcb, false)).toBe(naivePipe(held, una));
          for (let n = una; n < 60; n++) {
            let end = n;
            while (held.has(end)) end++;
            expect((board.endOfRange(tcb, (base + n) | 0) - base) | 0).toBe(end);
          }
        }
        board.clear(tcb);
        expect([tcb.recovery.sackCount, tcb.recovery.sackedBytes]).toEqual([0, 0]);
      }),
      { numRuns: 200 },
    );
  });
});

/**
 * Bytes from `una` to 60 that are not held and not lost: lost is with three ranges or more than 8 bytes held
 * above.
 */
function naivePipe(held: ReadonlySet<number>, una: number): number {
  let pipe = 0;
  for (let n = una; n < 60; n++) {
    if (held.has(n)) continue;
    let bytes = 0;
    let ranges = 0;
    for (let m = n + 1; m < 60; m++) {
      if (!held.has(m)) continue;
      bytes += 1;
      if (!held.has(m - 1)) ranges += 1;
    }
    if (!(ranges >= 3 || bytes > 8)) pipe += 1;
  }
  return pipe;
}

describe('a long fat lossy pipe', () => {
  for (const sack of [true, false]) {
    const how = sack ? 'with' : 'without';
    it(`moves 2 MB over 100 ms with 2 % loss ${how} SACK, mostly without time-outs`, () => {
      const world = new World({ delayUs: 50_000, loss: 0.02, config: { ...BY_COUNT, sack }, seed: 9 });
      const { a, b } = world;
      const { client, server } = world.connect();
      const chunk = pattern(16_000);
      let sent = 0;
      let got = 0;
      world.program = () => {
        while (sent < 2_000_000 && a.pendingContexts.size < 64) {
          expect(a.sendBytes(client, chunk)).toBe(0);
          sent += chunk.length;
        }
        got += b.takeAll(server).length;
      };
      expect(world.run(60_000_000, () => got === 2_000_000)).toBe(true);
      expect(a.counter('tcpFastRetransmits')).toBeGreaterThan(a.counter('tcpTimeouts'));
    });
  }
});
