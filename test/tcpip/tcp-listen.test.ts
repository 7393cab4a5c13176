import { describe, expect, it } from 'vitest';
import { EADDRINUSE, EINVAL, EISCONN } from '../../src/socket/errno.ts';
import { SO_KEEPALIVE, SO_RCVBUF, SO_REUSEADDR, TCP_NODELAY } from '../../src/socket/options.ts';
import { SYN, tcpFrame } from './frames.ts';
import { accepted, established } from './openings.ts';
import { Script, type ScriptOptions } from './script.ts';
import { SHUT_READ, SHUT_WRITE } from './socket.ts';
import { ADDRESS_A, ADDRESS_B } from './wire.ts';

/** A listener on port 80, and a peer that has sent nothing. */
function listening(options: ScriptOptions = {}) {
  const script = new Script(options);
  const listener = script.listener();
  const peer = script.peer({ port: 40_000 });
  peer.hostPort = 80;
  script.forgets();
  return { script, listener, peer };
}

describe('RFC 9293 §3.10.7.1: a segment for no connection and no listener', () => {
  for (const [sent, answer] of [
    [{ flags: 'SYN' }, { flags: 'RST ACK', seq: 0, ack: 1 }],
    [
      { flags: 'SYN', length: 20 },
      { flags: 'RST ACK', seq: 0, ack: 21 },
    ],
    [
      { flags: 'FIN', seq: 9 },
      { flags: 'RST ACK', seq: 0, ack: 10 },
    ],
    [
      { flags: 'FIN', seq: 9, length: 5 },
      { flags: 'RST ACK', seq: 0, ack: 15 },
    ],
    [
      { flags: '', seq: 9 },
      { flags: 'RST ACK', seq: 0, ack: 9 },
    ],
    [
      { flags: 'ACK', seq: 9, ack: 77 },
      { flags: 'RST', seq: 77 },
    ],
    [
      { flags: 'SYN ACK', seq: 9, ack: 77 },
      { flags: 'RST', seq: 77 },
    ],
    [
      { flags: 'PSH ACK', seq: 9, ack: 77, length: 5 },
      { flags: 'RST', seq: 77 },
    ],
    [
      { flags: 'FIN ACK', seq: 9, ack: -1 },
      { flags: 'RST', seq: -1 },
    ],
  ] as const) {
    const what = `${sent.flags || 'no flags'}${'length' in sent ? ' with data' : ''}`;
    it(`answers ${what} with ${answer.flags}, whose numbers the peer can accept`, () => {
      const script = new Script();
      const peer = script.peer({ port: 40_000 });
      peer.hostPort = 81;
      peer.sends(sent);
      peer.expects({ ...answer, window: 0, options: {} });
      peer.expectsNothing();
      expect(script.counter('tcpOutRsts')).toBe(1);
    });
  }

  for (const flags of ['RST', 'RST ACK', 'SYN RST', 'FIN RST ACK']) {
    it(`never answers ${flags}`, () => {
      const script = new Script();
      const peer = script.peer({ port: 40_000 });
      peer.hostPort = 81;
      peer.sends({ flags, seq: 9, ack: 77 });
      peer.expectsNothing();
    });
  }

  it('drops the reset to a peer whose hardware address it does not know, and asks for it', () => {
    const script = new Script();
    const peer = script.peer({ port: 40_000, introduced: false });
    peer.hostPort = 81;
    peer.sends({ flags: 'SYN' });
    peer.expectsNothing();
    expect(script.counter('arpRequestsSent')).toBe(1);
    peer.sends({ flags: 'SYN', seq: 0 });
    peer.expects({ flags: 'RST ACK', ack: 1 });
  });
});

