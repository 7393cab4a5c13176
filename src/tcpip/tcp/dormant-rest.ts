/**
 * The rest of a dormant connection's record (`dormant-record.ts`): what most connections have as a new one has
 * it. Where a connection has all of it so, its record has no rest. Ours.
 */
import { assert } from '../../assert/assert.ts';
import { MTU_DISCOVER_WANT } from '../../socket/options.ts';
import type { StackConfig } from '../config.ts';
import type { CongestionState } from './congestion/congestion.ts';
import type { ConnectionOptions } from './control-block/options.ts';
import { PERSIST_RECOVERIES, type RackState, REORDERING_START } from './control-block/rack-state.ts';
import { SENDING_NOTHING, type Totals } from './control-block/totals.ts';
import type { Tcb } from './tcb.ts';

const WORD = 2 ** 32;
const INT_MAX = 0x7fff_ffff;
const HALF = 0xffff;
const SECONDS_MASK = 0x7fff;

// Words that each part takes.
const PATH_WORDS = 16;
const OPTION_WORDS = 7;
const RACK_WORDS = 6;
const CONGESTION_WORDS = 13;
const SUM_WORDS = 22;
/** Words of the rest. */
export const REST_WORDS = PATH_WORDS + OPTION_WORDS + RACK_WORDS + CONGESTION_WORDS + SUM_WORDS;

/** @returns 1 where a connection has anything not as a new one has it, 0 where it has not. // Hot path. */
export function restOf(tcb: Tcb, config: StackConfig): number {
  assert(tcb.totals.sendingAs === SENDING_NOTHING, 'dormant connection: it has nothing to send');
  const isNew =
    isPathNew(tcb, config) &&
    areOptionsNew(tcb.options, config) &&
    isRackNew(tcb.rack) &&
    isCongestionNew(tcb.congestion) &&
    areTotalsNew(tcb.totals);
  return isNew ? 0 : 1;
}

/** Writes the rest of what a connection is at `at`. */
export function saveRest(words: Int32Array, at: number, tcb: Tcb): void {
  let end = savePath(words, at, tcb);
  end = saveOptions(words, end, tcb.options);
  end = saveRack(words, end, tcb.rack);
  end = saveCongestion(words, end, tcb.congestion);
  saveSums(words, end, tcb.totals);
}

/** Makes a Tcb what the rest says; the common part has been loaded. */
export function loadRest(words: Int32Array, at: number, tcb: Tcb): void {
  let end = loadPath(words, at, tcb);
  end = loadOptions(words, end, tcb.options);
  end = loadRack(words, end, tcb.rack);
  end = loadCongestion(words, end, tcb.congestion);
  loadSums(words, end, tcb.totals);
}

/** The path, marks, the window, and timers. */
function isPathNew(tcb: Tcb, config: StackConfig): boolean {
  const { received, acks, timers, marks, mtuSearch } = tcb;
  return (
    (tcb.softError | tcb.pathMtu | mtuSearch.on | tcb.rcvUrgent | acks.challenged | timers.finWaitAt) === 0 &&
    (marks.echo | marks.reductionDue | marks.reducing | timers.probes | received.withheldBytes) === 0 &&
    (received.withheldEdge | tcb.recovery.retransmissions | tcb.listening.deferred) === 0 &&
    received.bufferBytesMax === config.receiveBufferBytes &&
    acks.lastSent === tcb.rcvNxt
  );
}

export function savePath(words: Int32Array, from: number, tcb: Tcb): number {
  const { received, acks, timers, marks, mtuSearch } = tcb;
  let at = from;
  words[at++] =
    tcb.softError |
    (acks.challenged << 13) |
    (marks.echo << 14) |
    (marks.reductionDue << 15) |
    (marks.reducing << 16) |
    (tcb.listening.deferred << 17) |
    (mtuSearch.binds << 18) |
    (tcb.rcvUrgent << 19);
  words[at++] = tcb.pathMtu | (timers.probes << 16);
  words[at++] = tcb.pathMtuMs;
  words[at++] = tcb.rcvUp;
  words[at++] = acks.challengeUs;
  words[at++] = acks.lastSent;
  words[at++] = timers.finWaitAt;
  words[at++] = timers.stalledMs;
  words[at++] = marks.reducedUntil;
  words[at++] = received.withheldBytes;
  words[at++] = received.withheldEdge;
  words[at++] = received.bufferBytesMax;
  words[at++] = tcb.recovery.retransmissions;
  words[at++] = mtuSearch.low;
  words[at++] = mtuSearch.high;
  words[at++] = mtuSearch.sinceMs;
  assert(at === from + PATH_WORDS, 'dormant record: the path is written in its words');
  return at;
}

