/** Stacks in the states that assertions below TCP look at. */
import { Host } from './bed.ts';
import { ipv4Frame, udpBody, udpFrame } from './frames.ts';
import { pattern } from './harness.ts';

const OWN = 0x0a000001;
const PEER = 0x0a000002;

/** A host with a datagram's fragments, all but the last, in its reassembly. */
export function reassembling(parts = [0, 40]) {
  const host = new Host({ config: { reassembliesMax: 4 } });
  const body = udpBody(PEER, OWN, 5, 9, pattern(200));
  for (const at of parts)
    host.receive(ipv4Frame(PEER, OWN, 17, body.subarray(at, at + 40), 0x2000 | (at >> 3), 7));
  const reassembly = host.stack['reassembly'];
  const entry = reassembly['head'].findIndex((head) => head >= 0);
  return { host, reassembly, entry, next: ipv4Frame(PEER, OWN, 17, body.subarray(80, 120), 0x2000 | 10, 7) };
}

/** A host with a received datagram that waits to be taken. */
export function holding() {
  const host = new Host();
  const v = host.udp(9);
  host.receive(udpFrame(PEER, OWN, 5, 9, pattern(20)));
  const udp = host.stack['udp'];
  return { host, v, udp, socket: udp.sockets[v], received: udp['received'] };
}
