/** Packets as a script writes them: `< S 0:0(0) win 32792 <mss 1460,…>`, UDP, ICMP, IPv4's own fields. */
import type { Echoed, IcmpPacket, IpWanted, Packet, PacketAction, TcpPacket, TosWanted } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { flat } from './expression-parser.ts';
import { ICMP_CODES, ICMP_OTHER_NAMES, ICMP_TYPES } from './icmp-names.ts';
import { parseTcpOptions } from './tcp-option-parser.ts';

const WORD_MAX = 0xffff_ffff;
const SHORT_MAX = 0xffff;
const FLAGS = /^[SFPRUEW]+$/;
/** Headers around a packet's own: nothing here carries such packets. */
const TUNNELS = ['ipv4', 'gre', 'GREv0', 'mpls', 'psp'];
/** Protocols that forks of packetdrill have words for, and the stack does not have. */
const PROTOCOLS: Readonly<Record<string, string>> = {
  sctp: 'SCTP',
  udplite: 'UDP-Lite',
  dccp: 'DCCP',
  frag: 'fragments of packets',
};
const ECN: Readonly<Record<string, number>> = { noecn: 0, ect1: 1, ect0: 2, ce: 3 };
const NO_IP: IpWanted = { tos: undefined, ttl: undefined };

interface Ports {
  readonly sourcePort: number | undefined;
  readonly destinationPort: number | undefined;
}

/** A packet, from its `<` or `>` on. */
export function parsePacket(cursor: Cursor): PacketAction {
  const start = cursor.token.start;
  const inbound = cursor.isSign('<');
  cursor.take();
  refuseTunnels(cursor);
  const ip = parseIp(cursor, inbound);
  refuseTunnels(cursor);
  refuseProtocols(cursor);
  const packet = parseTransport(cursor, ip, inbound);
  return { kind: 'packet', inbound, packet, text: flat(cursor.source.slice(start, cursor.passedEnd)) };
}

function refuseTunnels(cursor: Cursor): void {
  if (cursor.isWord('ipv6')) throw cursor.beyond('IPv6');
  const tunnel = TUNNELS.find((word) => cursor.isWord(word));
  if (tunnel !== undefined) throw cursor.beyond(`packets within others (${tunnel})`);
}

function refuseProtocols(cursor: Cursor): void {
  const name = Object.keys(PROTOCOLS).find((word) => cursor.isWord(word));
  if (name !== undefined) throw cursor.beyond(PROTOCOLS[name]);
}

/** `[ect0]`, `[tos 0x10]`, `(ttl 5)`, or nothing. */
function parseIp(cursor: Cursor, inbound: boolean): IpWanted {
  const close = cursor.isSign('[') ? ']' : cursor.isSign('(') ? ')' : undefined;
  // `[1:1001(1000)] icmp …` quotes a packet, and says nothing of IPv4.
  const next = cursor.ahead(1);
  const quotes = next.kind === 'integer' || next.text === 'udp' || next.text === 'raw';
  if (close === undefined || (close === ']' && quotes)) return NO_IP;
  cursor.take();
  let tos: TosWanted | undefined;
  let ttl: number | undefined;
  do {
    const { token } = cursor;
    if (cursor.takeWord('flowlabel')) throw cursor.beyond('IPv6 flow labels', token.place);
    if (cursor.takeWord('ttl')) ttl = cursor.expectInteger('a time to live', 0, 255);
    else if (cursor.takeWord('tos'))
      tos = { kind: 'tos', value: cursor.expectInteger('a TOS octet', 0, 255) };
    else if (token.text === 'ect01') {
      if (inbound) throw cursor.wrong('[ect01] is for outbound packets: expected [ect0] or [ect1]');
      cursor.take();
      tos = { kind: 'ect01' };
    } else if (token.kind === 'word' && token.text in ECN) {
      cursor.take();
      tos = { kind: 'ecn', value: ECN[token.text] };
    } else throw cursor.expected('noecn, ect0, ect1, ect01, ce, tos or ttl');
  } while (cursor.takeSign(','));
  cursor.expectSign(close);
  return { tos, ttl };
}

function parseTransport(cursor: Cursor, ip: IpWanted, inbound: boolean): Packet {
  if (cursor.takeWord('udp')) {
    const ports = parsePorts(cursor);
    cursor.expectSign('(');
    const length = cursor.expectInteger('a UDP payload', 0, SHORT_MAX);
    cursor.expectSign(')');
    return { kind: 'udp', ...ip, ...ports, length };
  }
  if (cursor.takeWord('icmp')) return parseIcmp(cursor, ip, undefined);
  if (cursor.isWord('icmpv6')) throw cursor.beyond('IPv6');
  // Another form of the same: what is quoted goes first.
  if (cursor.isSign('[')) {
    const echoed = parseEchoed(cursor);
    if (!cursor.takeWord('icmp')) throw cursor.expected('icmp');
    return parseIcmp(cursor, ip, echoed);
  }
  const ports = parsePorts(cursor);
  return parseTcp(cursor, ip, ports, inbound);
}

/** `1234 > 80`, the sender's first. */
function parsePorts(cursor: Cursor): Ports {
  const greater = cursor.ahead(1);
  if (cursor.token.kind !== 'integer' || greater.kind !== 'sign' || greater.text !== '>') {
    return { sourcePort: undefined, destinationPort: undefined };
  }
  const sourcePort = cursor.expectInteger('a source port', 0, SHORT_MAX);
  cursor.expectSign('>');
  return { sourcePort, destinationPort: cursor.expectInteger('a destination port', 0, SHORT_MAX) };
}

