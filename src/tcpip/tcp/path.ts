/**
 * How a connection's packets get to its peer: the next hop and the port that leads there, the next hop's
 * hardware address, the largest segment that the path carries, and the constant parts of the headers.
 */
import { assert } from '../../assert/assert.ts';
import { addressSum, DONT_FRAGMENT, IPV4_BYTES, PROTOCOL_TCP } from '../header/ipv4.ts';
import { TCP_BYTES, TIMESTAMPS_BYTES } from '../header/tcp.ts';
import { isRouteLocked, routeMtu, staysWhole } from '../path-limits.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';

/** A smaller MSS is an attack (CVE-2019-11477); Linux has the same floor. */
export const MSS_MIN = 48;
/** Version 4 and a header of five words. */
const VERSION_AND_LENGTH = 0x4500;

/** Finds the next hop, where it is not said, and the port for a connection's remote address. */
export function routeTcb(
  tcp: TcpTables,
  tcb: Tcb,
  hop: number = tcp.routes.nextHop(tcb.remoteAddress),
): void {
  tcb.nextHop = hop;
  tcb.port = tcp.routes.portFor(tcb.remoteAddress);
  assert(tcb.port >= 0 && tcb.port < tcp.ready.length, 'path: a connection leaves by a port that there is');
  tcb.neighbour = -1;
}

/** Sums the constant parts of the headers; again whenever TTL, TOS, IP_MTU_DISCOVER or the path's MTU change. */
export function prepareHeader(tcp: TcpTables, tcb: Tcb): void {
  assert(tcb.ttl > 0 && tcb.ttl < 256, 'path: the time to live fits its octet and is not 0');
  const addresses = addressSum(tcb.localAddress) + addressSum(tcb.remoteAddress);
  tcb.pseudoSum = addresses + PROTOCOL_TCP;
  const whole = staysWhole(tcp, tcb.options.mtuDiscover, tcb.remoteAddress);
  tcb.fragmentBits = whole ? DONT_FRAGMENT : 0;
  tcb.ipSum = addresses + (VERSION_AND_LENGTH | tcb.tos) + tcb.fragmentBits + ((tcb.ttl << 8) | PROTOCOL_TCP);
}

/** The largest packet that the way to the peer carries, as far as is known. */
export function pathMtu(tcp: TcpTables, tcb: Tcb): number {
  const mtu = routeMtu(tcp, tcb.remoteAddress, tcb.port);
  if (isRouteLocked(tcp, tcb.remoteAddress)) return mtu;
  return tcb.pathMtu > 0 && tcb.pathMtu < mtu ? tcb.pathMtu : mtu;
}

/** Segments before the first acknowledgement (RFC 6928). */
export function initialWindow({ environment, routes }: TcpTables, tcb: Tcb): number {
  const segments = routes.metricOf(tcb.remoteAddress, 'initcwnd') || environment.config.initialWindowSegments;
  assert(segments > 0, 'path: a connection begins with at least a segment');
  return segments;
}

/**
 * The largest payload of a segment (RFC 9293 §3.7.1), from the peer's MSS, the path's MTU and the user's
 * TCP_MAXSEG; again when one of them changes.
 */
export function updateMss(tcp: TcpTables, tcb: Tcb): void {
  const portMtu = tcp.environment.mtus[tcb.port];
  const mtu = pathMtu(tcp, tcb);
  const wanted = tcb.options.segmentBytesMax;
  let mss = Math.min(tcb.mssPeer, mtu - IPV4_BYTES - TCP_BYTES);
  if (wanted > 0 && wanted < mss) mss = wanted;
  if (mss < MSS_MIN) mss = MSS_MIN;
  // The floor is for what others claim. What our own port cannot carry must not be sent: TCP is never
  // fragmented.
  if (mss > portMtu - IPV4_BYTES - TCP_BYTES) mss = portMtu - IPV4_BYTES - TCP_BYTES;
  const { mtuSearch, stamps } = tcb;
  const stampBytes = stamps.on !== 0 ? TIMESTAMPS_BYTES : 0;
  if (mtuSearch.binds !== 0) mss = Math.min(mss, mtuSearch.low - IPV4_BYTES - TCP_BYTES);
  // Who searches finds out by probes whether a path has become wider, and believes no route.
  else if (mtuSearch.on !== 0) mss = Math.min(mss, tcb.mss + stampBytes);
  tcb.mss = mss - stampBytes;
  // Whether packets may be cut follows what is known of the path, too.
  if (tcb.hashed !== 0) prepareHeader(tcp, tcb);
}

/**
 * The MSS that a SYN of ours says (RFC 9293 §3.7.1, RFC 6691: options are not counted). @param port it leaves
 * by.
 */
export function advertisedMss(
  tcp: TcpTables,
  tcb: Tcb,
  port: number = tcb.port,
  remote: number = tcb.remoteAddress,
): number {
  const carried = routeMtu(tcp, remote, port) - IPV4_BYTES - TCP_BYTES;
  const told = tcp.routes.metricOf(remote, 'advmss');
  const mss = told > 0 && told < carried ? told : carried;
  const { segmentBytesMax } = tcb.options;
  assert(mss > 0, 'path: a packet has room for more than headers');
  return segmentBytesMax > 0 && segmentBytesMax < mss ? segmentBytesMax : mss;
}

/** Payload of the largest segment that the peer may send: that MSS, less the timestamps that each bears. */
export function advertisedPayload(tcp: TcpTables, tcb: Tcb): number {
  return advertisedMss(tcp, tcb) - (tcb.stamps.on !== 0 ? TIMESTAMPS_BYTES : 0);
}

/** Whether the next hop's hardware address is known; if not, the connection waits for it. // Hot path. */
export function hasNeighbour(tcp: TcpTables, tcb: Tcb): boolean {
  const { neighbours } = tcp;
  const { neighbour } = tcb;
  if (neighbour === 0) return true;
  if (tcb.nextHop === 0) return false;
  if (neighbour > 0 && neighbours.address[neighbour] === tcb.nextHop && neighbours.isReady(neighbour)) {
    return true;
  }
  tcb.neighbour = neighbours.resolve(tcb.nextHop);
  if (neighbours.isReady(tcb.neighbour)) return true;
  if (tcb.awaitsNeighbour === 0) {
    tcb.awaitsNeighbour = 1;
    tcp.awaitingNeighbour += 1;
  }
  return false;
}

/** The connection waits for a hardware address no longer, if it did. */
export function stopAwaiting(tcp: TcpTables, tcb: Tcb): void {
  if (tcb.awaitsNeighbour === 0) return;
  tcb.awaitsNeighbour = 0;
  tcp.awaitingNeighbour -= 1;
  assert(tcp.awaitingNeighbour >= 0, 'path: a connection that stops waiting for its neighbour was counted');
}
