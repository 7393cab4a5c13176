/** Loss recovery with SACK: RFC 6675, and what of the peer's blocks is believed (RFC 2018 §8, RFC 2883). */
import { describe, expect, it } from 'vitest';
import { TCP_NODELAY } from '../../src/socket/options.ts';
import { BY_COUNT } from './harness.ts';
import { type OpeningOptions, established as opened } from './openings.ts';
import type { Peer } from './peer.ts';

const MSS = 1460;

const established = (options: OpeningOptions = {}) =>
  opened({ ...options, config: { ...BY_COUNT, ...options.config } });

/** The first byte of a segment of the initial window. */
const at = (segment: number) => 1 + segment * MSS;

/** Ten segments are out: the initial window. `more` bytes wait. */
function windowOut(more = 0) {
  const opening = established({ peer: { sackOk: true } });
  opening.socket.sends(10 * MSS + more);
  opening.peer.expectsSegments(10, MSS, 1);
  return opening;
}

/** The peer holds segments from one to before another, the newest block first. */
function reports(peer: Peer, ack: number, ...blocks: readonly (readonly [number, number])[]): void {
  peer.sends({ ack, options: { sack: blocks } });
}

describe('RFC 6675 §5: loss recovery', () => {
  it('sends the first segment again once more than two segments are held above it', () => {
    const { script, peer, socket } = windowOut();
    reports(peer, 1, [at(1), at(2)]);
    reports(peer, 1, [at(1), at(3)]);
    peer.expectsNothing();
    reports(peer, 1, [at(1), at(4)]);
    peer.expects({ seq: 1, length: MSS });
    peer.expectsNothing();
    expect(script.counter('tcpFastRetransmits')).toBe(1);
    expect(socket.ssthresh).toBe(5 * MSS);
    expect(socket.cwnd).toBe(5 * MSS);
  });

  it('knows a loss from one acknowledgement that reports enough (step 2)', () => {
    const { peer } = windowOut();
    reports(peer, 1, [at(1), at(4)]);
    peer.expects({ seq: 1, length: MSS });
  });

  it('knows a loss from three separate blocks', () => {
    const { peer } = windowOut();
    reports(peer, 1, [at(5), at(5) + 10], [at(3), at(3) + 10], [at(1), at(1) + 10]);
    peer.expects({ seq: 1, length: MSS });
  });

  it('sends exactly what is missing, as soon as the pipe has room', () => {
    const { script, peer } = windowOut();
    reports(peer, 1, [at(1), at(3)]);
    reports(peer, 1, [at(4), at(5)], [at(1), at(3)]);
    peer.expects({ seq: 1, length: MSS });
    reports(peer, 1, [at(4), at(6)], [at(1), at(3)]);
    peer.expectsNothing();
    reports(peer, 1, [at(4), at(7)], [at(1), at(3)]);
    peer.expects({ seq: at(3), length: MSS });
    reports(peer, at(3), [at(4), at(7)]);
    // The window of five has room beside the pipe of four, and the end may be lost (rule 4).
    peer.expects({ flags: 'PSH ACK', seq: at(9), length: MSS });
    reports(peer, at(7));
    peer.acks(at(10));
    script.passes(1_000_000);
    peer.expectsNothing();
    expect(script.counter('tcpRetransSegs')).toBe(3);
    expect(script.counter('tcpTimeouts')).toBe(0);
  });

  it('sends new segments when there is room and nothing is known to be lost (NextSeg rule 2)', () => {
    const { peer } = windowOut(10 * MSS);
    reports(peer, 1, [at(1), at(2)]);
    peer.expects({ seq: at(10), length: MSS });
    reports(peer, 1, [at(1), at(3)]);
    peer.expects({ seq: at(11), length: MSS });
    reports(peer, 1, [at(1), at(4)]);
    peer.expects({ seq: 1, length: MSS });
    peer.expectsNothing();
    reports(peer, 1, [at(1), at(9)]);
    peer.expects({ seq: at(12), length: MSS });
    peer.expectsNothing();
  });

  it('does not halve for what limited transmit added (RFC 5681 §3.2 step 2)', () => {
    const { peer, socket } = windowOut(10 * MSS);
    reports(peer, 1, [at(1), at(2)]);
    reports(peer, 1, [at(1), at(3)]);
    reports(peer, 1, [at(1), at(4)]);
    expect(socket.ssthresh).toBe(5 * MSS);
  });

  it('ends when what was out at its beginning is acknowledged', () => {
    const { peer, socket } = windowOut();
    reports(peer, 1, [at(1), at(10)]);
    peer.expects({ seq: 1, length: MSS });
    peer.acks(at(10));
    expect(socket.cwnd).toBe(2 * MSS);
    socket.sends(4 * MSS);
    peer.expectsSegments(2, MSS, at(10));
    peer.expectsNothing();
  });

  it('takes no acknowledgement without news for a duplicate (RFC 6675 §2)', () => {
    const { script, peer } = windowOut(5 * MSS);
    for (let i = 0; i < 6; i++) peer.acks(1);
    peer.expectsNothing();
    reports(peer, 1, [at(1), at(2)]);
    peer.expects({ seq: at(10), length: MSS });
    for (let i = 0; i < 6; i++) reports(peer, 1, [at(1), at(2)]);
    peer.expectsNothing();
    expect(script.counter('tcpFastRetransmits')).toBe(0);
  });

  it('sends a piece no longer than the hole', () => {
    const { peer } = windowOut();
    reports(peer, 1, [101, at(4)]);
    peer.expects({ flags: 'ACK', seq: 1, length: 100 });
    peer.expectsNothing();
  });
});

