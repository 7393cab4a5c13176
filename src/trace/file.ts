/** Trace files and pipes: their bytes, on their way to a reader (reader.ts). */
import { closeSync, openSync, readSync } from 'node:fs';
import { TraceReader } from './reader.ts';
import type { TraceSink } from './sink.ts';

const CHUNK_BYTES = 1 << 18;

/**
 * Reads a file, or standard input where the path is `-`, and tells everything to the sinks that `sinkFor` gives, one a trace.
 * @returns how many traces it held. @throws TraceDamage, after everything before the damage has been told; the file system's
 * errors as they are.
 */
export async function readTraces(path: string, sinkFor: (trace: number) => TraceSink): Promise<number> {
  const reader = new TraceReader(sinkFor);
  if (path === '-') for await (const chunk of process.stdin) reader.push(chunk as Uint8Array);
  else readFile(path, reader);
  reader.finish();
  return reader.traces;
}

function readFile(path: string, reader: TraceReader): void {
  const file = openSync(path, 'r');
  try {
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (;;) {
      const length = readSync(file, chunk, 0, CHUNK_BYTES, null);
      if (length === 0) return;
      reader.push(chunk.subarray(0, length));
    }
  } finally {
    closeSync(file);
  }
}
