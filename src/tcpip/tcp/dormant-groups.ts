/** The larger groups of a Tcb in the record of a dormant connection (`dormant-record.ts`). */
import { assert } from '../../assert/assert.ts';
import type { CongestionState } from './congestion/congestion.ts';
import type { ConnectionOptions } from './control-block/options.ts';
import type { RackState } from './control-block/rack-state.ts';
import { SENDING_NOTHING, type Totals } from './control-block/totals.ts';

const WORD = 2 ** 32;
const SECONDS_MASK = 0x7fff;
// Words that each takes.
export const OPTIONS_WORDS = 5;
export const RACK_WORDS = 11;
export const CONGESTION_WORDS = 21;
export const TOTALS_WORDS = 35;

export function saveOptions(words: Int32Array, from: number, options: ConnectionOptions): number {
  let at = from;
  words[at++] = options.keepIdleSeconds | (options.keepIntervalSeconds << 15);
  words[at++] = options.userTimeoutMs;
  words[at++] = options.lingerSeconds;
  words[at++] = options.sendBufferBytes;
  words[at++] = options.unsentLowBytes;
  assert(at === from + OPTIONS_WORDS, 'dormant record: options are written in their words');
  return at;
}

export function loadOptions(words: Int32Array, from: number, options: ConnectionOptions): number {
  let at = from;
  const seconds = words[at++];
  options.keepIdleSeconds = seconds & SECONDS_MASK;
  options.keepIntervalSeconds = (seconds >> 15) & SECONDS_MASK;
  options.userTimeoutMs = words[at++];
  options.lingerSeconds = words[at++];
  options.sendBufferBytes = words[at++];
  options.unsentLowBytes = words[at++];
  assert(at === from + OPTIONS_WORDS, 'dormant record: options are read from their words');
  return at;
}

export function saveRack(words: Int32Array, from: number, rack: RackState): number {
  let at = from;
  words[at++] = rack.sentUs;
  words[at++] = rack.end;
  words[at++] = rack.rttUs;
  words[at++] = rack.leastRttUs;
  words[at++] = rack.leastRttMs;
  words[at++] = rack.highestDelivered;
  words[at++] = rack.persist | (rack.reordering << 8) | (rack.reordered << 17);
  words[at++] = rack.roundEnds;
  words[at++] = rack.undoFrom;
  words[at++] = rack.undoSegments;
  words[at++] = rack.undoStamp;
  assert(at === from + RACK_WORDS, 'dormant record: what RACK knows is written in its words');
  return at;
}

export function loadRack(words: Int32Array, from: number, rack: RackState): number {
  let at = from;
  rack.sentUs = words[at++];
  rack.end = words[at++];
  rack.rttUs = words[at++];
  rack.leastRttUs = words[at++];
  rack.leastRttMs = words[at++];
  rack.highestDelivered = words[at++];
  const history = words[at++];
  rack.persist = history & 0xff;
  rack.reordering = (history >> 8) & 0x1ff;
  rack.reordered = history >>> 17;
  rack.roundEnds = words[at++];
  rack.undoFrom = words[at++];
  rack.undoSegments = words[at++];
  rack.undoStamp = words[at++];
  assert(at === from + RACK_WORDS, 'dormant record: what RACK knows is read from its words');
  return at;
}

export function saveCongestion(words: Int32Array, from: number, congestion: CongestionState): number {
  let at = from;
  words[at++] = congestion.cwnd;
  words[at++] = congestion.ssthresh;
  words[at++] = congestion.ackedBytes;
  words[at++] = congestion.countedUs;
  words[at++] = congestion.elapsedUs;
  words[at++] = congestion.origin;
  words[at++] = congestion.originUs;
  words[at++] = congestion.windowPrior;
  words[at++] = congestion.windowMax;
  words[at++] = congestion.renoBytes;
  words[at++] = congestion.renoAckedBytes;
  words[at++] = congestion.undoWindow;
  words[at++] = congestion.undoThreshold;
  words[at++] = congestion.undoWindowMax;
  words[at++] = congestion.flightMax;
  words[at++] = congestion.usedUntil;
  words[at++] = congestion.roundEnds;
  words[at++] = congestion.roundSamples;
  words[at++] = congestion.roundRttUs;
  words[at++] = congestion.roundBeforeRttUs;
  words[at++] = congestion.conservativeRttUs;
  assert(at === from + CONGESTION_WORDS, 'dormant record: congestion control is written in its words');
  return at;
}

