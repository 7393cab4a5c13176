/** Hands a connection over from a test's stack to itself: its image, and nothing else, is what goes on. */
import { expect } from 'vitest';
import type { Side } from './side.ts';

/** Room for an image in a side's scratch memory. */
const ROOM = 1 << 20;

/** @returns the connection that goes on; `c` itself while there is nothing to hand over. */
export function moveToItself(side: Side, c: number, owner: number): number {
  const { stack, scratch } = side;
  const { nowUs, region } = side.world;
  const predicted = stack.tcpImageBytes(c);
  const written = stack.tcpHandOff(c, scratch, ROOM, nowUs);
  expect(written).toBe(predicted);
  if (written < 0) return c;
  const image = stack.tcpReadImage(scratch, written);
  let at = image.payloadAt + image.inOrderBytes + image.lateBytes;
  const sends = image.elements.map(({ length, more }) => {
    const place = side.place(region.bytes.slice(at, at + length));
    at += length;
    return { ...place, length, more };
  });
  stack.tcpClose(c, nowUs);
  return stack.tcpTakeOver(image, owner, { sends }, nowUs);
}
