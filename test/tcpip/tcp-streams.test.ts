/** Properties: however sends are cut, lost and acknowledged, the peer gets the same bytes in order. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TCP_NODELAY } from '../../src/socket/options.ts';
import { established, type OpeningOptions } from './openings.ts';
import type { Peer } from './peer.ts';
import { MORE } from './socket.ts';
import { pattern } from './wire.ts';

/** A peer that keeps what it gets, and acknowledges like a plain receiver. */
class Receiver {
  private readonly peer: Peer;
  private readonly held: Uint8Array;
  private readonly has: Uint8Array;
  /** Bytes in order so far. */
  bytes = 0;
  /** Whether the FIN has come in order. */
  ended = false;
  private finAt = -1;

  constructor(peer: Peer, total: number) {
    this.peer = peer;
    this.held = new Uint8Array(total);
    this.has = new Uint8Array(total);
  }

  /**
   * Takes what lies in the inbox; `isLost` says which segments never came. @returns whether anything came.
   */
  takes(isLost: () => boolean): boolean {
    let came = false;
    for (const segment of this.peer.inbox.splice(0)) {
      if (isLost()) continue;
      const { seq, length, flags } = this.peer.relative(segment);
      if (length === 0 && !flags.includes('FIN')) continue;
      came = true;
      expect(seq - 1 + length, 'nothing beyond what was queued').toBeLessThanOrEqual(this.held.length);
      this.held.set(segment.payload, seq - 1);
      this.has.fill(1, seq - 1, seq - 1 + length);
      if (flags.includes('FIN')) this.finAt = seq - 1 + length;
    }
    while (this.bytes < this.has.length && this.has[this.bytes] === 1) this.bytes += 1;
    this.ended = this.finAt === this.bytes;
    return came;
  }

  acks(window?: number): void {
    this.peer.acks(1 + this.bytes + (this.ended ? 1 : 0), window);
  }

  get isPattern(): boolean {
    return Buffer.from(this.held).equals(pattern(this.held.length));
  }
}

const sizes = fc.array(fc.constantFrom(1, 2, 7, 100, 536, 1460, 1461, 5000), {
  minLength: 1,
  maxLength: 15,
});
const hosts: fc.Arbitrary<OpeningOptions> = fc.record({
  checksumOffload: fc.boolean(),
  segmentBytesMax: fc.constantFrom(0, 3000, 65_000),
  piecesMax: fc.constantFrom(1, 3, 16),
  mtu: fc.constantFrom(576, 1500),
  startUs: fc.constantFrom(0, 0x7fff_ff00, -50),
  peer: fc.record({
    mss: fc.constantFrom(-1, 88, 536, 1460),
    sackOk: fc.boolean(),
    timestamps: fc.boolean(),
    window: fc.constantFrom(500, 5000, 65_535),
    iss: fc.integer(),
  }),
});

describe('sends cut in any pieces', () => {
  it('arrive as the same bytes, with any MSS, window, pieces and offload', () => {
    fc.assert(
      fc.property(hosts, sizes, fc.infiniteStream(fc.nat(3)), (options, lengths, choices) => {
        const { script, peer, socket } = established(options);
        const total = lengths.reduce((sum, length) => sum + length, 0);
        const receiver = new Receiver(peer, total);
        const next = () => choices.next().value ?? 0;
        if (next() === 0) socket.sets(TCP_NODELAY, 1);
        for (const length of lengths) {
          expect(socket.queues(length, next() === 0 ? MORE : 0)).toBe(0);
          if (next() === 0) script.settle();
        }
        socket.shutsDown();
        for (let turns = 0; !receiver.ended; turns++) {
          expect(turns, 'the stream comes to its end').toBeLessThan(2000);
          script.passes(1000);
          if (receiver.takes(() => false) && next() > 0) receiver.acks();
          else if (next() === 0) receiver.acks();
        }
        receiver.acks();
        expect(receiver.isPattern).toBe(true);
        expect(script.counter('bytesAcknowledged')).toBe(total);
        expect(socket.state).toBe('FIN-WAIT-2');
        expect(script.host.pendingContexts.size).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('arrive although any of them are lost, by retransmission', () => {
    fc.assert(
      fc.property(hosts, sizes, fc.infiniteStream(fc.nat(9)), (options, lengths, choices) => {
        const { script, peer, socket } = established(options);
        const total = lengths.reduce((sum, length) => sum + length, 0);
        const receiver = new Receiver(peer, total);
        const isLost = () => (choices.next().value ?? 0) < 2;
        for (const length of lengths) socket.queues(length);
        socket.shutsDown();
        for (let turns = 0; !receiver.ended; turns++) {
          expect(turns, 'the stream comes to its end').toBeLessThan(500);
          if (receiver.takes(isLost)) {
            // Acknowledgements are lost as well.
            if (!isLost()) receiver.acks();
          } else {
            script.passes(socket.rtoUs);
          }
        }
        receiver.acks();
        expect(receiver.isPattern).toBe(true);
        expect(socket.state).toBe('FIN-WAIT-2');
        expect(script.counter('bytesAcknowledged')).toBe(total);
      }),
      { numRuns: 40 },
    );
  });

  it('never pass the window, however it opens and shuts', () => {
    fc.assert(
      fc.property(
        sizes,
        fc.array(fc.constantFrom(0, 1, 100, 1460, 3000, 20_000), { minLength: 1, maxLength: 8 }),
        (lengths, windows) => {
          const { script, peer, socket } = established();
          const total = lengths.reduce((sum, length) => sum + length, 0);
          const receiver = new Receiver(peer, total);
          let edge = 1 + 65_535;
          for (const length of lengths) socket.sends(length);
          for (let turn = 0; receiver.bytes < total; turn++) {
            expect(turn, 'the stream comes to its end').toBeLessThan(2000);
            for (const segment of peer.inbox) {
              const { seq, length } = peer.relative(segment);
              if (length > 0) expect(seq + length).toBeLessThanOrEqual(edge);
            }
            receiver.takes(() => false);
            // In the end the window stays open, or the stream would not come to its end.
            const window = turn < 40 ? windows[turn % windows.length] : 20_000;
            edge = Math.max(edge, 1 + receiver.bytes + window);
            receiver.acks(window);
            script.passes(300_000);
          }
          expect(receiver.isPattern).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });
});
