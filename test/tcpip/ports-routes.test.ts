/** Routes, ARP and queues of a host that has several ports. */
import { describe, expect, it } from 'vitest';
import { EINVAL } from '../../src/socket/errno.ts';
import { SO_BROADCAST } from '../../src/socket/options.ts';
import { ESTABLISHED } from '../../src/tcpip/tcp/state.ts';
import { run } from './bed.ts';
import { arpFrame, echoBody, ipv4Frame, tcpFrame } from './frames.ts';
import { pattern } from './harness.ts';
import { ALL, arps, fourPorts, OUTSIDE, own, PORTS, peerOf, source, warm } from './ports-bed.ts';

describe('routes over several ports', () => {
  it('the longest prefix wins, and of equal ones the lowest port', () => {
    const bed = fourPorts({
      config: {
        address: 0x0a000001,
        prefixLength: 8,
        furtherPorts: [
          { address: 0x0a010001, prefixLength: 16 },
          { address: 0x0a010101, prefixLength: 24 },
          { address: 0x0a010102, prefixLength: 24 },
        ],
      },
    });
    const u = bed.host.udp(7);
    const reached = [0x0a090909, 0x0a010905, 0x0a010177].map((address) => {
      bed.host.sendTo(u, address, 9, pattern(1));
      bed.host.turn();
      return bed.host.ports.findIndex((port) => port.takeSent().length > 0);
    });
    expect(reached).toEqual([0, 1, 2]);
  });

  for (const port of ALL) {
    it(`what is on no subnet goes to a gateway on port ${port}’s subnet by that port`, () => {
      const { host, all } = fourPorts({ config: { gateway: peerOf(port) } });
      const u = host.udp(7);
      expect(host.sendTo(u, OUTSIDE, 9, pattern(8))).toBe(0);
      run(all);
      const counts = host.ports.map((link) => link.sent.length);
      expect(counts).toEqual(ALL.map((other) => (other === port ? 2 : 0)));
      expect(source(host.ports[port].sent[1])).toBe(own(port));
    });
  }

  it('a gateway on no subnet is looked for by port 0', () => {
    const { host } = fourPorts({ config: { gateway: OUTSIDE } });
    host.sendTo(host.udp(7), 0x08080808, 9, pattern(8));
    host.turn();
    expect(arps(host.ports[0].sent)).toHaveLength(1);
  });

  it('a directed broadcast goes to every station of its port’s wire (RFC 1122 §3.3.6)', () => {
    const { host, peers, all } = fourPorts();
    const sockets = peers.map((peer) => peer.udp(9));
    const u = host.udp(7);
    host.stack.udpSetOption(u, SO_BROADCAST, 1);
    expect(host.sendTo(u, 0x0a0002ff, 9, pattern(8))).toBe(0);
    run(all);
    expect(peers.map((peer, port) => peer.takeFrom(sockets[port])?.length)).toEqual([
      undefined,
      undefined,
      8,
      undefined,
    ]);
    expect(arps(host.ports[2].sent)).toEqual([]);
  });

  it('a limited broadcast goes by the port of the bound address, and by port 0 when none is bound', () => {
    const { host } = fourPorts();
    const bound = host.udp(7, own(3));
    const unbound = host.udp(8);
    for (const u of [bound, unbound]) {
      host.stack.udpSetOption(u, SO_BROADCAST, 1);
      expect(host.sendTo(u, -1, 9, pattern(8))).toBe(0);
    }
    host.turn();
    expect(host.ports.map((port) => port.sent.length)).toEqual([1, 0, 0, 1]);
    expect(source(host.ports[3].sent[0])).toBe(own(3));
    expect(source(host.ports[0].sent[0])).toBe(own(0));
    expect([...host.ports[3].sent[0].subarray(0, 6)]).toEqual([255, 255, 255, 255, 255, 255]);
  });
});

