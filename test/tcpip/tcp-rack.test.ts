/** Loss found by time, tail loss probes, the rate in recovery, what is taken back: RFC 8985, 9937, 5682. */
import { describe, expect, it } from 'vitest';
import { TCP_NODELAY } from '../../src/socket/options.ts';
import { icmpErrorAbout } from './frames.ts';
import { established, type Opening, type OpeningOptions } from './openings.ts';
import type { Peer } from './peer.ts';

const MSS = 1460;
const RTT_US = 100_000;
/** RFC 8985 §7.2, and what Linux adds to it. */
const PROBE_US = 2 * RTT_US + 2000;

/** The first byte of a segment, counted from 0. */
const at = (segment: number) => 1 + segment * MSS;

/** Ten segments are out for a round trip of 100 ms; `more` wait. */
function windowOut(more = 0, options: OpeningOptions = {}): Opening {
  const { config, peer, ...rest } = options;
  const opening = established({
    roundTripUs: RTT_US,
    peer: { sackOk: true, wscale: 8, ...peer },
    config: { lossRecovery: 'rack', congestionControl: 'newreno', ...config },
    ...rest,
  });
  const length = peer?.timestamps ? MSS - 12 : MSS;
  opening.socket.sends((10 + more) * length);
  opening.peer.expectsSegments(10, length, 1);
  opening.script.passes(RTT_US);
  return opening;
}

/** Beyond the moment from which it counts as lost, as Linux waits (TCP_TIMEOUT_MIN_US). */
const SLACK_US = 2000;

/** The peer holds segments from one to before another, the newest block first. */
function reports(peer: Peer, ack: number, ...blocks: readonly (readonly [number, number])[]): void {
  peer.sends({ ack, options: { sack: blocks } });
}

describe('RFC 8985 §6.2: when a segment is lost', () => {
  it('is when one that was sent later has arrived, and a quarter of the least round trip has passed', () => {
    const { script, peer } = windowOut();
    reports(peer, 1, [at(1), at(2)]);
    peer.expectsNothing();
    script.passes(RTT_US / 4 + SLACK_US - 1000);
    peer.expectsNothing();
    script.passes(1000);
    peer.expects({ seq: 1, length: MSS });
    peer.expectsNothing();
    expect(script.counter('tcpFastRetransmits')).toBe(1);
    expect(script.counter('tcpTimeouts')).toBe(0);
  });

  it('is at once when three have arrived, and no reordering was ever seen', () => {
    const { script, peer } = windowOut();
    reports(peer, 1, [at(1), at(3)]);
    peer.expectsNothing();
    reports(peer, 1, [at(1), at(4)]);
    peer.expects({ seq: 1, length: MSS });
    expect(script.counter('tcpFastRetransmits')).toBe(1);
  });

  it('counts segments, and not their bytes', () => {
    const { script, peer, socket } = established({
      roundTripUs: RTT_US,
      peer: { sackOk: true },
      config: { lossRecovery: 'rack' },
    });
    socket.sets(TCP_NODELAY, 1);
    for (let i = 0; i < 5; i++) socket.sends(10);
    for (let i = 0; i < 5; i++) peer.expects({ flags: 'PSH ACK', seq: 1 + 10 * i, length: 10 });
    script.passes(RTT_US);
    reports(peer, 1, [11, 41]);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 10 });
  });

  it('is by time alone once something has come out of order by itself', () => {
    const { script, peer, socket } = windowOut();
    reports(peer, 1, [at(1), at(2)]);
    // It was late, and not lost.
    peer.acks(at(2));
    peer.acks(at(10));
    socket.sends(10 * MSS);
    peer.expectsSegments(10, MSS, at(10));
    script.passes(RTT_US);
    reports(peer, at(10), [at(11), at(16)]);
    peer.expectsNothing();
    script.passes(RTT_US / 4 + SLACK_US);
    peer.expects({ seq: at(10), length: MSS });
  });

  it('finds what was lost a second time, without a time-out', () => {
    const { script, peer } = windowOut(20);
    reports(peer, 1, [at(1), at(4)]);
    peer.expects({ seq: 1, length: MSS });
    reports(peer, 1, [at(1), at(10)]);
    peer.expectsSegments(4, MSS, at(10));
    peer.expectsNothing();
    script.passes(RTT_US);
    // What was sent after it has arrived, and it has not.
    reports(peer, 1, [at(1), at(11)]);
    peer.expects({ seq: 1, length: MSS });
    expect(script.counter('tcpTimeouts')).toBe(0);
    expect(script.counter('tcpRetransSegs')).toBe(2);
  });

  it('sends the whole of a segment of which a part is reported', () => {
    const { peer } = windowOut();
    reports(peer, 1, [101, at(4)]);
    peer.expects({ flags: 'ACK', seq: 1, length: MSS });
    peer.expectsNothing();
  });

  it.each([
    ['below what is acknowledged', [1 - 5000, 1 - 4000]],
    ['above what was sent', [at(10), at(11)]],
    ['partly above it', [at(9), at(11)]],
    ['that ends before it begins', [at(5), at(2)]],
    ['of no bytes', [at(2), at(2)]],
    ['half the number space away', [at(2) + 0x4000_0000, at(3) + 0x4000_0000]],
  ] as const)('does not believe a block %s', (_, [start, end]) => {
    const { script, peer } = windowOut();
    for (let i = 0; i < 4; i++) reports(peer, 1, [start, end]);
    script.passes(RTT_US / 4 + SLACK_US);
    peer.expectsNothing();
    expect(script.counter('tcpFastRetransmits')).toBe(0);
  });
});

