/** HyStart++ (RFC 9406): where slow start ends, and where it does not. */
import { describe, expect, it } from 'vitest';
import { CongestionState, SSTHRESH_START, slowStart } from '../../src/tcpip/tcp/congestion/congestion.ts';
import { noteRoundTrip } from '../../src/tcpip/tcp/congestion/hystart.ts';
import { trips } from '../rules/trips.ts';
import { established } from './openings.ts';

const MSS = 1460;

/** A window, and rounds of `samples` acknowledgements that each show `rttUs`. */
function rounds(start = 100 * MSS) {
  const state = new CongestionState();
  state.cwnd = start;
  let una = 0x7fff_f000;
  const round = (rttUs: number, samples = 10): number => {
    const nxt = (una + samples * MSS) | 0;
    const before = state.cwnd;
    for (let i = 0; i < samples; i++) {
      una = (una + MSS) | 0;
      noteRoundTrip(state, una, nxt, rttUs);
      slowStart(state, MSS);
    }
    return (state.cwnd - before) / MSS;
  };
  return { state, round };
}

describe('RFC 9406 §4.2: slow start', () => {
  it('goes on while round trips are alike, and while they are longer by less than the threshold', () => {
    const { state, round } = rounds();
    for (const ms of [100, 100, 110, 120, 130]) expect(round(ms * 1000)).toBe(10);
    expect(state.ssthresh).toBe(SSTHRESH_START);
    expect(state.conservative).toBe(0);
  });

  it('grows a quarter as fast once a round is an eighth longer, and ends after five such rounds', () => {
    const { state, round } = rounds();
    round(100_000);
    round(100_000);
    // Eight samples make it sure; the other two count a quarter.
    expect(round(113_000)).toBeLessThan(10);
    for (let i = 0; i < 4; i++) expect(round(113_000)).toBe(2.5);
    expect(state.ssthresh).toBe(SSTHRESH_START);
    round(113_000);
    expect(state.ssthresh).toBeLessThan(SSTHRESH_START);
    expect(state.cwnd).toBe(state.ssthresh);
  });

  it('takes it for jitter when round trips are as short again', () => {
    const { state, round } = rounds();
    round(100_000);
    round(100_000);
    round(113_000);
    round(100_000);
    expect(state.conservative).toBe(0);
    expect(round(100_000)).toBe(10);
    expect(state.ssthresh).toBe(SSTHRESH_START);
  });

  it('is not sure of a round with less than eight samples', () => {
    const { state, round } = rounds();
    for (const ms of [100, 100, 200, 400]) round(ms * 1000, 7);
    expect(state.conservative).toBe(0);
  });

  it('calls nothing long that is longer by less than 4 ms, and all that is by 16 ms', () => {
    const short = rounds();
    for (const us of [50, 50, 3900, 3900]) short.round(us);
    expect(short.state.conservative).toBe(0);
    const long = rounds();
    for (const us of [800_000, 800_000, 817_000]) long.round(us);
    expect(long.state.conservative).toBeGreaterThan(0);
  });

  it('leaves slow start after a loss alone', () => {
    const { state, round } = rounds();
    state.ssthresh = 1000 * MSS;
    for (const ms of [100, 100, 200, 400]) expect(round(ms * 1000)).toBe(10);
    expect(state.ssthresh).toBe(1000 * MSS);
  });
});

it('ends the slow start of a connection whose queue fills', () => {
  const { script, peer, socket } = established({
    config: { lossRecovery: 'rack', congestionControl: 'cubic' },
    roundTripUs: 100_000,
    peer: { sackOk: true, wscale: 8 },
  });
  socket.sends(2000 * MSS);
  let acked = 0;
  for (let round = 0; round < 12 && socket.ssthresh === SSTHRESH_START; round++) {
    script.passes(100_000 + Math.max(0, round - 2) * 20_000);
    const sent = peer.inbox.splice(0).length;
    for (let i = 0; i < sent; i++) peer.acks(1 + ++acked * MSS);
  }
  expect(socket.ssthresh).toBeLessThan(SSTHRESH_START);
  expect(script.counter('tcpRetransSegs')).toBe(0);
});

describe('its assertions', () => {
  trips('hystart: a round trip takes time', () => noteRoundTrip(new CongestionState(), 0, 0, 0));
  trips('hystart: slow start ends with a window', () => {
    const state = new CongestionState();
    state.conservative = 5;
    noteRoundTrip(state, 0, 0, 1);
  });
});
