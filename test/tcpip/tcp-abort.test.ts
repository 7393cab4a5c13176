import { describe, expect, it } from 'vitest';
import { ECONNRESET, EPIPE } from '../../src/socket/errno.ts';
import { SO_ERROR, SO_LINGER_SECONDS } from '../../src/socket/options.ts';
import { accepted, established } from './openings.ts';

describe('RFC 9293 §3.10.5: the user aborts', () => {
  it('sends a reset with the next number, discards what is queued, and answers every context', () => {
    const { script, peer, socket } = established({ peer: { window: 1000 } });
    socket.sends(600);
    socket.sends(900);
    peer.expects({ flags: 'ACK', seq: 1, length: 500 });
    peer.expects({ flags: 'PSH ACK', seq: 501, length: 100 });
    peer.expectsNothing();
    socket.aborts();
    peer.expects({ flags: 'RST ACK', seq: 601, ack: 1 });
    script.tells('done 0', 'done 1');
    expect(script.counter('bytesUnacknowledged')).toBe(600);
    expect(script.counter('bytesDiscarded')).toBe(900);
    expect(script.counter('tcpOutRsts')).toBe(1);
  });

  it('resets in FIN-WAIT-1 and FIN-WAIT-2 with the number after its FIN', () => {
    for (const acked of [1, 2]) {
      const { peer, socket } = established();
      socket.shutsDown();
      peer.expects({ flags: 'FIN ACK', seq: 1 });
      peer.acks(acked);
      socket.aborts();
      peer.expects({ flags: 'RST ACK', seq: 2, ack: 1 });
    }
  });

  it('resets in CLOSE-WAIT, and acknowledges the peer’s FIN with it', () => {
    const { peer, socket } = established();
    peer.sends({ flags: 'FIN ACK' });
    peer.expects({ ack: 2 });
    socket.aborts();
    peer.expects({ flags: 'RST ACK', seq: 1, ack: 2 });
  });

  it('says nothing in TIME-WAIT, which goes on', () => {
    const { script, peer, socket } = established();
    socket.shutsDown();
    peer.acks(2);
    peer.sends({ flags: 'FIN ACK' });
    peer.ignores();
    socket.aborts();
    peer.expectsNothing();
    script.passes(30_000_000);
    peer.sends({ flags: 'FIN ACK', seq: 1 });
    peer.expects({ seq: 2, ack: 2 });
  });

  it('forgets the connection at once: what the peer sends next is answered with a reset', () => {
    const { peer, socket } = established();
    socket.aborts();
    peer.expects({ flags: 'RST ACK', seq: 1, ack: 1 });
    peer.sendsData(10);
    peer.expects({ flags: 'RST', seq: 1 });
  });

  it('throws away what was received and not read', () => {
    const { script, peer, socket } = established();
    peer.sendsData(100);
    peer.sends({ seq: 201, length: 100 });
    peer.ignores();
    expect(script.host.packets.available).toBe(script.host.packets.count - 2);
    socket.aborts();
    expect(script.host.packets.available).toBe(script.host.packets.count);
    expect(script.counter('bytesUnread')).toBe(100);
  });
});

describe('RFC 9293 §3.6.1: a close that loses data resets (SHLD-3)', () => {
  it('resets when the user closes with bytes unread', () => {
    const { script, peer, socket } = established();
    peer.sendsData(10);
    peer.expects({ ack: 11 });
    socket.closes();
    peer.expects({ flags: 'RST ACK', seq: 1, ack: 11 });
    expect(script.counter('bytesUnread')).toBe(10);
  });

  it('closes in good order when everything was read', () => {
    const { peer, socket } = established();
    peer.sendsData(10);
    peer.expects({ ack: 11 });
    socket.reads();
    socket.closes();
    peer.expects({ flags: 'FIN ACK', seq: 1, ack: 11 });
  });

  it('resets when bytes come that nobody will read any more', () => {
    const { peer, socket } = established();
    socket.closes();
    peer.expects({ flags: 'FIN ACK', seq: 1, ack: 1 });
    peer.acks(2);
    peer.sendsData(10);
    peer.expects({ flags: 'RST', seq: 2 });
    peer.sends({ seq: 11, ack: 2 });
    peer.expects({ flags: 'RST', seq: 2 });
  });

  it('does not reset for bytes that had been here before', () => {
    const { peer, socket } = established();
    peer.sendsData(10);
    peer.expects({ ack: 11 });
    socket.reads();
    socket.closes();
    peer.expects({ flags: 'FIN ACK', seq: 1, ack: 11 });
    peer.sends({ flags: 'PSH ACK', seq: 1, ack: 1, length: 10 });
    peer.expects({ seq: 2, ack: 11 });
  });

  it('still delivers to a user who has only shut down', () => {
    const { peer, socket } = established();
    socket.shutsDown();
    peer.expects({ flags: 'FIN ACK', seq: 1 });
    peer.acks(2);
    peer.sendsData(10);
    peer.expects({ seq: 2, ack: 11 });
    expect(socket.reads()).toBe(10);
  });
});