describe('RFC 9293 §3.10.7.2: a segment for a listener', () => {
  it('answers a SYN with a SYN-ACK, and tells its owner only when the handshake is complete', () => {
    const { script, listener, peer } = listening();
    peer.sends({ flags: 'SYN' });
    peer.expects({ flags: 'SYN ACK', seq: 0, ack: 1, window: 65535 });
    expect(listener.accepts()).toBeUndefined();
    script.tells();
    peer.sends({ ack: 1 });
    peer.expectsNothing();
    script.tells('acceptable 9');
    const socket = listener.accepts();
    expect(socket?.state).toBe('ESTABLISHED');
    expect(script.counter('tcpPassiveOpens')).toBe(1);
  });

  it('ignores a reset (first check)', () => {
    const { script, peer } = listening();
    for (const flags of ['RST', 'RST ACK', 'SYN RST']) peer.sends({ flags, seq: 9, ack: 77 });
    peer.expectsNothing();
    script.tells();
  });

  for (const flags of ['ACK', 'SYN ACK', 'FIN ACK', 'PSH ACK']) {
    it(`answers ${flags} with a reset that takes its acknowledgement for its number (second check)`, () => {
      const { script, listener, peer } = listening();
      peer.sends({ flags, seq: 9, ack: 77 });
      peer.expects({ flags: 'RST', seq: 77 });
      expect(listener.state).toBe('LISTEN');
      script.tells();
    });
  }

  for (const flags of ['', 'FIN', 'PSH', 'SYN FIN']) {
    it(`drops ${flags || 'a segment without flags'} and stays as it is (fourth check)`, () => {
      const { script, listener, peer } = listening();
      peer.sends({ flags, length: 5 });
      peer.expectsNothing();
      expect(listener.state).toBe('LISTEN');
      script.tells();
    });
  }

  it('acknowledges of a SYN with data only the SYN, so that the peer sends the data again', () => {
    const { script, listener, peer } = listening();
    peer.sends({ flags: 'SYN', length: 100 });
    peer.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
    peer.sends({ seq: 1, ack: 1, length: 100, flags: 'PSH ACK' });
    const socket = listener.accepts();
    expect(socket?.readable).toBe(100);
    expect(script.counter('bytesAccepted')).toBe(100);
  });

  it('takes data that comes with the acknowledgement of its SYN-ACK', () => {
    const { listener, peer } = listening();
    peer.sends({ flags: 'SYN' });
    peer.ignores();
    peer.sends({ ack: 1, length: 10, flags: 'PSH ACK' });
    peer.expects({ seq: 1, ack: 11 });
    expect(listener.accepts()?.readable).toBe(10);
  });

  it('drops a SYN that was sent to the broadcast address (MUST-57)', () => {
    const { script, peer } = listening();
    for (const destination of [0x0a0000ff, -1, 0xe0000001 | 0]) {
      const ports = { sourcePort: 40_000, destinationPort: 80 };
      script.inject(tcpFrame({ source: ADDRESS_B, destination, ...ports, flags: SYN }));
    }
    script.settle();
    peer.expectsNothing();
    expect(script.counter('tcpPassiveOpens')).toBe(0);
    expect(script.counter('tcpOutSegs')).toBe(0);
  });

  it('drops a SYN from an address that can be nobody (MUST-63)', () => {
    const { script } = listening();
    for (const source of [0, -1, 0x0a0000ff, 0xe0000001 | 0, 0x7f000001, ADDRESS_A]) {
      const ports = { sourcePort: 40_000, destinationPort: 80 };
      const frame = tcpFrame({ source, destination: ADDRESS_A, ...ports, flags: SYN });
      // Nobody's hardware address: ours would make our own address believable.
      frame.set([2, 0, 9, 9, 9, 9], 6);
      script.inject(frame);
    }
    script.settle();
    expect(script.counter('ipInAddrErrors')).toBe(6);
    expect(script.counter('tcpInSegs')).toBe(0);
    expect(script.others).toEqual([]);
  });

  it('drops and counts a SYN whose checksum is wrong (MUST-3), or whose header is cut off', () => {
    const { script, peer } = listening();
    const frame = peer.frame({ flags: 'SYN' });
    frame[50] ^= 1;
    script.inject(frame, 0);
    script.settle();
    peer.expectsNothing();
    expect(script.counter('tcpInErrs')).toBe(1);
    const short = peer.frame({ flags: 'SYN', seq: 0 });
    short[46] = 0x40;
    script.inject(short);
    short[46] = 0xf0;
    script.inject(short);
    script.settle();
    peer.expectsNothing();
    expect(script.counter('tcpInErrs')).toBe(3);
  });
});

