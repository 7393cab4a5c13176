import { describe, expect, it } from 'vitest';
import { EINVAL, ENOTCONN, EPIPE } from '../../src/socket/errno.ts';
import { accepted, established } from './openings.ts';
import { Script } from './script.ts';
import { MORE, SHUT_BOTH, SHUT_READ } from './socket.ts';

describe('RFC 9293 §3.6, case 1: the local user closes first', () => {
  it('goes through FIN-WAIT-1, FIN-WAIT-2 and TIME-WAIT to CLOSED, and tells of each step', () => {
    const { script, peer, socket } = established();
    expect(socket.shutsDown()).toBe(0);
    peer.expects({ flags: 'FIN ACK', seq: 1, ack: 1 });
    script.tells('state 1 ESTABLISHED FIN-WAIT-1');
    peer.acks(2);
    peer.expectsNothing();
    script.tells('state 1 FIN-WAIT-1 FIN-WAIT-2');
    peer.sends({ flags: 'FIN ACK' });
    peer.expects({ seq: 2, ack: 2 });
    script.tells('state 1 FIN-WAIT-2 TIME-WAIT', 'readable 1');
    expect(socket.endOfStream).toBe(true);
    socket.closes();
    script.passes(60_000_000);
    peer.expectsNothing();
    peer.sends({ seq: 2, ack: 2 });
    peer.expects({ flags: 'RST', seq: 2 });
  });

  it('sends the FIN with the last bytes', () => {
    const { peer, socket } = established();
    socket.queues(2000);
    socket.shutsDown();
    peer.expects({ seq: 1, length: 1460 });
    peer.expects({ flags: 'FIN PSH ACK', seq: 1461, length: 540 });
    peer.expectsNothing();
  });

  it('sends at once what waited for company (MORE, Nagle), with the FIN', () => {
    const { peer, socket } = established();
    socket.sends(10);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 10 });
    socket.sends(10, MORE);
    peer.expectsNothing();
    socket.shutsDown();
    peer.expects({ flags: 'FIN PSH ACK', seq: 11, length: 10 });
  });

  it('keeps the FIN back with bytes that the window has no room for', () => {
    const { peer, socket } = established({ peer: { window: 100 } });
    socket.queues(150);
    socket.shutsDown();
    peer.expects({ flags: 'ACK', seq: 1, length: 100 });
    peer.expectsNothing();
    expect(socket.state).toBe('FIN-WAIT-1');
    peer.acks(101);
    peer.expects({ flags: 'FIN PSH ACK', seq: 101, length: 50 });
  });

  it('sends a FIN into a closed window when there is nothing before it', () => {
    const { peer, socket } = established({ peer: { window: 0 } });
    socket.shutsDown();
    peer.expects({ flags: 'FIN ACK', seq: 1 });
  });

  it('sends the FIN again when nobody acknowledges it (RFC 6298 §5.4)', () => {
    const { peer, socket } = established();
    socket.shutsDown();
    peer.expects({ flags: 'FIN ACK', seq: 1 });
    peer.expectsAfter(200_000, { flags: 'FIN ACK', seq: 1 });
    peer.expectsAfter(400_000, { flags: 'FIN ACK', seq: 1 });
    peer.acks(2);
    expect(socket.state).toBe('FIN-WAIT-2');
  });

  it('sends bytes and FIN again together', () => {
    const { peer, socket } = established();
    socket.queues(100);
    socket.shutsDown();
    peer.expects({ flags: 'FIN PSH ACK', seq: 1, length: 100 });
    peer.expectsAfter(200_000, { flags: 'FIN PSH ACK', seq: 1, length: 100 });
    peer.acks(101);
    expect(socket.state).toBe('FIN-WAIT-1');
    peer.expectsAfter(400_000, { flags: 'FIN ACK', seq: 101 });
    peer.acks(102);
    expect(socket.state).toBe('FIN-WAIT-2');
  });

  it('still receives in FIN-WAIT-1 and FIN-WAIT-2 (MAY-1)', () => {
    const { script, peer, socket } = established();
    socket.shutsDown();
    peer.expects({ flags: 'FIN ACK', seq: 1 });
    script.forgets();
    peer.sends({ flags: 'PSH ACK', ack: 1, length: 10 });
    peer.expects({ seq: 2, ack: 11 });
    script.tells('readable 1');
    peer.sends({ flags: 'PSH ACK', ack: 2, length: 10 });
    peer.expects({ seq: 2, ack: 21 });
    script.tells('state 1 FIN-WAIT-1 FIN-WAIT-2', 'readable 1');
    expect(socket.reads()).toBe(20);
  });

  it('goes from FIN-WAIT-1 to TIME-WAIT when one segment acknowledges and closes', () => {
    const { script, peer, socket } = established();
    socket.shutsDown();
    peer.expects({ flags: 'FIN ACK', seq: 1 });
    script.forgets();
    peer.sends({ flags: 'FIN PSH ACK', ack: 2, length: 5 });
    peer.expects({ seq: 2, ack: 7 });
    script.tells('state 1 FIN-WAIT-1 FIN-WAIT-2', 'state 1 FIN-WAIT-2 TIME-WAIT', 'readable 1');
    expect(socket.reads()).toBe(5);
    expect(socket.endOfStream).toBe(true);
  });

  it('takes no more bytes from a user who has shut down', () => {
    const { script, peer, socket } = established();
    socket.shutsDown();
    peer.ignores();
    expect(socket.sends(10)).toBe(EPIPE);
    peer.acks(2);
    expect(socket.sends(10)).toBe(EPIPE);
    peer.sends({ flags: 'FIN ACK' });
    expect(socket.sends(10)).toBe(EPIPE);
    expect(script.counter('bytesRefused')).toBe(30);
    peer.expects({ seq: 2, ack: 2 });
  });

  it('sends one FIN however often the user shuts down', () => {
    const { peer, socket } = established();
    for (const how of [1, SHUT_BOTH, 1]) expect(socket.shutsDown(how)).toBe(0);
    peer.expects({ flags: 'FIN ACK', seq: 1 });
    peer.expectsNothing();
  });

  it('sends nothing when only the reading half is shut down', () => {
    const { script, peer, socket } = established();
    expect(socket.shutsDown(SHUT_READ)).toBe(0);
    peer.expectsNothing();
    script.tells();
    expect(socket.sends(5)).toBe(0);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 5 });
  });

  it('refuses to shut down what was never connected, and a half that is none', () => {
    const script = new Script();
    expect(script.socket().shutsDown()).toBe(ENOTCONN);
    const opening = established();
    expect(opening.socket.shutsDown(3)).toBe(EINVAL);
    expect(opening.socket.shutsDown(-1)).toBe(EINVAL);
    opening.peer.expectsNothing();
  });

  it('answers a connection that waits in TIME-WAIT with ENOTCONN', () => {
    const { peer, socket } = established();
    socket.shutsDown();
    peer.acks(2);
    peer.sends({ flags: 'FIN ACK' });
    expect(socket.state).toBe('TIME-WAIT');
    expect(socket.shutsDown()).toBe(ENOTCONN);
  });
});

