/** What a card needs so that datagrams of some length come through whole. */
import { DATAGRAM_SOURCE_WORDS } from '../../i2o/socket.gen.ts';
import { IPV4_BYTES } from '../../tcpip/header/ipv4.ts';
import { UDP_BYTES } from '../../tcpip/header/udp.ts';

/** Buckets are of whole lines. */
const BUCKET_STEP_BYTES = 64;
/** Of the packet slots, what datagrams that are being put together may hold: one in so many. */
const SLOTS_TO_REASSEMBLY = 8;

/** @returns bytes of a bucket that holds a datagram behind its source: what does not fit is cut off. */
export function bucketBytesFor(datagramBytes: number): number {
  return BUCKET_STEP_BYTES * Math.ceil((DATAGRAM_SOURCE_WORDS * 4 + datagramBytes) / BUCKET_STEP_BYTES);
}

/** @returns packets that a datagram comes in over links of this MTU (RFC 791 §3.2: pieces of 8 bytes). */
export function fragmentsOf(datagramBytes: number, mtu: number): number {
  const packetBytes = UDP_BYTES + datagramBytes;
  if (packetBytes + IPV4_BYTES <= mtu) return 1;
  return Math.ceil(packetBytes / ((mtu - IPV4_BYTES) & ~7));
}

/** @returns packet slots with which so many datagrams of some fragments can be put together at once. */
export function packetSlotsFor(fragments: number, atOnce = 1): number {
  return fragments === 1 ? 0 : SLOTS_TO_REASSEMBLY * fragments * atOnce;
}
