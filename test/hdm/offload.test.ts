import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RX_CHECKSUM_CHECKED, TX_CHECKSUM } from '../../src/tcpip/contract.ts';
import {
  checksumsAreGood,
  createNicBed,
  drain,
  headersOf,
  joined,
  type NicBed,
  patternOf,
  plainSum,
  pseudoSum,
  sendPacket,
} from './bed.ts';

/** Puts a frame on the wire as it is, and takes it in. */
function bounce(bed: NicBed, frame: Uint8Array): { flags: number; bytes: Uint8Array } {
  const address = bed.pipe.reserve(frame.length);
  bed.region.bytes.set(frame, address);
  bed.pipe.commit(frame.length);
  drain(bed.nic);
  return bed.recorder.frames[bed.recorder.frames.length - 1];
}

/** A whole frame with right checksums. */
function goodFrame(protocol: number, payload: Uint8Array): Uint8Array {
  const frame = joined([headersOf({ protocol, payloadBytes: payload.length, partial: false }), payload]);
  const transport = frame.subarray(34);
  const sum = plainSum(transport, pseudoSum(frame.subarray(14), transport.length));
  const checksum = (sum ^ 0xffff) === 0 && protocol === 17 ? 0xffff : sum ^ 0xffff;
  new DataView(frame.buffer).setUint16(34 + (protocol === 6 ? 16 : 6), checksum);
  return frame;
}

test('any single flipped bit of an IPv4 packet is found, and the frame is delivered without the flag', () => {
  const bed = createNicBed();
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 101 }),
      fc.constantFrom(6, 17),
      fc.nat(),
      fc.nat(),
      (payload, protocol, at, bit) => {
        const frame = goodFrame(protocol, payload);
        expect(checksumsAreGood(frame)).toBe(true);
        expect(bounce(bed, frame).flags).toBe(RX_CHECKSUM_CHECKED);
        frame[14 + (at % (frame.length - 14))] ^= 1 << (bit & 7);
        const { flags, bytes } = bounce(bed, frame);
        expect(flags).toBe(0);
        expect(bytes).toEqual(frame);
      },
    ),
    { numRuns: 300 },
  );
});

test('a damaged payload, and a damaged IPv4 header, are counted', () => {
  const bed = createNicBed();
  const frame = goodFrame(6, patternOf(100));
  frame[80] ^= 4;
  bounce(bed, frame);
  expect(bed.ledger.snapshot()['deviceRxBadChecksum']).toBe(1);
  const other = goodFrame(6, patternOf(100));
  other[22] ^= 1;
  bounce(bed, other);
  expect(bed.ledger.snapshot()['deviceRxBadChecksum']).toBe(2);
});

test('what an Ethernet frame is padded with does not matter (RFC 894)', () => {
  const bed = createNicBed();
  const frame = joined([goodFrame(6, patternOf(3)), Uint8Array.of(1, 2, 3)]);
  expect(bounce(bed, frame)).toMatchObject({ flags: RX_CHECKSUM_CHECKED, bytes: frame });
});

test('a UDP datagram without a checksum is neither good nor bad (RFC 768)', () => {
  const bed = createNicBed();
  const frame = joined([headersOf({ protocol: 17, payloadBytes: 9, partial: false }), patternOf(9)]);
  expect(bounce(bed, frame).flags).toBe(0);
  expect(bed.ledger.snapshot()['deviceRxBadChecksum']).toBe(0);
});

test('a UDP length that is not that of the packet is left to the stack', () => {
  const bed = createNicBed();
  const frame = goodFrame(17, patternOf(20));
  frame[39] -= 4;
  expect(bounce(bed, frame).flags).toBe(0);
  expect(bed.ledger.snapshot()['deviceRxBadChecksum']).toBe(0);
});

test('a frame shorter than its IPv4 packet is left to the stack', () => {
  const bed = createNicBed();
  const frame = goodFrame(6, patternOf(100)).subarray(0, 90);
  expect(bounce(bed, frame)).toMatchObject({ flags: 0, bytes: frame });
  expect(bed.ledger.snapshot()['deviceRxBadChecksum']).toBe(0);
});

test('fragments, other protocols and other EtherTypes are left to the stack', () => {
  const bed = createNicBed();
  const edits: ((frame: Uint8Array) => void)[] = [
    (frame) => frame.set([0x20, 0], 20),
    (frame) => frame.set([0, 1], 20),
    (frame) => frame.set([1], 23),
    (frame) => frame.set([0x86, 0xdd], 12),
  ];
  for (const edit of edits) {
    const frame = goodFrame(6, patternOf(20));
    edit(frame);
    const header = frame.subarray(14, 34);
    header.set([0, 0], 10);
    new DataView(frame.buffer).setUint16(24, plainSum(header) ^ 0xffff);
    expect(bounce(bed, frame)).toMatchObject({ flags: 0, bytes: frame });
  }
  expect(bed.ledger.snapshot()['deviceRxBadChecksum']).toBe(0);
});

test('any bytes at all are delivered as they are', () => {
  const bed = createNicBed();
  const ipv4 = Uint8Array.of(2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 120 }), fc.boolean(), (tail, wrapped) => {
      const frame = wrapped ? joined([ipv4, tail]) : tail;
      expect(bounce(bed, frame).bytes).toEqual(frame);
    }),
    { numRuns: 300 },
  );
});

test('a UDP checksum that comes out as zero is sent as all ones (RFC 768)', () => {
  const bed = createNicBed();
  const headers = headersOf({ protocol: 17, payloadBytes: 2 });
  // A payload that is the complement of all the rest makes the sum 0xffff.
  const rest = plainSum(headers.subarray(34)) ^ 0xffff;
  sendPacket(bed, headers, [Uint8Array.of(rest >> 8, rest & 0xff)], TX_CHECKSUM);
  drain(bed.nic);
  const [{ bytes, flags }] = bed.recorder.frames;
  expect([...bytes.subarray(40, 42)]).toEqual([0xff, 0xff]);
  expect(flags).toBe(RX_CHECKSUM_CHECKED);
});

test('without transmit checksumming a packet goes out as the stack made it', () => {
  const bed = createNicBed({ nic: { txChecksumming: false } });
  const frame = goodFrame(6, patternOf(25));
  sendPacket(bed, frame.subarray(0, 54), [frame.subarray(54, 61), frame.subarray(61)], 0);
  drain(bed.nic);
  expect(bed.recorder.frames[0]).toMatchObject({ bytes: frame, flags: RX_CHECKSUM_CHECKED });
});

test('without receive checksumming nothing is verified', () => {
  const bed = createNicBed({ nic: { rxChecksumming: false } });
  const frame = goodFrame(6, patternOf(25));
  expect(bounce(bed, frame)).toMatchObject({ bytes: frame, flags: 0 });
  frame[60] ^= 1;
  bounce(bed, frame);
  expect(bed.ledger.snapshot()['deviceRxBadChecksum']).toBe(0);
});

test('headers may carry payload of their own, of an odd length, in front of the pieces', () => {
  const bed = createNicBed();
  const payload = patternOf(12);
  const headers = joined([headersOf({ protocol: 17, payloadBytes: 12 }), payload.subarray(0, 5)]);
  sendPacket(bed, headers, [payload.subarray(5, 8), payload.subarray(8)], TX_CHECKSUM);
  drain(bed.nic);
  const [{ bytes, flags }] = bed.recorder.frames;
  expect(bytes.subarray(42)).toEqual(payload);
  expect(checksumsAreGood(bytes)).toBe(true);
  expect(flags).toBe(RX_CHECKSUM_CHECKED);
});