describe('listeners and their sockets', () => {
  it('gives an accepted connection the options of its listener', () => {
    const script = new Script();
    const listener = script.listener();
    listener.sets(TCP_NODELAY, 1);
    listener.sets(SO_KEEPALIVE, 1);
    listener.sets(SO_RCVBUF, 10_000);
    const peer = script.peer({ port: 40_000 });
    peer.hostPort = 80;
    peer.sends({ flags: 'SYN' });
    peer.expects({ flags: 'SYN ACK', window: 10_000 });
    peer.sends({ ack: 1 });
    const socket = listener.accepts();
    expect(socket?.option(TCP_NODELAY)).toBe(1);
    expect(socket?.option(SO_KEEPALIVE)).toBe(1);
    expect(socket?.option(SO_RCVBUF)).toBe(10_000);
  });

  it('hands connections out in the order in which they were established, and tells of the first only', () => {
    const script = new Script();
    const listener = script.listener();
    script.forgets();
    const peers = [40_001, 40_002, 40_003].map((port) => script.peer({ port }));
    for (const peer of peers) {
      peer.hostPort = 80;
      peer.sends({ flags: 'SYN' });
      peer.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
    }
    for (const index of [1, 2, 0]) peers[index].sends({ ack: 1 });
    script.tells('acceptable 9');
    const { stack } = script.host;
    const ports = [1, 2, 3].map((owner) => stack.tcpRemotePort(listener.accepts(owner)?.c ?? -1));
    expect(ports).toEqual([40_002, 40_003, 40_001]);
    expect(listener.accepts()).toBeUndefined();
  });

  it('tells of a connection again once the queue has been emptied', () => {
    const { script, peer, listener } = accepted();
    const second = script.peer({ port: 40_001 });
    expect(peer.port).not.toBe(second.port);
    second.hostPort = 80;
    second.sends({ flags: 'SYN' });
    second.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
    second.sends({ ack: 1 });
    script.tells('acceptable 9');
    expect(listener.accepts(2)?.state).toBe('ESTABLISHED');
  });

  it('prefers the listener of exactly this address to the one of any', () => {
    const script = new Script();
    const any = script.socket(7);
    const exact = script.socket(8);
    for (const socket of [any, exact]) socket.sets(SO_REUSEADDR, 1);
    expect(any.binds(80)).toBe(0);
    expect(exact.binds(80, ADDRESS_A)).toBe(0);
    expect([any.listens(), exact.listens()]).toEqual([0, 0]);
    script.forgets();
    const peer = script.peer({ port: 40_000 });
    peer.hostPort = 80;
    peer.sends({ flags: 'SYN' });
    peer.ignores();
    peer.sends({ ack: 1 });
    script.tells('acceptable 8');
    exact.closes();
    peer.ignores();
    peer.forgetsHost();
    peer.hostPort = 80;
    peer.sends({ flags: 'SYN', seq: 0 });
    peer.ignores();
    peer.sends({ ack: 1 });
    script.tells('acceptable 7');
  });

  it('lets only one listen on an address and port', () => {
    const script = new Script();
    const first = script.socket(7);
    const second = script.socket(8);
    for (const socket of [first, second]) socket.sets(SO_REUSEADDR, 1);
    expect([first.binds(80), second.binds(80)]).toEqual([0, 0]);
    expect(first.listens()).toBe(0);
    expect(second.listens()).toBe(EADDRINUSE);
    expect(script.socket(6).binds(80)).toBe(EADDRINUSE);
  });

  it('binds an unbound listener to an ephemeral port', () => {
    const script = new Script({ config: { ephemeralFirst: 50_000, ephemeralLast: 50_009 } });
    const listener = script.socket();
    expect(listener.listens()).toBe(0);
    expect(listener.localPort).toBeGreaterThanOrEqual(50_000);
    expect(listener.localPort).toBeLessThanOrEqual(50_009);
    script.tells('state 1 CLOSED LISTEN');
  });

  it('neither connects nor listens where the state forbids it', () => {
    const { socket, script } = established();
    expect(socket.listens()).toBe(EINVAL);
    expect(socket.binds(7000)).toBe(EINVAL);
    const listener = script.listener(81);
    expect(listener.connects(ADDRESS_B, 80)).toBe(EISCONN);
    expect(listener.sends(1)).toBe(32);
    expect(socket.accepts()).toBeUndefined();
  });

  it('closes: accepted connections stay (MUST-41), those that wait are reset, embryos forgotten', () => {
    const { script, peer, listener, socket } = accepted();
    const waiting = script.peer({ port: 40_001 });
    waiting.hostPort = 80;
    waiting.sends({ flags: 'SYN' });
    waiting.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
    waiting.sends({ ack: 1 });
    const embryo = script.peer({ port: 40_002 });
    embryo.hostPort = 80;
    embryo.sends({ flags: 'SYN' });
    embryo.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
    listener.closes();
    waiting.expects({ flags: 'RST ACK', seq: 1, ack: 1 });
    // As on Linux: the peer hears of it when it completes the handshake.
    embryo.expectsNothing();
    embryo.sends({ ack: 1 });
    embryo.expects({ flags: 'RST', seq: 1 });
    peer.expectsNothing();
    peer.sendsData(10);
    expect(socket.readable).toBe(10);
    peer.expects({ seq: 1, ack: 11 });
  });

  it('stops listening when its reading half is shut down, and not for the writing half', () => {
    const { script, listener, peer } = listening();
    expect(listener.shutsDown(SHUT_WRITE)).toBe(0);
    script.tells();
    expect(listener.shutsDown(SHUT_READ)).toBe(0);
    script.tells('state 9 LISTEN CLOSED');
    peer.sends({ flags: 'SYN' });
    peer.expects({ flags: 'RST ACK', ack: 1 });
  });

  it('answers no SYN beyond its connections: the peer tries again when there is one', () => {
    const script = new Script({ config: { connectionsMax: 2 } });
    script.listener();
    script.forgets();
    const [first, second] = [40_001, 40_002].map((port) => script.peer({ port }));
    for (const peer of [first, second]) {
      peer.hostPort = 80;
      peer.sends({ flags: 'SYN' });
    }
    first.expects({ flags: 'SYN ACK', ack: 1 });
    second.expectsNothing();
    script.tells('overflowed 9');
    expect(script.counter('tcpListenOverflows')).toBe(1);
    first.sends({ flags: 'RST', seq: 1 });
    second.sends({ flags: 'SYN', seq: 0 });
    second.expects({ flags: 'SYN ACK', ack: 1 });
  });
});
