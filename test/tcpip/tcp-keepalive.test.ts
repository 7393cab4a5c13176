/** RFC 9293 §3.8.4: keep-alives. */
import { describe, expect, it } from 'vitest';
import { ETIMEDOUT } from '../../src/socket/errno.ts';
import {
  SO_ERROR,
  SO_KEEPALIVE,
  TCP_KEEPCNT,
  TCP_KEEPIDLE_SECONDS,
  TCP_KEEPINTVL_SECONDS,
  TCP_USER_TIMEOUT_MS,
} from '../../src/socket/options.ts';
import { Random } from '../../src/time/random.ts';
import { accepted, established, type Opening } from './openings.ts';
import { Script } from './script.ts';

const SECOND = 1_000_000;

/** Probes after ten seconds, then every two, three of them. */
function keptAlive(opening: Opening = established()): Opening {
  const { socket } = opening;
  socket.sets(TCP_KEEPIDLE_SECONDS, 10);
  socket.sets(TCP_KEEPINTVL_SECONDS, 2);
  socket.sets(TCP_KEEPCNT, 3);
  socket.sets(SO_KEEPALIVE, 1);
  return opening;
}

describe('RFC 9293 §3.8.4: keep-alive', () => {
  it('is off by default (MUST-25)', () => {
    const { script, peer, socket } = established();
    expect(socket.option(SO_KEEPALIVE)).toBe(0);
    script.passes(20_000 * SECOND);
    peer.expectsNothing();
  });

  it('waits two hours by default, probes every 75 s, nine times (MUST-28)', () => {
    const { script, peer, socket } = established();
    socket.sets(SO_KEEPALIVE, 1);
    peer.expectsAfter(7200 * SECOND, { seq: 0 });
    for (let i = 1; i < 9; i++) peer.expectsAfter(75 * SECOND, { seq: 0 });
    script.tells();
    script.passes(75 * SECOND);
    script.tells('state 1 ESTABLISHED CLOSED', 'failed 1 ETIMEDOUT');
  });

  it('probes with an old number and without data, so that the peer must answer (SHLD-12)', () => {
    const { script, peer } = keptAlive();
    peer.expectsAfter(10 * SECOND, { flags: 'ACK', seq: 0, ack: 1, length: 0 });
    expect(script.counter('tcpWindowProbes')).toBe(1);
  });

  it('is content with any answer, and waits for the idle time again (MUST-29)', () => {
    const { script, peer } = keptAlive();
    for (let i = 0; i < 5; i++) {
      peer.expectsAfter(10 * SECOND, { seq: 0 });
      peer.expectsAfter(2 * SECOND, { seq: 0 });
      peer.sends({});
    }
    script.tells();
  });

  it('gives up after the probes it may send, and says so', () => {
    const { script, peer, socket } = keptAlive();
    peer.expectsAfter(10 * SECOND, { seq: 0 });
    peer.expectsAfter(2 * SECOND, { seq: 0 });
    peer.expectsAfter(2 * SECOND, { seq: 0 });
    script.passes(2 * SECOND - 1);
    script.tells();
    script.passes(1);
    script.tells('state 1 ESTABLISHED CLOSED', 'failed 1 ETIMEDOUT');
    // As on Linux: should the peer be there after all, it is to know.
    peer.expects({ flags: 'RST ACK', seq: 1 });
    peer.expectsNothing();
    expect(socket.option(SO_ERROR)).toBe(ETIMEDOUT);
  });

  it('counts the idle time from the last segment that came', () => {
    const { script, peer } = keptAlive();
    script.passes(9 * SECOND);
    peer.sendsData(1);
    peer.expects({ ack: 2 });
    peer.expectsAfter(10 * SECOND, { seq: 0, ack: 2 });
  });

  it('does not probe while something is outstanding (MUST-26)', () => {
    const { script, peer, socket } = keptAlive();
    script.passes(9 * SECOND);
    socket.sends(10);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 10 });
    script.passes(8 * SECOND);
    expect(peer.inbox.every((segment) => segment.payload.length === 10)).toBe(true);
    peer.ignores();
    peer.acks(11);
    script.passes(9 * SECOND);
    peer.expectsNothing();
    script.passes(2 * SECOND);
    peer.expects({ seq: 10, length: 0 });
  });

  it('ends when it is switched off', () => {
    const { script, peer, socket } = keptAlive();
    peer.expectsAfter(10 * SECOND, { seq: 0 });
    socket.sets(SO_KEEPALIVE, 0);
    script.passes(1000 * SECOND);
    peer.expectsNothing();
    script.tells();
  });

  it('takes a new idle time up at once', () => {
    const { script, peer, socket } = keptAlive();
    script.passes(5 * SECOND);
    socket.sets(TCP_KEEPIDLE_SECONDS, 6);
    peer.expectsAfter(6 * SECOND, { seq: 0 });
  });

  it('works on the longest idle time there is, across the wrap of the clock', () => {
    const { peer, socket } = established();
    socket.sets(TCP_KEEPIDLE_SECONDS, 32_767);
    socket.sets(SO_KEEPALIVE, 1);
    peer.expectsAfter(32_767 * SECOND, { seq: 0 });
  });

  it('gives up by the user’s time-out in place of the number of probes', () => {
    const { script, peer, socket } = keptAlive();
    socket.sets(TCP_USER_TIMEOUT_MS, 15_000);
    peer.expectsAfter(10 * SECOND, { seq: 0 });
    for (let i = 0; i < 2; i++) peer.expectsAfter(2 * SECOND, { seq: 0 });
    script.passes(2 * SECOND);
    script.tells('state 1 ESTABLISHED CLOSED', 'failed 1 ETIMEDOUT');
  });

  it('begins with the connection when it was asked for before', () => {
    const { script, peer, listener } = accepted();
    listener.sets(SO_KEEPALIVE, 1);
    listener.sets(TCP_KEEPIDLE_SECONDS, 10);
    const second = script.peer({ port: 41_000 });
    second.hostPort = 80;
    second.sends({ flags: 'SYN' });
    second.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
    second.sends({ ack: 1 });
    second.expectsAfter(10 * SECOND, { seq: 0 });
    peer.expectsNothing();
  });

  it('resets nothing that the peer has forgotten: its reset ends the connection', () => {
    const { script, peer } = keptAlive();
    peer.expectsAfter(10 * SECOND, { seq: 0 });
    peer.sends({ flags: 'RST', seq: 1 });
    script.tells('state 1 ESTABLISHED CLOSED', 'failed 1 ECONNRESET');
  });
});