export function loadPath(words: Int32Array, from: number, tcb: Tcb): number {
  const { received, acks, timers, marks, mtuSearch } = tcb;
  let at = from;
  const flags = words[at++];
  tcb.softError = flags & 0xfff;
  acks.challenged = (flags >> 13) & 1;
  marks.echo = (flags >> 14) & 1;
  marks.reductionDue = (flags >> 15) & 1;
  marks.reducing = (flags >> 16) & 1;
  tcb.listening.deferred = (flags >> 17) & 1;
  mtuSearch.binds = (flags >> 18) & 1;
  tcb.rcvUrgent = (flags >> 19) & 0x1ff;
  const path = words[at++];
  tcb.pathMtu = path & HALF;
  timers.probes = path >>> 16;
  tcb.pathMtuMs = words[at++];
  tcb.rcvUp = words[at++];
  acks.challengeUs = words[at++];
  acks.lastSent = words[at++];
  timers.finWaitAt = words[at++];
  timers.stalledMs = words[at++];
  marks.reducedUntil = words[at++];
  received.withheldBytes = words[at++];
  received.withheldEdge = words[at++];
  received.bufferBytesMax = words[at++];
  tcb.recovery.retransmissions = words[at++];
  mtuSearch.low = words[at++];
  mtuSearch.high = words[at++];
  mtuSearch.sinceMs = words[at++];
  assert(at === from + PATH_WORDS, 'dormant record: the path is read from its words');
  return at;
}

/** But for those that the common part has. */
function areOptionsNew(options: ConnectionOptions, config: StackConfig): boolean {
  return (
    (options.userTimeoutMs | options.broadcast | options.sendBufferBytes | options.segmentBytesMax) === 0 &&
    (options.unsentLowBytes | options.deferAccept | options.finWaitSeconds) === 0 &&
    options.lingerSeconds === -1 &&
    options.mtuDiscover === MTU_DISCOVER_WANT &&
    options.keepIdleSeconds === config.keepAliveIdleSeconds &&
    options.keepIntervalSeconds === config.keepAliveIntervalSeconds &&
    options.keepProbes === config.keepAliveProbes
  );
}

export function saveOptions(words: Int32Array, from: number, options: ConnectionOptions): number {
  let at = from;
  words[at++] = options.keepIdleSeconds | (options.keepIntervalSeconds << 15) | (options.broadcast << 30);
  words[at++] =
    options.keepProbes |
    (options.mtuDiscover << 7) |
    (options.deferAccept << 10) |
    ((options.finWaitSeconds + 1) << 18);
  words[at++] = options.userTimeoutMs;
  words[at++] = options.lingerSeconds;
  words[at++] = options.segmentBytesMax;
  words[at++] = options.sendBufferBytes;
  words[at++] = options.unsentLowBytes;
  assert(at === from + OPTION_WORDS, 'dormant record: options are written in their words');
  return at;
}

export function loadOptions(words: Int32Array, from: number, options: ConnectionOptions): number {
  let at = from;
  const seconds = words[at++];
  options.keepIdleSeconds = seconds & SECONDS_MASK;
  options.keepIntervalSeconds = (seconds >> 15) & SECONDS_MASK;
  options.broadcast = (seconds >> 30) & 1;
  const small = words[at++];
  options.keepProbes = small & 0x7f;
  options.mtuDiscover = (small >> 7) & 7;
  options.deferAccept = (small >> 10) & 0xff;
  options.finWaitSeconds = (small >> 18) - 1;
  options.userTimeoutMs = words[at++];
  options.lingerSeconds = words[at++];
  options.segmentBytesMax = words[at++];
  options.sendBufferBytes = words[at++];
  options.unsentLowBytes = words[at++];
  assert(at === from + OPTION_WORDS, 'dormant record: options are read from their words');
  return at;
}

