import { describe, expect, it } from 'vitest';
import { EADDRINUSE, EADDRNOTAVAIL } from '../../src/socket/errno.ts';
import { accepted, established, type OpeningOptions, type PassiveOpening } from './openings.ts';
import type { Peer } from './peer.ts';
import { Script } from './script.ts';

/** A server that has closed first: its connection waits, its listener goes on. Both ends are at 2. */
function waiting(options: OpeningOptions = {}): PassiveOpening {
  const opening = accepted(options);
  const { peer, socket } = opening;
  socket.closes();
  peer.expects({ flags: 'FIN ACK', seq: 1, ack: 1 });
  peer.sends({ flags: 'FIN ACK', ack: 2 });
  peer.expects({ seq: 2, ack: 2 });
  opening.script.forgets();
  return opening;
}

/** Whether the pair still waits: a repeated FIN is acknowledged. Beware: it starts the wait anew. */
function isWaiting(peer: Peer): boolean {
  peer.sends({ flags: 'FIN ACK', seq: 1, ack: 2 });
  return peer.takes().flags === 16;
}

describe('RFC 9293 §3.10.7.4: segments in TIME-WAIT', () => {
  it('waits for two maximum segment lifetimes, and not longer (MUST-13)', () => {
    const { script, peer } = waiting();
    script.passes(59_999_999);
    peer.sends({ flags: 'PSH ACK', seq: 1, length: 1 });
    peer.expects({ seq: 2, ack: 2 });
    script.passes(1);
    peer.sends({ flags: 'PSH ACK', seq: 1, length: 1 });
    peer.expects({ flags: 'RST', seq: 2 });
  });

  it('waits as long as it is told to', () => {
    const { script, peer } = waiting({ config: { timeWaitUs: 5_000_000 } });
    script.passes(4_999_999);
    expect(isWaiting(peer)).toBe(true);
    script.passes(5_000_000);
    expect(isWaiting(peer)).toBe(false);
  });

  it('acknowledges a FIN that comes again, and starts to wait anew', () => {
    const { script, peer } = waiting();
    script.passes(40_000_000);
    peer.sends({ flags: 'FIN ACK', seq: 1 });
    peer.expects({ seq: 2, ack: 2, window: 65535 });
    script.passes(59_999_999);
    peer.sends({ seq: 2, length: 1 });
    peer.expects({ seq: 2, ack: 2 });
    script.passes(1);
    expect(isWaiting(peer)).toBe(false);
  });

  it('does not wait anew for anything but a FIN', () => {
    const { script, peer } = waiting();
    script.passes(59_000_000);
    for (const flags of ['ACK', 'PSH ACK', 'RST']) peer.sends({ flags, seq: 1, length: 1 });
    peer.ignores();
    script.passes(1_000_000);
    expect(isWaiting(peer)).toBe(false);
  });

  it('is not ended by a reset, exact or not (RFC 1337)', () => {
    const { peer } = waiting();
    for (const seq of [1, 2, 3, 5000]) peer.sends({ flags: 'RST', seq });
    peer.expectsNothing();
    expect(isWaiting(peer)).toBe(true);
  });

  it('answers no bare acknowledgement in place', () => {
    const { peer } = waiting();
    for (const ack of [0, 1, 2, 3]) peer.sends({ seq: 2, ack });
    peer.expectsNothing();
  });

  it('answers one out of place, but not often: two who wait would talk all the time (§3.10.7.4)', () => {
    for (const seq of [0, 1, 3, 90_000]) {
      const { script, peer } = waiting();
      peer.sends({ seq, ack: 2 });
      peer.expects({ seq: 2, ack: 2 });
      for (let i = 0; i < 10; i++) peer.sends({ seq, ack: 2 });
      peer.expectsNothing();
      script.passes(500_000);
      peer.sends({ seq, ack: 2 });
      peer.expects({ seq: 2, ack: 2 });
      // What brings something is always answered.
      for (let i = 0; i < 3; i++) {
        peer.sends({ seq: 1, ack: 2, length: 1 });
        peer.expects({ seq: 2, ack: 2 });
      }
    }
  });

  it('answers one in place whose timestamp is old', () => {
    const { peer } = waiting({ peer: { timestamps: true } });
    peer.sends({ seq: 2, ack: 2, options: { ts: [699_999, 0] } });
    peer.expects({ seq: 2, ack: 2 });
  });

  it('carries timestamps in its acknowledgements when the connection did (RFC 7323 §3.2)', () => {
    const { script, peer } = waiting({ peer: { timestamps: true } });
    script.passes(7000);
    peer.sends({ flags: 'FIN ACK', seq: 1 });
    peer.expects({ seq: 2, ack: 2, options: { ts: [7, 700_000] } });
  });

  it('does not wait anew for a FIN with an old timestamp', () => {
    const { script, peer } = waiting({ peer: { timestamps: true } });
    script.passes(59_000_000);
    peer.sends({ flags: 'FIN ACK', seq: 1, options: { ts: [699_999, 0] } });
    peer.expects({ seq: 2, ack: 2 });
    script.passes(1_000_000);
    peer.sends({ flags: 'FIN ACK', seq: 1 });
    peer.expects({ flags: 'RST', seq: 2 });
  });
});

