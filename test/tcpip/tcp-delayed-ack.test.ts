import { describe, expect, it } from 'vitest';
import { TCP_QUICKACK } from '../../src/socket/options.ts';
import type { StackConfig } from '../../src/tcpip/config.ts';
import { established } from './openings.ts';

/** A connection that delays acknowledgements from the first segment on. */
function delaying() {
  return established({ config: { quickAcks: 0 } });
}

/** A connection that has answered ten bytes with ten: its acknowledgements wait for answers. */
function conversing(config: Partial<StackConfig> = {}) {
  const { script, peer, socket } = established({ config });
  peer.sendsData(10);
  peer.expects({ ack: 11 });
  socket.takes(10);
  socket.sends(10);
  peer.expects({ flags: 'PSH ACK', seq: 1, length: 10 });
  script.passes(1000);
  return { script, peer, socket };
}

describe('RFC 9293 §3.8.6.3 delayed acknowledgements', () => {
  it('waits 40 ms for company for a single segment (SHLD-18, MUST-40)', () => {
    const { script, peer } = delaying();
    peer.sendsData(100);
    peer.expectsAfter(40_000, { seq: 1, ack: 101 });
    expect(script.counter('tcpDelayedAcks')).toBe(1);
  });

  it('waits as long as it is told to', () => {
    const { peer } = established({ config: { quickAcks: 0, delayedAckUs: 400_000 } });
    peer.sendsData(100);
    peer.expectsAfter(400_000, { seq: 1, ack: 101 });
  });

  it('counts the 40 ms from the first segment that waits', () => {
    const { script, peer } = delaying();
    peer.sendsData(1000);
    script.passes(30_000);
    peer.sendsData(1);
    peer.expects({ seq: 1, ack: 1002 });
    peer.sendsData(600);
    script.passes(30_000);
    peer.sendsData(100);
    peer.expectsAfter(10_000, { seq: 1, ack: 1702 });
  });

  it('acknowledges every second full-sized segment at once (SHLD-19)', () => {
    const { script, peer } = delaying();
    for (let i = 0; i < 4; i++) {
      peer.sends({ length: 1460 });
      peer.expectsNothing();
      peer.sends({ length: 1460 });
      peer.expects({ seq: 1, ack: 1 + (i + 1) * 2920 });
    }
    expect(script.counter('tcpDelayedAcks')).toBe(0);
  });

  it('takes the largest segment it has seen for full-sized', () => {
    const { peer } = delaying();
    peer.sends({ length: 1000 });
    peer.expectsNothing();
    peer.sends({ length: 1000 });
    peer.expects({ ack: 2001 });
    for (let i = 0; i < 10; i++) peer.sends({ length: 100 });
    peer.expectsNothing();
    peer.sends({ length: 1 });
    peer.expects({ ack: 3002 });
  });

  it('lets the acknowledgement ride on data that the user sends in time', () => {
    const { script, peer, socket } = delaying();
    peer.sendsData(100);
    script.passes(10_000);
    socket.sends(20);
    peer.expects({ flags: 'PSH ACK', seq: 1, ack: 101, length: 20 });
    script.passes(100_000);
    peer.expectsNothing();
    expect(script.counter('tcpDelayedAcks')).toBe(0);
  });

  it('acknowledges the end of a write once the user has taken all there is (Linux)', () => {
    const { script, peer, socket } = delaying();
    peer.sendsData(100);
    socket.takes(60);
    peer.expectsNothing();
    socket.takes(40);
    peer.expects({ seq: 1, ack: 101 });
    peer.sends({ length: 1460 });
    socket.takes(1460);
    peer.expectsNothing();
    // A full segment that ends a write is the end of it all the same, and is the second one.
    peer.sendsData(1460);
    peer.expects({ ack: 3021 });
    peer.sendsData(1460);
    peer.expectsNothing();
    socket.takes(2920);
    peer.expects({ ack: 4481 });
    expect(script.counter('tcpDelayedAcks')).toBe(0);
  });

  it('acknowledges the end of a write in a conversation with the answer, that of a second one when it is taken', () => {
    const { peer, socket } = conversing();
    peer.sends({ flags: 'PSH ACK', ack: 11, length: 100 });
    socket.takes(100);
    peer.expectsNothing();
    peer.sends({ flags: 'PSH ACK', ack: 11, length: 100 });
    peer.expectsNothing();
    socket.takes(100);
    peer.expects({ seq: 11, ack: 211 });
  });

  it('acknowledges at once when a sparing user says of a few bytes that it has consumed them', () => {
    const { script, peer, socket } = conversing();
    peer.sends({ flags: 'PSH ACK', ack: 11, length: 100 });
    socket.takes(100);
    socket.consumes(40);
    peer.expectsNothing();
    socket.consumes(60, true);
    peer.expects({ seq: 11, ack: 111 });
    expect(script.counter('tcpDelayedAcks')).toBe(0);
  });

  it('goes on to wait where what is consumed is as much as sparing users say at once', () => {
    const { peer, socket } = conversing({ receiveBufferBytes: 65_536 });
    for (let i = 1; i <= 2; i++) {
      peer.sends({ ack: 11, length: 1460 });
      peer.sends({ ack: 11, length: 1460 });
      peer.expects({ ack: 11 + i * 2920 });
    }
    peer.sends({ flags: 'PSH ACK', ack: 11, length: 100 });
    socket.takes(5940);
    socket.consumes(5940, true);
    peer.expectsAfter(40_000, { seq: 11, ack: 5951 });
  });

  it('acknowledges quickly again after a pause of more than a time-out (Linux)', () => {
    const { script, peer } = established({ config: { quickAcks: 1 } });
    for (let i = 0; i < 2; i++) {
      peer.sendsData(10);
      peer.expects({ ack: 11 + i * 20 });
      peer.sendsData(10);
      peer.expectsAfter(40_000, { ack: 21 + i * 20 });
      script.passes(2_000_000);
    }
  });

  it('acknowledges at once for as many segments as it should at the start, then later', () => {
    const { peer } = established({ config: { quickAcks: 3 } });
    for (let i = 1; i <= 3; i++) {
      peer.sendsData(100);
      peer.expects({ seq: 1, ack: 1 + i * 100 });
    }
    peer.sendsData(100);
    peer.expectsAfter(40_000, { seq: 1, ack: 401 });
  });

  it('stops to acknowledge at once in a conversation: the answer carries the acknowledgement', () => {
    const { script, peer, socket } = established();
    peer.sendsData(10);
    peer.expects({ ack: 11 });
    socket.sends(10);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 10 });
    script.passes(10_000);
    peer.sends({ flags: 'PSH ACK', ack: 11, length: 10 });
    peer.expectsNothing();
    script.passes(10_000);
    socket.sends(10);
    peer.expects({ flags: 'PSH ACK', seq: 11, ack: 21, length: 10 });
  });

  it('acknowledges at once again when the conversation turns out to be none', () => {
    const { peer, socket } = established();
    peer.sendsData(10);
    peer.expects({ ack: 11 });
    socket.sends(10);
    peer.expects({ flags: 'PSH ACK', length: 10 });
    peer.sends({ flags: 'PSH ACK', ack: 11, length: 10 });
    peer.expectsAfter(40_000, { seq: 11, ack: 21 });
    peer.sendsData(10);
    peer.expects({ seq: 11, ack: 31 });
  });

  it('never waits with the acknowledgement of a FIN', () => {
    const { peer } = delaying();
    peer.sends({ flags: 'FIN ACK' });
    peer.expects({ seq: 1, ack: 2 });
  });

  it('never answers a bare acknowledgement', () => {
    const { script, peer } = delaying();
    for (let i = 0; i < 5; i++) peer.sends({});
    script.passes(1_000_000);
    peer.expectsNothing();
  });

  it('owes nothing after the connection has been reset', () => {
    const { script, peer } = delaying();
    peer.sendsData(10);
    peer.sends({ flags: 'RST' });
    script.passes(1_000_000);
    peer.expectsNothing();
  });
});

