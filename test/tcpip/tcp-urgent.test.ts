/** RFC 9293 §3.8.5: urgent data, which stays in the stream. */
import { describe, expect, it } from 'vitest';
import { established } from './openings.ts';
import { URGENT } from './socket.ts';
import { pattern } from './wire.ts';

describe('RFC 9293 §3.8.5: sending urgent data (MUST-30)', () => {
  it('sets URG, and points behind the last urgent byte (MUST-62)', () => {
    const { peer, socket } = established();
    socket.sends(10, URGENT);
    peer.expects({ flags: 'PSH URG ACK', seq: 1, length: 10, urgent: 10 });
  });

  it('points from every segment up to there, and from none behind', () => {
    const { peer, socket } = established();
    socket.queues(3000, URGENT);
    socket.sends(1000);
    peer.expects({ flags: 'URG ACK', seq: 1, length: 1460, urgent: 3000 });
    peer.expects({ flags: 'URG ACK', seq: 1461, length: 1460, urgent: 1540 });
    peer.expects({ flags: 'PSH URG ACK', seq: 2921, length: 1080, urgent: 80 });
    peer.acks(4001);
    socket.sends(5);
    peer.expects({ flags: 'PSH ACK', seq: 4001, length: 5, urgent: 0 });
  });

  it('moves the pointer on with more urgent data', () => {
    const { peer, socket } = established();
    socket.sends(10, URGENT);
    peer.expects({ flags: 'PSH URG ACK', seq: 1, length: 10, urgent: 10 });
    peer.acks(11);
    socket.sends(4, URGENT);
    peer.expects({ flags: 'PSH URG ACK', seq: 11, length: 4, urgent: 4 });
  });

  it('points as far as the field can, where the data is longer (MUST-31)', () => {
    const { peer, socket } = established({ peer: { wscale: 8 } });
    socket.sends(100_000, URGENT);
    expect(peer.takes()).toMatchObject({ urgent: 65_535 });
    let acked = 1;
    while (acked < 100_001) {
      peer.ignores();
      acked += socket.unacked;
      peer.acks(acked);
    }
    expect(socket.unacked).toBe(0);
    peer.ignores();
    socket.sends(1);
    peer.expects({ flags: 'PSH ACK', seq: 100_001, length: 1, urgent: 0 });
  });

  it('tells a peer with a closed window of it by its probes', () => {
    const { peer, socket } = established();
    peer.sends({ window: 0 });
    socket.sends(10, URGENT);
    peer.expectsNothing();
    // In its place, which tells of it, and out of place, which asks for an answer: as Linux's tcp_write_wakeup.
    peer.expectsAfter(200_000, { flags: 'URG ACK', seq: 1, length: 0, urgent: 10 });
    peer.expects({ flags: 'URG ACK', seq: 0, length: 0, urgent: 11 });
    peer.expectsNothing();
  });

  it('waits for nothing: neither for more, nor for what is out (Linux, tcp_nagle_test)', () => {
    const { peer, socket } = established();
    socket.sends(10);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 10 });
    socket.sends(3);
    peer.expectsNothing();
    socket.sends(1, URGENT);
    peer.expects({ flags: 'PSH URG ACK', seq: 11, length: 4, urgent: 4 });
  });

  it('has each segment point by itself, though the device could cut them', () => {
    const { peer, socket } = established({ segmentBytesMax: 65_000 });
    socket.sends(4000, URGENT);
    peer.expects({ flags: 'URG ACK', seq: 1, length: 1460, urgent: 4000 });
    peer.expects({ flags: 'URG ACK', seq: 1461, length: 1460, urgent: 2540 });
    peer.expects({ flags: 'PSH URG ACK', seq: 2921, length: 1080, urgent: 1080 });
  });

  it('points again when it sends again', () => {
    const { peer, socket } = established();
    socket.sends(10, URGENT);
    peer.expects({ flags: 'PSH URG ACK', seq: 1, length: 10, urgent: 10 });
    peer.expectsAfter(200_000, { flags: 'PSH URG ACK', seq: 1, length: 10, urgent: 10 });
  });
});