function isRackNew(rack: RackState): boolean {
  return (
    (rack.reordered | rack.roundOn | rack.undoable | rack.undoStampKnown | rack.undoFrom) === 0 &&
    (rack.undoSegments | rack.undoStamp | rack.roundEnds) === 0 &&
    rack.reordering === REORDERING_START &&
    rack.persist === PERSIST_RECOVERIES &&
    rack.factor === 1
  );
}

export function saveRack(words: Int32Array, from: number, rack: RackState): number {
  let at = from;
  words[at++] = rack.persist | (rack.reordering << 8) | (rack.reordered << 17);
  words[at++] = rack.factor | (rack.roundOn << 8) | (rack.undoable << 9) | (rack.undoStampKnown << 10);
  words[at++] = rack.roundEnds;
  words[at++] = rack.undoFrom;
  words[at++] = rack.undoSegments;
  words[at++] = rack.undoStamp;
  assert(at === from + RACK_WORDS, 'dormant record: what RACK knows is written in its words');
  return at;
}

export function loadRack(words: Int32Array, from: number, rack: RackState): number {
  let at = from;
  const history = words[at++];
  rack.persist = history & 0xff;
  rack.reordering = (history >> 8) & 0x1ff;
  rack.reordered = history >>> 17;
  const small = words[at++];
  rack.factor = small & 0xff;
  rack.roundOn = (small >> 8) & 1;
  rack.undoable = (small >> 9) & 1;
  rack.undoStampKnown = (small >> 10) & 1;
  rack.roundEnds = words[at++];
  rack.undoFrom = words[at++];
  rack.undoSegments = words[at++];
  rack.undoStamp = words[at++];
  assert(at === from + RACK_WORDS, 'dormant record: what RACK knows is read from its words');
  return at;
}

/** Before a loss, and outside of congestion avoidance. */
function isCongestionNew(state: CongestionState): boolean {
  return (
    (state.ackedBytes | state.elapsedUs | state.origin | state.originUs | state.windowPrior) === 0 &&
    (state.windowMax | state.renoBytes | state.renoAckedBytes | state.undoWindow) === 0 &&
    (state.undoThreshold | state.undoWindowMax | state.conservative | state.conservativeRttUs) === 0 &&
    state.chosen === 0
  );
}

export function saveCongestion(words: Int32Array, from: number, state: CongestionState): number {
  let at = from;
  words[at++] = state.conservative | (state.chosen << 3);
  words[at++] = state.ackedBytes;
  words[at++] = state.elapsedUs;
  words[at++] = state.origin;
  words[at++] = state.originUs;
  words[at++] = state.windowPrior;
  words[at++] = state.windowMax;
  words[at++] = state.renoBytes;
  words[at++] = state.renoAckedBytes;
  words[at++] = state.undoWindow;
  words[at++] = state.undoThreshold;
  words[at++] = state.undoWindowMax;
  words[at++] = state.conservativeRttUs;
  assert(at === from + CONGESTION_WORDS, 'dormant record: congestion control is written in its words');
  return at;
}

export function loadCongestion(words: Int32Array, from: number, state: CongestionState): number {
  let at = from;
  const small = words[at++];
  state.conservative = small & 7;
  state.chosen = small >> 3;
  state.ackedBytes = words[at++];
  state.elapsedUs = words[at++];
  state.origin = words[at++];
  state.originUs = words[at++];
  state.windowPrior = words[at++];
  state.windowMax = words[at++];
  state.renoBytes = words[at++];
  state.renoAckedBytes = words[at++];
  state.undoWindow = words[at++];
  state.undoThreshold = words[at++];
  state.undoWindowMax = words[at++];
  state.conservativeRttUs = words[at++];
  assert(at === from + CONGESTION_WORDS, 'dormant record: congestion control is read from its words');
  return at;
}

