/**
 * Floods cost bounded memory and leave an established connection working: what each may take is said by a
 * bound, and the connection carries bytes both during it and after.
 */
import { describe, expect, it } from 'vitest';
import { ACK, RST, SYN, tcpFrame } from './frames.ts';
import { ADDRESS_A, ADDRESS_B, connected, pattern } from './harness.ts';

const FRAMES = 5000;
const LISTEN_PORT = 80;

type Opened = ReturnType<typeof connected>;

/** Injects a flood into the server's host, and sends bytes over the connection meanwhile. */
function endures(flood: (i: number, opened: Opened) => Uint8Array): Opened {
  const opened = connected({ slots: 256, config: { connectionsMax: 256 } });
  const { world, a, b, client, server } = opened;
  let least = b.packets.available;
  for (let i = 0; i < FRAMES; i++) {
    world.inject(b, flood(i, opened));
    least = Math.min(least, b.packets.available);
    if (i % 500 !== 0) continue;
    expect(a.sendBytes(client, pattern(1000))).toBe(0);
    expect(world.run(5_000_000, () => b.stack.tcpReadable(server) === 1000)).toBe(true);
    expect(b.takeAll(server)).toEqual(pattern(1000));
  }
  // Three quarters of the packet memory are never the flood's.
  expect(least).toBeGreaterThanOrEqual(192);
  return opened;
}

function segment(fields: { sourcePort: number; flags: number; seq?: number; ack?: number }): Uint8Array {
  const to = { source: ADDRESS_A, destination: ADDRESS_B, destinationPort: LISTEN_PORT };
  return tcpFrame({ ...to, ...fields });
}

describe('an established connection works, and memory is bounded, in a flood of', () => {
  it('SYNs: no more embryos than the listener may have', () => {
    const { b } = endures((i) => segment({ sourcePort: 1024 + i, flags: SYN, seq: i * 7919 }));
    expect(b.stack.tcpHalfOpenAt(ADDRESS_B, LISTEN_PORT)).toBeLessThanOrEqual(128);
  });

  it('resets with numbers that are not the next one', () => {
    const { b, server, a, client } = endures((i, opened) =>
      segment({ sourcePort: opened.a.stack.tcpLocalPort(opened.client), flags: RST, seq: i * 104_729 }),
    );
    expect([a.failedWith.size, b.failedWith.size]).toEqual([0, 0]);
    expect(b.stack.tcpState(server)).toBe(a.stack.tcpState(client));
  });

  it('acknowledgements of what was never sent: challenges are limited', () => {
    const { b } = endures((i, opened) =>
      segment({ sourcePort: opened.a.stack.tcpLocalPort(opened.client), flags: ACK, seq: i, ack: i * 3 }),
    );
    expect(b.counter('tcpChallengeAcks')).toBeLessThanOrEqual(FRAMES / 500 + 1);
  });
});
