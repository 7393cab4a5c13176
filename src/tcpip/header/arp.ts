/**
 * ARP for IPv4 over Ethernet (RFC 826): where the fields lie, the check at the boundary, the writer. Offsets
 * are from the first byte of the ARP packet. A hardware address is split in two: its first two bytes (HIGH)
 * and its last four (LOW).
 */
import { assert } from '../../assert/assert.ts';
import { ETHERNET_BYTES, ETHERNET_TYPE, ETHERTYPE_ARP, writeEthernetAddresses } from './ethernet.ts';

export const ARP_BYTES = 28;
/** A packet with its Ethernet header. */
export const ARP_FRAME_BYTES = ETHERNET_BYTES + ARP_BYTES;
export const ARP_OPERATION = 6;
export const ARP_SENDER_HIGH = 8;
export const ARP_SENDER_LOW = 10;
export const ARP_SENDER_ADDRESS = 14;
export const ARP_TARGET_HIGH = 18;
export const ARP_TARGET_LOW = 20;
export const ARP_TARGET_ADDRESS = 24;

export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;

/** Hardware type Ethernet and protocol type IPv4; then the lengths of their addresses, 6 and 4. */
const TYPES = 0x0001_0800;
const LENGTHS = 0x0604;

/**
 * Whether there is a whole request or reply for IPv4 over Ethernet; once it is, every field may be read.
 * @param length bytes after the Ethernet header; padding to the least Ethernet frame may follow the packet.
 */
export function checkArp(view: DataView, at: number, length: number): boolean {
  if (length < ARP_BYTES) return false;
  if (view.getInt32(at) !== TYPES || view.getUint16(at + 4) !== LENGTHS) return false;
  const operation = view.getUint16(at + ARP_OPERATION);
  return operation === ARP_REQUEST || operation === ARP_REPLY;
}

/** Writes an ARP packet, `ARP_BYTES` long. @param operation ARP_REQUEST or ARP_REPLY. */
export function writeArp(
  view: DataView,
  at: number,
  operation: number,
  senderHigh: number,
  senderLow: number,
  senderAddress: number,
  targetHigh: number,
  targetLow: number,
  targetAddress: number,
): void {
  assert(
    operation === ARP_REQUEST || operation === ARP_REPLY,
    'ARP header: what is written is a request or a reply',
  );
  view.setInt32(at, TYPES);
  view.setUint16(at + 4, LENGTHS);
  view.setUint16(at + ARP_OPERATION, operation);
  view.setUint16(at + ARP_SENDER_HIGH, senderHigh);
  view.setInt32(at + ARP_SENDER_LOW, senderLow);
  view.setInt32(at + ARP_SENDER_ADDRESS, senderAddress);
  view.setUint16(at + ARP_TARGET_HIGH, targetHigh);
  view.setInt32(at + ARP_TARGET_LOW, targetLow);
  view.setInt32(at + ARP_TARGET_ADDRESS, targetAddress);
}

/**
 * As `writeArp`, with the Ethernet header before it. A reply is for who asked; a request is for everybody, or,
 * where a hardware address is given, for that station: the packet itself leaves it open then.
 */
export function writeArpFrame(
  view: DataView,
  at: number,
  operation: number,
  senderHigh: number,
  senderLow: number,
  senderAddress: number,
  targetHigh: number,
  targetLow: number,
  targetAddress: number,
): void {
  const asks = operation === ARP_REQUEST;
  const isForAll = asks && (targetHigh | targetLow) === 0;
  const [high, low] = isForAll ? [0xffff, -1] : [targetHigh, targetLow];
  writeEthernetAddresses(view, at, high, low, senderHigh, senderLow);
  view.setUint16(at + ETHERNET_TYPE, ETHERTYPE_ARP);
  const packet = at + ETHERNET_BYTES;
  writeArp(
    view,
    packet,
    operation,
    senderHigh,
    senderLow,
    senderAddress,
    asks ? 0 : targetHigh,
    asks ? 0 : targetLow,
    targetAddress,
  );
}
