/** The socket contract: flags of receives, by which bytes stay, go nowhere, or tell their length. */
import { describe, expect, it } from 'vitest';
import { READABLE, SHUT_WR, SOCK_DGRAM } from '../../src/socket/contract.ts';
import * as errno from '../../src/socket/errno.ts';
import {
  MSG_DONTWAIT,
  MSG_EOR,
  MSG_MORE,
  MSG_NOSIGNAL,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
} from '../../src/socket/message-flags.ts';
import { ADDRESS, type Bed } from './bed.ts';

export function flagTests(bed: () => Bed): void {
  describe('flags of a send', () => {
    it.each([
      ['none', 0],
      ['MSG_MORE', MSG_MORE],
      ['MSG_EOR', MSG_EOR],
      ['both', MSG_MORE | MSG_EOR],
      ['idle ones', MSG_DONTWAIT | MSG_NOSIGNAL],
    ])('lose no byte and change no order: %s', (_, flags) => {
      const { client, server } = bed().pair();
      const sent = Uint8Array.from({ length: 20_000 }, (_byte, i) => (i * 13 + (i >> 7)) & 0xff);
      const read = new Uint8Array(sent.length);
      let [done, got, turn] = [0, 0, 0];
      bed().until(() => {
        const piece = Math.min([1, 9, 1448, 97, 5000][turn++ % 5], sent.length - done);
        const taken = piece > 0 ? bed().stack.send(client, sent, done, piece, turn % 3 === 0 ? 0 : flags) : 0;
        if (taken > 0) done += taken;
        const count = bed().stack.recv(server, read, got, read.length - got);
        if (count > 0) got += count;
        return got === sent.length;
      }, 'all bytes');
      expect(Buffer.compare(read, sent)).toBe(0);
    });

    it('go with what is sent before the end', () => {
      const { client, server } = bed().pair();
      expect(bed().stack.send(client, new TextEncoder().encode('held'), 0, 4, MSG_MORE)).toBe(4);
      expect(bed().stack.shutdown(client, SHUT_WR)).toBe(0);
      expect(bed().receive(server)).toBe('held');
      expect(bed().receive(server)).toBe(0);
      expect(bed().stack.send(client, new Uint8Array(1), 0, 1, MSG_MORE)).toBe(-errno.EPIPE);
      expect(bed().stack.send(-1, new Uint8Array(1), 0, 1, MSG_EOR)).toBe(-errno.EBADF);
    });
  });

  describe('flags of a receive', () => {
    const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
    const peek = (socket: number, length: number, flags = 0): string | number => {
      const bytes = new Uint8Array(length);
      const got = bed().stack.recv(socket, bytes, 0, length, MSG_PEEK | MSG_DONTWAIT | flags);
      return got > 0 ? textOf(bytes.subarray(0, got)) : got;
    };
    const untilHeld = (socket: number, text: string): void =>
      bed().until(() => peek(socket, text.length) === text, `${text} to look at`);

    it('leave what is looked at, however often and however it came', () => {
      const { client, server } = bed().pair();
      expect(peek(server, 4)).toBe(-errno.EAGAIN);
      bed().send(client, 'abc');
      bed().send(client, 'defg');
      untilHeld(server, 'abcdefg');
      expect(peek(server, 3)).toBe('abc');
      expect(peek(server, 99)).toBe('abcdefg');
      expect(bed().stack.readiness(server) & READABLE).toBe(READABLE);
      expect(bed().receive(server, 5)).toBe('abcde');
      expect(peek(server, 9)).toBe('fg');
      expect(bed().receive(server, 5)).toBe('fg');
      expect(peek(server, 9)).toBe(-errno.EAGAIN);
    });

    it('look at many bytes as they lie, and all of them can be read after', () => {
      const { client, server } = bed().pair();
      const sent = Uint8Array.from({ length: 12_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
      let done = 0;
      const seen = new Uint8Array(sent.length);
      bed().until(() => {
        const count = bed().stack.send(client, sent, done, sent.length - done);
        if (count > 0) done += count;
        const got = bed().stack.recv(server, seen, 0, seen.length, MSG_PEEK);
        return got === sent.length;
      }, 'all bytes to look at');
      expect(Buffer.compare(seen, sent)).toBe(0);
      const read = new Uint8Array(sent.length);
      let got = 0;
      bed().until(() => {
        const count = bed().stack.recv(server, read, got, Math.min(7001, read.length - got));
        if (count > 0) got += count;
        return got === sent.length;
      }, 'all bytes read');
      expect(Buffer.compare(read, sent)).toBe(0);
    });

    it('look at the end of a stream, and at bytes before it', () => {
      const { client, server } = bed().pair();
      bed().send(client, 'last');
      bed().close(client);
      untilHeld(server, 'last');
      expect(bed().receive(server)).toBe('last');
      bed().until(() => peek(server, 4) === 0, 'the end');
      expect(peek(server, 4)).toBe(0);
      expect(bed().receive(server)).toBe(0);
    });

    it('count bytes that are looked at to be thrown away, and leave them', () => {
      const { client, server } = bed().pair();
      bed().send(client, 'abcdef');
      untilHeld(server, 'abcdef');
      expect(bed().stack.recv(server, new Uint8Array(4), 0, 4, MSG_PEEK | MSG_TRUNC)).toBe(4);
      expect(bed().stack.recv(server, new Uint8Array(9), 0, 9, MSG_PEEK | MSG_TRUNC)).toBe(6);
      expect(bed().receive(server)).toBe('abcdef');
    });

    it('are refused by name where there is nothing to serve, and idle ones change nothing', () => {
      const { client, server } = bed().pair();
      expect(peek(bed().socket(), 1)).toBe(-errno.ENOTCONN);
      expect(bed().stack.recv(-1, new Uint8Array(1), 0, 1, MSG_PEEK)).toBe(-errno.EBADF);
      bed().send(client, 'abc');
      untilHeld(server, 'abc');
      expect(bed().stack.recv(server, new Uint8Array(9), 0, 9, MSG_WAITALL | MSG_DONTWAIT)).toBe(3);
      expect(bed().stack.recv(server, new Uint8Array(9), 0, 9, MSG_OOB)).toBe(-errno.EINVAL);
    });

    it('tell how long a datagram is, and leave it and its source', () => {
      const [one, other] = [bed().socket(SOCK_DGRAM), bed().socket(SOCK_DGRAM)];
      for (const socket of [one, other]) expect(bed().stack.bind(socket, ADDRESS, 0)).toBe(0);
      const from = { address: 0, port: 0 };
      const port = bed().stack.localEndpoint(other)?.port ?? 0;
      const source = { address: ADDRESS, port: bed().stack.localEndpoint(one)?.port ?? 0 };
      const bytes = new TextEncoder().encode('datagram');
      for (const length of [8, 3]) {
        expect(bed().stack.sendTo(one, bytes, 0, length, ADDRESS, port, MSG_DONTWAIT)).toBe(length);
      }
      const take = (length: number, flags: number): [number, string] => {
        const into = new Uint8Array(length);
        const got = bed().stack.recvFrom(other, into, 0, length, from, flags);
        return [got, textOf(into.subarray(0, Math.max(0, Math.min(got, length))))];
      };
      bed().until(() => take(4, MSG_PEEK)[0] === 4, 'a datagram');
      expect(from).toEqual(source);
      expect(take(4, MSG_PEEK | MSG_TRUNC)).toEqual([8, 'data']);
      expect(take(20, MSG_PEEK)).toEqual([8, 'datagram']);
      from.port = 0;
      expect(take(4, MSG_TRUNC)).toEqual([8, 'data']);
      expect(from).toEqual(source);
      bed().until(() => take(9, MSG_PEEK)[0] === 3, 'the next datagram');
      expect(take(9, MSG_WAITALL)).toEqual([3, 'dat']);
      expect(take(9, MSG_PEEK)[0]).toBe(-errno.EAGAIN);
    });
  });
}
