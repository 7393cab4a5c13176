/** The socket contract: the ends of a connection, and the options. */
import { describe, expect, it } from 'vitest';
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
import * as option from '../../src/socket/options.ts';
import { ADDRESS, type Bed } from './bed.ts';

export function endingTests(bed: () => Bed): void {
  describe('the end', () => {
    it('shutdown of writing ends the stream for the peer and leaves the other way open', () => {
      const { client, server } = bed().pair();
      bed().send(client, 'last');
      expect(bed().stack.shutdown(client, SHUT_WR)).toBe(0);
      expect(bed().receive(server)).toBe('last');
      expect(bed().receive(server)).toBe(0);
      expect(bed().receive(server)).toBe(0);
      bed().send(server, 'reply');
      expect(bed().receive(client)).toBe('reply');
      expect(bed().sendOne(client)).toBe(-errno.EPIPE);
    });

    it('the end of the stream is READABLE', () => {
      const { client, server } = bed().pair();
      bed().stack.shutdown(client, SHUT_WR);
      expect(bed().untilReady(server, READABLE) & (HANGUP | FAILED)).toBe(0);
    });

    it('both directions ended is HANGUP', () => {
      const { client, server } = bed().pair();
      bed().stack.shutdown(client, SHUT_WR);
      bed().untilReady(server, READABLE);
      bed().stack.shutdown(server, SHUT_WR);
      bed().untilReady(client, HANGUP | READABLE);
      bed().untilReady(server, HANGUP | READABLE);
    });

    it('shutdown of reading answers recv with 0', () => {
      const { client } = bed().pair();
      expect(bed().stack.shutdown(client, SHUT_RD)).toBe(0);
      expect(bed().stack.recv(client, new Uint8Array(1), 0, 1)).toBe(0);
      expect(bed().sendOne(client)).toBe(1);
    });

    it('shutdown of both ends both', () => {
      const { client, server } = bed().pair();
      expect(bed().stack.shutdown(client, SHUT_RDWR)).toBe(0);
      expect(bed().stack.recv(client, new Uint8Array(1), 0, 1)).toBe(0);
      expect(bed().sendOne(client)).toBe(-errno.EPIPE);
      expect(bed().receive(server)).toBe(0);
    });

    it('shutdown without a connection is ENOTCONN', () => {
      expect(bed().stack.shutdown(bed().socket(), SHUT_WR)).toBe(-errno.ENOTCONN);
    });

    it('recv without a connection is ENOTCONN, send EPIPE', () => {
      const socket = bed().socket();
      expect(bed().stack.recv(socket, new Uint8Array(1), 0, 1)).toBe(-errno.ENOTCONN);
      expect(bed().sendOne(socket)).toBe(-errno.EPIPE);
    });

    it('recv and send on a listening socket are ENOTCONN and EPIPE', () => {
      const listener = bed().listen();
      expect(bed().stack.recv(listener.socket, new Uint8Array(1), 0, 1)).toBe(-errno.ENOTCONN);
      expect(bed().sendOne(listener.socket)).toBe(-errno.EPIPE);
    });

    it('what was sent before close is still delivered', () => {
      const { client, server } = bed().pair();
      bed().send(client, 'farewell');
      expect(bed().close(client)).toBe(0);
      expect(bed().receive(server)).toBe('farewell');
      expect(bed().receive(server)).toBe(0);
    });

    it('close with bytes unread resets the peer', () => {
      const { client, server } = bed().pair();
      bed().send(client, 'never read');
      bed().untilReady(server, READABLE);
      bed().close(server);
      bed().untilReady(client, FAILED | READABLE | WRITABLE | HANGUP);
      expect(bed().receive(client)).toBe(-errno.ECONNRESET);
      expect(bed().receive(client)).toBe(0);
      expect(bed().sendOne(client)).toBe(-errno.EPIPE);
    });

    it('a reset answers send with ECONNRESET once, then EPIPE', () => {
      const { client, server } = bed().pair();
      bed().stack.setOption(server, option.SO_LINGER_SECONDS, 0);
      bed().close(server);
      bed().untilReady(client, FAILED);
      expect(bed().sendOne(client)).toBe(-errno.ECONNRESET);
      expect(bed().sendOne(client)).toBe(-errno.EPIPE);
    });

    it('a linger of 0 makes close a reset', () => {
      const { client, server } = bed().pair();
      expect(bed().stack.setOption(client, option.SO_LINGER_SECONDS, 0)).toBe(0);
      bed().close(client);
      expect(bed().receive(server)).toBe(-errno.ECONNRESET);
    });

    it('a write to a peer that has closed is taken, the next is EPIPE', () => {
      const { client, server } = bed().pair();
      bed().close(server);
      expect(bed().receive(client)).toBe(0);
      expect(bed().sendOne(client)).toBe(1);
      bed().untilReady(client, FAILED);
      expect(bed().sendOne(client)).toBe(-errno.EPIPE);
    });

    it('both may close at once', () => {
      const { client, server } = bed().pair();
      expect(bed().close(client)).toBe(0);
      expect(bed().close(server)).toBe(0);
    });

    it('a closed socket is EBADF to every call', () => {
      const socket = bed().socket();
      expect(bed().close(socket)).toBe(0);
      const byte = new Uint8Array(1);
      expect(bed().close(socket)).toBe(-errno.EBADF);
      expect(bed().stack.bind(socket, ADDRESS, 0)).toBe(-errno.EBADF);
      expect(bed().stack.listen(socket, 1)).toBe(-errno.EBADF);
      expect(bed().stack.accept(socket)).toBe(-errno.EBADF);
      expect(bed().stack.connect(socket, ADDRESS, 1)).toBe(-errno.EBADF);
      expect(bed().stack.send(socket, byte, 0, 1)).toBe(-errno.EBADF);
      expect(bed().stack.recv(socket, byte, 0, 1)).toBe(-errno.EBADF);
      expect(bed().stack.shutdown(socket, SHUT_WR)).toBe(-errno.EBADF);
      expect(bed().stack.setOption(socket, option.TCP_NODELAY, 1)).toBe(-errno.EBADF);
      expect(bed().stack.getOption(socket, option.TCP_NODELAY)).toBe(-errno.EBADF);
      expect(bed().stack.localEndpoint(socket)).toBeUndefined();
    });

    it('a number never given is EBADF', () => {
      expect(bed().stack.recv(100_000, new Uint8Array(1), 0, 1)).toBe(-errno.EBADF);
      expect(bed().stack.close(-1)).toBe(-errno.EBADF);
    });
  });

  describe('options', () => {
    it('have the defaults of Linux', () => {
      const socket = bed().socket();
      expect(bed().stack.getOption(socket, option.TCP_NODELAY)).toBe(0);
      expect(bed().stack.getOption(socket, option.SO_KEEPALIVE)).toBe(0);
      expect(bed().stack.getOption(socket, option.SO_LINGER_SECONDS)).toBe(-1);
      expect(bed().stack.getOption(socket, option.SO_REUSEADDR)).toBe(0);
      expect(bed().stack.getOption(socket, option.SO_ERROR)).toBe(0);
      expect(bed().stack.getOption(socket, option.TCP_KEEPIDLE_SECONDS)).toBe(7200);
      expect(bed().stack.getOption(socket, option.TCP_KEEPINTVL_SECONDS)).toBe(75);
      expect(bed().stack.getOption(socket, option.TCP_KEEPCNT)).toBe(9);
      expect(bed().stack.getOption(socket, option.IP_TTL)).toBe(64);
      expect(bed().stack.getOption(socket, option.IP_TOS)).toBe(0);
    });

    it('keep what they are set to', () => {
      const socket = bed().socket();
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
        [option.TCP_CORK, 1],
        [option.TCP_LINGER2_SECONDS, 30],
        [option.TCP_DEFER_ACCEPT_SECONDS, 3],
        [option.IP_MTU_DISCOVER, 2],
      ]) {
        expect(bed().stack.setOption(socket, number, value)).toBe(0);
        expect(bed().stack.getOption(socket, number)).toBe(value);
      }
      expect(bed().stack.setOption(socket, option.SO_LINGER_SECONDS, -1)).toBe(0);
      expect(bed().stack.getOption(socket, option.SO_LINGER_SECONDS)).toBe(-1);
    });

    it('an unknown one is ENOPROTOOPT, and so is setting SO_ERROR', () => {
      const socket = bed().socket();
      expect(bed().stack.setOption(socket, 9999, 1)).toBe(-errno.ENOPROTOOPT);
      expect(bed().stack.getOption(socket, 9999)).toBe(-errno.ENOPROTOOPT);
      expect(bed().stack.setOption(socket, option.SO_ERROR, 1)).toBe(-errno.ENOPROTOOPT);
    });

    it('a value out of range is EINVAL', () => {
      const socket = bed().socket();
      expect(bed().stack.setOption(socket, option.TCP_KEEPCNT, 0)).toBe(-errno.EINVAL);
      expect(bed().stack.setOption(socket, option.IP_TTL, 256)).toBe(-errno.EINVAL);
    });

    it('an accepted socket inherits TCP_NODELAY and SO_KEEPALIVE', () => {
      const listener = bed().listen();
      bed().stack.setOption(listener.socket, option.TCP_NODELAY, 1);
      bed().stack.setOption(listener.socket, option.SO_KEEPALIVE, 1);
      bed().connect(listener.port);
      const server = bed().accept(listener.socket);
      expect(bed().stack.getOption(server, option.TCP_NODELAY)).toBe(1);
      expect(bed().stack.getOption(server, option.SO_KEEPALIVE)).toBe(1);
    });
  });
}
