import { describe, expect, it } from 'vitest';
import { loadLibc } from '../../src/linux/libc.ts';
import { threadTimeNs } from '../../src/linux/thread-time.ts';
import { MachineClock } from '../../src/time/clock.ts';

describe.skipIf(loadLibc() === undefined)('the time a thread was on a processor', () => {
  it('goes on while it works, and never faster than the clock', () => {
    const clock = new MachineClock();
    const startNs = clock.nowNs;
    const before = threadTimeNs() ?? 0;
    let turns = 0;
    while ((threadTimeNs() ?? 0) - before < 5e6) turns += 1;
    clock.update();
    expect(turns).toBeGreaterThan(0);
    expect(clock.nowNs - startNs).toBeGreaterThanOrEqual(5e6);
  });

  it('is told of another thread by its number, and of none that there is not', () => {
    expect(threadTimeNs(process.pid)).toBeGreaterThan(0);
    expect(threadTimeNs(0x3ffffff)).toBeUndefined();
  });
});
