import { describe, expect, it } from 'vitest';
import { established } from './openings.ts';
import { pattern } from './wire.ts';

describe('RFC 9293 §3.10.7.4, seventh check: text in order', () => {
  it('gives the bytes to the user in order, acknowledges them, and tells the owner', () => {
    const { script, peer, socket } = established();
    peer.sendsData(100);
    peer.expects({ seq: 1, ack: 101 });
    script.tells('readable 1');
    peer.sendsData(50);
    peer.expects({ seq: 1, ack: 151 });
    script.tells('readable 1');
    expect(socket.readable).toBe(150);
    expect(socket.reads()).toBe(150);
    expect(socket.readable).toBe(0);
    expect(script.counter('bytesAccepted')).toBe(150);
    expect(script.counter('bytesDelivered')).toBe(150);
  });

  it('answers segments that came together with one acknowledgement (MUST-58, MUST-59)', () => {
    const { peer, socket } = established();
    peer.sendsTogether({ length: 1460 }, { length: 1460 }, { length: 1460 }, { flags: 'PSH ACK', length: 7 });
    peer.expects({ seq: 1, ack: 4388 });
    peer.expectsNothing();
    expect(socket.reads()).toBe(4387);
  });

  it('lets a user take less than there is, and later the rest', () => {
    const { peer, socket } = established();
    peer.sendsTogether({ length: 30 }, { length: 30 }, { length: 30 });
    expect(socket.reads(45)).toBe(45);
    expect(socket.readable).toBe(45);
    expect(socket.reads(1)).toBe(1);
    expect(socket.reads()).toBe(44);
    expect(socket.reads()).toBe(0);
  });

  it('shows the first contiguous piece without moving it', () => {
    const { script, peer, socket } = established();
    const { stack } = script.host;
    expect(stack.tcpPeekAddress(socket.c)).toBe(-1);
    expect(stack.tcpPeekLength(socket.c)).toBe(0);
    peer.sendsData(30);
    const at = stack.tcpPeekAddress(socket.c);
    expect(stack.tcpPeekLength(socket.c)).toBe(30);
    expect(script.region.bytes.slice(at, at + 30)).toEqual(pattern(30));
    socket.reads(10);
    expect(stack.tcpPeekAddress(socket.c)).toBe(at + 10);
    expect(stack.tcpPeekLength(socket.c)).toBe(20);
  });

  it('takes of a segment only what it does not have yet', () => {
    const { script, peer, socket } = established();
    peer.sendsData(100);
    peer.expects({ ack: 101 });
    peer.sends({ flags: 'PSH ACK', seq: 61, length: 90 });
    peer.expects({ ack: 151 });
    expect(socket.reads()).toBe(150);
    expect(script.counter('bytesAccepted')).toBe(150);
  });

  it('acknowledges again what it has already, and counts it', () => {
    const { script, peer, socket } = established();
    peer.sendsData(100);
    peer.expects({ ack: 101 });
    for (const [seq, length] of [
      [1, 100],
      [1, 40],
      [61, 40],
    ]) {
      peer.sends({ seq, length });
      peer.expects({ seq: 1, ack: 101 });
    }
    expect(script.counter('tcpDuplicates')).toBe(3);
    expect(socket.reads()).toBe(100);
  });

  it('takes of a segment only what the window it offered has room for', () => {
    const { peer, socket } = established({ config: { receiveBufferBytes: 4096 } });
    peer.sendsTogether({ length: 1460 }, { length: 1460 }, { length: 1460 });
    peer.expects({ seq: 1, ack: 4097, window: 0 });
    expect(socket.readable).toBe(4096);
    peer.sends({ seq: 4097, length: 284 });
    peer.expects({ seq: 1, ack: 4097, window: 0 });
    expect(socket.readable).toBe(4096);
    expect(socket.reads()).toBe(4096);
    peer.expects({ seq: 1, ack: 4097, window: 4096 });
    peer.sends({ seq: 4097, length: 284 });
    expect(socket.reads()).toBe(284);
  });

  it('drops a FIN that lies beyond the window with the bytes before it', () => {
    const { peer, socket } = established({ config: { receiveBufferBytes: 4096 } });
    peer.sendsTogether({ length: 1460 }, { length: 1460 }, { flags: 'FIN ACK', length: 1460 });
    peer.expects({ ack: 4097 });
    expect(socket.state).toBe('ESTABLISHED');
    socket.reads();
    peer.ignores();
    peer.sends({ flags: 'FIN ACK', seq: 4097, length: 284 });
    peer.expects({ ack: 4382 });
    expect(socket.state).toBe('CLOSE-WAIT');
  });

  it('processes acknowledgement, reset and urgent pointer although its window is closed (MUST-66)', () => {
    const { script, peer, socket } = established({ config: { receiveBufferBytes: 4096 } });
    socket.sends(10);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 10 });
    peer.sendsTogether({ length: 1460 }, { length: 1460 }, { length: 1176 });
    peer.expects({ seq: 11, ack: 4097, window: 0 });
    script.forgets();
    peer.sends({ flags: 'URG ACK', ack: 11, urgent: 5 });
    script.tells('done 0', 'urgent 1');
    expect(socket.urgentBytes).toBe(4101);
    peer.sends({ flags: 'RST' });
    script.tells('state 1 ESTABLISHED CLOSED', 'failed 1 ECONNRESET');
  });

  it('drops text without an acknowledgement (fifth check)', () => {
    const { peer, socket } = established();
    peer.sends({ flags: 'PSH', seq: 1, length: 10 });
    peer.expectsNothing();
    expect(socket.readable).toBe(0);
  });

  it('drops a segment whose checksum is wrong (MUST-3), and takes it when it comes sound', () => {
    const { script, peer, socket } = established();
    const frame = peer.frame({ flags: 'PSH ACK', length: 20 });
    frame[60] ^= 0x40;
    script.inject(frame, 0);
    script.settle();
    peer.expectsNothing();
    expect(script.counter('tcpInErrs')).toBe(1);
    frame[60] ^= 0x40;
    script.inject(frame, 0);
    script.settle();
    peer.expects({ ack: 21 });
    expect(socket.reads()).toBe(20);
  });

  it('takes no byte behind the end of the datagram for payload', () => {
    const { script, peer, socket } = established();
    const padded = new Uint8Array(60);
    padded.set(peer.frame({ flags: 'PSH ACK', length: 2 }));
    padded.fill(0xee, 56);
    script.inject(padded);
    script.settle();
    peer.expects({ ack: 3 });
    expect(socket.reads()).toBe(2);
  });
});

