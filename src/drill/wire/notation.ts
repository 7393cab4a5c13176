/** Packets in packetdrill's own notation: those on the wire, in a script's numbers. */
import { ACK, FIN, PSH, RST, SYN, URG } from '../../tcpip/header/tcp.ts';
import type { IcmpPacket, IpWanted, TcpPacket, UdpPacket } from '../script/ast.ts';
import { icmpWords } from '../script/icmp-names.ts';
import type { Flow } from './flow.ts';
import { type DecodedOption, decodeOptions } from './tcp-options.ts';
import { decodePacket, type WireIcmp, type WirePacket, type WireTcp } from './wire-packet.ts';

export const ECE = 64;
export const CWR = 128;

const LETTERS: readonly (readonly [number, string])[] = [
  [SYN, 'S'],
  [FIN, 'F'],
  [PSH, 'P'],
  [RST, 'R'],
  [URG, 'U'],
  [ECE, 'E'],
  [CWR, 'W'],
];

/** A segment that was sent, in a script's numbers: everything is said. */
export interface ActualTcp extends Omit<TcpPacket, 'options' | 'window'> {
  readonly window: number;
  readonly options: readonly DecodedOption[];
}

export type ActualPacket = ActualTcp | UdpPacket | IcmpPacket;

/** Bits of a script's flags, such as `FP.`. */
export function flagBits(flags: string): number {
  const bits = LETTERS.reduce((sum, [bit, letter]) => (flags.includes(letter) ? sum | bit : sum), 0);
  return flags.includes('.') ? bits | ACK : bits;
}

export function flagText(bits: number): string {
  const letters = LETTERS.filter(([bit]) => (bits & bit) !== 0).map(([, letter]) => letter);
  return `${letters.join('')}${(bits & ACK) !== 0 ? '.' : ''}` || '-';
}

/** @returns a packet of ours in the script's numbers; undefined where it is of no kind that scripts have. */
export function actualPacket(packet: WirePacket, flow: Flow | undefined): ActualPacket | undefined {
  const { ip, transport, payload } = packet;
  if (transport === undefined) return undefined;
  const said: IpWanted = { tos: { kind: 'tos', value: ip.tos }, ttl: ip.ttl };
  if (transport.kind === 'tcp') return actualTcp(transport, payload.length, said, flow);
  if (transport.kind === 'udp') {
    const { sourcePort, destinationPort } = transport;
    return { kind: 'udp', ...said, sourcePort, destinationPort, length: payload.length };
  }
  return actualIcmp(transport, payload, said);
}

function actualTcp(tcp: WireTcp, length: number, said: IpWanted, flow: Flow | undefined): ActualTcp {
  const syn = (tcp.flags & SYN) !== 0;
  const hasAck = (tcp.flags & ACK) !== 0;
  const options = decodeOptions(tcp.options);
  const { sourcePort, destinationPort, window, urgent } = tcp;
  const numbers = flow?.toScript(tcp, syn, hasAck) ?? { seq: tcp.seq, ack: tcp.ack };
  return {
    kind: 'tcp',
    ...said,
    sourcePort,
    destinationPort,
    flags: flagText(tcp.flags),
    ...numbers,
    length,
    window,
    urgent,
    options: flow === undefined ? options : options.map((option) => flow.optionToScript(option, syn)),
  };
}

/** An ICMP message, with the length of what it quotes. */
function actualIcmp(icmp: WireIcmp, payload: Uint8Array, said: IpWanted): IcmpPacket {
  const quoted = decodePacket(payload);
  const length = quoted.payload.length;
  const echoed = quoted.transport?.kind === 'udp' ? ({ kind: 'udp', length } as const) : undefined;
  return {
    kind: 'icmp',
    ...said,
    type: icmp.type,
    code: icmp.code,
    words: icmpWords(icmp.type, icmp.code),
    mtu: undefined,
    id: icmp.rest >>> 16,
    echoed,
  };
}

/** A packet as a script writes it, without its direction. @param ports whether to name them. */
export function packetText(packet: ActualPacket, ports = false): string {
  const { tos } = packet;
  const ip = tos?.kind === 'tos' && tos.value !== 0 ? `[tos 0x${tos.value.toString(16)}] ` : '';
  if (packet.kind === 'icmp') return `${ip}icmp ${packet.words}`;
  const pair = ports ? `${packet.sourcePort} > ${packet.destinationPort} ` : '';
  if (packet.kind === 'udp') return `${ip}udp ${pair}(${packet.length})`;
  const { flags, seq, length, ack, window, urgent, options } = packet;
  const parts = [`${ip}${pair}${flags} ${seq}:${(seq + length) >>> 0}(${length})`];
  if (flags.includes('.')) parts.push(`ack ${ack}`);
  parts.push(`win ${window}`);
  if (urgent !== 0) parts.push(`urg ${urgent}`);
  if (options.length > 0) parts.push(`<${options.map(optionText).join(',')}>`);
  return parts.join(' ');
}

function optionText(option: DecodedOption): string {
  switch (option.kind) {
    case 'mss':
    case 'wscale':
      return `${option.kind} ${option.value}`;
    case 'TS':
      return `TS val ${option.val} ecr ${option.ecr}`;
    case 'sack':
      return `sack ${option.blocks.map(([left, right]) => `${left}:${right}`).join(' ')}`;
    case 'unknown':
      return `option_${option.number}`;
    default:
      return option.kind;
  }
}
