/** A host of several ports, and a peer at each. */
import { Host, type HostOptions, join, type PortOptions, run } from './bed.ts';
import { pattern } from './harness.ts';

export const PORTS = 4;
/** 10.0.port.1 is the host's, 10.0.port.2 the peer's. */
export const own = (port: number) => 0x0a000001 + (port << 8);
export const peerOf = (port: number) => 0x0a000002 + (port << 8);
export const ALL = Array.from({ length: PORTS }, (_, port) => port);
export const ETHERTYPE_ARP = 0x0806;
export const OUTSIDE = 0xc0a80105 | 0;

export interface BedOptions {
  ports?: PortOptions[];
  config?: HostOptions['config'];
  loopback?: boolean;
}

/** A host of four ports on four subnets, each cabled to a peer of one port. */
export function fourPorts(options: BedOptions = {}) {
  const { loopback = false } = options;
  const ports: PortOptions[] = options.ports ?? ALL.map(() => ({}));
  const host = new Host({
    ports: loopback ? [...ports, { mtu: 65535 }] : ports,
    config: {
      address: own(0),
      furtherPorts: ALL.slice(1).map((port) => ({ address: own(port), prefixLength: 24 })),
      loopbackPort: loopback ? PORTS : 0,
      ...options.config,
    },
  });
  const peers = ALL.map((port) => {
    const peer = new Host({
      ports: [{ ...ports[port], macLow: 0x200 + port }],
      config: { address: peerOf(port), gateway: own(port) },
    });
    join(host.ports[port], peer.ports[0]);
    return peer;
  });
  return { host, peers, all: [host, ...peers] };
}

export const typeOf = (frame: Uint8Array) => (frame[12] << 8) | frame[13];
export const arps = (frames: Uint8Array[]) => frames.filter((frame) => typeOf(frame) === ETHERTYPE_ARP);
export const source = (frame: Uint8Array) => new DataView(frame.buffer).getInt32(26);
export const sourceMac = (frame: Uint8Array) => new DataView(frame.buffer).getInt32(8);

/** A stack with its neighbours known: one datagram to each peer has gone and come. */
export function warm(bed: ReturnType<typeof fourPorts>): number {
  const u = bed.host.udp(7);
  for (const port of ALL) bed.host.sendTo(u, peerOf(port), 9, pattern(1));
  run(bed.all);
  for (const port of bed.host.ports) port.takeSent();
  return u;
}
