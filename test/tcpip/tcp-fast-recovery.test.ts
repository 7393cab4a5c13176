/** Loss recovery without SACK: RFC 5681 §3.2, RFC 6582 (NewReno), RFC 3042 (limited transmit). */
import { describe, expect, it } from 'vitest';
import { BY_COUNT } from './harness.ts';
import { type OpeningOptions, established as opened } from './openings.ts';

const MSS = 1460;

const established = (options: OpeningOptions = {}) =>
  opened({ ...options, config: { ...BY_COUNT, ...options.config } });

/** Ten segments are out: the initial window. `more` bytes wait. */
function windowOut(more = 0, options: OpeningOptions = {}) {
  const opening = established(options);
  expect(opening.socket.cwnd).toBe(10 * MSS);
  opening.socket.sends(10 * MSS + more);
  opening.peer.expectsSegments(10, MSS, 1);
  opening.peer.expectsNothing();
  return opening;
}

describe('RFC 5681 §3.2: fast retransmit', () => {
  it('sends the first segment again at the third duplicate, without waiting for the timer', () => {
    const { script, peer } = windowOut();
    peer.acks(1);
    peer.acks(1);
    peer.expectsNothing();
    peer.acks(1);
    peer.expects({ seq: 1, length: MSS });
    peer.expectsNothing();
    expect(script.counter('tcpFastRetransmits')).toBe(1);
    expect(script.counter('tcpTimeouts')).toBe(0);
  });

  it('halves what was in flight, and adds the three that have left (steps 2 and 3)', () => {
    const { peer, socket } = windowOut();
    for (let i = 0; i < 3; i++) peer.acks(1);
    expect(socket.ssthresh).toBe(5 * MSS);
    expect(socket.cwnd).toBe(8 * MSS);
  });

  it('never sets the threshold below two segments (equation 4)', () => {
    const { peer, socket } = established();
    socket.sends(3 * MSS);
    for (let i = 0; i < 3; i++) peer.acks(1);
    expect(socket.ssthresh).toBe(2 * MSS);
  });

  it('lets a new segment out for each of the first two duplicates (RFC 3042)', () => {
    const { peer } = windowOut(5 * MSS);
    peer.acks(1);
    peer.expects({ seq: 1 + 10 * MSS, length: MSS });
    peer.expectsNothing();
    peer.acks(1);
    peer.expects({ seq: 1 + 11 * MSS, length: MSS });
    peer.expectsNothing();
    peer.acks(1);
    peer.expects({ seq: 1, length: MSS });
    peer.expectsNothing();
  });

  it('does not count what limited transmit added as in flight (step 2)', () => {
    const { peer, socket } = windowOut(5 * MSS);
    for (let i = 0; i < 3; i++) peer.acks(1);
    expect(socket.ssthresh).toBe(5 * MSS);
  });

  it('inflates the window for each further duplicate, and sends new segments by it (step 4 and 5)', () => {
    const { peer, socket } = windowOut(5 * MSS);
    for (let i = 0; i < 3; i++) peer.acks(1);
    peer.ignores();
    for (let i = 0; i < 4; i++) peer.acks(1);
    expect(socket.cwnd).toBe(12 * MSS);
    peer.expectsNothing();
    peer.acks(1);
    peer.expects({ seq: 1 + 12 * MSS, length: MSS });
    peer.acks(1);
    peer.expects({ seq: 1 + 13 * MSS, length: MSS });
  });

  it('deflates the window when everything that was out is acknowledged (RFC 6582 §3.2 step 3)', () => {
    const { peer, socket } = windowOut();
    for (let i = 0; i < 9; i++) peer.acks(1);
    peer.acks(1 + 10 * MSS);
    expect(socket.cwnd).toBe(2 * MSS);
    expect(socket.ssthresh).toBe(5 * MSS);
    socket.sends(5 * MSS);
    peer.ignores();
    expect(socket.unacked).toBe(2 * MSS);
  });

  it('sends the next hole at a partial acknowledgement, and stays in recovery (RFC 6582 §3.2)', () => {
    const { script, peer, socket } = windowOut();
    for (let i = 0; i < 3; i++) peer.acks(1);
    peer.expects({ seq: 1, length: MSS });
    peer.acks(1 + 4 * MSS);
    peer.expects({ seq: 1 + 4 * MSS, length: MSS });
    peer.expectsNothing();
    expect(socket.cwnd).toBe(5 * MSS);
    peer.acks(1 + 7 * MSS);
    peer.expects({ seq: 1 + 7 * MSS, length: MSS });
    peer.acks(1 + 10 * MSS);
    peer.expectsNothing();
    expect(script.counter('tcpFastRetransmits')).toBe(1);
    expect(script.counter('tcpRetransSegs')).toBe(3);
    expect(script.counter('tcpTimeouts')).toBe(0);
  });

  it('does not halve again for a second loss in the same window', () => {
    const { peer, socket } = windowOut();
    for (let i = 0; i < 3; i++) peer.acks(1);
    peer.acks(1 + 4 * MSS);
    for (let i = 0; i < 5; i++) peer.acks(1 + 4 * MSS);
    expect(socket.ssthresh).toBe(5 * MSS);
  });

  it('halves again for a loss in a later window', () => {
    const { script, peer, socket } = windowOut();
    for (let i = 0; i < 3; i++) peer.acks(1);
    peer.acks(1 + 10 * MSS);
    socket.sends(8 * MSS);
    peer.acks(1 + 12 * MSS);
    peer.ignores();
    const flight = socket.unacked;
    expect(flight).toBeGreaterThanOrEqual(3 * MSS);
    for (let i = 0; i < 3; i++) peer.acks(1 + 12 * MSS);
    expect(socket.ssthresh).toBe(Math.max(flight >> 1, 2 * MSS));
    expect(script.counter('tcpFastRetransmits')).toBe(2);
  });

  it('falls back to the timer when what was sent again is lost too', () => {
    const { script, peer } = windowOut();
    for (let i = 0; i < 3; i++) peer.acks(1);
    peer.expects({ seq: 1, length: MSS });
    peer.expectsAfter(200_000, { seq: 1, length: MSS });
    expect(script.counter('tcpTimeouts')).toBe(1);
  });

  it('takes duplicates after a time-out for no new loss (RFC 6582 §3.2 step 2)', () => {
    const { script, peer } = windowOut();
    script.passes(200_000);
    peer.ignores();
    for (let i = 0; i < 5; i++) peer.acks(1);
    peer.expectsNothing();
    expect(script.counter('tcpFastRetransmits')).toBe(0);
  });

  it('sends a lost FIN again with the bytes before it', () => {
    const { peer, socket } = windowOut();
    socket.queues(100);
    socket.shutsDown();
    peer.acks(1 + MSS);
    peer.expects({ flags: 'FIN PSH ACK', seq: 1 + 10 * MSS, length: 100 });
    peer.acks(1 + 10 * MSS);
    for (let i = 0; i < 3; i++) peer.acks(1 + 10 * MSS);
    peer.expects({ flags: 'FIN PSH ACK', seq: 1 + 10 * MSS, length: 100 });
  });

  it('sends a lost FIN again that was alone', () => {
    const { peer, socket } = established();
    socket.shutsDown();
    peer.expects({ flags: 'FIN ACK', seq: 1 });
    for (let i = 0; i < 3; i++) peer.acks(1);
    peer.expects({ flags: 'FIN ACK', seq: 1 });
  });
});

