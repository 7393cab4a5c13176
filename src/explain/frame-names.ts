/** Which bytes of which connection an Ethernet frame carries, or which datagram, by its headers. */
import { ETHERNET_BYTES } from '../tcpip/header/ethernet.ts';
import { UDP_BYTES } from '../tcpip/header/udp.ts';
import { packetHeaders } from '../trace/decode/packet.ts';
import { endpoint, flowOf } from './flows.ts';

/** Enough for all headers, Ethernet, IPv4 and TCP with their options, and for a datagram's number. */
const HEADER_BYTES_MAX = 134;
const SYN = 2;
/** Where IPv4 has them: the identification, then flags and the fragment's offset; source and destination. */
const IP_ID = ETHERNET_BYTES + 4;
const IP_FRAGMENT = ETHERNET_BYTES + 6;
const IP_SOURCE = ETHERNET_BYTES + 12;
const FRAGMENT_OFFSET = 0x1fff;
/** Of a datagram's payload, as programs number them. */
export const NUMBER_BYTES = 4;

/** A datagram, or a fragment of one. */
export interface DatagramPart {
  readonly number: number;
  /** IPv4's identification, and where in the packet it begins: 0 of a whole one. */
  readonly id: number;
  readonly offset: number;
}

/** What a frame carries. */
export interface FrameName {
  readonly flow: string;
  readonly flags: number;
  /** Bytes of the stream, from the first one behind the SYN. */
  readonly fromByte: number;
  readonly toByte: number;
  /** TCP's sequence number. */
  readonly sequence: number;
  readonly datagram: DatagramPart | undefined;
}

const NOTHING: FrameName = {
  flow: '',
  flags: 0,
  fromByte: 0,
  toByte: 0,
  sequence: 0,
  datagram: undefined,
};

export class FrameNames {
  private readonly bytesOf: () => Uint8Array;
  /** By flow: the sequence number of its first byte. */
  private readonly firstSequences = new Map<string, number>();
  /** First fragments of datagrams, by which the others are named. */
  private readonly fragments = new Map<string, FrameName>();

  /** @param bytesOf the world's memory, once it is there. */
  constructor(bytesOf: () => Uint8Array) {
    this.bytesOf = bytesOf;
  }

  /** @param address of the frame's first byte. @param length of it, or of as much as lies there. */
  read(address: number, length: number): FrameName {
    const head = this.bytesOf().subarray(address, address + Math.min(length, HEADER_BYTES_MAX));
    const view = new DataView(head.buffer, head.byteOffset, head.length);
    const offset = head.length < IP_SOURCE + 8 ? 0 : view.getUint16(IP_FRAGMENT) & FRAGMENT_OFFSET;
    if (offset !== 0) {
      const first = this.fragments.get(fragmentKey(view));
      return first?.datagram === undefined ? NOTHING : { ...first, datagram: { ...first.datagram, offset } };
    }
    const headers = packetHeaders(head);
    if (headers === undefined) return NOTHING;
    const { protocol, flags, sequence, payloadBytes } = headers;
    const from = endpoint(headers.source, headers.sourcePort);
    const flow = flowOf(from, endpoint(headers.destination, headers.destinationPort));
    if (protocol === 'UDP') {
      const payload = ETHERNET_BYTES + (head[ETHERNET_BYTES] & 15) * 4 + UDP_BYTES;
      const number = numberIn(head, payload, Math.min(NUMBER_BYTES, payloadBytes));
      const name = { ...NOTHING, flow, datagram: { number, id: view.getUint16(IP_ID), offset } };
      this.fragments.set(fragmentKey(view), name);
      return name;
    }
    if ((flags & SYN) !== 0) return { ...NOTHING, flow, flags, sequence };
    const fromByte = (sequence - (this.firstSequences.get(flow) ?? sequence)) >>> 0;
    return { flow, flags, fromByte, toByte: fromByte + payloadBytes, sequence, datagram: undefined };
  }

  /** A connection begins with this SYN. @returns whether it had been sent before. */
  begins({ flow, sequence }: FrameName): boolean {
    const again = this.firstSequences.get(flow) === sequence + 1;
    this.firstSequences.set(flow, sequence + 1);
    return again;
  }
}

/** A datagram's number: its first bytes, little-endian. */
export function numberIn(bytes: Uint8Array, at: number, count: number): number {
  let number = 0;
  for (let i = Math.min(count, NUMBER_BYTES, bytes.length - at) - 1; i >= 0; i--) {
    number = number * 256 + bytes[at + i];
  }
  return number;
}

function fragmentKey(view: DataView): string {
  return `${view.getUint32(IP_SOURCE)}>${view.getUint32(IP_SOURCE + 4)}#${view.getUint16(IP_ID)}`;
}
