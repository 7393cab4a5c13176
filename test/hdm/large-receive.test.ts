/** Segments that the device puts together: what it looks at, what is lost, and descriptors that lie. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RX_LENGTH, RX_STATUS } from '../../src/hdm/nic-rings.ts';
import { RX_CHECKSUM_CHECKED, RX_MERGED } from '../../src/tcpip/contract.ts';
import { LONG } from '../long.ts';
import { createNicBed, type NicBed } from './bed.ts';
import { ACK, FIN, frameOf, PSH, parts, payloadOf, put, receive, type Segment } from './segments.ts';

const LRO = { largeReceiveOffload: true };

function bedOf(nic: object = {}): NicBed {
  return createNicBed({ nic: { ...LRO, rxRing: 32, ...nic }, packetCount: 96, pipe: { queueFrames: 128 } });
}

function framesOf(changes: readonly Partial<Segment>[]): Uint8Array[] {
  let seq = 1000;
  return changes.map((change, i) => {
    const segment = { seq, length: 100, id: i, ...change };
    seq = segment.seq + segment.length;
    return frameOf(segment);
  });
}

describe('large receive offload', () => {
  it('tells of one packet, with what the last segment said', () => {
    const bed = bedOf();
    receive(
      bed,
      framesOf([
        { stamp: 5, echo: 1, ack: 70, window: 10, flags: ACK | PSH },
        { stamp: 5, echo: 2, ack: 71, window: 11 },
        { stamp: 8, echo: 3, ack: 72, window: 12, service: 2, ttl: 3, id: 500 },
      ]),
    );
    expect(parts(bed)).toEqual([[100, 100, 100]]);
    const [{ bytes, flags }] = bed.recorder.frames;
    const view = new DataView(bytes.buffer);
    expect(flags).toBe(RX_CHECKSUM_CHECKED | RX_MERGED);
    expect(view.getUint32(42)).toBe(72);
    expect(view.getUint16(48)).toBe(12);
    expect([view.getUint32(58), view.getUint32(62)]).toEqual([5, 3]);
    expect(bytes[47]).toBe(ACK | PSH);
    expect(bed.ledger.snapshot()).toMatchObject({
      deviceLroPackets: 1,
      deviceLroSegments: 3,
      deviceRefused: 0,
    });
  });

  it.each<[string, readonly Partial<Segment>[], number[][]]>([
    ['PSH ends nothing', [{}, { flags: ACK | PSH }, {}], [[100, 100, 100]]],
    ['FIN', [{}, { flags: ACK | FIN }], [[100], [100]]],
    ['lengths differ', [{}, { length: 30 }, { length: 140 }], [[100, 30, 140]]],
    ['a gap', [{}, { seq: 1101 }], [[100], [100]]],
    ['a timestamp that goes back', [{ stamp: 5 }, { stamp: 4 }], [[100], [100]]],
    [
      'no echo',
      [
        { stamp: 5, echo: 0 },
        { stamp: 5, echo: 0 },
      ],
      [[100], [100]],
    ],
    ['other options', [{ stamp: 5 }, {}], [[100], [100]]],
    ['a congestion mark', [{}, { service: 3 }], [[100], [100]]],
    ['a bad sum', [{}, { badSum: true }], [[100], [100]]],
    ['no payload', [{}, { length: 0 }, {}], [[100], [0], [100]]],
  ])('%s', (_, segments, expected) => {
    const bed = bedOf();
    receive(bed, framesOf(segments));
    expect(parts(bed)).toEqual(expected);
  });

  it('is off where the device does not look at checksums', () => {
    const bed = bedOf({ rxChecksumming: false });
    receive(bed, framesOf([{}, {}]));
    expect(parts(bed)).toEqual([[100], [100]]);
  });

  it('leaves the order of a connection as it is, with several under way and few buffers', () => {
    const step = fc.record({
      flow: fc.integer({ min: 0, max: 9 }),
      length: fc.constantFrom(0, 1, 50, 100),
      flags: fc.constantFrom(ACK, ACK, ACK, ACK | PSH, ACK | FIN),
    });
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 60 }),
        fc.constantFrom(4, 8, 32),
        fc.boolean(),
        (steps, rxRing, genericReceiveOffload) => {
          const bed = bedOf({ rxRing, genericReceiveOffload });
          const next = new Int32Array(10);
          const sent = steps.map(({ flow, length, flags }, id) => {
            const frame = frameOf({ flow, seq: next[flow], length, flags, id });
            next[flow] += length;
            return frame;
          });
          receive(bed, sent);
          const bytesOf = (frames: readonly Uint8Array[], flow: number): string => {
            const own = frames.filter((frame) => frame[35] === ((40000 + flow) & 0xff));
            return Buffer.concat(own.map(payloadOf)).toString('hex');
          };
          const got = bed.recorder.frames.map(({ bytes }) => bytes);
          for (let flow = 0; flow < 10; flow++) expect(bytesOf(got, flow)).toEqual(bytesOf(sent, flow));
          expect(bed.ledger.snapshot()).toMatchObject({ deviceRefused: 0, deviceRxNoBuffer: 0 });
          expect(bed.packets.available).toBe(bed.packets.count - rxRing);
        },
      ),
      { numRuns: LONG ? 1000 : 40 },
    );
  });

  it('refuses and counts descriptors that name no such packet, and loses no slot', () => {
    const word = fc.oneof(
      fc.integer({ min: 0, max: 8 }).map((place) => 0xc003 | (place << 16)),
      fc.integer(),
    );
    const writes = fc.array(fc.tuple(fc.nat(7), fc.constantFrom(RX_STATUS, RX_LENGTH), word), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(writes, (changed) => {
        const bed = bedOf({ rxRing: 8 });
        const { driver } = bed.nic as unknown as {
          driver: { layout: { rxWord(index: number): number }; deliver(): void };
        };
        const { device } = bed.nic as unknown as { device: { receive(): boolean; closeMerged(): void } };
        put(bed, framesOf([{}, {}, { flow: 2 }, {}, {}]));
        while (device.receive());
        device.closeMerged();
        for (const [index, at, value] of changed) bed.region.words[driver.layout.rxWord(index) + at] = value;
        driver.deliver();
        bed.nic.stop();
        expect(bed.packets.available).toBe(bed.packets.count);
      }),
      { numRuns: LONG ? 2000 : 80 },
    );
  });
});