describe('RFC 9293 §3.6, case 2: the peer closes first', () => {
  it('goes through CLOSE-WAIT and LAST-ACK to CLOSED, without TIME-WAIT', () => {
    const { script, peer, socket } = accepted();
    peer.sends({ flags: 'FIN ACK' });
    peer.expects({ seq: 1, ack: 2 });
    script.tells('state 1 ESTABLISHED CLOSE-WAIT', 'readable 1');
    socket.shutsDown();
    peer.expects({ flags: 'FIN ACK', seq: 1, ack: 2 });
    script.tells('state 1 CLOSE-WAIT LAST-ACK');
    peer.acks(2);
    script.tells('state 1 LAST-ACK CLOSED');
    peer.sends({ ack: 2 });
    peer.expects({ flags: 'RST', seq: 2 });
  });

  it('still sends in CLOSE-WAIT', () => {
    const { peer, socket } = established();
    peer.sends({ flags: 'FIN ACK' });
    peer.expects({ ack: 2 });
    expect(socket.sends(3000)).toBe(0);
    peer.expects({ seq: 1, length: 1460 });
    peer.expects({ seq: 1461, length: 1460 });
    peer.acks(2921);
    peer.expects({ flags: 'PSH ACK', seq: 2921, length: 80 });
    peer.acks(3001);
    socket.closes();
    peer.expects({ flags: 'FIN ACK', seq: 3001 });
    peer.acks(3002);
    peer.sends({ ack: 3002 });
    peer.expects({ flags: 'RST', seq: 3002 });
  });

  it('sends the FIN again in LAST-ACK', () => {
    const { peer, socket } = established();
    peer.sends({ flags: 'FIN ACK' });
    peer.expects({ ack: 2 });
    socket.shutsDown();
    peer.expects({ flags: 'FIN ACK', seq: 1 });
    peer.expectsAfter(200_000, { flags: 'FIN ACK', seq: 1 });
    expect(socket.state).toBe('LAST-ACK');
  });
});

describe('a reset after both have closed', () => {
  it('in LAST-ACK is told to a user who is still there, as on Linux', () => {
    const { script, peer, socket } = established();
    peer.sends({ flags: 'FIN ACK' });
    socket.shutsDown();
    peer.ignores();
    script.forgets();
    peer.sends({ flags: 'RST', seq: 2 });
    script.tells('state 1 LAST-ACK CLOSED', 'failed 1 ECONNRESET');
  });
});

describe('RFC 9293 §3.6, case 3: both close at once (figure 13)', () => {
  it('goes through CLOSING to TIME-WAIT', () => {
    const { script, peer, socket } = established();
    socket.shutsDown();
    peer.expects({ flags: 'FIN ACK', seq: 1, ack: 1 });
    script.forgets();
    peer.sends({ flags: 'FIN ACK', ack: 1 });
    peer.expects({ seq: 2, ack: 2 });
    script.tells('state 1 FIN-WAIT-1 CLOSING', 'readable 1');
    peer.acks(2);
    script.tells('state 1 CLOSING TIME-WAIT');
    peer.expectsNothing();
  });

  it('sends its FIN again in CLOSING when the acknowledgement is lost', () => {
    const { peer, socket } = established();
    socket.shutsDown();
    peer.expects({ flags: 'FIN ACK', seq: 1, ack: 1 });
    peer.sends({ flags: 'FIN ACK', ack: 1 });
    peer.expects({ seq: 2, ack: 2 });
    peer.expectsAfter(200_000, { flags: 'FIN ACK', seq: 1, ack: 2 });
    expect(socket.state).toBe('CLOSING');
  });
});