describe('RFC 5681 §2: what is a duplicate acknowledgement', () => {
  for (const [what, segment] of [
    ['one that carries data', (i: number) => ({ seq: 1 + i, length: 1 })],
    ['one that moves the window', (i: number) => ({ window: 60_000 - i })],
    ['one of something else', (i: number) => ({ ack: -i })],
  ] as const) {
    it(`is not ${what}`, () => {
      const { script, peer } = windowOut(5 * MSS);
      for (let i = 1; i <= 6; i++) peer.sends(segment(i));
      expect(script.counter('tcpFastRetransmits')).toBe(0);
      expect(peer.inbox.filter((s) => s.payload.length > 0)).toEqual([]);
    });
  }

  it('is not one that comes when nothing is outstanding', () => {
    const { script, peer, socket } = established();
    for (let i = 0; i < 5; i++) peer.acks(1);
    socket.sends(MSS);
    peer.acks(1);
    expect(script.counter('tcpFastRetransmits')).toBe(0);
    peer.acks(1);
    peer.acks(1);
    expect(script.counter('tcpFastRetransmits')).toBe(1);
  });

  it('is counted anew after an acknowledgement of something new', () => {
    const { script, peer } = windowOut();
    for (const ack of [1, 1, 1 + MSS, 1 + MSS, 1 + MSS, 1 + 2 * MSS]) peer.acks(ack);
    expect(script.counter('tcpFastRetransmits')).toBe(0);
  });
});
