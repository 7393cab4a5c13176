/**
 * Which device of a bond a packet leaves by: a hash of its headers, so that the packets of one stream keep
 * their order. As Linux has it (xmit_hash_policy, Documentation/networking/bonding.rst): layer2 takes the two
 * hardware addresses, layer2+3 the IP addresses as well, and layer3+4 IP addresses and ports.
 */
import { ETHERNET_BYTES, ETHERNET_TYPE, ETHERTYPE_IPV4 } from '../tcpip/header/ethernet.ts';
import {
  FRAGMENT_OFFSET,
  IPV4_BYTES,
  IPV4_DESTINATION,
  IPV4_FRAGMENT,
  IPV4_PROTOCOL,
  IPV4_SOURCE,
  MORE_FRAGMENTS,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from '../tcpip/header/ipv4.ts';
import type { HashPolicy } from './bond-config.ts';

/** Last octets of the two hardware addresses. */
const DESTINATION_LAST = 5;
const SOURCE_LAST = 11;

/** @param at the frame's first byte, where its headers are. @returns 0 or more. // Hot path. */
export function transmitHash(view: DataView, at: number, policy: HashPolicy): number {
  const type = view.getUint16(at + ETHERNET_TYPE);
  const byLink = view.getUint8(at + DESTINATION_LAST) ^ view.getUint8(at + SOURCE_LAST) ^ type;
  if (policy === 'layer2' || type !== ETHERTYPE_IPV4) return byLink;
  const ip = at + ETHERNET_BYTES;
  const byAddress = view.getInt32(ip + IPV4_SOURCE) ^ view.getInt32(ip + IPV4_DESTINATION);
  if (policy === 'layer2+3') return folded(byLink ^ byAddress);
  // The lowest bit says little: the ports that a client chooses are often all even or all odd.
  return folded(portsOf(view, ip) ^ byAddress) >>> 1;
}

/** Both ports in one word; 0 of a fragment, and where the protocol has none. */
function portsOf(view: DataView, ip: number): number {
  const protocol = view.getUint8(ip + IPV4_PROTOCOL);
  if (protocol !== PROTOCOL_TCP && protocol !== PROTOCOL_UDP) return 0;
  if ((view.getUint16(ip + IPV4_FRAGMENT) & (MORE_FRAGMENTS | FRAGMENT_OFFSET)) !== 0) return 0;
  return view.getInt32(ip + IPV4_BYTES);
}

/**
 * The byte into which the others are folded. Linux divides the whole word by the number of devices: by three,
 * what a port adds in one byte it takes away again in another, and one time in four sixteen streams whose
 * ports follow on each other leave a device out. Where the devices are a power of two, both say the same.
 */
function folded(hash: number): number {
  const half = hash ^ (hash >>> 16);
  return (half ^ (half >>> 8)) & 0xff;
}