describe('RFC 9293 MAY-2, RFC 6191: a new connection over one that waits', () => {
  it('begins for a SYN with a later number, from an ISN that is later as well', () => {
    const { peer, listener, script } = waiting();
    const before = peer.hostIss;
    peer.sends({ flags: 'SYN', seq: 3 });
    const answer = peer.takes();
    expect(answer.flags).toBe(2 | 16);
    expect((answer.seq - (before + 2)) | 0).toBeGreaterThanOrEqual(65_537);
    expect((answer.ack - peer.iss) | 0).toBe(4);
    peer.sends({ seq: 4, ack: (answer.seq + 1 - before) | 0 });
    script.tells('acceptable 9');
    expect(listener.accepts(3)?.state).toBe('ESTABLISHED');
  });

  for (const seq of [2, 1, -50_000]) {
    it(`does not begin for a SYN whose number ${seq} is not later: it is acknowledged`, () => {
      const { peer, script } = waiting();
      peer.sends({ flags: 'SYN', seq });
      peer.expects({ seq: 2, ack: 2 });
      script.tells();
      expect(isWaiting(peer)).toBe(true);
    });
  }

  it('begins for an earlier number when the timestamp is later', () => {
    const { script, peer } = waiting({ peer: { timestamps: true } });
    script.passes(1000);
    peer.sends({ flags: 'SYN', seq: -50_000, options: { mss: 1460, ts: [700_001, 0] } });
    expect(peer.takes().flags).toBe(2 | 16);
  });

  it('does not begin for a later number when the timestamp is earlier', () => {
    const { peer } = waiting({ peer: { timestamps: true } });
    peer.sends({ flags: 'SYN', seq: 50_000, options: { mss: 1460, ts: [699_999, 0] } });
    peer.expects({ seq: 2, ack: 2 });
  });

  it('is refused when nobody listens any more, and the wait is over', () => {
    const { peer, listener } = waiting();
    listener.closes();
    peer.sends({ flags: 'SYN', seq: 3 });
    peer.expects({ flags: 'RST ACK', seq: -peer.hostIss | 0, ack: 4 });
    expect(isWaiting(peer)).toBe(false);
  });
});

/** A client that has closed first: its only port waits. */
function waitingClient(options: OpeningOptions = {}) {
  const config = { ephemeralFirst: 50_000, ephemeralLast: 50_000, ...options.config };
  const opening = established({ ...options, config });
  opening.socket.shutsDown();
  opening.peer.sends({ flags: 'FIN ACK', ack: 2 });
  expect(opening.socket.state).toBe('TIME-WAIT');
  opening.peer.ignores();
  return opening;
}

