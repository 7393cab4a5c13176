/** Cuts into what leaves a card, with its checksums made good. */
import type { Cut } from './cut.ts';
import {
  ACK,
  ARP_ETHERNET,
  ARP_OPERATION,
  ARP_TARGET,
  add,
  before,
  dataLength,
  drop,
  FIN,
  FLAGS,
  forge,
  HEADER,
  half,
  hasData,
  ICMP,
  inOption,
  inPackets,
  is,
  isAnswer,
  isAnswered,
  isArp,
  type Matches,
  MSS,
  mend,
  mended,
  NOP,
  OPTIONS,
  PROTOCOL,
  pure,
  RST,
  SACK,
  SCALE,
  SEQUENCE,
  SYN,
  sentAgain,
  TCP,
  TIMESTAMPS,
  TYPE,
  tcp,
  UDP,
  view,
  WINDOW,
} from './packet-tools.ts';

const SUM_CUTS: readonly Cut[] = [
  inPackets('a wrong checksum of TCP', ['P-15'], is(TCP), ({ bytes }) => void (bytes[HEADER + 16] ^= 0x10)),
  inPackets('a wrong checksum of UDP', ['P-15'], is(UDP), (packet) => {
    if ((half(packet, 20) & 0x3fff) !== 0) return false;
    packet.bytes[HEADER + 7] ^= 0x10;
    return undefined;
  }),
  inPackets(
    'a wrong checksum of ICMP',
    ['P-15'],
    is(ICMP),
    ({ bytes }) => void (bytes[HEADER + 3] ^= 2),
    'lives',
  ),
  inPackets('a byte changed behind its checksum', ['P-15'], hasData, ({ bytes }) => {
    bytes[bytes.length - 1] ^= 0x20;
  }),
  inPackets(
    'a segment of a linked card with a wrong checksum',
    ['P-15'],
    is(TCP),
    ({ bytes }) => {
      bytes[WINDOW] ^= 1;
    },
    'linked',
  ),
];

const SEGMENT_CUTS: readonly Cut[] = [
  inPackets(
    'other bytes sent again',
    ['P-16'],
    hasData,
    mended((packet, tape) => {
      if (!sentAgain(tape, packet)) return false;
      packet.bytes[packet.bytes.length - dataLength(packet)] ^= 0x55;
      return undefined;
    }),
    'linked',
  ),
  inPackets(
    'a window that is taken back',
    ['P-18'],
    pure,
    mended((packet) => view(packet).setUint16(WINDOW, 0)),
  ),
  inPackets('bytes beyond every window', ['P-18'], hasData, (packet, tape) => {
    const isBack: Matches = (one) => tcp(() => true)(one) && isAnswer(one, packet);
    for (const one of tape.events) {
      if (one.kind !== 'packet' || !isBack(one)) continue;
      view(one).setUint16(WINDOW, 0);
      mend(one);
    }
    return dataLength(packet) > 1 ? undefined : false;
  }),
  inPackets(
    'a FIN that moves',
    ['P-19'],
    tcp((flags) => (flags & FIN) !== 0),
    (packet, tape) => forge(tape, packet, packet, (one) => add(one, SEQUENCE, -1)),
  ),
  inPackets(
    'bytes behind a FIN',
    ['P-19'],
    tcp((flags) => (flags & FIN) !== 0),
    (packet, tape) => {
      const [data] = before(tape, packet, hasData);
      if (data === undefined) return false;
      const at = view(packet).getInt32(SEQUENCE) + dataLength(packet);
      forge(tape, packet, data, (one) => view(one).setInt32(SEQUENCE, at));
      return undefined;
    },
  ),
  inPackets(
    'a segment behind its reset',
    ['P-19'],
    tcp((flags) => (flags & RST) !== 0),
    (packet, tape) => {
      const [data] = before(tape, packet, hasData);
      if (data === undefined) return false;
      forge(tape, packet, data, () => undefined);
      return undefined;
    },
    'lives',
  ),
  inPackets(
    'a reset at a byte that its stream has not come to',
    ['P-19'],
    tcp((flags) => (flags & RST) !== 0),
    mended((packet, tape) => {
      if (before(tape, packet, hasData).length === 0) return false;
      add(packet, SEQUENCE, 0x10_0000);
      return undefined;
    }),
    'lives',
  ),
  inPackets('a reset that nobody sent', ['R-10'], pure, (packet, tape) =>
    forge(tape, packet, packet, (one) => void (one.bytes[FLAGS] = RST | ACK)),
  ),
  inPackets(
    'a reset that the recorder has not',
    ['R-10'],
    tcp((flags) => (flags & RST) !== 0),
    drop,
  ),
  inPackets('an acknowledgement that the recorder has not', ['R-10'], pure, drop),
  inPackets('an acknowledgement that nobody sent', ['R-10'], pure, (packet, tape) =>
    forge(tape, packet, packet, () => undefined),
  ),
  inPackets(
    'a segment told as one of another protocol',
    ['R-10'],
    pure,
    mended(({ bytes }) => void (bytes[PROTOCOL] = 47)),
  ),
  inPackets('a packet of another kind of Ethernet', ['R-10'], pure, ({ bytes }) => {
    bytes.set([0x86, 0xdd], TYPE);
  }),
];
const OPTION_CUTS: readonly Cut[] = [
  inOption('a timestamp that falls', ['P-17'], hasData, TIMESTAMPS, (packet, at) =>
    add(packet, at + 2, -100_000_000),
  ),
  inOption('a timestamp echoed that has not come', ['P-17'], hasData, TIMESTAMPS, (packet, at) =>
    add(packet, at + 6, 100_000_000),
  ),
  inOption(
    'a segment without the timestamp that was agreed on',
    ['P-17'],
    pure,
    TIMESTAMPS,
    ({ bytes }, at) => bytes.fill(NOP, at, at + 10),
  ),
  inOption(
    'a SYN without timestamps, and segments with',
    ['P-17'],
    tcp((flags) => (flags & SYN) !== 0),
    TIMESTAMPS,
    ({ bytes }, at) => bytes.fill(NOP, at, at + 10),
  ),
  inOption(
    'a SYN answered with a shift that it has not',
    ['P-17'],
    tcp((flags) => (flags & (SYN | ACK)) === SYN),
    SCALE,
    (packet, at, tape) => {
      packet.bytes.fill(NOP, at, at + 3);
      return isAnswered(
        tape,
        packet,
        tcp((flags) => (flags & SYN) !== 0),
      );
    },
  ),
  inOption(
    'a SYN whose shift is too large',
    ['P-17'],
    tcp((flags) => (flags & SYN) !== 0),
    SCALE,
    ({ bytes }, at) => {
      bytes[at + 2] = 15;
    },
  ),
  inOption(
    'segments longer than their receiver takes',
    ['P-17'],
    tcp((flags) => (flags & SYN) !== 0),
    MSS,
    (packet, at, tape) => {
      view(packet).setUint16(at + 2, 19);
      return isAnswered(
        tape,
        packet,
        tcp((flags, length) => (flags & SYN) === 0 && length > 0),
      );
    },
  ),
  inOption('a shift behind the SYN', ['P-17'], pure, TIMESTAMPS, ({ bytes }) => {
    bytes.set([NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, SCALE, 3, 2], OPTIONS);
  }),
  inOption('an option that is too short', ['P-17'], hasData, TIMESTAMPS, ({ bytes }, at) => {
    bytes[at + 1] = 1;
  }),
  inOption('an option that goes on behind its header', ['P-17'], pure, TIMESTAMPS, ({ bytes }, at) => {
    bytes[at + 1] = 40;
  }),
  inOption(
    'a block of bytes that never came',
    ['P-17'],
    tcp(() => true),
    SACK,
    (packet, at) => {
      add(packet, at + 2, 0x100_0000);
      add(packet, at + 6, 0x100_0000);
    },
    'linked',
  ),
  inOption(
    'a block that ends before it begins',
    ['P-17'],
    tcp(() => true),
    SACK,
    (packet, at) => add(packet, at + 6, -0x10_0000),
    'linked',
  ),
];