describe('a keep-alive of the peer', () => {
  for (const length of [0, 1]) {
    it(`is answered, with ${length} garbage bytes (MAY-6)`, () => {
      const { peer, socket } = established();
      peer.sendsData(10);
      peer.expects({ ack: 11 });
      socket.reads();
      peer.sends({ seq: 10, length });
      peer.expects({ seq: 1, ack: 11 });
      expect(socket.readable).toBe(0);
    });
  }

  it('is answered in FIN-WAIT-2 and CLOSE-WAIT', () => {
    const waiting = established();
    waiting.socket.shutsDown();
    waiting.peer.acks(2);
    waiting.peer.ignores();
    waiting.peer.sends({ seq: 0 });
    waiting.peer.expects({ seq: 2, ack: 1 });
    const closed = established();
    closed.peer.sends({ flags: 'FIN ACK' });
    closed.peer.ignores();
    closed.peer.sends({ seq: 1 });
    closed.peer.expects({ seq: 1, ack: 2 });
  });
});

describe('the timers of many connections', () => {
  it('each expire at their own time, in whatever order they were set', () => {
    const script = new Script();
    const random = new Random(17);
    const connections = Array.from({ length: 150 }, (_, i) => {
      const peer = script.peer({ port: 1000 + i });
      const socket = script.socket(i);
      socket.connects(peer.address, peer.port);
      peer.sends({ flags: 'SYN ACK', ack: 1, options: { mss: 1460 } });
      peer.ignores();
      return { peer, socket, idleSeconds: 5 + random.below(900) };
    });
    // The timers of the handshakes are over.
    script.passes(3 * SECOND);
    for (const { socket, idleSeconds } of connections) {
      socket.sets(TCP_KEEPIDLE_SECONDS, idleSeconds);
      socket.sets(SO_KEEPALIVE, 1);
    }
    const start = script.timeUs;
    // One at a time goes on or off again, so that the order changes while timers expire.
    for (let i = 0; i < 60; i++) {
      script.passes(16 * SECOND);
      connections[i].socket.sets(SO_KEEPALIVE, 0);
    }
    connections.forEach(({ peer, idleSeconds }, i) => {
      const offUs = start + (i + 1) * 16 * SECOND;
      const dueUs = start + idleSeconds * SECOND;
      if (i < 60 && dueUs > offUs) peer.expectsNothing();
      else expect(peer.inbox[0].timeUs).toBe(dueUs);
    });
  });
});
