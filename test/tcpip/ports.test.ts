/**
 * One stack over several ports: what leaves by which, what comes in by which, and that no port holds up
 * another.
 */
import { describe, expect, it } from 'vitest';
import { EADDRNOTAVAIL, EINVAL } from '../../src/socket/errno.ts';
import { TCP_MAXSEG } from '../../src/socket/options.ts';
import { TX_SEGMENT } from '../../src/tcpip/contract.ts';
import { DEFAULT_STACK_CONFIG, Stack } from '../../src/tcpip/stack/stack.ts';
import { Host, type HostOptions, run } from './bed.ts';
import { echoBody, ipv4Frame, tcpFrame, udpFrame } from './frames.ts';
import { pattern } from './harness.ts';
import { ALL, fourPorts, OUTSIDE, own, PORTS, peerOf, source, sourceMac, warm } from './ports-bed.ts';

describe('each peer is reached through its own port', () => {
  it('a datagram leaves by the port whose subnet holds its destination, with that port’s addresses', () => {
    const { host, peers, all } = fourPorts();
    const u = host.udp(7);
    const sockets = peers.map((peer) => peer.udp(9));
    for (const port of ALL) expect(host.sendTo(u, peerOf(port), 9, pattern(10, port))).toBe(0);
    run(all);
    for (const port of ALL) {
      expect(peers[port].takeFrom(sockets[port])).toEqual(pattern(10, port));
      expect(peers[port].stack.udpSourceAddress(sockets[port])).toBe(own(port));
      const frames = host.ports[port].sent;
      expect(frames).toHaveLength(2);
      for (const frame of frames) expect(sourceMac(frame)).toBe(host.ports[port].macLow);
    }
  });

  it('connections to four peers each run over their own port', () => {
    const { host, peers, all } = fourPorts();
    const listeners = peers.map((peer) => peer.listen(80));
    const clients = ALL.map((port) => host.connect(peerOf(port), 80, port + 1));
    run(all);
    const servers = peers.map((peer, port) => peer.stack.tcpAccept(listeners[port], 1));
    for (const port of ALL) {
      expect(host.told).toContain(`connected ${port + 1} 0`);
      expect(host.stack.tcpLocalAddress(clients[port])).toBe(own(port));
      host.sendOn(clients[port], pattern(5000, port));
    }
    run(all, 100_000);
    for (const port of ALL) expect(peers[port].takeOn(servers[port])).toEqual(pattern(5000, port));
    expect(host.counter('tcpRetransSegs')).toBe(0);
  });

  it('a listener bound to no address accepts from every port', () => {
    const { host, peers, all } = fourPorts();
    const listener = host.listen(80);
    for (const port of ALL) peers[port].connect(own(port), 80);
    run(all);
    const remotes = ALL.map(() => host.stack.tcpRemoteAddress(host.stack.tcpAccept(listener, 1)));
    expect(remotes.sort()).toEqual(ALL.map(peerOf).sort());
  });

  it('answers an echo by the port it came by', () => {
    const bed = fourPorts();
    warm(bed);
    for (const port of ALL) {
      bed.host.receive(ipv4Frame(peerOf(port), own(port), 1, echoBody(1, port, pattern(20))), port);
    }
    bed.host.turn();
    for (const port of ALL) {
      const [answer] = bed.host.ports[port].takeSent();
      expect(source(answer)).toBe(own(port));
      expect(answer.subarray(42)).toEqual(pattern(20));
    }
  });

  it('resets a segment of no connection by the port to which its sender is', () => {
    const bed = fourPorts();
    warm(bed);
    const fields = { sourcePort: 1, destinationPort: 2, flags: 2 };
    bed.host.receive(tcpFrame({ ...fields, source: peerOf(2), destination: own(2) }), 2);
    bed.host.turn();
    expect(ALL.map((port) => bed.host.ports[port].takeSent().length)).toEqual([0, 0, 1, 0]);
  });

  it('fragments to the MTU of the port it leaves by', () => {
    const bed = fourPorts({ ports: [{ mtu: 1500 }, { mtu: 576 }, { mtu: 9000 }, { mtu: 300 }] });
    const u = warm(bed);
    const sockets = bed.peers.map((peer) => peer.udp(9));
    for (const port of ALL) expect(bed.host.sendTo(u, peerOf(port), 9, pattern(4000, port))).toBe(0);
    run(bed.all);
    const packets = bed.host.ports.map((port) => port.takeSent().length);
    expect(packets).toEqual([3, 8, 1, 15]);
    for (const port of ALL) {
      expect(bed.peers[port].takeFrom(sockets[port])).toEqual(pattern(4000, port));
    }
  });

  it('a connection’s segments and its MSS option are its port’s (RFC 9293 §3.7.1)', () => {
    const bed = fourPorts({ ports: [{ mtu: 1500 }, { mtu: 576 }, { mtu: 9000 }, { mtu: 300 }] });
    for (const peer of bed.peers) peer.listen(80);
    const clients = ALL.map((port) => bed.host.connect(peerOf(port), 80, port + 1));
    run(bed.all);
    const maxseg = clients.map((c) => bed.host.stack.tcpGetOption(c, TCP_MAXSEG));
    expect(maxseg).toEqual([1448, 524, 8948, 248]);
    const syn = bed.host.ports[2].sent.find((frame) => frame[23] === 6)!;
    expect([...syn.subarray(54, 58)]).toEqual([2, 4, 8960 >> 8, 8960 & 255]);
  });

  it('asks only a port that can segment to segment, and no more than it can', () => {
    const segmenting = { segmentBytesMax: 4000 };
    const bed = fourPorts({ ports: [{}, segmenting, {}, {}] });
    const listeners = bed.peers.map((peer) => peer.listen(80));
    const clients = [0, 1].map((port) => bed.host.connect(peerOf(port), 80, port + 1));
    run(bed.all);
    for (const c of clients) bed.host.sendOn(c, pattern(10_000));
    run(bed.all, 100_000);
    const cut = bed.host.ports.map((port) => port.requests.filter((request) => request.flags & TX_SEGMENT));
    expect(cut[0]).toEqual([]);
    expect(cut[1].length).toBeGreaterThan(1);
    for (const request of cut[1]) expect(request.payload).toBe(1448 * 2);
    const server = bed.peers[1].stack.tcpAccept(listeners[1], 1);
    expect(bed.peers[1].takeOn(server)).toEqual(pattern(10_000));
  });

  it('makes the checksums itself for a port that cannot, and leaves them to one that can', () => {
    const bed = fourPorts({ ports: [{}, { transmitChecksum: false }, {}, {}] });
    for (const peer of bed.peers) peer.listen(80);
    const u = bed.host.udp(7);
    const sockets = bed.peers.map((peer) => peer.udp(9));
    for (const port of [0, 1]) {
      bed.host.connect(peerOf(port), 80, port + 1);
      bed.host.sendTo(u, peerOf(port), 9, pattern(33));
    }
    run(bed.all);
    for (const port of [0, 1]) {
      expect(bed.host.told).toContain(`connected ${port + 1} 0`);
      expect(bed.peers[port].takeFrom(sockets[port])).toEqual(pattern(33));
    }
  });
});

