/**
 * A dormant connection as a record of words: all that its Tcb says, without what must be nothing while it is
 * idle (`isIdle` of `idle.ts`) and what follows from other fields. Numbers that fit share a word. Ours.
 *
 * A record has two parts. The _common_ one is 256 bytes, four of a processor's cache lines, and holds what any
 * connection has. The _rest_ (`dormant-rest.ts`) holds what most connections have as a new one has it: what a
 * loss, a mark, a narrow path, an urgent byte or a program's options leave behind. It is neither written nor
 * read where it says nothing: with very many connections, lines that are not in the caches are what waking costs.
 *
 * Each part is written and read in the same order by the two functions beside each other. A test gives every
 * field of a Tcb a value of its own, and each alone, and finds it again: a field that is added to a Tcb belongs
 * in here.
 */
import { assert } from '../../assert/assert.ts';
import { TIMER_FIN_WAIT, TIMER_KEEPALIVE } from './control-block/timers.ts';
import { CLOSE_WAIT, FIN_WAIT_2 } from './state.ts';
import type { Tcb } from './tcb.ts';

// Words that are looked at while the connection sleeps.
export const WORD_REMOTE_ADDRESS = 0;
export const WORD_LOCAL_ADDRESS = 1;
/** The remote port in the upper half. */
export const WORD_PORTS = 2;
export const WORD_FLAGS = 3;
/** How much of the stack's news was known (`path-news.ts`). */
export const WORD_NEWS = 4;
export const WORD_OWNER = 5;
/** The state in the lowest four bits. */
export const WORD_STATE = 6;
/** How many connections had woken or been opened before it fell asleep. */
export const WORD_SLEPT = 7;
const WORD_SEQUENCE = 8;

const SEQUENCE_WORDS = 16;
const TIME_WORDS = 15;
const SENT_WORDS = 15;
const TOTAL_WORDS = 10;
/** Words of the common part. */
export const RECORD_WORDS = WORD_SEQUENCE + SEQUENCE_WORDS + TIME_WORDS + SENT_WORDS + TOTAL_WORDS;

// Bits of WORD_FLAGS.
export const FLAG_BOUND = 1;
export const FLAG_REUSE_ADDRESS = 2;
/** A timer runs: keep-alive's, or the one for the peer's FIN. */
const FLAG_KEEPALIVE_RUNS = 4;
const FLAG_FIN_WAIT_RUNS = 8;
export const FLAGS_TIMER_RUNS = FLAG_KEEPALIVE_RUNS | FLAG_FIN_WAIT_RUNS;
/** It searches for its path's MTU: what it sends depends on each route and MTU that there ever was. */
export const FLAG_SEARCHES = 16;
/** The record has a rest. */
export const FLAG_REST = 32;

export const STATE_MASK = 15;
const HALF = 0xffff;
const SCALE_MASK = 15;

/** Writes the common part of what a connection is at `at`. It must be idle. @param rest 1: it has a rest. */
export function saveRecord(words: Int32Array, at: number, tcb: Tcb, rest: number): void {
  const scales = (tcb.sndScale << 4) | (tcb.rcvScale << 8) | (tcb.port << 12);
  words[at + WORD_REMOTE_ADDRESS] = tcb.remoteAddress;
  words[at + WORD_LOCAL_ADDRESS] = tcb.localAddress;
  words[at + WORD_PORTS] = (tcb.remotePort << 16) | tcb.localPort;
  words[at + WORD_FLAGS] = flagsOf(tcb) | (rest === 0 ? 0 : FLAG_REST);
  words[at + WORD_OWNER] = tcb.owner;
  words[at + WORD_STATE] = tcb.state | scales | (tcb.acks.quick << 16);
  let end = saveSequence(words, at + WORD_SEQUENCE, tcb);
  end = saveTimes(words, end, tcb);
  end = saveSent(words, end, tcb);
  saveTotals(words, end, tcb);
}

