/**
 * What ICMP messages of ours carry, named by reference in the slots of the packets that they answer or quote.
 * As much as fits of a packet is quoted (RFC 1812 §4.3.2.3), so that its sender finds its own headers in it
 * whatever stands between them and IPv4's.
 */
import { assert } from '../../assert/assert.ts';
import type { Environment } from '../environment.ts';
import { ICMP_BYTES } from '../header/icmp.ts';
import {
  IPV4_BYTES,
  IPV4_CHECKSUM,
  IPV4_FRAGMENT,
  IPV4_TOS,
  IPV4_TOTAL_LENGTH,
  MORE_FRAGMENTS,
} from '../header/ipv4.ts';
import type { DatagramSender } from '../ipv4/datagram.ts';
import type { Pieces } from '../ipv4/pieces.ts';

/** RFC 1812 §4.3.2.3: the whole message is no longer than every host takes in one piece. */
const ERROR_BYTES_MAX = 576;
/** RFC 1812 §4.3.2.5: errors have precedence 6, and the type of service of what they are about. */
const PRECEDENCE_INTERNETWORK_CONTROL = 0xc0;
/** The type of service that Linux takes over, without the precedence and the bit that is CE's. */
const SERVICE_OF_ERROR = 0x1e;

/** The type of service of an echo reply, which is the request's (RFC 1349 §5.1), or of an error. */
export function serviceOf(environment: Environment, header: number, isEcho: boolean): number {
  const service = environment.view.getUint8(header + IPV4_TOS);
  const { ttl } = environment.config;
  if (isEcho) return (service << 8) | ttl;
  return (((service & SERVICE_OF_ERROR) | PRECEDENCE_INTERNETWORK_CONTROL) << 8) | ttl;
}

/** An echo reply brings all that came behind the request's header. */
export function addEchoed(sender: DatagramSender, pieces: Pieces, packet: number): void {
  sender.add(pieces.address[packet] + ICMP_BYTES, pieces.length[packet] - ICMP_BYTES);
  for (let at = pieces.next[packet]; at >= 0; at = pieces.next[at]) {
    sender.add(pieces.address[at], pieces.length[at]);
  }
}

/**
 * An error quotes the header of a packet and what follows it, up to what one packet of its own may have: in
 * bytes, and in pieces.
 */
export function addQuoted(
  environment: Environment,
  sender: DatagramSender,
  pieces: Pieces,
  packet: number,
): void {
  const header = pieces.header[packet];
  const headerLength = (environment.view.getUint8(header) & 15) << 2;
  if (pieces.next[packet] >= 0) makeWhole(environment, pieces, packet, headerLength);
  let room = Math.min(ERROR_BYTES_MAX, sender.mtu) - IPV4_BYTES - ICMP_BYTES - headerLength;
  assert(room + headerLength > 0, 'ICMP: an error has room for some of what it quotes');
  // Not beyond the packet: what lies behind it in the slot is another's, and nobody's business.
  let length = Math.min(room, pieces.length[packet]);
  sender.add(header, headerLength + length);
  room -= length;
  let places = sender.port.piecesMax - 1;
  for (let at = pieces.next[packet]; at >= 0 && room > 0 && places > 0; at = pieces.next[at]) {
    length = Math.min(room, pieces.length[at]);
    sender.add(pieces.address[at], length);
    room -= length;
    places -= 1;
  }
}

/**
 * The header of a datagram that came in fragments is its first one's; what is quoted is the datagram, which
 * is none (as on Linux).
 */
function makeWhole(environment: Environment, pieces: Pieces, packet: number, headerLength: number): void {
  const { view } = environment;
  const header = pieces.header[packet];
  const field = view.getUint16(header + IPV4_FRAGMENT);
  let length = headerLength;
  for (let at = packet; at >= 0; at = pieces.next[at]) length += pieces.length[at];
  assert(length <= 0xffff, 'ICMP: a datagram that was put together is one that IPv4 allows');
  view.setUint16(header + IPV4_FRAGMENT, field & ~MORE_FRAGMENTS);
  view.setUint16(header + IPV4_TOTAL_LENGTH, length);
  view.setUint16(header + IPV4_CHECKSUM, 0);
  view.setUint16(header + IPV4_CHECKSUM, ~environment.sum(header, headerLength, 0) & 0xffff);
}