describe('RFC 5681 §4.2: at once where the sender needs to know', () => {
  it('answers each segment out of order', () => {
    const { peer } = delaying();
    for (const seq of [2921, 5841, 8761]) {
      peer.sends({ seq, length: 1460 });
      peer.expects({ seq: 1, ack: 1 });
      peer.expectsNothing();
    }
  });

  it('answers a segment that fills a hole, wholly or in part', () => {
    const { peer } = delaying();
    peer.sends({ seq: 201, length: 100 });
    peer.expects({ ack: 1 });
    peer.sends({ seq: 1, length: 100 });
    peer.expects({ ack: 101 });
    peer.sends({ seq: 101, length: 100 });
    peer.expects({ ack: 301 });
  });

  it('owes as many duplicates as segments came together, where each counts, but no more than four', () => {
    const { peer } = delaying();
    const late = (n: number) => ({ seq: 1 + n * 1460, length: 1460 });
    peer.sendsTogether(late(1), late(2), late(3));
    for (let i = 0; i < 3; i++) peer.expects({ seq: 1, ack: 1 });
    peer.expectsNothing();
    peer.sendsTogether(...[4, 5, 6, 7, 8, 9, 10].map(late));
    for (let i = 0; i < 4; i++) peer.expects({ seq: 1, ack: 1 });
    peer.expectsNothing();
  });

  it('answers them together where SACK blocks say it all', () => {
    const { peer } = established({ peer: { sackOk: true } });
    peer.sendsTogether({ seq: 1461, length: 1460 }, { seq: 4381, length: 1460 });
    peer.expects({
      seq: 1,
      ack: 1,
      options: {
        sack: [
          [4381, 5841],
          [1461, 2921],
        ],
      },
    });
    peer.expectsNothing();
  });
});

describe('TCP_QUICKACK', () => {
  it('set to 1 sends at once what is owed, and acknowledges at once from then on', () => {
    const { peer, socket } = established({ config: { quickAcks: 2 } });
    for (let i = 0; i < 2; i++) peer.sendsData(10);
    peer.ignores();
    peer.sendsData(10);
    peer.expectsNothing();
    socket.sets(TCP_QUICKACK, 1);
    peer.expects({ seq: 1, ack: 31 });
    peer.sendsData(10);
    peer.expects({ seq: 1, ack: 41 });
    expect(socket.option(TCP_QUICKACK)).toBe(1);
  });

  it('set to 0 delays from then on', () => {
    const { peer, socket } = established();
    socket.sets(TCP_QUICKACK, 0);
    expect(socket.option(TCP_QUICKACK)).toBe(0);
    peer.sendsData(10);
    peer.expectsAfter(40_000, { seq: 1, ack: 11 });
  });
});