describe('RFC 826 over several ports', () => {
  it('asks on the port behind which the neighbour is, with that port’s addresses', () => {
    const { host } = fourPorts();
    const u = host.udp(7);
    host.sendTo(u, peerOf(2), 9, pattern(1));
    host.turn();
    expect(host.ports.map((port) => port.sent.length)).toEqual([0, 0, 1, 0]);
    const [request] = host.ports[2].sent;
    const view = new DataView(request.buffer);
    expect(view.getInt32(14 + 10)).toBe(host.ports[2].macLow);
    expect(view.getInt32(14 + 14)).toBe(own(2));
    expect(view.getInt32(14 + 24)).toBe(peerOf(2));
  });

  it('a port answers for its own address, and for no other port’s', () => {
    const { host } = fourPorts();
    for (const target of ALL.map(own)) {
      host.receive(arpFrame({ operation: 1, sender: peerOf(1), senderMac: 0x201, target }), 1);
    }
    host.turn();
    const answers = arps(host.ports[1].sent);
    expect(answers).toHaveLength(1);
    expect(new DataView(answers[0].buffer).getInt32(14 + 14)).toBe(own(1));
    expect(host.counter('arpRepliesSent')).toBe(1);
  });

  it('an address that has moved is said by its new port, which answers for it from then on', () => {
    const { host } = fourPorts();
    const ask = (target: number, port: number) => {
      host.receive(arpFrame({ operation: 1, sender: peerOf(2), senderMac: 0x201, target }), port);
      host.turn();
      return arps(host.ports[port].takeSent()).map((frame) => {
        const view = new DataView(frame.buffer);
        return [view.getUint16(14 + 6), view.getInt32(14 + 10), view.getInt32(14 + 14)];
      });
    };
    expect(host.stack.ways.moveAddress(1, 2, host.nowUs)).toBe(0);
    const [said] = arps(host.ports[2].takeSent());
    const view = new DataView(said.buffer);
    expect([...said.subarray(0, 6)]).toEqual([255, 255, 255, 255, 255, 255]);
    // A gratuitous request: sender and target are the address that has moved.
    expect([view.getInt32(14 + 14), view.getInt32(14 + 24)]).toEqual([own(1), own(1)]);
    expect(ask(own(1), 2)).toEqual([[2, host.ports[2].macLow, own(1)]]);
    expect(ask(own(2), 2)).toEqual([[2, host.ports[2].macLow, own(2)]]);
    expect(ask(own(1), 1)).toEqual([]);
    expect(host.stack.ways.moveAddress(1, 1, host.nowUs)).toBe(0);
    host.ports[1].takeSent();
    expect(ask(own(1), 2)).toEqual([]);
    expect(ask(own(1), 1)).toEqual([[2, host.ports[1].macLow, own(1)]]);
  });

  it('an address moves only between ports that have one', () => {
    const { host } = fourPorts({ loopback: true });
    expect(host.stack.ways.moveAddress(1, PORTS, host.nowUs)).toBe(EINVAL);
    expect(host.stack.ways.moveAddress(-1, 0, host.nowUs)).toBe(EINVAL);
  });

  it('a pure loopback port answers nobody, not even for 0.0.0.0', () => {
    const { host } = fourPorts({ loopback: true });
    for (const target of [0, own(0)]) {
      host.receive(arpFrame({ operation: 1, sender: peerOf(1), senderMac: 0x201, target }), PORTS);
    }
    host.turn();
    expect(host.counter('arpRepliesSent')).toBe(0);
  });

  it('an answer that comes by another port than the question went by changes nothing', () => {
    const bed = fourPorts();
    const u = warm(bed);
    bed.host.receive(arpFrame({ operation: 2, sender: peerOf(1), senderMac: 0x666, target: own(2) }), 2);
    bed.host.sendTo(u, peerOf(1), 9, pattern(1));
    bed.host.turn();
    const [frame] = bed.host.ports[1].takeSent();
    expect(new DataView(frame.buffer).getInt32(2)).toBe(0x201);
  });

  it('a station that claims an address of another port’s subnet is not learnt', () => {
    const { host } = fourPorts();
    host.receive(arpFrame({ operation: 1, sender: peerOf(1), senderMac: 0x666, target: own(2) }), 2);
    host.sendTo(host.udp(7), peerOf(1), 9, pattern(1));
    host.turn();
    expect(arps(host.ports[1].sent)).toHaveLength(1);
  });
});

