/** Cuts into what a host asks for, and into the segments of its streams. */
import type { FrameEvent, PacketEvent, Tape } from '../../conformance/trace-surgery.ts';
import { any, type Cut, cutsOf, inRequest, openAt, put, sizeOf } from './cut.ts';

const OPTION_SET = 0x93;
const SEND = 0x89;
const hosts = cutsOf('hosts');

const field = (
  name: string,
  rules: readonly string[],
  code: number,
  word: number,
  low: number,
  high: number,
  value: number,
): Cut =>
  hosts(
    name,
    rules,
    inRequest(code, any, (words) => {
      const before = words[word];
      put(words, word, low, high, value);
      return words[word] === before ? false : undefined;
    }),
  );
const kindOf = (words: Int32Array): number => (words[6] >>> 24) & 0x7f;
/** A request about one open stream becomes one about another number. */
const about = (
  name: string,
  rules: readonly string[],
  code: number,
  socketOf: (tape: Tape, frame: FrameEvent) => number | undefined,
): Cut =>
  hosts(
    name,
    rules,
    inRequest(code, any, (words, frame, tape) => {
      const socket = socketOf(tape, frame);
      if (socket === undefined || socket === (words[4] & 0xffff)) return false;
      put(words, 4, 0, 15, socket);
      return undefined;
    }),
  );
const listener = (tape: Tape): number => tape.frames(0, 0x87)[0].words[4] & 0xffff;

export const HOST_CUTS: readonly Cut[] = [
  field('a socket of a kind that there is not', ['F-01'], 0x81, 5, 0, 7, 9),
  field('half of a stream that there is not', ['F-01'], 0x8d, 5, 0, 1, 3),
  field('a name of neither end', ['F-01'], 0x96, 5, 0, 7, 7),
  field('an option with a stray bit', ['F-08'], OPTION_SET, 5, 20, 20, 1),
  field('a bind with a stray bit', ['F-08'], 0x83, 6, 20, 20, 1),
  field('a close with a stray bit beside its reply mode', ['F-08'], 0x8f, 4, 27, 27, 1),
  field('a request of another version of I2O', ['H-01', 'H-02'], 0x83, 0, 0, 7, 2),
  field('a request with a list where it has none', ['H-05'], 0x83, 0, 4, 7, 5),
  field('a request of several transactions that has one', ['H-03'], 0x83, 0, 12, 12, 1),
  field('a number that there is not asked for', ['F-01', 'K-04'], 0x81, 4, 0, 15, 999),
  about('a listener bound again', ['K-01', 'K-02'], 0x83, (tape) => listener(tape)),
  about('a stream sent by a listener', ['K-01'], SEND, (tape) => listener(tape)),
  about('a listener shut for writing', ['K-01', 'K-02', 'D-02', 'P-03', 'P-05'], 0x8d, (tape) =>
    listener(tape),
  ),
  about('a number made that is open', ['K-01', 'K-03'], 0x81, (tape, frame) => openAt(tape, frame)[0]),
  about('numbers posted for a stream', ['K-01', 'K-03'], 0x82, (tape, frame) => openAt(tape, frame)[0]),
  about('a datagram sent by a stream', ['K-01', 'K-08'], 0x8b, (tape, frame) => openAt(tape, frame)[0]),
  hosts(
    'a send from the address of another buffer',
    ['S-02', 'S-04', 'B-04', 'B-05', 'O-02', 'S-01', 'S-05'],
    inRequest(
      SEND,
      (w) => kindOf(w) === 0x55,
      (w) => void (w[8] += 2048),
    ),
  ),
  hosts(
    'a send of more than its buffer',
    ['S-02', 'S-04', 'S-05'],
    inRequest(
      SEND,
      (w) => kindOf(w) === 0x55,
      (w) => put(w, 6, 0, 23, 4000),
    ),
  ),
  hosts(
    'a send of nothing',
    ['S-04'],
    inRequest(
      SEND,
      (w) => kindOf(w) === 0x55,
      (w) => put(w, 6, 0, 23, 0),
    ),
  ),
  hosts(
    'a send from a bucket',
    ['S-02', 'S-04', 'S-05'],
    inRequest(
      SEND,
      (w) => kindOf(w) === 0x55,
      (w, _frame, tape) => void (w[8] = tape.start!.memory.receive.offset),
    ),
  ),
  hosts(
    'a send of a context that there is not',
    ['S-04', 'B-05', 'S-05', 'S-02'],
    inRequest(
      SEND,
      (w) => kindOf(w) === 0x55,
      (w) => void (w[7] = 5000),
    ),
  ),
  hosts(
    'a send whose list does not end',
    ['S-02'],
    inRequest(
      SEND,
      (w) => kindOf(w) === 0x55 && sizeOf(w) === 9,
      (w) => void (w[6] &= 0x7fffffff),
    ),
  ),
];

const TCP = 34;
const packets = cutsOf('packets');
const view = ({ bytes }: PacketEvent): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
/** @returns TCP packets without options of IP. */
function tcp(
  tape: Tape,
  matches: (flags: number, length: number, packet: PacketEvent) => boolean,
): PacketEvent[] {
  return tape.events.filter((event): event is PacketEvent => {
    if (event.kind !== 'packet' || event.bytes[23] !== 6) return false;
    const total = view(event).getUint16(16);
    return matches(event.bytes[TCP + 13], total - 20 - (event.bytes[TCP + 12] >>> 4) * 4, event);
  });
}
const inTcp = (
  name: string,
  rules: readonly string[],
  matches: Parameters<typeof tcp>[1],
  edit: (packet: PacketEvent, tape: Tape) => unknown,
): Cut => packets(name, rules, (tape) => tcp(tape, matches).map((packet) => () => edit(packet, tape)));
const add = (packet: PacketEvent, at: number, by: number): void =>
  view(packet).setInt32(at, (view(packet).getInt32(at) + by) | 0);
const hasData = (flags: number, length: number): boolean => length > 0 && (flags & 7) === 0;

export const SEGMENT_CUTS: readonly Cut[] = [
  inTcp(
    'a SYN’s answer that acknowledges another SYN',
    ['P-01', 'P-07'],
    (flags) => (flags & 0x12) === 0x12,
    (packet) => add(packet, TCP + 8, 77),
  ),
  inTcp(
    'a SYN’s answer from another port',
    ['P-01'],
    (flags) => (flags & 0x12) === 0x12,
    (packet) => void (packet.bytes[TCP + 1] ^= 0x15),
  ),
  inTcp(
    'a FIN behind bytes that were never posted',
    ['P-05', 'P-03', 'P-08', 'P-07'],
    (flags) => (flags & 1) !== 0,
    (packet) => add(packet, TCP + 4, 900),
  ),
  inTcp(
    'a segment for another port',
    ['P-08', 'P-02', 'P-07', 'P-03', 'P-09', 'P-05'],
    hasData,
    (packet) => void (packet.bytes[TCP + 3] ^= 0x15),
  ),
  inTcp(
    'a segment a byte shorter than it was',
    ['P-08', 'P-02', 'P-07', 'P-03', 'P-09', 'P-05'],
    hasData,
    (packet) => {
      if (packet.bytes.length - TCP < 40) return false;
      view(packet).setUint16(16, view(packet).getUint16(16) - 1);
      return undefined;
    },
  ),
];