const OTHER_CUTS: readonly Cut[] = [
  inPackets(
    'a datagram from another port than its socket’s',
    ['P-10'],
    is(UDP),
    mended((packet) => {
      packet.bytes[HEADER] ^= 0x10;
    }),
    'linked',
  ),
  inPackets('a datagram that the recorder has not', ['R-10'], is(UDP), drop, 'linked'),
  inPackets(
    'an error that quotes a datagram from another port',
    ['P-21'],
    is(ICMP),
    mended(({ bytes }) => void (bytes[HEADER + 8 + 20] ^= 0x40)),
    'linked',
  ),
  inPackets(
    'an error that quotes a datagram to another port',
    ['P-21'],
    is(ICMP),
    mended(({ bytes }) => void (bytes[HEADER + 8 + 23] ^= 0x40)),
    'linked',
  ),
  inPackets(
    'an error to somebody else',
    ['P-21'],
    is(ICMP),
    mended(({ bytes }) => void (bytes[33] ^= 8)),
    'linked',
  ),
  inPackets(
    'an unreachable told as an echo’s reply',
    ['R-10'],
    is(ICMP),
    mended(({ bytes }) => void (bytes[HEADER] = 0)),
    'linked',
  ),
  inPackets(
    'ARP that names another sender',
    ['P-20'],
    isArp,
    ({ bytes }) => void (bytes[ARP_ETHERNET + 5] ^= 1),
    'linked',
  ),
  inPackets(
    'ARP of an operation that there is not',
    ['P-20'],
    isArp,
    ({ bytes }) => void (bytes[ARP_OPERATION] = 9),
    'linked',
  ),
  inPackets(
    'a reply of ARP that nobody asked for',
    ['P-20'],
    (packet) => isArp(packet) && packet.bytes[ARP_OPERATION] === 2,
    ({ bytes }) => void (bytes[ARP_TARGET] ^= 8),
    'linked',
  ),
  inPackets('ARP that the recorder has not', ['R-10'], isArp, drop, 'linked'),
  inPackets(
    'a packet that came, which the recorder has not',
    ['R-10'],
    (packet) => !packet.sent,
    drop,
    'linked',
  ),
];

export const OUTGOING_CUTS: readonly Cut[] = [...SUM_CUTS, ...SEGMENT_CUTS, ...OPTION_CUTS, ...OTHER_CUTS];
