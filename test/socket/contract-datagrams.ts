/** The socket contract: datagrams. */
import { describe, expect, it } from 'vitest';
import {
  DATAGRAM_BYTES_MAX,
  type DatagramSource,
  FAILED,
  HANGUP,
  READABLE,
  SHUT_RD,
  SHUT_WR,
  SOCK_DGRAM,
  WRITABLE,
} from '../../src/socket/contract.ts';
import * as errno from '../../src/socket/errno.ts';
import * as option from '../../src/socket/options.ts';
import { ADDRESS, type Bed } from './bed.ts';

const BROADCAST = 0xffffffff;

/** A datagram socket bound to a port of its own. */
function bound(bed: Bed): { socket: number; port: number } {
  const socket = bed.socket(SOCK_DGRAM);
  bed.ok('bind', bed.stack.bind(socket, ADDRESS, 0));
  return { socket, port: bed.stack.localEndpoint(socket)?.port ?? 0 };
}

/** A port at which nobody is. */
function deserted(bed: Bed): number {
  const { socket, port } = bound(bed);
  bed.close(socket);
  bed.stack.poll();
  return port;
}

function sendTo(bed: Bed, socket: number, port: number, length: number, fill = 0): number {
  return bed.stack.sendTo(socket, new Uint8Array(length).fill(fill), 0, length, ADDRESS, port);
}

/** The first answer other than EAGAIN, and where from. */
function receiveFrom(bed: Bed, socket: number, length = 64): { got: number; from: DatagramSource } {
  const from: DatagramSource = { address: 0, port: 0 };
  let got: number = -errno.EAGAIN;
  bed.until(() => {
    got = bed.stack.recvFrom(socket, new Uint8Array(length), 0, length, from);
    return got !== -errno.EAGAIN;
  }, 'a datagram');
  return { got, from };
}

