/** However a byte stream is cut into chunks, its frames end where they end. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameCutter, type FrameLayout, HTTP2_FRAME, TLS_RECORD } from '../../src/node/frame-cutter.ts';

function frame(layout: FrameLayout, length: number): Uint8Array {
  const bytes = new Uint8Array(layout.headerBytes + length).fill(0x17);
  for (let i = 0; i < layout.lengthBytes; i++) {
    bytes[layout.lengthAt + i] = length >> (8 * (layout.lengthBytes - 1 - i));
  }
  return bytes;
}

/** Where the cutter cuts a stream that comes in chunks of some length. */
function ends(layout: FrameLayout, stream: Uint8Array, chunkBytes: number): number[] {
  const cutter = new FrameCutter(layout);
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

describe('a frame cutter', () => {
  for (const [name, layout] of Object.entries({ TLS_RECORD, HTTP2_FRAME })) {
    it(`cuts ${name} at the ends of frames and of chunks, and nowhere else`, () => {
      fc.assert(
        fc.property(
          fc.array(fc.nat(300), { minLength: 1, maxLength: 8 }),
          fc.integer({ min: 1, max: 700 }),
          (lengths, chunkBytes) => {
            const stream = Buffer.concat(lengths.map((length) => frame(layout, length)));
            const expected = new Set<number>([stream.length]);
            let end = 0;
            for (const length of lengths) expected.add((end += layout.headerBytes + length));
            for (let at = chunkBytes; at < stream.length; at += chunkBytes) expected.add(at);
            expect(ends(layout, stream, chunkBytes)).toEqual([...expected].sort((a, b) => a - b));
          },
        ),
      );
    });
  }

  it("takes a client's preface for one piece, and counts frames from its end", () => {
    const stream = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(HTTP2_FRAME, 0)]);
    expect(ends(HTTP2_FRAME, stream, 100)).toEqual([24, 33]);
  });
});
