import { describe, expect, it } from 'vitest';
import { ETIMEDOUT } from '../../src/socket/errno.ts';
import { TCP_USER_TIMEOUT_MS } from '../../src/socket/options.ts';
import { accepted, established } from './openings.ts';

describe('RFC 6298 §5: the retransmission timer', () => {
  it('sends again after 200 ms, then twice as long each time (§5.4 to §5.6)', () => {
    const { script, peer, socket } = established();
    socket.sends(10);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 10 });
    for (const ms of [200, 400, 800, 1600, 3200, 6400]) {
      peer.expectsAfter(ms * 1000, { flags: 'PSH ACK', seq: 1, length: 10 });
    }
    expect(script.counter('tcpTimeouts')).toBe(6);
    expect(script.counter('tcpRetransSegs')).toBe(6);
    expect(script.counter('tcpRetransBytes')).toBe(60);
    expect(script.host.stack.tcpRetransmissions(socket.c)).toBe(6);
  });

  it('sends the earliest segment first, and no more than that (§5.4, RFC 5681 §3.1)', () => {
    const { peer, socket } = established();
    socket.sends(5000);
    peer.expectsSegments(3, 1460, 1);
    peer.expects({ flags: 'PSH ACK', seq: 4381, length: 620 });
    peer.expectsAfter(200_000, { seq: 1, length: 1460 });
    peer.expectsNothing();
  });

  it('goes on from the first byte after a time-out, in slow start', () => {
    const { peer, socket } = established();
    socket.sends(14_600);
    peer.expectsSegments(10, 1460, 1);
    peer.expectsAfter(200_000, { seq: 1, length: 1460 });
    expect(socket.cwnd).toBe(1460);
    peer.acks(1461);
    peer.expectsSegments(2, 1460, 1461);
    peer.acks(2921);
    peer.acks(4381);
    peer.expectsSegments(4, 1460, 4381);
    peer.expectsNothing();
  });

  it('skips what the first acknowledgement after a time-out shows to have arrived', () => {
    const { script, peer, socket } = established();
    socket.sends(14_600);
    peer.expectsSegments(10, 1460, 1);
    peer.expectsAfter(200_000, { seq: 1, length: 1460 });
    peer.acks(14_601);
    peer.expectsNothing();
    script.passes(10_000_000);
    peer.expectsNothing();
    expect(script.counter('tcpRetransSegs')).toBe(1);
  });

  it('stops when everything is acknowledged (§5.2)', () => {
    const { script, peer, socket } = established();
    socket.sends(10);
    peer.acks(11);
    peer.ignores();
    script.passes(10_000_000);
    peer.expectsNothing();
  });

  it('starts anew at an acknowledgement of new data, from the present RTO (§5.3)', () => {
    const { script, peer, socket } = established();
    socket.sends(2000);
    peer.expects({ seq: 1, length: 1460 });
    peer.expects({ flags: 'PSH ACK', seq: 1461, length: 540 });
    script.passes(150_000);
    peer.acks(1461);
    const { rtoUs } = socket;
    peer.expectsAfter(rtoUs, { flags: 'PSH ACK', seq: 1461, length: 540 });
  });

  it('does not start anew when more is sent while it runs (§5.1)', () => {
    const { script, peer, socket } = established({ config: { slowStartAfterIdle: false } });
    socket.sends(1460);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 1460 });
    script.passes(150_000);
    socket.sends(1460);
    peer.expects({ flags: 'PSH ACK', seq: 1461, length: 1460 });
    peer.expectsAfter(50_000, { flags: 'PSH ACK', seq: 1, length: 1460 });
  });

  it('is not put off by acknowledgements that say nothing new', () => {
    const { script, peer, socket } = established();
    socket.sends(10);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 10 });
    for (let i = 0; i < 19; i++) {
      script.passes(10_000);
      peer.sends({ window: 60_000 + i });
    }
    peer.expectsAfter(10_000, { flags: 'PSH ACK', seq: 1, length: 10 });
  });

  it('never sends old and new bytes in one segment, nor more than was lost', () => {
    const { peer, socket } = established();
    socket.sends(100);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 100 });
    socket.sends(50);
    peer.expectsNothing();
    peer.expectsAfter(200_000, { flags: 'PSH ACK', seq: 1, length: 100 });
    peer.acks(101);
    peer.expects({ flags: 'PSH ACK', seq: 101, length: 50 });
  });

  it('puts together in one segment what was sent in small ones', () => {
    const { script, peer, socket } = established();
    socket.sends(10);
    socket.queues(20);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 10 });
    peer.acks(1);
    socket.queues(30);
    script.passes(200_000);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 10 });
    peer.acks(11);
    peer.expects({ flags: 'PSH ACK', seq: 11, length: 50 });
    peer.expectsAfter(socket.rtoUs, { flags: 'PSH ACK', seq: 11, length: 50 });
  });

  it('sends the rest again of a segment of which a part was acknowledged', () => {
    const { peer, socket } = established();
    socket.sends(100);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 100 });
    peer.acks(41);
    peer.expectsAfter(socket.rtoUs, { flags: 'PSH ACK', seq: 41, length: 60 });
  });

  it('is no longer than the most it may be', () => {
    const { script, peer, socket } = established({ config: { rtoMaxUs: 1_000_000 } });
    socket.sends(10);
    peer.ignores();
    for (const ms of [200, 400, 800, 1000, 1000]) {
      peer.expectsAfter(ms * 1000, { flags: 'PSH ACK', seq: 1, length: 10 });
    }
    script.forgets();
  });

  it('runs on time across the wrap of the clock', () => {
    const { peer, socket } = established({ startUs: 0x7fff_ffff - 100_000 });
    socket.sends(10);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 10 });
    peer.expectsAfter(200_000, { flags: 'PSH ACK', seq: 1, length: 10 });
  });
});