export function datagramTests(bed: () => Bed): void {
  describe('datagrams', () => {
    it('arrive whole, one a call, with the address they came from', () => {
      const one = bound(bed());
      const other = bound(bed());
      for (const length of [10, 3, 1200]) expect(sendTo(bed(), one.socket, other.port, length)).toBe(length);
      for (const length of [10, 3, 1200]) {
        const { got, from } = receiveFrom(bed(), other.socket, 2000);
        expect(got).toBe(length);
        expect(from).toEqual({ address: ADDRESS, port: one.port });
      }
      expect(bed().stack.recv(other.socket, new Uint8Array(9), 0, 9)).toBe(-errno.EAGAIN);
    });

    it('are placed at the offset asked for and nowhere else', () => {
      const one = bound(bed());
      const source = Uint8Array.from([1, 2, 3, 4, 5, 6]);
      expect(bed().stack.sendTo(one.socket, source, 2, 3, ADDRESS, one.port)).toBe(3);
      bed().untilReady(one.socket, READABLE);
      const target = new Uint8Array(8).fill(9);
      expect(bed().stack.recv(one.socket, target, 4, 4)).toBe(3);
      expect([...target]).toEqual([9, 9, 9, 9, 3, 4, 5, 9]);
    });

    it('of no bytes are datagrams, too', () => {
      const one = bound(bed());
      expect(sendTo(bed(), one.socket, one.port, 0)).toBe(0);
      expect(sendTo(bed(), one.socket, one.port, 2)).toBe(2);
      bed().untilReady(one.socket, READABLE);
      const { got, from } = receiveFrom(bed(), one.socket);
      expect(got).toBe(0);
      expect(from.port).toBe(one.port);
      expect(receiveFrom(bed(), one.socket).got).toBe(2);
    });

    it('longer than the buffer lose the rest, and only of themselves', () => {
      const one = bound(bed());
      sendTo(bed(), one.socket, one.port, 100, 1);
      sendTo(bed(), one.socket, one.port, 5, 2);
      sendTo(bed(), one.socket, one.port, 6, 3);
      expect(receiveFrom(bed(), one.socket, 10).got).toBe(10);
      expect(receiveFrom(bed(), one.socket, 0).got).toBe(0);
      expect(receiveFrom(bed(), one.socket, 10).got).toBe(6);
    });

    it('of the longest kind arrive, and longer ones are EMSGSIZE', () => {
      const one = bound(bed());
      const bytes = Uint8Array.from({ length: DATAGRAM_BYTES_MAX + 1 }, (_, i) => (i * 7 + (i >>> 8)) & 0xff);
      const { stack } = bed();
      expect(stack.sendTo(one.socket, bytes, 0, bytes.length, ADDRESS, one.port)).toBe(-errno.EMSGSIZE);
      // The longest a stack takes may be less than IPv4's, but 8 KiB it must.
      for (const length of [8192, 1473, 96, 93, 92]) {
        expect(stack.sendTo(one.socket, bytes, 0, length, ADDRESS, one.port)).toBe(length);
        const target = new Uint8Array(DATAGRAM_BYTES_MAX);
        bed().untilReady(one.socket, READABLE);
        expect(stack.recv(one.socket, target, 0, target.length)).toBe(length);
        expect(target.subarray(0, length)).toEqual(bytes.subarray(0, length));
      }
    });

    it('go from a port of its own when the socket has none', () => {
      const other = bound(bed());
      const socket = bed().socket(SOCK_DGRAM);
      sendTo(bed(), socket, other.port, 1);
      const { from } = receiveFrom(bed(), other.socket);
      expect(bed().stack.localEndpoint(socket)).toEqual({ address: 0, port: from.port });
      expect(bed().stack.bind(socket, ADDRESS, 0)).toBe(-errno.EINVAL);
    });

    it('to the address 0 are for this host', () => {
      const one = bound(bed());
      expect(bed().stack.sendTo(one.socket, new Uint8Array(3), 0, 3, 0, one.port)).toBe(3);
      expect(receiveFrom(bed(), one.socket).got).toBe(3);
    });

    it('to port 0 are EINVAL, to a broadcast address EACCES sooner or later', () => {
      const { socket } = bound(bed());
      expect(sendTo(bed(), socket, 0, 1)).toBe(-errno.EINVAL);
      let answer = 1;
      bed().until(() => {
        answer = bed().stack.sendTo(socket, new Uint8Array(1), 0, 1, BROADCAST, 9);
        return answer < 0;
      }, 'an error');
      expect(answer).toBe(-errno.EACCES);
    });

    it('belong to the stack once sendTo has returned', () => {
      const one = bound(bed());
      const bytes = new Uint8Array(1000).fill(1);
      bed().stack.sendTo(one.socket, bytes, 0, 1000, ADDRESS, one.port);
      bytes.fill(2);
      bed().untilReady(one.socket, READABLE);
      const target = new Uint8Array(1000);
      expect(bed().stack.recv(one.socket, target, 0, 1000)).toBe(1000);
      expect(target.every((byte) => byte === 1)).toBe(true);
    });

    it('left unread when the socket closes trouble nobody', () => {
      const one = bound(bed());
      sendTo(bed(), one.socket, one.port, 100);
      bed().untilReady(one.socket, READABLE);
      expect(bed().close(one.socket)).toBe(0);
      const again = bed().socket(SOCK_DGRAM);
      expect(bed().stack.bind(again, ADDRESS, one.port)).toBe(0);
      expect(bed().stack.recv(again, new Uint8Array(1), 0, 1)).toBe(-errno.EAGAIN);
    });
  });

  describe('a datagram socket', () => {
    it('is writable, and nothing else', () => {
      expect(bed().stack.readiness(bed().socket(SOCK_DGRAM))).toBe(WRITABLE);
    });

    it('neither listens nor accepts', () => {
      const socket = bed().socket(SOCK_DGRAM);
      expect(bed().stack.listen(socket, 1)).toBe(-errno.EOPNOTSUPP);
      expect(bed().stack.accept(socket)).toBe(-errno.EOPNOTSUPP);
    });

    it('without a peer receives EAGAIN and sends EDESTADDRREQ', () => {
      const socket = bed().socket(SOCK_DGRAM);
      expect(bed().stack.recv(socket, new Uint8Array(1), 0, 1)).toBe(-errno.EAGAIN);
      expect(bed().sendOne(socket)).toBe(-errno.EDESTADDRREQ);
      expect(bed().stack.send(socket, new Uint8Array(1), 0, 0)).toBe(-errno.EDESTADDRREQ);
    });

    it('keeps its port from others, but not from streams', () => {
      const one = bound(bed());
      expect(bed().stack.bind(bed().socket(SOCK_DGRAM), ADDRESS, one.port)).toBe(-errno.EADDRINUSE);
      expect(bed().stack.bind(bed().socket(), ADDRESS, one.port)).toBe(0);
    });

    it('of nobody here cannot be bound', () => {
      expect(bed().stack.bind(bed().socket(SOCK_DGRAM), 0xcb007107, 0)).toBe(-errno.EADDRNOTAVAIL);
    });

    it('closed is EBADF to every call', () => {
      const one = bound(bed());
      bed().close(one.socket);
      expect(sendTo(bed(), one.socket, 9, 1)).toBe(-errno.EBADF);
      const from: DatagramSource = { address: 0, port: 0 };
      expect(bed().stack.recvFrom(one.socket, new Uint8Array(1), 0, 1, from)).toBe(-errno.EBADF);
      expect(bed().sendOne(one.socket)).toBe(-errno.EBADF);
    });

    it('has the options of a socket and none of TCP', () => {
      const { stack } = bed();
      const socket = bed().socket(SOCK_DGRAM);
      for (const number of [option.SO_BROADCAST, option.SO_REUSEADDR]) {
        expect(stack.getOption(socket, number)).toBe(0);
        expect(stack.setOption(socket, number, 1)).toBe(0);
        expect(stack.getOption(socket, number)).toBe(1);
      }
      expect(stack.getOption(socket, option.SO_ERROR)).toBe(0);
      expect(stack.setOption(socket, option.TCP_NODELAY, 1)).toBe(-errno.ENOPROTOOPT);
      expect(stack.getOption(socket, option.TCP_NODELAY)).toBe(-errno.EOPNOTSUPP);
    });
  });

  describe('a connected datagram socket', () => {
    it('is so at once, knows both ends, and may be connected again', () => {
      const { stack } = bed();
      const peer = bound(bed());
      const socket = bed().socket(SOCK_DGRAM);
      expect(stack.remoteEndpoint(socket)).toBeUndefined();
      expect(stack.connect(socket, ADDRESS, peer.port)).toBe(0);
      expect(stack.remoteEndpoint(socket)).toEqual({ address: ADDRESS, port: peer.port });
      expect(stack.localEndpoint(socket)?.address).toBe(ADDRESS);
      expect(stack.localEndpoint(socket)?.port).toBeGreaterThan(0);
      expect(stack.readiness(socket)).toBe(WRITABLE);
      expect(stack.connect(socket, 0, 9)).toBe(0);
      expect(stack.remoteEndpoint(socket)).toEqual({ address: ADDRESS, port: 9 });
      expect(stack.bind(socket, ADDRESS, 0)).toBe(-errno.EINVAL);
    });

    it('sends to its peer, and elsewhere when told', () => {
      const peer = bound(bed());
      const other = bound(bed());
      const socket = bed().socket(SOCK_DGRAM);
      bed().stack.connect(socket, ADDRESS, peer.port);
      bed().send(socket, 'to the peer');
      expect(bed().receive(peer.socket)).toBe('to the peer');
      expect(sendTo(bed(), socket, other.port, 4)).toBe(4);
      expect(receiveFrom(bed(), other.socket).got).toBe(4);
    });

    it('hears only its peer', () => {
      const peer = bound(bed());
      const stranger = bound(bed());
      const one = bound(bed());
      bed().stack.connect(one.socket, ADDRESS, peer.port);
      sendTo(bed(), stranger.socket, one.port, 7);
      sendTo(bed(), peer.socket, one.port, 5);
      expect(receiveFrom(bed(), one.socket).got).toBe(5);
    });

    it('is told once that nobody is there: by recv', () => {
      const socket = bed().socket(SOCK_DGRAM);
      bed().stack.connect(socket, ADDRESS, deserted(bed()));
      expect(bed().sendOne(socket)).toBe(1);
      expect(bed().untilReady(socket, FAILED)).toBe(READABLE | WRITABLE | FAILED);
      expect(bed().stack.recv(socket, new Uint8Array(1), 0, 1)).toBe(-errno.ECONNREFUSED);
      expect(bed().stack.recv(socket, new Uint8Array(1), 0, 1)).toBe(-errno.EAGAIN);
    });

    it('is told once that nobody is there: by send, which then sends nothing', () => {
      const socket = bed().socket(SOCK_DGRAM);
      bed().stack.connect(socket, ADDRESS, deserted(bed()));
      bed().sendOne(socket);
      bed().untilReady(socket, FAILED);
      expect(bed().sendOne(socket)).toBe(-errno.ECONNREFUSED);
      expect(bed().stack.readiness(socket)).toBe(WRITABLE);
      expect(bed().sendOne(socket)).toBe(1);
    });

    it('is told once that nobody is there: by SO_ERROR', () => {
      const socket = bed().socket(SOCK_DGRAM);
      bed().stack.connect(socket, ADDRESS, deserted(bed()));
      bed().sendOne(socket);
      bed().untilReady(socket, FAILED);
      expect(bed().stack.getOption(socket, option.SO_ERROR)).toBe(errno.ECONNREFUSED);
      expect(bed().stack.getOption(socket, option.SO_ERROR)).toBe(0);
    });

    it('hears the error before what had come before it', () => {
      const one = bound(bed());
      const peer = bound(bed());
      bed().stack.connect(one.socket, ADDRESS, peer.port);
      sendTo(bed(), peer.socket, one.port, 7);
      bed().untilReady(one.socket, READABLE);
      bed().close(peer.socket);
      bed().stack.poll();
      bed().sendOne(one.socket);
      bed().untilReady(one.socket, FAILED);
      expect(bed().stack.recv(one.socket, new Uint8Array(9), 0, 9)).toBe(-errno.ECONNREFUSED);
      expect(bed().stack.recv(one.socket, new Uint8Array(9), 0, 9)).toBe(7);
    });

    it('without a peer is never told', () => {
      const one = bound(bed());
      const nobody = deserted(bed());
      for (let i = 0; i < 3; i++) expect(sendTo(bed(), one.socket, nobody, 1)).toBe(1);
      // Something that comes after shows that the refusals have come, too.
      sendTo(bed(), one.socket, one.port, 2);
      expect(receiveFrom(bed(), one.socket).got).toBe(2);
      expect(bed().stack.getOption(one.socket, option.SO_ERROR)).toBe(0);
    });

    it('shut for writing is EPIPE, shut for reading still reads what comes', () => {
      const { stack } = bed();
      const one = bound(bed());
      const peer = bound(bed());
      stack.connect(one.socket, ADDRESS, peer.port);
      expect(stack.shutdown(one.socket, SHUT_RD)).toBe(0);
      expect(stack.readiness(one.socket)).toBe(READABLE | WRITABLE);
      expect(stack.recv(one.socket, new Uint8Array(9), 0, 9)).toBe(-errno.EAGAIN);
      expect(stack.shutdown(one.socket, SHUT_WR)).toBe(0);
      expect(stack.readiness(one.socket)).toBe(READABLE | WRITABLE | HANGUP);
      expect(bed().sendOne(one.socket)).toBe(-errno.EPIPE);
      expect(sendTo(bed(), one.socket, peer.port, 1)).toBe(-errno.EPIPE);
      sendTo(bed(), peer.socket, one.port, 5);
      expect(receiveFrom(bed(), one.socket).got).toBe(5);
    });

    it('cannot be shut without a peer, and is all the same', () => {
      const socket = bed().socket(SOCK_DGRAM);
      expect(bed().stack.shutdown(socket, SHUT_WR)).toBe(-errno.ENOTCONN);
      expect(sendTo(bed(), socket, 9, 1)).toBe(-errno.EPIPE);
      expect(bed().stack.shutdown(socket, 7)).toBe(-errno.EINVAL);
    });
  });

  describe('datagrams and streams', () => {
    it('sendTo and recvFrom on a stream are send and recv', () => {
      const { client, server } = bed().pair();
      expect(bed().stack.sendTo(client, Uint8Array.from([1, 2]), 0, 2, ADDRESS, 9)).toBe(2);
      const from: DatagramSource = { address: 1, port: 2 };
      bed().untilReady(server, READABLE);
      expect(bed().stack.recvFrom(server, new Uint8Array(9), 0, 9, from)).toBe(2);
      expect(from).toEqual({ address: 1, port: 2 });
      expect(sendTo(bed(), bed().socket(), 9, 1)).toBe(-errno.EPIPE);
      expect(bed().stack.recvFrom(bed().socket(), new Uint8Array(9), 0, 9, from)).toBe(-errno.ENOTCONN);
    });

    it('a flood loses datagrams and nothing else', () => {
      const one = bound(bed());
      const other = bound(bed());
      let sent = 0;
      for (let i = 0; i < 2000; i++) if (sendTo(bed(), other.socket, one.port, 500, i & 0xff) > 0) sent += 1;
      let got = 0;
      const bytes = new Uint8Array(600);
      for (let quiet = 0; quiet < 20; ) {
        const count = bed().stack.recv(one.socket, bytes, 0, 600);
        if (count === 500) {
          got += 1;
          expect(bytes[0]).toBe(bytes[499]);
        } else {
          expect(count).toBe(-errno.EAGAIN);
          quiet = bed().stack.wait(5) > 0 ? 0 : quiet + 1;
        }
      }
      expect(got).toBeGreaterThan(0);
      expect(got).toBeLessThanOrEqual(sent);
      sendTo(bed(), other.socket, one.port, 9);
      expect(receiveFrom(bed(), one.socket).got).toBe(9);
    });
  });
}
