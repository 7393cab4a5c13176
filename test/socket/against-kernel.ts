/** Random calls on the kernel and on another stack, compared one by one. What differs is not Linux's. */
import fc from 'fast-check';
import { KernelStack } from '../../src/linux/kernel-stack.ts';
import type { Libc } from '../../src/linux/libc.ts';
import { CallPair, type Side } from './call-pair.ts';
import { type Call, callSequence } from './call-plan.ts';

/** How long the kernel may take to come to what the other has come to; only a difference takes all of it. */
const KERNEL_MS = 300;
/** Virtual time that the other has after each call: long for a loop, and far less than any time-out. */
export const SETTLE_NS = 2e6;

function kernelSide(stack: KernelStack): Side {
  return {
    stack,
    settle: (same) => {
      const end = Date.now() + KERNEL_MS;
      while (!same() && Date.now() < end) stack.wait(5);
    },
  };
}

/**
 * @param sideOf makes the other stack, anew for each sequence. @returns calls compared.
 * @throws where the two differ with two seeds of the other's, what fast-check makes of it.
 */
export function compareWithKernel(libc: Libc, runs: number, sideOf: (seed: number) => Side): number {
  const kernel = new KernelStack(libc);
  let calls = 0;
  try {
    fc.assert(
      fc.property(callSequence(40), (sequence) => {
        try {
          calls += compare(kernel, sideOf(1), sequence);
        } catch {
          // A stack may choose for one address the port that it has chosen for another, which the other
          // stack then has not: once in 28,000 choices. Any other difference is there with any seed.
          calls += compare(kernel, sideOf(2), sequence);
        }
      }),
      { numRuns: runs },
    );
  } finally {
    kernel.dispose();
  }
  return calls;
}

let sites = 0;

function compare(kernel: KernelStack, side: Side, sequence: readonly Call[]): number {
  sites += 1;
  const at = 0x7f000000 | ((((process.pid & 0x3ff) << 13) | (sites & 0x1fff)) << 1);
  const site = {
    address: (at | 0x010000) + 1,
    otherAddress: 0x7f000002,
    firstPort: 10_000 + ((process.pid * 31 + sites) % 5000) * 4,
  };
  const pair = new CallPair(side, kernelSide(kernel), site);
  pair.run(sequence);
  return pair.calls;
}
