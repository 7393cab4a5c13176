import { describe, expect, it } from 'vitest';
import {
  EALREADY,
  ECONNREFUSED,
  EHOSTUNREACH,
  EISCONN,
  ENETUNREACH,
  ETIMEDOUT,
} from '../../src/socket/errno.ts';
import { SO_ERROR, TCP_USER_TIMEOUT_MS } from '../../src/socket/options.ts';
import { established, synSent } from './openings.ts';
import { Script } from './script.ts';
import { ADDRESS_A, ADDRESS_B } from './wire.ts';

describe('RFC 9293 §3.10.1: an active OPEN', () => {
  it('sends a SYN with everything it offers, and a window that is not scaled', () => {
    const script = new Script();
    const peer = script.peer();
    const socket = script.socket();
    expect(socket.connects(peer.address, 80)).toBe(0);
    peer.expects({
      flags: 'SYN',
      seq: 0,
      window: 65535,
      options: { mss: 1460, sackOk: true, ts: [0, 0], wscale: 5 },
    });
    script.tells('state 1 CLOSED SYN-SENT');
    expect(script.counter('tcpActiveOpens')).toBe(1);
  });

  for (const [config, options] of [
    [{ timestamps: false }, { mss: 1460, sackOk: true, wscale: 5 }],
    [{ sack: false }, { mss: 1460, ts: [0, 0], wscale: 5 }],
    [{ windowScaling: false }, { mss: 1460, sackOk: true, ts: [0, 0] }],
    [{ timestamps: false, sack: false, windowScaling: false }, { mss: 1460 }],
    [{ receiveBufferBytes: 65535 }, { mss: 1460, sackOk: true, ts: [0, 0], wscale: 0 }],
    [{ receiveBufferBytes: 1 << 29 }, { mss: 1460, sackOk: true, ts: [0, 0], wscale: 14 }],
  ] as const) {
    it(`offers only what ${JSON.stringify(config)} leaves`, () => {
      const script = new Script({ config });
      const peer = script.peer();
      script.socket().connects(peer.address, 80);
      peer.expects({ flags: 'SYN', seq: 0, options });
    });
  }

  it('asks for the hardware address first, and sends the SYN as soon as it knows it', () => {
    const script = new Script();
    script.answersArp = false;
    const peer = script.peer({ introduced: false });
    const socket = script.socket();
    socket.connects(peer.address, 80);
    peer.expectsNothing();
    script.answersArp = true;
    script.passes(1_000_000);
    peer.expects({ flags: 'SYN', seq: 0 });
    expect(script.counter('arpRequestsSent')).toBe(2);
  });

  it('fails with EHOSTUNREACH when nobody answers three requests for the hardware address', () => {
    const script = new Script();
    script.answersArp = false;
    const socket = script.socket();
    expect(socket.connects(ADDRESS_B, 80)).toBe(0);
    script.forgets();
    script.passes(2_999_999);
    script.tells();
    script.passes(1);
    script.tells('state 1 SYN-SENT CLOSED', 'connected 1 EHOSTUNREACH');
    expect(script.counter('arpRequestsSent')).toBe(3);
    expect(script.counter('tcpAttemptFails')).toBe(1);
    expect(socket.option(SO_ERROR)).toBe(EHOSTUNREACH);
  });

  it('refuses an address that is nobody’s, or to which there is no route (MUST-46)', () => {
    const script = new Script();
    const socket = script.socket();
    for (const address of [-1, 0x0a0000ff, 0xe0000001 | 0, 0x0b000001]) {
      expect(socket.connects(address, 80)).toBe(ENETUNREACH);
    }
    expect(socket.connects(ADDRESS_B, 0)).toBe(ECONNREFUSED);
    expect(socket.state).toBe('CLOSED');
    script.tells();
  });

  it('takes the source address from the route, or the one it was bound to (MUST-43, MUST-44)', () => {
    const script = new Script();
    const { stack } = script.host;
    const remote = script.socket(1);
    remote.connects(ADDRESS_B, 80);
    expect(stack.tcpLocalAddress(remote.c)).toBe(ADDRESS_A);
    const local = script.socket(2);
    local.connects(0x7f000005, 80);
    expect(stack.tcpLocalAddress(local.c)).toBe(0x7f000001);
    const bound = script.socket(3);
    expect(bound.binds(0, ADDRESS_A)).toBe(0);
    bound.connects(0x7f000001, 80);
    expect(stack.tcpLocalAddress(bound.c)).toBe(ADDRESS_A);
  });

  it('refuses to connect twice', () => {
    const { peer, socket } = synSent();
    expect(socket.connects(peer.address, 80)).toBe(EALREADY);
    peer.sends({ flags: 'SYN ACK', ack: 1 });
    expect(socket.connects(peer.address, 80)).toBe(EISCONN);
  });
});

