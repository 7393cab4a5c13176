/** Settings and workloads in words, where they are known; else by their paths. */
import { workloadOf } from '../../workloads/programs.ts';
import type { Cell } from '../page/data.ts';

const THINGS: Readonly<Record<string, string>> = {
  'pools.transmitBuffers': 'transmit buffers',
  'pools.receiveBuckets': 'receive buckets',
  'pools.transmitBufferBytes': 'bytes of a transmit buffer',
  'pools.receiveBucketBytes': 'bytes of a receive bucket',
  'workload.connections': 'connections',
  'workload.size': 'bytes of a request',
};

/** Such as `transmit buffers`; undefined for a path that has no word of its own. */
export function thingOf(path: string): string | undefined {
  return THINGS[path];
}

export function settingText(settings: Readonly<Record<string, Cell | undefined>>): string {
  return Object.entries(settings)
    .map(([path, value]) => `${path}=${value}`)
    .join(', ');
}

/** What one operation of a workload is. */
export function operationOf(workload: unknown): string {
  return workloadOf(workload)?.operation ?? 'operation';
}