describe('RFC 9293 §3.8.5: receiving urgent data', () => {
  it('says how much is left up to its end, also of what has not come (MUST-33)', () => {
    const { peer, socket } = established();
    expect(socket.urgentBytes).toBe(0);
    peer.sends({ flags: 'URG ACK', length: 10, urgent: 25 });
    expect(socket.urgentBytes).toBe(25);
    expect(socket.reads(4)).toBe(4);
    expect(socket.urgentBytes).toBe(21);
    peer.sends({ length: 10 });
    expect(socket.reads()).toBe(16);
    expect(socket.urgentBytes).toBe(5);
    peer.sends({ length: 30 });
    socket.reads();
    expect(socket.urgentBytes).toBe(0);
  });

  it('leaves the urgent bytes in the stream', () => {
    const { peer, socket } = established();
    peer.sends({ flags: 'URG ACK', length: 10, urgent: 5 });
    expect(socket.reads()).toBe(10);
  });

  it('moves its mark forward only (sixth check)', () => {
    const { peer, socket } = established();
    peer.sends({ flags: 'URG ACK', urgent: 100 });
    peer.sends({ flags: 'URG ACK', urgent: 50 });
    expect(socket.urgentBytes).toBe(100);
    peer.sends({ flags: 'URG ACK', urgent: 120 });
    expect(socket.urgentBytes).toBe(120);
  });

  it('takes a pointer of 0 for one to the first byte (Linux, tcp_check_urg), and none without URG', () => {
    const { peer, socket } = established();
    peer.sends({ length: 10, urgent: 500 });
    expect(socket.urgentBytes).toBe(0);
    peer.sends({ flags: 'URG ACK', length: 10, urgent: 0 });
    expect(socket.urgentBytes).toBe(11);
    expect(socket.reads()).toBe(20);
  });

  it('says what the byte is once it has come, be it behind a hole, and tells its owner of either', () => {
    const { script, peer, socket } = established();
    script.forgets();
    peer.sends({ flags: 'URG ACK', urgent: 25 });
    script.tells('urgent 1');
    expect(socket.urgentByte).toBe(-1);
    peer.sends({ seq: 21, length: 10 });
    script.tells('urgent 1');
    expect(socket.urgentByte).toBe(pattern(1, 24)[0]);
    expect(socket.urgentBytes).toBe(25);
    peer.sends({ seq: 1, length: 20 });
    script.tells('readable 1');
    expect(socket.reads(24)).toBe(24);
    expect(socket.urgentBytes).toBe(1);
    socket.reads(1);
    expect([socket.urgentBytes, socket.urgentByte]).toEqual([0, -1]);
  });

  it('makes nothing urgent that has been received (Linux, tcp_check_urg)', () => {
    const { script, peer, socket } = established();
    peer.sends({ length: 10 });
    script.forgets();
    peer.sends({ flags: 'URG ACK', seq: 1, length: 10, urgent: 10 });
    expect(socket.urgentBytes).toBe(0);
    peer.sends({ flags: 'URG ACK', seq: 6, length: 10, urgent: 6 });
    expect([socket.urgentBytes, socket.urgentByte]).toEqual([11, pattern(1, 10)[0]]);
  });

  it('knows no mark once its byte has been taken, however far the stream goes on', () => {
    const { peer, socket } = established();
    peer.sends({ flags: 'URG ACK', length: 10, urgent: 10 });
    socket.reads();
    expect(socket.urgentBytes).toBe(0);
    peer.sends({ flags: 'URG ACK', length: 10, urgent: 1 });
    expect(socket.urgentBytes).toBe(1);
  });

  it('takes no pointer of a segment that it does not accept', () => {
    const { peer, socket } = established();
    peer.sends({ flags: 'URG ACK', seq: 100_000, urgent: 100 });
    peer.sends({ flags: 'URG ACK', ack: 5000, urgent: 100 });
    expect(socket.urgentBytes).toBe(0);
  });
});
