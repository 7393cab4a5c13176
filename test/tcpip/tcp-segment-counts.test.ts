/**
 * How many segments a packet counts for is worked out when it is handed to the device, from the MSS of that
 * moment; the queue holds bytes and no counts. So no count is stale after an MSS change, which in Linux 2.6.9
 * stopped the machine when two short packets were merged (net/ipv4/tcp_output.c).
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TCP_MAXSEG } from '../../src/socket/options.ts';
import { TX_SEGMENT } from '../../src/tcpip/contract.ts';
import { icmpErrorAbout } from './frames.ts';
import { established, type Opening } from './openings.ts';

type Step = readonly ['send' | 'acks' | 'holds' | 'path' | 'option' | 'waits', number];
const kinds = (kind: Step[0], min: number, max: number) =>
  fc.tuple(fc.constant(kind), fc.integer({ min, max }));
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: kinds('send', 1, 700) },
    { weight: 2, arbitrary: kinds('send', 700, 60_000) },
    { weight: 3, arbitrary: kinds('acks', 1, 8000) },
    { weight: 1, arbitrary: kinds('holds', 1, 4000) },
    { weight: 1, arbitrary: kinds('path', 552, 1500) },
    { weight: 2, arbitrary: kinds('option', 88, 1460) },
    { weight: 2, arbitrary: kinds('waits', 1, 3_000_000) },
  ),
  { minLength: 5, maxLength: 60 },
);
const options = fc.record({
  segmentBytesMax: fc.constantFrom(0, 4000, 65_000),
  timestamps: fc.boolean(),
  sackOk: fc.boolean(),
});

/** A router on the way, which tells what the path carries. */
const ROUTER = 0x0a00_00fe;
const UNREACHABLE = 3;
const FRAGMENTATION_NEEDED = 4;

/** Does one step. What is acknowledged or held was sent before. */
function take({ script, peer, socket }: Opening, [kind, amount]: Step): void {
  const first = Math.max(1, peer.acked);
  const { unacked } = socket;
  if (kind === 'send') {
    if (unacked < 200_000) expect(socket.sends(amount)).toBe(0);
  } else if (kind === 'acks') peer.acks(first + Math.min(amount, unacked));
  else if (kind === 'waits') script.passes(amount);
  else if (kind === 'option') socket.sets(TCP_MAXSEG, amount);
  else if (kind === 'path') {
    const quoted = peer.frameOfHost(first);
    script.inject(icmpErrorAbout(quoted, ROUTER, UNREACHABLE, FRAGMENTATION_NEEDED, amount));
    script.settle();
  } else if (peer.offer.sackOk && unacked > amount + 1) {
    peer.sends({ ack: first, options: { sack: [[first + amount, first + unacked]] } });
  }
}

describe('the segments that are counted', () => {
  it('are those of the MSS of the moment, and those on the wire, after any MSS changes and time-outs', () => {
    const seen = { changes: 0, again: 0, cut: 0 };
    fc.assert(
      fc.property(options, steps, ({ segmentBytesMax, ...offer }, life) => {
        // Without probes of neighbours, which are no segments.
        const config = { neighbourDelayUs: 0x3fff_ffff };
        const opening = established({ config, segmentBytesMax, peer: offer });
        const { script, peer, socket } = opening;
        const { requests } = script.host;
        const counted = () => script.counter('tcpOutSegs') + script.counter('tcpRetransSegs');
        for (const step of life) {
          requests.length = 0;
          peer.ignores();
          const before = { counted: counted(), mss: socket.option(TCP_MAXSEG) };
          take(opening, step);
          const mss = socket.option(TCP_MAXSEG);
          const segments = requests.map(({ payloadBytes, flags, segmentBytes }) => {
            const cut = (flags & TX_SEGMENT) !== 0;
            if (cut) expect(segmentBytes).toBe(mss);
            expect(payloadBytes > mss, 'only what is longer than a segment is cut').toBe(cut);
            if (cut) seen.cut += 1;
            return Math.max(1, Math.ceil(payloadBytes / mss));
          });
          const sum = segments.reduce((total, count) => total + count, 0);
          expect(counted() - before.counted).toBe(sum);
          expect(peer.inbox.length).toBe(sum);
          if (mss !== before.mss && socket.unacked > 0) seen.changes += 1;
        }
        seen.again += script.counter('tcpRetransSegs');
        peer.ignores();
      }),
      { numRuns: 60 },
    );
    expect(seen.changes, 'MSS changes with bytes under way').toBeGreaterThan(50);
    expect(seen.again, 'segments sent again').toBeGreaterThan(50);
    expect(seen.cut, 'packets the device cut').toBeGreaterThan(50);
  });
});