describe('a full port holds back only what leaves by it', () => {
  const other = [0, 2, 3];

  it('datagrams to the others go on, and its own follow in order when it has room', () => {
    const bed = fourPorts();
    const u = warm(bed);
    const sockets = bed.peers.map((peer) => peer.udp(9));
    bed.host.ports[1].room = 0;
    for (let i = 0; i < 3; i++) for (const port of ALL) bed.host.sendTo(u, peerOf(port), 9, pattern(10, i));
    run(bed.all);
    for (const port of other) {
      for (let i = 0; i < 3; i++) expect(bed.peers[port].takeFrom(sockets[port])).toEqual(pattern(10, i));
    }
    expect(bed.host.stack.hasOutput()).toBe(true);
    expect(bed.peers[1].takeFrom(sockets[1])).toBeUndefined();
    bed.host.ports[1].room = 9;
    run(bed.all);
    for (let i = 0; i < 3; i++) expect(bed.peers[1].takeFrom(sockets[1])).toEqual(pattern(10, i));
    expect(bed.host.stack.hasOutput()).toBe(false);
  });

  it('a datagram that went in part goes on where it stopped, while others’ fragments go out', () => {
    const bed = fourPorts();
    const u = warm(bed);
    const sockets = bed.peers.map((peer) => peer.udp(9));
    bed.host.ports[1].room = 2;
    for (const port of ALL) bed.host.sendTo(u, peerOf(port), 9, pattern(9000, port));
    run(bed.all);
    for (const port of other) expect(bed.peers[port].takeFrom(sockets[port])).toEqual(pattern(9000, port));
    expect(bed.host.ports[1].takeSent()).toHaveLength(2);
    bed.host.ports[1].room = 99;
    run(bed.all);
    expect(bed.peers[1].takeFrom(sockets[1])).toEqual(pattern(9000, 1));
  });

  it('connections over the others go on', () => {
    const bed = fourPorts();
    const listeners = bed.peers.map((peer) => peer.listen(80));
    const clients = ALL.map((port) => bed.host.connect(peerOf(port), 80, port + 1));
    run(bed.all);
    const servers = ALL.map((port) => bed.peers[port].stack.tcpAccept(listeners[port], 1));
    bed.host.ports[1].room = 0;
    for (const port of ALL) bed.host.sendOn(clients[port], pattern(20_000, port));
    run(bed.all, 100_000);
    for (const port of other) expect(bed.peers[port].takeOn(servers[port])).toEqual(pattern(20_000, port));
    expect(bed.peers[1].takeOn(servers[1])).toHaveLength(0);
    bed.host.ports[1].room = 999;
    run(bed.all, 100_000);
    expect(bed.peers[1].takeOn(servers[1])).toEqual(pattern(20_000, 1));
    for (const c of clients) expect(bed.host.stack.tcpState(c)).toBe(ESTABLISHED);
  });

  it('echo answers, resets and ARP answers by the others go on', () => {
    const bed = fourPorts();
    warm(bed);
    const { host } = bed;
    host.ports[1].room = 0;
    const fields = { sourcePort: 1, destinationPort: 2, flags: 2 };
    for (const port of ALL) {
      host.receive(ipv4Frame(peerOf(port), own(port), 1, echoBody(1, port, pattern(20))), port);
      host.receive(tcpFrame({ ...fields, source: peerOf(port), destination: own(port) }), port);
      host.receive(
        arpFrame({ operation: 1, sender: peerOf(port), senderMac: 0x200 + port, target: own(port) }),
        port,
      );
    }
    host.turn();
    expect(ALL.map((port) => host.ports[port].takeSent().length)).toEqual([3, 0, 3, 3]);
    host.ports[1].room = 9;
    host.turn();
    expect(ALL.map((port) => host.ports[port].takeSent().length)).toEqual([0, 3, 0, 0]);
  });

  it('ARP questions by the others go on', () => {
    const { host } = fourPorts();
    const u = host.udp(7);
    host.ports[1].room = 0;
    for (const port of ALL) host.sendTo(u, peerOf(port) + 5, 9, pattern(1));
    host.turn();
    expect(ALL.map((port) => arps(host.ports[port].sent).length)).toEqual([1, 0, 1, 1]);
    host.ports[1].room = 1;
    host.turn();
    expect(arps(host.ports[1].sent)).toHaveLength(1);
  });

  it('is asked at most once in a flush by each kind of output', () => {
    const bed = fourPorts();
    const u = warm(bed);
    bed.host.ports[1].room = 0;
    for (let i = 0; i < 5; i++) bed.host.sendTo(u, peerOf(1), 9, pattern(1));
    bed.host.stack.flush(bed.host.nowUs);
    expect(bed.host.ports[1].refusals).toBe(1);
  });

  it('a connection that comes back with another port is not held by the full one', () => {
    const bed = fourPorts({ config: { connectionsMax: 1 } });
    warm(bed);
    bed.peers[2].listen(80);
    bed.host.ports[1].room = 0;
    const first = bed.host.connect(peerOf(1), 80, 1);
    bed.host.turn();
    bed.host.stack.tcpAbort(first, bed.host.nowUs);
    bed.host.connect(peerOf(2), 80, 2);
    run(bed.all);
    expect(bed.host.told).toContain('connected 2 0');
  });

  it('a connection that comes back with a full port holds nobody up at the port it left', () => {
    const bed = fourPorts({ config: { connectionsMax: 2 } });
    warm(bed);
    for (const port of [1, 2]) {
      bed.peers[port].listen(80);
      bed.host.ports[port].room = 0;
    }
    const first = bed.host.connect(peerOf(1), 80, 1);
    bed.host.turn();
    bed.host.stack.tcpAbort(first, bed.host.nowUs);
    expect(bed.host.connect(peerOf(2), 80, 2), 'the same control block').toBe(first);
    bed.host.connect(peerOf(1), 80, 3);
    bed.host.ports[1].room = 99;
    run(bed.all);
    expect(bed.host.told).toEqual(['connected 3 0']);
  });

  it('a neighbour nobody answers for takes only what waits for it', () => {
    const bed = fourPorts();
    const u = warm(bed);
    const lost = bed.host.stack.udpOpen(77);
    bed.host.stack.udpConnect(lost, peerOf(3) + 9, 9);
    const [sent, done] = [bed.host.counter('udpOutDatagrams'), bed.host.done.length];
    bed.host.sendTo(lost, 0, 0, pattern(1));
    bed.host.sendTo(u, peerOf(2), 9, pattern(1));
    run(bed.all, 5_000_000);
    expect(bed.host.counter('udpOutDatagrams') - sent).toBe(1);
    expect(bed.host.done.length - done).toBe(2);
    expect([lost, u].map((one) => bed.host.stack.udpError(one))).toEqual([0, 0]);
  });
});
