/** Bytes of immediate data are their socket's while it lives, whatever becomes of their contexts. */
import { expect, it } from 'vitest';
import { ImmediateBytes } from '../../src/validate/immediate-bytes.ts';
import { Segment } from '../../src/validate/wire-segment.ts';

const [FIRST_CONTEXT, SLOTS, SLOT_BYTES, SOCKETS] = [8, 4, 16, 3];

function slots(): ImmediateBytes {
  return new ImmediateBytes({ offset: 0, count: SLOTS, bufferBytes: SLOT_BYTES }, FIRST_CONTEXT, SOCKETS);
}

/** A packet whose payload is these bytes. */
function differs(bytes: ImmediateBytes, socket: number, at: number, ...payload: number[]): boolean {
  const segment = new Segment();
  Object.assign(segment, { kept: payload.length, dataAt: 0 });
  return bytes.differs(socket, at, segment, Uint8Array.from(payload));
}

it('a packet has what was posted, of its own socket', () => {
  const bytes = slots();
  bytes.put(FIRST_CONTEXT, 1, 0, 4, Int32Array.of(0x04030201), 0);
  bytes.put(FIRST_CONTEXT + 1, 1, 4, 2, Int32Array.of(0x0605), 0);
  expect(differs(bytes, 1, 0, 1, 2, 3, 4, 5, 6)).toBe(false);
  expect(differs(bytes, 1, 3, 4, 5, 7)).toBe(true);
  expect(differs(bytes, 2, 0, 9, 9)).toBe(false);
  bytes.drop(FIRST_CONTEXT + 1);
  expect(differs(bytes, 1, 3, 4, 5, 7)).toBe(false);
});

it('what a number sent in its last life is not held against the next, though its context is still out', () => {
  const bytes = slots();
  bytes.put(FIRST_CONTEXT, 1, 0, 4, Int32Array.of(0x04030201), 0);
  bytes.put(FIRST_CONTEXT + 1, 1, 4, 4, Int32Array.of(0x08070605), 0);
  bytes.forget(1);
  expect(differs(bytes, 1, 0, 9, 9, 9, 9, 9)).toBe(false);
  bytes.put(FIRST_CONTEXT + 2, 1, 0, 1, Int32Array.of(7), 0);
  bytes.drop(FIRST_CONTEXT);
  bytes.put(FIRST_CONTEXT, 2, 0, 1, Int32Array.of(5), 0);
  expect([differs(bytes, 1, 0, 7), differs(bytes, 1, 0, 8)]).toEqual([false, true]);
  expect([differs(bytes, 2, 0, 5), differs(bytes, 2, 0, 1)]).toEqual([false, true]);
});