describe('RFC 9293 §3.8.3: giving up', () => {
  it('fails with ETIMEDOUT after 15 retransmissions, more than 100 s (SHLD-11)', () => {
    const { script, peer, socket } = established();
    socket.sends(10);
    script.passes(900_000_000);
    expect(peer.inbox.length).toBe(16);
    script.tells();
    script.passes(100_000_000);
    script.tells('state 1 ESTABLISHED CLOSED', 'done 0', 'failed 1 ETIMEDOUT');
    expect(peer.inbox.length).toBe(16);
    expect(socket.sends(1)).toBe(ETIMEDOUT);
  });

  it('fails after as many as it is told', () => {
    const { script, peer, socket } = established({ config: { retries: 2 } });
    socket.sends(10);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 10 });
    peer.expectsAfter(200_000, { flags: 'PSH ACK', seq: 1, length: 10 });
    peer.expectsAfter(400_000, { flags: 'PSH ACK', seq: 1, length: 10 });
    script.passes(800_000);
    script.tells('state 1 ESTABLISHED CLOSED', 'done 0', 'failed 1 ETIMEDOUT');
  });

  it('counts anew after any progress', () => {
    const { script, peer, socket } = established({ config: { retries: 3 } });
    socket.sends(30);
    peer.ignores();
    for (const ack of [11, 21]) {
      for (const doubling of [1, 2, 4]) {
        peer.expectsAfter(socket.rtoUs, { flags: 'PSH ACK', seq: ack - 10, length: 41 - ack });
        expect(doubling).toBeGreaterThan(0);
      }
      peer.acks(ack);
    }
    script.tells();
    expect(socket.state).toBe('ESTABLISHED');
  });

  it('fails when the user’s own time-out has passed (MUST-21)', () => {
    const { script, peer, socket } = established();
    socket.sets(TCP_USER_TIMEOUT_MS, 1000);
    socket.sends(10);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 10 });
    peer.expectsAfter(200_000, { flags: 'PSH ACK', seq: 1, length: 10 });
    peer.expectsAfter(400_000, { flags: 'PSH ACK', seq: 1, length: 10 });
    // It counts from the first time-out on, as on Linux.
    script.passes(599_999);
    script.tells();
    script.passes(1);
    script.tells('state 1 ESTABLISHED CLOSED', 'done 0', 'failed 1 ETIMEDOUT');
  });

  it('asks for the neighbour’s hardware address anew after three (MUST-20: R1)', () => {
    const { script, socket } = established({
      config: { neighbourReachableUs: 1_000_000, neighbourDelayUs: 1_500_000 },
    });
    socket.sends(10);
    script.passes(500_000);
    const asked = script.counter('arpRequestsSent');
    script.passes(2_000_000);
    expect(script.counter('arpRequestsSent')).toBe(asked + 1);
  });

  it('says nothing more to a peer it has given up, and resets what comes late', () => {
    const { script, peer, socket } = established({ config: { retries: 0 } });
    socket.sends(10);
    script.passes(200_000);
    script.tells('state 1 ESTABLISHED CLOSED', 'done 0', 'failed 1 ETIMEDOUT');
    peer.ignores();
    peer.acks(11);
    peer.expects({ flags: 'RST', seq: 11 });
  });
});

