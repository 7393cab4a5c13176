import { NeighbourTimes, neighbourStateName } from '../../src/tcpip/arp/neighbour-states.ts';
import { ARP_REQUEST, writeArp } from '../../src/tcpip/header/arp.ts';
import { writeEthernetAddresses } from '../../src/tcpip/header/ethernet.ts';
import { ICMP_UNREACHABLE } from '../../src/tcpip/header/icmp.ts';
import { fold } from '../../src/tcpip/header/ipv4.ts';
import { checkEchoPieces } from '../../src/tcpip/icmp/icmp.ts';
import { IcmpQueue } from '../../src/tcpip/icmp/queue.ts';
import { Identifications } from '../../src/tcpip/identifications.ts';
import { DatagramSender, LIST_MAX } from '../../src/tcpip/ipv4/datagram.ts';
import { PortLists } from '../../src/tcpip/port-lists.ts';
import { Routes } from '../../src/tcpip/route.ts';
import { maskOf } from '../../src/tcpip/route-table.ts';
import { DEFAULT_STACK_CONFIG } from '../../src/tcpip/stack/stack.ts';
import { trips } from '../rules/trips.ts';
import { Host } from './bed.ts';
import { arpFrame, echoBody, ipv4Frame, udpFrame } from './frames.ts';
import { pattern } from './harness.ts';
import { reassembling } from './ip-assertion-bed.ts';

const OWN = 0x0a000001;
const PEER = 0x0a000002;
const STRANGER = 0x0a000077;

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

function echoing() {
  const host = new Host();
  host.receive(ipv4Frame(PEER, OWN, 1, echoBody(1, 1, pattern(9))));
  return { host, icmp: host.stack['icmp'] };
}

const queueOf = (sender: DatagramSender) => new IcmpQueue(sender);

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
  asking().neighbours['learn'](0, 1, 1, true),
);
trips('neighbours: only an entry without an answer is given up', () => {
  const { neighbours, entry } = asking();
  neighbours['giveUp'](entry);
  neighbours['giveUp'](entry);
});
trips('neighbours: nobody looks after ourselves, or everybody', () => asking().neighbours['use'](0));
trips('neighbours: only others are asked for', () => asking().neighbours['ask'](1, PEER));
trips('neighbours: a timer that stops was counted', () => {
  const { neighbours, entry } = asking();
  neighbours['timedCount'] = 0;
  neighbours['stopTimer'](entry);
});
trips('neighbours: a request that is sent was due', () => {
  const { neighbours, entry } = asking();
  neighbours['requestDue'][entry] = 0;
  neighbours['sendRequest'](entry);
});
trips('neighbours: a delay that is over was begun', () => {
  const { neighbours, entry } = asking();
  neighbours['endDelay'](entry);
});
trips('neighbours: reachable is one for so long as was set, more or less', () => {
  const times = new NeighbourTimes(DEFAULT_STACK_CONFIG);
  times['random'].below = () => 0x7fff_0000;
  times.reachableMs(1);
});
trips('neighbours: an entry is in a state that has a name', () => neighbourStateName(3));
trips('neighbours: what is told of a neighbour is the address of one station', () =>
  asking().neighbours.tell(STRANGER, 0x100, 1),
);
trips('neighbours: who is told of is behind a port with an address', () => {
  const { neighbours } = asking();
  neighbours['routes'].portFor = () => 9;
  neighbours.tell(PEER, 2, 1);
});
trips('neighbours: ARP is spoken only through a port with an address', () => {
  const host = new Host({ ports: [{}, {}], config: { loopbackPort: 1 } });
  host.stack['routes'].speaksFor = () => true;
  host.stack['neighbours']['replies'].add(1, 0, 0, PEER, OWN);
  host.turn();
});
trips('neighbours: the entries without an answer are counted', () => {
  const { host, neighbours, entry } = asking();
  neighbours['timedCount'] = 2;
  neighbours['requestDue'][entry] = 1;
  neighbours['requestCount'] = 1;
  host.turn();
});
trips('neighbours: no timer is due before the one that is waited for', () => {
  const { host, neighbours, entry } = asking();
  neighbours['due'][entry] = (neighbours['due'][entry] + 10) | 0;
  neighbours.deadlineUs();
  neighbours['due'][entry] = (neighbours['due'][entry] - 1) | 0;
  neighbours['requestDue'][entry] = 1;
  neighbours['requestCount'] = 1;
  host.turn();
});
trips('neighbours: only while a timer runs is it asked when one is due', () =>
  new Host().stack['neighbours'].deadlineUs(),
);
trips('neighbours: the requests to be sent are counted', () => {
  const { host, neighbours } = asking();
  neighbours['requestCount'] = 1;
  host.turn();
});
trips('neighbours: the replies to be sent are counted', () => {
  const { host, neighbours } = asking();
  neighbours['replies'].count = 1;
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
trips('ICMP: a datagram that was put together is one that IPv4 allows', () => {
  const host = new Host();
  const body = udpFrame(PEER, OWN, 5, 9, pattern(24)).slice(34);
  host.receive(ipv4Frame(PEER, OWN, 17, body.slice(0, 16), 0x2000, 3));
  host.receive(ipv4Frame(PEER, OWN, 17, body.slice(16), 2, 3));
  const icmp = host.stack['icmp'];
  const [queue] = icmp['queues'];
  icmp['pieces'].length[queue.packet[queue.first]] = 0xffff;
  host.turn();
  host.receive(arpFrame({ operation: 2, sender: PEER, senderMac: 0x222, target: OWN }));
  host.turn();
});
trips('IPv4 identifications: they belong to a protocol', () => new Identifications(1).next(OWN, PEER, 0));
trips('ICMP: an error has room for some of what it quotes', () => {
  const { host, environment } = knowing();
  environment.mtus[0] = 28;
  host.receive(udpFrame(PEER, OWN, 5, 9, pattern(9)));
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
