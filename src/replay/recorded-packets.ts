/**
 * The packets of a trace, for a replay: what a host had in the memory that its requests name, and what came in
 * by the wire. Of each the trace has the first bytes and the length. What is missing is payload, for which
 * zeros stand; the checksum of what comes in is made good again where the recorded card found it so.
 */
const ETHERNET_HEADER_BYTES = 14;
const ETHERTYPE_AT = 12;
const IPV4 = 0x0800;
const IPV4_HEADER_BYTES = 20;
const PROTOCOL_AT = 9;
const ADDRESSES_AT = 12;
const ADDRESS_BYTES = 4;
const TCP = 6;
const UDP = 17;
const TCP_CHECKSUM_AT = 16;
const UDP_CHECKSUM_AT = 6;
/** How many packets may be passed over in the search for one: those that never got to the wire, or were lost. */
const SEARCHED = 256;

interface RecordedPacket {
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** Packets one way, in the order in which they passed. */
export class RecordedPackets {
  private readonly packets: RecordedPacket[] = [];
  private readonly used: boolean[] = [];
  private first = 0;

  /** Packets that passed. */
  get count(): number {
    return this.packets.length;
  }

  /** Lengths of all, in their order. */
  get lengths(): readonly number[] {
    return this.packets.map(({ length }) => length);
  }

  add(bytes: Uint8Array, length: number): void {
    this.packets.push({ bytes, length });
  }

  /** The next packet of a length that nobody has taken. @returns its first bytes; undefined where there is none. */
  take(length: number): Uint8Array | undefined {
    const { packets, used } = this;
    while (used[this.first] === true) this.first += 1;
    const end = Math.min(packets.length, this.first + SEARCHED);
    for (let i = this.first; i < end; i++) {
      if (used[i] === true || packets[i].length !== length) continue;
      used[i] = true;
      return packets[i].bytes;
    }
    return undefined;
  }
}

/** A whole packet of a length, from its first bytes. @param good its checksum is made so. */
export function wholePacket(first: Uint8Array, length: number, good: boolean): Uint8Array {
  const packet = new Uint8Array(Math.max(length, first.length));
  packet.set(first);
  if (good && length > first.length) mendChecksum(packet);
  return packet;
}

/** A TCP segment without flags, to a hardware address, for a packet that no trace has. */
export function madeUp(length: number, mac: readonly number[]): Uint8Array {
  const total = Math.max(0, length - ETHERNET_HEADER_BYTES);
  const ipv4 = [0x45, 0, total >> 8, total & 255, 0, 0, 0, 0, 64, TCP, 0, 0, 10, 0, 0, 1, 10, 0, 0, 1];
  const tcp = [0, 7, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0, 0, 0, 0, 0, 0, 0];
  return Uint8Array.from([...mac, ...mac, IPV4 >> 8, IPV4 & 255, ...ipv4, ...tcp]).subarray(0, length);
}

/**
 * The headers of a packet as the host had them in memory: for checksums that the card is to fill in, what it adds
 * to. @param length of the whole packet, which the card may cut. @param sums whether it fills them in.
 */
export function headersForCard(first: Uint8Array, length: number, sums: boolean): Uint8Array {
  const headers = first.slice();
  const found = sums ? checksumOf(headers) : undefined;
  if (found === undefined) return headers;
  const { at, field, protocol } = found;
  const view = new DataView(headers.buffer);
  view.setUint16(ETHERNET_HEADER_BYTES + 2, Math.min(0xffff, length - ETHERNET_HEADER_BYTES));
  view.setUint16(field, folded(pseudoSum(view, protocol, length - at)));
  return headers;
}

/** Fills in the checksum of TCP or UDP over IPv4; anything else stays as it is. */
function mendChecksum(packet: Uint8Array): void {
  const found = checksumOf(packet);
  if (found === undefined) return;
  const { at, field, protocol } = found;
  const view = new DataView(packet.buffer);
  const end = Math.min(packet.length, ETHERNET_HEADER_BYTES + view.getUint16(ETHERNET_HEADER_BYTES + 2));
  view.setUint16(field, 0);
  let sum = pseudoSum(view, protocol, end - at);
  for (let i = at; i + 1 < end; i += 2) sum += view.getUint16(i);
  if (((end - at) & 1) === 1) sum += packet[end - 1] << 8;
  view.setUint16(field, ~folded(sum) & 0xffff);
}

/** Where TCP's or UDP's header begins, and its checksum; undefined for a packet without one. */
function checksumOf(
  packet: Uint8Array,
): { readonly at: number; readonly field: number; readonly protocol: number } | undefined {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  if (packet.length < ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES || view.getUint16(ETHERTYPE_AT) !== IPV4)
    return undefined;
  const at = ETHERNET_HEADER_BYTES + (packet[ETHERNET_HEADER_BYTES] & 0xf) * 4;
  const protocol = packet[ETHERNET_HEADER_BYTES + PROTOCOL_AT];
  const field = at + (protocol === TCP ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT);
  if ((protocol !== TCP && protocol !== UDP) || field + 2 > packet.length) return undefined;
  return { at, field, protocol };
}

function pseudoSum(view: DataView, protocol: number, length: number): number {
  let sum = protocol + length;
  for (let i = 0; i < 2 * ADDRESS_BYTES; i += 2)
    sum += view.getUint16(ETHERNET_HEADER_BYTES + ADDRESSES_AT + i);
  return sum;
}

function folded(sum: number): number {
  let left = sum;
  while (left > 0xffff) left = (left & 0xffff) + (left >>> 16);
  return left;
}
