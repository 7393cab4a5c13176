/** Fragments of datagrams, and a stack that is given them. */
import { Host, type HostOptions } from './bed.ts';
import { arpFrame, ipv4Frame, udpBody } from './frames.ts';
import { pattern } from './harness.ts';

const OWN = 0x0a000001;
const PEER = 0x0a000002;
const MORE = 0x2000;

export function bed(options: HostOptions = {}) {
  const host = new Host(options);
  host.receive(arpFrame({ operation: 1, sender: PEER, senderMac: 0x222, target: OWN }));
  host.flush();
  host.ports[0].takeSent();
  return { host, v: host.udp(9) };
}

interface Cut {
  from: number;
  to: number;
  id?: number;
  source?: number;
  destination?: number;
  protocol?: number;
  more?: boolean;
}

/** A fragment: bytes `from` to `to` of the payload of an IPv4 packet. */
export function fragment(body: Uint8Array, cut: Cut): Uint8Array {
  const { from, to, id = 1, source = PEER, destination = OWN, protocol = 17 } = cut;
  const more = cut.more ?? to < body.length;
  return ipv4Frame(source, destination, protocol, body.slice(from, to), (more ? MORE : 0) | (from >> 3), id);
}

export const datagram = (length: number) => udpBody(PEER, OWN, 5, 9, pattern(length));
export const fails = (host: Host) => host.counter('ipReasmFails');

/** Gives the host fragments of one datagram, by the bounds of each. */
export function give(host: Host, body: Uint8Array, ...cuts: readonly (readonly [number, number])[]): void {
  for (const [from, to] of cuts) host.receive(fragment(body, { from, to }));
}
