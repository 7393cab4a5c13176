/**
 * The boundary for IPv4 packets: RFC 791, RFC 1122 §3.2.1. What fails a check is dropped without an answer
 * and counted. What passes has a sound header, is for us, and comes from an address that can be a peer's.
 */
import { IP_IN_ADDR_ERRORS, IP_IN_HDR_ERRORS, IP_IN_RECEIVES } from '../../ledger/counters.gen.ts';
import { RX_CHECKSUM_CHECKED } from '../contract.ts';
import type { Environment } from '../environment.ts';
import { ETHERNET_SOURCE } from '../header/ethernet.ts';
import { checkIpv4Header, IPV4_DESTINATION, IPV4_SOURCE } from '../header/ipv4.ts';
import type { Routes } from '../route.ts';

/**
 * Checks a packet. // Hot path.
 * @param port by which it came. @param frame address of the Ethernet header, `at` of the IPv4 header.
 * @param length bytes from there on. @param flags RX_ bits: whether the device has verified the checksum.
 * @returns the header's length in bytes; -1: dropped.
 */
export function acceptIpv4(
  environment: Environment,
  routes: Routes,
  port: number,
  frame: number,
  at: number,
  length: number,
  flags: number,
): number {
  const { view, counters } = environment;
  counters[IP_IN_RECEIVES] += 1;
  const headerLength = checkIpv4Header(view, at, length);
  if (
    headerLength < 0 ||
    ((flags & RX_CHECKSUM_CHECKED) === 0 && !isSumGood(environment, at, headerLength))
  ) {
    counters[IP_IN_HDR_ERRORS] += 1;
    return -1;
  }
  const source = view.getInt32(at + IPV4_SOURCE);
  const destination = view.getInt32(at + IPV4_DESTINATION);
  const forUs = routes.isOwn(destination) || routes.isBroadcast(destination);
  if (!forUs || !isSourceGood(environment, routes, port, frame, source, destination)) {
    counters[IP_IN_ADDR_ERRORS] += 1;
    return -1;
  }
  return headerLength;
}

function isSumGood(environment: Environment, at: number, headerLength: number): boolean {
  return environment.sum(at, headerLength, 0) === 0xffff;
}

/**
 * Whether a packet may come from where it says: one host's address, and where it or the destination is our
 * own or of 127/8, a frame that we have sent ourselves through the loopback port (RFC 1122 §3.2.1.3).
 */
function isSourceGood(
  environment: Environment,
  routes: Routes,
  port: number,
  frame: number,
  source: number,
  destination: number,
): boolean {
  if (!routes.isUnicast(source)) return false;
  if (!routes.isOwn(source) && destination >>> 24 !== 127) return true;
  if (port !== routes.loopbackPort) return false;
  const { macHigh, macLow } = environment.ports[port];
  const { view } = environment;
  return (
    view.getUint16(frame + ETHERNET_SOURCE) === macHigh &&
    view.getInt32(frame + ETHERNET_SOURCE + 2) === macLow
  );
}
