/** A stack that has met its neighbours, and the ICMP messages that it sends. */
import { Host, type HostOptions } from './bed.ts';
import { arpFrame, ipv4Frame } from './frames.ts';
import { sum16 } from './harness.ts';

const OWN = 0x0a000001;
const PEER = 0x0a000002;

export function bed(options: HostOptions = {}) {
  const host = new Host(options);
  meet(host, PEER);
  return host;
}

/** Lets the host know a neighbour's hardware address. */
function meet(host: Host, sender: number): void {
  host.receive(arpFrame({ operation: 2, sender, senderMac: 0x222, target: OWN }));
  host.flush();
  host.ports[0].takeSent();
}

export const icmp = (body: Uint8Array, source = PEER, destination = OWN) =>
  ipv4Frame(source, destination, 1, body);
export const isIcmp = (frame: Uint8Array) => frame[12] === 8 && frame[13] === 0 && frame[23] === 1;
export const answers = (host: Host) => {
  host.flush();
  return host.ports[0].takeSent().filter(isIcmp);
};
export const summed = (body: Uint8Array) => {
  body.fill(0, 2, 4);
  new DataView(body.buffer).setUint16(2, ~sum16(body, 0, body.length) & 0xffff);
  return body;
};
