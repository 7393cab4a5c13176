/** How many connections may wait: embryonic ones, and ones that nobody has accepted. */
import { describe, expect, it } from 'vitest';
import type { Peer } from './peer.ts';
import { Script, type ScriptOptions } from './script.ts';
import type { Socket } from './socket.ts';

/** A SYN for which there is no room is dropped. */
const WITHOUT_COOKIES: ScriptOptions = { config: { synCookies: 0 } };

class Clients {
  readonly script: Script;
  readonly listener: Socket;
  private port = 40_000;

  constructor(backlog: number, options: ScriptOptions = {}) {
    this.script = new Script(options);
    this.listener = this.script.listener(80, backlog);
    this.script.forgets();
  }

  /** A client that has sent its SYN. */
  begins(): Peer {
    const peer = this.script.peer({ port: this.port++ });
    peer.hostPort = 80;
    peer.sends({ flags: 'SYN' });
    return peer;
  }

  /** A client that has answered the SYN-ACK as well. */
  connects(): Peer {
    const peer = this.begins();
    peer.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
    peer.sends({ ack: 1 });
    return peer;
  }
}

describe('the accept queue', () => {
  for (const backlog of [0, 1, 5]) {
    it(`holds one more than a backlog of ${backlog}, as on Linux, then drops SYNs`, () => {
      const clients = new Clients(backlog);
      for (let i = 0; i <= backlog; i++) clients.connects();
      clients.script.tells('acceptable 9');
      const late = clients.begins();
      late.expectsNothing();
      clients.script.tells('overflowed 9');
      expect(clients.script.counter('tcpListenOverflows')).toBe(1);
    });
  }

  it('has room again when the user accepts', () => {
    const clients = new Clients(0);
    clients.connects();
    const late = clients.begins();
    late.expectsNothing();
    expect(clients.listener.accepts()?.state).toBe('ESTABLISHED');
    late.sends({ flags: 'SYN', seq: 0 });
    late.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
  });

  it('has room again when one that waits is reset', () => {
    const clients = new Clients(0);
    const first = clients.connects();
    first.sends({ flags: 'RST' });
    const late = clients.begins();
    late.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
  });

  it('does not establish a connection that finds it full: the handshake goes on until there is room', () => {
    const clients = new Clients(0);
    const second = clients.begins();
    second.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
    clients.connects();
    clients.script.forgets();
    second.sends({ ack: 1 });
    second.expectsNothing();
    clients.script.tells('overflowed 9');
    second.expectsAfter(1_000_000, { flags: 'SYN ACK', seq: 0, ack: 1 });
    expect(clients.listener.accepts(1)).toBeDefined();
    second.sends({ ack: 1 });
    expect(clients.listener.accepts(2)).toBeDefined();
    expect(clients.script.counter('tcpPassiveOpens')).toBe(2);
  });

  it('takes no data of a connection that finds it full', () => {
    const clients = new Clients(0);
    const second = clients.begins();
    second.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
    clients.connects();
    second.sends({ flags: 'PSH ACK', ack: 1, length: 100 });
    second.expectsNothing();
    expect(clients.script.counter('bytesAccepted')).toBe(0);
    clients.listener.accepts(1);
    second.sends({ flags: 'PSH ACK', seq: 1, ack: 1, length: 100 });
    second.expects({ ack: 101 });
    expect(clients.listener.accepts(2)?.reads()).toBe(100);
  });

  it('holds what a connection has received before it is accepted', () => {
    const clients = new Clients(4);
    const peer = clients.connects();
    peer.sendsData(300);
    peer.expects({ ack: 301 });
    peer.sends({ flags: 'FIN ACK' });
    peer.expects({ ack: 302 });
    clients.script.tells('acceptable 9');
    const socket = clients.listener.accepts();
    expect(socket?.state).toBe('CLOSE-WAIT');
    expect(socket?.reads()).toBe(300);
    expect(socket?.endOfStream).toBe(true);
  });

  it('takes a negative backlog for 0, and a new one from a second listen', () => {
    const clients = new Clients(-5);
    clients.connects();
    clients.begins().expectsNothing();
    expect(clients.listener.listens(1)).toBe(0);
    clients.connects();
    clients.begins().expectsNothing();
  });
});

describe('embryonic connections', () => {
  it('may be 16 where the backlog is smaller, and their SYN-ACKs are all sent', () => {
    const clients = new Clients(1, WITHOUT_COOKIES);
    for (let i = 0; i < 16; i++) clients.begins().expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
    clients.begins().expectsNothing();
    clients.script.tells('overflowed 9');
  });

  it('may be as many as the backlog where that is larger', () => {
    const clients = new Clients(20, WITHOUT_COOKIES);
    for (let i = 0; i < 20; i++) clients.begins().expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
    clients.begins().expectsNothing();
  });

  it('make room when they are established, reset or given up', () => {
    const clients = new Clients(1, { config: { synAckRetries: 0, synCookies: 0 } });
    const peers = Array.from({ length: 16 }, () => clients.begins());
    peers[3].sends({ flags: 'RST', seq: 1 });
    clients.begins().expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
    peers[4].sends({ ack: 1 });
    clients.begins().expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
    clients.begins().expectsNothing();
    clients.script.passes(1_000_000);
    for (let i = 0; i < 16; i++) clients.begins().expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
  });

  it('of one listener take no room from another', () => {
    const clients = new Clients(1, WITHOUT_COOKIES);
    for (let i = 0; i < 17; i++) clients.begins();
    const other = clients.script.listener(81, 1, 8);
    const peer = clients.script.peer({ port: 50_000 });
    peer.hostPort = 81;
    peer.sends({ flags: 'SYN' });
    peer.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
    expect(other.state).toBe('LISTEN');
  });
});
