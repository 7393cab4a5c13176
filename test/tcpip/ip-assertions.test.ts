/**
 * Every assertion of the stack below TCP, tripped by the fault it guards against: the real object, its state
 * broken or called as buggy code of ours would call it.
 */
import { BYTES_UNREAD } from '../../src/ledger/counters.gen.ts';
import { ARP_REQUEST, writeArp } from '../../src/tcpip/header/arp.ts';
import { writeEthernetAddresses } from '../../src/tcpip/header/ethernet.ts';
import { ICMP_UNREACHABLE } from '../../src/tcpip/header/icmp.ts';
import { fold } from '../../src/tcpip/header/ipv4.ts';
import { checkEchoPieces } from '../../src/tcpip/icmp/icmp.ts';
import { IcmpQueue } from '../../src/tcpip/icmp/queue.ts';
import { DatagramSender, LIST_MAX } from '../../src/tcpip/ipv4/datagram.ts';
import { PortLists } from '../../src/tcpip/port-lists.ts';
import { maskOf, Routes } from '../../src/tcpip/route.ts';
import { DEFAULT_STACK_CONFIG } from '../../src/tcpip/stack/stack.ts';
import { UdpSends } from '../../src/tcpip/udp/sends.ts';
import { trips } from '../rules/trips.ts';
import { Host, run } from './bed.ts';
import { arpFrame, echoBody, ipv4Frame, udpBody, udpFrame } from './frames.ts';
import { pattern } from './harness.ts';

const OWN = 0x0a000001;
const PEER = 0x0a000002;
const STRANGER = 0x0a000077;
const NOWHERE = -64;

/** A host that has asked for a neighbour that has not answered; its entry. */
function asking() {
  const host = new Host();
  host.sendTo(host.udp(7), STRANGER, 9, pattern(1));
  host.turn();
  const neighbours = host.stack['neighbours'];
  return { host, neighbours, entry: neighbours.resolve(STRANGER) };
}

/** A host that knows the peer's hardware address. */
function knowing(options: ConstructorParameters<typeof Host>[0] = {}) {
  const host = new Host(options);
  host.receive(arpFrame({ operation: ARP_REQUEST, sender: PEER, senderMac: 0x222, target: OWN }));
  host.turn();
  const neighbour = host.stack['neighbours'].resolve(PEER);
  const environment = host.stack['environment'];
  const sender = new DatagramSender(environment, host.stack['neighbours'], host.ports[0]);
  return { host, environment, neighbour, sender };
}

const send = ({ sender, neighbour }: ReturnType<typeof knowing>, flags = 0) =>
  sender.send(neighbour, OWN, PEER, 17, 0, 0, flags);

/** A host with a datagram's fragments, all but the last, in its reassembly. */
function reassembling(parts = [0, 40]) {
  const host = new Host({ config: { reassembliesMax: 4 } });
  const body = udpBody(PEER, OWN, 5, 9, pattern(200));
  for (const at of parts)
    host.receive(ipv4Frame(PEER, OWN, 17, body.subarray(at, at + 40), 0x2000 | (at >> 3), 7));
  const reassembly = host.stack['reassembly'];
  const entry = reassembly['head'].findIndex((head) => head >= 0);
  return { host, reassembly, entry, next: ipv4Frame(PEER, OWN, 17, body.subarray(80, 120), 0x2000 | 10, 7) };
}

function echoing() {
  const host = new Host();
  host.receive(ipv4Frame(PEER, OWN, 1, echoBody(1, 1, pattern(9))));
  return { host, icmp: host.stack['icmp'] };
}

const queueOf = (sender: DatagramSender) => new IcmpQueue(sender);

/** A host with a received datagram that waits to be taken. */
function holding() {
  const host = new Host();
  const v = host.udp(9);
  host.receive(udpFrame(PEER, OWN, 5, 9, pattern(20)));
  const udp = host.stack['udp'];
  return { host, v, udp, socket: udp.sockets[v], received: udp['received'] };
}

/** Makes a stack's environment of a host's parts, with such ports and such a place to put pieces together. */
function newEnvironment(host: Host, ports: readonly unknown[], gatherAt: number): unknown {
  const { stack, region, packets, ledger } = host;
  return Reflect.construct(stack['environment'].constructor as new () => unknown, [
    stack.config,
    region,
    packets,
    undefined,
    ledger,
    ports,
    host,
    gatherAt,
  ]);
}