describe('RFC 9293 §3.10.7.3: a segment in SYN-SENT', () => {
  it('is established by a SYN-ACK, acknowledges it at once, and tells its owner', () => {
    const { script, peer, socket } = synSent();
    peer.sends({ flags: 'SYN ACK', ack: 1, options: { mss: 1000 } });
    peer.expects({ seq: 1, ack: 1, options: {} });
    peer.expectsNothing();
    script.tells('state 1 SYN-SENT ESTABLISHED', 'connected 1 OK');
    expect(socket.state).toBe('ESTABLISHED');
  });

  for (const ack of [0, 2, -1, 100_000, -2_000_000_000]) {
    for (const flags of ['ACK', 'SYN ACK', 'FIN ACK']) {
      it(`answers ${flags} of ${ack} with a reset, and goes on waiting (first check)`, () => {
        const { script, peer, socket } = synSent();
        peer.sends({ flags, ack });
        peer.expects({ flags: 'RST', seq: ack });
        expect(socket.state).toBe('SYN-SENT');
        script.tells();
        peer.sends({ flags: 'SYN ACK', seq: 0, ack: 1 });
        expect(socket.state).toBe('ESTABLISHED');
      });
    }
    it(`drops RST ACK of ${ack} (first check)`, () => {
      const { script, peer, socket } = synSent();
      peer.sends({ flags: 'RST ACK', ack });
      peer.expectsNothing();
      expect(socket.state).toBe('SYN-SENT');
      script.tells();
    });
  }

  it('is refused by a reset that acknowledges its SYN (second check)', () => {
    const { script, peer, socket } = synSent();
    peer.sends({ flags: 'RST ACK', seq: 0, ack: 1 });
    script.tells('state 1 SYN-SENT CLOSED', 'connected 1 ECONNREFUSED');
    peer.expectsNothing();
    expect(script.counter('tcpAttemptFails')).toBe(1);
    expect(socket.sends(10)).toBe(ECONNREFUSED);
  });

  it('drops a reset without an acknowledgement (second check)', () => {
    const { script, peer, socket } = synSent();
    for (const flags of ['RST', 'SYN RST']) peer.sends({ flags });
    expect(socket.state).toBe('SYN-SENT');
    script.tells();
  });

  for (const flags of ['ACK', 'FIN ACK', 'PSH ACK', '', 'FIN']) {
    it(`drops ${flags || 'a segment without flags'} that is neither SYN nor wrong (fifth check)`, () => {
      const { script, peer, socket } = synSent();
      peer.sends({ flags, seq: 0, ack: 1, length: 7 });
      peer.expectsNothing();
      expect(socket.state).toBe('SYN-SENT');
      script.tells();
    });
  }

  it('opens simultaneously with a peer whose SYN crosses its own (MUST-10, §3.5 figure 8)', () => {
    const { script, peer, socket } = synSent();
    peer.sends({ flags: 'SYN' });
    peer.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
    script.tells('state 1 SYN-SENT SYN-RECEIVED');
    peer.sends({ flags: 'SYN ACK', seq: 0, ack: 1 });
    script.tells('state 1 SYN-RECEIVED ESTABLISHED', 'connected 1 OK');
    peer.expects({ seq: 1, ack: 1 });
    expect(socket.sends(5)).toBe(0);
    peer.expects({ flags: 'PSH ACK', seq: 1, ack: 1, length: 5 });
  });

  it('answers data in the SYN-ACK only as far as the SYN', () => {
    const { peer, socket } = synSent();
    peer.sends({ flags: 'SYN ACK', ack: 1, length: 10 });
    peer.expects({ seq: 1, ack: 1 });
    expect(socket.readable).toBe(0);
  });
});