/** Makes a Tcb what the common part says. What follows from the path is not set. */
export function loadRecord(words: Int32Array, at: number, tcb: Tcb): void {
  assert(tcb.inUse === 1, 'dormant connection: it wakes in a Tcb of its own');
  const state = words[at + WORD_STATE];
  tcb.state = state & STATE_MASK;
  tcb.sndScale = (state >> 4) & SCALE_MASK;
  tcb.rcvScale = (state >> 8) & SCALE_MASK;
  tcb.port = (state >> 12) & SCALE_MASK;
  tcb.acks.quick = state >>> 16;
  tcb.hashed = 1;
  tcb.remoteAddress = words[at + WORD_REMOTE_ADDRESS];
  tcb.localAddress = words[at + WORD_LOCAL_ADDRESS];
  tcb.remotePort = words[at + WORD_PORTS] >>> 16;
  tcb.localPort = words[at + WORD_PORTS] & HALF;
  tcb.owner = words[at + WORD_OWNER];
  setFlags(tcb, words[at + WORD_FLAGS]);
  let end = loadSequence(words, at + WORD_SEQUENCE, tcb);
  end = loadTimes(words, end, tcb);
  end = loadSent(words, end, tcb);
  loadTotals(words, end, tcb);
}

function flagsOf(tcb: Tcb): number {
  const { options, rack, congestion, timers, marks } = tcb;
  assert((tcb.bound | options.reuseAddress) <= 1, 'dormant record: what is a flag is 0 or 1');
  return (
    tcb.bound |
    (options.reuseAddress << 1) |
    ((timers.armed & TIMER_KEEPALIVE) === 0 ? 0 : FLAG_KEEPALIVE_RUNS) |
    ((timers.armed & TIMER_FIN_WAIT) === 0 ? 0 : FLAG_FIN_WAIT_RUNS) |
    (tcb.mtuSearch.on === 0 ? 0 : FLAG_SEARCHES) |
    (tcb.portChosen << 6) |
    (tcb.addressNamed << 7) |
    (tcb.scaling << 8) |
    (tcb.sackPermitted << 9) |
    (tcb.received.shutdown << 10) |
    (tcb.acks.pingPong << 11) |
    (tcb.stamps.on << 12) |
    (tcb.rtt.synRetransmitted << 13) |
    (options.noDelay << 14) |
    (options.keepAlive << 15) |
    (options.cork << 16) |
    (rack.known << 17) |
    (rack.highestKnown << 18) |
    (congestion.epoch << 19) |
    (congestion.limited << 20) |
    (congestion.roundsBegun << 21) |
    (tcb.totals.awaitsRoom << 22) |
    (marks.asked << 23) |
    (marks.on << 24) |
    (marks.seen << 25)
  );
}

function setFlags(tcb: Tcb, flags: number): void {
  const { options, rack, congestion, marks } = tcb;
  const keepAlive = (flags & FLAG_KEEPALIVE_RUNS) === 0 ? 0 : TIMER_KEEPALIVE;
  const finWait = (flags & FLAG_FIN_WAIT_RUNS) === 0 ? 0 : TIMER_FIN_WAIT;
  tcb.bound = flags & FLAG_BOUND;
  options.reuseAddress = (flags >> 1) & 1;
  tcb.timers.armed = keepAlive | finWait;
  tcb.mtuSearch.on = (flags >> 4) & 1;
  tcb.portChosen = (flags >> 6) & 1;
  tcb.addressNamed = (flags >> 7) & 1;
  tcb.scaling = (flags >> 8) & 1;
  tcb.sackPermitted = (flags >> 9) & 1;
  tcb.received.shutdown = (flags >> 10) & 1;
  tcb.acks.pingPong = (flags >> 11) & 1;
  tcb.stamps.on = (flags >> 12) & 1;
  tcb.rtt.synRetransmitted = (flags >> 13) & 1;
  options.noDelay = (flags >> 14) & 1;
  options.keepAlive = (flags >> 15) & 1;
  options.cork = (flags >> 16) & 1;
  rack.known = (flags >> 17) & 1;
  rack.highestKnown = (flags >> 18) & 1;
  congestion.epoch = (flags >> 19) & 1;
  congestion.limited = (flags >> 20) & 1;
  congestion.roundsBegun = (flags >> 21) & 1;
  tcb.totals.awaitsRoom = (flags >> 22) & 1;
  marks.asked = (flags >> 23) & 1;
  marks.on = (flags >> 24) & 1;
  marks.seen = (flags >> 25) & 1;
}

