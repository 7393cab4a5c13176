/** The socket contract: calls out of turn, as random calls on both stacks have found them (calls.test.ts). */
import { describe, expect, it } from 'vitest';
import { KernelStack } from '../../src/linux/kernel-stack.ts';
import {
  FAILED,
  HANGUP,
  READABLE,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_DGRAM,
  WRITABLE,
} from '../../src/socket/contract.ts';
import * as errno from '../../src/socket/errno.ts';
import * as option from '../../src/socket/options.ts';
import { ADDRESS, type Bed } from './bed.ts';

const BROADCAST = 0xffffffff;

/** A socket whose connect to a closed port has failed, which SO_ERROR has told. */
function refused(bed: Bed): number {
  const { socket, port } = bed.listen();
  bed.close(socket);
  bed.stack.poll();
  const client = bed.connect(port);
  bed.untilReady(client, FAILED);
  expect(bed.stack.getOption(client, option.SO_ERROR)).toBe(errno.ECONNREFUSED);
  return client;
}

/**
 * A socket whose connect has failed listens, on the card and on most kernels. Late stable releases of Linux 6.18
 * refuse that (seen with 6.18.44): of a kernel both are taken. @returns whether it listens.
 */
function listens({ stack }: Bed, socket: number): boolean {
  const answer = stack.listen(socket, 1);
  if (stack instanceof KernelStack && answer === -errno.EINVAL) return false;
  expect(answer).toBe(0);
  return true;
}

/** How often, and how long, a connect is waited for until it counts as unanswered. */
const UNANSWERED = { waits: 20, waitMs: 10 };

/**
 * A port that takes no connection any more, so that a connect to it hears nothing. How many it takes is the
 * stack's: beside the backlog's one a card holds those that its driver has asked for ahead.
 */
function fullPort(bed: Bed): number {
  const { port } = bed.listen(0);
  for (let i = 0; i < 6; i++) {
    const filler = bed.connect(port);
    const connected = (): boolean => bed.stack.remoteEndpoint(filler) !== undefined;
    for (let wait = 0; wait < UNANSWERED.waits && !connected(); wait++) bed.stack.wait(UNANSWERED.waitMs);
    if (!connected()) return port;
  }
  throw new Error('a listener with a backlog of 0 is never full');
}

