/**
 * Ethernet and IPv4 headers of packets that are not a connection's; a connection's are written by
 * `tcp/segment-out.ts`, from sums made once. Read: RFC 791 §3.1, RFC 6864.
 */
import { assert } from '../../assert/assert.ts';
import type { Neighbours } from '../arp/neighbours.ts';
import type { LinkPort } from '../contract.ts';
import type { Environment } from '../environment.ts';
import { ETHERTYPE_IPV4, writeEthernetAddresses } from '../header/ethernet.ts';
import { addressSum, fold, IPV4_BYTES } from '../header/ipv4.ts';

const VERSION_AND_LENGTH = 0x4500;

/**
 * Writes the headers of a packet, or of a fragment of one. What may not be cut on its way (DF) has any
 * identification: RFC 6864 §4.1.
 * @param port by which it leaves. @param at where the Ethernet header goes. @param payloadBytes after the
 * IPv4 header. @param fragment flags, and the offset in units of eight bytes.
 * @param service the type of service, and below it the time to live.
 */
export function writeIpv4Fragment(
  environment: Environment,
  port: LinkPort,
  neighbours: Neighbours,
  neighbour: number,
  at: number,
  source: number,
  destination: number,
  protocol: number,
  payloadBytes: number,
  identification: number,
  fragment: number,
  service: number,
): void {
  const { view } = environment;
  const versionAndService = VERSION_AND_LENGTH | (service >>> 8);
  const timeToLive = ((service & 0xff) << 8) | protocol;
  const totalLength = IPV4_BYTES + payloadBytes;
  assert(totalLength <= port.mtu, 'IPv4 output: a packet is no longer than its port can send');
  assert(neighbours.isReady(neighbour), 'IPv4 output: the hardware address of the next hop is known');
  writeEthernetAddresses(
    view,
    at,
    neighbours.macHigh[neighbour],
    neighbours.macLow[neighbour],
    port.macHigh,
    port.macLow,
  );
  view.setInt32(at + 12, (ETHERTYPE_IPV4 << 16) | versionAndService);
  view.setInt32(at + 16, (totalLength << 16) | identification);
  view.setInt32(at + 20, (fragment << 16) | timeToLive);
  const sum = fold(
    versionAndService +
      totalLength +
      identification +
      fragment +
      timeToLive +
      addressSum(source) +
      addressSum(destination),
  );
  view.setUint16(at + 24, ~sum & 0xffff);
  view.setInt32(at + 26, source);
  view.setInt32(at + 30, destination);
}
