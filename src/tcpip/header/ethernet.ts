/**
 * Ethernet II header: where its fields lie, and how its addresses are written. Offsets are from its first
 * byte.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

export const ETHERNET_BYTES = 14;
export const ETHERNET_DESTINATION = 0;
export const ETHERNET_SOURCE = 6;
export const ETHERNET_TYPE = 12;

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;

/**
 * Writes destination and source: three stores, where writing byte by byte would take twelve. // Hot path.
 * @param destinationHigh the first two bytes of the destination, 0 to 65535; `destinationLow` its last four
 * as an int32; likewise the source.
 */
export function writeEthernetAddresses(
  view: DataView,
  at: number,
  destinationHigh: number,
  destinationLow: number,
  sourceHigh: number,
  sourceLow: number,
): void {
  if (COSTLY) {
    if (COSTLY)
      assert(
        (destinationHigh | sourceHigh) >>> 16 === 0,
        'Ethernet header: the high part of a hardware address has two bytes',
      );
  }
  view.setInt32(at, (destinationHigh << 16) | (destinationLow >>> 16));
  view.setInt32(at + 4, (destinationLow << 16) | sourceHigh);
  view.setInt32(at + 8, sourceLow);
}
