import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { established } from './openings.ts';

/** RFC 6298 §2 in floating point. */
class Estimator {
  srtt = 0;
  rttvar = 0;

  sample(us: number): void {
    if (this.srtt === 0) {
      this.srtt = us;
      this.rttvar = us / 2;
      return;
    }
    this.rttvar = 0.75 * this.rttvar + 0.25 * Math.abs(this.srtt - us);
    this.srtt = 0.875 * this.srtt + 0.125 * us;
  }

  get rto(): number {
    return this.srtt + Math.max(200_000, 4 * this.rttvar);
  }
}

describe('RFC 6298 §2: the round-trip time', () => {
  it('starts with the sample, and half of it for the variance (§2.2)', () => {
    const { socket } = established({ roundTripUs: 1_000_000 - 1 });
    expect(socket.srttUs).toBe(999_999);
    expect(Math.abs(socket.rtoUs - 3 * 999_999)).toBeLessThan(8);
  });

  it('weighs a new sample with an eighth, and its error with a quarter (§2.3)', () => {
    const { script, peer, socket } = established({ roundTripUs: 400_000 });
    socket.sends(10);
    script.passes(800_000);
    peer.acks(11);
    expect(socket.srttUs).toBe(450_000);
    expect(socket.rtoUs).toBe(450_000 + 4 * (150_000 + 100_000));
  });

  it('follows the RFC for any round trips (against the same in floating point)', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400_000 }), { maxLength: 30 }), (trips) => {
        const { script, peer, socket } = established({ roundTripUs: 100_000 });
        const estimator = new Estimator();
        estimator.sample(100_000);
        let sent = 1;
        for (const us of trips) {
          // Never longer than the RTO: what is sent again is no measurement.
          const trip = Math.min(us, socket.rtoUs - 1);
          socket.sends(10);
          sent += 10;
          script.passes(trip);
          peer.acks(sent);
          estimator.sample(trip);
          expect(Math.abs(socket.srttUs - estimator.srtt)).toBeLessThan(10);
          expect(Math.abs(socket.rtoUs - estimator.rto)).toBeLessThan(40);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('is never less than the round trip and 200 ms, or what it is told', () => {
    expect(established({ roundTripUs: 10 }).socket.rtoUs).toBe(200_010);
    const { socket } = established({ roundTripUs: 10, config: { rtoMinUs: 1_000_000 } });
    expect(socket.rtoUs).toBe(1_000_010);
  });

  it('stays above a steady round trip by what a peer may delay its acknowledgement (as Linux)', () => {
    const { script, peer, socket } = established({ roundTripUs: 300_000 });
    for (let i = 0; i < 60; i++) {
      socket.sends(10);
      script.passes(300_000);
      peer.acks(11 + i * 10);
      peer.ignores();
    }
    expect(socket.rtoUs).toBe(500_000);
    socket.sends(10);
    script.passes(340_000);
    peer.acks(611);
    expect(script.counter('tcpRetransSegs')).toBe(0);
  });

  it('times one segment at a time, and the acknowledgement that covers it', () => {
    const { script, peer, socket } = established({ roundTripUs: 100_000 });
    socket.sends(1460);
    script.passes(50_000);
    socket.sends(1460);
    script.passes(50_000);
    peer.acks(2921);
    expect(socket.srttUs).toBe(100_000);
  });

  it('takes no sample from what was sent again (§3, Karn)', () => {
    const { script, peer, socket } = established({ roundTripUs: 100_000 });
    socket.sends(10);
    script.passes(310_000);
    peer.acks(11);
    expect(socket.srttUs).toBe(100_000);
    expect(socket.rtoUs).toBe(600_000);
  });

  it('keeps the doubled RTO until there is a sample (§5.5)', () => {
    const { script, peer, socket } = established({ roundTripUs: 100_000 });
    expect(socket.rtoUs).toBe(300_000);
    socket.sends(10);
    script.passes(300_000);
    peer.acks(11);
    expect(socket.rtoUs).toBe(600_000);
    socket.sends(10);
    script.passes(100_000);
    peer.acks(21);
    expect(socket.rtoUs).toBe(100_000 + 200_000);
  });

  it('takes one from what was sent again when timestamps tell which (RFC 7323 §4)', () => {
    const { script, peer, socket } = established({ roundTripUs: 100_000, peer: { timestamps: true } });
    socket.sends(10);
    script.passes(300_000);
    script.passes(200_000);
    peer.acks(11);
    expect(socket.srttUs).toBe(100_000 + 100_000 / 8);
  });

  it('is not fooled by an echo that is in the future, or older than a quarter of an hour', () => {
    const { script, peer, socket } = established({ roundTripUs: 100_000, peer: { timestamps: true } });
    for (const echo of [peer.echo + 5000, peer.echo - 1_000_001, 0]) {
      socket.sends(10);
      script.passes(socket.rtoUs);
      peer.sends({ ack: socket.unacked + peer.acked, options: { ts: [peer.clock, echo] } });
      peer.ignores();
      expect(socket.srttUs).toBe(100_000);
    }
  });

  it('takes no sample of an acknowledgement that acknowledges nothing new (RFC 7323 §4.1)', () => {
    const { script, peer, socket } = established({ roundTripUs: 100_000, peer: { timestamps: true } });
    script.passes(900_000);
    peer.sends({});
    peer.sendsData(10);
    expect(socket.srttUs).toBe(100_000);
  });
});
