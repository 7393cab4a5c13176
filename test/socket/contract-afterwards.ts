/** The socket contract: connections that failed or are over, and calls out of turn. */
import { describe, expect, it } from 'vitest';
import { FAILED, HANGUP, READABLE, SHUT_RD, SHUT_RDWR, SHUT_WR } from '../../src/socket/contract.ts';
import * as errno from '../../src/socket/errno.ts';
import * as option from '../../src/socket/options.ts';
import { ADDRESS, type Bed } from './bed.ts';

export function afterwardsTests(bed: () => Bed): void {
  describe('bytes before a reset', () => {
    it('a send before a close with a linger of 0 is read, then the reset', () => {
      const { client, server } = bed().pair();
      bed().stack.setOption(server, option.SO_LINGER_SECONDS, 0);
      bed().send(server, 'answer');
      bed().close(server);
      bed().untilReady(client, HANGUP);
      expect(bed().receive(client)).toBe('answer');
      expect(bed().receive(client)).toBe(-errno.ECONNRESET);
      expect(bed().receive(client)).toBe(0);
      expect(bed().sendOne(client)).toBe(-errno.EPIPE);
    });

    it('a send before a close with unread bytes is read, then the reset', () => {
      const { client, server } = bed().pair();
      bed().send(client, 'never read');
      bed().untilReady(server, READABLE);
      bed().send(server, 'answer');
      bed().close(server);
      bed().untilReady(client, HANGUP);
      expect(bed().receive(client)).toBe('answer');
      expect(bed().receive(client)).toBe(-errno.ECONNRESET);
    });
  });

  describe('after the end', () => {
    it('a reset after the end of the stream leaves the end an end', () => {
      const { client, server } = bed().pair();
      bed().send(server, 'last');
      bed().close(server);
      expect(bed().receive(client, 2)).toBe('la');
      expect(bed().sendOne(client)).toBe(1);
      bed().untilReady(client, FAILED);
      expect(bed().receive(client)).toBe('st');
      expect(bed().receive(client)).toBe(0);
      expect(bed().receive(client)).toBe(0);
      expect(bed().stack.getOption(client, option.SO_ERROR)).toBe(errno.EPIPE);
      expect(bed().stack.getOption(client, option.SO_ERROR)).toBe(0);
      expect(bed().sendOne(client)).toBe(-errno.EPIPE);
      expect(bed().receive(client)).toBe(0);
    });

    it('both ended: no peer, no shutdown, and the end is read on', () => {
      const { client, server } = bed().pair();
      bed().stack.shutdown(client, SHUT_WR);
      expect(bed().receive(server)).toBe(0);
      bed().stack.shutdown(server, SHUT_WR);
      expect(bed().receive(client)).toBe(0);
      bed().until(() => bed().stack.remoteEndpoint(server) === undefined, 'the last acknowledgement');
      expect(bed().stack.remoteEndpoint(client)).toBeUndefined();
      expect(bed().stack.shutdown(client, SHUT_WR)).toBe(-errno.ENOTCONN);
      expect(bed().stack.shutdown(server, SHUT_RD)).toBe(-errno.ENOTCONN);
      expect(bed().receive(client)).toBe(0);
      expect(bed().sendOne(client)).toBe(-errno.EPIPE);
    });

    it('a connection that was reset has no peer and no shutdown', () => {
      const { client, server } = bed().pair();
      bed().stack.setOption(server, option.SO_LINGER_SECONDS, 0);
      bed().close(server);
      bed().untilReady(client, FAILED);
      expect(bed().stack.remoteEndpoint(client)).toBeUndefined();
      expect(bed().stack.shutdown(client, SHUT_RDWR)).toBe(-errno.ENOTCONN);
    });
  });

  describe('again', () => {
    it('a refused socket connects anew, after one ECONNABORTED', () => {
      const { socket, port } = bed().listen();
      bed().close(socket);
      bed().stack.poll();
      const client = bed().connect(port);
      bed().untilReady(client, FAILED);
      expect(bed().stack.getOption(client, option.SO_ERROR)).toBe(errno.ECONNREFUSED);
      expect(bed().stack.connect(client, ADDRESS, port)).toBe(-errno.ECONNABORTED);
      const listener = bed().listen();
      expect(bed().stack.connect(client, ADDRESS, listener.port)).toBe(-errno.EINPROGRESS);
      const server = bed().accept(listener.socket);
      bed().send(server, 'hello');
      expect(bed().receive(client)).toBe('hello');
      bed().send(client, 'good day');
      expect(bed().receive(server)).toBe('good day');
    });

    it('a refused socket is told why by the next connect, if nothing else has', () => {
      const { socket, port } = bed().listen();
      bed().close(socket);
      bed().stack.poll();
      const client = bed().connect(port);
      bed().untilReady(client, FAILED);
      expect(bed().stack.connect(client, ADDRESS, port)).toBe(-errno.ECONNREFUSED);
      expect(bed().stack.connect(client, ADDRESS, port)).toBe(-errno.EINPROGRESS);
      bed().untilReady(client, FAILED);
      expect(bed().stack.getOption(client, option.SO_ERROR)).toBe(errno.ECONNREFUSED);
    });

    it('an accepted connection that was reset is EISCONN to connect', () => {
      const { client, server } = bed().pair();
      bed().stack.setOption(client, option.SO_LINGER_SECONDS, 0);
      bed().close(client);
      bed().untilReady(server, FAILED);
      expect(bed().stack.connect(server, ADDRESS, 9)).toBe(-errno.EISCONN);
    });

    it('the first connect after the handshake is 0, the next EISCONN', () => {
      const listener = bed().listen();
      const client = bed().connect(listener.port);
      bed().accept(listener.socket);
      bed().until(() => bed().stack.remoteEndpoint(client) !== undefined, 'the handshake');
      expect(bed().stack.connect(client, ADDRESS, listener.port)).toBe(0);
      expect(bed().stack.connect(client, ADDRESS, listener.port)).toBe(-errno.EISCONN);
    });
  });

  describe('shutdown', () => {
    it('of a listener: writing changes nothing, reading ends the listening', () => {
      const listener = bed().listen();
      const waiting = bed().connect(listener.port);
      bed().untilReady(listener.socket, READABLE);
      expect(bed().stack.shutdown(listener.socket, SHUT_WR)).toBe(0);
      expect(bed().stack.shutdown(listener.socket, SHUT_RD)).toBe(0);
      expect(bed().stack.accept(listener.socket)).toBe(-errno.EINVAL);
      expect(bed().receive(waiting)).toBe(-errno.ECONNRESET);
      const client = bed().connect(listener.port);
      bed().untilReady(client, FAILED);
      expect(bed().stack.getOption(client, option.SO_ERROR)).toBe(errno.ECONNREFUSED);
      expect(bed().stack.listen(listener.socket, 4)).toBe(0);
      const port = bed().stack.localEndpoint(listener.socket)?.port ?? 0;
      expect(port).toBeGreaterThan(0);
      bed().connect(port);
      bed().accept(listener.socket);
    });

    it('right after a connect is 0, and the peer reads the end', () => {
      const listener = bed().listen();
      const client = bed().connect(listener.port);
      // A shutdown that overtook the handshake would end the connect. On a busy machine a card in a thread
      // finds both requests in one look.
      bed().until(() => bed().stack.remoteEndpoint(client) !== undefined, 'the handshake');
      expect(bed().stack.shutdown(client, SHUT_WR)).toBe(0);
      const server = bed().accept(listener.socket);
      expect(bed().receive(server)).toBe(0);
    });

    it('of a socket that was never connected is ENOTCONN', () => {
      expect(bed().stack.shutdown(bed().socket(), SHUT_RDWR)).toBe(-errno.ENOTCONN);
    });
  });
}