/** Where the connection goes, and RFC 9293's variables. */
export function saveSequence(words: Int32Array, from: number, tcb: Tcb): number {
  const { received } = tcb;
  let at = from;
  words[at++] = tcb.ttl | (tcb.tos << 8) | (tcb.ipId << 16);
  words[at++] = tcb.mss | (tcb.mssPeer << 16);
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
  words[at++] = received.bufferBytes;
  words[at++] = received.unconsumedBytes;
  words[at++] = received.segmentBytesMax;
  assert(at === from + SEQUENCE_WORDS, 'dormant record: sequence numbers are written in their words');
  return at;
}

export function loadSequence(words: Int32Array, from: number, tcb: Tcb): number {
  const { received } = tcb;
  let at = from;
  const ids = words[at++];
  tcb.ttl = ids & 0xff;
  tcb.tos = (ids >> 8) & 0xff;
  tcb.ipId = ids >>> 16;
  const sizes = words[at++];
  tcb.mss = sizes & HALF;
  tcb.mssPeer = sizes >>> 16;
  tcb.nextHop = words[at++];
  tcb.neighbour = words[at++];
  tcb.iss = words[at++];
  setSent(tcb, words[at++]);
  tcb.sndWnd = words[at++];
  tcb.sndWndMax = words[at++];
  tcb.sndWl1 = words[at++];
  tcb.sndWl2 = words[at++];
  tcb.irs = words[at++];
  tcb.rcvNxt = words[at++];
  tcb.rcvAdv = words[at++];
  // Both are so until something else was said, or is owed; then the rest has them.
  tcb.rcvUp = tcb.irs;
  tcb.acks.lastSent = tcb.rcvNxt;
  received.bufferBytes = words[at++];
  received.unconsumedBytes = words[at++];
  received.segmentBytesMax = words[at++];
  setReceived(tcb);
  assert(at === from + SEQUENCE_WORDS, 'dormant record: sequence numbers are read from their words');
  return at;
}

/** All that was queued is sent and acknowledged, and the FIN with it where the sending half is closed. */
function setSent(tcb: Tcb, sndUna: number): void {
  const fin = tcb.state === FIN_WAIT_2 ? 1 : 0;
  const sndEnd = (sndUna - fin) | 0;
  tcb.sndUna = sndUna;
  tcb.sndNxt = sndUna;
  tcb.sndMax = sndUna;
  tcb.finQueued = fin;
  tcb.sndEnd = sndEnd;
  tcb.sndSmall = sndEnd;
  tcb.sndUp = sndEnd;
}

/** All that came is taken, and the peer's FIN with it where that has closed its half. */
function setReceived(tcb: Tcb): void {
  const { received } = tcb;
  const fin = tcb.state === CLOSE_WAIT ? 1 : 0;
  received.finKnown = fin;
  received.finTaken = fin;
  received.finSeq = (tcb.rcvNxt - 1) | 0;
}

/** When things were, and how long they take. */
export function saveTimes(words: Int32Array, from: number, tcb: Tcb): number {
  const { acks, stamps, rtt, recovery, timers, totals } = tcb;
  let at = from;
  words[at++] = acks.lastDataUs;
  words[at++] = stamps.recent;
  words[at++] = stamps.recentMs;
  words[at++] = stamps.offset;
  words[at++] = rtt.srtt;
  words[at++] = rtt.rttvar;
  words[at++] = rtt.rto;
  words[at++] = rtt.leastUs;
  words[at++] = recovery.recover;
  words[at++] = timers.keepAliveAtMs;
  words[at++] = timers.lastSendUs;
  words[at++] = timers.lastReceiveMs;
  words[at++] = totals.lastDataSentMs;
  // By the one or by the other the round trip is measured (`receiver-rtt.ts`).
  words[at++] = stamps.on === 0 ? totals.windowEnd : totals.echoSeen;
  words[at++] = totals.windowSinceUs;
  assert(at === from + TIME_WORDS, 'dormant record: times are written in their words');
  return at;
}

