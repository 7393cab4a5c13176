/** Segments that the driver puts together before the stack: which go together, and that nothing is lost. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RX_CHECKSUM_CHECKED, RX_MERGED } from '../../src/tcpip/contract.ts';
import { LONG } from '../long.ts';
import { type BedOptions, createNicBed, drain, type NicBed } from './bed.ts';
import { ACK, cutAgain, FIN, frameOf, PSH, parts, put, receive, type Segment } from './segments.ts';

const GRO = { genericReceiveOffload: true };

function bedOf(nic: object = {}, options: BedOptions = {}): NicBed {
  return createNicBed({ ...options, nic: { ...GRO, ...nic }, pipe: { queueFrames: 128 } });
}

/** What segments of 100 bytes that follow on each other become, each changed by what is said of it. */
function became(changes: readonly Partial<Segment>[], nic: object = {}): number[][] {
  const bed = bedOf(nic);
  let seq = 1000;
  const frames = changes.map((change, i) => {
    const segment = { seq, length: 100, id: i, ...change };
    seq = segment.seq + segment.length;
    return frameOf(segment);
  });
  receive(bed, frames);
  return parts(bed);
}

describe('generic receive offload', () => {
  it('hands over what follows on each other as one packet, and says so', () => {
    const bed = bedOf();
    receive(
      bed,
      [0, 1, 2].map((i) => frameOf({ seq: 100 * i, length: 100, id: i, flags: i === 2 ? ACK | PSH : ACK })),
    );
    const [packet] = bed.recorder.frames;
    expect(parts(bed)).toEqual([[100, 100, 100]]);
    expect(packet.flags).toBe(RX_CHECKSUM_CHECKED | RX_MERGED);
    expect(packet.bytes.length).toBe(354);
    expect((packet.bytes[16] << 8) | packet.bytes[17]).toBe(340);
    expect(packet.bytes[47]).toBe(ACK | PSH);
    expect(bed.ledger.snapshot()).toMatchObject({ driverGroPackets: 1, driverGroSegments: 3 });
    expect(bed.packets.available).toBe(bed.packets.count - 16);
  });

  it.each<[string, readonly Partial<Segment>[], number[][]]>([
    [
      'PSH is the last',
      [{}, { flags: ACK | PSH }, {}, {}],
      [
        [100, 100],
        [100, 100],
      ],
    ],
    ['FIN is the last', [{}, { flags: ACK | FIN }], [[100, 100]]],
    ['a first one with PSH waits for nobody', [{ flags: ACK | PSH }, {}, {}], [[100], [100, 100]]],
    ['a shorter one is the last', [{}, { length: 60 }, {}], [[100, 60], [100]]],
    ['a longer one does not go in', [{}, { length: 101 }, { length: 101 }], [[100], [101, 101]]],
    ['a gap', [{}, { seq: 1101 }, {}], [[100], [100, 100]]],
    ['what comes again', [{}, { seq: 1000 }, {}], [[100], [100, 100]]],
    ['another acknowledgement', [{}, { ack: 78 }], [[100], [100]]],
    ['another window', [{}, { window: 4999 }], [[100], [100]]],
    ['another timestamp', [{ stamp: 5 }, { stamp: 5 }, { stamp: 6 }], [[100, 100], [100]]],
    ['another echo', [{ stamp: 5 }, { stamp: 5, echo: 8 }], [[100], [100]]],
    ['other options', [{ stamp: 5 }, {}], [[100], [100]]],
    ['a congestion mark', [{ service: 2 }, { service: 3 }, { service: 3 }], [[100], [100, 100]]],
    ['another time to live', [{}, { ttl: 63 }], [[100], [100]]],
    ['ECE', [{}, { flags: ACK | 0x40 }], [[100], [100]]],
    ['CWR begins anew', [{}, { flags: ACK | 0x80 }, {}], [[100], [100, 100]]],
    ['URG', [{}, { flags: ACK | 0x20 }, {}], [[100], [100], [100]]],
    ['an identification left out', [{ id: 4 }, { id: 6 }], [[100], [100]]],
    ['the same identifications', [{ id: 4 }, { id: 4 }, { id: 4 }], [[100, 100, 100]]],
    ['first one more, then the same', [{ id: 4 }, { id: 5 }, { id: 5 }], [[100, 100], [100]]],
    [
      'the same, where packets may be fragmented',
      [
        { id: 4, dontFragment: false },
        { id: 4, dontFragment: false },
      ],
      [[100], [100]],
    ],
    ['no payload', [{}, { length: 0 }, {}], [[100], [0], [100]]],
    ['a padded frame', [{}, { length: 4, padding: 2 }], [[100], [4]]],
  ])('%s', (_, segments, expected) => {
    expect(became(segments)).toEqual(expected);
  });

  it('sums where the device has not looked, and leaves what is bad to the stack', () => {
    for (const rxChecksumming of [true, false]) {
      const bed = bedOf({ rxChecksumming });
      receive(bed, [
        frameOf({ seq: 0, length: 100, id: 0 }),
        frameOf({ seq: 100, length: 100, id: 1, badSum: true }),
        frameOf({ seq: 100, length: 100, id: 1 }),
      ]);
      expect(parts(bed)).toEqual([[100], [100, 100]]);
      expect(bed.recorder.frames.map(({ flags }) => flags)).toEqual([0, RX_CHECKSUM_CHECKED | RX_MERGED]);
      expect(bed.ledger.snapshot()['checksums']).toBe(rxChecksumming ? 2 : 6);
    }
  });

  it('keeps connections apart, of which the oldest gives way to a ninth', () => {
    const bed = bedOf();
    const round = (seq: number, id: number): Uint8Array[] =>
      Array.from({ length: 9 }, (_, flow) => frameOf({ flow, seq, length: 50, id }));
    receive(bed, [...round(0, 0).slice(0, 8), ...round(50, 1).slice(0, 8)]);
    expect(parts(bed)).toEqual(Array(8).fill([50, 50]));
    bed.recorder.frames.length = 0;
    receive(bed, [...round(100, 2), ...round(150, 3)]);
    expect(parts(bed)).toEqual(Array(18).fill([50]));
  });

  it('makes no packet longer than IPv4 has it', () => {
    const bed = createNicBed({ nic: { ...GRO, mtu: 9000 }, pipe: { queueFrames: 64 }, packetCount: 40 });
    receive(
      bed,
      Array.from({ length: 9 }, (_, i) => frameOf({ seq: 8900 * i, length: 8900, id: i })),
    );
    expect(parts(bed)).toEqual([Array(7).fill(8900), [8900, 8900]]);
  });

  it('gives way where the device has no buffer left', () => {
    const bed = createNicBed({ nic: { ...GRO, rxRing: 4 }, packetCount: 4, pipe: { queueFrames: 64 } });
    receive(
      bed,
      Array.from({ length: 12 }, (_, i) => frameOf({ seq: 10 * i, length: 10, id: i })),
    );
    expect(parts(bed)).toEqual(Array(3).fill(Array(4).fill(10)));
    expect(bed.ledger.snapshot()['deviceRxNoBuffer']).toBe(0);
  });

  it('can be switched while segments wait on the wire', () => {
    const bed = bedOf();
    const frames = [0, 1].map((i) => frameOf({ seq: 10 * i, length: 10, id: i }));
    bed.nic.setFeatures({ genericReceiveOffload: false });
    receive(bed, frames);
    bed.nic.setFeatures({ genericReceiveOffload: true });
    receive(bed, frames);
    expect(parts(bed)).toEqual([[10], [10], [10, 10]]);
  });

  it('loses nothing: what is put together can be cut again into what came', () => {
    const some = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
      fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));
    const step = fc.record({
      flow: fc.integer({ min: 0, max: 2 }),
      length: some(100, 0, 1, 60, 101, 200),
      gap: some(0, -100, -1, 1, 50),
      idStep: some(1, 0, 2),
      flags: some(ACK, ACK | PSH, ACK | FIN, ACK | 0x40, 0, 0x12, 0x14, ACK | 0x20, ACK | 0x80),
      ack: some(77, 78),
      window: some(5000, 5001),
      stamp: some<number | undefined>(7, 8, undefined),
      service: some(0, 3),
      dontFragment: some(true, false),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), fc.boolean(), (steps, checks) => {
        const bed = bedOf({ rxChecksumming: checks });
        const next = [0, 0, 0].map(() => ({ seq: 0xffff_ff80 | 0, id: 0xfff8 }));
        const sent = steps.map(({ flow, gap, idStep, ...rest }) => {
          const at = next[flow];
          const frame = frameOf({ ...rest, flow, seq: (at.seq + gap) | 0, id: at.id });
          at.seq = (at.seq + gap + rest.length) | 0;
          at.id = (at.id + idStep) & 0xffff;
          return frame;
        });
        receive(bed, sent);
        const cut = bed.recorder.frames.flatMap(({ bytes, parts: of }) => {
          if (of.length === 0) return [bytes];
          expect(of.slice(0, -1).every((length) => length === of[0])).toBe(true);
          // The second identification is found among what came.
          const [atOnce, counted] = [0, 1].map((by) => cutAgain(bytes, of, by));
          return sent.some((frame) => Buffer.compare(frame, counted[1]) === 0) ? counted : atOnce;
        });
        for (let flow = 0; flow < 3; flow++) {
          const ofFlow = (frames: readonly Uint8Array[]): string[] =>
            frames
              .filter((frame) => frame[35] === ((40000 + flow) & 0xff))
              .map((frame) => Buffer.from(frame).toString('hex'));
          expect(ofFlow(cut)).toEqual(ofFlow(sent));
        }
        expect(bed.packets.available).toBe(bed.packets.count - 16);
      }),
      { numRuns: LONG ? 1000 : 60 },
    );
  });

  it('holds nothing over from turn to turn', () => {
    const bed = bedOf({ pollFrames: 3 });
    put(
      bed,
      Array.from({ length: 5 }, (_, i) => frameOf({ seq: 10 * i, length: 10, id: i })),
    );
    expect(drain(bed.nic)).toBe(5);
    expect(parts(bed)).toEqual([
      [10, 10, 10],
      [10, 10],
    ]);
  });
});
