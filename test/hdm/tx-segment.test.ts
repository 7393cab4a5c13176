import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RX_CHECKSUM_CHECKED, TX_CHECKSUM, TX_RETRANSMIT, TX_SEGMENT } from '../../src/tcpip/contract.ts';
import {
  checksumsAreGood,
  createNicBed,
  drain,
  headersOf,
  joined,
  patternOf,
  sendPacket,
  transportOffset,
} from './bed.ts';

const FLAGS = TX_CHECKSUM | TX_SEGMENT;
const FIN_PSH_ACK = 0x19;
const CWR = 0x80;

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

test('segments put together again are the payload, and every checksum is right', () => {
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 900 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(
      pieces,
      fc.integer({ min: 40, max: 1400 }),
      fc.boolean(),
      fc.constantFrom(0, 12),
      fc.integer({ min: 0, max: 0xffff_ffff }),
      (payload, segmentBytes, partial, tcpOptionBytes, sequence) => {
        const bed = createNicBed({ pipe: { queueFrames: 512 } });
        const bytes = joined(payload);
        const headers = headersOf({ payloadBytes: bytes.length, partial, tcpOptionBytes, sequence });
        sendPacket(bed, headers, payload, FLAGS, segmentBytes);
        drain(bed.nic);
        const frames = bed.recorder.frames;
        expect(frames.length).toBe(Math.ceil(bytes.length / segmentBytes));
        expect(frames.every((frame) => frame.flags === RX_CHECKSUM_CHECKED)).toBe(true);
        expect(frames.every((frame) => checksumsAreGood(frame.bytes))).toBe(true);
        expect(joined(frames.map((frame) => frame.bytes.subarray(headers.length)))).toEqual(bytes);
        frames.forEach((frame, i) => {
          expect(view(frame.bytes).getUint32(38)).toBe((sequence + i * segmentBytes) % 2 ** 32);
          expect(view(frame.bytes).getUint16(16)).toBe(frame.bytes.length - 14);
        });
        expect(bed.ledger.snapshot()).toMatchObject({
          transmitFetchesBytes: bytes.length,
          deviceTsoSegments: frames.length,
          deviceTxPackets: frames.length,
        });
      },
    ),
    { numRuns: 80 },
  );
});

test('identification counts up; CWR is in the first segment only, FIN and PSH in the last', () => {
  const bed = createNicBed();
  const headers = headersOf({ payloadBytes: 3000, identification: 0xffff, tcpFlags: FIN_PSH_ACK | CWR });
  sendPacket(bed, headers, [patternOf(3000)], FLAGS, 1000);
  drain(bed.nic);
  const frames = bed.recorder.frames.map(({ bytes }) => bytes);
  expect(frames.map((bytes) => view(bytes).getUint16(18))).toEqual([0xffff, 0, 1]);
  expect(frames.map((bytes) => bytes[transportOffset(bytes) + 13])).toEqual([0x90, 0x10, 0x19]);
});

test('a payload of one segment keeps all its flags', () => {
  const bed = createNicBed();
  const headers = headersOf({ payloadBytes: 10, tcpFlags: FIN_PSH_ACK | CWR });
  sendPacket(bed, headers, [patternOf(10)], FLAGS, 1000);
  drain(bed.nic);
  const [{ bytes }] = bed.recorder.frames;
  expect(bytes[transportOffset(bytes) + 13]).toBe(FIN_PSH_ACK | CWR);
  expect(checksumsAreGood(bytes)).toBe(true);
});

test('segments sent again are fetched under the reason of retransmissions', () => {
  const bed = createNicBed();
  sendPacket(bed, headersOf({ payloadBytes: 2500 }), [patternOf(2500)], FLAGS | TX_RETRANSMIT, 1000);
  expect(bed.ledger.snapshot()).toMatchObject({
    transmitFetches: 0,
    retransmitFetches: 3,
    retransmitFetchesBytes: 2500,
    deviceHeaderFetches: 3,
  });
});

test('segments a full wire has no space for are lost and counted', () => {
  const bed = createNicBed({ pipe: { queueFrames: 4 }, nic: { rxPause: false } });
  const payload = [patternOf(700), patternOf(800, 700), patternOf(1500, 1500)];
  sendPacket(bed, headersOf({ payloadBytes: 3000 }), payload, FLAGS, 500);
  expect(bed.ledger.snapshot()).toMatchObject({ deviceTxPackets: 4, wireOverflow: 2 });
  drain(bed.nic);
  expect(joined(bed.recorder.frames.map(({ bytes }) => bytes.subarray(54)))).toEqual(patternOf(2000));
});

test('a lost segment in the middle does not shift the payload of those behind it', () => {
  let asked = 0;
  const bed = createNicBed({
    intercept: (source) => ({
      room: source.room,
      awaitRoom: () => {},
      reserve: (length) => (asked++ === 1 ? -1 : source.reserve(length)),
      commit: (length) => source.commit(length),
    }),
  });
  sendPacket(bed, headersOf({ payloadBytes: 1500 }), [patternOf(700), patternOf(800, 700)], FLAGS, 500);
  drain(bed.nic);
  const payloads = bed.recorder.frames.map(({ bytes }) => bytes.subarray(54));
  expect(payloads).toEqual([patternOf(500), patternOf(500, 1000)]);
  expect(bed.recorder.frames.every(({ bytes }) => checksumsAreGood(bytes))).toBe(true);
});