describe('RFC 9293 §3.8.3 and RFC 6298: nobody answers the SYN', () => {
  it('sends it again after 1, 2, 4 … seconds, for more than three minutes (MUST-22, MUST-23)', () => {
    const { script, peer, socket } = synSent();
    for (const seconds of [1, 2, 4, 8, 16, 32, 64]) {
      peer.expectsAfter(seconds * 1_000_000, { flags: 'SYN', seq: 0 });
    }
    script.tells();
    script.passes(119_999_999);
    script.tells();
    script.passes(1);
    script.tells('state 1 SYN-SENT CLOSED', 'connected 1 ETIMEDOUT');
    peer.expectsNothing();
    expect(script.timeUs).toBeGreaterThan(180_000_000);
    expect(script.counter('tcpRetransSegs')).toBe(7);
    expect(socket.option(SO_ERROR)).toBe(ETIMEDOUT);
  });

  it('gives up after as many SYNs as it is told to send', () => {
    const { script, peer } = synSent({ config: { synRetries: 2 } });
    peer.expectsAfter(1_000_000, { flags: 'SYN', seq: 0 });
    peer.expectsAfter(2_000_000, { flags: 'SYN', seq: 0 });
    script.passes(4_000_000);
    script.tells('state 1 SYN-SENT CLOSED', 'connected 1 ETIMEDOUT');
  });

  it('sends the first SYNs again at even intervals where it is told to', () => {
    const { script, peer } = synSent({ config: { synRetries: 2, synLinearRetries: 3 } });
    for (let i = 0; i < 3; i++) peer.expectsAfter(1_000_000, { flags: 'SYN', seq: 0 });
    // The interval begins to double with the next.
    peer.expectsAfter(1_000_000, { flags: 'SYN', seq: 0 });
    peer.expectsAfter(2_000_000, { flags: 'SYN', seq: 0 });
    script.passes(4_000_000);
    script.tells('state 1 SYN-SENT CLOSED', 'connected 1 ETIMEDOUT');
  });

  it('gives up sooner where the user asks for it (MUST-21)', () => {
    const { script, peer, socket } = synSent();
    socket.sets(TCP_USER_TIMEOUT_MS, 2500);
    peer.expectsAfter(1_000_000, { flags: 'SYN', seq: 0 });
    script.passes(2_000_000);
    script.tells('state 1 SYN-SENT CLOSED', 'connected 1 ETIMEDOUT');
  });

  it('starts from one segment after two lost SYNs, with an RTO of 3 s (RFC 6928 §2, RFC 6298 §5.7)', () => {
    const { script, peer, socket } = synSent();
    peer.expectsAfter(1_000_000, { flags: 'SYN', seq: 0 });
    peer.expectsAfter(2_000_000, { flags: 'SYN', seq: 0 });
    script.passes(5000);
    peer.sends({ flags: 'SYN ACK', ack: 1, options: { mss: 1460 } });
    peer.expects({ seq: 1, ack: 1 });
    expect(socket.cwnd).toBe(1460);
    expect(socket.srttUs).toBe(0);
    expect(socket.rtoUs).toBe(3_000_000);
  });
});

describe('the user in SYN-SENT', () => {
  it('queues data that goes out once the connection is established', () => {
    const { peer, socket } = synSent();
    expect(socket.sends(100)).toBe(0);
    peer.expectsNothing();
    peer.sends({ flags: 'SYN ACK', ack: 1 });
    peer.expects({ flags: 'PSH ACK', seq: 1, ack: 1, length: 100 });
    peer.expectsNothing();
  });

  it('ends the connect by a shutdown, whatever half it names, and may open another', () => {
    const { script, peer, socket } = synSent();
    expect(socket.shutsDown()).toBe(0);
    script.tells('state 1 SYN-SENT CLOSED', 'connected 1 ECONNRESET');
    peer.expectsNothing();
    expect(socket.listens()).toBe(0);
  });

  it('closes without a word to the peer', () => {
    const { script, peer, socket } = synSent();
    socket.sends(10);
    socket.closes();
    peer.expectsNothing();
    script.tells('done 0');
    peer.sends({ flags: 'SYN ACK', ack: 1 });
    peer.expects({ flags: 'RST', seq: 1 });
  });

  it('answers every context when the connection is refused, and counts the bytes as discarded', () => {
    const { script, peer, socket } = synSent();
    socket.sends(10);
    socket.sends(20);
    peer.sends({ flags: 'RST ACK', seq: 0, ack: 1 });
    script.tells('state 1 SYN-SENT CLOSED', 'done 0', 'done 1', 'connected 1 ECONNREFUSED');
    expect(script.counter('bytesDiscarded')).toBe(30);
  });

  it('measures the first round trip by the handshake (RFC 6298 §2.2)', () => {
    const { socket } = established({ roundTripUs: 300_000 });
    expect(socket.srttUs).toBe(300_000);
    expect(socket.rtoUs).toBe(300_000 + 4 * 150_000);
  });
});
