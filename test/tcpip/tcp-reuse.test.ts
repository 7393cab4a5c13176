/** A connection takes nothing over from the one that had its place in the pool before. */
import { describe, expect, it } from 'vitest';
import {
  IP_TOS,
  IP_TTL,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER_SECONDS,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_SNDBUF,
  TCP_KEEPCNT,
  TCP_KEEPIDLE_SECONDS,
  TCP_KEEPINTVL_SECONDS,
  TCP_MAXSEG,
  TCP_NODELAY,
  TCP_QUICKACK,
  TCP_USER_TIMEOUT_MS,
} from '../../src/socket/options.ts';
import { established, synOptions } from './openings.ts';
import type { Peer } from './peer.ts';
import { Script } from './script.ts';
import { type Socket, URGENT } from './socket.ts';

const ONE = { connectionsMax: 1 };

/** The second connection of a pool of one, to a peer of its own that offers nothing. */
function next(script: Script): { peer: Peer; socket: Socket } {
  const peer = script.peer({ port: 81 });
  const socket = script.socket(2);
  expect(socket.connects(peer.address, 81)).toBe(0);
  peer.expects({ flags: 'SYN', seq: 0, window: 65535 });
  peer.sends({ flags: 'SYN ACK', ack: 1, options: synOptions(peer, 0) });
  peer.expects({ seq: 1, ack: 1, options: {} });
  script.forgets();
  return { peer, socket };
}

describe('the only connection of a pool, used again', () => {
  it('has the options of a new one', () => {
    const fresh = new Script().socket();
    const { script, socket } = established({ config: ONE });
    const set: readonly (readonly [number, number])[] = [
      [SO_REUSEADDR, 1],
      [SO_KEEPALIVE, 1],
      [SO_LINGER_SECONDS, 0],
      [SO_SNDBUF, 1000],
      [SO_RCVBUF, 5000],
      [TCP_NODELAY, 1],
      [TCP_MAXSEG, 600],
      [TCP_KEEPIDLE_SECONDS, 3],
      [TCP_KEEPINTVL_SECONDS, 3],
      [TCP_KEEPCNT, 3],
      [TCP_USER_TIMEOUT_MS, 3],
      [TCP_QUICKACK, 0],
      [IP_TTL, 3],
      [IP_TOS, 4],
    ];
    for (const [option, value] of set) socket.sets(option, value);
    socket.aborts();
    const again = script.socket(2);
    for (const [option] of set) expect(again.option(option), `option ${option}`).toBe(fresh.option(option));
  });

  it('has the timers of a new one: a back-off, probes and keep-alives are forgotten', () => {
    const { script, peer, socket } = established({ config: { ...ONE, retries: 4 } });
    socket.sets(SO_KEEPALIVE, 1);
    socket.sets(TCP_KEEPIDLE_SECONDS, 1);
    socket.sends(10);
    script.passes(3_000_000);
    expect(socket.rtoUs).toBeGreaterThan(1_000_000);
    socket.aborts();
    peer.ignores();
    const { peer: other, socket: again } = next(script);
    script.passes(10_000_000);
    other.expectsNothing();
    again.sends(10);
    other.expects({ flags: 'PSH ACK', seq: 1, length: 10 });
    for (const ms of [200, 400, 800, 1600]) {
      other.expectsAfter(ms * 1000, { flags: 'PSH ACK', seq: 1, length: 10 });
    }
  });

  it('sends as many SYNs as a new one, though the one before had timed out', () => {
    const { script, socket } = established({ config: { ...ONE, synRetries: 2 } });
    socket.sends(10);
    script.passes(3_000_000);
    socket.aborts();
    const peer = script.peer({ port: 81 });
    const again = script.socket(2);
    again.connects(peer.address, 81);
    script.forgets();
    peer.expects({ flags: 'SYN', seq: 0 });
    peer.expectsAfter(1_000_000, { flags: 'SYN', seq: 0 });
    peer.expectsAfter(2_000_000, { flags: 'SYN', seq: 0 });
    script.passes(4_000_000);
    script.tells('state 2 SYN-SENT CLOSED', 'connected 2 ETIMEDOUT');
  });

  it('has the windows of a new one', () => {
    const { script, peer, socket } = established({ config: ONE, peer: { wscale: 9, window: 3 } });
    peer.sends({ window: 5 });
    for (let i = 0; i < 5; i++) peer.sendsData(1000);
    script.passes(1000);
    socket.sends(5000);
    script.passes(1_000_000);
    socket.aborts();
    const { peer: other, socket: again } = next(script);
    expect(again.cwnd).toBe(10 * 1460);
    expect(again.ssthresh).toBeGreaterThan(1 << 20);
    expect(again.rtoUs).toBe(200_000);
    other.sends({ window: 700 });
    expect(script.host.stack.tcpSndWndBytes(again.c)).toBe(700);
    other.sendsData(10);
    other.expects({ seq: 1, ack: 11, window: 65_535 });
    expect(again.reads()).toBe(10);
  });

  it('neither sends nor reports what the one before had queued, held or announced', () => {
    const { script, peer, socket } = established({
      config: ONE,
      peer: { sackOk: true, timestamps: true },
    });
    socket.sends(3000, URGENT);
    peer.sends({ seq: 101, length: 10 });
    peer.sends({ seq: 1, length: 10 });
    peer.sends({ flags: 'URG FIN ACK', seq: 31, urgent: 50 });
    peer.sends({ ack: 1, options: { sack: [[1449, 2897]] } });
    socket.shutsDown();
    socket.aborts();
    const { peer: other, socket: again } = next(script);
    expect(again.urgentBytes).toBe(0);
    expect(again.readable).toBe(0);
    expect(again.endOfStream).toBe(false);
    expect(again.unacked).toBe(0);
    other.sends({ seq: 21, length: 10 });
    other.expects({ seq: 1, ack: 1, options: {} });
    again.sends(10);
    other.expects({ flags: 'PSH ACK', seq: 1, length: 10, urgent: 0, options: {} });
  });

  it('has no error of the one before', () => {
    const { script, peer } = established({ config: ONE });
    peer.sends({ flags: 'RST' });
    script.sockets[0].closes();
    const { socket } = next(script);
    expect(socket.option(SO_ERROR)).toBe(0);
    expect(socket.sends(1)).toBe(0);
  });

  it('may challenge at once: the limit was the other’s', () => {
    const { script, peer, socket } = established({ config: ONE });
    peer.sends({ flags: 'SYN', seq: 5 });
    peer.expects({ seq: 1, ack: 1 });
    socket.aborts();
    const { peer: other } = next(script);
    other.sends({ flags: 'SYN', seq: 5 });
    other.expects({ seq: 1, ack: 1 });
  });
});