trips('stack environment: there is a port to send through', () => newEnvironment(new Host(), [], 64));
trips('stack environment: the place where pieces are put together lies in the region', () => {
  const host = new Host();
  return newEnvironment(host, host.ports, host.region.byteLength - 1000);
});
trips('stack environment: a port carries what IPv4 asks of a link', () => new Host({ ports: [{ mtu: 67 }] }));
trips('stack environment: a packet may have payload', () => new Host({ ports: [{ piecesMax: 0 }] }));
trips('stack environment: less than a millisecond is left over', () => {
  const environment = new Host().stack['environment'];
  environment.setTime(1);
  environment['remainderUs'] = -9;
  environment.setTime(2);
});

trips('routes: a prefix has 0 to 32 bits', () => maskOf(33));
trips(
  'routes: the loopback port has an address or follows those that have',
  () => new Routes({ ...DEFAULT_STACK_CONFIG, loopbackPort: 2 }),
);
trips('routes: a packet to another host leaves by a port with an address', () => {
  const routes = new Routes(DEFAULT_STACK_CONFIG);
  Object.assign(routes, { gatewayPort: 3 });
  routes.sourceFor(0x08080808);
});
trips('port lists: what is bound is bound to a port of 16 bits, not to 0', () =>
  new PortLists(4).setFirst(0, 1),
);

trips('ARP header: what is written is a request or a reply', () =>
  writeArp(new DataView(new ArrayBuffer(64)), 0, 3, 0, 0, 0, 0, 0, 0),
);
trips('Ethernet header: the high part of a hardware address has two bytes', () =>
  writeEthernetAddresses(new DataView(new ArrayBuffer(64)), 0, 0x10000, 0, 0, 0),
);
trips('IPv4 header: a sum to fold has not run over', () => fold(-1));

trips('neighbours: only an entry without an answer is asked for', () => {
  const { neighbours, entry } = asking();
  neighbours['state'][entry] = 0;
  neighbours['request'](entry);
});
trips('neighbours: a neighbour is asked for a bounded number of times', () => {
  const { neighbours, entry } = asking();
  for (let i = 0; i < 9; i++) neighbours['request'](entry);
});
trips('neighbours: our own entry and the broadcast entry are never learnt', () =>
  asking().neighbours['learn'](0, 1, 1),
);
trips('neighbours: only an entry without an answer is given up', () => {
  const { neighbours, entry } = asking();
  neighbours['giveUp'](entry);
  neighbours['giveUp'](entry);
});
trips('neighbours: ARP is spoken only through a port with an address', () => {
  const host = new Host({ ports: [{}, {}], config: { loopbackPort: 1 } });
  host.stack['neighbours']['queueReply'](1, 0, 0, PEER);
  host.turn();
});
trips('neighbours: the entries without an answer are counted', () => {
  const { host, neighbours, entry } = asking();
  neighbours['incompleteCount'] = 2;
  neighbours['requestDue'][entry] = 1;
  neighbours['requestCount'] = 1;
  host.turn();
});
trips('neighbours: the requests to be sent are counted', () => {
  const { host, neighbours } = asking();
  neighbours['requestCount'] = 1;
  host.turn();
});
trips('neighbours: the replies to be sent are counted', () => {
  const { host, neighbours } = asking();
  neighbours['replyCount'] = 1;
  host.turn();
});

trips('pieces: a payload follows its header', () => new Host().stack['pieces'].set(0, 100, 120, -1));
trips('pieces: a chain has an end', () => {
  const { host, reassembly, entry } = reassembling();
  const first = reassembly['head'][entry];
  const { pieces } = host.stack as unknown as { pieces: { next: Int32Array; free(at: number): void } };
  pieces.next[first] = first;
  Object.assign(host.packets, { free: () => undefined });
  pieces.free(first);
});

trips('IPv4 output: a packet is no longer than its port can send', () => {
  const bed = knowing();
  bed.sender.add(bed.host.place(pattern(1472)), 1472);
  Object.assign(bed.host.ports[0], { mtu: 1499 });
  Object.defineProperty(bed.sender, 'isWhole', { value: true });
  send(bed);
});
trips('IPv4 output: the hardware address of the next hop is known', () => {
  const bed = knowing();
  send({ ...bed, neighbour: asking().entry + 3 });
});

