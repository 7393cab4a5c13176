import { describe, expect, it } from 'vitest';
import { KernelStack } from '../../src/linux/kernel-stack.ts';
import { loadLibc } from '../../src/linux/libc.ts';
import { socketContractTests } from '../socket/contract-suite.ts';

const libc = loadLibc();

describe.skipIf(libc === undefined)('libc through koffi', () => {
  if (libc === undefined) return;

  socketContractTests('kernel', async () => {
    const stack = new KernelStack(libc);
    return { stack, close: async () => stack.dispose() };
  });

  it('is loaded once', () => {
    expect(loadLibc()).toBe(libc);
  });
});