describe('SO_LINGER', () => {
  it('of 0 makes a close an abort', () => {
    const { script, peer, socket } = established();
    socket.sets(SO_LINGER_SECONDS, 0);
    socket.sends(10);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 10 });
    socket.closes();
    peer.expects({ flags: 'RST ACK', seq: 11, ack: 1 });
    script.tells('done 0');
  });

  it('of more than 0 leaves the close as it is', () => {
    const { peer, socket } = established();
    socket.sets(SO_LINGER_SECONDS, 10);
    socket.closes();
    peer.expects({ flags: 'FIN ACK', seq: 1 });
  });

  it('is off when negative, whatever the number', () => {
    const { socket } = established();
    expect(socket.option(SO_LINGER_SECONDS)).toBe(-1);
    socket.sets(SO_LINGER_SECONDS, 5);
    expect(socket.option(SO_LINGER_SECONDS)).toBe(5);
    socket.sets(SO_LINGER_SECONDS, -7);
    expect(socket.option(SO_LINGER_SECONDS)).toBe(-1);
  });
});

describe('RFC 9293 §3.10.7.4, second check: the peer resets', () => {
  for (const [state, reach, errno, told] of [
    ['ESTABLISHED', () => established(), ECONNRESET, 'failed 1 ECONNRESET'],
    [
      'CLOSE-WAIT',
      () => {
        const opening = established();
        opening.peer.sends({ flags: 'FIN ACK' });
        return opening;
      },
      EPIPE,
      'failed 1 EPIPE',
    ],
    [
      'FIN-WAIT-2',
      () => {
        const opening = established();
        opening.socket.shutsDown();
        opening.peer.acks(2);
        return opening;
      },
      ECONNRESET,
      'failed 1 ECONNRESET',
    ],
  ] as const) {
    it(`tells a user in ${state} ${told.slice(9)}, once by the upcall and then by every send`, () => {
      const { script, peer, socket } = reach();
      script.forgets();
      peer.sends({ flags: 'RST' });
      script.tells(`state 1 ${state} CLOSED`, told);
      expect(socket.sends(1)).toBe(errno);
      expect(socket.sends(1)).toBe(errno);
      expect(socket.option(SO_ERROR)).toBe(errno);
      expect(socket.option(SO_ERROR)).toBe(0);
    });
  }

  it('leaves to the user what has been received in order (the rest is dropped)', () => {
    const { script, peer, socket } = established();
    peer.sendsData(10);
    peer.sends({ seq: 101, length: 10 });
    peer.sends({ flags: 'RST', seq: 11 });
    expect(socket.state).toBe('CLOSED');
    expect(script.host.packets.available).toBe(script.host.packets.count - 1);
    expect(socket.reads()).toBe(10);
    expect(socket.endOfStream).toBe(false);
  });

  it('answers every context, and counts what was sent and what was not', () => {
    const { script, peer, socket } = established({ peer: { window: 1000 } });
    socket.sends(600);
    socket.sends(900);
    peer.sends({ flags: 'RST' });
    script.tells('state 1 ESTABLISHED CLOSED', 'done 0', 'done 1', 'failed 1 ECONNRESET');
    expect(script.counter('bytesUnacknowledged')).toBe(600);
    expect(script.counter('bytesDiscarded')).toBe(900);
    expect(script.counter('tcpEstabResets')).toBe(1);
  });

  it('takes text of a reset for nothing (SHLD-2)', () => {
    const { peer, socket } = established();
    peer.sends({ flags: 'RST', length: 20 });
    peer.expectsNothing();
    expect(socket.state).toBe('CLOSED');
    expect(socket.readable).toBe(0);
  });

  it('takes a connection that nobody has accepted out of the accept queue', () => {
    const { script, listener } = accepted();
    const peers = [41_001, 41_002, 41_003].map((port) => script.peer({ port }));
    for (const peer of peers) {
      peer.hostPort = 80;
      peer.sends({ flags: 'SYN' });
      peer.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
      peer.sends({ ack: 1 });
    }
    script.forgets();
    for (const index of [1, 2]) {
      peers[index].sends({ flags: 'RST' });
      peers[index].expectsNothing();
    }
    script.tells();
    const socket = listener.accepts(2);
    expect(script.host.stack.tcpRemotePort(socket?.c ?? -1)).toBe(41_001);
    expect(listener.accepts(3)).toBeUndefined();
  });
});