describe('RFC 6675 §4: the rescue (NextSeg rule 4)', () => {
  it('sends the end again, once, when all holes are filled and nothing is new', () => {
    const { peer, script } = windowOut();
    reports(peer, 1, [at(1), at(4)]);
    peer.expects({ seq: 1, length: MSS });
    // The pipe of seven segments is more than the window of five.
    peer.expectsNothing();
    reports(peer, 1, [at(1), at(7)]);
    peer.expects({ flags: 'PSH ACK', seq: at(9), length: MSS });
    peer.expectsNothing();
    reports(peer, 1, [at(1), at(8)]);
    peer.expectsNothing();
    peer.acks(at(8));
    peer.expectsNothing();
    peer.acks(at(10));
    peer.expectsNothing();
    expect(script.counter('tcpRetransSegs')).toBe(2);
  });

  it('leaves what is missing below what is held to rule 3', () => {
    const { peer } = windowOut();
    reports(peer, 1, [at(9), at(10)], [at(1), at(6)]);
    peer.expects({ seq: 1, length: MSS });
    peer.expects({ seq: at(6), length: MSS });
    peer.expectsNothing();
  });

  it('sends nothing that has gone again already', () => {
    const { peer, script } = windowOut();
    reports(peer, 1, [at(1), at(10)]);
    peer.expects({ seq: 1, length: MSS });
    peer.expectsNothing();
    expect(script.counter('tcpRetransSegs')).toBe(1);
  });

  it('sends what is new before it (rule 2)', () => {
    const { peer } = windowOut(3 * MSS);
    for (let segment = 2; segment <= 4; segment++) reports(peer, 1, [at(1), at(segment)]);
    // Limited transmit has let two out.
    peer.expects({ seq: at(10), length: MSS });
    peer.expects({ seq: at(11), length: MSS });
    peer.expects({ seq: 1, length: MSS });
    reports(peer, 1, [at(1), at(10)]);
    peer.expects({ flags: 'PSH ACK', seq: at(12), length: MSS });
    peer.expectsNothing();
    peer.expectsNothing();
  });

  it('has the FIN in the segment that it sends', () => {
    const { peer, socket } = windowOut();
    socket.closes();
    peer.expects({ flags: 'FIN ACK', seq: at(10) });
    reports(peer, 1, [at(1), at(8)]);
    peer.expects({ seq: 1, length: MSS });
    peer.expects({ flags: 'FIN PSH ACK', length: MSS - 1, seq: at(9) + 1 });
    peer.expectsNothing();
  });
});