describe('tcp_tw_reuse: the user connects again', () => {
  it('may take the pair over after a second, with later numbers and the same clock', () => {
    const { script, peer } = waitingClient({ peer: { timestamps: true } });
    const next = script.socket(2);
    script.passes(999_999);
    expect(next.connects(peer.address, 80)).toBe(EADDRNOTAVAIL);
    script.passes(1);
    expect(next.connects(peer.address, 80)).toBe(0);
    const syn = peer.takes();
    const { seq, options } = peer.relative(syn);
    expect(seq).toBeGreaterThanOrEqual(2 + 65_537);
    expect(options.ts?.[0]).toBe(1000);
    expect(next.localPort).toBe(50_000);
  });

  it('may not without timestamps: nothing tells old from new (RFC 6191)', () => {
    const { script, peer } = waitingClient();
    const next = script.socket(2);
    script.passes(59_000_000);
    expect(next.connects(peer.address, 80)).toBe(EADDRNOTAVAIL);
    script.passes(1_000_000);
    expect(next.connects(peer.address, 80)).toBe(0);
  });

  it('may connect to another port of the peer at once', () => {
    const { script, peer } = waitingClient();
    const next = script.socket(2);
    expect(next.connects(peer.address, 81)).toBe(0);
    expect(next.localPort).toBe(50_000);
  });

  it('may not bind the port without SO_REUSEADDR as long as it waits', () => {
    const { script } = waitingClient();
    expect(script.socket(2).binds(50_000)).toBe(EADDRINUSE);
    script.passes(60_000_000);
    expect(script.socket(3).binds(50_000)).toBe(0);
  });
});

describe('what the user sees of TIME-WAIT', () => {
  it('can still read what came before the FIN', () => {
    const { peer, socket } = established();
    socket.shutsDown();
    peer.sends({ flags: 'FIN PSH ACK', ack: 2, length: 30 });
    expect(socket.state).toBe('TIME-WAIT');
    expect(socket.reads()).toBe(30);
    expect(socket.endOfStream).toBe(true);
  });

  it('sees TIME-WAIT until it closes, even when the pair has ended waiting', () => {
    const { script, peer, socket } = established();
    socket.shutsDown();
    peer.sends({ flags: 'FIN ACK', ack: 2 });
    script.passes(61_000_000);
    expect(socket.state).toBe('TIME-WAIT');
    script.forgets();
    socket.closes();
    script.tells();
  });
});

describe('tcp_max_tw_buckets', () => {
  it('ends the oldest early when more wait than may', () => {
    const script = new Script({ config: { timeWaitMax: 2 } });
    const listener = script.listener();
    const peers = [40_001, 40_002, 40_003].map((port) => script.peer({ port }));
    for (const peer of peers) {
      peer.hostPort = 80;
      peer.sends({ flags: 'SYN' });
      peer.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
      peer.sends({ ack: 1 });
      listener.accepts()?.closes();
      peer.expects({ flags: 'FIN ACK', seq: 1 });
      peer.sends({ flags: 'FIN ACK', ack: 2 });
      peer.expects({ seq: 2, ack: 2 });
    }
    expect(script.counter('tcpTimeWaitOverflows')).toBe(1);
    expect(peers.map(isWaiting)).toEqual([false, true, true]);
  });

  it('takes one that waits anew for the youngest', () => {
    const script = new Script({ config: { timeWaitMax: 2 } });
    const listener = script.listener();
    const peers = [40_001, 40_002, 40_003].map((port) => script.peer({ port }));
    for (const peer of peers) {
      peer.hostPort = 80;
      peer.sends({ flags: 'SYN' });
      peer.sends({ ack: 1 });
      listener.accepts()?.closes();
      if (peer === peers[2]) expect(isWaiting(peers[0].ignores() ?? peers[0])).toBe(true);
      peer.sends({ flags: 'FIN ACK', ack: 2 });
      peer.ignores();
    }
    for (const peer of peers) peer.ignores();
    expect(peers.map(isWaiting)).toEqual([true, false, true]);
  });
});
