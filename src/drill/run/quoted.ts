/** What an ICMP error quotes: the IPv4 header of the packet it is about, and eight bytes more (RFC 792). */
import { ICMP_ECHO, ICMP_ECHO_REPLY } from '../../tcpip/header/icmp.ts';
import type { IcmpPacket } from '../script/ast.ts';
import type { Flow } from '../wire/flow.ts';
import { buildPacket, type Transport } from '../wire/wire-packet.ts';

const QUOTED_BYTES = 28;
const NO_OPTIONS = new Uint8Array(0);
const TTL = 64;

/** @returns the quotation; nothing of an echo. */
export function quoteOf({ type, echoed }: IcmpPacket, flow: Flow): Uint8Array {
  if (type === ICMP_ECHO || type === ICMP_ECHO_REPLY) return new Uint8Array(0);
  const ports = { sourcePort: flow.localPort, destinationPort: flow.remotePort };
  // What is not said is about the first byte of a connection, or about a datagram.
  const about =
    echoed ?? (flow.protocol === 'udp' ? { kind: 'udp', length: 0 } : { kind: 'tcp', seq: 0, length: 0 });
  const transport: Transport =
    about.kind === 'udp'
      ? { kind: 'udp', ...ports }
      : {
          kind: 'tcp',
          ...ports,
          seq: (('seq' in about ? about.seq : 0) + flow.localOffset(false)) >>> 0,
          ack: 0,
          flags: 0,
          window: 0,
          urgent: 0,
          options: NO_OPTIONS,
        };
  const ip = { source: flow.localAddress, destination: flow.remoteAddress, tos: 0, ttl: TTL, id: 0 };
  return buildPacket(ip, transport, new Uint8Array(about.length)).slice(0, QUOTED_BYTES);
}
