/**
 * HyStart++ (RFC 9406): the first slow start of a connection ends before it overflows the bottleneck's queue,
 * where round trips grow longer. Then the window grows a quarter as fast for some rounds (conservative slow
 * start), and if the round trips stay long the threshold is where the window is; if they do not, it was
 * jitter, and slow start goes on. It wants a sample with nearly each acknowledgement, which loss recovery by
 * time has (RFC 8985); where losses are found by count there is one a round trip, and this decides nothing.
 */
import { assert, COSTLY_ASSERTIONS } from '../../../assert/assert.ts';
import { before } from '../../seq.ts';
import { type CongestionState, SSTHRESH_START } from './congestion.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** RFC 9406 §4.3: by how much a round's least round trip is longer than the round before, as a part of it. */
const RTT_DIVISOR_BITS = 3;
const RTT_THRESHOLD_MIN_US = 4000;
const RTT_THRESHOLD_MAX_US = 16_000;
/** So many samples make a round's least round trip known. */
const SAMPLES_MIN = 8;
/** Rounds of conservative slow start before congestion avoidance begins. */
const CONSERVATIVE_ROUNDS = 5;

/**
 * An acknowledgement in slow start has shown a round trip. @param una and @param nxt SND.UNA and SND.NXT
 * after it. // Hot path.
 */
export function noteRoundTrip(state: CongestionState, una: number, nxt: number, rttUs: number): void {
  if (COSTLY) assert(rttUs > 0, 'hystart: a round trip takes time');
  if (state.ssthresh !== SSTHRESH_START) return;
  // What acknowledges the end of a round was sent in it.
  if (state.roundsBegun === 0 || before(state.roundEnds, una)) beginRound(state, nxt);
  if (state.ssthresh !== SSTHRESH_START) return;
  state.roundSamples += 1;
  if (state.roundRttUs === 0 || rttUs < state.roundRttUs) state.roundRttUs = rttUs;
  if (state.roundSamples < SAMPLES_MIN) return;
  if (state.conservative !== 0) {
    // Shorter again than when it was entered: nothing had filled up.
    if (state.roundRttUs < state.conservativeRttUs) state.conservative = 0;
  } else if (state.roundBeforeRttUs !== 0) {
    const part = state.roundBeforeRttUs >> RTT_DIVISOR_BITS;
    const longer = Math.max(RTT_THRESHOLD_MIN_US, Math.min(part, RTT_THRESHOLD_MAX_US));
    if (state.roundRttUs < state.roundBeforeRttUs + longer) return;
    state.conservativeRttUs = state.roundRttUs;
    state.conservative = 1;
  }
}

/** All that was out when the round began is acknowledged. */
function beginRound(state: CongestionState, nxt: number): void {
  state.roundsBegun = 1;
  state.roundEnds = nxt;
  state.roundBeforeRttUs = state.roundRttUs;
  state.roundRttUs = 0;
  state.roundSamples = 0;
  if (state.conservative === 0) return;
  state.conservative += 1;
  if (state.conservative <= CONSERVATIVE_ROUNDS) return;
  state.ssthresh = state.cwnd;
  state.conservative = 0;
  assert(state.ssthresh > 0, 'hystart: slow start ends with a window');
}
