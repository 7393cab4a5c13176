/** Trace files and pipes: their bytes, on their way to a reader (reader.ts). */
import { createReadStream } from 'node:fs';
import { TraceReader } from './reader.ts';
import type { TraceSink } from './sink.ts';

const CHUNK_BYTES = 1 << 18;

/**
 * Reads a file, or standard input where the path is `-`, and tells everything to the sinks that `sinkFor`
 * gives, one a trace.
 * @returns how many traces it held. @throws TraceDamage, after everything before the damage has been told;
 * the file system's errors as they are.
 */
export async function readTraces(path: string, sinkFor: (trace: number) => TraceSink): Promise<number> {
  const reader = new TraceReader(sinkFor);
  const stream = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES });
  for await (const chunk of stream) reader.push(chunk as Uint8Array);
  reader.finish();
  return reader.traces;
}
