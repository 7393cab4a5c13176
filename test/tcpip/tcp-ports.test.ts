/** Ports: binding, ephemeral ones, and pairs (RFC 6056, RFC 9293 §3.9.1.1). */
import { describe, expect, it } from 'vitest';
import { EADDRINUSE, EADDRNOTAVAIL } from '../../src/socket/errno.ts';
import { SO_REUSEADDR } from '../../src/socket/options.ts';
import { established } from './openings.ts';
import { Script } from './script.ts';
import { ADDRESS_A, ADDRESS_B } from './wire.ts';

const SMALL_RANGE = { ephemeralFirst: 50_000, ephemeralLast: 50_003 };

describe('bind', () => {
  it('takes a port once, and gives it back with the socket', () => {
    const script = new Script();
    const first = script.socket(1);
    expect(first.binds(7000)).toBe(0);
    expect(script.socket(2).binds(7000)).toBe(EADDRINUSE);
    first.closes();
    expect(script.socket(3).binds(7000)).toBe(0);
  });

  it('takes a port for one address, and again for another; any address overlaps with both', () => {
    const script = new Script();
    expect(script.socket(1).binds(7000, ADDRESS_A)).toBe(0);
    expect(script.socket(2).binds(7000, 0x7f000001)).toBe(0);
    expect(script.socket(3).binds(7000)).toBe(EADDRINUSE);
    expect(script.socket(4).binds(7001)).toBe(0);
    expect(script.socket(5).binds(7001, ADDRESS_A)).toBe(EADDRINUSE);
  });

  it('refuses an address that is not ours', () => {
    const script = new Script();
    for (const address of [ADDRESS_B, 0x08080808]) {
      expect(script.socket().binds(7000, address)).toBe(EADDRNOTAVAIL);
    }
  });

  it('shares a port among those who all have SO_REUSEADDR, but not with a listener', () => {
    const script = new Script();
    const sockets = [1, 2, 3, 4].map((owner) => script.socket(owner));
    for (const socket of sockets.slice(0, 3)) socket.sets(SO_REUSEADDR, 1);
    expect(sockets[0].binds(7000)).toBe(0);
    expect(sockets[1].binds(7000)).toBe(0);
    expect(sockets[3].binds(7000)).toBe(EADDRINUSE);
    expect(sockets[0].listens()).toBe(0);
    expect(sockets[2].binds(7000)).toBe(EADDRINUSE);
  });

  it('refuses the port of a connection without SO_REUSEADDR, though nobody is bound to it', () => {
    const { script, socket } = established();
    const { localPort } = socket;
    const other = script.socket(2);
    expect(other.binds(localPort)).toBe(EADDRINUSE);
    // As on Linux both must have it.
    other.sets(SO_REUSEADDR, 1);
    expect(other.binds(localPort)).toBe(EADDRINUSE);
    socket.sets(SO_REUSEADDR, 1);
    expect(other.binds(localPort)).toBe(0);
  });

  it('chooses an ephemeral port for 0, another each time, until there is none', () => {
    const script = new Script({ config: SMALL_RANGE });
    const ports = [1, 2, 3, 4].map((owner) => {
      const socket = script.socket(owner);
      expect(socket.binds(0)).toBe(0);
      return socket.localPort;
    });
    expect(ports.sort()).toEqual([50_000, 50_001, 50_002, 50_003]);
    expect(script.socket(5).binds(0)).toBe(EADDRINUSE);
  });
});

