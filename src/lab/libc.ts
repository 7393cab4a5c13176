/** The earlier path of linux/libc.ts, kept for programs that import it. */
export { loadLibc } from '../linux/libc.ts';
