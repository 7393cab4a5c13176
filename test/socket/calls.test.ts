/**
 * Random calls on the kernel and on the card, compared one by one. What differs is a difference from Linux.
 * `INIC_CALL_RUNS=5000 npx vitest run test/socket` tries more sequences than the short form.
 */
import { describe, expect, it } from 'vitest';
import { loadLibc } from '../../src/linux/libc.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { compareWithKernel, SETTLE_NS } from './against-kernel.ts';
import type { Side } from './call-pair.ts';

const libc = loadLibc();
const RUNS = Number(process.env.INIC_CALL_RUNS ?? 30);

function cardSide(seed: number): Side {
  const world = new VirtualWorld({ cards: [{ mtu: 65535, packetSlots: 128, stack: { seed } }] });
  const { stack } = world.cards[0];
  return {
    stack,
    settle: () => {
      const end = world.clock.nowNs + SETTLE_NS;
      while (world.clock.nowNs < end) stack.wait((end - world.clock.nowNs) / 1e6);
    },
  };
}

describe.skipIf(libc === undefined)('random calls', () => {
  if (libc === undefined) return;

  it(`answer on the card as on the kernel, in ${RUNS} sequences`, () => {
    const calls = compareWithKernel(libc, RUNS, cardSide);
    expect(calls).toBeGreaterThan(RUNS);
    if (process.env.INIC_CALL_RUNS !== undefined) console.log(`${RUNS} sequences, ${calls} calls compared`);
  }, 600_000);
});
