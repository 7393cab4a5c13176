/** Which IPv4 addresses one host can have on its subnet. */

/**
 * @param address an int32 or its unsigned reading. @returns false for "this network", loopback, multicast and
 * reserved addresses (RFC 1122 §3.2.1.3), and for a subnet's own address and its broadcast address.
 */
export function isOneHost(address: number, prefixLength: number): boolean {
  const first = (address >>> 24) & 0xff;
  if (first === 0 || first === 127 || first > 223) return false;
  if (prefixLength >= 31) return true;
  // A shift by 32 is one by 0.
  const hosts = prefixLength === 0 ? 0xffff_ffff : ~(-1 << (32 - prefixLength)) >>> 0;
  const host = (address & hosts) >>> 0;
  return host !== 0 && host !== hosts;
}

interface PortAddress {
  readonly address: number;
  readonly prefixLength: number;
}

/** @throws RangeError that begins with the setting's name. */
export function checkOneHost(name: string, { address, prefixLength }: PortAddress): void {
  if (isOneHost(address, prefixLength)) return;
  const text = [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
  throw new RangeError(`"${name}" expected an address that one host can have, got ${text}/${prefixLength}`);
}