export function edgeTests(bed: () => Bed): void {
  describe('shutdown, in any state', () => {
    it('of a connect under way is 0 and ends it, with ECONNRESET in SO_ERROR', () => {
      const client = bed().connect(fullPort(bed()));
      expect(bed().stack.shutdown(client, SHUT_WR)).toBe(0);
      expect(bed().stack.readiness(client)).toBe(READABLE | WRITABLE | HANGUP | FAILED);
      expect(bed().stack.getOption(client, option.SO_ERROR)).toBe(errno.ECONNRESET);
      expect(bed().stack.recv(client, new Uint8Array(1), 0, 1)).toBe(-errno.ENOTCONN);
      listens(bed(), client);
    });

    it('of a connect under way leaves a socket that connects', () => {
      const client = bed().connect(fullPort(bed()));
      expect(bed().stack.shutdown(client, SHUT_RD)).toBe(0);
      const listener = bed().listen();
      expect(bed().stack.connect(client, ADDRESS, listener.port)).toBe(-errno.EINPROGRESS);
      const server = bed().accept(listener.socket);
      bed().send(client, 'at last');
      expect(bed().receive(server)).toBe('at last');
    });

    it('before there is a connection is ENOTCONN, and is kept for it', () => {
      const client = bed().socket();
      expect(bed().stack.shutdown(client, SHUT_RD)).toBe(-errno.ENOTCONN);
      expect(bed().stack.readiness(client)).toBe(READABLE | WRITABLE | HANGUP);
      expect(bed().stack.recv(client, new Uint8Array(1), 0, 1)).toBe(0);
      expect(bed().stack.shutdown(client, SHUT_WR)).toBe(-errno.ENOTCONN);
      const listener = bed().listen();
      expect(bed().stack.connect(client, ADDRESS, listener.port)).toBe(-errno.EINPROGRESS);
      const server = bed().accept(listener.socket);
      bed().until(() => bed().stack.remoteEndpoint(client) !== undefined, 'the handshake');
      expect(bed().sendOne(client)).toBe(-errno.EPIPE);
      expect(bed().stack.readiness(server)).toBe(WRITABLE);
      expect(bed().stack.shutdown(client, SHUT_WR)).toBe(0);
      expect(bed().receive(server)).toBe(0);
    });

    it('of a socket that was refused is ENOTCONN, and it connects no more', () => {
      const client = refused(bed());
      expect(bed().stack.shutdown(client, SHUT_WR)).toBe(-errno.ENOTCONN);
      expect(bed().stack.connect(client, ADDRESS, 9)).toBe(-errno.EINVAL);
      expect(bed().stack.listen(client, 1)).toBe(-errno.EINVAL);
    });

    it('of both halves is HANGUP, and what then comes resets', () => {
      const { client, server } = bed().pair();
      expect(bed().stack.shutdown(client, SHUT_RDWR)).toBe(0);
      expect(bed().stack.readiness(client)).toBe(READABLE | WRITABLE | HANGUP);
      expect(bed().receive(server)).toBe(0);
      expect(bed().sendOne(server)).toBe(1);
      bed().untilReady(server, FAILED);
      bed().untilReady(client, FAILED);
      expect(bed().stack.getOption(client, option.SO_ERROR)).toBe(errno.ECONNRESET);
      expect(bed().stack.getOption(server, option.SO_ERROR)).toBe(errno.EPIPE);
    });
  });

  describe('names and ports that are over', () => {
    it('a refused socket keeps its name, may be bound, and listens after one more connect', () => {
      const client = refused(bed());
      const name = bed().stack.localEndpoint(client);
      expect(name?.address).toBe(ADDRESS);
      expect(name?.port).toBeGreaterThan(0);
      expect(bed().stack.bind(client, ADDRESS, 0)).toBe(0);
      expect(bed().stack.listen(client, 1)).toBe(-errno.EINVAL);
      expect(bed().stack.connect(client, ADDRESS, 9)).toBe(-errno.ECONNABORTED);
      if (!listens(bed(), client)) return;
      const port = bed().stack.localEndpoint(client)?.port ?? 0;
      bed().connect(port);
      bed().accept(client);
    });

    it('a listener that was shut down keeps its name, and its address where bind has named it', () => {
      const { socket, port } = bed().listen();
      expect(bed().stack.shutdown(socket, SHUT_RDWR)).toBe(0);
      expect(bed().stack.localEndpoint(socket)).toEqual({ address: ADDRESS, port });
      expect(bed().stack.bind(bed().socket(), ADDRESS, port)).toBe(0);
      expect(bed().stack.listen(socket, 1)).toBe(0);
      expect(bed().stack.localEndpoint(socket)?.address).toBe(ADDRESS);
    });

    it('a port of a connection is free at another address', () => {
      const { server } = bed().pair();
      const port = bed().stack.localEndpoint(server)?.port ?? 0;
      expect(bed().stack.bind(bed().socket(), ADDRESS, port)).toBe(-errno.EADDRINUSE);
      expect(bed().stack.bind(bed().socket(), ADDRESS + 1, port)).toBe(0);
    });

    it('a port of a connection without SO_REUSEADDR is taken even for those who have it', () => {
      const { server } = bed().pair();
      const port = bed().stack.localEndpoint(server)?.port ?? 0;
      const other = bed().socket();
      bed().stack.setOption(other, option.SO_REUSEADDR, 1);
      expect(bed().stack.bind(other, ADDRESS, port)).toBe(-errno.EADDRINUSE);
      bed().stack.setOption(server, option.SO_REUSEADDR, 1);
      expect(bed().stack.bind(other, ADDRESS, port)).toBe(0);
    });

    it('an address of many may be bound, and a stream leads to none', () => {
      expect(bed().stack.bind(bed().socket(), BROADCAST, 0)).toBe(0);
      expect(bed().stack.connect(bed().socket(), BROADCAST, 9)).toBe(-errno.ENETUNREACH);
    });
  });

  describe('small things', () => {
    it('a type of socket that there is not is ESOCKTNOSUPPORT, a number that is none EINVAL', () => {
      expect(bed().stack.socket(9)).toBe(-errno.ESOCKTNOSUPPORT);
      expect(bed().stack.socket(11)).toBe(-errno.EINVAL);
    });

    it('a receive of no bytes waits like any other', () => {
      const { client } = bed().pair();
      expect(bed().stack.recv(client, new Uint8Array(1), 0, 0)).toBe(-errno.EAGAIN);
    });

    it('a negative backlog is the longest', () => {
      const { socket, port } = bed().listen(-1);
      for (let i = 0; i < 5; i++) bed().untilReady(bed().connect(port), WRITABLE);
      for (let i = 0; i < 5; i++) bed().accept(socket);
    });

    it('a datagram that cannot be sent binds its socket all the same', () => {
      const socket = bed().socket(SOCK_DGRAM);
      expect(bed().sendOne(socket)).toBe(-errno.EDESTADDRREQ);
      expect(bed().stack.localEndpoint(socket)?.port).toBeGreaterThan(0);
      expect(bed().stack.bind(socket, ADDRESS, 0)).toBe(-errno.EINVAL);
    });

    it('a datagram socket has the options of sockets and of IP', () => {
      const socket = bed().socket(SOCK_DGRAM);
      for (const [number, value] of [
        [option.SO_KEEPALIVE, 1],
        [option.SO_LINGER_SECONDS, 3],
        [option.IP_TTL, 9],
        [option.IP_TOS, 19],
      ]) {
        expect(bed().stack.setOption(socket, number, value)).toBe(0);
        expect(bed().stack.getOption(socket, number)).toBe(value);
      }
      expect(bed().stack.setOption(socket, option.IP_TTL, -1)).toBe(0);
      expect(bed().stack.getOption(socket, option.IP_TTL)).toBe(64);
    });
  });
}
