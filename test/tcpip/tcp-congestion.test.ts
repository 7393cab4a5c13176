/** The congestion window of NewReno: RFC 5681 §3.1, §4.1, RFC 3465, RFC 6928. */
import { describe, expect, it } from 'vitest';
import { BY_COUNT } from './harness.ts';
import { established, type Opening, type OpeningOptions } from './openings.ts';

const MSS = 1460;

/** A connection with as much to send as ever could go. */
function sending(bytes: number, options: OpeningOptions = {}): Opening {
  const { config, peer, ...rest } = options;
  const opening = established({ ...rest, config: { ...BY_COUNT, ...config }, peer: { wscale: 8, ...peer } });
  opening.socket.sends(bytes);
  return opening;
}

/** The peer acknowledges segment after segment. */
function acksEach(opening: Opening, from: number, count: number): void {
  for (let i = 1; i <= count; i++) opening.peer.acks(from + i * MSS);
}

describe('RFC 6928: the initial window', () => {
  it('is ten segments', () => {
    const { peer, socket } = sending(100 * MSS);
    peer.expectsSegments(10, MSS, 1);
    peer.expectsNothing();
    expect(socket.cwnd).toBe(10 * MSS);
  });

  it('is as many segments as it is told, of the size agreed upon', () => {
    const { peer, socket } = sending(100 * MSS, {
      config: { initialWindowSegments: 3 },
      peer: { mss: 1000 },
    });
    peer.expectsSegments(3, 1000, 1);
    peer.expectsNothing();
    expect(socket.cwnd).toBe(3000);
  });

  it('is never more than the peer’s window', () => {
    const { peer, socket } = established({ peer: { window: 4000 } });
    socket.sends(100 * MSS);
    peer.expectsSegments(2, MSS, 1);
    peer.expectsNothing();
  });
});

describe('RFC 5681 §3.1: slow start', () => {
  it('grows by what each acknowledgement covers, so that two segments follow each (RFC 3465)', () => {
    const opening = sending(200 * MSS);
    const { peer, socket } = opening;
    peer.expectsSegments(10, MSS, 1);
    acksEach(opening, 1, 10);
    expect(socket.cwnd).toBe(20 * MSS);
    peer.expectsSegments(20, MSS, 1 + 10 * MSS);
    peer.expectsNothing();
  });

  it('grows by all that one acknowledgement covers, as Linux has it (RFC 3465 without its limit)', () => {
    const { peer, socket } = sending(200 * MSS);
    peer.acks(1 + 10 * MSS);
    expect(socket.cwnd).toBe(20 * MSS);
    peer.acks(1 + 10 * MSS);
    expect(socket.cwnd).toBe(20 * MSS);
    // But for the segment that the duplicate has told of already.
    peer.acks(1 + 30 * MSS);
    expect(socket.cwnd).toBe(39 * MSS);
  });

  it('grows by a window of which much was in flight when it was sent, however little is when it is answered', () => {
    const { peer, socket } = sending(10 * MSS);
    for (let i = 1; i <= 9; i++) peer.acks(1 + i * MSS);
    expect(socket.cwnd).toBe(19 * MSS);
    peer.acks(1 + 10 * MSS);
    expect(socket.cwnd).toBe(20 * MSS);
  });

  it('grows only by the bytes acknowledged when they are few (RFC 3465 §2.1)', () => {
    const { peer, socket } = sending(200 * MSS);
    for (let i = 1; i <= 10; i++) peer.acks(1 + i * 100);
    expect(socket.cwnd).toBe(10 * MSS + 1000);
  });

  it('does not grow when the window was not what held the sender back', () => {
    const { peer, socket } = established({ peer: { wscale: 8 } });
    for (let i = 1; i <= 20; i++) {
      socket.sends(MSS);
      peer.acks(1 + i * MSS);
    }
    expect(socket.cwnd).toBe(10 * MSS);
  });

  it('does not grow by acknowledgements of nothing new', () => {
    const { peer, socket } = sending(200 * MSS);
    for (let i = 0; i < 2; i++) peer.acks(1);
    peer.sends({ length: 10 });
    expect(socket.cwnd).toBe(10 * MSS);
  });
});

