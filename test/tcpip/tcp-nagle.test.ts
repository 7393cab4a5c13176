/** When a small segment goes out: RFC 9293 §3.7.4 (Nagle), §3.9.1.2 (PUSH), and MORE. */
import { describe, expect, it } from 'vitest';
import { TCP_NODELAY } from '../../src/socket/options.ts';
import { established, synSent } from './openings.ts';
import { MORE } from './socket.ts';

const MSS = 1460;

describe('RFC 9293 §3.7.4: Nagle (SHLD-7)', () => {
  it('sends a small segment at once when nothing is out', () => {
    const { peer, socket } = established();
    socket.sends(1);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 1 });
  });

  it('holds the next small ones until the first is acknowledged, then sends them as one', () => {
    const { peer, socket } = established();
    socket.sends(1);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 1 });
    for (let i = 0; i < 5; i++) socket.sends(10);
    peer.expectsNothing();
    peer.acks(2);
    peer.expects({ flags: 'PSH ACK', seq: 2, length: 50 });
    peer.expectsNothing();
  });

  it('sends full segments meanwhile, and holds only what is left over', () => {
    const { peer, socket } = established();
    socket.sends(1);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 1 });
    socket.sends(MSS + 10);
    peer.expects({ flags: 'ACK', seq: 2, length: MSS });
    peer.expectsNothing();
    peer.acks(2);
    peer.expects({ flags: 'PSH ACK', seq: 2 + MSS, length: 10 });
  });

  it('holds nothing for full segments that are out (Minshall)', () => {
    const { peer, socket } = established();
    socket.sends(2 * MSS);
    peer.expectsSegments(2, MSS, 1);
    socket.sends(10);
    peer.expects({ flags: 'PSH ACK', seq: 1 + 2 * MSS, length: 10 });
  });

  it('fills a segment up as the user writes', () => {
    const { peer, socket } = established();
    socket.sends(1);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 1 });
    for (let i = 0; i < 15; i++) socket.sends(100);
    peer.expects({ flags: 'ACK', seq: 2, length: MSS });
    peer.expectsNothing();
  });

  it('is off with TCP_NODELAY (MUST-17), also for what waits already', () => {
    const { peer, socket } = established();
    socket.sends(1);
    socket.sends(10);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 1 });
    peer.expectsNothing();
    socket.sets(TCP_NODELAY, 1);
    peer.expects({ flags: 'PSH ACK', seq: 2, length: 10 });
    for (let i = 0; i < 3; i++) socket.sends(5);
    for (let i = 0; i < 3; i++) peer.expects({ flags: 'PSH ACK', seq: 12 + i * 5, length: 5 });
    socket.sets(TCP_NODELAY, 0);
    expect(socket.option(TCP_NODELAY)).toBe(0);
    socket.sends(5);
    peer.expectsNothing();
  });

  it('puts together what the user queued before anything could go', () => {
    const { peer, socket } = synSent();
    for (let i = 0; i < 4; i++) socket.sends(10);
    peer.sends({ flags: 'SYN ACK', ack: 1 });
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 40 });
    peer.expectsNothing();
  });
});

describe('MORE: the user announces that more follows', () => {
  it('holds a short last piece, and sends full ones', () => {
    const { peer, socket } = established();
    socket.sends(MSS + 100, MORE);
    peer.expects({ flags: 'ACK', seq: 1, length: MSS });
    peer.expectsNothing();
    socket.sends(50);
    peer.expects({ flags: 'PSH ACK', seq: 1 + MSS, length: 150 });
  });

  it('does not hold it for ever (MUST-60)', () => {
    const { peer, socket } = established();
    socket.sends(10, MORE);
    peer.expectsNothing();
    peer.expectsAfter(200_000, { flags: 'PSH ACK', seq: 1, length: 10 });
  });

  it('is taken back by a push (MAY-15)', () => {
    const { script, peer, socket } = established();
    socket.sends(10, MORE);
    peer.expectsNothing();
    script.host.stack.tcpPush(socket.c, script.nowUs);
    script.settle();
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 10 });
  });

  it('means nothing to a push when nothing is queued', () => {
    const { script, peer, socket } = established();
    script.host.stack.tcpPush(socket.c, script.nowUs);
    script.settle();
    peer.expectsNothing();
  });
});

describe('RFC 9293 §3.9.1.2: PSH', () => {
  it('is on the last segment of what is queued, and only there (MUST-61, SHLD-27)', () => {
    const { peer, socket } = established();
    socket.sends(3 * MSS + 7);
    for (let i = 0; i < 3; i++) peer.expects({ flags: 'ACK', seq: 1 + i * MSS, length: MSS });
    peer.expects({ flags: 'PSH ACK', seq: 1 + 3 * MSS, length: 7 });
  });

  it('is on each segment that a write ends, and on none that ends amid one (Linux)', () => {
    const { peer, socket } = established();
    socket.queues(1000);
    socket.queues(MSS - 1000);
    socket.queues(1000);
    socket.queues(1000);
    socket.sends(0);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: MSS });
    peer.expects({ flags: 'ACK', seq: 1 + MSS, length: MSS });
    peer.expects({ flags: 'PSH ACK', seq: 1 + 2 * MSS, length: 2000 - MSS });
  });

  it('is not on a segment that ends where more was announced', () => {
    const { peer, socket } = established();
    socket.queues(MSS, MORE);
    socket.sends(10);
    peer.expects({ flags: 'ACK', seq: 1, length: MSS });
    peer.expects({ flags: 'PSH ACK', seq: 1 + MSS, length: 10 });
  });

  it('is on the last segment that the window lets out only where a write ends', () => {
    const { peer, socket } = established({ peer: { window: 2 * MSS } });
    socket.sends(3 * MSS);
    peer.expects({ flags: 'ACK', seq: 1, length: MSS });
    peer.expects({ flags: 'ACK', seq: 1 + MSS, length: MSS });
    peer.acks(1 + MSS);
    peer.expects({ flags: 'PSH ACK', seq: 1 + 2 * MSS, length: MSS });
  });
});

describe('contexts: the bytes are the user’s again', () => {
  it('answers each when its last byte is acknowledged, in order', () => {
    const { script, peer, socket } = established();
    socket.queues(100);
    socket.queues(100);
    socket.sends(100);
    peer.acks(100);
    script.tells();
    peer.acks(101);
    script.tells('done 0');
    peer.acks(301);
    script.tells('done 1', 'done 2');
  });

  it('answers a send of nothing at once', () => {
    const { script, peer, socket } = established();
    expect(socket.sends(0)).toBe(0);
    script.tells('done 0');
    peer.expectsNothing();
  });

  it('answers none that was not given', () => {
    const { script, peer, socket } = established();
    const { stack, scratch } = script.host;
    script.region.bytes[scratch] = 0;
    expect(stack.tcpSend(socket.c, scratch, 1, -1, 0, script.nowUs)).toBe(0);
    script.settle();
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 1 });
    peer.acks(2);
    script.tells();
  });
});