/** Without what only a loss or a limit counts, and with sums that have not passed 31 bits. */
function areTotalsNew(totals: Totals): boolean {
  return (
    (totals.deliveredHeld |
      totals.outOfOrderIn |
      totals.timeouts |
      totals.timeoutRecoveries |
      totals.timeoutMs) ===
      0 &&
    totals.bytesRetransmitted === 0 &&
    totals.deliveredMarked === 0 &&
    totals.windowLimitedUs === 0 &&
    totals.bufferLimitedUs === 0 &&
    totals.bytesAcked <= INT_MAX &&
    totals.bytesReceived <= INT_MAX &&
    totals.bytesSent <= INT_MAX &&
    totals.segmentsOut <= INT_MAX &&
    totals.segmentsIn <= INT_MAX &&
    totals.dataSegmentsOut <= INT_MAX &&
    totals.dataSegmentsIn <= INT_MAX &&
    totals.delivered <= INT_MAX &&
    totals.busyUs <= INT_MAX
  );
}

/** The upper halves of sums that may pass 32 bits, and both of those that the common part has not. */
export function saveSums(words: Int32Array, from: number, totals: Totals): void {
  let at = from;
  words[at++] = upperOf(totals.bytesAcked);
  words[at++] = upperOf(totals.bytesReceived);
  words[at++] = upperOf(totals.bytesSent);
  words[at++] = upperOf(totals.segmentsOut);
  words[at++] = upperOf(totals.segmentsIn);
  words[at++] = upperOf(totals.dataSegmentsOut);
  words[at++] = upperOf(totals.dataSegmentsIn);
  words[at++] = upperOf(totals.delivered);
  words[at++] = upperOf(totals.busyUs);
  words[at++] = upperOf(totals.bytesRetransmitted);
  words[at++] = totals.bytesRetransmitted | 0;
  words[at++] = upperOf(totals.windowLimitedUs);
  words[at++] = totals.windowLimitedUs | 0;
  words[at++] = upperOf(totals.bufferLimitedUs);
  words[at++] = totals.bufferLimitedUs | 0;
  words[at++] = upperOf(totals.deliveredMarked);
  words[at++] = totals.deliveredMarked | 0;
  words[at++] = totals.deliveredHeld;
  words[at++] = totals.outOfOrderIn;
  words[at++] = totals.timeouts;
  words[at++] = totals.timeoutRecoveries;
  words[at++] = totals.timeoutMs;
  assert(at === from + SUM_WORDS, 'dormant record: sums are written in their words');
}

export function loadSums(words: Int32Array, from: number, totals: Totals): void {
  let at = from;
  totals.bytesAcked = sumOf(words[at++], totals.bytesAcked);
  totals.bytesReceived = sumOf(words[at++], totals.bytesReceived);
  totals.bytesSent = sumOf(words[at++], totals.bytesSent);
  totals.segmentsOut = sumOf(words[at++], totals.segmentsOut);
  totals.segmentsIn = sumOf(words[at++], totals.segmentsIn);
  totals.dataSegmentsOut = sumOf(words[at++], totals.dataSegmentsOut);
  totals.dataSegmentsIn = sumOf(words[at++], totals.dataSegmentsIn);
  totals.delivered = sumOf(words[at++], totals.delivered);
  totals.busyUs = sumOf(words[at++], totals.busyUs);
  totals.bytesRetransmitted = sumOf(words[at++], words[at++]);
  totals.windowLimitedUs = sumOf(words[at++], words[at++]);
  totals.bufferLimitedUs = sumOf(words[at++], words[at++]);
  totals.deliveredMarked = sumOf(words[at++], words[at++]);
  totals.deliveredHeld = words[at++];
  totals.outOfOrderIn = words[at++];
  totals.timeouts = words[at++];
  totals.timeoutRecoveries = words[at++];
  totals.timeoutMs = words[at++];
  assert(at === from + SUM_WORDS, 'dormant record: sums are read from their words');
}

function upperOf(sum: number): number {
  assert(sum >= 0, 'dormant record: a sum of what there was is not negative');
  return sum < WORD ? 0 : Math.floor(sum / WORD);
}

/** A small sum comes back as the small integer that it was: a field keeps the form that the engine gave it. */
function sumOf(upper: number, lower: number): number {
  return upper === 0 && lower >= 0 ? lower : upper * WORD + (lower >>> 0);
}
