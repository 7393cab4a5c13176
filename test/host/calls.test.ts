/**
 * Random calls on the kernel and on the host's own stack, compared one by one.
 * `INIC_CALL_RUNS=5000 npx vitest run test/host` tries more sequences than the short form.
 */
import { describe, expect, it } from 'vitest';
import { loadLibc } from '../../src/linux/libc.ts';
import { Clock } from '../../src/time/clock.ts';
import { openHostStack } from '../../src/world/open/host-stack.ts';
import { compareWithKernel, SETTLE_NS } from '../socket/against-kernel.ts';
import type { Side } from '../socket/call-pair.ts';

const libc = loadLibc();
const RUNS = Number(process.env.INIC_CALL_RUNS ?? 30);

function hostSide(seed: number): Side {
  const clock = new Clock();
  const settings = { mtu: 65535, packetSlots: 128, driver: { socketsMax: 256 }, stack: { seed } };
  const { stack } = openHostStack(settings, {
    clock,
    sleep: (ns) => clock.set(clock.nowNs + ns),
    interruptNs: 0,
  });
  return {
    stack,
    settle: () => {
      const end = clock.nowNs + SETTLE_NS;
      while (clock.nowNs < end) stack.wait((end - clock.nowNs) / 1e6);
    },
  };
}

describe.skipIf(libc === undefined)('random calls', () => {
  if (libc === undefined) return;

  it(`answer on the host's stack as on the kernel, in ${RUNS} sequences`, () => {
    expect(compareWithKernel(libc, RUNS, hostSide)).toBeGreaterThan(RUNS);
  }, 600_000);
});
