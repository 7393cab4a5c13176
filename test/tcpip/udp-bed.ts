/** A host for tests of UDP, and the addresses of those that its sockets speak to. */
import { Host, type HostOptions } from './bed.ts';
import { arpFrame, udpFrame } from './frames.ts';
import { pattern } from './harness.ts';

export const OWN = 0x0a000001;
export const PEER = 0x0a000002;
export const OTHER = 0x0a000003;
export const LOOPBACK = 0x7f000001;
export const SECOND = 1_000_000;

export function bed(options: HostOptions = {}) {
  const host = new Host(options);
  host.receive(arpFrame({ operation: 2, sender: PEER, senderMac: 0x222, target: OWN }));
  host.flush();
  host.ports[0].takeSent();
  return host;
}

export const open = (host: Host, owner = 1) => host.stack.udpOpen(owner);
export const from = (source: number, port: number, length = 5, to = 9) =>
  udpFrame(source, OWN, port, to, pattern(length));