describe('RFC 9293 §3.10.7.4, eighth check: the FIN', () => {
  it('ends the stream only when everything before it has been taken', () => {
    const { script, peer, socket } = established();
    peer.sends({ flags: 'FIN PSH ACK', length: 10 });
    peer.expects({ seq: 1, ack: 12 });
    script.tells('state 1 ESTABLISHED CLOSE-WAIT', 'readable 1');
    expect(socket.endOfStream).toBe(false);
    expect(socket.reads(9)).toBe(9);
    expect(socket.endOfStream).toBe(false);
    socket.reads();
    expect(socket.endOfStream).toBe(true);
  });

  it('waits for what is missing before it', () => {
    const { script, peer, socket } = established();
    peer.sends({ flags: 'FIN ACK', seq: 11, length: 10 });
    peer.expects({ seq: 1, ack: 1 });
    expect(socket.state).toBe('ESTABLISHED');
    script.tells();
    peer.sends({ seq: 1, length: 10 });
    peer.expects({ seq: 1, ack: 22 });
    script.tells('state 1 ESTABLISHED CLOSE-WAIT', 'readable 1');
    expect(socket.reads()).toBe(20);
  });

  it('waits as well when it comes bare before the last bytes', () => {
    const { peer, socket } = established();
    peer.sends({ flags: 'FIN ACK', seq: 21 });
    peer.expects({ seq: 1, ack: 1 });
    peer.sends({ seq: 11, length: 10 });
    peer.expects({ seq: 1, ack: 1 });
    peer.sends({ seq: 1, length: 10 });
    peer.expects({ seq: 1, ack: 22 });
    expect(socket.state).toBe('CLOSE-WAIT');
    expect(socket.reads()).toBe(20);
  });

  it('is told once, however often it comes', () => {
    const { script, peer } = established();
    peer.sends({ flags: 'FIN ACK' });
    peer.expects({ seq: 1, ack: 2 });
    script.forgets();
    for (let i = 0; i < 3; i++) {
      peer.sends({ flags: 'FIN ACK', seq: 1 });
      peer.expects({ seq: 1, ack: 2 });
    }
    script.tells();
  });

  it('lets no text in behind it', () => {
    const { script, peer, socket } = established();
    peer.sends({ flags: 'FIN ACK' });
    peer.expects({ ack: 2 });
    script.forgets();
    peer.sends({ flags: 'PSH ACK', seq: 2, length: 10 });
    peer.expectsNothing();
    script.tells();
    expect(socket.readable).toBe(0);
    expect(script.counter('bytesAccepted')).toBe(0);
  });
});

