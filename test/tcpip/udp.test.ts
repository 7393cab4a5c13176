/** UDP sockets by state: open, bound, connected, in error, closed; and what each call answers. */
import { describe, expect, it } from 'vitest';
import {
  EACCES,
  EADDRINUSE,
  EADDRNOTAVAIL,
  ECONNREFUSED,
  EINVAL,
  ENETUNREACH,
  ENOPROTOOPT,
} from '../../src/socket/errno.ts';
import { SO_BROADCAST, SO_ERROR, SO_REUSEADDR, TCP_NODELAY } from '../../src/socket/options.ts';
import { pattern } from './harness.ts';
import { bed, from, LOOPBACK, OTHER, OWN, open, PEER, SECOND } from './udp-bed.ts';

describe('opening', () => {
  it('gives as many sockets as there are, and then none', () => {
    const host = bed({ config: { udpSocketsMax: 3 } });
    const sockets = [0, 1, 2].map((owner) => open(host, owner));
    expect(new Set(sockets).size).toBe(3);
    expect(open(host)).toBe(-1);
    host.stack.udpClose(sockets[1]);
    expect(open(host)).toBe(sockets[1]);
  });

  it('gives none where there are none', () => {
    expect(open(bed({ config: { udpSocketsMax: 0 } }))).toBe(-1);
  });

  it('gives a socket that knows nothing of its last user', () => {
    const host = bed({ config: { udpSocketsMax: 1 } });
    const u = host.udp(9);
    host.stack.udpConnect(u, PEER, 5);
    host.stack.udpSetOption(u, SO_BROADCAST, 1);
    host.receive(from(PEER, 5));
    host.stack.udpClose(u);
    expect(open(host, 2)).toBe(u);
    const { stack } = host;
    expect([stack.udpLocalPort(u), stack.udpRemotePort(u), stack.udpReadable(u)]).toEqual([0, 0, -1]);
    expect(stack.udpGetOption(u, SO_BROADCAST)).toBe(0);
    host.expectSlotsHome();
  });
});

describe('binding', () => {
  for (const [what, address, errno] of [
    ['any address', 0, 0],
    ['its own', OWN, 0],
    ['127.0.0.1', LOOPBACK, 0],
    ['another host’s', PEER, EADDRNOTAVAIL],
  ] as const) {
    it(`to ${what} answers ${errno}`, () => {
      const host = bed();
      const u = open(host);
      expect(host.stack.udpBind(u, address, 80)).toBe(errno);
      expect(host.stack.udpLocalPort(u)).toBe(errno === 0 ? 80 : 0);
    });
  }

  it('twice is refused', () => {
    const host = bed();
    expect(host.stack.udpBind(host.udp(80), 0, 81)).toBe(EINVAL);
  });

  it('to port 0 chooses an ephemeral one that is free', () => {
    const host = bed({ config: { ephemeralFirst: 5000, ephemeralLast: 5002 } });
    const ports = [1, 2, 3].map((owner) => {
      const u = open(host, owner);
      expect(host.stack.udpBind(u, 0, 0)).toBe(0);
      return host.stack.udpLocalPort(u);
    });
    expect(ports.sort()).toEqual([5000, 5001, 5002]);
    expect(host.stack.udpBind(open(host), 0, 0)).toBe(EADDRINUSE);
  });

  for (const [first, second, errno] of [
    [0, 0, EADDRINUSE],
    [OWN, OWN, EADDRINUSE],
    [0, OWN, EADDRINUSE],
    [OWN, 0, EADDRINUSE],
    [OWN, LOOPBACK, 0],
  ] as const) {
    it(`one port to ${first.toString(16)} and to ${second.toString(16)} answers ${errno}`, () => {
      const host = bed();
      host.udp(80, first);
      expect(host.stack.udpBind(open(host), second, 80)).toBe(errno);
    });
  }

  for (const [first, second, errno] of [
    [1, 1, 0],
    [1, 0, EADDRINUSE],
    [0, 1, EADDRINUSE],
  ] as const) {
    it(`one port with SO_REUSEADDR ${first} and ${second} answers ${errno}`, () => {
      const host = bed();
      const a = open(host);
      const b = open(host);
      host.stack.udpSetOption(a, SO_REUSEADDR, first);
      host.stack.udpSetOption(b, SO_REUSEADDR, second);
      expect(host.stack.udpBind(a, 0, 80)).toBe(0);
      expect(host.stack.udpBind(b, 0, 80)).toBe(errno);
    });
  }

  it('to a port that was closed is free again', () => {
    const host = bed();
    host.stack.udpClose(host.udp(80));
    expect(host.stack.udpBind(open(host), 0, 80)).toBe(0);
  });
});

