/** What cuts into packets are made with: which packets, their fields, their checksums, what the recorder counts. */
import type { PacketEvent, Tape } from '../../conformance/trace-surgery.ts';
import { type Cut, cutsOf, type Ground } from './cut.ts';

export const packets = cutsOf('packets');
/** Offsets in a packet of Ethernet, IPv4 and TCP, UDP or ICMP without options of IPv4; and in one of ARP. */
export const [TYPE, IP, TOTAL, IP_SUM, PROTOCOL, SOURCE, HEADER] = [12, 14, 16, 24, 23, 26, 34];
export const [SEQUENCE, OFFSET, FLAGS, WINDOW, OPTIONS] = [38, 46, 47, 48, 54];
export const [ARP_OPERATION, ARP_ETHERNET, ARP_TARGET] = [21, 22, 41];
export const [ICMP, TCP, UDP] = [1, 6, 17];
export const [FIN, SYN, RST, ACK] = [1, 2, 4, 16];
export const [NOP, MSS, SCALE, SACK, TIMESTAMPS] = [1, 2, 3, 5, 8];

export type Edit = (packet: PacketEvent, tape: Tape) => unknown;
export type Matches = (packet: PacketEvent) => boolean;

export const view = ({ bytes }: PacketEvent): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
export const half = ({ bytes }: PacketEvent, at: number): number => (bytes[at] << 8) | bytes[at + 1];
const isIpv4 = (packet: PacketEvent): boolean => half(packet, TYPE) === 0x800;
export const is =
  (protocol: number): Matches =>
  (packet) =>
    packet.sent && isIpv4(packet) && packet.bytes[PROTOCOL] === protocol && (half(packet, 20) & 0x1fff) === 0;
export const isArp: Matches = (packet) => packet.sent && half(packet, TYPE) === 0x806;
export const dataLength = (packet: PacketEvent): number =>
  half(packet, TOTAL) - 20 - (packet.bytes[OFFSET] >>> 4) * 4;
export const tcp =
  (matches: (flags: number, length: number, packet: PacketEvent) => boolean): Matches =>
  (packet) =>
    is(TCP)(packet) && matches(packet.bytes[FLAGS], dataLength(packet), packet);
export const hasData = tcp((flags, length) => length > 0 && (flags & (FIN | SYN | RST)) === 0);
export const pure = tcp((flags, length) => length === 0 && (flags & (FIN | SYN | RST | ACK)) === ACK);

/** Makes the checksums of a whole packet right again. */
export function mend(packet: PacketEvent): void {
  const { bytes } = packet;
  const total = half(packet, TOTAL);
  const sum = (from: number, to: number, first: number): number => {
    let all = first;
    for (let i = from; i < to; i += 2) all += (bytes[i] << 8) | (i + 1 < to ? bytes[i + 1] : 0);
    return ~(all % 0xffff) & 0xffff;
  };
  const put = (at: number, from: number, to: number, first: number): void => {
    view(packet).setUint16(at, 0);
    view(packet).setUint16(at, sum(from, to, first) || 0xffff);
  };
  put(IP_SUM, IP, HEADER, 0);
  if ((half(packet, 20) & 0x3fff) !== 0) return;
  const end = IP + total;
  const pseudo = ~sum(SOURCE, HEADER, bytes[PROTOCOL] + total - 20) & 0xffff;
  if (bytes[PROTOCOL] === TCP) put(HEADER + 16, HEADER, end, pseudo);
  else if (bytes[PROTOCOL] === UDP) put(HEADER + 6, HEADER, end, pseudo);
  else if (bytes[PROTOCOL] === ICMP) put(HEADER + 2, HEADER, end, 0);
}

export const inPackets = (
  name: string,
  rules: readonly string[],
  matches: Matches,
  edit: Edit,
  transport?: Ground,
): Cut =>
  packets(
    name,
    rules,
    (tape) =>
      tape.events
        .filter((one): one is PacketEvent => one.kind === 'packet' && matches(one))
        .map((packet) => () => edit(packet, tape)),
    transport,
  );
/** Cuts of a linked card: what arrives may be anything, so only what it sends is cut. */
export const mended =
  (edit: Edit): Edit =>
  (packet, tape) => {
    if (edit(packet, tape) === false) return false;
    mend(packet);
    return undefined;
  };
/** Where an option of TCP begins; -1 where there is none. */
function optionAt({ bytes }: PacketEvent, kind: number): number {
  const end = HEADER + (bytes[OFFSET] >>> 4) * 4;
  for (let at = OPTIONS; at < end && bytes[at] !== 0; at += bytes[at] === NOP ? 1 : bytes[at + 1]) {
    if (bytes[at] === kind) return at;
  }
  return -1;
}
export const inOption = (
  name: string,
  rules: readonly string[],
  matches: Matches,
  kind: number,
  edit: (packet: PacketEvent, at: number, tape: Tape) => unknown,
  transport?: Ground,
): Cut =>
  inPackets(
    name,
    rules,
    (packet) => matches(packet) && optionAt(packet, kind) >= 0,
    mended((packet, tape) => edit(packet, optionAt(packet, kind), tape)),
    transport,
  );
export const add = (packet: PacketEvent, at: number, by: number): void =>
  view(packet).setInt32(at, (view(packet).getInt32(at) + by) | 0);

/** What the recorder counts of its own goes along with a packet that is taken out or put in. */
function recorded(tape: Tape, packet: PacketEvent, by: 1 | -1): void {
  const counters = tape.finish!.iop as Record<string, number>;
  counters['captureCopies'] += by;
  counters['captureCopiesBytes'] += by * packet.bytes.length;
}
export const drop: Edit = (packet, tape) => {
  tape.drop(packet);
  recorded(tape, packet, -1);
};
/** Puts a packet in, made of another, behind an event. */
export function forge(
  tape: Tape,
  behind: PacketEvent,
  of: PacketEvent,
  edit: (packet: PacketEvent) => void,
): void {
  const packet = { ...of, timeNs: behind.timeNs, bytes: of.bytes.slice() };
  edit(packet);
  mend(packet);
  tape.insert(tape.at(behind) + 1, packet);
  recorded(tape, packet, 1);
}
const sameFlow = (a: PacketEvent, b: PacketEvent): boolean =>
  a.bytes.subarray(SOURCE, HEADER + 4).every((byte, i) => byte === b.bytes[SOURCE + i]);
/** Packets of a flow up to another of it. */
export const before = (tape: Tape, packet: PacketEvent, matches: Matches): PacketEvent[] =>
  tape.events
    .slice(0, tape.at(packet))
    .filter((one): one is PacketEvent => one.kind === 'packet' && matches(one) && sameFlow(one, packet));
/** Segments whose bytes have left before. */
export const sentAgain = (tape: Tape, packet: PacketEvent): boolean =>
  before(tape, packet, hasData).some(
    (one) =>
      half(one, SEQUENCE) === half(packet, SEQUENCE) &&
      half(one, SEQUENCE + 2) === half(packet, SEQUENCE + 2),
  );

/** Whether a segment goes the other way of a connection. */
export function isAnswer(one: PacketEvent, of: PacketEvent): boolean {
  const ports = (packet: PacketEvent): [number, number] => [half(packet, HEADER), half(packet, HEADER + 2)];
  const [[from, to], [source, destination]] = [ports(one), ports(of)];
  return from === destination && to === source;
}
/** Whether the other end of a segment's connection sends what matches. */
export const isAnswered = (tape: Tape, packet: PacketEvent, matches: Matches): boolean =>
  tape.events.some((one) => one.kind === 'packet' && matches(one) && isAnswer(one, packet));
