/**
 * A dormant connection as a record of words: all that its Tcb says, without what must be nothing while it is
 * idle (`isIdle` of `idle.ts`) and what follows from other fields. Numbers that fit share a word. Ours.
 *
 * Each part is written and read in the same order by the two functions beside each other. A test gives every
 * field of a Tcb a value of its own and finds it again: a field that is added to a Tcb belongs in here.
 */
import { assert } from '../../assert/assert.ts';
import { TIMER_KEEPALIVE } from './control-block/timers.ts';
import {
  CONGESTION_WORDS,
  loadCongestion,
  loadOptions,
  loadRack,
  loadTotals,
  OPTIONS_WORDS,
  RACK_WORDS,
  saveCongestion,
  saveOptions,
  saveRack,
  saveTotals,
  TOTALS_WORDS,
} from './dormant-groups.ts';
import { ESTABLISHED } from './state.ts';
import type { Tcb } from './tcb.ts';

// Words that are looked at while the connection sleeps.
export const WORD_REMOTE_ADDRESS = 0;
export const WORD_LOCAL_ADDRESS = 1;
/** The remote port in the upper half. */
export const WORD_PORTS = 2;
export const WORD_FLAGS = 3;
/** How far the stack's news of routes and paths were known (`path-news.ts`). */
export const WORD_ROUTES_KNOWN = 4;
export const WORD_PATHS_KNOWN = 5;
const WORD_REST = 6;

// Words of what stands in the Tcb itself, and of the small groups.
const FLAT_WORDS = 17;
const SMALL_WORDS = 22;
/** Words of a record. */
export const RECORD_WORDS =
  WORD_REST + FLAT_WORDS + SMALL_WORDS + OPTIONS_WORDS + RACK_WORDS + CONGESTION_WORDS + TOTALS_WORDS;

// Bits of WORD_FLAGS.
export const FLAG_BOUND = 1;
export const FLAG_REUSE_ADDRESS = 2;
export const FLAG_KEEPALIVE_RUNS = 4;
const SCALE_MASK = 15;
const HALF = 0xffff;

/** Writes what a connection is at `at`. It must be idle. */
export function saveRecord(words: Int32Array, at: number, tcb: Tcb): void {
  words[at + WORD_REMOTE_ADDRESS] = tcb.remoteAddress;
  words[at + WORD_LOCAL_ADDRESS] = tcb.localAddress;
  words[at + WORD_PORTS] = (tcb.remotePort << 16) | tcb.localPort;
  words[at + WORD_FLAGS] = flagsOf(tcb);
  let end = saveFlat(words, at + WORD_REST, tcb);
  end = saveSmallGroups(words, end, tcb);
  end = saveOptions(words, end, tcb.options);
  end = saveRack(words, end, tcb.rack);
  end = saveCongestion(words, end, tcb.congestion);
  saveTotals(words, end, tcb.totals);
}

/** Makes a Tcb, new from the pool, what a record says. What follows from other fields is not set. */
export function loadRecord(words: Int32Array, at: number, tcb: Tcb): void {
  assert(tcb.inUse === 1, 'dormant connection: it wakes in a Tcb of its own');
  tcb.state = ESTABLISHED;
  tcb.hashed = 1;
  tcb.remoteAddress = words[at + WORD_REMOTE_ADDRESS];
  tcb.localAddress = words[at + WORD_LOCAL_ADDRESS];
  tcb.remotePort = words[at + WORD_PORTS] >>> 16;
  tcb.localPort = words[at + WORD_PORTS] & HALF;
  setFlags(tcb, words[at + WORD_FLAGS]);
  let end = loadFlat(words, at + WORD_REST, tcb);
  end = loadSmallGroups(words, end, tcb);
  end = loadOptions(words, end, tcb.options);
  end = loadRack(words, end, tcb.rack);
  end = loadCongestion(words, end, tcb.congestion);
  loadTotals(words, end, tcb.totals);
}

