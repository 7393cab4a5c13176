import { availableParallelism } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { coresApart, pinThread } from '../../src/linux/affinity.ts';
import { loadLibc } from '../../src/linux/libc.ts';

const MASK_BYTES = 128;
const libc = loadLibc();

describe.skipIf(libc === undefined || availableParallelism() < 2)('affinity', () => {
  if (libc === undefined) return;
  const before = new Uint8Array(MASK_BYTES);
  libc.schedGetaffinity(0, MASK_BYTES, before);
  afterEach(() => {
    libc.schedSetaffinity(0, MASK_BYTES, before);
  });

  it('finds two different cores, and one once the thread is kept there', () => {
    const cores = coresApart();
    expect(cores?.program).not.toBe(cores?.card);
    pinThread(0, cores?.card ?? 0);
    expect(coresApart()).toBeUndefined();
  });
});