describe('RFC 8985 §7: tail loss probes', () => {
  it('sends the last segment again after two round trips of silence, and finds the rest lost by it', () => {
    const { script, peer } = windowOut();
    peer.acks(at(7));
    script.passes(PROBE_US - 1000);
    peer.expectsNothing();
    script.passes(1000);
    peer.expects({ flags: 'PSH ACK', seq: at(9), length: MSS });
    peer.expectsNothing();
    expect(script.counter('tcpLossProbes')).toBe(1);
    script.passes(RTT_US);
    reports(peer, at(7), [at(9), at(10)]);
    peer.expects({ seq: at(7), length: MSS });
    peer.expectsNothing();
    script.passes(RTT_US);
    reports(peer, at(8), [at(9), at(10)]);
    peer.expects({ seq: at(8), length: MSS });
    expect(script.counter('tcpTimeouts')).toBe(0);
  });

  it('finds the rest lost with timestamps too, though the answer echoes what came in order before', () => {
    const { script, peer } = windowOut(0, { peer: { timestamps: true } });
    const { echo } = peer;
    const length = MSS - 12;
    const from = (segment: number) => 1 + segment * length;
    script.passes(PROBE_US - RTT_US);
    peer.expects({ flags: 'PSH ACK', seq: from(9), length });
    script.passes(RTT_US);
    peer.sends({ ack: 1, options: { ts: [peer.clock, echo], sack: [[from(9), from(10)]] } });
    script.passes(RTT_US / 4);
    peer.expects({ seq: 1, length });
    expect(script.counter('tcpTimeouts')).toBe(0);
  });

  it('sends a new segment where there is one, be the congestion window full or not', () => {
    const { script, peer } = windowOut(5);
    script.passes(PROBE_US - RTT_US);
    peer.expects({ seq: at(10), length: MSS });
    peer.expectsNothing();
    expect(script.counter('tcpLossProbes')).toBe(1);
    expect(script.counter('tcpRetransSegs')).toBe(0);
  });

  it('takes one probe, and then the time-out', () => {
    const { script, peer } = windowOut();
    script.passes(PROBE_US - RTT_US);
    peer.expects({ flags: 'PSH ACK', seq: at(9), length: MSS });
    script.passes(2 * RTT_US);
    peer.expectsNothing();
    script.passes(3 * RTT_US);
    peer.expects({ seq: 1, length: MSS });
    expect(script.counter('tcpLossProbes')).toBe(1);
    expect(script.counter('tcpTimeouts')).toBe(1);
  });

  it('waits for an acknowledgement that may be delayed where one segment is out', () => {
    const { script, peer, socket } = established({
      roundTripUs: RTT_US,
      peer: { sackOk: true },
      config: { lossRecovery: 'rack', rtoMinUs: 150_000 },
    });
    socket.sends(100);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 100 });
    script.passes(2 * RTT_US);
    peer.expectsNothing();
    expect(script.counter('tcpLossProbes')).toBe(0);
  });

  /** The last of two segments was lost, and a probe has repaired that. */
  function repaired() {
    const opening = windowOut();
    const { script, peer } = opening;
    peer.acks(at(8));
    const { cwnd } = opening.socket;
    script.passes(PROBE_US);
    peer.expects({ flags: 'PSH ACK', seq: at(9), length: MSS });
    return { ...opening, cwnd };
  }

  it('counts what a probe has repaired as a loss', () => {
    const { script, peer, socket, cwnd } = repaired();
    script.passes(RTT_US);
    peer.acks(at(10));
    expect(socket.cwnd).toBeGreaterThanOrEqual(cwnd);
    socket.sends(MSS);
    script.passes(RTT_US);
    peer.acks(at(11));
    expect(socket.cwnd).toBeLessThan(cwnd);
  });

  it('does not where the probe is reported as a duplicate (RFC 2883)', () => {
    const { script, peer, socket, cwnd } = repaired();
    peer.acks(at(10));
    reports(peer, at(10), [at(9), at(10)]);
    socket.sends(MSS);
    script.passes(RTT_US);
    peer.acks(at(11));
    expect(socket.cwnd).toBeGreaterThanOrEqual(cwnd);
  });
});

