import { trips } from '../rules/trips.ts';
import { Host, run } from './bed.ts';
import { holding, reassembling } from './ip-assertion-bed.ts';

const OWN = 0x0a000001;
const PEER = 0x0a000002;
const NOWHERE = -64;

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

trips('stack: a client is asked for a port that the stack has', () => new Host().stack.clientOf(1));
trips('stack: a listener is looked for at a port of 16 bits', () => new Host().stack.tcpHalfOpenAt(OWN, -1));
trips('stack: what leaves does so by a port that there is', () => {
  const { stack } = new Host();
  stack['routes'].portFor = () => 9;
  stack.leavingPort(PEER);
});
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
trips('stack: a listener that is asked has a number', () => new Host().stack.tcpAcceptable(-1));