describe('card memory: packet slots', () => {
  it('puts small segments together when slots run short, so that slots stay for others', () => {
    const { script, peer, socket } = established({ slots: 32 });
    for (let i = 0; i < 80; i++) peer.sendsData(20);
    expect(script.counter('cardCollapseCopies')).toBe(64);
    expect(script.host.packets.available).toBe(16);
    expect(socket.reads()).toBe(1600);
  });

  it('does not acknowledge in-order text for which no slot can be spared, and takes it later', () => {
    const { script, peer, socket } = established({ slots: 32 });
    for (let i = 0; i < 16; i++) peer.sendsData(1400);
    peer.ignores();
    peer.sendsData(1400);
    script.passes(1_000_000);
    peer.expectsNothing();
    expect(script.counter('tcpPacketsPruned')).toBe(1);
    expect(socket.reads()).toBe(16 * 1400);
    peer.ignores();
    peer.sends({ seq: 22_401, length: 1400 });
    // It is acknowledged at once after so long a pause.
    peer.expects({ ack: 23_801 });
    expect(socket.reads()).toBe(1400);
  });

  it('offers less once it could not hold what it had offered, and more again as bytes are used', () => {
    const { script, peer, socket } = established({ slots: 32, config: { receiveBufferBytes: 1 << 16 } });
    const { received } = script.host.stack['tcp'].tcbs[0];
    const before = received.bufferBytes;
    for (let i = 0; i < 16; i++) peer.sendsData(1400);
    peer.ignores();
    const edge = script.host.stack['tcp'].tcbs[0].rcvAdv;
    for (let i = 0; i < 3; i++) peer.sends({ seq: 22_401, length: 1400 });
    expect(received.bufferBytes).toBeLessThanOrEqual(before >> 1);
    expect(received.bufferBytes + received.withheldBytes).toBe(before);
    expect(script.host.stack['tcp'].tcbs[0].rcvAdv).toBe(edge);
    const withheld = received.withheldBytes;
    expect(socket.reads()).toBe(16 * 1400);
    expect(received.withheldBytes).toBe(withheld - 1 - ((16 * 1400) >> 3));
  });

  it('opens a cut window as soon as slots are free, though nothing has been consumed', () => {
    const { script, peer, socket } = established({ slots: 32, config: { receiveBufferBytes: 1 << 16 } });
    const tcb = script.host.stack['tcp'].tcbs[0];
    for (let i = 0; i < 16; i++) peer.sendsData(1400);
    peer.ignores();
    peer.sends({ seq: 22_401, length: 1400 });
    const { bufferBytes, withheldBytes } = tcb.received;
    let seq = 22_401;
    let held = 16 * 1400;
    // All of the cut window is taken, and none of it consumed.
    for (; held + 1400 < bufferBytes + withheldBytes; held += 1400, seq += 1400) {
      while (socket.takes(1 << 16) > 0);
      peer.ignores();
      expect((tcb.rcvAdv - tcb.rcvNxt) | 0, `after ${held} bytes`).toBeGreaterThanOrEqual(1400);
      peer.sends({ seq, length: 1400 });
    }
    expect(held).toBeGreaterThan(bufferBytes);
    expect(tcb.received.unconsumedBytes).toBeGreaterThan(bufferBytes);
  });

  it('gives up what is out of order for what is in order', () => {
    const { script, peer, socket } = established({ slots: 32 });
    for (let i = 1; i <= 20; i++) peer.sends({ seq: 1 + i * 1400, length: 1400 });
    expect(script.counter('tcpOutOfOrder')).toBe(16);
    expect(script.counter('tcpPacketsPruned')).toBe(4);
    peer.ignores();
    peer.sends({ seq: 1, length: 1400 });
    peer.expects({ ack: 1401 });
    expect(script.counter('tcpPacketsPruned')).toBe(20);
    expect(script.host.packets.available).toBe(31);
    expect(socket.reads()).toBe(1400);
  });
});
