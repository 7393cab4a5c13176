/** Cuts into traces of network ports, and of ports with the window: lists, contexts, records and refusals. */
import {
  LAN_BUCKET_WORDS,
  LAN_PACKET_SEND,
  LAN_RECEIVE_POST,
  LAN_RECEIVE_POST_REPLY_LIST_WORD,
  LAN_RESET,
  LAN_SUSPEND,
} from '../../../src/i2o/lan.gen.ts';
import {
  WINDOW_FILL,
  WINDOW_HEADERS,
  WINDOW_OPEN,
  WINDOW_PLACE,
  WINDOW_RELEASE,
  WINDOW_SEND,
} from '../../../src/i2o/window.gen.ts';
import { OUTBOUND } from '../../../src/trace/sink.ts';
import type { PacketEvent, Tape, TapeEvent } from '../../conformance/trace-surgery.ts';
import {
  answer,
  any,
  type Change,
  type Cut,
  cutsOf,
  type Device,
  inReply,
  inRequest,
  put,
  several,
  sizeOf,
  succeeded,
} from './cut.ts';

const ABORT = 0x01;
const LIST = 5;
const RECORDS = 6;
const BUSY = 0x1b;
/** A port that there is not. */
const OTHER_TID = 0x017;

const count = (words: Int32Array): number => words[3] & 0xff;
const isLong = (words: Int32Array): boolean => several(words) && count(words) > 1;
const isGood = (words: Int32Array): boolean => several(words) && words[4] === 0;
const announce = (by: number) => (words: Int32Array) =>
  void (words[3] = (words[3] & ~0xff) | (count(words) + by));
const longer = (words: Int32Array): unknown => {
  if (sizeOf(words) > 30) return false;
  words[sizeOf(words)] = 7;
  words[0] += 1 << 16;
  return undefined;
};

const cut = cutsOf('ports');
function on(device: Device): (name: string, rules: readonly string[], sites: Cut['sites']) => Cut {
  return (name, rules, sites) => ({ ...cut(name, rules, sites), device });
}

/** What may be done to any list of contexts. */
function lists(device: Device, code: number, what: string, twice: readonly string[]): readonly Cut[] {
  const own = on(device);
  const reply = (matches: (words: Int32Array) => boolean, edit: Change) => inReply(code, matches, edit);
  return [
    own(`a word behind ${what}`, ['F-11'], reply(several, longer)),
    own(`more ${what} announced than there are`, ['F-03', 'F-06'], reply(several, announce(1))),
    own(`fewer ${what} announced than there are`, ['F-11'], reply(isLong, announce(-1))),
    own(
      `no ${what} announced`,
      ['F-06'],
      reply(several, (w) => announce(-count(w))(w)),
    ),
    own(
      `${what} for another initiator`,
      ['T-05', 'T-01'],
      reply(several, (w) => void (w[2] ^= 0x40)),
    ),
    own(
      `${what} of another port`,
      ['H-07'],
      reply(several, (w) => put(w, 1, 0, 11, OTHER_TID)),
    ),
    own(
      `${what}: one told twice`,
      twice,
      reply(isLong, (w) => void (w[LIST + 1] = w[LIST])),
    ),
  ];
}

const lan = on('lan');
const window = on('window');
/** Each packet that has passed. */
const packets =
  (edit: (packet: PacketEvent, tape: Tape) => unknown): Cut['sites'] =>
  (tape) =>
    tape.events
      .filter((event): event is PacketEvent => event.kind === 'packet')
      .map((packet) => () => edit(packet, tape));
const isContexts = (event: TapeEvent): boolean =>
  event.kind === 'frame' &&
  event.direction === OUTBOUND &&
  event.words[1] >>> 24 === LAN_PACKET_SEND &&
  isGood(event.words);
const shorten = (words: Int32Array, record: number): unknown => {
  if ((words[record + 2] & 0xffff) < 20) return false;
  words[record + 2] -= 3;
  return undefined;
};
const bucket = (words: Int32Array, word: number): number => words[LAN_RECEIVE_POST_REPLY_LIST_WORD + word];

