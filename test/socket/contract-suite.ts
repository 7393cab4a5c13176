/**
 * What every stack under `socket/contract.ts` must answer, call by call. Run on the kernel it states what Linux does; run
 * on the card it finds every difference. No expectation here is ours: each was first seen on the kernel.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SocketStack } from '../../src/socket/contract.ts';
import {
  FAILED,
  HANGUP,
  READABLE,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  WRITABLE,
} from '../../src/socket/contract.ts';
import * as errno from '../../src/socket/errno.ts';
import { errnoName } from '../../src/socket/errno.ts';
import * as option from '../../src/socket/options.ts';

export interface StackUnderTest {
  readonly stack: SocketStack;
  /** Gives everything back; called after each test, with sockets possibly open. */
  close(): Promise<void>;
}

const ADDRESS = 0x7f000001;
/** Waits of one condition: far more than any stack needs, so that only a stack that never answers fails. */
const WAITS_MAX = 300;
const WAIT_MS = 20;

interface Pair {
  client: number;
  server: number;
}

/** A thin layer that keeps tests readable: unexpected answers throw with the errno's name. */
class Bed {
  readonly stack: SocketStack;
  private readonly open = new Set<number>();

  constructor(stack: SocketStack) {
    this.stack = stack;
  }

  ok(call: string, answer: number): number {
    if (answer < 0) throw new Error(`${call}: ${errnoName(answer)}`);
    return answer;
  }

  socket(): number {
    const socket = this.ok('socket', this.stack.socket());
    this.open.add(socket);
    return socket;
  }

  close(socket: number): number {
    this.open.delete(socket);
    return this.stack.close(socket);
  }

  closeAll(): void {
    for (const socket of this.open) this.stack.close(socket);
    this.open.clear();
  }

  /** Polls and waits until the condition holds. */
  until(condition: () => boolean, what: string): void {
    for (let i = 0; i < WAITS_MAX; i++) {
      if (condition()) return;
      this.stack.poll();
      if (condition()) return;
      this.stack.wait(WAIT_MS);
    }
    throw new Error(`never happened: ${what}`);
  }

  untilReady(socket: number, bits: number): number {
    this.until(() => (this.stack.readiness(socket) & bits) === bits, `readiness ${bits} of socket ${socket}`);
    return this.stack.readiness(socket);
  }

  listen(backlog = 8): { socket: number; port: number } {
    const socket = this.socket();
    this.ok('bind', this.stack.bind(socket, ADDRESS, 0));
    this.ok('listen', this.stack.listen(socket, backlog));
    const port = this.stack.localEndpoint(socket)?.port ?? 0;
    expect(port).toBeGreaterThan(0);
    return { socket, port };
  }

  connect(port: number): number {
    const client = this.socket();
    expect(this.stack.connect(client, ADDRESS, port)).toBe(-errno.EINPROGRESS);
    return client;
  }

  accept(listener: number): number {
    this.untilReady(listener, READABLE);
    const socket = this.ok('accept', this.stack.accept(listener));
    this.open.add(socket);
    return socket;
  }

  pair(): Pair {
    const listener = this.listen();
    const client = this.connect(listener.port);
    const server = this.accept(listener.socket);
    this.untilReady(client, WRITABLE);
    expect(this.stack.getOption(client, option.SO_ERROR)).toBe(0);
    this.close(listener.socket);
    return { client, server };
  }

  send(socket: number, text: string): void {
    const bytes = new TextEncoder().encode(text);
    expect(this.stack.send(socket, bytes, 0, bytes.length)).toBe(bytes.length);
  }

  /** The first answer of `recv` other than EAGAIN: text, or a number that is 0 or a negative errno. */
  receive(socket: number, length = 64): string | number {
    const bytes = new Uint8Array(length);
    let got: number = -errno.EAGAIN;
    this.until(() => {
      got = this.stack.recv(socket, bytes, 0, length);
      return got !== -errno.EAGAIN;
    }, 'an answer of recv');
    return got > 0 ? new TextDecoder().decode(bytes.subarray(0, got)) : got;
  }

  sendOne(socket: number): number {
    return this.stack.send(socket, new Uint8Array(1), 0, 1);
  }
}

