/** A packet of the wire in one line, as tcpdump would: what its first bytes tell. */
import { ETHERNET_BYTES, ETHERNET_TYPE, ETHERTYPE_ARP, ETHERTYPE_IPV4 } from '../../tcpip/header/ethernet.ts';
import {
  IPV4_BYTES,
  IPV4_DESTINATION,
  IPV4_PROTOCOL,
  IPV4_SOURCE,
  IPV4_TOTAL_LENGTH,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from '../../tcpip/header/ipv4.ts';
import { TCP_ACK, TCP_BYTES, TCP_OFFSET_FLAGS, TCP_SEQ, TCP_WINDOW } from '../../tcpip/header/tcp.ts';
import { UDP_BYTES } from '../../tcpip/header/udp.ts';
import { ipv4Text } from './values.ts';

const TCP_FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'];

/** What a TCP or UDP packet's headers say. Ports and addresses as numbers. */
export interface PacketHeaders {
  readonly protocol: 'TCP' | 'UDP';
  readonly source: number;
  readonly sourcePort: number;
  readonly destination: number;
  readonly destinationPort: number;
  /** Bytes behind the transport header, those not recorded included. */
  readonly payloadBytes: number;
  /** TCP's; 0 for UDP. */
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: number;
  readonly window: number;
}

/**
 * @returns the headers of a TCP or UDP packet in an Ethernet frame; undefined for anything else, or too few
 * bytes.
 */
export function packetHeaders(bytes: Uint8Array): PacketHeaders | undefined {
  const ip = ETHERNET_BYTES;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < ip + IPV4_BYTES || view.getUint16(ETHERNET_TYPE) !== ETHERTYPE_IPV4) return undefined;
  const protocol = view.getUint8(ip + IPV4_PROTOCOL);
  const transport = ip + (view.getUint8(ip) & 15) * 4;
  const end = ip + view.getUint16(ip + IPV4_TOTAL_LENGTH);
  const tcp = protocol === PROTOCOL_TCP;
  if (!tcp && protocol !== PROTOCOL_UDP) return undefined;
  if (bytes.length < transport + (tcp ? TCP_BYTES : UDP_BYTES)) return undefined;
  const headerBytes = tcp ? (view.getUint8(transport + TCP_OFFSET_FLAGS) >>> 4) * 4 : UDP_BYTES;
  return {
    protocol: tcp ? 'TCP' : 'UDP',
    source: view.getUint32(ip + IPV4_SOURCE),
    sourcePort: view.getUint16(transport),
    destination: view.getUint32(ip + IPV4_DESTINATION),
    destinationPort: view.getUint16(transport + 2),
    payloadBytes: Math.max(0, end - transport - headerBytes),
    sequence: tcp ? view.getUint32(transport + TCP_SEQ) : 0,
    acknowledgement: tcp ? view.getUint32(transport + TCP_ACK) : 0,
    flags: tcp ? view.getUint8(transport + TCP_OFFSET_FLAGS + 1) & 0x3f : 0,
    window: tcp ? view.getUint16(transport + TCP_WINDOW) : 0,
  };
}

/** @returns such as `TCP 127.0.0.1:49152 > 127.0.0.1:7 SYN|ACK seq 1 ack 2 win 65535, 0 bytes`. */
export function packetText(bytes: Uint8Array): string {
  const headers = packetHeaders(bytes);
  if (headers === undefined) return otherText(bytes);
  const from = `${ipv4Text(headers.source)}:${headers.sourcePort}`;
  const to = `${ipv4Text(headers.destination)}:${headers.destinationPort}`;
  const length = `${headers.payloadBytes} bytes`;
  if (headers.protocol === 'UDP') return `UDP ${from} > ${to}, ${length}`;
  const flags = TCP_FLAGS.filter((_, bit) => (headers.flags >> bit) & 1).join('|');
  const numbers = `seq ${headers.sequence} ack ${headers.acknowledgement} win ${headers.window}`;
  return `TCP ${from} > ${to} ${flags} ${numbers}, ${length}`;
}

function otherText(bytes: Uint8Array): string {
  if (bytes.length < ETHERNET_BYTES) return `${bytes.length} bytes`;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const type = view.getUint16(ETHERNET_TYPE);
  if (type === ETHERTYPE_ARP) return 'ARP';
  if (type !== ETHERTYPE_IPV4 || bytes.length < ETHERNET_BYTES + IPV4_BYTES) {
    return `Ethernet, type 0x${type.toString(16)}`;
  }
  const protocol = view.getUint8(ETHERNET_BYTES + IPV4_PROTOCOL);
  const addresses = [IPV4_SOURCE, IPV4_DESTINATION].map((at) =>
    ipv4Text(view.getUint32(ETHERNET_BYTES + at)),
  );
  return `${protocol === PROTOCOL_ICMP ? 'ICMP' : `IPv4 protocol ${protocol}`} ${addresses.join(' > ')}`;
}