describe('connecting', () => {
  for (const [what, address, port, errno] of [
    ['a host', PEER, 5, 0],
    ['port 0', PEER, 0, EINVAL],
    ['where no route leads', 0x08080808, 5, ENETUNREACH],
    ['a broadcast address without SO_BROADCAST', 0x0a0000ff, 5, EACCES],
    ['the limited broadcast address without SO_BROADCAST', -1, 5, EACCES],
  ] as const) {
    it(`to ${what} answers ${errno}`, () => {
      const host = bed();
      const u = open(host);
      expect(host.stack.udpConnect(u, address, port)).toBe(errno);
      expect(host.stack.udpRemotePort(u)).toBe(errno === 0 ? port : 0);
    });
  }

  it('to a broadcast address is allowed with SO_BROADCAST', () => {
    const host = bed();
    const u = open(host);
    host.stack.udpSetOption(u, SO_BROADCAST, 1);
    expect(host.stack.udpConnect(u, 0x0a0000ff, 5)).toBe(0);
  });

  it('to address 0 means ourselves, as on Linux', () => {
    const host = bed();
    const u = open(host);
    host.stack.udpConnect(u, 0, 5);
    expect(host.stack.udpRemoteAddress(u)).toBe(LOOPBACK);
    expect(host.stack.udpLocalAddress(u)).toBe(LOOPBACK);
  });

  it('gives an unbound socket an address and a port', () => {
    const host = bed();
    const u = open(host);
    host.stack.udpConnect(u, PEER, 5);
    expect(host.stack.udpLocalAddress(u)).toBe(OWN);
    expect(host.stack.udpLocalPort(u)).toBeGreaterThanOrEqual(16384);
  });

  it('when every ephemeral port is taken answers EADDRINUSE', () => {
    const host = bed({ config: { ephemeralFirst: 5000, ephemeralLast: 5000 } });
    host.udp(5000);
    expect(host.stack.udpConnect(open(host), PEER, 5)).toBe(EADDRINUSE);
  });

  it('again changes the peer', () => {
    const host = bed();
    const u = host.udp(9);
    host.stack.udpConnect(u, PEER, 5);
    host.stack.udpConnect(u, OTHER, 6);
    host.receive(from(PEER, 5));
    expect(host.takeFrom(u)).toBeUndefined();
    host.receive(from(OTHER, 6));
    expect(host.takeFrom(u)).toEqual(pattern(5));
  });
});

describe('errors of a socket', () => {
  it.each(['with a peer', 'without'])(
    'are none when its next hop never answers, as on Linux, and its bytes come back: %s',
    (how) => {
      const host = bed();
      const u = host.udp(7);
      if (how === 'with a peer') host.stack.udpConnect(u, OTHER, 9);
      for (let i = 0; i < 3; i++) host.sendTo(u, OTHER, 9, pattern(10));
      for (let i = 0; i < 4; i++) host.pass(SECOND);
      expect(host.told).toEqual([]);
      expect(host.done).toHaveLength(3);
      expect(host.stack.udpGetOption(u, SO_ERROR)).toBe(0);
    },
  );

  it('are read without being cleared by udpError', () => {
    const host = bed();
    const u = host.udp(7);
    host.stack['udp']['tellError'](host.stack['udp'].sockets[u], ECONNREFUSED);
    expect([host.stack.udpError(u), host.stack.udpError(u)]).toEqual([ECONNREFUSED, ECONNREFUSED]);
  });

  it('are told to nobody once the socket is closed', () => {
    const host = bed();
    const u = host.udp(7);
    host.sendTo(u, OTHER, 9, pattern(10));
    host.flush();
    host.stack.udpClose(u);
    for (let i = 0; i < 4; i++) host.pass(SECOND);
    expect(host.told).toEqual([]);
    expect(host.done).toHaveLength(1);
  });
});

describe('options', () => {
  for (const option of [SO_BROADCAST, SO_REUSEADDR]) {
    it(`${option} is off at first, and any number but 0 turns it on`, () => {
      const host = bed();
      const u = open(host);
      const values = [undefined, 5, 0].map((value) => {
        if (value !== undefined) expect(host.stack.udpSetOption(u, option, value)).toBe(0);
        return host.stack.udpGetOption(u, option);
      });
      expect(values).toEqual([0, 1, 0]);
    });
  }

  it('of TCP, and SO_ERROR to be set, are refused', () => {
    const host = bed();
    const u = open(host);
    expect(host.stack.udpSetOption(u, TCP_NODELAY, 1)).toBe(ENOPROTOOPT);
    expect(host.stack.udpSetOption(u, SO_ERROR, 1)).toBe(ENOPROTOOPT);
    expect(host.stack.udpGetOption(u, TCP_NODELAY)).toBe(-1000 - ENOPROTOOPT);
  });
});
