/** How long one of this process's threads has been on a processor, to the nanosecond. */
import { loadLibc } from './libc.ts';

/** CLOCK_THREAD_CPUTIME_ID: the calling thread's own (<time.h>). */
const OWN_CLOCK = 3;
/** The clock of another thread is made of its number (Linux, MAKE_THREAD_CPUCLOCK with CPUCLOCK_SCHED). */
const PER_THREAD_SCHEDULED = 6;
/** A struct timespec of two 64-bit words; seconds fit the lower half of the first. */
const TIME = new Int32Array(4);

/**
 * @param thread the system's number of it; 0: the calling one.
 * @returns nanoseconds; undefined where libc cannot be called, or there is no such thread.
 */
export function threadTimeNs(thread = 0): number | undefined {
  const clock = thread === 0 ? OWN_CLOCK : (~thread << 3) | PER_THREAD_SCHEDULED;
  if ((loadLibc()?.clockGettime(clock, TIME) ?? -1) !== 0) return undefined;
  return TIME[0] * 1e9 + TIME[2];
}