export const PORT_CUTS: readonly Cut[] = [
  ...lists('lan', LAN_PACKET_SEND, 'contexts of packets', ['T-01', 'T-02', 'L-07']),
  ...lists('window', WINDOW_FILL, 'contexts of fills', ['T-01', 'T-02']),
  ...lists('window', WINDOW_SEND, 'contexts of sends', ['T-01', 'T-02']),
  ...lists('window', WINDOW_PLACE, 'contexts of placements', ['T-01', 'T-02']),
  lan(
    'more packets and buckets aborted than came back',
    ['T-11'],
    inReply(ABORT, any, (w) => void (w[4] += 1)),
  ),
  lan(
    'fewer packets and buckets aborted than came back',
    ['T-11'],
    inReply(
      ABORT,
      (w) => w[4] > 0,
      (w) => void (w[4] -= 1),
    ),
  ),
  lan('a word behind buckets', ['F-11'], inReply(LAN_RECEIVE_POST, several, longer)),
  lan(
    'more buckets announced than there are',
    ['F-03', 'F-06'],
    inReply(LAN_RECEIVE_POST, several, announce(1)),
  ),
  lan('fewer buckets announced than there are', ['F-11'], inReply(LAN_RECEIVE_POST, isLong, announce(-1))),
  lan(
    'a bucket told twice',
    ['B-02', 'B-03', 'T-01', 'T-02'],
    inReply(LAN_RECEIVE_POST, isLong, (w) => {
      w[RECORDS + LAN_BUCKET_WORDS] = w[RECORDS];
    }),
  ),
  lan(
    'more buckets remaining than were posted',
    ['B-08'],
    inReply(LAN_RECEIVE_POST, isGood, (w) => void (w[5] += 500)),
  ),
  lan(
    'a packet longer than its bucket',
    ['F-10'],
    inReply(LAN_RECEIVE_POST, isGood, (w) => {
      w[RECORDS + 2] = bucket(w, 2) + 40_000;
    }),
  ),
  lan(
    'a packet of a status that there is not',
    ['F-10'],
    inReply(LAN_RECEIVE_POST, isGood, (w) => put(w, RECORDS + 1, 24, 31, 0x55)),
  ),
  lan(
    'a packet that leaves longer than it was named',
    ['P-11'],
    packets((packet) => void (packet.packetLength += 1)),
  ),
  lan(
    'a packet told of as sent that never left',
    ['P-12'],
    packets((packet, tape) => {
      // Nobody can say of one that the host is told nothing of, or of one among several alike.
      const alike = tape.events.filter(
        (event) => event.kind === 'packet' && event.packetLength === packet.packetLength,
      );
      const after = tape.events.slice(tape.events.indexOf(packet));
      const told = alike.length === 1 && after.some((event) => isContexts(event));
      if (told) tape.drop(packet);
      return told;
    }),
  ),
  lan(
    'a packet told of shorter than it came',
    ['P-13'],
    inReply(LAN_RECEIVE_POST, isGood, (w) => shorten(w, RECORDS)),
  ),
  lan(
    'a packet told of shorter, and the next longer',
    ['P-13'],
    inReply(
      LAN_RECEIVE_POST,
      (w) => isGood(w) && isLong(w),
      (w) => {
        w[RECORDS + LAN_BUCKET_WORDS + 2] += 3;
        return shorten(w, RECORDS);
      },
    ),
  ),
  lan(
    'a reset refused',
    ['Q-01', 'F-05', 'Q-02'],
    inReply(LAN_RESET, succeeded, (w) => answer(w, 5, BUSY)),
  ),
  lan(
    'a suspension refused as suspended',
    ['L-05', 'Q-01'],
    inReply(LAN_SUSPEND, succeeded, (w) => answer(w, 5, 0x11)),
  ),
  lan(
    'a suspension asked with a stray bit',
    ['F-08'],
    inRequest(LAN_SUSPEND, any, (w) => put(w, 4, 0, 0, 1)),
  ),
  lan(
    'packets sent in no list',
    ['S-01', 'H-05', 'S-02'],
    inRequest(LAN_PACKET_SEND, any, (w) => put(w, 0, 4, 7, 0)),
  ),
  lan(
    'a bucket posted with MULTIPLE',
    ['H-03'],
    inRequest(LAN_RECEIVE_POST, any, (w) => put(w, 0, 12, 12, 1)),
  ),
  window('a word behind records of packets', ['F-11'], inReply(WINDOW_HEADERS, several, longer)),
  window(
    'more records of packets than there are',
    ['F-03', 'F-06'],
    inReply(WINDOW_HEADERS, several, announce(1)),
  ),
  window('fewer records of packets than there are', ['F-11'], inReply(WINDOW_HEADERS, isLong, announce(-1))),
  window(
    'more packets left than the host may hold',
    ['W-12'],
    inReply(WINDOW_HEADERS, several, (w) => void (w[5] += 5000)),
  ),
  window(
    'a packet told twice',
    ['W-11'],
    inReply(WINDOW_HEADERS, isLong, (w) => w.copyWithin(RECORDS + 2, RECORDS, RECORDS + 2)),
  ),
  window(
    'a packet outside the window',
    ['W-11'],
    inReply(WINDOW_HEADERS, several, (w) => void (w[RECORDS] = 0x7fff0000)),
  ),
  window(
    'a window opened refused as split otherwise',
    ['W-05', 'W-13', 'W-03', 'F-05'],
    inReply(WINDOW_OPEN, succeeded, (w) => answer(w, 5, 0x40)),
  ),
  window(
    'a window opened at another place',
    ['W-13', 'F-03', 'W-03'],
    inReply(WINDOW_OPEN, succeeded, (w) => void (w[5] += 64)),
  ),
  window(
    'a release with MULTIPLE',
    ['H-03'],
    inRequest(WINDOW_RELEASE, any, (w) => put(w, 0, 12, 12, 1)),
  ),
  window(
    'a fill with a stray bit',
    ['F-08', 'H-05', 'S-01'],
    inRequest(WINDOW_FILL, any, (w) => put(w, 0, 4, 7, 0)),
  ),
];
