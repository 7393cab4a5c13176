/** The socket contract: bytes under way, and what waiting and turnover must do. */
import { describe, expect, it } from 'vitest';
import { READABLE, WRITABLE } from '../../src/socket/contract.ts';
import * as errno from '../../src/socket/errno.ts';
import { MSG_DONTWAIT, MSG_OOB, MSG_TRUNC } from '../../src/socket/message-flags.ts';
import type { Bed } from './bed.ts';

export function bytesTests(bed: () => Bed): void {
  describe('bytes', () => {
    it('arrive in order, whatever the cuts', () => {
      const { client, server } = bed().pair();
      bed().send(client, 'abc');
      bed().send(client, 'defg');
      let text = '';
      while (text.length < 7) text += bed().receive(server, 2);
      expect(text).toBe('abcdefg');
    });

    it('are placed at the offset asked for and nowhere else', () => {
      const { client, server } = bed().pair();
      const source = Uint8Array.from([1, 2, 3, 4, 5, 6]);
      expect(bed().stack.send(client, source, 2, 3)).toBe(3);
      const target = new Uint8Array(8).fill(9);
      bed().untilReady(server, READABLE);
      expect(bed().stack.recv(server, target, 4, 2)).toBe(2);
      expect([...target]).toEqual([9, 9, 9, 9, 3, 4, 9, 9]);
      expect(bed().stack.recv(server, target, 0, 8)).toBe(1);
      expect(target[0]).toBe(5);
    });

    it('go nowhere with MSG_TRUNC, and none are urgent alone', () => {
      const { client, server } = bed().pair();
      bed().send(client, 'abcdefgh');
      bed().untilReady(server, READABLE);
      const target = new Uint8Array(4);
      const { stack } = bed();
      expect(stack.recv(server, target, 0, 4, MSG_TRUNC | MSG_DONTWAIT)).toBe(4);
      expect(bed().receive(server, 4)).toBe('efgh');
      expect(stack.recv(server, target, 0, 4, MSG_DONTWAIT)).toBe(-errno.EAGAIN);
      expect(stack.recv(server, target, 0, 4, MSG_OOB)).toBe(-errno.EINVAL);
    });

    it('arrive whole, whatever the addresses modulo 8 at either end', () => {
      const { client, server } = bed().pair();
      for (const length of [1, 96, 97, 128, 1460, 16384, 65536]) {
        for (let phase = 0; phase < 64; phase += length < 2000 ? 1 : 9) {
          const source = new Uint8Array(length + 8).subarray(phase & 7, (phase & 7) + length);
          for (let i = 0; i < length; i++) source[i] = (i * 31 + (i >>> 8) * 7 + phase) & 0xff;
          expectThrough(bed(), client, server, source, phase >>> 3);
        }
      }
    });

    it('belong to the stack once send has returned', () => {
      const { client, server } = bed().pair();
      const bytes = new Uint8Array(5000).fill(1);
      expect(bed().stack.send(client, bytes, 0, 5000)).toBe(5000);
      bytes.fill(2);
      const target = new Uint8Array(5000);
      let got = 0;
      bed().until(() => {
        const count = bed().stack.recv(server, target, got, 5000 - got);
        if (count > 0) got += count;
        return got === 5000;
      }, '5000 bytes');
      expect(target.every((byte) => byte === 1)).toBe(true);
    });

    it('none yet is EAGAIN', () => {
      const { client, server } = bed().pair();
      expect(bed().stack.recv(client, new Uint8Array(1), 0, 1)).toBe(-errno.EAGAIN);
      expect(bed().stack.recv(server, new Uint8Array(1), 0, 1)).toBe(-errno.EAGAIN);
      expect(bed().stack.readiness(client)).toBe(WRITABLE);
    });

    it('a length of 0 sends and receives nothing', () => {
      const { client, server } = bed().pair();
      expect(bed().stack.send(client, new Uint8Array(1), 0, 0)).toBe(0);
      bed().send(client, 'x');
      bed().untilReady(server, READABLE);
      expect(bed().stack.recv(server, new Uint8Array(1), 0, 0)).toBe(0);
      expect(bed().receive(server)).toBe('x');
    });

    it('fill the buffers until EAGAIN, and every one arrives once there is room', () => {
      const { client, server } = bed().pair();
      const chunk = Uint8Array.from({ length: 10_007 }, (_, i) => i % 251);
      let sent = 0;
      // A stack in a thread of its own may still take bytes a little later: three quiet waits, and no room
      // left.
      const full = (): boolean => (bed().stack.readiness(client) & WRITABLE) === 0;
      for (let quiet = 0; quiet < 3 || !full(); ) {
        const count = bed().stack.send(
          client,
          chunk,
          sent % chunk.length,
          chunk.length - (sent % chunk.length),
        );
        if (count > 0) sent += count;
        else expect(count).toBe(-errno.EAGAIN);
        quiet = count > 0 ? 0 : quiet + 1;
        if (count < 0) bed().stack.wait(5);
      }
      expect(sent).toBeGreaterThan(10_000);
      expect(bed().stack.readiness(client) & WRITABLE).toBe(0);
      const target = new Uint8Array(65_536);
      let received = 0;
      let wrong = 0;
      bed().until(() => {
        const count = bed().stack.recv(server, target, 0, target.length);
        for (let i = 0; i < count; i++) if (target[i] !== ((received + i) % chunk.length) % 251) wrong += 1;
        if (count > 0) received += count;
        return received === sent;
      }, 'all the bytes');
      expect(wrong).toBe(0);
      bed().untilReady(client, WRITABLE);
      expect(bed().sendOne(client)).toBe(1);
    });

    it('flow both ways at once', () => {
      const { client, server } = bed().pair();
      const total = 300_000;
      const chunk = new Uint8Array(8192);
      const sent = [0, 0];
      const got = [0, 0];
      bed().until(() => {
        [client, server].forEach((socket, side) => {
          const out = bed().stack.send(socket, chunk, 0, Math.min(chunk.length, total - sent[side]));
          if (out > 0) sent[side] += out;
          const count = bed().stack.recv(socket, chunk, 0, chunk.length);
          if (count > 0) got[side] += count;
        });
        return got[0] === total && got[1] === total;
      }, 'both transfers');
    });
  });

  describe('waiting', () => {
    it('ends at the timeout when nothing happens', () => {
      bed().listen();
      bed().stack.wait(0);
      for (let i = 0; i < 20 && bed().stack.wait(1) > 0; i++);
      expect(bed().stack.wait(1)).toBe(0);
    });
  });

  describe('turnover', () => {
    it('2,000 connections one after the other leave nothing behind', () => {
      const listener = bed().listen();
      let highest = 0;
      for (let i = 0; i < 2000; i++) {
        const client = bed().connect(listener.port);
        const server = bed().accept(listener.socket);
        bed().send(server, 'hi');
        bed().close(server);
        expect(bed().receive(client)).toBe('hi');
        expect(bed().receive(client)).toBe(0);
        bed().close(client);
        highest = Math.max(highest, client, server);
      }
      // Numbers are used again: a socket that was kept would push them up.
      expect(highest).toBeLessThan(1000);
    });
  });
}

/**
 * Sends bytes and expects them back, read in pieces of lengths of their own, to addresses that begin `phase`
 * bytes behind a double word, with nothing written before or behind.
 */
function expectThrough(bed: Bed, client: number, server: number, source: Uint8Array, phase: number): void {
  const { length } = source;
  const memory = new Uint8Array(length + 24).fill(0xee);
  const target = memory.subarray(phase + 8, phase + 8 + length);
  let sent = 0;
  let got = 0;
  bed.until(() => {
    const taken = sent < length ? bed.stack.send(client, source, sent, length - sent) : 0;
    if (taken > 0) sent += taken;
    const piece = Math.min(length - got, 300 + ((got * 7 + phase) % 20000));
    const count = bed.stack.recv(server, target, got, piece);
    if (count > 0) got += count;
    return got === length;
  }, `${length} bytes to phase ${phase}`);
  expect(Buffer.compare(target, source)).toBe(0);
  expect(memory.subarray(0, phase + 8).every((byte) => byte === 0xee)).toBe(true);
  expect(memory.subarray(phase + 8 + length).every((byte) => byte === 0xee)).toBe(true);
}
