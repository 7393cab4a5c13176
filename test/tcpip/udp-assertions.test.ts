/** Every assertion of UDP, tripped by the fault it guards against. */
import { BYTES_UNREAD } from '../../src/ledger/counters.gen.ts';
import { mtuOfPath, staysWhole } from '../../src/tcpip/path-limits.ts';
import { DEFAULT_STACK_CONFIG } from '../../src/tcpip/stack/stack.ts';
import { isTooLong } from '../../src/tcpip/udp/send-datagram.ts';
import { UdpSends } from '../../src/tcpip/udp/sends.ts';
import { trips } from '../rules/trips.ts';
import { Host } from './bed.ts';
import { arpFrame } from './frames.ts';
import { holding } from './ip-assertion-bed.ts';

const OWN = 0x0a000001;
const PEER = 0x0a000002;

trips('UDP sends: a datagram that is taken out of a queue is in it', () => new UdpSends(4, 1).shift(0));
trips('UDP sends: no more entries come back than there are', () => new UdpSends(4, 1).release(0));
trips('UDP sends: an entry is taken only where one is free', () => {
  const sends = new UdpSends(1, 1);
  for (let i = 0; i < 2; i++) sends.begin(0, 0, PEER, OWN, PEER, 0);
});
trips('UDP sends: a datagram is queued at a port that is there', () => {
  const sends = new UdpSends(1, 1);
  sends.queue(sends.begin(0, 1, PEER, OWN, PEER, 0));
});
trips("UDP: what is done about a path's MTU is one of Linux's ways", () => {
  const host = new Host();
  const u = host.udp(7);
  host.stack['udp'].sockets[u].mtuDiscover = 6;
  host.receive(arpFrame({ operation: 2, sender: PEER, senderMac: 0x222, target: OWN }));
  host.sendTo(u, PEER, 9, new Uint8Array(1));
  host.flush();
});
trips('path limits: a packet of some size may go', () => {
  const host = new Host();
  host.stack['environment'].mtus[0] = 0;
  mtuOfPath(host.stack['tcp'], PEER, 0);
});
trips('path limits: an MTU is found in a way of Linux', () => {
  staysWhole(new Host().stack['tcp'], 6, PEER);
});
trips('UDP: a datagram has no negative length', () => {
  isTooLong(new Host().stack['tcp'], 2, PEER, 0, -1);
});
trips('UDP received: a datagram that is queued has a whole header', () => {
  const { received, socket } = holding();
  received.append(socket, 1, 7, PEER, 5);
});
trips('UDP received: a socket holds no more datagrams than it may', () => {
  const { received, socket } = holding();
  socket.count = DEFAULT_STACK_CONFIG.udpReceiveDatagrams;
  received.append(socket, 1, 8, PEER, 5);
});
trips('UDP received: no more of a datagram is taken than there is', () => {
  const { received, socket } = holding();
  received['took'](socket, socket.head, received.readable(socket) + 1);
});
trips('UDP: a datagram is taken to where the program has room for it', () => {
  const { host, v } = holding();
  host.stack.udpTakeTo(v, new Uint8Array(4), 2, 4);
});
trips('UDP received: a datagram that is dropped is there', () => {
  const host = new Host();
  const udp = host.stack['udp'];
  udp['received']['dropFirst'](udp.sockets[host.udp(9)], BYTES_UNREAD);
});
trips('UDP received: bytes and datagrams of a socket run out together', () => {
  const { host, socket, v } = holding();
  socket.bytes += 1;
  host.takeFrom(v);
});
trips('UDP ports: a socket that is bound has a user', () => {
  const udp = new Host().stack['udp'];
  udp.bind(udp.sockets[3], 0, 80);
});
trips('UDP ports: a bound socket is in the list of its port', () => {
  const { host, v, socket } = holding();
  socket.localPort = 10;
  host.stack.udpClose(v);
});
trips('UDP: a socket of the pool has no user and no datagram', () => {
  const { host, udp } = holding();
  udp['free'][udp['freeCount'] - 1] = 0;
  udp.sockets[0].owner = 5;
  host.stack.udpOpen(6);
});
trips('UDP: a socket is closed once', () => {
  const { udp, socket } = holding();
  udp.close(socket);
  udp.close(socket);
});
trips('UDP: a datagram has a piece, if only an empty one', () => {
  const host = new Host();
  host.sendTo(host.udp(7), PEER, 9);
});
trips('UDP: the datagrams of all queues are counted, and leave by the port of their queue', () => {
  const { host, udp } = holding();
  udp['sends'].queued = 1;
  host.turn();
});
