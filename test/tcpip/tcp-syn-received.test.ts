import { describe, expect, it } from 'vitest';
import { synReceived, synSent } from './openings.ts';

describe('RFC 9293 §3.10.7.4: a segment in SYN-RECEIVED', () => {
  it('is established by the acknowledgement of its SYN-ACK', () => {
    const { script, peer, listener } = synReceived();
    peer.sends({ ack: 1 });
    peer.expectsNothing();
    script.tells('acceptable 9');
    expect(listener.accepts()?.state).toBe('ESTABLISHED');
  });

  for (const ack of [0, 2, -1, 70_000]) {
    it(`answers an acknowledgement of ${ack} with a reset, and goes on waiting (fifth check)`, () => {
      const { script, peer, listener } = synReceived();
      peer.sends({ ack });
      peer.expects({ flags: 'RST', seq: ack });
      script.tells();
      peer.sends({ ack: 1 });
      script.tells('acceptable 9');
      expect(listener.accepts()?.state).toBe('ESTABLISHED');
    });
  }

  it('forgets the connection at an exact reset, and tells nobody (second check)', () => {
    const { script, peer, listener } = synReceived();
    peer.sends({ flags: 'RST', seq: 1 });
    peer.expectsNothing();
    script.tells();
    expect(script.counter('tcpAttemptFails')).toBe(1);
    peer.sends({ seq: 1, ack: 1 });
    peer.expects({ flags: 'RST', seq: 1 });
    expect(listener.state).toBe('LISTEN');
  });

  it('challenges a reset that is in the window and not exact (RFC 5961 §3.2)', () => {
    const { script, peer } = synReceived();
    peer.sends({ flags: 'RST', seq: 100 });
    peer.expects({ seq: 1, ack: 1 });
    expect(script.counter('tcpChallengeAcks')).toBe(1);
    peer.sends({ ack: 1 });
    script.tells('acceptable 9');
  });

  it('ignores a reset outside the window (RFC 5961 §3.2)', () => {
    const { script, peer } = synReceived();
    for (const seq of [0, -5, 70_000]) peer.sends({ flags: 'RST', seq });
    peer.expectsNothing();
    peer.sends({ ack: 1 });
    script.tells('acceptable 9');
  });

  it('sends its SYN-ACK again when the SYN comes again', () => {
    const { script, peer } = synReceived();
    peer.sends({ flags: 'SYN', seq: 0 });
    peer.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
    expect(script.counter('tcpRetransSegs')).toBe(1);
  });

  it('challenges another SYN in the window (RFC 5961 §4.2)', () => {
    const { peer } = synReceived();
    peer.sends({ flags: 'SYN', seq: 50 });
    peer.expects({ seq: 1, ack: 1 });
  });

  it('challenges a segment outside the window (first check)', () => {
    const { script, peer } = synReceived();
    peer.sends({ seq: 100_000, ack: 1 });
    peer.expects({ seq: 1, ack: 1 });
    script.tells();
  });

  it('drops a segment without an acknowledgement (fifth check)', () => {
    const { script, peer } = synReceived();
    for (const flags of ['', 'FIN', 'PSH']) peer.sends({ flags, seq: 1, length: 5 });
    peer.expectsNothing();
    script.tells();
  });

  it('takes the FIN that comes with the acknowledgement, and is readable at once', () => {
    const { script, peer, listener } = synReceived();
    peer.sends({ flags: 'FIN PSH ACK', ack: 1, length: 10 });
    peer.expects({ seq: 1, ack: 12 });
    script.tells('acceptable 9');
    const socket = listener.accepts();
    expect(socket?.state).toBe('CLOSE-WAIT');
    expect(socket?.readable).toBe(10);
    socket?.reads();
    expect(socket?.endOfStream).toBe(true);
  });

  it('holds data that comes before the acknowledgement it lacks is seen, out of order', () => {
    const { script, peer, listener } = synReceived({ peer: { sackOk: true } });
    peer.sends({ seq: 11, ack: 1, length: 10 });
    peer.expects({ seq: 1, ack: 1, options: { sack: [[11, 21]] } });
    script.tells('acceptable 9');
    peer.sends({ seq: 1, length: 10 });
    peer.expects({ ack: 21 });
    expect(listener.accepts()?.readable).toBe(20);
  });
});

