/**
 * Gives the program's thread and the card's a core each, as netperf's option -T does. Without that, Linux may
 * wake the card's thread on the core of the program's thread that woke it, and then each waits for the other
 * to stop polling: measured on two cores, HTTP falls from 50,000 to 700 requests a second for seconds.
 * For measurements alone: beside other work a thread that is bound waits for its core, and a card under a
 * program is slower for it (docs/bench.md has the figures).
 */
import { loadLibc } from './libc.ts';

export interface Cores {
  readonly program: number;
  readonly card: number;
}

/** Bytes of a mask of 1024 processors, the size of glibc's cpu_set_t. */
const MASK_BYTES = 128;

/**
 * @returns the first and the last core that this process may use; undefined if there is only one, or libc
 *   cannot be called.
 */
export function coresApart(): Cores | undefined {
  const mask = new Uint8Array(MASK_BYTES);
  // glibc answers 0, musl the number of bytes.
  if ((loadLibc()?.schedGetaffinity(0, MASK_BYTES, mask) ?? -1) < 0) return undefined;
  const allowed: number[] = [];
  for (let core = 0; core < MASK_BYTES * 8; core++) {
    if ((mask[core >> 3] & (1 << (core & 7))) !== 0) allowed.push(core);
  }
  const card = allowed.at(-1);
  return allowed.length < 2 || card === undefined ? undefined : { program: allowed[0], card };
}

/** Binds a thread to a core. @param thread the system's number of the thread; 0 means the calling one. */
export function pinThread(thread: number, core: number): void {
  const mask = new Uint8Array(MASK_BYTES);
  mask[core >> 3] = 1 << (core & 7);
  loadLibc()?.schedSetaffinity(thread, MASK_BYTES, mask);
}
