/** What the stack reports of data out of order: RFC 2018 §4, and of duplicates: RFC 2883. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { established, type OpeningOptions } from './openings.ts';
import type { Peer, Sent } from './peer.ts';

function receiving(options: OpeningOptions = {}) {
  return established({ ...options, peer: { sackOk: true, ...options.peer } });
}

/** The peer sends ten bytes; the answer must acknowledge up to `ack` and report these blocks. */
function sends(peer: Peer, segment: Sent, ack: number, ...sack: readonly [number, number][]): void {
  peer.sends({ length: 10, ...segment });
  peer.expects({ ack, options: sack.length > 0 ? { sack } : {} });
}

describe('RFC 2018 §4: blocks', () => {
  it('reports the segment that has just come first, then the others by how lately they came (SACK-2)', () => {
    const { peer } = receiving();
    sends(peer, { seq: 21 }, 1, [21, 31]);
    sends(peer, { seq: 61 }, 1, [61, 71], [21, 31]);
    sends(peer, { seq: 41 }, 1, [41, 51], [61, 71], [21, 31]);
    // One that grows is the latest again.
    sends(peer, { seq: 71 }, 1, [61, 81], [41, 51], [21, 31]);
    sends(peer, { seq: 31 }, 1, [21, 41 + 10], [61, 81]);
  });

  it('puts neighbours together in one block (SACK-3)', () => {
    const { peer } = receiving();
    sends(peer, { seq: 21 }, 1, [21, 31]);
    sends(peer, { seq: 41 }, 1, [41, 51], [21, 31]);
    sends(peer, { seq: 31 }, 1, [21, 51]);
    sends(peer, { seq: 11 }, 1, [11, 51]);
  });

  it('reports the whole block that holds the new segment', () => {
    const { peer } = receiving();
    sends(peer, { seq: 21 }, 1, [21, 31]);
    sends(peer, { seq: 101 }, 1, [101, 111], [21, 31]);
    sends(peer, { seq: 31 }, 1, [21, 41], [101, 111]);
  });

  it('drops blocks that the acknowledgement has passed', () => {
    const { peer, socket } = receiving();
    sends(peer, { seq: 21 }, 1, [21, 31]);
    sends(peer, { seq: 41 }, 1, [41, 51], [21, 31]);
    sends(peer, { seq: 1 }, 11, [41, 51], [21, 31]);
    sends(peer, { seq: 11 }, 31, [41, 51]);
    sends(peer, { seq: 31 }, 51);
    expect(socket.reads()).toBe(50);
  });

  it('reports at most four blocks, three with timestamps', () => {
    const { peer } = receiving();
    for (const seq of [101, 201, 301, 401]) peer.sends({ seq, length: 10 });
    peer.ignores();
    sends(peer, { seq: 501 }, 1, [501, 511], [401, 411], [301, 311], [201, 211]);
    const stamped = receiving({ peer: { timestamps: true } }).peer;
    for (const seq of [101, 201, 301]) stamped.sends({ seq, length: 10 });
    stamped.ignores();
    stamped.sends({ seq: 401, length: 10 });
    const sack = [
      [401, 411],
      [301, 311],
      [201, 211],
    ] as const;
    stamped.expects({ options: { ts: [0, 700_000], sack }, ack: 1 });
  });

  it('reports no more than fit the least MTU: three blocks, one with timestamps', () => {
    const { peer } = receiving({ mtu: 68 });
    for (const seq of [101, 201, 301]) peer.sends({ seq, length: 10 });
    peer.ignores();
    sends(peer, { seq: 401 }, 1, [401, 411], [301, 311], [201, 211]);
    const stamped = receiving({ mtu: 68, peer: { timestamps: true } }).peer;
    stamped.sends({ seq: 101, length: 10 });
    stamped.ignores();
    stamped.sends({ seq: 201, length: 10 });
    stamped.expects({ options: { ts: [0, 700_000], sack: [[201, 211]] }, ack: 1 });
  });

  it('reports nothing unless it was agreed upon (SACK-1)', () => {
    for (const options of [{}, { peer: { sackOk: true }, config: { sack: false } }]) {
      const { peer } = established(options);
      sends(peer, { seq: 21 }, 1);
      sends(peer, { seq: 21 }, 1);
    }
  });

  it('reports nothing in segments with data, which leave no room for it', () => {
    const { peer, socket } = receiving();
    sends(peer, { seq: 21 }, 1, [21, 31]);
    socket.sends(10);
    peer.expects({ flags: 'PSH ACK', seq: 1, ack: 1, length: 10, options: {} });
  });

  it('reports before it answers with data, where it owes an acknowledgement', () => {
    const { peer, socket } = receiving();
    socket.queues(10);
    peer.sends({ seq: 21, length: 10 });
    peer.expects({ seq: 1, ack: 1, options: { sack: [[21, 31]] } });
    peer.expects({ flags: 'PSH ACK', seq: 1, ack: 1, length: 10 });
  });

  it('reports nothing it has thrown away', () => {
    const { script, peer } = receiving({ config: { outOfOrderMax: 1 } });
    sends(peer, { seq: 21 }, 1, [21, 31]);
    sends(peer, { seq: 41 }, 1, [21, 31]);
    expect(script.counter('tcpPacketsPruned')).toBe(1);
  });
});

