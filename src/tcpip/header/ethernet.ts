/** Ethernet II header: where its fields lie, and nothing else. */
export const ETHERNET_BYTES = 14;
export const ETHERNET_DESTINATION = 0;
export const ETHERNET_SOURCE = 6;
export const ETHERNET_TYPE = 12;

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;

/**
 * Writes destination and source: four stores where byte-wise would be twelve.
 * @param destinationHigh first two bytes; `destinationLow` the last four; likewise the source.
 */
export function writeEthernetAddresses(
  view: DataView,
  at: number,
  destinationHigh: number,
  destinationLow: number,
  sourceHigh: number,
  sourceLow: number,
): void {
  view.setInt32(at, (destinationHigh << 16) | (destinationLow >>> 16));
  view.setInt32(at + 4, (destinationLow << 16) | sourceHigh);
  view.setInt32(at + 8, sourceLow);
}
