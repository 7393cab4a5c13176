/**
 * The conformance vectors as an implementation would read them: from the files, with no help of the
 * generator.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { ScenarioFile, VectorFile, VectorFrame } from './vector-file.ts';

/** A file, with its name. */
export interface VectorFileAt extends VectorFile {
  readonly path: string;
}

/** In the tree, also for what runs from the built one. */
const HERE = new URL('../../../spec/vectors/', import.meta.url);
const folder = existsSync(HERE) ? HERE : new URL('../../../../spec/vectors/', import.meta.url);

export function vectorFiles(): VectorFileAt[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => ({
      ...(JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as VectorFile),
      path: name,
    }));
}

export function vectorFile(path: string): VectorFileAt {
  return vectorFiles().find((file) => file.path === path)!;
}

/** The frame's words, little-endian bytes read back. */
export function wordsOf({ bytes }: VectorFrame): Int32Array {
  const hex = bytes.replaceAll(' ', '');
  const buffer = Uint8Array.from(hex.match(/../g)!, (byte) => Number.parseInt(byte, 16));
  return Int32Array.from({ length: buffer.length / 4 }, (_, i) =>
    new DataView(buffer.buffer).getInt32(i * 4, true),
  );
}

/** A file of scenarios, by its name without the ending. */
export function scenarioFile(name: string): ScenarioFile {
  return JSON.parse(readFileSync(new URL(`scenarios/${name}.json`, folder), 'utf8')) as ScenarioFile;
}

export function scenarioNames(): string[] {
  return readdirSync(new URL('scenarios/', folder)).map((name) => name.replace(/\.json$/, ''));
}
