/** Every generated file, from every source. */
import { generateClass } from './codecs.ts';
import { generateCounters, readCounters } from './counters.ts';
import { generateKernels } from './kernels.ts';
import { readClass } from './model.ts';
import { generateReference } from './reference.ts';

/** @param read gives the text of a file by its path in the repository. @returns text by path. */
export async function generateAll(read: (path: string) => string): Promise<ReadonlyMap<string, string>> {
  const counters = read('spec/counters.yaml');
  const socket = readClass(read('spec/socket.yaml'));
  const executive = readClass(read('spec/executive.yaml'));
  return new Map([
    ['src/ledger/counters.gen.ts', generateCounters(counters)],
    ['src/i2o/executive.gen.ts', generateClass(executive, 'spec/executive.yaml')],
    ['src/i2o/socket.gen.ts', generateClass(socket, 'spec/socket.yaml')],
    ['src/dma/kernels.gen.ts', await generateKernels(read('src/dma/kernels.wat'))],
    ['docs/spec.md', generateReference([socket, executive], readCounters(counters))],
  ]);
}