describe('RFC 6675 §5.1 and RFC 6298: a time-out', () => {
  it('keeps what the peer has reported, and goes over the rest', () => {
    const { script, peer, socket } = windowOut();
    reports(peer, 1, [at(1), at(3)]);
    peer.expectsNothing();
    script.passes(200_000);
    peer.expects({ seq: 1, length: MSS });
    peer.acks(at(3));
    // One segment was delivered, and lets the window of one grow by one.
    expect(socket.cwnd).toBe(2 * MSS);
    peer.expectsSegments(2, MSS, at(3));
    peer.expectsNothing();
  });

  it('lets a window out beside what the peer holds', () => {
    const { script, peer } = windowOut();
    reports(peer, 1, [at(2), at(3)]);
    peer.expectsNothing();
    script.passes(200_000);
    peer.expects({ seq: 1, length: MSS });
    peer.sends({ ack: at(1), options: { sack: [[at(2), at(3)]] } });
    peer.expects({ seq: at(1), length: MSS });
    peer.expects({ seq: at(3), length: MSS });
    peer.expectsNothing();
  });

  it('forgets it when the peer has thrown it away (RFC 2018 §8)', () => {
    const { script, peer } = windowOut();
    reports(peer, 1, [at(1), at(3)]);
    peer.expectsNothing();
    script.passes(200_000);
    peer.expects({ seq: 1, length: MSS });
    // The peer asks for what it had.
    peer.acks(at(1));
    peer.expectsSegments(2, MSS, at(3));
    script.passes(400_000);
    peer.expectsSegments(1, MSS, at(1));
    peer.acks(at(2));
    peer.expectsSegments(2, MSS, at(2));
  });

  it('does not send again what the peer reports afterwards', () => {
    const { script, peer } = windowOut(2 * MSS);
    script.passes(200_000);
    peer.expects({ seq: 1, length: MSS });
    reports(peer, at(1), [at(2), at(9)]);
    peer.expects({ seq: at(1), length: MSS });
    // The window has grown by two segments: what it skips is not in the network.
    peer.expects({ seq: at(9), length: MSS });
    peer.expects({ seq: at(10), length: MSS });
    peer.expectsNothing();
    peer.acks(at(9));
    peer.expects({ flags: 'PSH ACK', seq: at(11), length: MSS });
    peer.expectsNothing();
  });
});

describe('RFC 2018, RFC 2883: which blocks are believed (SACK-7)', () => {
  for (const [what, block] of [
    ['below what is acknowledged (a D-SACK)', [-100, 1]],
    ['partly below it', [-100, at(5)]],
    ['from exactly there on', [1, at(5)]],
    ['above what was sent', [at(10), at(11)]],
    ['partly above it', [at(1), at(10) + 1]],
    ['that ends before it begins', [at(5), at(1)]],
    ['of no bytes', [at(5), at(5)]],
    ['half the number space away', [at(1) - 2 ** 31, at(5)]],
  ] as const) {
    it(`ignores a block ${what}`, () => {
      const { script, peer } = windowOut();
      for (let i = 0; i < 5; i++) reports(peer, 1, block);
      peer.expectsNothing();
      expect(script.counter('tcpFastRetransmits')).toBe(0);
      reports(peer, 1, [at(1), at(4)]);
      peer.expects({ seq: 1, length: MSS });
    });
  }

  it('ignores all blocks when SACK was not agreed upon (SACK-1)', () => {
    const { peer, socket } = established();
    socket.sends(10 * MSS);
    peer.expectsSegments(10, MSS, 1);
    reports(peer, 1, [at(1), at(9)]);
    peer.expectsNothing();
  });

  it('takes blocks from segments that carry data, and from new acknowledgements', () => {
    const { peer } = windowOut();
    peer.sends({ ack: at(1), length: 5, options: { sack: [[at(2), at(5)]] } });
    peer.expects({ seq: at(10), ack: 6 });
    reports(peer, at(1), [at(2), at(6)]);
    peer.expects({ seq: at(1), length: MSS });
  });

  it('puts blocks together that touch or overlap: they count as one', () => {
    const { peer } = windowOut();
    const from = at(1);
    reports(
      peer,
      1,
      [from + 700, from + 800],
      [from + 200, from + 300],
      [from + 300, from + 700],
      [from + 100, from + 900],
    );
    reports(peer, 1, [at(3), at(3) + 10]);
    peer.expectsNothing();
    reports(peer, 1, [at(5), at(5) + 10]);
    peer.expects({ seq: 1, length: MSS });
  });

  it('bears more blocks than it can remember', () => {
    const { script, peer, socket } = established({ peer: { sackOk: true } });
    socket.sets(TCP_NODELAY, 1);
    for (let i = 0; i < 400; i++) socket.sends(1);
    peer.ignores();
    for (let i = 2; i < 400; i += 8) {
      reports(peer, 1, [i, i + 1], [i + 2, i + 3], [i + 4, i + 5], [i + 6, i + 7]);
    }
    peer.ignores();
    peer.acks(401);
    script.passes(1_000_000);
    peer.expectsNothing();
    expect(socket.unacked).toBe(0);
  });
});
