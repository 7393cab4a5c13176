/** Kernel memory for sends: blocks that short sends share, given back when nothing holds them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SendMemory } from '../../src/host/send-memory.ts';
import { SOCK_OPEN, Sock } from '../../src/host/sock.ts';
import { trips } from '../rules/trips.ts';

const BLOCK_BYTES = 1024;

function memoryOf(count: number, sockets = 2): { memory: SendMemory; socks: Sock[] } {
  const socks = Array.from({ length: sockets }, () => new Sock());
  for (const [i, sock] of socks.entries()) sock.open(SOCK_OPEN, i, 1 << 20);
  return { memory: new SendMemory({ offset: 4096, count, bufferBytes: BLOCK_BYTES }), socks };
}

describe('send memory', () => {
  it('puts short sends of a socket behind each other, and those of another elsewhere', () => {
    const { memory, socks } = memoryOf(4);
    memory.take(socks[0], 0, 100);
    const first = memory.address;
    memory.take(socks[0], 0, 50);
    expect(memory.address).toBe(first + 100);
    memory.take(socks[1], 1, 50);
    expect(Math.abs(memory.address - first)).toBeGreaterThanOrEqual(BLOCK_BYTES);
    expect(socks.map(({ sendingBytes }) => sendingBytes)).toEqual([150, 50]);
  });

  it('cuts a long send at the end of a block, and says when there is no more', () => {
    const { memory, socks } = memoryOf(2);
    const lengths = [5000, 4000, 3000].map((wanted) => {
      const piece = memory.take(socks[0], 0, wanted);
      return piece < 0 ? -1 : memory.length;
    });
    expect(lengths).toEqual([BLOCK_BYTES, BLOCK_BYTES, -1]);
    expect(memory.serves(socks[0])).toBe(false);
  });

  it('tells nobody of what comes back for a socket that was closed', () => {
    const { memory, socks } = memoryOf(2);
    const piece = memory.take(socks[0], 0, 10);
    memory.close(socks[0]);
    socks[0].close();
    socks[0].open(SOCK_OPEN, 7, 1 << 20);
    expect(memory.give(piece, socks)).toBe(-1);
    expect(socks[0].sendingBytes).toBe(0);
    expect(memory.available).toBe(2);
  });

  it('has every block back, and no byte under way twice, whatever is sent, answered and closed', () => {
    const step = fc.record({
      what: fc.constantFrom('take', 'give', 'close'),
      socket: fc.nat(2),
      length: fc.integer({ min: 1, max: 3 * BLOCK_BYTES }),
      which: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { memory, socks } = memoryOf(5, 3);
        const held: { piece: number; from: number; to: number }[] = [];
        for (const { what, socket, length, which } of steps) {
          if (what === 'take') {
            const piece = memory.take(socks[socket], socket, length);
            if (piece < 0) continue;
            const [from, to] = [memory.address, memory.address + memory.length];
            for (const other of held) expect(to <= other.from || from >= other.to).toBe(true);
            held.push({ piece, from, to });
          } else if (what === 'give' && held.length > 0) {
            const [{ piece }] = held.splice(which % held.length, 1);
            memory.give(piece, socks);
          } else if (what === 'close') {
            memory.close(socks[socket]);
            socks[socket].close();
            socks[socket].open(SOCK_OPEN, 0, 1 << 20);
          }
        }
        for (const { piece } of held) memory.give(piece, socks);
        for (const sock of socks) {
          expect(sock.sendingBytes).toBe(0);
          memory.close(sock);
        }
        expect(memory.available).toBe(5);
      }),
    );
  });
});

trips('send memory: a piece holds at least a byte', () => {
  const { memory, socks } = memoryOf(1);
  memory.take(socks[0], 0, 0);
});
trips('send memory: the stack answers a piece', () => {
  const { memory, socks } = memoryOf(1);
  memory.give(-1, socks);
});
trips('send memory: a socket gives back no more than it held', () => {
  const { memory, socks } = memoryOf(1);
  const piece = memory.take(socks[0], 0, 10);
  socks[0].sendingBytes = 9;
  memory.give(piece, socks);
});
trips('send memory: a free block holds nothing', () => {
  const { memory, socks } = memoryOf(1);
  memory['holders'][0] = 1;
  memory.take(socks[0], 0, 10);
});
trips('send memory: a block is left as often as it was entered', () => {
  const { memory, socks } = memoryOf(1);
  const piece = memory.take(socks[0], 0, 10);
  memory['holders'][0] = 0;
  memory.give(piece, socks);
});
