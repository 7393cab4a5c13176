/** The socket contract: addresses, connecting, accepting. */
import { describe, expect, it } from 'vitest';
import { FAILED, HANGUP, READABLE, WRITABLE } from '../../src/socket/contract.ts';
import * as errno from '../../src/socket/errno.ts';
import * as option from '../../src/socket/options.ts';
import { ADDRESS, type Bed } from './bed.ts';

export function openingTests(bed: () => Bed): void {
  describe('addresses', () => {
    it('bind to port 0 picks a port and localEndpoint tells it', () => {
      const socket = bed().socket();
      expect(bed().stack.bind(socket, ADDRESS, 0)).toBe(0);
      const endpoint = bed().stack.localEndpoint(socket);
      expect(endpoint?.address).toBe(ADDRESS);
      expect(endpoint?.port).toBeGreaterThan(0);
    });

    it('a second bind of one socket is EINVAL', () => {
      const socket = bed().socket();
      expect(bed().stack.bind(socket, ADDRESS, 0)).toBe(0);
      expect(bed().stack.bind(socket, ADDRESS, 0)).toBe(-errno.EINVAL);
    });

    it('a port in use is EADDRINUSE, and free again after close', () => {
      const listener = bed().listen();
      const second = bed().socket();
      expect(bed().stack.bind(second, ADDRESS, listener.port)).toBe(-errno.EADDRINUSE);
      bed().close(listener.socket);
      bed().stack.poll();
      expect(bed().stack.bind(second, ADDRESS, listener.port)).toBe(0);
    });

    it('an address of nobody here is EADDRNOTAVAIL', () => {
      expect(bed().stack.bind(bed().socket(), 0xcb007107, 0)).toBe(-errno.EADDRNOTAVAIL);
    });

    it('both ends agree on the endpoints', () => {
      const { client, server } = bed().pair();
      expect(bed().stack.remoteEndpoint(client)).toEqual(bed().stack.localEndpoint(server));
      expect(bed().stack.localEndpoint(client)).toEqual(bed().stack.remoteEndpoint(server));
      expect(bed().stack.remoteEndpoint(client)?.address).toBe(ADDRESS);
    });

    it('an unconnected socket has no remote endpoint', () => {
      expect(bed().stack.remoteEndpoint(bed().socket())).toBeUndefined();
    });

    it('listen without bind takes a port of its own', () => {
      const socket = bed().socket();
      expect(bed().stack.listen(socket, 1)).toBe(0);
      expect(bed().stack.localEndpoint(socket)?.port).toBeGreaterThan(0);
    });
  });

  describe('connecting', () => {
    it('connect is EINPROGRESS, then WRITABLE with SO_ERROR 0, then EISCONN', () => {
      const listener = bed().listen();
      const client = bed().connect(listener.port);
      const ready = bed().untilReady(client, WRITABLE);
      expect(ready & (FAILED | HANGUP)).toBe(0);
      expect(bed().stack.getOption(client, option.SO_ERROR)).toBe(0);
      // Linux answers 0 once, to the first call after the handshake.
      expect([0, -errno.EISCONN]).toContain(bed().stack.connect(client, ADDRESS, listener.port));
      expect(bed().stack.connect(client, ADDRESS, listener.port)).toBe(-errno.EISCONN);
    });

    it('a connection is established before it is accepted, and takes bytes', () => {
      const listener = bed().listen();
      const client = bed().connect(listener.port);
      bed().untilReady(client, WRITABLE);
      bed().send(client, 'early');
      const server = bed().accept(listener.socket);
      expect(bed().receive(server)).toBe('early');
    });

    it('a closed port is ECONNREFUSED through SO_ERROR, once', () => {
      const listener = bed().listen();
      bed().close(listener.socket);
      bed().stack.poll();
      const client = bed().connect(listener.port);
      bed().untilReady(client, WRITABLE | FAILED | READABLE | HANGUP);
      expect(bed().stack.getOption(client, option.SO_ERROR)).toBe(errno.ECONNREFUSED);
      expect(bed().stack.getOption(client, option.SO_ERROR)).toBe(0);
    });

    it('a refused connection tells recv once, then ends', () => {
      const listener = bed().listen();
      bed().close(listener.socket);
      const client = bed().connect(listener.port);
      expect(bed().receive(client)).toBe(-errno.ECONNREFUSED);
      expect(bed().receive(client)).toBe(0);
      expect(bed().sendOne(client)).toBe(-errno.EPIPE);
    });

    it('a refused connection tells send once, then EPIPE', () => {
      const listener = bed().listen();
      bed().close(listener.socket);
      const client = bed().connect(listener.port);
      bed().untilReady(client, FAILED);
      expect(bed().sendOne(client)).toBe(-errno.ECONNREFUSED);
      expect(bed().sendOne(client)).toBe(-errno.EPIPE);
    });

    it('accept of an empty queue is EAGAIN, of a socket that does not listen EINVAL', () => {
      expect(bed().stack.accept(bed().listen().socket)).toBe(-errno.EAGAIN);
      expect(bed().stack.accept(bed().socket())).toBe(-errno.EINVAL);
    });

    it('listen on a connected socket is EINVAL', () => {
      expect(bed().stack.listen(bed().pair().client, 1)).toBe(-errno.EINVAL);
    });

    it('connect on a listening socket is EISCONN', () => {
      const listener = bed().listen();
      expect(bed().stack.connect(listener.socket, ADDRESS, listener.port)).toBe(-errno.EISCONN);
    });

    it('a listener is readable while a connection waits', () => {
      const listener = bed().listen();
      expect(bed().stack.readiness(listener.socket)).toBe(0);
      bed().connect(listener.port);
      bed().untilReady(listener.socket, READABLE);
      bed().accept(listener.socket);
      expect(bed().stack.readiness(listener.socket)).toBe(0);
    });

    it('connections are accepted in the order they were made', () => {
      const listener = bed().listen();
      const ports: number[] = [];
      for (let i = 0; i < 5; i++) {
        const client = bed().connect(listener.port);
        bed().untilReady(client, WRITABLE);
        ports.push(bed().stack.localEndpoint(client)?.port ?? 0);
      }
      const accepted = ports.map(() => bed().stack.remoteEndpoint(bed().accept(listener.socket))?.port);
      expect(accepted).toEqual(ports);
    });

    it('closing a listener resets who waited in its queue', () => {
      const listener = bed().listen();
      const client = bed().connect(listener.port);
      bed().untilReady(client, WRITABLE);
      bed().untilReady(listener.socket, READABLE);
      bed().close(listener.socket);
      expect(bed().receive(client)).toBe(-errno.ECONNRESET);
    });
  });
}
