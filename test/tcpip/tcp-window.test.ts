/** Windows: closed ones and their probes, shrinking ones, silly ones (RFC 9293 §3.8.6). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ETIMEDOUT } from '../../src/socket/errno.ts';
import { SO_RCVBUF, TCP_USER_TIMEOUT_MS } from '../../src/socket/options.ts';
import { windowShift } from '../../src/tcpip/tcp/window.ts';
import { established } from './openings.ts';

const MSS = 1460;

describe('RFC 9293 §3.8.6.1: the peer’s window is closed', () => {
  it('probes it after one RTO, then after twice as long each time (SHLD-29, SHLD-30)', () => {
    const { script, peer, socket } = established();
    peer.sends({ window: 0 });
    socket.sends(10);
    peer.expectsNothing();
    let delayUs = 200_000;
    for (let i = 0; i < 5; i++) {
      peer.expectsAfter(delayUs, { seq: 0, length: 0 });
      peer.sends({ window: 0 });
      peer.expectsNothing();
      delayUs *= 2;
    }
    expect(script.counter('tcpWindowProbes')).toBe(5);
    expect(script.counter('tcpRetransSegs')).toBe(0);
  });

  it('goes on probing for ever as long as the peer answers (MUST-37)', () => {
    const { script, peer, socket } = established({ config: { retries: 3 } });
    peer.sends({ window: 0 });
    socket.sends(10);
    for (let i = 0; i < 40; i++) {
      peer.expectsAfter(Math.min(200_000 * 2 ** i, 120_000_000), { seq: 0, length: 0 });
      peer.sends({ window: 0 });
    }
    script.tells();
    expect(socket.state).toBe('ESTABLISHED');
    peer.sends({ window: 100 });
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 10 });
  });

  it('gives up when nobody answers its probes (MUST-36)', () => {
    const { script, peer, socket } = established({ config: { retries: 3 } });
    peer.sends({ window: 0 });
    socket.sends(10);
    for (const ms of [200, 400, 800]) peer.expectsAfter(ms * 1000, { seq: 0 });
    script.passes(1_600_000);
    script.tells('state 1 ESTABLISHED CLOSED', 'done 0', 'failed 1 ETIMEDOUT');
  });

  it('gives up sooner when the user’s time-out has passed', () => {
    const { script, peer, socket } = established();
    socket.sets(TCP_USER_TIMEOUT_MS, 1000);
    peer.sends({ window: 0 });
    socket.sends(10);
    script.passes(3_000_000);
    script.tells('state 1 ESTABLISHED CLOSED', 'done 0', 'failed 1 ETIMEDOUT');
    expect(socket.sends(1)).toBe(ETIMEDOUT);
  });

  it('sends as soon as the window opens, and forgets the probes', () => {
    const { script, peer, socket } = established();
    peer.sends({ window: 0 });
    socket.sends(10);
    peer.expectsAfter(200_000, { seq: 0 });
    peer.sends({ window: 5000 });
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 10 });
    peer.acks(11);
    script.passes(10_000_000);
    peer.expectsNothing();
  });

  it('probes as well when a window was filled and acknowledged shut', () => {
    const { peer, socket } = established({ peer: { window: 1000 } });
    socket.sends(1500);
    peer.expectsSegments(2, 500, 1);
    peer.acks(1001, 0);
    peer.expectsNothing();
    peer.expectsAfter(socket.rtoUs, { seq: 1000, length: 0 });
    peer.acks(1001, 500);
    peer.expects({ flags: 'PSH ACK', seq: 1001, length: 500 });
  });

  it('ignores a window of an older segment', () => {
    const { peer, socket } = established();
    peer.sendsData(10);
    peer.expects({ ack: 11 });
    peer.sends({ length: 10, window: 0 });
    peer.expects({ ack: 21 });
    peer.sends({ seq: 1, length: 20, window: 5000 });
    peer.expects({ ack: 21 });
    socket.sends(10);
    peer.expectsNothing();
  });

  it('takes a window of 0x8000 and more for large, not negative (MUST-1)', () => {
    const { peer, socket } = established({ peer: { window: 0xffff } });
    socket.sends(10 * MSS);
    peer.expectsSegments(10, MSS, 1);
    expect(socket.unacked).toBe(10 * MSS);
  });
});

describe('a segment that begins in the window and reaches beyond it', () => {
  const config = { receiveBufferBytes: 4000, receiveWindowBytes: 4000 };

  it('is taken as far as the window reaches (RFC 9293 §3.10.7.4)', () => {
    const { peer, socket } = established({ config });
    peer.sends({ seq: 1, length: 1000 });
    peer.expects({ ack: 1001 });
    for (let at = 1001; at < 4001; at += 1400) peer.sends({ seq: at, length: 1400 });
    expect(peer.inbox.map((segment) => peer.relative(segment).ack)).toEqual([2401, 3801, 4001]);
    expect(socket.reads()).toBe(4000);
    peer.ignores();
  });

  it('is taken whole where nothing is unread, and else not at all, if that is wanted, as on Linux', () => {
    const { peer, socket } = established({ config: { ...config, takesBeyondWindow: true } });
    for (let at = 1; at < 4001; at += 1400) peer.sends({ seq: at, length: 1400 });
    expect(peer.inbox.map((segment) => peer.relative(segment).ack)).toEqual([1401, 2801, 2801]);
    expect(socket.reads()).toBe(2800);
    peer.ignores();
  });
});

describe('RFC 9293 §3.8.6: the peer shrinks its window', () => {
  it('sends nothing new, and again only what is inside (SHLD-15, SHLD-16, MUST-34)', () => {
    const { script, peer, socket } = established();
    socket.sends(5 * MSS);
    peer.expectsSegments(5, MSS, 1);
    peer.acks(1 + MSS, MSS);
    socket.sends(5 * MSS);
    peer.expectsNothing();
    script.passes(socket.rtoUs);
    peer.expects({ seq: 1 + MSS, length: MSS });
    peer.expectsNothing();
  });

  it('probes one that was shrunk to nothing with the first segment that is out (MUST-35, MAY-7)', () => {
    const { peer, socket } = established();
    socket.sends(5 * MSS);
    peer.expectsSegments(5, MSS, 1);
    peer.acks(1 + MSS, 0);
    peer.expectsAfter(socket.rtoUs, { seq: 1 + MSS, length: MSS });
    peer.acks(1 + MSS, 0);
    peer.expectsAfter(socket.rtoUs, { seq: 1 + MSS, length: MSS });
  });

  it('does not give up while the peer answers, though its window stays shut (SHLD-17)', () => {
    const { peer, socket } = established({ config: { retries: 3 } });
    socket.sends(5 * MSS);
    peer.acks(1 + MSS, 0);
    peer.ignores();
    for (let i = 0; i < 20; i++) {
      peer.expectsAfter(socket.rtoUs, { seq: 1 + MSS, length: MSS });
      peer.acks(1 + MSS, 0);
    }
    expect(socket.state).toBe('ESTABLISHED');
    peer.acks(1 + 5 * MSS);
    expect(socket.unacked).toBe(0);
  });
});

describe('RFC 9293 §3.8.6.2.1: the sender avoids silly windows (MUST-38)', () => {
  it('does not send a piece that fills a sliver of a large window', () => {
    const { peer, socket } = established();
    socket.sends(10 * MSS);
    peer.expectsSegments(10, MSS, 1);
    peer.acks(1 + 10 * MSS, 100);
    socket.sends(5 * MSS);
    peer.expectsNothing();
    peer.acks(1 + 10 * MSS, MSS);
    peer.expects({ seq: 1 + 10 * MSS, length: MSS });
  });

  it('sends a piece that fills half of the largest window it has seen', () => {
    const { peer, socket } = established({ peer: { window: 1000 } });
    socket.sends(3000);
    peer.expectsSegments(2, 500, 1);
    peer.acks(1001, 499);
    peer.expectsNothing();
    peer.acks(1001, 500);
    peer.expects({ flags: 'ACK', seq: 1001, length: 500 });
  });

  it('sends what fits after all when the override timer expires', () => {
    const { peer, socket } = established();
    peer.sends({ window: 100 });
    socket.sends(3000);
    peer.expectsNothing();
    peer.expectsAfter(200_000, { flags: 'ACK', seq: 1, length: 100 });
  });

  it('sends a short last piece at once when it fits', () => {
    const { peer, socket } = established();
    peer.sends({ window: 100 });
    socket.sends(60);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 60 });
  });
});

describe('RFC 9293 §3.8.6.2.2: the receiver avoids silly windows (MUST-39)', () => {
  it('offers what its buffer has room for, and never takes back what it offered (SHLD-14)', () => {
    const { peer, socket } = established({ config: { receiveBufferBytes: 8000 } });
    peer.sendsData(1000);
    peer.expects({ ack: 1001, window: 7000 });
    peer.sendsData(1000);
    peer.expects({ ack: 2001, window: 6000 });
    socket.sets(SO_RCVBUF, 4000);
    peer.sendsData(10);
    peer.expects({ ack: 2011, window: 5990 });
  });

  it('tells of room only when it is worth a segment or half the buffer', () => {
    const { peer, socket } = established({ config: { receiveBufferBytes: 8000 } });
    for (let i = 0; i < 8; i++) peer.sendsData(1000);
    peer.ignores();
    socket.reads(900);
    peer.expectsNothing();
    socket.reads(99);
    peer.expectsNothing();
    socket.reads(1);
    peer.expects({ ack: 8001, window: 1000 });
    socket.reads(500);
    peer.expectsNothing();
  });

  it('keeps the window shut in its acknowledgements until the room is worth it', () => {
    const { peer, socket } = established({ config: { receiveBufferBytes: 8000 } });
    for (let i = 0; i < 8; i++) peer.sendsData(1000);
    peer.ignores();
    socket.reads(500);
    peer.sends({ seq: 8001, length: 1 });
    peer.expects({ ack: 8001, window: 0 });
    socket.reads(500);
    peer.expects({ ack: 8001, window: 1000 });
  });

  it('says nothing of a few bytes read, though its buffer is larger than the field can say', () => {
    const { peer, socket } = established();
    for (let i = 0; i < 16; i++) {
      peer.sendsData(10);
      peer.expects({ ack: 11 + i * 10 });
      expect(socket.reads()).toBe(10);
      peer.expectsNothing();
    }
  });

  it('never repeats an acknowledgement because of what is read, whatever the unit of its window', () => {
    const reading = fc.record({
      length: fc.integer({ min: 1, max: 1460 }),
      reads: fc.integer({ min: 0, max: 3000 }),
    });
    const buffer = fc.constantFrom(4000, 60_000, 200_000, 1 << 20, 1 << 24, 1 << 29);
    fc.assert(
      fc.property(buffer, fc.boolean(), fc.array(reading, { maxLength: 80 }), (bytes, scaling, steps) => {
        const config = { receiveBufferBytes: bytes, receiveWindowBytes: Math.min(bytes, 60_000) };
        const { peer, socket } = established({ peer: scaling ? { wscale: 0 } : {}, config });
        const shift = scaling ? windowShift(bytes) : 0;
        let edge = (Math.min(bytes, 60_000) >> shift) << shift;
        let last = '';
        for (const { length, reads } of steps) {
          if (peer.next - 1 + length <= edge) peer.sendsData(length);
          socket.reads(reads);
          for (const { ack, window } of peer.inbox) {
            const told = `${ack} ${window}`;
            expect(told).not.toBe(last);
            last = told;
            edge = ((ack - peer.iss - 1) | 0) + (window << shift);
          }
          peer.ignores();
        }
      }),
      { numRuns: 60 },
    );
  });

  it('opens the window only when the program has used the bytes, not when they are taken', () => {
    const { peer, socket } = established({ config: { receiveBufferBytes: 4000 } });
    for (let i = 0; i < 4; i++) peer.sendsData(1000);
    peer.ignores();
    expect(socket.takes(4000)).toBe(4000);
    peer.expectsNothing();
    socket.consumes(1000);
    peer.expects({ ack: 4001, window: 1000 });
    socket.consumes(3000);
    peer.expects({ ack: 4001, window: 4000 });
  });

  it('opens the window when the program leaves what it has taken and not used, so that more is reset', () => {
    const { peer, socket } = established({ config: { receiveBufferBytes: 4000 } });
    for (let i = 0; i < 4; i++) peer.sendsData(1000);
    peer.ignores();
    expect(socket.takes(4000)).toBe(4000);
    socket.closes();
    peer.expects({ flags: 'FIN ACK', ack: 4001, window: 4000 });
    peer.sends({ ack: 2 });
    peer.sendsData(1000);
    peer.expects({ flags: 'RST', seq: 2 });
  });

  it('and says so to a peer that has had the FIN before', () => {
    const { peer, socket } = established({ config: { receiveBufferBytes: 4000 } });
    socket.shutsDown();
    for (let i = 0; i < 4; i++) peer.sendsData(1000);
    peer.ignores();
    expect(socket.takes(4000)).toBe(4000);
    socket.closes();
    peer.expects({ flags: 'ACK', ack: 4001, window: 4000 });
  });

  it('answers a probe of its closed window with the window it has', () => {
    const { peer, socket } = established({ config: { receiveBufferBytes: 4000 } });
    for (let i = 0; i < 4; i++) peer.sendsData(1000);
    peer.ignores();
    peer.sends({ seq: 4000 });
    peer.expects({ ack: 4001, window: 0 });
    socket.reads();
    peer.expects({ ack: 4001, window: 4000 });
    peer.sends({ seq: 4001, length: 1 });
    peer.expects({ ack: 4002 });
  });

  it('says nothing of room to a peer that has closed', () => {
    const { peer, socket } = established({ config: { receiveBufferBytes: 4000 } });
    for (let i = 0; i < 4; i++) peer.sendsData(1000);
    peer.sends({ flags: 'FIN ACK', seq: 4001 });
    peer.ignores();
    socket.reads();
    peer.expectsNothing();
  });

  it('tells the user the window it offers', () => {
    const { script, peer, socket } = established({ config: { receiveBufferBytes: 4000 } });
    const { stack } = script.host;
    expect(stack.tcpRcvWndBytes(socket.c)).toBe(4000);
    peer.sendsData(1000);
    expect(stack.tcpRcvWndBytes(socket.c)).toBe(3000);
    peer.sends({ window: 1234 });
    expect(stack.tcpSndWndBytes(socket.c)).toBe(1234);
  });
});