describe('ephemeral ports of connections', () => {
  it('are used once for each peer, until there is none', () => {
    const script = new Script({ config: SMALL_RANGE });
    const ports = [1, 2, 3, 4].map((owner) => {
      const socket = script.socket(owner);
      expect(socket.connects(ADDRESS_B, 80)).toBe(0);
      return socket.localPort;
    });
    expect(ports.sort()).toEqual([50_000, 50_001, 50_002, 50_003]);
    expect(script.socket(5).connects(ADDRESS_B, 80)).toBe(EADDRNOTAVAIL);
    expect(script.socket(6).connects(ADDRESS_B, 81)).toBe(0);
  });

  it('leave out those that somebody is bound to', () => {
    const script = new Script({ config: SMALL_RANGE });
    for (const port of [50_000, 50_001, 50_003]) expect(script.socket(port).binds(port)).toBe(0);
    const socket = script.socket(2);
    expect(socket.connects(ADDRESS_B, 80)).toBe(0);
    expect(socket.localPort).toBe(50_002);
    expect(script.socket(3).connects(ADDRESS_B, 80)).toBe(EADDRNOTAVAIL);
  });

  it('do not come in an order that can be told from outside (RFC 6056 §3.3)', () => {
    const orders = [1, 2].map((seed) => {
      const script = new Script({ config: { seed } });
      return Array.from({ length: 20 }, (_, i) => {
        const socket = script.socket(i);
        socket.connects(ADDRESS_B, 80);
        return socket.localPort;
      });
    });
    expect(orders[0]).not.toEqual(orders[1]);
    for (const ports of orders) {
      const steps = ports.slice(1).map((port, i) => port - ports[i]);
      expect(new Set(steps).size).toBeGreaterThan(1);
      expect(new Set(ports).size).toBe(20);
    }
  });

  it('come round only after the whole range: a closed connection’s port is not the next one’s', () => {
    const script = new Script();
    const seen = new Set<number>();
    for (let i = 0; i < 100; i++) {
      const socket = script.socket(i);
      socket.connects(ADDRESS_B, 80);
      seen.add(socket.localPort);
      socket.closes();
    }
    expect(seen.size).toBe(100);
  });
});

describe('pairs', () => {
  it('may share a local port towards different peers', () => {
    const script = new Script();
    const sockets = [1, 2].map((owner) => {
      const socket = script.socket(owner);
      socket.sets(SO_REUSEADDR, 1);
      expect(socket.binds(7000)).toBe(0);
      return socket;
    });
    expect(sockets[0].connects(ADDRESS_B, 80)).toBe(0);
    expect(sockets[1].connects(ADDRESS_B, 80)).toBe(EADDRNOTAVAIL);
    expect(sockets[1].connects(ADDRESS_B, 81)).toBe(0);
  });

  it('keep their segments apart: same ports, different addresses', () => {
    const script = new Script();
    const listener = script.listener();
    const peers = [0x0a000002, 0x0a000003, 0x0a000004].map((address) => script.peer({ address, port: 4000 }));
    const sockets = peers.map((peer) => {
      peer.hostPort = 80;
      peer.sends({ flags: 'SYN' });
      peer.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
      peer.sends({ ack: 1 });
      return listener.accepts(peer.address);
    });
    peers.forEach((peer, i) => {
      peer.sendsData(10 * (i + 1));
      peer.expects({ ack: 1 + 10 * (i + 1) });
    });
    expect(sockets.map((socket) => socket?.reads())).toEqual([10, 20, 30]);
    peers[1].sends({ flags: 'RST' });
    expect(sockets.map((socket) => socket?.state)).toEqual(['ESTABLISHED', 'CLOSED', 'ESTABLISHED']);
  });

  it('are all found again among many that come and go', () => {
    const script = new Script();
    const listener = script.listener(80, 200);
    const peers = Array.from({ length: 120 }, (_, i) => script.peer({ port: 1000 + i * 7 }));
    const sockets = peers.map((peer, i) => {
      peer.hostPort = 80;
      peer.sends({ flags: 'SYN' });
      peer.sends({ ack: 1 });
      peer.ignores();
      return listener.accepts(100 + i);
    });
    peers.forEach((peer, i) => {
      if (i % 3 === 0) peer.sends({ flags: 'RST', seq: 1 });
    });
    peers.forEach((peer, i) => {
      peer.ignores();
      peer.sends({ flags: 'PSH ACK', seq: 1, length: 5 });
      if (i % 3 === 0) peer.expects({ flags: 'RST', seq: 1 });
      else peer.expects({ ack: 6 });
    });
    expect(sockets.filter((socket) => socket?.readable === 5).length).toBe(80);
  });
});
