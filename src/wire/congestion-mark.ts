/**
 * What a router does to a packet in place of dropping it where its queue grows (RFC 3168 §5): it sets both of
 * the bits that say so, where its sender allows it. Of Ethernet frames with IPv4 packets.
 */
const TYPE_AT = 12;
const ETHERTYPE_IPV4 = 0x0800;
const IPV4_AT = 14;
const IPV4_BYTES = 20;
const TOS_AT = IPV4_AT + 1;
const CHECKSUM_AT = IPV4_AT + 10;
/** Both bits are set of what is marked, and neither of what may not be. */
const ECN_BITS = 3;

/**
 * Marks a frame, if it may be marked and is not yet. The header's checksum, right or wrong, stays so (RFC
 * 1624). @param at the frame's first byte. @returns whether it was marked.
 */
export function markFrame(view: DataView, at: number, length: number): boolean {
  if (length < IPV4_AT + IPV4_BYTES || view.getUint16(at + TYPE_AT) !== ETHERTYPE_IPV4) return false;
  const tos = view.getUint8(at + TOS_AT);
  const ecn = tos & ECN_BITS;
  if (ecn === 0 || ecn === ECN_BITS) return false;
  view.setUint8(at + TOS_AT, tos | ECN_BITS);
  const sum = (~view.getUint16(at + CHECKSUM_AT) & 0xffff) + (ECN_BITS - ecn);
  view.setUint16(at + CHECKSUM_AT, ~((sum & 0xffff) + (sum >>> 16)) & 0xffff);
  return true;
}
