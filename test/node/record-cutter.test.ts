/** However a TLS stream is cut into chunks, its records end where they end. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordCutter } from '../../src/node/record-cutter.ts';

const HEADER_BYTES = 5;

function record(length: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + length).fill(0x17);
  bytes[3] = length >> 8;
  bytes[4] = length;
  return bytes;
}

/** Where the cutter cuts a stream that comes in chunks of some length. */
function ends(stream: Uint8Array, chunkBytes: number): number[] {
  const cutter = new RecordCutter();
  const found: number[] = [];
  for (let from = 0; from < stream.length; from += chunkBytes) {
    const chunk = stream.subarray(from, from + chunkBytes);
    for (let at = 0; at < chunk.length; ) {
      at = cutter.cut(chunk, at);
      found.push(from + at);
    }
  }
  return found;
}

describe('a record cutter', () => {
  it('cuts at the ends of records and of chunks, and nowhere else', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(300), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 700 }),
        (lengths, chunkBytes) => {
          const stream = Buffer.concat(lengths.map(record));
          const expected = new Set<number>([stream.length]);
          let end = 0;
          for (const length of lengths) expected.add((end += HEADER_BYTES + length));
          for (let at = chunkBytes; at < stream.length; at += chunkBytes) expected.add(at);
          expect(ends(stream, chunkBytes)).toEqual([...expected].sort((a, b) => a - b));
        },
      ),
    );
  });
});