describe('orphans: connections whose user is gone', () => {
  it('sends what is queued, and its FIN', () => {
    const { script, peer, socket } = established({ peer: { window: 1000 } });
    socket.queues(1500);
    socket.closes();
    peer.expects({ seq: 1, length: 500 });
    peer.expects({ seq: 501, length: 500 });
    peer.acks(1001);
    peer.expects({ flags: 'FIN PSH ACK', seq: 1001, length: 500 });
    peer.acks(1502);
    script.tells('done 0');
  });

  it('gives up after fewer retransmissions, and tells nobody (tcp_orphan_retries)', () => {
    const { script, peer, socket } = established({ config: { orphanRetries: 2 } });
    socket.closes();
    peer.expects({ flags: 'FIN ACK', seq: 1 });
    peer.expectsAfter(200_000, { flags: 'FIN ACK', seq: 1 });
    peer.expectsAfter(400_000, { flags: 'FIN ACK', seq: 1 });
    script.passes(10_000_000);
    peer.expectsNothing();
    script.tells();
    peer.acks(2);
    peer.expects({ flags: 'RST', seq: 2 });
  });

  it('leaves FIN-WAIT-2 after a minute when the peer never closes (tcp_fin_timeout)', () => {
    const { script, peer, socket } = established();
    socket.closes();
    peer.expects({ flags: 'FIN ACK', seq: 1 });
    peer.acks(2);
    script.passes(59_999_999);
    peer.sends({ seq: 0, ack: 2 });
    peer.expects({ seq: 2, ack: 1 });
    script.passes(1);
    peer.sends({ seq: 1, ack: 2 });
    peer.expects({ flags: 'RST', seq: 2 });
  });

  it('leaves it after a minute as well when the user closes there', () => {
    const { script, peer, socket } = accepted();
    socket.shutsDown();
    peer.acks(2);
    peer.ignores();
    script.passes(100_000_000);
    expect(socket.state).toBe('FIN-WAIT-2');
    socket.closes();
    script.passes(59_999_999);
    peer.sends({ seq: 0, ack: 2 });
    peer.expects({ seq: 2, ack: 1 });
    script.passes(1);
    peer.sends({ seq: 1, ack: 2 });
    peer.expects({ flags: 'RST', seq: 2 });
  });

  it('goes to TIME-WAIT like any other when the peer closes in time', () => {
    const { script, peer, socket } = established();
    socket.closes();
    peer.expects({ flags: 'FIN ACK', seq: 1 });
    peer.sends({ flags: 'FIN ACK', ack: 2 });
    peer.expects({ seq: 2, ack: 2 });
    script.passes(59_000_000);
    peer.sends({ flags: 'FIN ACK', seq: 1 });
    peer.expects({ seq: 2, ack: 2 });
    script.tells();
  });

  it('gives a closed window fewer probes', () => {
    const { script, peer, socket } = established({ config: { orphanRetries: 2 } });
    peer.sends({ window: 0 });
    socket.queues(10);
    socket.closes();
    peer.expectsNothing();
    peer.expectsAfter(200_000, { seq: 0 });
    peer.expectsAfter(400_000, { seq: 0 });
    script.passes(800_000);
    peer.expectsNothing();
    script.tells('done 0');
    peer.acks(1);
    peer.expects({ flags: 'RST', seq: 1 });
  });
});