describe('RFC 9937: the rate in recovery', () => {
  it('lets one segment go for two that arrive, in whole segments, and ends at the threshold', () => {
    const { script, peer, socket } = windowOut(30);
    peer.acks(at(10));
    peer.expectsSegments(20, MSS, at(10));
    script.passes(RTT_US);
    reports(peer, at(10), [at(11), at(14)]);
    peer.expects({ seq: at(10), length: MSS });
    expect(socket.ssthresh).toBe(10 * MSS);
    const sent: number[] = [];
    for (let segment = 15; segment <= 30; segment++) {
      reports(peer, at(10), [at(11), at(segment)]);
      sent.push(peer.inbox.splice(0).length);
    }
    // Once no more are in the network than are to be, each that arrives lets one go.
    expect(sent).toEqual([1, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 1, 1]);
    script.passes(RTT_US);
    peer.acks(at(30 + 8));
    expect(socket.cwnd).toBe(10 * MSS);
  });
});

describe('what proves to be no loss is taken back', () => {
  /** A spurious time-out: everything arrives, but late. */
  function timedOut(options: OpeningOptions = {}) {
    const opening = windowOut(20, options);
    const { script, peer, socket } = opening;
    const { cwnd, ssthresh } = socket;
    script.passes(PROBE_US - RTT_US);
    peer.expects({ seq: at(10), length: MSS });
    script.passes(5 * RTT_US);
    peer.expects({ seq: 1, length: MSS });
    expect(script.counter('tcpTimeouts')).toBe(1);
    expect(socket.cwnd).toBeLessThan(cwnd);
    return { ...opening, cwnd, ssthresh };
  }

  it('a time-out after which an original arrives (RFC 5682)', () => {
    const { script, peer, socket, cwnd, ssthresh } = timedOut();
    peer.acks(at(1));
    // New data, and nothing again.
    peer.expectsSegments(2, MSS, at(11));
    peer.expectsNothing();
    const resent = script.counter('tcpRetransSegs');
    peer.acks(at(3));
    expect(script.counter('tcpLossUndos')).toBe(1);
    expect(socket.cwnd).toBeGreaterThanOrEqual(cwnd);
    expect(socket.ssthresh).toBe(ssthresh);
    expect(script.counter('tcpRetransSegs')).toBe(resent);
  });

  it('not a time-out after which nothing else arrives', () => {
    const { script, peer } = timedOut();
    peer.acks(at(1));
    peer.expectsSegments(2, MSS, at(11));
    script.passes(RTT_US);
    reports(peer, at(1), [at(11), at(12)]);
    expect(script.counter('tcpLossUndos')).toBe(0);
    peer.expects({ seq: at(1), length: MSS });
  });

  it('a loss found too early, by the echo of a timestamp (RFC 3522)', () => {
    const opening = windowOut(20, { peer: { timestamps: true } });
    const { script, peer, socket } = opening;
    const { cwnd, ssthresh } = socket;
    const echo = peer.echo;
    const length = MSS - 12;
    const from = (segment: number) => 1 + segment * length;
    reports(peer, 1, [from(1), from(4)]);
    expect(socket.cwnd).toBeLessThan(cwnd);
    script.passes(5000);
    peer.sends({ ack: from(4), options: { ts: [peer.clock, echo] } });
    expect(script.counter('tcpLossUndos')).toBe(1);
    expect(socket.cwnd).toBeGreaterThanOrEqual(cwnd);
    expect(socket.ssthresh).toBe(ssthresh);
  });

  it('a loss found too early, by all that went again arriving twice (RFC 3708)', () => {
    const { script, peer, socket } = windowOut();
    const { cwnd } = socket;
    reports(peer, 1, [at(1), at(4)]);
    peer.expects({ seq: 1, length: MSS });
    peer.acks(at(4));
    expect(socket.cwnd).toBeLessThan(cwnd);
    script.passes(RTT_US);
    reports(peer, at(10), [1, at(1)]);
    expect(script.counter('tcpLossUndos')).toBe(1);
    expect(socket.cwnd).toBeGreaterThanOrEqual(cwnd);
  });

  it('waits longer once duplicates show that it was too soon', () => {
    const { script, peer, socket } = windowOut();
    reports(peer, 1, [at(1), at(2)]);
    script.passes(RTT_US / 4 + SLACK_US);
    peer.expects({ seq: 1, length: MSS });
    reports(peer, at(10), [1, at(1)]);
    socket.sends(10 * MSS);
    peer.expectsSegments(10, MSS, at(10));
    script.passes(RTT_US);
    reports(peer, at(10), [at(11), at(12)]);
    script.passes(RTT_US / 4 + SLACK_US);
    peer.expectsNothing();
    script.passes(RTT_US / 4 + SLACK_US);
    peer.expects({ seq: at(10), length: MSS });
  });
});