function parseTcp(cursor: Cursor, ip: IpWanted, ports: Ports, inbound: boolean): TcpPacket {
  const flags = parseFlags(cursor);
  const sequence = inbound ? parseSequence(cursor) : parseAnySequence(cursor);
  const ack = cursor.takeWord('ack') ? cursor.expectInteger('an acknowledgement number', 0, WORD_MAX) : 0;
  const window = parseWindow(cursor, inbound);
  const urgent = cursor.takeWord('urg') ? cursor.expectInteger('an urgent pointer', 0, SHORT_MAX) : 0;
  const options = cursor.isSign('<') && isOptions(cursor) ? parseTcpOptions(cursor, inbound) : [];
  if (cursor.isSign('{')) throw cursor.beyond('packets changed at random');
  return { kind: 'tcp', ...ip, ...ports, flags, ...sequence, ack, window, urgent, options };
}

/** Whether a `<` opens options. */
function isOptions(cursor: Cursor): boolean {
  const { kind } = cursor.ahead(1);
  return kind === 'word' || kind === 'sign';
}

function parseFlags(cursor: Cursor): string {
  const { token } = cursor;
  if (cursor.takeSign('-')) return '';
  if (cursor.takeSign('.')) return '.';
  if (token.kind === 'float') throw cursor.beyond('accurate ECN');
  if (token.kind !== 'word') throw cursor.expected('TCP flags of SFPRUEW and "."');
  cursor.take();
  if (cursor.token.kind === 'float' && cursor.token.start === token.end) {
    throw cursor.beyond('accurate ECN', token.place);
  }
  if (/^[SFPRUEWA]+$/.test(token.text) && token.text.includes('A')) {
    throw cursor.beyond('accurate ECN', token.place);
  }
  if (!FLAGS.test(token.text)) throw cursor.expected('TCP flags of SFPRUEW and "."', token);
  return cursor.takeSign('.') ? `${token.text}.` : token.text;
}

/** `first:end(length)`, or `...(length)` of a packet whose number is the stack's choice. */
function parseAnySequence(cursor: Cursor): { seq: number; length: number; anySeq?: boolean } {
  if (!cursor.takeSign('...')) return parseSequence(cursor);
  cursor.expectSign('(');
  const length = cursor.expectInteger('bytes of payload', 0, SHORT_MAX);
  cursor.expectSign(')');
  return { seq: 0, length, anySeq: true };
}

/** `first:end(length)`. */
function parseSequence(cursor: Cursor): { seq: number; length: number } {
  const { place } = cursor;
  const seq = cursor.expectInteger('a sequence number', 0, WORD_MAX);
  cursor.expectSign(':');
  const end = cursor.expectInteger('a sequence number', 0, WORD_MAX);
  cursor.expectSign('(');
  const length = cursor.expectInteger('bytes of payload', 0, SHORT_MAX);
  cursor.expectSign(')');
  if ((seq + length) >>> 0 !== end) {
    throw cursor.wrong(
      `expected ${seq}:${(seq + length) >>> 0}(${length}), got ${seq}:${end}(${length})`,
      place,
    );
  }
  return { seq, length };
}

function parseWindow(cursor: Cursor, inbound: boolean): number | undefined {
  if (!cursor.takeWord('win')) return undefined;
  if (!inbound && cursor.takeSign('*')) return undefined;
  return cursor.expectInteger(inbound ? 'a TCP window' : 'a TCP window or *', 0, SHORT_MAX);
}

/** `unreachable frag_needed mtu 1200 id 5 [1:1001(1000)]`. */
function parseIcmp(cursor: Cursor, ip: IpWanted, before: Echoed | undefined): IcmpPacket {
  const typeToken = cursor.expectKind('word', `an ICMP type such as ${Object.keys(ICMP_TYPES).join(', ')}`);
  const type = numbered(typeToken.text, 'type_') ?? ICMP_TYPES[typeToken.text];
  if (type === undefined) throw cursor.expected(`one of ${Object.keys(ICMP_TYPES).join(', ')}`, typeToken);
  let words = typeToken.text;
  let code = 0;
  if (cursor.token.kind === 'word' && !cursor.isWord('mtu') && !cursor.isWord('id')) {
    const codeToken = cursor.take();
    const codes = ICMP_CODES[type] ?? [];
    code =
      numbered(codeToken.text, 'code_') ?? codes.indexOf(ICMP_OTHER_NAMES[codeToken.text] ?? codeToken.text);
    if (code < 0) throw cursor.expected(`a code of ${words}: ${codes.join(', ') || 'none'}`, codeToken);
    words += ` ${codeToken.text}`;
  }
  let mtu: number | undefined;
  let id = 0;
  for (;;) {
    if (cursor.takeWord('mtu')) mtu = cursor.expectInteger('an MTU', 0, SHORT_MAX);
    else if (cursor.takeWord('id')) id = cursor.expectInteger('an identifier', 0, SHORT_MAX);
    else break;
  }
  const echoed = before ?? (cursor.isSign('[') ? parseEchoed(cursor) : undefined);
  return { kind: 'icmp', ...ip, type, code, words, mtu, id, echoed };
}

function numbered(text: string, prefix: string): number | undefined {
  return text.startsWith(prefix) && /^\d+$/.test(text.slice(prefix.length))
    ? Number(text.slice(prefix.length))
    : undefined;
}

function parseEchoed(cursor: Cursor): Echoed {
  cursor.expectSign('[');
  let echoed: Echoed;
  if (cursor.isWord('raw')) throw cursor.beyond('raw IPv4 packets');
  if (cursor.takeWord('udp')) {
    cursor.expectSign('(');
    echoed = { kind: 'udp', length: cursor.expectInteger('a UDP payload', 0, SHORT_MAX) };
    cursor.expectSign(')');
  } else {
    echoed = { kind: 'tcp', ...parseSequence(cursor) };
  }
  cursor.expectSign(']');
  return echoed;
}