export function loadCongestion(words: Int32Array, from: number, congestion: CongestionState): number {
  let at = from;
  congestion.cwnd = words[at++];
  congestion.ssthresh = words[at++];
  congestion.ackedBytes = words[at++];
  congestion.countedUs = words[at++];
  congestion.elapsedUs = words[at++];
  congestion.origin = words[at++];
  congestion.originUs = words[at++];
  congestion.windowPrior = words[at++];
  congestion.windowMax = words[at++];
  congestion.renoBytes = words[at++];
  congestion.renoAckedBytes = words[at++];
  congestion.undoWindow = words[at++];
  congestion.undoThreshold = words[at++];
  congestion.undoWindowMax = words[at++];
  congestion.flightMax = words[at++];
  congestion.usedUntil = words[at++];
  congestion.roundEnds = words[at++];
  congestion.roundSamples = words[at++];
  congestion.roundRttUs = words[at++];
  congestion.roundBeforeRttUs = words[at++];
  congestion.conservativeRttUs = words[at++];
  assert(at === from + CONGESTION_WORDS, 'dormant record: congestion control is read from its words');
  return at;
}

/** Sums of a long life may pass 32 bits: those have two words. */
export function saveTotals(words: Int32Array, from: number, totals: Totals): number {
  assert(totals.sendingAs === SENDING_NOTHING, 'dormant connection: it has nothing to send');
  let at = from;
  at = saveSum(words, at, totals.bytesAcked);
  at = saveSum(words, at, totals.bytesReceived);
  at = saveSum(words, at, totals.bytesSent);
  at = saveSum(words, at, totals.bytesRetransmitted);
  at = saveSum(words, at, totals.segmentsOut);
  at = saveSum(words, at, totals.segmentsIn);
  at = saveSum(words, at, totals.dataSegmentsOut);
  at = saveSum(words, at, totals.dataSegmentsIn);
  at = saveSum(words, at, totals.delivered);
  at = saveSum(words, at, totals.busyUs);
  at = saveSum(words, at, totals.windowLimitedUs);
  at = saveSum(words, at, totals.bufferLimitedUs);
  words[at++] = totals.deliveredHeld;
  words[at++] = totals.outOfOrderIn;
  words[at++] = totals.timeouts;
  words[at++] = totals.timeoutRecoveries;
  words[at++] = totals.timeoutMs;
  words[at++] = totals.sendingSinceUs;
  words[at++] = totals.lastDataSentMs;
  words[at++] = totals.receiverRtt;
  words[at++] = totals.echoSeen;
  words[at++] = totals.windowEnd;
  words[at++] = totals.windowSinceUs;
  assert(at === from + TOTALS_WORDS, 'dormant record: totals are written in their words');
  return at;
}

export function loadTotals(words: Int32Array, from: number, totals: Totals): void {
  let at = from;
  totals.bytesAcked = sumAt(words, at);
  totals.bytesReceived = sumAt(words, at + 2);
  totals.bytesSent = sumAt(words, at + 4);
  totals.bytesRetransmitted = sumAt(words, at + 6);
  totals.segmentsOut = sumAt(words, at + 8);
  totals.segmentsIn = sumAt(words, at + 10);
  totals.dataSegmentsOut = sumAt(words, at + 12);
  totals.dataSegmentsIn = sumAt(words, at + 14);
  totals.delivered = sumAt(words, at + 16);
  totals.busyUs = sumAt(words, at + 18);
  totals.windowLimitedUs = sumAt(words, at + 20);
  totals.bufferLimitedUs = sumAt(words, at + 22);
  at += 24;
  totals.deliveredHeld = words[at++];
  totals.outOfOrderIn = words[at++];
  totals.timeouts = words[at++];
  totals.timeoutRecoveries = words[at++];
  totals.timeoutMs = words[at++];
  totals.sendingSinceUs = words[at++];
  totals.lastDataSentMs = words[at++];
  totals.receiverRtt = words[at++];
  totals.echoSeen = words[at++];
  totals.windowEnd = words[at++];
  totals.windowSinceUs = words[at++];
  assert(at === from + TOTALS_WORDS, 'dormant record: totals are read from their words');
}

function saveSum(words: Int32Array, at: number, sum: number): number {
  assert(sum >= 0, 'dormant record: a sum of what there was is not negative');
  words[at] = sum | 0;
  words[at + 1] = sum < WORD ? 0 : Math.floor(sum / WORD);
  return at + 2;
}

/** A small sum comes back as the small integer that it was: a field keeps the form that the engine gave it. */
function sumAt(words: Int32Array, at: number): number {
  const low = words[at];
  const high = words[at + 1];
  return high === 0 && low >= 0 ? low : high * WORD + (low >>> 0);
}