describe('RFC 2018 §8: a peer that throws away what it held', () => {
  it('gets it again at once', () => {
    const { script, peer } = windowOut();
    reports(peer, 1, [at(1), at(6)]);
    peer.expects({ seq: 1, length: MSS });
    script.passes(RTT_US);
    peer.acks(at(1));
    expect(peer.inbox.length).toBeGreaterThan(0);
    peer.expects({ seq: at(1), length: MSS });
    expect(script.counter('tcpTimeouts')).toBe(0);
  });
});

describe('a path that has become narrower (RFC 1191)', () => {
  it('gets what was too long again, in smaller segments, and keeps its window', () => {
    const { script, peer, socket } = windowOut();
    const { cwnd } = socket;
    script.inject(icmpErrorAbout(peer.frameOfHost(1), 0x0a000001, 3, 4, 1000));
    script.settle();
    expect(socket.cwnd).toBe(cwnd);
    const lengths = peer.inbox.splice(0).map(({ payload }) => payload.length);
    expect(Math.max(...lengths)).toBe(960);
    expect(lengths.length).toBeGreaterThan(10);
  });
});

describe('a peer without SACK', () => {
  it('recovers by three duplicates, as ever', () => {
    const { script, peer } = windowOut(0, { peer: { sackOk: false } });
    // The first moves the window as well, which is scaled by now.
    for (let i = 0; i < 4; i++) peer.acks(1);
    peer.expects({ seq: 1, length: MSS });
    expect(script.counter('tcpFastRetransmits')).toBe(1);
    expect(script.counter('tcpLossProbes')).toBe(0);
  });
});