function flagsOf(tcb: Tcb): number {
  const { options, rack, congestion } = tcb;
  const flags =
    tcb.bound |
    (options.reuseAddress << 1) |
    ((tcb.timers.armed & TIMER_KEEPALIVE) === 0 ? 0 : FLAG_KEEPALIVE_RUNS) |
    (tcb.portChosen << 3) |
    (tcb.addressNamed << 4) |
    (tcb.scaling << 5) |
    (tcb.sackPermitted << 6) |
    (tcb.rcvUrgent << 7) |
    (tcb.received.shutdown << 8) |
    (tcb.acks.pingPong << 9) |
    (tcb.acks.challenged << 10) |
    (tcb.stamps.on << 11) |
    (tcb.rtt.synRetransmitted << 12) |
    (options.noDelay << 13) |
    (options.keepAlive << 14) |
    (options.broadcast << 15) |
    (options.cork << 16);
  const history =
    (rack.known << 17) |
    (rack.highestKnown << 19) |
    (rack.roundOn << 20) |
    (rack.undoable << 21) |
    (rack.undoStampKnown << 22) |
    (congestion.epoch << 23) |
    (congestion.limited << 24) |
    (congestion.roundsBegun << 25) |
    (tcb.totals.awaitsRoom << 26) |
    (tcb.listening.deferred << 27);
  return flags | history;
}

function setFlags(tcb: Tcb, flags: number): void {
  const { options, rack, congestion } = tcb;
  tcb.bound = flags & FLAG_BOUND;
  options.reuseAddress = (flags >> 1) & 1;
  tcb.timers.armed = (flags & FLAG_KEEPALIVE_RUNS) === 0 ? 0 : TIMER_KEEPALIVE;
  tcb.portChosen = (flags >> 3) & 1;
  tcb.addressNamed = (flags >> 4) & 1;
  tcb.scaling = (flags >> 5) & 1;
  tcb.sackPermitted = (flags >> 6) & 1;
  tcb.rcvUrgent = (flags >> 7) & 1;
  tcb.received.shutdown = (flags >> 8) & 1;
  tcb.acks.pingPong = (flags >> 9) & 1;
  tcb.acks.challenged = (flags >> 10) & 1;
  tcb.stamps.on = (flags >> 11) & 1;
  tcb.rtt.synRetransmitted = (flags >> 12) & 1;
  options.noDelay = (flags >> 13) & 1;
  options.keepAlive = (flags >> 14) & 1;
  options.broadcast = (flags >> 15) & 1;
  options.cork = (flags >> 16) & 1;
  rack.known = (flags >> 17) & 1;
  rack.highestKnown = (flags >> 19) & 1;
  rack.roundOn = (flags >> 20) & 1;
  rack.undoable = (flags >> 21) & 1;
  rack.undoStampKnown = (flags >> 22) & 1;
  congestion.epoch = (flags >> 23) & 1;
  congestion.limited = (flags >> 24) & 1;
  congestion.roundsBegun = (flags >> 25) & 1;
  tcb.totals.awaitsRoom = (flags >> 26) & 1;
  tcb.listening.deferred = (flags >> 27) & 1;
}

/** What stands in the Tcb itself. */
export function saveFlat(words: Int32Array, from: number, tcb: Tcb): number {
  const { options, congestion } = tcb;
  let at = from;
  words[at++] = tcb.owner;
  words[at++] = tcb.ttl | (tcb.tos << 8) | (tcb.ipId << 16);
  words[at++] = tcb.mss | (tcb.mssPeer << 16);
  const scales = (tcb.sndScale << 20) | (tcb.rcvScale << 24);
  words[at++] = tcb.pathMtu | (tcb.port << 16) | scales | (congestion.conservative << 28);
  words[at++] =
    tcb.softError |
    (options.keepProbes << 12) |
    (options.mtuDiscover << 19) |
    (options.deferAccept << 22) |
    (congestion.chosen << 30);
  words[at++] = tcb.nextHop;
  words[at++] = tcb.neighbour;
  words[at++] = tcb.iss;
  words[at++] = tcb.sndUna;
  words[at++] = tcb.sndWnd;
  words[at++] = tcb.sndWndMax;
  words[at++] = tcb.sndWl1;
  words[at++] = tcb.sndWl2;
  words[at++] = tcb.irs;
  words[at++] = tcb.rcvNxt;
  words[at++] = tcb.rcvAdv;
  words[at++] = tcb.rcvUp;
  assert(at === from + FLAT_WORDS, 'dormant record: what stands in the Tcb itself is written in its words');
  return at;
}

