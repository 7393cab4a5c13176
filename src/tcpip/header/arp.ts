/**
 * ARP for IPv4 over Ethernet (RFC 826): layout, the check at the boundary, the writer. Offsets are from the
 * ARP header.
 */
export const ARP_BYTES = 28;
export const ARP_OPERATION = 6;
export const ARP_SENDER_HIGH = 8;
export const ARP_SENDER_LOW = 10;
export const ARP_SENDER_ADDRESS = 14;
export const ARP_TARGET_HIGH = 18;
export const ARP_TARGET_LOW = 20;
export const ARP_TARGET_ADDRESS = 24;

export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;

/**
 * Whether there is a request or reply for IPv4 over Ethernet. @param length bytes after the Ethernet header.
 */
export function checkArp(view: DataView, at: number, length: number): boolean {
  if (length < ARP_BYTES) return false;
  if (view.getInt32(at) !== 0x0001_0800 || view.getUint16(at + 4) !== 0x0604) return false;
  const operation = view.getUint16(at + ARP_OPERATION);
  return operation === ARP_REQUEST || operation === ARP_REPLY;
}

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
  view.setInt32(at, 0x0001_0800);
  view.setUint16(at + 4, 0x0604);
  view.setUint16(at + ARP_OPERATION, operation);
  view.setUint16(at + ARP_SENDER_HIGH, senderHigh);
  view.setInt32(at + ARP_SENDER_LOW, senderLow);
  view.setInt32(at + ARP_SENDER_ADDRESS, senderAddress);
  view.setUint16(at + ARP_TARGET_HIGH, targetHigh);
  view.setInt32(at + ARP_TARGET_LOW, targetLow);
  view.setInt32(at + ARP_TARGET_ADDRESS, targetAddress);
}
