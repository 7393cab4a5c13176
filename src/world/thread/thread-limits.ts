/**
 * Whether the process's limits leave room for another thread. V8 reserves a thread's memory as it starts it,
 * and where it gets none it ends the whole process with a dump instead of an error; so the limits are read
 * before.
 */
import { readFileSync } from 'node:fs';

const MEBIBYTE = 1048576;

/** A limit, as /proc names it and what is counted against it, and what a thread takes of it. */
interface Limit {
  readonly limit: string;
  readonly used: string;
  readonly option: string;
  /** Measured on Node 20 and 24 (x86-64), and a tenth more. */
  readonly neededMebibytes: number;
}

const LIMITS: readonly Limit[] = [
  { limit: 'Max address space', used: 'VmSize', option: 'ulimit -v', neededMebibytes: 800 },
  { limit: 'Max data size', used: 'VmData', option: 'ulimit -d', neededMebibytes: 120 },
];

/**
 * @param limits the text of /proc/self/limits. @param status that of /proc/self/status.
 * @returns why there is no room for a thread, on one line; undefined where there is.
 */
export function lackForThread(limits: string, status: string): string | undefined {
  for (const { limit, used, option, neededMebibytes } of LIMITS) {
    const limitBytes = Number(new RegExp(`^${limit} +(\\d+)`, 'm').exec(limits)?.[1] ?? Infinity);
    const usedBytes = 1024 * Number(new RegExp(`^${used}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
    const leftMebibytes = Math.floor((limitBytes - usedBytes) / MEBIBYTE);
    if (leftMebibytes < neededMebibytes) {
      const left = `this process's limit (${option}) leaves ${Math.max(0, leftMebibytes)}`;
      return `that takes ${neededMebibytes} MiB of memory, and ${left}`;
    }
  }
  return undefined;
}

/** @throws Error where the limits leave no room for a thread. Without /proc nothing is known of them. */
export function checkThreadLimits(): void {
  let lack: string | undefined;
  try {
    lack = lackForThread(
      readFileSync('/proc/self/limits', 'utf8'),
      readFileSync('/proc/self/status', 'utf8'),
    );
  } catch {
    return;
  }
  if (lack !== undefined) throw new Error(lack);
}