/** A connection after a time-out with ten segments out: the threshold is five segments. */
function afterTimeout(): Opening {
  const opening = sending(200 * MSS);
  opening.script.passes(200_000);
  opening.peer.ignores();
  return opening;
}

describe('RFC 5681 §3.1: after a time-out', () => {
  it('starts from one segment, with half of what was in flight for threshold', () => {
    const { socket } = afterTimeout();
    expect(socket.cwnd).toBe(MSS);
    expect(socket.ssthresh).toBe(5 * MSS);
  });

  it('lowers the threshold only for the first time-out of a segment', () => {
    const { script, peer, socket } = afterTimeout();
    script.passes(400_000);
    peer.ignores();
    script.passes(800_000);
    expect(script.counter('tcpTimeouts')).toBe(3);
    expect(socket.ssthresh).toBe(5 * MSS);
  });

  it('passes from slow start to congestion avoidance at the threshold', () => {
    const opening = afterTimeout();
    const { socket } = opening;
    acksEach(opening, 1, 4);
    expect(socket.cwnd).toBe(5 * MSS);
    acksEach(opening, 1 + 4 * MSS, 4);
    expect(socket.cwnd).toBe(5 * MSS);
    acksEach(opening, 1 + 8 * MSS, 1);
    expect(socket.cwnd).toBe(6 * MSS);
    acksEach(opening, 1 + 9 * MSS, 5);
    expect(socket.cwnd).toBe(6 * MSS);
    acksEach(opening, 1 + 14 * MSS, 1);
    expect(socket.cwnd).toBe(7 * MSS);
  });

  it('grows by at most a segment for each window acknowledged, however it is acknowledged', () => {
    const opening = afterTimeout();
    const { peer, socket } = opening;
    acksEach(opening, 1, 4);
    peer.acks(1 + 9 * MSS);
    expect(socket.cwnd).toBe(6 * MSS);
    peer.acks(1 + 10 * MSS);
    expect(socket.cwnd).toBe(6 * MSS);
  });
});

describe('RFC 5681 §4.1: after an idle time', () => {
  /** A connection whose window has grown to twenty segments, with nothing outstanding. */
  function grown(options: OpeningOptions = {}): Opening {
    const opening = sending(20 * MSS, options);
    acksEach(opening, 1, 20);
    opening.peer.ignores();
    expect(opening.socket.unacked).toBe(0);
    expect(opening.socket.cwnd).toBeGreaterThanOrEqual(20 * MSS);
    return opening;
  }

  it('starts again from the initial window when nothing was sent for longer than the RTO', () => {
    const { script, peer, socket } = grown();
    script.passes(200_001);
    socket.sends(100 * MSS);
    expect(socket.cwnd).toBe(10 * MSS);
    expect(peer.inbox.length).toBe(10);
  });

  it('starts again after an hour too, when the clock has wrapped meanwhile', () => {
    const { script, peer, socket } = grown();
    for (let minutes = 0; minutes < 60; minutes += 10) script.passes(600_000_000);
    socket.sends(100 * MSS);
    expect(socket.cwnd).toBe(10 * MSS);
    expect(peer.inbox.length).toBe(10);
  });

  it('keeps its window when the idle time was shorter', () => {
    const { script, peer, socket } = grown();
    script.passes(200_000);
    socket.sends(100 * MSS);
    expect(peer.inbox.length).toBeGreaterThanOrEqual(20);
  });

  it('keeps its window when it is told to (tcp_slow_start_after_idle)', () => {
    const { script, peer, socket } = grown({ config: { slowStartAfterIdle: false } });
    script.passes(10_000_000);
    socket.sends(100 * MSS);
    expect(peer.inbox.length).toBeGreaterThanOrEqual(20);
  });

  it('does not widen a window that was smaller', () => {
    const { script, peer, socket } = sending(10 * MSS);
    script.passes(200_000);
    peer.acks(1 + 10 * MSS);
    peer.ignores();
    expect(socket.cwnd).toBe(3 * MSS);
    script.passes(1_000_000);
    socket.sends(100 * MSS);
    peer.expectsSegments(3, MSS, 1 + 10 * MSS);
    peer.expectsNothing();
  });
});
