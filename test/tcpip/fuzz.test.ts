import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ipv4Frame, tcpFrame } from './frames.ts';
import { ADDRESS_A, ADDRESS_B, World } from './harness.ts';
import { accepted, established } from './openings.ts';
import { flagNames } from './segments.ts';

describe('robustness: nothing the wire brings throws or costs a slot', () => {
  it('survives random frames', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.constantFrom(1, 2, 6, 17, 99), fc.uint8Array({ maxLength: 120 }), fc.nat(0xffff)),
          {
            maxLength: 40,
          },
        ),
        (frames) => {
          const world = new World({ slots: 128 });
          world.listen(80);
          const u = world.b.stack.udpOpen(5);
          world.b.stack.udpBind(u, 0, 53);
          for (const [protocol, payload, fragment] of frames) {
            world.inject(world.b, ipv4Frame(ADDRESS_A, ADDRESS_B, protocol, payload, fragment), 1);
            world.inject(world.b, payload);
            world.settle();
          }
          world.run(120_000_000);
          world.b.stack.udpClose(u);
          expect(world.b.packets.available).toBe(world.b.packets.count);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('survives mutated segments of a connection, delivers only what was sent, and stays consistent', () => {
    const offsets = fc.constantFrom(
      -1_000_000,
      -70_000,
      -1461,
      -2,
      -1,
      0,
      0,
      1,
      2,
      1460,
      70_000,
      2_000_000,
      0x7fff_ffff,
    );
    const segment = fc.record({
      seq: offsets,
      ack: offsets,
      flags: fc.nat(63),
      window: fc.constantFrom(0, 1, 1000, 65535),
      urgent: fc.nat(65535),
      rawOptions: fc.option(fc.array(fc.nat(255), { maxLength: 40 }), { nil: undefined, freq: 2 }),
      length: fc.constantFrom(0, 0, 1, 100, 1400),
      waitUs: fc.constantFrom(0, 0, 50_000, 300_000),
    });
    const offer = fc.record({ timestamps: fc.boolean(), sackOk: fc.boolean(), iss: fc.integer() });
    fc.assert(
      fc.property(
        fc.array(segment, { maxLength: 60 }),
        offer,
        fc.boolean(),
        (segments, peerOffer, passive) => {
          const opening = (passive ? accepted : established)({
            slots: 128,
            peer: { wscale: 3, ...peerOffer },
          });
          const { script, peer, socket } = opening;
          // What the stack expects next of the peer, and what it has sent so far, as its segments say.
          let [expected, sent] = [1, 1];
          for (const { flags, waitUs, rawOptions, ...fields } of segments) {
            socket.sends(50);
            peer.sends({
              ...fields,
              ...(rawOptions === undefined ? {} : { rawOptions }),
              flags: flagNames(flags),
              seq: expected + fields.seq,
              ack: sent + fields.ack,
            });
            for (const out of peer.inbox.splice(0).map((s) => peer.relative(s))) {
              if (!out.flags.includes('RST')) expected = out.ack;
              sent = Math.max(sent, out.seq + out.length);
            }
            expect(socket.unacked).toBeGreaterThanOrEqual(0);
            // The peer sends bytes of one pattern, whatever their place: `reads` finds any other.
            socket.reads();
            script.passes(waitUs);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('survives options of every length, at every alignment (RFC 9293 MUST-7, MUST-64)', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(255), { maxLength: 40 }), fc.nat(0xffff), (options, port) => {
        const world = new World({ slots: 64 });
        world.listen(80);
        const fields = { source: ADDRESS_A, destination: ADDRESS_B, sourcePort: port, destinationPort: 80 };
        world.inject(world.b, tcpFrame({ ...fields, flags: 2, options }));
        world.settle();
        expect(world.b.counter('tcpInErrs')).toBe(0);
        expect(world.b.packets.available).toBe(64);
      }),
      { numRuns: 200 },
    );
  });
});
