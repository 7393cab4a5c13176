/** RFC 9293 SHLD-31: segments out of order are kept, whatever order, overlap and repetition they come in. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { established } from './openings.ts';
import type { Sent } from './peer.ts';
import { pattern } from './wire.ts';

/** Sends segments given as first byte and length, and reads what has become readable. */
function receives(segments: readonly (readonly [number, number])[]): { bytes: number; ack: number } {
  const { peer, socket } = established();
  let ack = 1;
  for (const [seq, length] of segments) {
    peer.sends({ seq, length });
    for (const segment of peer.inbox.splice(0)) ack = peer.relative(segment).ack;
  }
  return { bytes: socket.reads(), ack };
}

describe('overlaps', () => {
  for (const [what, segments, bytes] of [
    [
      'a hole filled exactly',
      [
        [11, 10],
        [1, 10],
      ],
      20,
    ],
    [
      'a hole filled with more than it takes',
      [
        [11, 10],
        [1, 30],
      ],
      30,
    ],
    [
      'a segment that covers several',
      [
        [11, 5],
        [21, 5],
        [31, 5],
        [6, 40],
        [1, 5],
      ],
      45,
    ],
    [
      'a segment inside another',
      [
        [11, 30],
        [15, 5],
        [1, 10],
      ],
      40,
    ],
    [
      'one that begins in one and ends in another',
      [
        [11, 10],
        [31, 10],
        [15, 20],
        [1, 10],
      ],
      40,
    ],
    [
      'one that joins two, touching both',
      [
        [11, 10],
        [31, 10],
        [21, 10],
        [1, 10],
      ],
      40,
    ],
    [
      'the same again and again',
      [
        [11, 10],
        [11, 10],
        [11, 10],
        [1, 10],
        [1, 10],
      ],
      20,
    ],
    [
      'from the last to the first',
      [
        [41, 10],
        [31, 10],
        [21, 10],
        [11, 10],
        [1, 10],
      ],
      50,
    ],
    [
      'every second one first',
      [
        [11, 10],
        [31, 10],
        [1, 10],
        [21, 10],
      ],
      40,
    ],
    [
      'one byte each, backwards',
      [
        [5, 1],
        [4, 1],
        [3, 1],
        [2, 1],
        [1, 1],
      ],
      5,
    ],
    [
      'a hole that stays',
      [
        [1, 10],
        [21, 10],
        [41, 10],
      ],
      10,
    ],
  ] as const) {
    it(`puts together ${what}`, () => {
      expect(receives(segments)).toEqual({ bytes, ack: 1 + bytes });
    });
  }

  it('keeps what came first where two segments disagree', () => {
    const { script, peer, socket } = established();
    const other = new Uint8Array(10).fill(0xee);
    peer.sends({ seq: 11, length: 10 });
    peer.sends({ seq: 6, payload: other });
    peer.sends({ seq: 16, payload: other });
    peer.sends({ seq: 1, payload: pattern(10) });
    const got = script.host.takeAll(socket.c);
    expect(got.length).toBe(25);
    expect(got.subarray(10, 20)).toEqual(pattern(10, 10));
    expect(got.subarray(20)).toEqual(other.subarray(5));
  });
});

describe('limits', () => {
  it('keeps no more out of order than it may, and asks for the rest again', () => {
    const { script, peer, socket } = established({ config: { outOfOrderMax: 2 } });
    for (const seq of [11, 21, 31, 41]) peer.sends({ seq, length: 10 });
    expect(script.counter('tcpOutOfOrder')).toBe(2);
    expect(script.counter('tcpPacketsPruned')).toBe(2);
    peer.ignores();
    peer.sends({ seq: 1, length: 10 });
    peer.expects({ ack: 31 });
    expect(socket.reads()).toBe(30);
  });

  it('keeps nothing out of order when it may not', () => {
    const { script, peer, socket } = established({ config: { outOfOrderMax: 0 } });
    peer.sends({ seq: 11, length: 10 });
    peer.expects({ ack: 1 });
    peer.sends({ seq: 1, length: 10 });
    peer.expects({ ack: 11 });
    expect(socket.reads()).toBe(10);
    expect(script.host.packets.available).toBe(script.host.packets.count);
  });

  it('keeps no slot for what lies across two neighbours and brings nothing new', () => {
    const { script, peer, socket } = established();
    for (const seq of [11, 21, 16]) peer.sends({ seq, length: 10 });
    expect(script.host.packets.available).toBe(script.host.packets.count - 2);
    expect(script.counter('tcpOutOfOrder')).toBe(2);
    expect(script.counter('tcpDuplicates')).toBe(1);
    peer.sends({ seq: 1, length: 10 });
    expect(socket.reads()).toBe(30);
  });

  it('keeps no slot for what brings nothing new', () => {
    const { script, peer } = established();
    peer.sends({ seq: 11, length: 10 });
    const { available } = script.host.packets;
    for (let i = 0; i < 5; i++) peer.sends({ seq: 12 + i, length: 2 });
    expect(script.host.packets.available).toBe(available);
    expect(script.counter('tcpDuplicates')).toBe(5);
  });
});

describe('any order, any overlap, any ISN', () => {
  it('delivers the same bytes once and in order', () => {
    const total = 4000;
    const piece = fc.tuple(fc.nat(total - 1), fc.integer({ min: 1, max: 700 }));
    const pieces = fc.array(piece, { maxLength: 20 });
    fc.assert(
      fc.property(
        pieces,
        fc.shuffledSubarray(range(0, total, 200)),
        fc.integer(),
        fc.nat(4),
        (extra, order, iss, reads) => {
          const { script, peer, socket } = established({ peer: { iss, sackOk: (iss & 1) === 0 } });
          const segments: Sent[] = [];
          // What is sent besides, in front of and between the pieces that make the whole.
          order.forEach((from, i) => {
            const more = extra[i];
            if (more !== undefined) {
              segments.push({ seq: 1 + more[0], length: Math.min(more[1], total - more[0]) });
            }
            segments.push({ seq: 1 + from, length: 200 });
          });
          for (const from of range(0, total, 200)) {
            if (!order.includes(from)) segments.push({ seq: 1 + from, length: 200 });
          }
          let got = 0;
          segments.forEach((segment, i) => {
            peer.sends(segment);
            if (i % 5 < reads) got += socket.reads();
          });
          got += socket.reads();
          script.passes(40_000);
          expect(got).toBe(total);
          expect(peer.relative(peer.inbox[peer.inbox.length - 1]).ack).toBe(1 + total);
          expect(script.host.packets.available).toBe(script.host.packets.count);
        },
      ),
      { numRuns: 60 },
    );
  });
});

function range(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => from + i * step);
}
