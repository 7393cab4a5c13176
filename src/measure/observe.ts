/**
 * What a run cost the thread that it ran on: processor time, allocated heap, collections, resident memory.
 * Readings are taken before and after the run, never in it.
 */
import { readFileSync } from 'node:fs';
import { GCProfiler, getHeapStatistics } from 'node:v8';
import { processCpuNs } from '../time/processor-time.ts';

export interface Cost {
  /** Processor time of this thread in nanoseconds; undefined where the system does not provide it. */
  readonly cpuNs: number | undefined;
  /** Processor time of all threads of this process. */
  readonly processCpuNs: number;
  /** Bytes allocated on this thread's heap, including those already collected. */
  readonly allocatedBytes: number;
  readonly collections: number;
  /** Resident memory of the whole process at the end. */
  readonly residentBytes: number;
}

interface Collection {
  readonly beforeGC: { readonly heapStatistics: { readonly usedHeapSize: number } };
  readonly afterGC: { readonly heapStatistics: { readonly usedHeapSize: number } };
}

/**
 * @returns how many nanoseconds this thread has been on a processor (on Linux the first field of schedstat),
 *   or
 *   undefined on other systems.
 */
export function threadCpuNs(): number | undefined {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ', 1)[0]);
  } catch {
    return undefined;
  }
}

export class Observation {
  private readonly profiler = new GCProfiler();
  private cpuNs: number | undefined;
  private processNs = 0;
  private heapBytes = 0;

  start(): void {
    this.profiler.start();
    this.heapBytes = getHeapStatistics().used_heap_size;
    this.processNs = processCpuNs();
    this.cpuNs = threadCpuNs();
  }

  stop(): Cost {
    const cpuNs = threadCpuNs();
    const processNs = processCpuNs();
    const heapBytes = getHeapStatistics().used_heap_size;
    const collections =
      (this.profiler.stop() as { statistics: readonly Collection[] } | undefined)?.statistics ?? [];
    let freedBytes = 0;
    for (const { beforeGC, afterGC } of collections) {
      freedBytes += beforeGC.heapStatistics.usedHeapSize - afterGC.heapStatistics.usedHeapSize;
    }
    return {
      cpuNs: cpuNs === undefined || this.cpuNs === undefined ? undefined : cpuNs - this.cpuNs,
      processCpuNs: processNs - this.processNs,
      allocatedBytes: heapBytes - this.heapBytes + freedBytes,
      collections: collections.length,
      residentBytes: process.memoryUsage.rss(),
    };
  }
}