describe('own addresses', () => {
  for (const loopback of [false, true]) {
    const where = loopback ? 'a port of their own' : 'port 0';
    it(`packets to any own address and to 127/8 leave and come back by ${where}`, () => {
      const { host, all } = fourPorts({ loopback });
      const v = host.udp(9);
      const u = host.udp(7);
      for (const address of [...ALL.map(own), 0x7f000001, 0x7f123456]) {
        expect(host.sendTo(u, address, 9, pattern(30))).toBe(0);
        run(all);
        expect(host.takeFrom(v)).toEqual(pattern(30));
        expect(host.stack.udpSourceAddress(v)).toBe(address >>> 24 === 127 ? 0x7f000001 : address);
      }
      const used = host.ports.map((port) => port.sent.length);
      expect(used).toEqual(loopback ? [0, 0, 0, 0, 6] : [6, 0, 0, 0]);
    });

    it(`a connection to the third port’s address runs over ${where}`, () => {
      const { host, all } = fourPorts({ loopback });
      const listener = host.listen(80, own(2));
      const client = host.connect(own(2), 80);
      run(all);
      const server = host.stack.tcpAccept(listener, 2);
      host.sendOn(client, pattern(3000));
      run(all, 100_000);
      expect(host.takeOn(server)).toEqual(pattern(3000));
      expect(host.stack.tcpLocalAddress(client)).toBe(own(2));
      const mss = host.stack.tcpGetOption(client, TCP_MAXSEG);
      expect(mss).toBe(loopback ? 65535 - 52 : 1448);
      expect(host.ports.slice(1, PORTS).map((port) => port.sent.length)).toEqual([0, 0, 0]);
    });
  }

  it('a connection from 127.0.0.1 goes to own addresses, and to no other host (RFC 1122 §3.2.1.3)', () => {
    const { host } = fourPorts();
    const connect = (address: number) => {
      const c = host.stack.tcpOpen(1);
      expect(host.stack.tcpBind(c, 0x7f000001, 0)).toBe(0);
      return host.stack.tcpConnect(c, address, 80, host.nowUs);
    };
    expect([peerOf(0), OUTSIDE, own(2), 0x7f000002].map(connect)).toEqual([EINVAL, EINVAL, 0, 0]);
  });

  it('binds to the address of any port, and to no other', () => {
    const { host } = fourPorts();
    for (const port of ALL) {
      expect(host.stack.tcpBind(host.stack.tcpOpen(1), own(port), 80)).toBe(0);
      expect(host.stack.udpBind(host.stack.udpOpen(1), own(port), 80)).toBe(0);
    }
    expect(host.stack.tcpBind(host.stack.tcpOpen(1), own(PORTS), 80)).toBe(EADDRNOTAVAIL);
    expect(host.stack.udpBind(host.stack.udpOpen(1), own(PORTS), 80)).toBe(EADDRNOTAVAIL);
  });

  it('accepts a packet for an own address from any port (the weak model of RFC 1122 §3.3.4.2)', () => {
    const { host } = fourPorts();
    const v = host.udp(9, own(2));
    host.receive(udpFrame(peerOf(1), own(2), 5, 9, pattern(4)), 1);
    expect(host.takeFrom(v)).toEqual(pattern(4));
  });

  it('believes an own or 127/8 source only from the loopback port itself (RFC 1122 §3.2.1.3)', () => {
    const { host } = fourPorts({ loopback: true });
    const v = host.udp(9);
    for (const [port, from, mac] of [
      [1, own(1), host.ports[1].macLow],
      [PORTS, own(1), host.ports[1].macLow],
      [1, 0x7f000001, host.ports[PORTS].macLow],
    ] as const) {
      const frame = udpFrame(from, own(2), 5, 9, pattern(4));
      new DataView(frame.buffer).setInt32(8, mac);
      host.receive(frame, port);
    }
    expect(host.takeFrom(v)).toBeUndefined();
    expect(host.counter('ipInAddrErrors')).toBe(3);
    const good = udpFrame(own(1), own(2), 5, 9, pattern(4));
    new DataView(good.buffer).setInt32(8, host.ports[PORTS].macLow);
    host.receive(good, PORTS);
    expect(host.takeFrom(v)).toEqual(pattern(4));
  });

  it('takes 127/8 destinations from no port but the loopback port', () => {
    const { host } = fourPorts({ loopback: true });
    const v = host.udp(9);
    for (const port of ALL) host.receive(udpFrame(peerOf(port), 0x7f000001, 5, 9, pattern(4)), port);
    expect(host.takeFrom(v)).toBeUndefined();
    expect(host.counter('ipInAddrErrors')).toBe(4);
  });
});