trips('datagram sender: a datagram sent in part is sent to its end or given up', () => {
  const bed = knowing();
  bed.sender.add(bed.host.place(pattern(4000)), 4000);
  bed.host.ports[0].room = 1;
  send(bed);
  bed.sender.clear();
});
trips('datagram sender: a piece of payload has no negative length', () => knowing().sender.add(100, -1));
trips('datagram sender: the list has room for every piece of a datagram', () => {
  const { sender } = knowing();
  for (let i = 0; i <= LIST_MAX; i++) sender.add(100, 1);
});
trips('datagram sender: a datagram is no longer than IPv4 allows', () => {
  const bed = knowing();
  bed.sender.add(1000, 65508);
  send(bed);
});
trips('datagram sender: the device does no work on fragments', () => {
  const bed = knowing();
  bed.sender.add(1000, 2000);
  send(bed, 1);
});
trips('datagram sender: every packet brings the datagram forward', () => {
  const bed = knowing({ ports: [{ piecesMax: 1 }] });
  for (let i = 0; i < 3; i++) bed.sender.add(1000, 3);
  send(bed);
});

trips('reassembly: a complete datagram has its first byte', () => {
  const host = new Host();
  host.receive(ipv4Frame(PEER, OWN, 17, pattern(40), 0x2000, 7));
  const { reassembly, pieces } = host.stack as unknown as {
    reassembly: { head: Int32Array; offset: Int32Array };
    pieces: { length: Int32Array };
  };
  const first = reassembly.head[0] >= 0 ? reassembly.head[0] : Math.max(...reassembly.head);
  reassembly.offset[first] = 8;
  pieces.length[first] = 32;
  Object.assign(host.stack['reassembly'], { checkOrder: () => undefined });
  host.receive(ipv4Frame(PEER, OWN, 17, pattern(8), 5, 7));
});
trips('reassembly: a fragment that is dropped was held', () => {
  const { host, reassembly } = reassembling();
  reassembly['slotsHeld'] = -9;
  host.receive(ipv4Frame(PEER, OWN, 17, pattern(7), 0x2000, 7));
});
trips('reassembly: a datagram that is given up has a fragment', () => {
  const { reassembly, entry } = reassembling();
  reassembly['head'][entry] = -1;
  reassembly['giveUp'](entry, false);
});
trips('reassembly: every slot held is a fragment of one datagram', () => {
  const { reassembly } = reassembling();
  reassembly['slotsHeld'] += 1;
  reassembly.advance();
});
trips('reassembly: the datagrams being put together are counted', () => {
  const { reassembly } = reassembling();
  reassembly['active'] += 1;
  reassembly.advance();
});
trips('reassembly: fragments lie in order and do not overlap', () => {
  const { host, reassembly, entry, next } = reassembling();
  reassembly['offset'][reassembly['head'][entry]] = 48;
  host.receive(next);
});
trips('reassembly: the bytes that are there are counted', () => {
  const { host, reassembly, entry, next } = reassembling();
  reassembly['received'][entry] -= 8;
  host.receive(next);
});

