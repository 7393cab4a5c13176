/** What steering reads of a frame: whose connection it is of, or what else it is. */
import { ETHERNET_BYTES, ETHERNET_TYPE, ETHERTYPE_ARP, ETHERTYPE_IPV4 } from '../../tcpip/header/ethernet.ts';
import { ICMP_BYTES } from '../../tcpip/header/icmp.ts';
import {
  checkIpv4Header,
  FRAGMENT_OFFSET,
  IPV4_BYTES,
  IPV4_DESTINATION,
  IPV4_FRAGMENT,
  IPV4_PROTOCOL,
  IPV4_SOURCE,
  MORE_FRAGMENTS,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from '../../tcpip/header/ipv4.ts';
import { ACK, SYN, TCP_BYTES, TCP_OFFSET_FLAGS } from '../../tcpip/header/tcp.ts';
import type { Tuple } from './policy/rule.ts';

const PORTS_BYTES = 4;

export type FrameKind = 'arp' | 'tcp' | 'fragment' | 'udp' | 'icmp' | 'other';

/** One for all frames: it is filled in for each. */
export class FrameTuple implements Tuple {
  kind: FrameKind = 'other';
  /** Whether it asks for a new connection. */
  syn = false;
  /** 0 where they are not known. */
  localAddress = 0;
  localPort = 0;
  remoteAddress = 0;
  remotePort = 0;
  private readonly view: DataView;

  constructor(view: DataView) {
    this.view = view;
  }

  /** The ports as a stack's table has them. */
  get ports(): number {
    return (this.remotePort << 16) | this.localPort;
  }

  /** @param incoming whether it has come by the wire: its source is the remote end then. */
  read(address: number, length: number, incoming: boolean): void {
    const { view } = this;
    this.kind = 'other';
    this.syn = false;
    this.setEnds(0, 0, 0, 0, incoming);
    if (length < ETHERNET_BYTES) return;
    const type = view.getUint16(address + ETHERNET_TYPE);
    if (type === ETHERTYPE_ARP) this.kind = 'arp';
    if (type === ETHERTYPE_IPV4) this.readIpv4(address + ETHERNET_BYTES, length - ETHERNET_BYTES, incoming);
  }

  private readIpv4(at: number, length: number, incoming: boolean): void {
    const { view } = this;
    const headerLength = checkIpv4Header(view, at, length);
    if (headerLength < 0) return;
    const protocol = view.getUint8(at + IPV4_PROTOCOL);
    const payload = at + headerLength;
    const left = length - headerLength;
    const fragmented = (view.getUint16(at + IPV4_FRAGMENT) & (MORE_FRAGMENTS | FRAGMENT_OFFSET)) !== 0;
    this.setEnds(view.getInt32(at + IPV4_SOURCE), 0, view.getInt32(at + IPV4_DESTINATION), 0, incoming);
    if (protocol === PROTOCOL_ICMP) this.readIcmp(payload, left, incoming);
    if (protocol === PROTOCOL_UDP) this.kind = 'udp';
    if (protocol === PROTOCOL_TCP) this.kind = fragmented ? 'fragment' : 'tcp';
    if (fragmented || left < PORTS_BYTES || this.kind === 'icmp') return;
    if (this.kind !== 'udp' && this.kind !== 'tcp') return;
    this.setPorts(payload, incoming);
    if (this.kind !== 'tcp' || left < TCP_BYTES) return;
    this.syn = (view.getUint16(payload + TCP_OFFSET_FLAGS) & (SYN | ACK)) === SYN;
  }

  /** An error quotes the packet that it is about, of which we are the sender if it has come to us. */
  private readIcmp(at: number, length: number, incoming: boolean): void {
    this.kind = 'icmp';
    const quoted = at + ICMP_BYTES;
    const left = length - ICMP_BYTES;
    if (left < IPV4_BYTES + PORTS_BYTES) return;
    const { view } = this;
    const headerLength = (view.getUint8(quoted) & 15) << 2;
    if (view.getUint8(quoted) >>> 4 !== 4 || view.getUint8(quoted + IPV4_PROTOCOL) !== PROTOCOL_TCP) return;
    if (headerLength < IPV4_BYTES || left < headerLength + PORTS_BYTES) return;
    const source = view.getInt32(quoted + IPV4_SOURCE);
    this.setEnds(source, 0, view.getInt32(quoted + IPV4_DESTINATION), 0, !incoming);
    this.setPorts(quoted + headerLength, !incoming);
  }

  private setPorts(at: number, incoming: boolean): void {
    const source = this.view.getUint16(at);
    const destination = this.view.getUint16(at + 2);
    this.localPort = incoming ? destination : source;
    this.remotePort = incoming ? source : destination;
  }

  private setEnds(source: number, sourcePort: number, to: number, toPort: number, incoming: boolean): void {
    this.localAddress = incoming ? to : source;
    this.localPort = incoming ? toPort : sourcePort;
    this.remoteAddress = incoming ? source : to;
    this.remotePort = incoming ? sourcePort : toPort;
  }
}
