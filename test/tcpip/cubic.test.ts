/** CUBIC's window against the formulas of RFC 9438, computed here by themselves. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CongestionState, CWND_MAX } from '../../src/tcpip/tcp/congestion/congestion.ts';
import { Cubic } from '../../src/tcpip/tcp/congestion/cubic.ts';
import { established } from './openings.ts';

const MSS = 1460;
const cubic = new Cubic();

/** One connection's window, in segments, and its time. */
class Flow {
  readonly state = new CongestionState();
  private readonly rttUs: number;
  nowUs: number;

  constructor(rttMs: number, startUs = 0) {
    this.rttUs = rttMs * 1000;
    this.nowUs = startUs;
    cubic.start(this.state, MSS, 10);
  }

  get window(): number {
    return this.state.cwnd / MSS;
  }

  set window(segments: number) {
    this.state.cwnd = segments * MSS;
  }

  loses(): void {
    cubic.lossFound(this.state, MSS, this.state.cwnd);
    cubic.recovered(this.state, MSS, this.state.cwnd);
  }

  /** A window's segments are acknowledged in a round trip, each by itself. */
  roundTrip(): void {
    const segments = Math.floor(this.window);
    const beganUs = this.nowUs;
    for (let i = 1; i <= segments; i++) {
      this.nowUs = (beganUs + Math.round((this.rttUs * i) / segments)) | 0;
      cubic.acknowledged(this.state, MSS, MSS, this.nowUs, this.rttUs);
    }
  }

  roundTrips(count: number): void {
    for (let i = 0; i < count; i++) this.roundTrip();
  }
}

describe('RFC 9438 §4.2: the cubic function', () => {
  it.each([
    [100, 400],
    [200, 1000],
    [50, 2000],
  ])('a round trip of %d ms follows it from 0.7 of %d segments past where the loss was', (rttMs, lostAt) => {
    const flow = new Flow(rttMs, 0x7fff_0000);
    flow.window = lostAt;
    flow.loses();
    expect(flow.window).toBeCloseTo(0.7 * lostAt, 0);
    const k = Math.cbrt((lostAt * 0.3) / 0.4);
    const beganUs = flow.nowUs;
    let worst = 0;
    while (((flow.nowUs - beganUs) | 0) / 1e6 < 1.5 * k) {
      flow.roundTrip();
      const seconds = ((flow.nowUs - beganUs) | 0) / 1e6;
      worst = Math.max(worst, Math.abs(flow.window / (0.4 * (seconds - k) ** 3 + lostAt) - 1));
    }
    expect(worst).toBeLessThan(0.02);
    expect(flow.window).toBeGreaterThan(lostAt);
  });

  it('grows by no more than half of the window in a round trip', () => {
    const flow = new Flow(500);
    flow.window = 2000;
    flow.loses();
    flow.window = 10;
    flow.state.ssthresh = flow.state.cwnd;
    for (let i = 0; i < 12; i++) {
      const before = flow.window;
      flow.roundTrip();
      expect(flow.window).toBeLessThanOrEqual(before * 1.5 + 1);
    }
  });
});

describe('RFC 9438 §4.3: where Reno would be faster', () => {
  it('grows by 0.53 segments a round trip to the window of the loss, and by one from there', () => {
    const flow = new Flow(10);
    flow.window = 100;
    flow.loses();
    flow.roundTrips(20);
    // What a segment costs is found every 31 ms: so far the window may lag.
    expect(flow.window).toBeCloseTo(70 + 20 * (0.9 / 1.7), -0.7);
    flow.roundTrips(37);
    const there = flow.window;
    expect(there).toBeGreaterThanOrEqual(98);
    flow.roundTrips(20);
    expect(flow.window).toBeGreaterThan(there + 15);
    expect(flow.window).toBeLessThan(there + 22);
  });
});

describe('RFC 9438 §4.6, §4.7: what a loss costs', () => {
  it('leaves 0.7 of the window, and two segments at least', () => {
    const flow = new Flow(100);
    flow.window = 100;
    flow.loses();
    expect(flow.window).toBe(70);
    flow.window = 2;
    cubic.lossFound(flow.state, MSS, 0);
    expect(flow.state.cwnd).toBe(2 * MSS);
  });

  it('makes room for others where losses come at ever smaller windows', () => {
    const flow = new Flow(100);
    flow.window = 100;
    flow.loses();
    flow.window = 80;
    flow.loses();
    expect(flow.state.windowMax / MSS).toBeCloseTo(0.85 * 80, 5);
    flow.window = 90;
    flow.loses();
    expect(flow.state.windowMax / MSS).toBe(90);
  });
});