describe('the number of ports', () => {
  const further = [{ address: own(1), prefixLength: 24 }];
  const make = (ports: number, config: HostOptions['config']) => () =>
    new Host({ ports: Array.from({ length: ports }, () => ({})), config });

  for (const [ports, config, expected] of [
    [1, {}, 1],
    [2, {}, 1],
    [2, { furtherPorts: further }, 2],
    [1, { furtherPorts: further }, 2],
    [3, { furtherPorts: further }, 2],
    [3, { furtherPorts: further, loopbackPort: 2 }, 3],
    [2, { furtherPorts: further, loopbackPort: 2 }, 3],
    [2, { furtherPorts: further, loopbackPort: 1 }, 2],
  ] as const) {
    const what = `${ports} ports where the configuration says ${expected}`;
    it(ports === expected ? `takes ${what}` : `refuses ${what}`, () => {
      if (ports === expected) expect(make(ports, config)).not.toThrow();
      else expect(make(ports, config)).toThrow(new RangeError(`"ports" expected ${expected}, got ${ports}`));
    });
  }

  it('the stack itself is port 0’s client', () => {
    const host = new Host({ config: { address: own(0) } });
    const v = host.udp(9);
    const frame = udpFrame(peerOf(0), own(0), 5, 9, pattern(4));
    const packet = host.packets.take();
    const at = host.packets.addressOf(packet);
    host.region.bytes.set(frame, at);
    expect(host.stack.input(packet, at, frame.length, 0, host.nowUs)).toBe(true);
    expect(host.takeFrom(v)).toEqual(pattern(4));
  });

  it('a stack of one port needs no more to be said', () => {
    expect(DEFAULT_STACK_CONFIG.furtherPorts).toEqual([]);
    expect(DEFAULT_STACK_CONFIG.loopbackPort).toBe(0);
    expect(new Host().stack).toBeInstanceOf(Stack);
  });
});
