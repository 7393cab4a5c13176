/**
 * Segments that cross the stack as one packet: what it takes, keeps and answers is what it would have, had
 * they come by themselves in one turn. (That every slot comes home, each script looks at in its end.)
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RX_CHECKSUM_CHECKED, RX_MERGED } from '../../src/tcpip/contract.ts';
import { LONG } from '../long.ts';
import { established, type OpeningOptions } from './openings.ts';
import type { Script } from './script.ts';

const HEADER_AT = 54;

/** Gives the stack frames without options as one packet, as a driver has put them together. */
function injectMerged({ host, region, nowUs }: Script, frames: readonly Uint8Array[]): void {
  const { packets, stack } = host;
  const { chains } = packets;
  const slots = frames.map((frame) => {
    const slot = packets.take();
    const at = packets.addressOf(slot);
    region.bytes.set(frame, at);
    chains.set(slot, at + HEADER_AT, frame.length - HEADER_AT);
    return slot;
  });
  slots.slice(1).forEach((slot, i) => {
    chains.next[slots[i]] = slot;
  });
  const at = packets.addressOf(slots[0]);
  const bytes = frames.reduce((sum, frame) => sum + frame.length - HEADER_AT, HEADER_AT);
  region.view.setUint16(at + 16, bytes - 14);
  region.bytes[at + 47] = frames.reduce((flags, frame) => flags | frame[47], 0);
  if (!stack.input(slots[0], at, bytes, RX_CHECKSUM_CHECKED | RX_MERGED, nowUs)) packets.freeChain(slots[0]);
}

interface Train {
  /** Relative to what the peer sends next. */
  readonly from: number;
  readonly lengths: readonly number[];
  readonly fin: boolean;
  /** Whether its last segment ends a write. */
  readonly push: boolean;
  /** What the program reads afterwards. */
  readonly reads: number;
}

/**
 * What comes of trains of segments: all that the stack answers and keeps. Where bytes come twice, an answer
 * tells of the whole packet that had them, and one packet is counted; and behind a FIN nothing is. Of such
 * trains that is left out.
 */
function answersTo(trains: readonly Train[], merged: boolean, options: OpeningOptions): unknown {
  const { script, peer, socket } = established(options);
  const seen: unknown[] = [];
  const twice = trains.some(({ from, fin }) => from < 0 || fin);
  let end = 0;
  for (const { from, lengths, fin, push, reads } of trains) {
    let seq = Math.max(1, peer.next + from);
    const frames: Uint8Array[] = [];
    for (const length of lengths) {
      // Nothing follows the peer's FIN.
      if (end > 0 && seq + length > end) break;
      const last = fin && end === 0 && frames.length === lengths.length - 1;
      const ends = push && frames.length === lengths.length - 1;
      frames.push(peer.frame({ seq, length, flags: `${last ? 'FIN ' : ''}${ends ? 'PSH ' : ''}ACK` }));
      seq += length;
      if (last) end = seq;
    }
    if (merged && frames.length > 1) injectMerged(script, frames);
    else for (const frame of frames) script.inject(frame);
    script.settle();
    for (const { flags, seq: of, ack, window, options: own } of peer.inbox.splice(0))
      seen.push([flags, of, ack, window, twice ? 0 : own]);
    seen.push(socket.reads(reads), socket.state, script.host.packets.available);
    script.passes(1000);
  }
  seen.push(script.host.told.splice(0).filter((line, i, all) => line !== all[i - 1]));
  const { tcpDuplicates, tcpOutOfOrder, tcpPacketsPruned, bytesAccepted } = script.host.ledger.snapshot();
  return [seen, tcpOutOfOrder, tcpPacketsPruned, bytesAccepted, twice ? 0 : tcpDuplicates];
}

const train = fc.record({
  from: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.constantFrom(-700, -100, -1, 100, 500, 3000)),
  lengths: fc.array(fc.constantFrom(1, 100, 536, 1460), { minLength: 2, maxLength: 8 }),
  fin: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
  push: fc.boolean(),
  reads: fc.constantFrom(0, 0, 1000, 1 << 20),
});

describe('segments that cross the stack as one', () => {
  it.each<[string, OpeningOptions]>([
    ['with SACK', { peer: { sackOk: true } }],
    ['with a small window', { config: { receiveWindowBytes: 4096, receiveBufferBytes: 4096 } }],
    ['with few slots', { slots: 48 }],
  ])('are taken as if they had come by themselves, %s', (_, options) => {
    fc.assert(
      fc.property(fc.array(train, { minLength: 1, maxLength: 6 }), (trains) => {
        expect(answersTo(trains, true, options)).toEqual(answersTo(trains, false, options));
      }),
      { numRuns: LONG ? 200 : 12 },
    );
  });

  it('end with a FIN that had come before, whatever follows it', () => {
    const { script, peer, socket } = established();
    peer.sends({ seq: 11, length: 10, flags: 'FIN ACK' });
    injectMerged(
      script,
      [0, 1, 2, 3].map((i) => peer.frame({ seq: 1 + 10 * i, length: 10 })),
    );
    script.settle();
    expect(socket.state).toBe('CLOSE-WAIT');
    expect(socket.reads()).toBe(20);
    peer.inbox.length = 0;
  });

  it('are one segment by what is counted, and one that finds nobody is refused whole', () => {
    const { script, peer, socket } = established();
    const before = script.counter('tcpInSegs');
    injectMerged(
      script,
      [0, 1, 2].map((i) => peer.frame({ seq: 1 + 10 * i, length: 10 })),
    );
    expect(script.counter('tcpInSegs') - before).toBe(1);
    script.settle();
    expect(socket.reads()).toBe(30);
    const frames = [30, 40].map((seq) => peer.frame({ seq: 1 + seq, length: 10 }));
    socket.aborts();
    script.settle();
    injectMerged(script, frames);
    script.settle();
    peer.inbox.length = 0;
  });
});