describe('RFC 9438 §4.8: after a time-out', () => {
  it('starts slowly, to 0.7 of the window, and then grows as from a loss at that window', () => {
    const flow = new Flow(100);
    flow.window = 100;
    cubic.timedOut(flow.state, MSS, 0, true);
    expect(flow.window).toBe(1);
    cubic.timedOut(flow.state, MSS, 0, false);
    expect(flow.state.ssthresh).toBe(70 * MSS);
    flow.roundTrips(7);
    expect(flow.window).toBeGreaterThanOrEqual(70);
    expect(flow.window).toBeLessThan(72);
    expect(flow.state.originUs).toBe(0);
  });
});

describe('RFC 9438 §5.8: time in which the window was not made use of', () => {
  it('does not count', () => {
    const windowAfter = (restMs: number): number => {
      const flow = new Flow(100);
      flow.window = 400;
      flow.loses();
      flow.roundTrips(20);
      flow.nowUs += restMs * 1000;
      flow.state.countedUs = flow.nowUs;
      flow.roundTrips(20);
      return flow.window;
    };
    expect(windowAfter(60_000)).toBe(windowAfter(0));
  });

  it('is what a connection says of itself when it goes on after a rest', () => {
    const { socket, peer, script } = established({
      peer: { wscale: 8 },
      config: { congestionControl: 'cubic', slowStartAfterIdle: false },
    });
    socket.sends(4 * MSS);
    peer.acks(1 + 4 * MSS);
    const { congestion } = script.host.stack['tcp'].tcbs[socket.c];
    const rested = congestion.countedUs;
    script.passes(500_000);
    socket.sends(MSS);
    expect((congestion.countedUs - rested) | 0).toBe(500_000);
  });
});

describe('a connection of this control', () => {
  it('loses three tenths of its window by a fast retransmission', () => {
    const { socket, peer } = established({
      peer: { wscale: 8, sackOk: true },
      config: { congestionControl: 'cubic' },
    });
    socket.sends(100 * MSS);
    peer.expectsSegments(10, MSS, 1);
    for (let i = 1; i <= 10; i++) peer.acks(1 + i * MSS);
    expect(socket.cwnd).toBe(20 * MSS);
    peer.ignores();
    for (let i = 2; i <= 5; i++) {
      peer.sends({ ack: 1 + 10 * MSS, options: { sack: [[1 + 11 * MSS, 1 + (10 + i) * MSS]] } });
    }
    expect(socket.ssthresh).toBe(14 * MSS);
  });

  it('counts all that one acknowledgement covers in slow start, as Linux does', () => {
    const { socket, peer } = established({ peer: { wscale: 8 }, config: { congestionControl: 'cubic' } });
    socket.sends(100 * MSS);
    peer.acks(1 + 10 * MSS);
    expect(socket.cwnd).toBe(20 * MSS);
  });
});

it('keeps its window between a segment and the largest there is, whatever happens', () => {
  const event = fc.oneof(
    fc.record({ kind: fc.constant('ack'), value: fc.integer({ min: 1, max: 0x1000_0000 }) }),
    fc.record({ kind: fc.constantFrom('loss', 'timeout', 'again', 'idle'), value: fc.constant(0) }),
    fc.record({ kind: fc.constant('time'), value: fc.integer({ min: 0, max: 0x7fff_ffff }) }),
  );
  const sizes = fc.record({
    mss: fc.integer({ min: 64, max: 65_495 }),
    rttUs: fc.integer({ min: 0, max: 2e8 }),
  });
  fc.assert(
    fc.property(sizes, fc.array(event, { maxLength: 60 }), ({ mss, rttUs }, events) => {
      const state = new CongestionState();
      cubic.start(state, mss, 10);
      let nowUs = 0;
      for (const { kind, value } of events) {
        if (kind === 'ack') cubic.acknowledged(state, mss, value, nowUs, rttUs);
        else if (kind === 'loss') cubic.lossFound(state, mss, state.cwnd);
        else if (kind === 'timeout') cubic.timedOut(state, mss, state.cwnd, true);
        else if (kind === 'again') cubic.timedOut(state, mss, state.cwnd, false);
        else if (kind === 'idle') cubic.idle(state, mss, 10);
        else nowUs = (nowUs + value) | 0;
        const whole = Object.values(state as unknown as Record<string, number>).every(Number.isInteger);
        expect(whole, JSON.stringify(state)).toBe(true);
        expect(state.cwnd).toBeGreaterThanOrEqual(mss);
        expect(state.cwnd).toBeLessThanOrEqual(CWND_MAX);
      }
    }),
  );
});
