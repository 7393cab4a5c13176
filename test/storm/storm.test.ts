/**
 * The short form of `npm run storm`: fewer storms, with every costly assertion. And that what judges a storm
 * sees the faults it is there for.
 */
import { describe, expect, it } from 'vitest';
import { ACK, FIN } from '../../src/tcpip/header/tcp.ts';
import { LONG } from '../long.ts';
import { TCP_AT } from '../tcpip/wire.ts';
import { Ranges } from './ranges.ts';
import { readSegment } from './segment.ts';
import { runSeed } from './storm.ts';

const SEEDS = LONG ? 2000 : 40;
/** A seed whose storm has data both ways, SACK, timestamps and a window that fills. */
const BUSY_SEED = 3;
/** Storms that found faults, which are mended: see the changelog. */
const FOUND = [
  6, // a probe of a closed window took the acknowledgement with it that was owed
  52, // data sent again moved the window's edge by the window of an earlier acknowledgement
  210, // a duplicate's block was not followed by the one it lies in
  2770, // a port's MTU grew during a handshake, and a router's word of a smaller one was an assertion
  675, // a copy of a SYN opened another connection, and its first end knew nothing of that one's numbers
  4181, // what a segment beyond the window acknowledged was taken as told
  5631, // a lost probe of the path's MTU went on with a reduction that it had not begun
  6729, // a path narrowed when no more records of what was sent were free: a segment went with each time-out
];
/** Storms in which connections rest for so long that they sleep. Most do not: their programs seldom pause. */
const SLEEPING = [5015, 5019, 5022, 5035, 5046];

describe('storms', () => {
  it('lose no byte, no end and no connection, and carry nothing that no stack may send', () => {
    const sums = { segments: 0, sacks: 0, lost: 0, damaged: 0, narrow: 0, orderly: 0, cut: 0 };
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { checker, wire, orderly, cut } = runSeed(seed);
      sums.segments += checker.segments;
      sums.sacks += checker.sacks;
      sums.lost += wire.lost;
      sums.damaged += wire.damaged;
      sums.narrow += wire.narrow;
      sums.orderly += orderly;
      sums.cut += cut;
    }
    // There was harm, and connections lived through it.
    for (const [what, count] of Object.entries(sums)) expect(count, what).toBeGreaterThan(SEEDS / 2);
  }, 600_000);

  it.each(FOUND)('pass where seed %i found a fault', (seed) => {
    runSeed(seed);
  });

  it('carry the same frames whether idle connections sleep or not', () => {
    let slept = 0;
    for (const seed of [
      ...FOUND,
      ...SLEEPING,
      ...Array.from({ length: LONG ? 500 : 4 }, (_, i) => 5000 + i),
    ]) {
      const [awake, asleep] = [false, true].map((sleeps) => {
        const frames: string[] = [];
        const storm = runSeed(
          seed,
          undefined,
          (frame) => frames.push(Buffer.from(frame).toString('latin1')),
          sleeps,
        );
        slept += storm.slept;
        return frames;
      });
      const first = awake.findIndex((frame, i) => frame !== asleep[i]);
      expect([seed, first, asleep.length]).toEqual([seed, -1, awake.length]);
    }
    // Programs of a storm seldom pause: test/tcpip/dormant-equal.test.ts has those that do.
    expect(slept).toBeGreaterThan(0);
  }, 600_000);

  it('are the same for the same seed', () => {
    const lines = [0, 1].map(() => {
      const trace: string[] = [];
      runSeed(BUSY_SEED, (line) => trace.push(line));
      return trace;
    });
    expect(lines[0].length).toBeGreaterThan(100);
    expect(lines[1]).toEqual(lines[0]);
  });
});

/** A fault in what a host sends: changes some field of every segment that it fits. */
type Fault = (frame: Uint8Array, view: DataView, headerLength: number, length: number) => void;

/** Segments after the handshake, and some way into the stream, where a fault is no accident. */
const LATER = 60;

describe('what judges a storm', () => {
  const faults: Record<string, [Fault, string]> = {
    payload: [(frame, _, header, length) => length > 0 && (frame[TCP_AT + header] ^= 1), 'other bytes'],
    acknowledgement: [(_, view) => add(view, 8, 5000), 'an acknowledgement beyond'],
    window: [(_, view) => view.setUint16(TCP_AT + 14, 0), 'a right edge that goes back'],
    number: [(_, view, __, length) => length > 0 && add(view, 4, 100_000), 'a gap in what is sent'],
    end: [
      (frame, view, _, length) => length > 1 && view.setUint8(TCP_AT + 13, frame[TCP_AT + 13] | FIN),
      'FIN',
    ],
    flag: [(frame) => (frame[TCP_AT + 13] &= ~ACK), 'without an acknowledgement'],
  };

  it.each(Object.keys(faults))('sees a fault in the %s', (name) => {
    const [fault, text] = faults[name];
    let seen = 0;
    const meddle = (frame: Uint8Array): void => {
      const segment = readSegment(frame);
      if (segment === undefined || (segment.flags & ~(ACK | FIN | 8)) !== 0 || ++seen < LATER) return;
      fault(frame, new DataView(frame.buffer), segment.headerLength, segment.length);
    };
    expect(() => runSeed(BUSY_SEED, undefined, meddle)).toThrow(text);
  });

  it('names the command that repeats a storm', () => {
    const meddle = (frame: Uint8Array): void => {
      frame[TCP_AT + 13] &= ~ACK;
    };
    expect(() => runSeed(7, undefined, meddle)).toThrow('repeat: npm run storm -- --seed 7');
  });

  it('knows what has arrived of a stream', () => {
    const ranges = new Ranges();
    ranges.add(10, 20);
    ranges.add(30, 40);
    expect(ranges.prefix).toBe(0);
    expect(ranges.holds(12, 20)).toBe(true);
    expect(ranges.holds(12, 21)).toBe(false);
    ranges.add(0, 35);
    expect(ranges.prefix).toBe(40);
    expect(ranges.holds(0, 40)).toBe(true);
  });
});

/** Adds to a sequence number of a segment. */
function add(view: DataView, field: number, distance: number): void {
  view.setInt32(TCP_AT + field, (view.getInt32(TCP_AT + field) + distance) | 0);
}
