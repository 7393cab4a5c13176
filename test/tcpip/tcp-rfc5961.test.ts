/** RFC 5961: blind attacks within the window are answered with a challenge, not obeyed. */
import { describe, expect, it } from 'vitest';
import { accepted, established } from './openings.ts';

describe('RFC 5961 §3: blind resets', () => {
  for (const seq of [2, 100, 65_535]) {
    it(`challenges a reset ${seq - 1} bytes into the window (§3.2 case 3)`, () => {
      const { script, peer, socket } = established();
      peer.sends({ flags: 'RST', seq });
      peer.expects({ seq: 1, ack: 1 });
      expect(socket.state).toBe('ESTABLISHED');
      script.tells();
      expect(script.counter('tcpChallengeAcks')).toBe(1);
    });
  }

  for (const seq of [0, -1, -70_000, 70_000, 2 ** 31 - 10]) {
    it(`says nothing to a reset at ${seq}, outside the window (§3.2 case 1)`, () => {
      const { script, peer, socket } = established();
      peer.sends({ flags: 'RST', seq });
      peer.expectsNothing();
      expect(socket.state).toBe('ESTABLISHED');
      expect(script.counter('tcpChallengeAcks')).toBe(0);
    });
  }

  it('obeys the peer that answers the challenge with the exact number', () => {
    const { script, peer } = established();
    peer.sends({ flags: 'RST', seq: 50 });
    const challenge = peer.expects({ seq: 1, ack: 1 });
    peer.sends({ flags: 'RST', seq: peer.relative(challenge).ack });
    script.tells('state 1 ESTABLISHED CLOSED', 'failed 1 ECONNRESET');
  });

  it('obeys an exact reset whatever its acknowledgement', () => {
    for (const ack of [-5, 1, 700_000]) {
      const { peer, socket } = established();
      peer.sends({ flags: 'RST ACK', ack });
      expect(socket.state).toBe('CLOSED');
    }
  });

  it('takes the number behind what is out of order for inexact', () => {
    const { peer, socket } = established();
    peer.sends({ seq: 11, length: 10 });
    peer.expects({ ack: 1 });
    peer.sends({ flags: 'RST', seq: 21 });
    peer.expects({ ack: 1 });
    expect(socket.state).toBe('ESTABLISHED');
  });
});

describe('RFC 5961 §4: blind SYNs', () => {
  for (const flags of ['SYN', 'SYN ACK', 'SYN FIN', 'SYN PSH ACK']) {
    for (const seq of [0, 1, 500, 100_000, -100_000]) {
      it(`challenges ${flags} at ${seq}, and never resets (§4.2)`, () => {
        const { peer, socket } = accepted();
        peer.sends({ flags, seq });
        peer.expects({ seq: 1, ack: 1 });
        expect(socket.state).toBe('ESTABLISHED');
        peer.expectsNothing();
      });
    }
  }

  it('lets a peer that has restarted reset the old connection by its answer', () => {
    const { peer, socket } = accepted();
    peer.sends({ flags: 'SYN', seq: 40_000 });
    const challenge = peer.relative(peer.takes());
    expect(challenge).toMatchObject({ flags: 'ACK', seq: 1, ack: 1 });
    peer.sends({ flags: 'RST', seq: challenge.ack });
    expect(socket.state).toBe('CLOSED');
    peer.sends({ flags: 'SYN', seq: 40_000 });
    const answer = peer.takes();
    expect(answer.flags).toBe(2 | 16);
  });
});

describe('RFC 5961 §5: blind data', () => {
  it('challenges and drops a segment that acknowledges what was never sent', () => {
    const { peer, socket } = established();
    socket.sends(10);
    peer.ignores();
    peer.sends({ flags: 'PSH ACK', ack: 12, length: 10 });
    peer.expects({ seq: 11, ack: 1 });
    expect(socket.readable).toBe(0);
    expect(socket.unacked).toBe(10);
  });

  it('takes one whose acknowledgement is old by no more than the largest window (MAX.SND.WND)', () => {
    const { peer, socket } = established({ peer: { window: 1000 } });
    socket.sends(1000);
    peer.acks(1001);
    peer.ignores();
    peer.sends({ flags: 'PSH ACK', ack: 1, length: 10 });
    expect(socket.readable).toBe(10);
  });

  it('challenges and drops one whose acknowledgement is older', () => {
    const { peer, socket } = established({ peer: { window: 1000 } });
    socket.sends(1000);
    peer.acks(1001);
    peer.ignores();
    peer.sends({ flags: 'PSH ACK', ack: 0, length: 10 });
    peer.expects({ seq: 1001, ack: 1 });
    expect(socket.readable).toBe(0);
  });
});

describe('RFC 5961 §7: challenges are limited', () => {
  it('sends one in 200 ms for each connection, however often it is provoked', () => {
    const { script, peer } = established();
    for (let i = 0; i < 50; i++) peer.sends({ flags: 'SYN', seq: i });
    peer.expects({ seq: 1, ack: 1 });
    peer.expectsNothing();
    script.passes(199_999);
    peer.sends({ flags: 'RST', seq: 50 });
    peer.expectsNothing();
    script.passes(1);
    peer.sends({ flags: 'RST', seq: 50 });
    peer.expects({ seq: 1, ack: 1 });
    expect(script.counter('tcpChallengeAcks')).toBe(2);
  });

  it('knows that a long time has passed, also where the clock has wrapped meanwhile', () => {
    const { script, peer } = established();
    peer.sends({ flags: 'RST', seq: 50 });
    peer.expects({ seq: 1, ack: 1 });
    for (let minutes = 0; minutes < 40; minutes += 10) script.passes(600_000_000);
    peer.sends({ flags: 'RST', seq: 50 });
    peer.expects({ seq: 1, ack: 1 });
    expect(script.counter('tcpChallengeAcks')).toBe(2);
  });

  it('sends as many as it is told', () => {
    const { peer } = established({ config: { challengeAckUs: 0 } });
    for (let i = 0; i < 5; i++) peer.sends({ flags: 'SYN', seq: i });
    for (let i = 0; i < 5; i++) peer.expects({ seq: 1, ack: 1 });
  });

  it('counts for each connection by itself: no counter can be probed through another (CVE-2016-5696)', () => {
    const { script, peer, listener } = accepted();
    const second = script.peer({ port: 41_000 });
    second.hostPort = 80;
    second.sends({ flags: 'SYN' });
    second.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
    second.sends({ ack: 1 });
    expect(listener.accepts(2)?.state).toBe('ESTABLISHED');
    for (let i = 0; i < 5; i++) peer.sends({ flags: 'SYN', seq: i });
    peer.expects({ seq: 1, ack: 1 });
    second.sends({ flags: 'SYN', seq: 9 });
    second.expects({ seq: 1, ack: 1 });
  });

  it('does not let two stacks answer each other for ever (draft-gont-tcpm-tcp-seq-validation)', () => {
    const { script, peer } = established();
    for (let i = 0; i < 20; i++) {
      peer.sends({ seq: 200_000 });
      script.passes(1000);
    }
    peer.expects({ seq: 1, ack: 1 });
    peer.expectsNothing();
  });

  it('never limits the acknowledgement of data: the peer must learn where it stands', () => {
    const { peer } = established();
    for (let i = 0; i < 5; i++) {
      peer.sends({ seq: -20, length: 10 });
      peer.expects({ seq: 1, ack: 1 });
    }
  });
});
