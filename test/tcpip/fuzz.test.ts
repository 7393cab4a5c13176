import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ipv4Frame, tcpFrame } from './frames.ts';
import { ADDRESS_A, ADDRESS_B, pattern, World } from './harness.ts';

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
      { numRuns: 150, seed: 3 },
    );
  });

  it('survives mutated segments of a living connection, and stays consistent', () => {
    const numbers = fc.constantFrom(
      -1_000_000,
      -70_000,
      -1461,
      -2,
      -1,
      0,
      1,
      2,
      1460,
      70_000,
      2_000_000,
      0x7fff_ffff,
    );
    const segment = fc.record({
      seq: numbers,
      ack: numbers,
      flags: fc.nat(63),
      window: fc.constantFrom(0, 1, 1000, 65535),
      urgent: fc.nat(65535),
      options: fc.array(fc.nat(255), { maxLength: 40 }),
      length: fc.constantFrom(0, 0, 1, 100, 1400),
      toServer: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 60 }), fc.boolean(), (segments, timestamps) => {
        const world = new World({ slots: 128, config: { timestamps } });
        const { a, b } = world;
        const { client, server, listener } = world.connect();
        for (const s of segments) {
          const to = s.toServer ? b : a;
          const from = s.toServer ? a : b;
          const tcb = to.stack['tcp'].tcbs[s.toServer ? server : client];
          a.sendBytes(client, pattern(50));
          const frame = tcpFrame({
            source: from.address,
            destination: to.address,
            sourcePort: tcb.remotePort,
            destinationPort: tcb.localPort,
            ...s,
            seq: (tcb.rcvNxt + s.seq) | 0,
            ack: (tcb.sndUna + s.ack) | 0,
            payload: pattern(s.length),
          });
          world.inject(to, frame, 1);
          world.run(200);
          expect((tcb.sndNxt - tcb.sndUna) | 0).toBeGreaterThanOrEqual(0);
          expect((tcb.sndMax - tcb.sndNxt) | 0).toBeGreaterThanOrEqual(0);
        }
        a.stack.tcpAbort(client, world.nowUs);
        b.stack.tcpClose(server, world.nowUs);
        b.stack.tcpClose(listener, world.nowUs);
        world.run(4_000_000_000);
        for (const side of [a, b]) {
          side.expectSlotsHome();
          side.expectBalanced();
          expect(side.stack['tcp'].freeTcbCount).toBe(side.config.connectionsMax);
        }
      }),
      { numRuns: 150, seed: 4 },
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
      { numRuns: 200, seed: 5 },
    );
  });
});
