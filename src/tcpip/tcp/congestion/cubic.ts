/**
 * CUBIC (RFC 9438): after a loss the window grows by a cubic function of the time that has passed, fast while
 * it is far from where the loss was, slowly near it, and faster again beyond. So connections of unlike round
 * trips get like shares, and a long fat path fills again in seconds. Where Reno would be faster, on short
 * paths, the window follows an estimate of Reno's.
 *
 * The window moves in whole segments, as Linux has it: `ackedBytes` gathers what was acknowledged until it
 * is worth the next one.
 */
import { assert, COSTLY_ASSERTIONS } from '../../../assert/assert.ts';
import { hasPassed } from '../../seq.ts';
import {
  type CongestionControl,
  type CongestionState,
  CWND_MAX,
  rememberForUndo,
  slowStart,
  undoLoss,
  windowAfterRecovery,
} from './congestion.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** What a loss leaves of the window (RFC 9438 §4.6: β_cubic). */
const BETA = 0.7;
/** The steepness of the cubic function, in segments for each second cubed (RFC 9438 §5: C). */
const C = 0.4;
/**
 * Segments for each window acknowledged by which the estimate of Reno's window grows, while it is below the
 * window of the loss (RFC 9438 §4.3: α_cubic); afterwards 1, as Reno's does.
 */
const ALPHA = (3 * (1 - BETA)) / (1 + BETA);
/** Without anything to grow towards, one segment for so many windows acknowledged, as Linux has it. */
const STANDING_WINDOWS = 100;
/**
 * So long the price of a segment holds while the window stands (Linux: HZ / 32 ticks): acknowledgements come
 * in flights, and a price for each would buy in the midst of one.
 */
const PRICE_US = 31_000;
/** Dearer than any window can pay for; keeps the price a small integer. */
const PRICE_MAX = 1 << 30;
/** Times beyond this (18 minutes) change nothing any more, and keep int32 sums in range. */
const ELAPSED_MAX_US = 1 << 30;

export class Cubic implements CongestionControl {
  readonly name = 'cubic';

  start(state: CongestionState, mss: number, segments: number): void {
    assert(segments > 0 && mss > 0, 'cubic: a connection starts with at least one segment');
    state.cwnd = Math.min(CWND_MAX, Math.imul(segments, mss));
    state.ackedBytes = 0;
    state.windowMax = 0;
    state.epoch = 0;
  }

  /** // Hot path. */
  acknowledged(state: CongestionState, mss: number, bytes: number, nowUs: number, rttUs: number): void {
    if (COSTLY) assert(bytes > 0, 'cubic: an acknowledgement counts for at least one byte');
    const left = slowStart(state, bytes);
    if (left > 0) avoid(state, mss, left, nowUs, rttUs);
  }

  lossFound(state: CongestionState, mss: number, _flightBytes: number): void {
    rememberForUndo(state);
    rememberWindow(state);
    state.ssthresh = threshold(state, mss);
    state.cwnd = state.ssthresh;
    state.ackedBytes = 0;
  }

  recovered(state: CongestionState, mss: number, flightBytes: number): void {
    state.cwnd = windowAfterRecovery(state, mss, flightBytes);
    state.ackedBytes = 0;
  }

  /** RFC 9438 §4.8: the window before a time-out says nothing about where to go. */
  timedOut(state: CongestionState, mss: number, _flightBytes: number, first: boolean): void {
    if (first) {
      rememberForUndo(state);
      rememberWindow(state);
      state.ssthresh = threshold(state, mss);
    }
    state.windowMax = 0;
    state.cwnd = mss;
    state.ackedBytes = 0;
  }

  undo(state: CongestionState): void {
    undoLoss(state);
  }

  idle(state: CongestionState, mss: number, segments: number): void {
    state.cwnd = Math.min(state.cwnd, Math.imul(segments, mss));
    state.ackedBytes = 0;
    state.epoch = 0;
  }
}

