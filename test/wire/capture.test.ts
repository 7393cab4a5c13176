import { expect, test } from 'vitest';
import { Capture, type CaptureConfig } from '../../src/wire/capture.ts';
import { createPipeBed, numbered, type PipeBed, put, take } from './bed.ts';

interface PcapRecord {
  readonly timeUs: number;
  readonly frame: Uint8Array;
  readonly length: number;
}

/** Reads a classic pcap file as its specification says. */
function parsePcap(bytes: Uint8Array): { snapBytes: number; records: PcapRecord[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  expect(view.getUint32(0, true)).toBe(0xa1b2c3d4);
  expect([view.getUint16(4, true), view.getUint16(6, true)]).toEqual([2, 4]);
  expect([view.getUint32(8, true), view.getUint32(12, true)]).toEqual([0, 0]);
  expect(view.getUint32(20, true)).toBe(1);
  const records: PcapRecord[] = [];
  let at = 24;
  while (at < bytes.length) {
    const kept = view.getUint32(at + 8, true);
    records.push({
      timeUs: view.getUint32(at, true) * 1e6 + view.getUint32(at + 4, true),
      frame: bytes.slice(at + 16, at + 16 + kept),
      length: view.getUint32(at + 12, true),
    });
    at += 16 + kept;
  }
  expect(at).toBe(bytes.length);
  return { snapBytes: view.getUint32(16, true), records };
}

const CONFIG: CaptureConfig = { bufferBytes: 4096, snapBytes: 2000, epochSeconds: 1000 };

function createCapture(
  bed: PipeBed,
  changes: Partial<CaptureConfig> = {},
  write?: (bytes: Uint8Array) => void,
): Capture {
  return new Capture({ ...CONFIG, ...changes }, bed.clock, bed.dma, write);
}

test('a capture is a pcap file of every frame that was sent, with its time', () => {
  const bed = createPipeBed({ lossProbability: 1 });
  const capture = createCapture(bed);
  bed.pipe.tapSent(capture);
  bed.clock.set(5_123_456_789);
  put(bed, bed.pipe, numbered(1, 60));
  bed.clock.set(6_000_000_999);
  put(bed, bed.pipe, numbered(2, 200));
  const { snapBytes, records } = parsePcap(capture.toBytes());
  expect(snapBytes).toBe(2000);
  expect(records).toEqual([
    { timeUs: 1_005_123_456, frame: numbered(1, 60), length: 60 },
    { timeUs: 1_006_000_000, frame: numbered(2, 200), length: 200 },
  ]);
  expect(bed.ledger.snapshot()).toMatchObject({ captureCopies: 2, captureCopiesBytes: 260 });
});

test('a capture at the far end has only what arrives', () => {
  const bed = createPipeBed({ delayNs: 1000 });
  const capture = createCapture(bed);
  bed.pipe.tapArrived(capture);
  put(bed, bed.pipe, numbered(1));
  expect(capture.recorded).toBe(0);
  bed.clock.set(3000);
  take(bed, bed.pipe);
  expect(parsePcap(capture.toBytes()).records).toEqual([{ timeUs: 1e9 + 3, frame: numbered(1), length: 64 }]);
  bed.pipe.tapArrived(null);
  put(bed, bed.pipe, numbered(2));
  bed.clock.set(9000);
  take(bed, bed.pipe);
  expect(capture.recorded).toBe(1);
});

test('long frames are cut at snapBytes and say how long they were', () => {
  const bed = createPipeBed();
  const capture = createCapture(bed, { snapBytes: 50 });
  bed.pipe.tapSent(capture);
  put(bed, bed.pipe, numbered(3, 200));
  expect(parsePcap(capture.toBytes()).records).toEqual([
    { timeUs: 1e9, frame: numbered(3, 50), length: 200 },
  ]);
});

test('a full buffer stops the recording and counts what was missed', () => {
  const bed = createPipeBed();
  const capture = createCapture(bed, { bufferBytes: 24 + 2 * 80 + 79, snapBytes: 64 });
  bed.pipe.tapSent(capture);
  for (let i = 0; i < 5; i++) put(bed, bed.pipe, numbered(i));
  expect([capture.recorded, capture.missed]).toEqual([2, 3]);
  expect(parsePcap(capture.toBytes()).records.length).toBe(2);
});

test('with a callback the buffer is used again and again, and the parts make one file', () => {
  const bed = createPipeBed();
  const parts: Uint8Array[] = [];
  const capture = createCapture(bed, { bufferBytes: 300, snapBytes: 200 }, (bytes) =>
    parts.push(bytes.slice()),
  );
  bed.pipe.tapSent(capture);
  const frames = Array.from({ length: 9 }, (_, i) => numbered(i, 60 + i * 10));
  for (const frame of frames) put(bed, bed.pipe, frame);
  capture.flush();
  capture.flush();
  expect(parts.length).toBeGreaterThan(3);
  expect(parts.every((part) => part.length > 0 && part.length <= 300)).toBe(true);
  const { records } = parsePcap(new Uint8Array(Buffer.concat(parts)));
  expect(records.map(({ frame }) => frame)).toEqual(frames);
  expect(capture.missed).toBe(0);
});

test('a buffer that cannot hold one record is refused', () => {
  const bed = createPipeBed();
  expect(() => createCapture(bed, { bufferBytes: 100, snapBytes: 100 })).toThrow(
    '"bufferBytes" expected at least 140',
  );
  expect(() => createCapture(bed, { snapBytes: 0 })).toThrow('"snapBytes"');
});
