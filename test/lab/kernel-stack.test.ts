import { describe, expect, it } from 'vitest';
import { KernelStack } from '../../src/lab/kernel-stack.ts';
import { loadLibc } from '../../src/lab/libc.ts';
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
