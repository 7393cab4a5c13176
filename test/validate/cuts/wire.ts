/** Cuts into packets, and into the ledgers at a trace's end. */
import type { PacketEvent, Tape } from '../../conformance/trace-surgery.ts';
import { type Cut, cutsOf, inRequest } from './cut.ts';
import { mend } from './packet-tools.ts';

const cut = cutsOf('packets');
const onAll = (edit: (tape: Tape) => unknown) => (tape: Tape) => [() => edit(tape)];
const ledger = (side: 'host' | 'iop', counter: string, rule: string, by = 1): Cut =>
  cutsOf('ledgers')(
    `${by} more in the ${side === 'host' ? 'host' : 'card'}’s ledger of ${counter}`,
    [rule],
    onAll((tape) => {
      const counters = tape.finish![side] as Record<string, number>;
      if (counters[counter] === undefined) return false;
      counters[counter] += by;
    }),
  );
/** Offsets in a packet of Ethernet, IPv4 and TCP without options of IP. */
const TCP = 34;
const tcp =
  (matches: (packet: PacketEvent, flags: number, length: number) => boolean) =>
  (tape: Tape): PacketEvent[] =>
    tape.events.filter((event): event is PacketEvent => {
      if (event.kind !== 'packet' || event.bytes[23] !== 6) return false;
      const { bytes } = event;
      const total = (bytes[16] << 8) | bytes[17];
      return matches(event, bytes[TCP + 13], total - 20 - (bytes[TCP + 12] >>> 4) * 4);
    });
const packets = (
  name: string,
  rules: readonly string[],
  matches: Parameters<typeof tcp>[0],
  edit: (packet: PacketEvent, tape: Tape) => unknown,
): Cut => cut(name, rules, (tape) => tcp(matches)(tape).map((packet) => () => edit(packet, tape)));
const hasData = (_: PacketEvent, flags: number, length: number): boolean => length > 0 && (flags & 7) === 0;

export const WIRE_CUTS: readonly Cut[] = [
  packets('immediate bytes changed on the wire', ['P-06'], hasData, (packet, tape) => {
    if (!carriesImmediate(tape, packet)) return false;
    packet.bytes[packet.bytes.length - 1] ^= 0x55;
  }),
  cut(
    'immediate bytes changed in the frame',
    ['P-06'],
    inRequest(
      0x89,
      (w) => ((w[6] >>> 24) & 0x7f) === 0x4c && (w[0] & 0x1000) === 0,
      (words) => void (words[8] ^= 1),
    ),
  ),
  packets('a segment of bytes that nobody posted', ['P-05', 'P-08'], hasData, (packet) =>
    add(packet.bytes, TCP + 4, 0x4000),
  ),
  packets(
    'a FIN that nobody asked for',
    ['P-05', 'P-03'],
    hasData,
    (packet) => void (packet.bytes[TCP + 13] |= 1),
  ),
  packets(
    'a FIN taken away',
    ['P-03', 'P-07'],
    (_, flags) => (flags & 1) !== 0,
    (packet) => void (packet.bytes[TCP + 13] &= ~1),
  ),
  packets(
    'an acknowledgement of bytes that never came',
    ['P-07'],
    (_, flags) => (flags & 0x17) === 0x10,
    (packet) => add(packet.bytes, TCP + 8, 0x4000),
  ),
  packets('a segment that passed unseen', ['P-08', 'P-07', 'P-02', 'P-03', 'P-09'], hasData, (packet, tape) =>
    tape.drop(packet),
  ),
  packets(
    'a SYN for another port',
    ['P-01'],
    (_, flags) => (flags & 0x12) === 2,
    (packet) => void (packet.bytes[TCP + 3] ^= 0x55),
  ),
  packets(
    'a SYN from another port',
    ['P-01'],
    (_, flags) => (flags & 0x12) === 2,
    (packet) => void (packet.bytes[TCP + 1] ^= 0x55),
  ),
  packets(
    'a SYN’s answer that passed unseen',
    ['P-01'],
    (_, flags) => (flags & 0x12) === 0x12,
    (packet, tape) => tape.drop(packet),
  ),
  packets(
    'a reset that passed unseen',
    ['P-04', 'P-01'],
    (_, flags) => (flags & 4) !== 0,
    (packet, tape) => tape.drop(packet),
  ),
  cut(
    'all packets from another address',
    ['P-01'],
    onAll((tape) => {
      for (const packet of tcp(() => true)(tape)) packet.bytes[26] ^= 1;
    }),
  ),
  cut('a datagram on the wire for another port', ['D-03'], (tape) =>
    udp(tape).map((packet) => () => {
      packet.bytes[TCP + 3] ^= 0x40;
    }),
  ),
  cut('a datagram on the wire longer', ['D-03'], (tape) =>
    udp(tape).map((packet) => () => {
      // What is longer than a bucket is cut, whatever its length.
      if (((packet.bytes[TCP + 4] << 8) | packet.bytes[TCP + 5]) > 2000) return false;
      packet.bytes[TCP + 5] ^= 0x01;
    }),
  ),
  {
    ...cut('a byte of a transmit buffer changed on the wire', [], (tape) =>
      tcp(hasData)(tape).map((packet) => () => {
        if (carriesImmediate(tape, packet)) return false;
        packet.bytes[packet.bytes.length - 1] ^= 0x55;
        mend(packet);
      }),
    ),
    undecidable: 'a trace has no bytes of transmit buffers',
  },

  ledger('host', 'inboundPosted', 'R-01'),
  ledger('host', 'outboundReleased', 'R-01'),
  ledger('iop', 'inboundReleased', 'R-01'),
  ledger('iop', 'outboundPosted', 'R-01', -1),
  ledger('host', 'bytesSent', 'R-02'),
  ledger('host', 'bytesReceived', 'R-03'),
  ledger('iop', 'bytesDelivered', 'R-03'),
  ledger('host', 'memoryBucketsPosted', 'R-04'),
  ledger('host', 'memoryBucketsUsed', 'R-04'),
  ledger('host', 'memoryTransmitReturned', 'R-04', -1),
  ledger('iop', 'bytesQueued', 'R-06'),
  ledger('iop', 'bytesAcknowledged', 'R-06'),
  ledger('iop', 'transmitFetchesBytes', 'R-06'),
  ledger('host', 'doorbells', 'R-07'),
  ledger('iop', 'eventsSent', 'R-07'),
];

/** Adds to a number of four bytes, the most significant first. */
function add(bytes: Uint8Array, at: number, by: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setInt32(at, (view.getInt32(at) + by) | 0);
}
/** Whether a packet ends with bytes that a frame had as immediate data. */
function carriesImmediate(tape: Tape, packet: PacketEvent): boolean {
  const { bytes } = packet;
  return tape
    .frames(0, 0x89, ({ words }) => ((words[6] >>> 24) & 0x7f) === 0x4c && (words[0] & 0x1000) === 0)
    .some(({ words, timeNs }) => {
      const length = words[6] & 0xffffff;
      if (timeNs > packet.timeNs || packet.timeNs - timeNs > 1e6 || length > bytes.length) return false;
      for (let i = 0; i < length; i++) {
        if (((words[8 + (i >> 2)] >>> ((i & 3) * 8)) & 0xff) !== bytes[bytes.length - length + i])
          return false;
      }
      return true;
    });
}
function udp(tape: Tape): PacketEvent[] {
  return tape.events.filter(
    (event): event is PacketEvent =>
      event.kind === 'packet' && event.bytes[23] === 17 && (event.bytes[21] | (event.bytes[20] & 0x1f)) === 0,
  );
}
