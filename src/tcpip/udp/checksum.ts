/** The checksum of a datagram that has arrived (RFC 768). */
import { assert } from '../../assert/assert.ts';
import { RX_CHECKSUM_CHECKED } from '../contract.ts';
import type { Environment } from '../environment.ts';
import { addressSum, fold, PROTOCOL_UDP } from '../header/ipv4.ts';
import { UDP_BYTES, UDP_CHECKSUM } from '../header/udp.ts';
import type { Pieces } from '../ipv4/pieces.ts';

/**
 * Whether it is right, or there is none to be held against what came.
 * @param packet the first of its slots. @param at its UDP header. @param stated the length that it says.
 * @param flags RX_ bits: the device may have checked it.
 */
export function isSumGood(
  environment: Environment,
  pieces: Pieces,
  packet: number,
  at: number,
  stated: number,
  source: number,
  destination: number,
  flags: number,
): boolean {
  assert(stated >= UDP_BYTES, 'UDP checksum: the length of a datagram that is summed was checked');
  // RFC 768: 0 means that the sender made none.
  if ((flags & RX_CHECKSUM_CHECKED) !== 0 || environment.view.getUint16(at + UDP_CHECKSUM) === 0) return true;
  const { address, length, next } = pieces;
  let sum = fold(addressSum(source) + addressSum(destination) + PROTOCOL_UDP + stated);
  let left = stated;
  for (let slot = packet; slot >= 0 && left > 0; slot = next[slot]) {
    const n = Math.min(left, length[slot]);
    sum = environment.sum(address[slot], n, sum);
    left -= n;
  }
  return sum === 0xffff;
}
