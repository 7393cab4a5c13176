/** What is known of paths: the table of it, and what connections make of it (RFC 1191, RFC 4821 §7.7). */
import { describe, expect, it } from 'vitest';
import { IP_MTU_DISCOVER } from '../../src/socket/options.ts';
import { PathMtus } from '../../src/tcpip/path-mtus.ts';
import { icmpErrorAbout } from './frames.ts';
import { established, type Opening } from './openings.ts';

const ROUTER = 0x0a0000fe;
const EXPIRES_MS = 600_000;

describe('the table of path MTUs', () => {
  it('knows what was said last of a host, for a while', () => {
    const table = new PathMtus();
    table.note(1, 1200, 1000);
    table.note(1, 900, 2000);
    expect(table.find(1, 2000, EXPIRES_MS)).toBe(900);
    expect(table.foundAtMs).toBe(2000);
    expect(table.find(1, 2000 + EXPIRES_MS - 1, EXPIRES_MS)).toBe(900);
    expect(table.find(1, 2000 + EXPIRES_MS, EXPIRES_MS)).toBe(0);
    expect(table.find(2, 2000, EXPIRES_MS)).toBe(0);
  });

  it('knows across the turn of the clock', () => {
    const table = new PathMtus();
    table.note(-5, 1200, 0x7fff_ff00);
    expect(table.find(-5, -0x7fff_ff00, EXPIRES_MS)).toBe(1200);
  });

  it('holds some hundred hosts, and forgets the one longest known first', () => {
    const table = new PathMtus();
    for (let i = 0; i < 10_000; i++) table.note(i, 1000 + (i % 400), i);
    let known = 0;
    for (let i = 0; i < 10_000; i++) {
      const mtu = table.find(i, 10_000, EXPIRES_MS);
      if (mtu === 0) continue;
      known += 1;
      expect(mtu).toBe(1000 + (i % 400));
      expect(i).toBeGreaterThan(9000);
    }
    expect(known).toBe(256);
  });
});

function complains({ script, peer }: Opening, seq: number, mtu: number): void {
  script.inject(icmpErrorAbout(peer.frameOfHost(seq), ROUTER, 3, 4, mtu));
  script.settle();
}

describe('a connection', () => {
  it('begins with what is known, unless it lets its packets be cut', () => {
    const opening = established();
    const { script, peer, socket } = opening;
    socket.sends(1460);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 1460 });
    complains(opening, 1, 1000);
    peer.ignores();
    const begun = [0, 1].map((discover, i) => {
      const next = script.socket(20 + i);
      next.sets(IP_MTU_DISCOVER, discover);
      expect(next.connects(peer.address, 90 + i)).toBe(0);
      return script.host.stack.tcpInfo(next.c)?.pmtu;
    });
    expect(begun).toEqual([1500, 1000]);
  });

  it('whose packets may be cut where the route locks its MTU, or a router names less than is believed', () => {
    const opening = established();
    const { script, peer, socket } = opening;
    const cuttable = (): boolean => script.host.stack['tcp'].tcbs[socket.c].fragmentBits === 0;
    expect(cuttable()).toBe(false);
    const route = { destination: peer.address, prefixLength: 32, via: 0, port: 0, mtu: 1000, mtu_lock: 1 };
    script.host.stack.ways.addRoute(route, script.nowUs);
    expect(cuttable()).toBe(true);
    script.host.stack.ways.addRoute({ ...route, mtu_lock: 0 }, script.nowUs);
    expect(cuttable()).toBe(false);
    socket.sends(900);
    peer.expects({ flags: 'PSH ACK', length: 900 });
    complains(opening, 1, 300);
    peer.ignores();
    peer.acks(901);
    expect(cuttable()).toBe(true);
  });

  it('tries segments of half the size as long as none is answered, down to 48 bytes', () => {
    const opening = established({ config: { mtuProbing: 1, retries: 15 } });
    const { script, peer, socket } = opening;
    socket.sends(1460);
    script.passes(500_000_000);
    const sizes = new Set(peer.inbox.map(({ payload }) => payload.length));
    expect([...sizes]).toEqual([1460, 1024, 512, 256, 128, 64, 48]);
    expect(script.counter('tcpBlackHoles')).toBe(6);
    peer.ignores();
  });

  /** Acknowledges all that has come. */
  function acksAll({ peer }: Opening): void {
    const last = peer.inbox.at(-1);
    if (last === undefined) return;
    const { seq, length } = peer.relative(last);
    peer.ignores();
    peer.acks(seq + length);
  }

  it('grows again when a black hole has gone', () => {
    const opening = established({ config: { mtuProbing: 1, retries: 15 } });
    const { script, peer, socket } = opening;
    socket.sends(1460);
    script.passes(3_500_000);
    expect(peer.inbox.at(-1)?.payload.length).toBe(1024);
    peer.ignores();
    peer.acks(1461);
    // What passes is acknowledged at once; nothing is lost any more.
    for (let round = 0; round < 60; round++) {
      socket.sends(20_000);
      while (peer.inbox.length > 0) acksAll(opening);
    }
    expect(script.host.stack.tcpInfo(socket.c)?.snd_mss).toBeGreaterThan(1452);
    expect(script.counter('tcpMtuProbeSuccesses')).toBeGreaterThan(3);
    expect(script.counter('tcpMtuProbeFailures')).toBe(0);
  });

  it.each(['rack', 'sack'] as const)('finds what a path of 1400 bytes lets pass (%s)', (lossRecovery) => {
    const opening = established({ config: { mtuProbing: 2, lossRecovery }, peer: { sackOk: true } });
    const { script, peer, socket } = opening;
    let una = 1;
    const held = new Map<number, number>();
    for (let round = 0; round < 60; round++) {
      socket.sends(12_000);
      while (peer.inbox.length > 0) {
        const come = peer.inbox.map((segment) => peer.relative(segment));
        peer.ignores();
        for (const { seq, length } of come) {
          if (length > 1360) continue;
          held.set(seq, Math.max(held.get(seq) ?? 0, seq + length));
          for (let end = held.get(una); end !== undefined; end = held.get(una)) una = end;
          const above = [...held].filter(([from]) => from > una).sort(([a], [b]) => a - b);
          peer.sends({ ack: una, options: above.length === 0 ? {} : { sack: above.slice(-3) } });
        }
      }
    }
    const mss = script.host.stack.tcpInfo(socket.c)?.snd_mss;
    expect(mss).toBeGreaterThan(1352);
    expect(mss).toBeLessThanOrEqual(1360);
    expect(script.counter('tcpMtuProbeFailures')).toBeGreaterThan(0);
    expect([script.counter('tcpTimeouts'), script.counter('tcpFastRetransmits')]).toEqual([0, 0]);
  });

  it('a probe that a time-out overtakes decides nothing', () => {
    const opening = established({ config: { mtuProbing: 2 } });
    const { script, peer, socket } = opening;
    socket.sends(10_240);
    acksAll(opening);
    socket.sends(14_600);
    expect(peer.inbox[0]?.payload.length).toBe(1242);
    script.passes(1_000_000);
    acksAll(opening);
    expect(script.counter('tcpTimeouts')).toBeGreaterThan(0);
    expect([script.counter('tcpMtuProbeFailures'), script.counter('tcpMtuProbeSuccesses')]).toEqual([0, 0]);
    expect(script.host.stack.tcpInfo(socket.c)?.snd_mss).toBe(1024);
  });
});