describe('RFC 2883: duplicates', () => {
  it('reports what had been acknowledged already as the first block, once (§4.1)', () => {
    const { script, peer } = receiving();
    peer.sendsData(30);
    peer.expects({ ack: 31, options: {} });
    sends(peer, { seq: 11 }, 31, [11, 21]);
    expect(script.counter('tcpDuplicates')).toBe(1);
    sends(peer, { seq: 41 }, 31, [41, 51]);
  });

  it('reports a duplicate of what is out of order, then the block that holds it (§4.2)', () => {
    const { peer } = receiving();
    peer.sends({ seq: 21, length: 30 });
    peer.expects({ ack: 1, options: { sack: [[21, 51]] } });
    sends(peer, { seq: 31 }, 1, [31, 41], [21, 51]);
  });

  it('reports an old duplicate before the blocks that stand', () => {
    const { peer } = receiving();
    peer.sendsData(30);
    peer.ignores();
    sends(peer, { seq: 51 }, 31, [51, 61]);
    sends(peer, { seq: 1 }, 31, [1, 11], [51, 61]);
  });

  it('reports the old part of a segment that also brings something new, at once (§4)', () => {
    const { peer } = receiving({ config: { quickAcks: 0 } });
    peer.sendsData(30);
    peer.ignores();
    peer.sends({ seq: 21, length: 20 });
    peer.expects({ ack: 41, options: { sack: [[21, 31]] } });
  });

  it('reports what was held already of a segment out of order, before the block that holds it (§4)', () => {
    const { peer } = receiving();
    sends(peer, { seq: 41, length: 20 }, 1, [41, 61]);
    sends(peer, { seq: 51, length: 20 }, 1, [51, 61], [41, 71]);
    sends(peer, { seq: 31, length: 20 }, 1, [41, 51], [31, 71]);
    sends(peer, { seq: 91, length: 10 }, 1, [91, 101], [31, 71]);
    // Over a block and the hole behind it, up into the next: the first stretch alone.
    sends(peer, { seq: 61, length: 35 }, 1, [61, 71], [31, 101]);
    // Over all of one, and more on both sides.
    sends(peer, { seq: 121, length: 10 }, 1, [121, 131], [31, 101]);
    sends(peer, { seq: 111, length: 30 }, 1, [121, 131], [111, 141], [31, 101]);
  });

  it('reports what was held already of a segment that fills a hole', () => {
    const { peer, socket } = receiving();
    sends(peer, { seq: 21, length: 10 }, 1, [21, 31]);
    sends(peer, { seq: 1, length: 25 }, 31, [21, 26]);
    sends(peer, { seq: 41, length: 10 }, 31, [41, 51]);
    sends(peer, { seq: 61, length: 10 }, 31, [61, 71], [41, 51]);
    sends(peer, { seq: 31, length: 50 }, 81, [41, 51]);
    // An old part comes before what was held.
    sends(peer, { seq: 91, length: 10 }, 81, [91, 101]);
    sends(peer, { seq: 71, length: 25 }, 101, [71, 81]);
    expect(socket.reads()).toBe(100);
  });
});

describe('blocks against a set of bytes', () => {
  it('describe exactly what is held, disjoint and apart, for segments in any order', () => {
    const segment = fc.tuple(fc.integer({ min: 0, max: 90 }), fc.integer({ min: 1, max: 12 }));
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 25 }), (segments) => {
        const { peer } = receiving();
        const held = new Set<number>();
        for (const [offset, length] of segments) {
          const seq = 2 + offset;
          for (let n = seq; n < seq + length; n++) held.add(n);
          peer.sends({ seq, length });
          const answer = peer.relative(peer.takes());
          expect(answer.ack).toBe(1);
          const blocks = answer.options.sack ?? [];
          // A D-SACK may be first; it lies within what is held (RFC 2883).
          const [first, second] = blocks;
          const isDuplicate = second !== undefined && first[0] >= second[0] && first[1] <= second[1];
          const rest = isDuplicate ? blocks.slice(1) : blocks;
          expect(rest.length).toBeGreaterThan(0);
          for (const [start, end] of rest) {
            expect(held.has(start - 1) || held.has(end)).toBe(false);
            for (let n = start; n < end; n++) expect(held.has(n)).toBe(true);
          }
          expect(rest[0][0] <= seq && seq < rest[0][1], 'the first block holds the new segment').toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });
});