describe('RFC 9293 §3.8.3: nobody acknowledges the SYN-ACK', () => {
  it('sends it again after 1, 2, 4 … seconds, and gives up after five', () => {
    const { script, peer } = synReceived();
    for (const seconds of [1, 2, 4, 8, 16]) {
      peer.expectsAfter(seconds * 1_000_000, { flags: 'SYN ACK', seq: 0, ack: 1 });
    }
    script.passes(32_000_000);
    peer.expectsNothing();
    script.tells();
    expect(script.counter('tcpAttemptFails')).toBe(1);
    peer.sends({ seq: 1, ack: 1 });
    peer.expects({ flags: 'RST', seq: 1 });
  });

  it('starts from one segment after two lost SYN-ACKs (RFC 6928 §2)', () => {
    const { peer, listener } = synReceived();
    peer.expectsAfter(1_000_000, { flags: 'SYN ACK', seq: 0, ack: 1 });
    peer.expectsAfter(2_000_000, { flags: 'SYN ACK', seq: 0, ack: 1 });
    peer.sends({ ack: 1 });
    expect(listener.accepts()?.cwnd).toBe(1460);
  });

  it('measures the first round trip by its SYN-ACK (RFC 6298 §2.2)', () => {
    const { script, peer, listener } = synReceived();
    script.passes(80_000);
    peer.sends({ ack: 1 });
    const socket = listener.accepts();
    expect(socket?.srttUs).toBe(80_000);
    expect(socket?.rtoUs).toBe(280_000);
  });
});

describe('what a SYN-ACK offers: only what the SYN offered', () => {
  for (const [peer, options] of [
    [{}, { mss: 1460 }],
    [{ sackOk: true }, { mss: 1460, sackOk: true }],
    [{ wscale: 3 }, { mss: 1460, wscale: 5 }],
    [{ timestamps: true }, { mss: 1460, ts: [0, 700_000] }],
    [
      { timestamps: true, sackOk: true, wscale: 0 },
      { mss: 1460, sackOk: true, ts: [0, 700_000], wscale: 5 },
    ],
    [{ mss: -1 }, { mss: 1460 }],
  ] as const) {
    it(`answers ${JSON.stringify(peer)} with ${JSON.stringify(options)}`, () => {
      const opening = synReceived({ peer });
      expect(opening.synAck).toEqual(options);
      opening.peer.sends({ flags: 'SYN', seq: 0 });
      const again = opening.peer.expects({ flags: 'SYN ACK', seq: 0, ack: 1, window: 65535 });
      expect(opening.peer.relative(again).options).toEqual(options);
    });
  }

  it('offers nothing that the stack has been told not to use', () => {
    const config = { timestamps: false, sack: false, windowScaling: false };
    const { synAck } = synReceived({ config, peer: { timestamps: true, sackOk: true, wscale: 3 } });
    expect(synAck).toEqual({ mss: 1460 });
  });
});

describe('a SYN-RECEIVED that came from an active open (MUST-11)', () => {
  /** The peer's SYN has crossed the stack's. */
  function crossed() {
    const opening = synSent();
    opening.peer.sends({ flags: 'SYN' });
    opening.peer.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
    opening.script.forgets();
    return opening;
  }

  it('tells the user that the connection was refused when a reset comes', () => {
    const { script, peer } = crossed();
    peer.sends({ flags: 'RST', seq: 1 });
    script.tells('state 1 SYN-RECEIVED CLOSED', 'connected 1 ECONNREFUSED');
    expect(script.counter('tcpAttemptFails')).toBe(1);
  });

  it('is established by a bare acknowledgement', () => {
    const { script, peer, socket } = crossed();
    peer.sends({ ack: 1 });
    script.tells('state 1 SYN-RECEIVED ESTABLISHED', 'connected 1 OK');
    expect(socket.state).toBe('ESTABLISHED');
    peer.expectsNothing();
  });

  it('sends its SYN-ACK again when the peer’s SYN comes again', () => {
    const { peer, socket } = crossed();
    peer.sends({ flags: 'SYN', seq: 0 });
    peer.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
    expect(socket.state).toBe('SYN-RECEIVED');
  });

  it('keeps a FIN of the user back until it is established, and is then in FIN-WAIT-1 (§3.10.4)', () => {
    const { script, peer, socket } = crossed();
    expect(socket.shutsDown()).toBe(0);
    peer.expectsNothing();
    peer.sends({ ack: 1 });
    script.tells('state 1 SYN-RECEIVED FIN-WAIT-1', 'connected 1 OK');
    peer.expects({ flags: 'FIN ACK', seq: 1, ack: 1 });
    expect(socket.state).toBe('FIN-WAIT-1');
  });

  it('resets the peer when the user aborts (§3.10.5)', () => {
    const { peer, socket } = crossed();
    socket.aborts();
    peer.expects({ flags: 'RST ACK', seq: 1, ack: 1 });
  });

  it('gives up after as many SYN-ACKs as a passive open', () => {
    const { script, peer } = crossed();
    for (const seconds of [1, 2, 4, 8, 16]) {
      peer.expectsAfter(seconds * 1_000_000, { flags: 'SYN ACK', seq: 0, ack: 1 });
    }
    script.passes(32_000_000);
    script.tells('state 1 SYN-RECEIVED CLOSED', 'connected 1 ETIMEDOUT');
  });
});