trips('ICMP: an echo of all the fragments it may have can be answered', () => checkEchoPieces(257, 256));
trips('ICMP: an error goes to one host, which the input has made sure of', () => {
  const host = new Host();
  const packet = host.packets.take();
  const at = host.packets.addressOf(packet);
  host.region.bytes.set(udpFrame(-1, OWN, 5, 9, pattern(9)), at);
  host.stack['icmp'].queueError(packet, at + 14, ICMP_UNREACHABLE, 3);
});
trips('ICMP: no second has more errors than it may', () => {
  const { host, icmp } = echoing();
  icmp['tokens'] = -1;
  host.receive(udpFrame(PEER, OWN, 5, 9, pattern(9)));
});
trips('ICMP: a message that is sent has the packet that it is about', () => {
  const { host, neighbour } = knowing();
  host.receive(ipv4Frame(PEER, OWN, 1, echoBody(1, 1, pattern(9))));
  const [queue] = host.stack['icmp']['queues'];
  queue.packet[queue.first] = neighbour - neighbour - 1;
  host.turn();
});
trips('ICMP: the messages of all queues are counted', () => {
  const { host, icmp } = echoing();
  icmp['queued'] += 1;
  host.turn();
});
trips('ICMP queue: a message that is queued has a place', () => {
  const queue = queueOf(knowing().sender);
  for (let i = 0; i < 65; i++) queue.append(i, OWN, PEER, 0, 0);
});
trips('ICMP queue: only a message that is there is taken out', () => queueOf(knowing().sender).shift());
trips('ICMP queue: one message at most waits for a hardware address', () => {
  const queue = queueOf(knowing().sender);
  queue.append(1, OWN, PEER, 0, 0);
  queue.putAside(queue.first);
  queue.putAside(queue.first);
});

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
trips('UDP received: a datagram that is queued has a whole header', () => {
  const { received, socket } = holding();
  received.append(socket, 1, 7, PEER, 5);
});
trips('UDP received: a socket holds no more datagrams than it may', () => {
  const { received, socket } = holding();
  socket.count = DEFAULT_STACK_CONFIG.udpReceiveDatagrams;
  received.append(socket, 1, 8, PEER, 5);
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

trips('stack: a client is asked for a port that the stack has', () => new Host().stack.clientOf(1));
trips('stack: a frame is handed over in a packet slot', () => {
  const host = new Host();
  host.stack.input(-1, host.packets.addressOf(0), 60, 0, host.nowUs);
});
trips('stack: a frame lies within its slot', () => {
  const host = new Host();
  host.stack.input(0, host.packets.addressOf(0), host.packets.slotBytes + 1, 0, host.nowUs);
});
trips('stack: the fragments of a segment add up to it', () => {
  const { host, reassembly, entry } = reassembling();
  const first = reassembly['head'][entry];
  host.stack['inputFragmentedTcp'](first, 81, PEER, OWN);
});
trips('stack: a deadline is asked for only while a timer runs', () => new Host().stack.deadlineUs());
trips('stack: a connection is opened for a user with a number', () => new Host().stack.tcpOpen(-1));
trips('stack: a UDP socket is opened for a user with a number', () => new Host().stack.udpOpen(-1));
trips('stack: a connection is accepted for a user with a number', () => {
  const host = new Host();
  host.stack.tcpAccept(host.listen(80), -1);
});
trips('stack: a connection is bound to a port of 16 bits', () => {
  const { stack } = new Host();
  stack.tcpBind(stack.tcpOpen(1), 0, 65536);
});
trips('stack: a connection goes to a port of 16 bits', () => new Host().connect(PEER, -1));
trips('stack: a UDP socket is bound to a port of 16 bits', () => new Host().udp(65536));
trips('stack: a UDP socket is connected to a port of 16 bits', () => {
  const { stack } = new Host();
  stack.udpConnect(stack.udpOpen(1), PEER, -1);
});
trips('stack: bytes to be sent lie in the region', () => {
  const host = new Host();
  host.stack.tcpSend(host.connect(PEER, 80), host.region.bytes.length - 1, 2, 1, 0, host.nowUs);
});
trips('stack: bytes are taken to where there is room for them', () => {
  const host = new Host();
  host.stack.tcpTake(host.connect(PEER, 80), NOWHERE, 10);
});
trips('stack: a datagram is taken to where there is room for it', () => {
  const { host, v } = holding();
  host.stack.udpTake(v, NOWHERE, 10);
});
trips('stack: every piece of a datagram lies in the region', () => {
  const host = new Host();
  const one = Int32Array.of(1);
  host.stack.udpSend(host.udp(7), PEER, 9, Int32Array.of(NOWHERE), one, one, 1, host.nowUs);
});
trips('stack: a call names a connection that its user has not given up', () => {
  const host = new Host();
  const c = host.connect(PEER, 80);
  host.stack.tcpAbort(c, host.nowUs);
  host.stack.tcpClose(c, host.nowUs);
});
trips('stack: a call names a UDP socket that its user has not given up', () => {
  const { host, v } = holding();
  host.stack.udpClose(v);
  run([host]);
  host.stack.udpReadable(v);
});
