/** RFC 9293 §3.4: nothing changes where sequence numbers wrap, in the middle or at the sign bit. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { established, establishedAtIss } from './openings.ts';

const MSS = 1460;
/** Just before both places where an int32 turns over, and 0, which a stack may take for "none". */
const EDGES = [0, -1, -2, -700, 0x7fff_ffff, 0x7fff_fffe, 0x7fff_ffff - 700];

for (const edge of EDGES) {
  describe(`the peer begins at ${edge}`, () => {
    it('is received in order, out of order, and acknowledged', () => {
      const { peer, socket } = established({ peer: { iss: edge, sackOk: true } });
      peer.sendsData(500);
      peer.expects({ ack: 501 });
      peer.sends({ seq: 1001, length: 500 });
      peer.expects({ ack: 501, options: { sack: [[1001, 1501]] } });
      peer.sends({ seq: 401, length: 600 });
      peer.expects({ ack: 1501, options: { sack: [[401, 501]] } });
      expect(socket.reads()).toBe(1500);
      peer.sends({ seq: 1, length: 100 });
      peer.expects({ ack: 1501, options: { sack: [[1, 101]] } });
    });

    it('is reset by the exact number only, and closes', () => {
      const { peer, socket } = established({ peer: { iss: edge } });
      peer.sends({ flags: 'RST', seq: 2 });
      peer.expects({ ack: 1 });
      peer.sends({ flags: 'RST', seq: 0 });
      expect(socket.state).toBe('ESTABLISHED');
      peer.sends({ flags: 'FIN ACK' });
      peer.expects({ ack: 2 });
      expect(socket.state).toBe('CLOSE-WAIT');
    });

    it('opens and shuts its window', () => {
      const { peer, socket } = established({ peer: { iss: edge } });
      peer.sends({ length: 1, window: 0 });
      peer.expects({ ack: 2 });
      socket.sends(10);
      peer.expectsNothing();
      peer.sends({ length: 1, window: 100 });
      peer.expects({ flags: 'PSH ACK', ack: 3, seq: 1, length: 10 });
    });
  });

  describe(`the stack begins at ${edge}`, () => {
    it('sends, retransmits by the timer, and closes', () => {
      const { peer, socket } = establishedAtIss(edge);
      socket.sends(2000);
      peer.expects({ seq: 1, length: MSS });
      peer.expects({ flags: 'PSH ACK', seq: 1461, length: 540 });
      peer.expectsAfter(200_000, { seq: 1, length: MSS });
      peer.acks(2001);
      socket.shutsDown();
      peer.expects({ flags: 'FIN ACK', seq: 2001 });
      peer.sends({ flags: 'FIN ACK', ack: 2002 });
      peer.expects({ ack: 2 });
      expect(socket.state).toBe('TIME-WAIT');
    });

    it('repairs a loss by duplicates, with SACK and without', () => {
      for (const sackOk of [false, true]) {
        const { peer, socket } = establishedAtIss(edge, { peer: { sackOk } });
        socket.sends(10 * MSS);
        peer.expectsSegments(10, MSS, 1);
        for (let i = 1; i <= 3; i++) {
          peer.sends(sackOk ? { ack: 1, options: { sack: [[1 + MSS, 1 + (1 + i) * MSS]] } } : { ack: 1 });
        }
        peer.expects({ seq: 1, length: MSS });
        peer.acks(1 + 10 * MSS);
        expect(socket.unacked).toBe(0);
      }
    });

    it('believes no acknowledgement from beyond', () => {
      const { peer, socket } = establishedAtIss(edge);
      socket.sends(1000);
      peer.expects({ flags: 'PSH ACK', seq: 1, length: 1000 });
      peer.sends({ ack: 1002 });
      peer.expects({ seq: 1001 });
      peer.acks(1001);
      expect(socket.unacked).toBe(0);
    });

    it('points at urgent data', () => {
      const { peer, socket } = establishedAtIss(edge);
      socket.sends(1000, 2);
      peer.expects({ flags: 'PSH URG ACK', seq: 1, length: 1000, urgent: 1000 });
    });
  });
}

describe('RFC 9293 §3.4.1: initial sequence numbers', () => {
  it('of one pair go with a clock of 4 µs (MUST-8)', () => {
    const { script, peer, socket } = establishedAtIss(1_000_000);
    socket.aborts();
    peer.ignores();
    peer.forgetsHost();
    script.passes(400_000);
    const again = script.socket();
    expect(again.binds(5000)).toBe(0);
    again.connects(peer.address, 80);
    expect(peer.takes().seq).toBe(1_100_000);
  });

  it('of different pairs and different secrets have nothing in common (SHLD-1, MUST-9)', () => {
    const numbers = new Set<number>();
    for (const seed of [1, 2, 3]) {
      for (const port of [80, 81, 82, 83]) {
        const { peer } = established({ config: { seed }, peer: { port } });
        numbers.add(peer.hostIss >>> 24);
      }
    }
    // Twelve upper bytes of a good hash: as many equal ones as this would be a wonder.
    expect(numbers.size).toBeGreaterThan(8);
  });
});

describe('any ISN', () => {
  it('carries bytes both ways', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (peerIss, iss) => {
        const { peer, socket } = establishedAtIss(iss, { peer: { iss: peerIss } });
        socket.sends(3000);
        peer.expectsSegments(2, MSS, 1);
        peer.expects({ flags: 'PSH ACK', seq: 2921, length: 80 });
        peer.sends({ flags: 'PSH ACK', ack: 3001, length: 700 });
        peer.expects({ ack: 701 });
        expect(socket.reads()).toBe(700);
        expect(socket.unacked).toBe(0);
      }),
      { numRuns: 40 },
    );
  });
});
