/** The earlier path of linux/kernel-stack.ts, kept for programs that import it. */
export { KernelStack } from '../linux/kernel-stack.ts';