/**
 * RFC 9438 §4.6. The window itself stands for what is in flight, as on Linux: it grows only while it is made
 * use of.
 */
function threshold({ cwnd }: CongestionState, mss: number): number {
  assert(cwnd > 0, 'cubic: a window that a loss takes from lets something out');
  return Math.max(Math.floor(cwnd * BETA), 2 * mss);
}

/** RFC 9438 §4.6 and §4.7: a flow whose losses come at ever smaller windows makes room for new ones. */
function rememberWindow(state: CongestionState): void {
  const { cwnd, windowMax } = state;
  state.windowPrior = cwnd;
  state.windowMax = cwnd < windowMax ? Math.floor((cwnd * (1 + BETA)) / 2) : cwnd;
  state.epoch = 0;
}

/** Congestion avoidance: RFC 9438 §4.2 to §4.5. */
function avoid(state: CongestionState, mss: number, bytes: number, nowUs: number, rttUs: number): void {
  if (state.epoch === 0) beginEpoch(state, mss, nowUs);
  const { cwnd } = state;
  state.elapsedUs = Math.min(ELAPSED_MAX_US, state.elapsedUs + Math.max(0, (nowUs - state.countedUs) | 0));
  state.countedUs = nowUs;
  state.renoAckedBytes += bytes;
  if (state.pricedWindow !== cwnd || hasPassed(nowUs, state.pricedUs, PRICE_US)) {
    state.pricedWindow = cwnd;
    state.pricedUs = nowUs;
    state.price = priceOf(state, mss, rttUs);
  }
  const { price } = state;
  let segments = 0;
  // What was gathered at a higher price buys one segment, and no burst of them.
  if (state.ackedBytes >= price) {
    state.ackedBytes = 0;
    segments = 1;
  }
  const gathered = state.ackedBytes + bytes;
  const bought = Math.floor(gathered / price);
  state.ackedBytes = gathered - bought * price;
  state.cwnd = Math.min(CWND_MAX, cwnd + (segments + bought) * mss);
}

/** So many acknowledged bytes are worth a segment. */
function priceOf(state: CongestionState, mss: number, rttUs: number): number {
  const { cwnd } = state;
  // Where the cubic function will be a round trip from now, at most half a window from here (§4.2).
  const seconds = (state.elapsedUs + rttUs - state.originUs) / 1e6;
  const target = Math.min(state.origin + C * seconds * seconds * seconds * mss, 1.5 * cwnd);
  const towards = Math.max(target, followReno(state, mss));
  const worth = towards > cwnd ? (cwnd * mss) / (towards - cwnd) : STANDING_WINDOWS * cwnd;
  if (COSTLY) assert(worth > 0, 'cubic: a segment has a price');
  return Math.ceil(Math.min(PRICE_MAX, Math.max(2 * mss, worth)));
}

/** RFC 9438 §4.2: time begins, and the function's middle lies where the loss was, or here if that is less. */
function beginEpoch(state: CongestionState, mss: number, nowUs: number): void {
  const { cwnd, windowMax } = state;
  state.epoch = 1;
  state.elapsedUs = 0;
  state.countedUs = nowUs;
  state.ackedBytes = 0;
  state.renoBytes = cwnd;
  state.renoAckedBytes = 0;
  state.pricedWindow = 0;
  const below = Math.max(0, windowMax - cwnd);
  state.origin = cwnd + below;
  state.originUs = Math.floor(Math.cbrt(below / mss / C) * 1e6);
  assert(state.originUs >= 0, 'cubic: the middle of its function is not past');
}

/** RFC 9438 §4.3: what Reno's window would be by now. @returns it, in bytes. */
function followReno(state: CongestionState, mss: number): number {
  const alpha = state.renoBytes < state.windowPrior ? ALPHA : 1;
  const price = Math.ceil(state.cwnd / alpha);
  while (state.renoAckedBytes >= price && state.renoBytes < CWND_MAX) {
    state.renoAckedBytes -= price;
    state.renoBytes += mss;
  }
  return state.renoBytes;
}
