/** Cuts into the headers of packets that leave, and into what sockets are asked for and say of their packets. */
import { messageNamed } from '../../../src/spec/catalogue.ts';
import type { PacketEvent, Tape } from '../../conformance/trace-surgery.ts';
import {
  any,
  type Cut,
  cutsOf,
  datagramSockets,
  inReply,
  inRequest,
  openAt,
  put,
  requestOf,
  succeeded,
} from './cut.ts';
import { mend } from './packet-tools.ts';

const [CONNECT, SEND_TO, CLOSE, ABORT, TOTALS] = [0x85, 0x8b, 0x8f, 0x91, 0x9c];
/** Offsets in a packet of Ethernet and IPv4 without options. */
const [TYPE, IP, TOTAL, TTL, SUM, PROTOCOL, TCP] = [12, 14, 16, 22, 24, 23, 34];
const [PROTOCOL_TCP, PROTOCOL_UDP] = [6, 17];
const packets = cutsOf('packets');
const sockets = cutsOf('sockets');

type Matches = (flags: number, length: number) => boolean;
const pure: Matches = (flags, length) => length === 0 && (flags & 0x17) === 0x10;
const hasData: Matches = (flags, length) => length > 0 && (flags & 7) === 0;
const isTcp =
  (matches: Matches) =>
  ({ bytes }: PacketEvent): boolean =>
    bytes[PROTOCOL] === PROTOCOL_TCP &&
    matches(bytes[TCP + 13], ((bytes[TOTAL] << 8) | bytes[TOTAL + 1]) - 20 - (bytes[TCP + 12] >>> 4) * 4);
const isUdp = ({ bytes }: PacketEvent): boolean => bytes[PROTOCOL] === PROTOCOL_UDP;
const inPackets = (
  name: string,
  rules: readonly string[],
  matches: (packet: PacketEvent) => boolean,
  edit: (packet: PacketEvent, tape: Tape) => unknown,
): Cut =>
  packets(name, rules, (tape) =>
    tape.events
      .filter((one): one is PacketEvent => one.kind === 'packet' && matches(one))
      .map((packet) => () => edit(packet, tape)),
  );
const again = (packet: PacketEvent, tape: Tape): void =>
  tape.insert(tape.at(packet) + 1, { ...packet, bytes: packet.bytes.slice() });
function add(bytes: Uint8Array, at: number, by: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  view.setInt32(at, (view.getInt32(at) + by) | 0);
}

const PACKET_CUTS: readonly Cut[] = [
  inPackets(
    'a packet that leaves with a TTL of 0',
    ['P-14'],
    isTcp(any),
    ({ bytes }) => void (bytes[TTL] = 0),
  ),
  inPackets('a datagram that leaves with a TTL of 0', ['P-14'], isUdp, ({ bytes }) => {
    bytes[TTL] = 0;
  }),
  inPackets('a wrong checksum of IPv4', ['P-14'], isTcp(any), ({ bytes }) => void (bytes[SUM] ^= 0x55)),
  inPackets('a packet of IPv6 told as IPv4', ['P-14'], isTcp(any), ({ bytes }) => void (bytes[IP] = 0x65)),
  inPackets('a packet told as one of ARP', ['P-14'], isTcp(pure), ({ bytes }) => {
    bytes[TYPE + 1] = 6;
  }),
  inPackets('a packet longer by its header than it is', ['P-14'], isTcp(pure), ({ bytes }) => {
    bytes[TOTAL + 1] += 9;
  }),
  inPackets('a packet that ends in its TCP header', ['P-14'], isTcp(pure), ({ bytes }) => {
    bytes.set([0, 21], TOTAL);
  }),
  inPackets('a TCP header of four words', ['P-14'], isTcp(hasData), ({ bytes }) => {
    bytes[TCP + 12] = 0x40;
  }),
  inPackets('a segment with neither SYN, RST nor ACK', ['P-14'], isTcp(hasData), ({ bytes }) => {
    bytes[TCP + 13] &= ~0x10;
  }),
  inPackets(
    'a SYN that is a FIN as well',
    ['P-14'],
    isTcp((flags) => (flags & 0x12) === 2),
    ({ bytes }) => {
      bytes[TCP + 13] |= 1;
    },
  ),
  inPackets('a packet from another address', ['P-14'], isTcp(pure), ({ bytes }) => void (bytes[29] ^= 3)),
  inPackets('an acknowledgement of fewer bytes than before', ['P-07'], isTcp(pure), ({ bytes }) =>
    add(bytes, TCP + 8, -0x10_0000),
  ),
  inPackets('an acknowledgement that passed unseen', ['R-09'], isTcp(pure), (packet, tape) =>
    tape.drop(packet),
  ),
  inPackets('an acknowledgement told twice', ['R-09'], isTcp(pure), again),
  inPackets('a segment told twice', ['R-09'], isTcp(hasData), again),
  inPackets('a segment sent again with another byte', ['R-09', 'P-06'], isTcp(hasData), (packet, tape) => {
    again(packet, tape);
    packet.bytes[packet.bytes.length - 1] ^= 0x55;
  }),
  inPackets(
    'a segment whose last byte is gone, by its header',
    ['R-09', 'P-14'],
    isTcp(hasData),
    ({ bytes }) => {
      bytes[TOTAL + 1] -= 1;
    },
  ),
  inPackets('a datagram that leaves for another address', ['P-14', 'P-10'], isUdp, ({ bytes }) => {
    bytes[33] ^= 3;
  }),
  {
    ...inPackets('a sender’s Ethernet address that is another', [], isTcp(pure), ({ bytes }) => {
      bytes[7] ^= 1;
    }),
    undecidable: 'Ethernet addresses are in no message and no ledger, and a card may have several',
  },
  {
    ...inPackets('a segment that asks to be read at once', [], isTcp(hasData), (packet) => {
      packet.bytes[TCP + 13] ^= 8;
      mend(packet);
    }),
    undecidable: 'PSH is the card’s own choice',
  },
];