export function socketContractTests(name: string, makeStack: () => Promise<StackUnderTest>): void {
  describe(`${name}: the socket contract`, () => {
    let under: StackUnderTest;
    let bed: Bed;
    let stack: SocketStack;

    beforeEach(async () => {
      under = await makeStack();
      stack = under.stack;
      bed = new Bed(stack);
    });

    afterEach(async () => {
      bed.closeAll();
      await under.close();
    });

    describe('addresses', () => {
      it('bind to port 0 picks a port and localEndpoint tells it', () => {
        const socket = bed.socket();
        expect(stack.bind(socket, ADDRESS, 0)).toBe(0);
        const endpoint = stack.localEndpoint(socket);
        expect(endpoint?.address).toBe(ADDRESS);
        expect(endpoint?.port).toBeGreaterThan(0);
      });

      it('a second bind of one socket is EINVAL', () => {
        const socket = bed.socket();
        expect(stack.bind(socket, ADDRESS, 0)).toBe(0);
        expect(stack.bind(socket, ADDRESS, 0)).toBe(-errno.EINVAL);
      });

      it('a port in use is EADDRINUSE, and free again after close', () => {
        const listener = bed.listen();
        const second = bed.socket();
        expect(stack.bind(second, ADDRESS, listener.port)).toBe(-errno.EADDRINUSE);
        bed.close(listener.socket);
        stack.poll();
        expect(stack.bind(second, ADDRESS, listener.port)).toBe(0);
      });

      it('an address of nobody here is EADDRNOTAVAIL', () => {
        expect(stack.bind(bed.socket(), 0xcb007107, 0)).toBe(-errno.EADDRNOTAVAIL);
      });

      it('both ends agree on the endpoints', () => {
        const { client, server } = bed.pair();
        expect(stack.remoteEndpoint(client)).toEqual(stack.localEndpoint(server));
        expect(stack.localEndpoint(client)).toEqual(stack.remoteEndpoint(server));
        expect(stack.remoteEndpoint(client)?.address).toBe(ADDRESS);
      });

      it('an unconnected socket has no remote endpoint', () => {
        expect(stack.remoteEndpoint(bed.socket())).toBeUndefined();
      });

      it('listen without bind takes a port of its own', () => {
        const socket = bed.socket();
        expect(stack.listen(socket, 1)).toBe(0);
        expect(stack.localEndpoint(socket)?.port).toBeGreaterThan(0);
      });
    });

    describe('connecting', () => {
      it('connect is EINPROGRESS, then WRITABLE with SO_ERROR 0, then EISCONN', () => {
        const listener = bed.listen();
        const client = bed.connect(listener.port);
        const ready = bed.untilReady(client, WRITABLE);
        expect(ready & (FAILED | HANGUP)).toBe(0);
        expect(stack.getOption(client, option.SO_ERROR)).toBe(0);
        // Linux answers 0 once, to the first call after the handshake.
        expect([0, -errno.EISCONN]).toContain(stack.connect(client, ADDRESS, listener.port));
        expect(stack.connect(client, ADDRESS, listener.port)).toBe(-errno.EISCONN);
      });

      it('a connection is established before it is accepted, and takes bytes', () => {
        const listener = bed.listen();
        const client = bed.connect(listener.port);
        bed.untilReady(client, WRITABLE);
        bed.send(client, 'early');
        const server = bed.accept(listener.socket);
        expect(bed.receive(server)).toBe('early');
      });

      it('a closed port is ECONNREFUSED through SO_ERROR, once', () => {
        const listener = bed.listen();
        bed.close(listener.socket);
        stack.poll();
        const client = bed.connect(listener.port);
        bed.untilReady(client, WRITABLE | FAILED | READABLE | HANGUP);
        expect(stack.getOption(client, option.SO_ERROR)).toBe(errno.ECONNREFUSED);
        expect(stack.getOption(client, option.SO_ERROR)).toBe(0);
      });

      it('a refused connection tells recv once, then ends', () => {
        const listener = bed.listen();
        bed.close(listener.socket);
        const client = bed.connect(listener.port);
        expect(bed.receive(client)).toBe(-errno.ECONNREFUSED);
        expect(bed.receive(client)).toBe(0);
        expect(bed.sendOne(client)).toBe(-errno.EPIPE);
      });

      it('a refused connection tells send once, then EPIPE', () => {
        const listener = bed.listen();
        bed.close(listener.socket);
        const client = bed.connect(listener.port);
        bed.untilReady(client, FAILED);
        expect(bed.sendOne(client)).toBe(-errno.ECONNREFUSED);
        expect(bed.sendOne(client)).toBe(-errno.EPIPE);
      });

      it('accept of an empty queue is EAGAIN, of a socket that does not listen EINVAL', () => {
        expect(stack.accept(bed.listen().socket)).toBe(-errno.EAGAIN);
        expect(stack.accept(bed.socket())).toBe(-errno.EINVAL);
      });

      it('listen on a connected socket is EINVAL', () => {
        expect(stack.listen(bed.pair().client, 1)).toBe(-errno.EINVAL);
      });

      it('connect on a listening socket is EISCONN', () => {
        const listener = bed.listen();
        expect(stack.connect(listener.socket, ADDRESS, listener.port)).toBe(-errno.EISCONN);
      });

      it('a listener is readable while a connection waits', () => {
        const listener = bed.listen();
        expect(stack.readiness(listener.socket)).toBe(0);
        bed.connect(listener.port);
        bed.untilReady(listener.socket, READABLE);
        bed.accept(listener.socket);
        expect(stack.readiness(listener.socket)).toBe(0);
      });

      it('connections are accepted in the order they were made', () => {
        const listener = bed.listen();
        const ports: number[] = [];
        for (let i = 0; i < 5; i++) {
          const client = bed.connect(listener.port);
          bed.untilReady(client, WRITABLE);
          ports.push(stack.localEndpoint(client)?.port ?? 0);
        }
        const accepted = ports.map(() => stack.remoteEndpoint(bed.accept(listener.socket))?.port);
        expect(accepted).toEqual(ports);
      });

      it('closing a listener resets who waited in its queue', () => {
        const listener = bed.listen();
        const client = bed.connect(listener.port);
        bed.untilReady(client, WRITABLE);
        bed.untilReady(listener.socket, READABLE);
        bed.close(listener.socket);
        expect(bed.receive(client)).toBe(-errno.ECONNRESET);
      });
    });

    describe('bytes', () => {
      it('arrive in order, whatever the cuts', () => {
        const { client, server } = bed.pair();
        bed.send(client, 'abc');
        bed.send(client, 'defg');
        let text = '';
        while (text.length < 7) text += bed.receive(server, 2);
        expect(text).toBe('abcdefg');
      });

      it('are placed at the offset asked for and nowhere else', () => {
        const { client, server } = bed.pair();
        const source = Uint8Array.from([1, 2, 3, 4, 5, 6]);
        expect(stack.send(client, source, 2, 3)).toBe(3);
        const target = new Uint8Array(8).fill(9);
        bed.untilReady(server, READABLE);
        expect(stack.recv(server, target, 4, 2)).toBe(2);
        expect([...target]).toEqual([9, 9, 9, 9, 3, 4, 9, 9]);
        expect(stack.recv(server, target, 0, 8)).toBe(1);
        expect(target[0]).toBe(5);
      });

      it('belong to the stack once send has returned', () => {
        const { client, server } = bed.pair();
        const bytes = new Uint8Array(5000).fill(1);
        expect(stack.send(client, bytes, 0, 5000)).toBe(5000);
        bytes.fill(2);
        const target = new Uint8Array(5000);
        let got = 0;
        bed.until(() => {
          const count = stack.recv(server, target, got, 5000 - got);
          if (count > 0) got += count;
          return got === 5000;
        }, '5000 bytes');
        expect(target.every((byte) => byte === 1)).toBe(true);
      });

      it('none yet is EAGAIN', () => {
        const { client, server } = bed.pair();
        expect(stack.recv(client, new Uint8Array(1), 0, 1)).toBe(-errno.EAGAIN);
        expect(stack.recv(server, new Uint8Array(1), 0, 1)).toBe(-errno.EAGAIN);
        expect(stack.readiness(client)).toBe(WRITABLE);
      });

      it('a length of 0 sends and receives nothing', () => {
        const { client, server } = bed.pair();
        expect(stack.send(client, new Uint8Array(1), 0, 0)).toBe(0);
        bed.send(client, 'x');
        bed.untilReady(server, READABLE);
        expect(stack.recv(server, new Uint8Array(1), 0, 0)).toBe(0);
        expect(bed.receive(server)).toBe('x');
      });

      it('fill the buffers until EAGAIN, and every one arrives once there is room', () => {
        const { client, server } = bed.pair();
        const chunk = Uint8Array.from({ length: 10_007 }, (_, i) => i % 251);
        let sent = 0;
        for (let quiet = 0; quiet < 3; ) {
          const count = stack.send(client, chunk, sent % chunk.length, chunk.length - (sent % chunk.length));
          if (count > 0) sent += count;
          else expect(count).toBe(-errno.EAGAIN);
          quiet = count > 0 ? 0 : quiet + 1;
          if (count < 0) stack.wait(5);
        }
        expect(sent).toBeGreaterThan(10_000);
        expect(stack.readiness(client) & WRITABLE).toBe(0);
        const target = new Uint8Array(65_536);
        let received = 0;
        let wrong = 0;
        bed.until(() => {
          const count = stack.recv(server, target, 0, target.length);
          for (let i = 0; i < count; i++) if (target[i] !== ((received + i) % chunk.length) % 251) wrong += 1;
          if (count > 0) received += count;
          return received === sent;
        }, 'all the bytes');
        expect(wrong).toBe(0);
        bed.untilReady(client, WRITABLE);
        expect(bed.sendOne(client)).toBe(1);
      });

      it('flow both ways at once', () => {
        const { client, server } = bed.pair();
        const total = 300_000;
        const chunk = new Uint8Array(8192);
        const sent = [0, 0];
        const got = [0, 0];
        bed.until(() => {
          [client, server].forEach((socket, side) => {
            const out = stack.send(socket, chunk, 0, Math.min(chunk.length, total - sent[side]));
            if (out > 0) sent[side] += out;
            const count = stack.recv(socket, chunk, 0, chunk.length);
            if (count > 0) got[side] += count;
          });
          return got[0] === total && got[1] === total;
        }, 'both transfers');
      });
    });

    describe('the end', () => {
      it('shutdown of writing ends the stream for the peer and leaves the other way open', () => {
        const { client, server } = bed.pair();
        bed.send(client, 'last');
        expect(stack.shutdown(client, SHUT_WR)).toBe(0);
        expect(bed.receive(server)).toBe('last');
        expect(bed.receive(server)).toBe(0);
        expect(bed.receive(server)).toBe(0);
        bed.send(server, 'reply');
        expect(bed.receive(client)).toBe('reply');
        expect(bed.sendOne(client)).toBe(-errno.EPIPE);
      });

      it('the end of the stream is READABLE', () => {
        const { client, server } = bed.pair();
        stack.shutdown(client, SHUT_WR);
        expect(bed.untilReady(server, READABLE) & (HANGUP | FAILED)).toBe(0);
      });

      it('both directions ended is HANGUP', () => {
        const { client, server } = bed.pair();
        stack.shutdown(client, SHUT_WR);
        bed.untilReady(server, READABLE);
        stack.shutdown(server, SHUT_WR);
        bed.untilReady(client, HANGUP | READABLE);
        bed.untilReady(server, HANGUP | READABLE);
      });

      it('shutdown of reading answers recv with 0', () => {
        const { client } = bed.pair();
        expect(stack.shutdown(client, SHUT_RD)).toBe(0);
        expect(stack.recv(client, new Uint8Array(1), 0, 1)).toBe(0);
        expect(bed.sendOne(client)).toBe(1);
      });

      it('shutdown of both ends both', () => {
        const { client, server } = bed.pair();
        expect(stack.shutdown(client, SHUT_RDWR)).toBe(0);
        expect(stack.recv(client, new Uint8Array(1), 0, 1)).toBe(0);
        expect(bed.sendOne(client)).toBe(-errno.EPIPE);
        expect(bed.receive(server)).toBe(0);
      });

      it('shutdown without a connection is ENOTCONN', () => {
        expect(stack.shutdown(bed.socket(), SHUT_WR)).toBe(-errno.ENOTCONN);
      });

      it('recv without a connection is ENOTCONN, send EPIPE', () => {
        const socket = bed.socket();
        expect(stack.recv(socket, new Uint8Array(1), 0, 1)).toBe(-errno.ENOTCONN);
        expect(bed.sendOne(socket)).toBe(-errno.EPIPE);
      });

      it('recv and send on a listening socket are ENOTCONN and EPIPE', () => {
        const listener = bed.listen();
        expect(stack.recv(listener.socket, new Uint8Array(1), 0, 1)).toBe(-errno.ENOTCONN);
        expect(bed.sendOne(listener.socket)).toBe(-errno.EPIPE);
      });

      it('what was sent before close is still delivered', () => {
        const { client, server } = bed.pair();
        bed.send(client, 'farewell');
        expect(bed.close(client)).toBe(0);
        expect(bed.receive(server)).toBe('farewell');
        expect(bed.receive(server)).toBe(0);
      });

      it('close with bytes unread resets the peer', () => {
        const { client, server } = bed.pair();
        bed.send(client, 'never read');
        bed.untilReady(server, READABLE);
        bed.close(server);
        bed.untilReady(client, FAILED | READABLE | WRITABLE | HANGUP);
        expect(bed.receive(client)).toBe(-errno.ECONNRESET);
        expect(bed.receive(client)).toBe(0);
        expect(bed.sendOne(client)).toBe(-errno.EPIPE);
      });

      it('a reset answers send with ECONNRESET once, then EPIPE', () => {
        const { client, server } = bed.pair();
        stack.setOption(server, option.SO_LINGER_SECONDS, 0);
        bed.close(server);
        bed.untilReady(client, FAILED);
        expect(bed.sendOne(client)).toBe(-errno.ECONNRESET);
        expect(bed.sendOne(client)).toBe(-errno.EPIPE);
      });

      it('a linger of 0 makes close a reset', () => {
        const { client, server } = bed.pair();
        expect(stack.setOption(client, option.SO_LINGER_SECONDS, 0)).toBe(0);
        bed.close(client);
        expect(bed.receive(server)).toBe(-errno.ECONNRESET);
      });

      it('a write to a peer that has closed is taken, the next is EPIPE', () => {
        const { client, server } = bed.pair();
        bed.close(server);
        expect(bed.receive(client)).toBe(0);
        expect(bed.sendOne(client)).toBe(1);
        bed.untilReady(client, FAILED);
        expect(bed.sendOne(client)).toBe(-errno.EPIPE);
      });

      it('both may close at once', () => {
        const { client, server } = bed.pair();
        expect(bed.close(client)).toBe(0);
        expect(bed.close(server)).toBe(0);
      });

      it('a closed socket is EBADF to every call', () => {
        const socket = bed.socket();
        expect(bed.close(socket)).toBe(0);
        const byte = new Uint8Array(1);
        expect(bed.close(socket)).toBe(-errno.EBADF);
        expect(stack.bind(socket, ADDRESS, 0)).toBe(-errno.EBADF);
        expect(stack.listen(socket, 1)).toBe(-errno.EBADF);
        expect(stack.accept(socket)).toBe(-errno.EBADF);
        expect(stack.connect(socket, ADDRESS, 1)).toBe(-errno.EBADF);
        expect(stack.send(socket, byte, 0, 1)).toBe(-errno.EBADF);
        expect(stack.recv(socket, byte, 0, 1)).toBe(-errno.EBADF);
        expect(stack.shutdown(socket, SHUT_WR)).toBe(-errno.EBADF);
        expect(stack.setOption(socket, option.TCP_NODELAY, 1)).toBe(-errno.EBADF);
        expect(stack.getOption(socket, option.TCP_NODELAY)).toBe(-errno.EBADF);
        expect(stack.localEndpoint(socket)).toBeUndefined();
      });

      it('a number never given is EBADF', () => {
        expect(stack.recv(100_000, new Uint8Array(1), 0, 1)).toBe(-errno.EBADF);
        expect(stack.close(-1)).toBe(-errno.EBADF);
      });
    });

    describe('options', () => {
      it('have the defaults of Linux', () => {
        const socket = bed.socket();
        expect(stack.getOption(socket, option.TCP_NODELAY)).toBe(0);
        expect(stack.getOption(socket, option.SO_KEEPALIVE)).toBe(0);
        expect(stack.getOption(socket, option.SO_LINGER_SECONDS)).toBe(-1);
        expect(stack.getOption(socket, option.SO_REUSEADDR)).toBe(0);
        expect(stack.getOption(socket, option.SO_ERROR)).toBe(0);
        expect(stack.getOption(socket, option.TCP_KEEPIDLE_SECONDS)).toBe(7200);
        expect(stack.getOption(socket, option.TCP_KEEPINTVL_SECONDS)).toBe(75);
        expect(stack.getOption(socket, option.TCP_KEEPCNT)).toBe(9);
        expect(stack.getOption(socket, option.IP_TTL)).toBe(64);
        expect(stack.getOption(socket, option.IP_TOS)).toBe(0);
      });

      it('keep what they are set to', () => {
        const socket = bed.socket();
        for (const [number, value] of [
          [option.TCP_NODELAY, 1],
          [option.SO_KEEPALIVE, 1],
          [option.SO_LINGER_SECONDS, 5],
          [option.SO_REUSEADDR, 1],
          [option.TCP_KEEPIDLE_SECONDS, 30],
          [option.TCP_KEEPINTVL_SECONDS, 3],
          [option.TCP_KEEPCNT, 4],
          [option.TCP_USER_TIMEOUT_MS, 1500],
          [option.IP_TTL, 7],
        ]) {
          expect(stack.setOption(socket, number, value)).toBe(0);
          expect(stack.getOption(socket, number)).toBe(value);
        }
        expect(stack.setOption(socket, option.SO_LINGER_SECONDS, -1)).toBe(0);
        expect(stack.getOption(socket, option.SO_LINGER_SECONDS)).toBe(-1);
      });

      it('an unknown one is ENOPROTOOPT, and so is setting SO_ERROR', () => {
        const socket = bed.socket();
        expect(stack.setOption(socket, 9999, 1)).toBe(-errno.ENOPROTOOPT);
        expect(stack.getOption(socket, 9999)).toBe(-errno.ENOPROTOOPT);
        expect(stack.setOption(socket, option.SO_ERROR, 1)).toBe(-errno.ENOPROTOOPT);
      });

      it('a value out of range is EINVAL', () => {
        const socket = bed.socket();
        expect(stack.setOption(socket, option.TCP_KEEPCNT, 0)).toBe(-errno.EINVAL);
        expect(stack.setOption(socket, option.IP_TTL, 256)).toBe(-errno.EINVAL);
      });

      it('an accepted socket inherits TCP_NODELAY and SO_KEEPALIVE', () => {
        const listener = bed.listen();
        stack.setOption(listener.socket, option.TCP_NODELAY, 1);
        stack.setOption(listener.socket, option.SO_KEEPALIVE, 1);
        bed.connect(listener.port);
        const server = bed.accept(listener.socket);
        expect(stack.getOption(server, option.TCP_NODELAY)).toBe(1);
        expect(stack.getOption(server, option.SO_KEEPALIVE)).toBe(1);
      });
    });

    describe('waiting', () => {
      it('ends at the timeout when nothing happens', () => {
        bed.listen();
        stack.wait(0);
        for (let i = 0; i < 20 && stack.wait(1) > 0; i++);
        expect(stack.wait(1)).toBe(0);
      });
    });

    describe('turnover', () => {
      it('2,000 connections one after the other leave nothing behind', () => {
        const listener = bed.listen();
        let highest = 0;
        for (let i = 0; i < 2000; i++) {
          const client = bed.connect(listener.port);
          const server = bed.accept(listener.socket);
          bed.send(server, 'hi');
          bed.close(server);
          expect(bed.receive(client)).toBe('hi');
          expect(bed.receive(client)).toBe(0);
          bed.close(client);
          highest = Math.max(highest, client, server);
        }
        // Numbers are used again: a socket that was kept would push them up.
        expect(highest).toBeLessThan(1000);
      });
    });
  });
}