export function loadFlat(words: Int32Array, from: number, tcb: Tcb): number {
  const { options, congestion } = tcb;
  let at = from;
  tcb.owner = words[at++];
  const ids = words[at++];
  tcb.ttl = ids & 0xff;
  tcb.tos = (ids >> 8) & 0xff;
  tcb.ipId = ids >>> 16;
  const sizes = words[at++];
  tcb.mss = sizes & HALF;
  tcb.mssPeer = sizes >>> 16;
  const path = words[at++];
  tcb.pathMtu = path & HALF;
  tcb.port = (path >> 16) & 15;
  tcb.sndScale = (path >> 20) & SCALE_MASK;
  tcb.rcvScale = (path >> 24) & SCALE_MASK;
  congestion.conservative = (path >> 28) & 7;
  const rare = words[at++];
  tcb.softError = rare & 0xfff;
  options.keepProbes = (rare >> 12) & 0x7f;
  options.mtuDiscover = (rare >> 19) & 7;
  options.deferAccept = (rare >> 22) & 0xff;
  congestion.chosen = rare >>> 30;
  tcb.nextHop = words[at++];
  tcb.neighbour = words[at++];
  tcb.iss = words[at++];
  // All that was queued is sent and acknowledged.
  const sndUna = words[at++];
  tcb.sndUna = sndUna;
  tcb.sndNxt = sndUna;
  tcb.sndMax = sndUna;
  tcb.sndEnd = sndUna;
  tcb.sndSmall = sndUna;
  tcb.sndUp = sndUna;
  tcb.sndWnd = words[at++];
  tcb.sndWndMax = words[at++];
  tcb.sndWl1 = words[at++];
  tcb.sndWl2 = words[at++];
  tcb.irs = words[at++];
  tcb.rcvNxt = words[at++];
  tcb.rcvAdv = words[at++];
  tcb.rcvUp = words[at++];
  assert(at === from + FLAT_WORDS, 'dormant record: what stands in the Tcb itself is read from its words');
  return at;
}

/** The groups of which little is left while a connection is idle. */
export function saveSmallGroups(words: Int32Array, from: number, tcb: Tcb): number {
  const { received, acks, stamps, rtt, recovery, timers, options } = tcb;
  let at = from;
  words[at++] = received.bufferBytes;
  words[at++] = received.bufferBytesMax;
  words[at++] = received.withheldBytes;
  words[at++] = received.withheldEdge;
  words[at++] = received.unconsumedBytes;
  words[at++] = received.segmentBytesMax | (options.segmentBytesMax << 16);
  words[at++] = acks.quick | ((options.finWaitSeconds + 1) << 16) | (tcb.rack.factor << 24);
  words[at++] = acks.lastDataUs;
  words[at++] = acks.lastSent;
  words[at++] = acks.challengeUs;
  words[at++] = stamps.recent;
  words[at++] = stamps.recentMs;
  words[at++] = stamps.offset;
  words[at++] = rtt.srtt;
  words[at++] = rtt.rttvar;
  words[at++] = rtt.rto;
  words[at++] = rtt.leastUs;
  words[at++] = recovery.recover;
  words[at++] = recovery.retransmissions;
  words[at++] = timers.keepAliveAtMs;
  words[at++] = timers.lastSendUs;
  words[at++] = timers.lastReceiveMs;
  assert(at === from + SMALL_WORDS, 'dormant record: the small groups are written in their words');
  return at;
}

export function loadSmallGroups(words: Int32Array, from: number, tcb: Tcb): number {
  const { received, acks, stamps, rtt, recovery, timers, options } = tcb;
  let at = from;
  received.bufferBytes = words[at++];
  received.bufferBytesMax = words[at++];
  received.withheldBytes = words[at++];
  received.withheldEdge = words[at++];
  received.unconsumedBytes = words[at++];
  const largest = words[at++];
  received.segmentBytesMax = largest & HALF;
  options.segmentBytesMax = largest >>> 16;
  const small = words[at++];
  acks.quick = small & HALF;
  options.finWaitSeconds = ((small >> 16) & 0xff) - 1;
  tcb.rack.factor = small >>> 24;
  acks.lastDataUs = words[at++];
  acks.lastSent = words[at++];
  acks.challengeUs = words[at++];
  stamps.recent = words[at++];
  stamps.recentMs = words[at++];
  stamps.offset = words[at++];
  rtt.srtt = words[at++];
  rtt.rttvar = words[at++];
  rtt.rto = words[at++];
  rtt.leastUs = words[at++];
  recovery.recover = words[at++];
  recovery.retransmissions = words[at++];
  timers.keepAliveAtMs = words[at++];
  timers.lastSendUs = words[at++];
  timers.lastReceiveMs = words[at++];
  assert(at === from + SMALL_WORDS, 'dormant record: the small groups are read from their words');
  return at;
}