const wordOf = (field: string): number =>
  messageNamed('SocketTotalsGet')!.reply!.fields.find(({ name }) => name === field)!.word;

/** A message and its answer become those of another function. */
const renamed = (name: string, rules: readonly string[], from: number, to: number): Cut =>
  sockets(
    name,
    rules,
    inRequest(from, any, (words, frame, tape) => {
      const socket = words[4] & 0xffff;
      if (!openAt(tape, frame).includes(socket) || datagramSockets(tape, frame).includes(socket))
        return false;
      const reply = tape.frames(1, from).find((one) => requestOf(tape, one) === frame);
      if (reply === undefined || !endsWithFin(tape, frame.timeNs)) return false;
      for (const one of [words, reply.words]) one[1] = (one[1] & 0xff_ffff) | (to << 24);
      return undefined;
    }),
  );
/** Whether a FIN leaves at the next chance. */
function endsWithFin(tape: Tape, timeNs: number): boolean {
  const next = tape.events.find(
    (one): one is PacketEvent => one.kind === 'packet' && one.timeNs >= timeNs && isTcp(() => true)(one),
  );
  return next !== undefined && (next.bytes[TCP + 13] & 1) !== 0;
}
const totals = (
  name: string,
  rules: readonly string[],
  field: string,
  edit: (words: Int32Array) => number,
): Cut => {
  const word = wordOf(field);
  return sockets(
    name,
    rules,
    inReply(
      TOTALS,
      (words) => succeeded(words) && words[word] > 0,
      (words) => void (words[word] = edit(words)),
    ),
  );
};
const isDatagramConnect = (
  tape: Tape,
  words: Int32Array,
  at: ReturnType<typeof requestOf> & object,
): boolean => datagramSockets(tape, at).includes(words[4] & 0xffff);

const SOCKET_CUTS: readonly Cut[] = [
  renamed('a close told as an abort', ['P-05'], CLOSE, ABORT),
  sockets(
    'a datagram posted for another address',
    ['P-10'],
    inRequest(
      SEND_TO,
      (words) => (words[6] & 0xffff) !== 0,
      (words) => void (words[5] ^= 1),
    ),
  ),
  sockets(
    'a datagram socket’s peer at another port',
    ['P-10'],
    inRequest(CONNECT, any, (words, frame, tape) => {
      if (!isDatagramConnect(tape, words, frame)) return false;
      return void put(words, 6, 0, 15, (words[6] & 0xffff) ^ 8);
    }),
  ),
  sockets(
    'a datagram socket’s peer at another address',
    ['P-10'],
    inRequest(CONNECT, any, (words, frame, tape) => {
      if (!isDatagramConnect(tape, words, frame)) return false;
      return void (words[5] ^= 8);
    }),
  ),
  totals('fewer bytes received than records have brought', ['E-13'], 'bytesReceivedLow', () => 0),
  totals('more bytes acknowledged than were posted', ['E-07'], 'bytesAckedLow', () => 0x100_0000),
  totals('more segments with data sent than segments', ['E-09'], 'dataSegsOut', (words) => {
    return words[wordOf('segsOut')] + 1;
  }),
  totals('more segments with data come than segments', ['E-09'], 'dataSegsIn', (words) => {
    return words[wordOf('segsIn')] + 1;
  }),
];

export const HEADER_CUTS: readonly Cut[] = [...PACKET_CUTS, ...SOCKET_CUTS];
