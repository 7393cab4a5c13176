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
});