export function loadTimes(words: Int32Array, from: number, tcb: Tcb): number {
  const { acks, stamps, rtt, recovery, timers, totals } = tcb;
  let at = from;
  acks.lastDataUs = words[at++];
  stamps.recent = words[at++];
  stamps.recentMs = words[at++];
  stamps.offset = words[at++];
  rtt.srtt = words[at++];
  rtt.rttvar = words[at++];
  rtt.rto = words[at++];
  rtt.leastUs = words[at++];
  recovery.recover = words[at++];
  timers.keepAliveAtMs = words[at++];
  timers.lastSendUs = words[at++];
  timers.lastReceiveMs = words[at++];
  totals.lastDataSentMs = words[at++];
  if (stamps.on === 0) totals.windowEnd = words[at++];
  else totals.echoSeen = words[at++];
  totals.windowSinceUs = words[at++];
  assert(at === from + TIME_WORDS, 'dormant record: times are read from their words');
  return at;
}

/** What loss detection and congestion control know of any connection. */
export function saveSent(words: Int32Array, from: number, { rack, congestion }: Tcb): number {
  let at = from;
  words[at++] = rack.sentUs;
  words[at++] = rack.end;
  words[at++] = rack.rttUs;
  words[at++] = rack.leastRttUs;
  words[at++] = rack.leastRttMs;
  words[at++] = rack.highestDelivered;
  words[at++] = congestion.cwnd;
  words[at++] = congestion.ssthresh;
  words[at++] = congestion.countedUs;
  words[at++] = congestion.flightMax;
  words[at++] = congestion.usedUntil;
  words[at++] = congestion.roundEnds;
  words[at++] = congestion.roundSamples;
  words[at++] = congestion.roundRttUs;
  words[at++] = congestion.roundBeforeRttUs;
  assert(at === from + SENT_WORDS, 'dormant record: what was sent is written in its words');
  return at;
}

export function loadSent(words: Int32Array, from: number, { rack, congestion }: Tcb): number {
  let at = from;
  rack.sentUs = words[at++];
  rack.end = words[at++];
  rack.rttUs = words[at++];
  rack.leastRttUs = words[at++];
  rack.leastRttMs = words[at++];
  rack.highestDelivered = words[at++];
  congestion.cwnd = words[at++];
  congestion.ssthresh = words[at++];
  congestion.countedUs = words[at++];
  congestion.flightMax = words[at++];
  congestion.usedUntil = words[at++];
  congestion.roundEnds = words[at++];
  congestion.roundSamples = words[at++];
  congestion.roundRttUs = words[at++];
  congestion.roundBeforeRttUs = words[at++];
  assert(at === from + SENT_WORDS, 'dormant record: what was sent is read from its words');
  return at;
}

/** The lower halves of sums: where one has passed 32 bits, the rest has the upper ones. */
export function saveTotals(words: Int32Array, from: number, { totals }: Tcb): void {
  let at = from;
  words[at++] = totals.bytesAcked | 0;
  words[at++] = totals.bytesReceived | 0;
  words[at++] = totals.bytesSent | 0;
  words[at++] = totals.segmentsOut | 0;
  words[at++] = totals.segmentsIn | 0;
  words[at++] = totals.dataSegmentsOut | 0;
  words[at++] = totals.dataSegmentsIn | 0;
  words[at++] = totals.delivered | 0;
  words[at++] = totals.busyUs | 0;
  words[at++] = totals.receiverRtt;
  assert(at === from + TOTAL_WORDS, 'dormant record: totals are written in their words');
}

/** Sums below 2^31 come back as they were; `loadRest` puts larger ones right. */
export function loadTotals(words: Int32Array, from: number, { totals }: Tcb): void {
  let at = from;
  totals.bytesAcked = words[at++];
  totals.bytesReceived = words[at++];
  totals.bytesSent = words[at++];
  totals.segmentsOut = words[at++];
  totals.segmentsIn = words[at++];
  totals.dataSegmentsOut = words[at++];
  totals.dataSegmentsIn = words[at++];
  totals.delivered = words[at++];
  totals.busyUs = words[at++];
  totals.receiverRtt = words[at++];
  assert(at === from + TOTAL_WORDS, 'dormant record: totals are read from their words');
}
