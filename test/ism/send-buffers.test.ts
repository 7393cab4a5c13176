/**
 * Transmit buffers on the card's side: a context is the host's again when the host has been told, and not
 * earlier.
 */
import { describe, expect, it } from 'vitest';
import { SendBuffers } from '../../src/ism/sockets/send-buffers.ts';

const AREA = { offset: 4096, count: 4, bufferBytes: 2048 };
const SLOTS = { offset: 65536, count: 2, bufferBytes: 128 };

describe('a context', () => {
  it('is refused while the stack has it, and while its reply waits for a frame', () => {
    const buffers = new SendBuffers(AREA, SLOTS);
    const send = () => buffers.accept(1, AREA.offset + AREA.bufferBytes, 10, 0);
    expect(send()).toBe(true);
    expect(send()).toBe(false);
    buffers.release(1);
    expect(send()).toBe(false);
    expect(buffers.next()).toBe(1);
    expect(send()).toBe(true);
  });

  it('is refused in the same way where it names a slot of card memory, or a buffer of several pieces', () => {
    const buffers = new SendBuffers(AREA, SLOTS);
    expect(buffers.acceptImmediate(4, 10, 0)).toBe(SLOTS.offset);
    buffers.release(4);
    expect(buffers.acceptImmediate(4, 10, 0)).toBe(-1);
    expect(buffers.begin(4, 0)).toBe(false);
    buffers.next();
    expect(buffers.begin(4, 0)).toBe(true);
  });

  it('can be told with as many others as there are, however often the host sends them too early', () => {
    const buffers = new SendBuffers(AREA, SLOTS);
    for (let round = 0; round < 3; round++) {
      for (let context = 0; context < buffers.count; context++) {
        if (buffers.begin(context, 0)) buffers.release(context);
      }
    }
    buffers.check();
    expect(buffers.pending).toBe(buffers.count);
  });
});
