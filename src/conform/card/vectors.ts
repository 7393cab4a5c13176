/**
 * The conformance vectors as an implementation would read them: from the files, with no help of the
 * generator.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

export interface Place {
  readonly word: number;
  readonly area: 'transmit' | 'receive' | 'control' | 'immediate' | 'preserved';
  readonly number: number;
  readonly offset?: number;
}

export interface VectorFrame {
  readonly bytes: string;
  readonly fields: Readonly<Record<string, number>>;
  readonly list?: readonly (readonly number[])[];
  readonly elements?: readonly {
    readonly kind: string;
    readonly flags: number;
    readonly count: number;
    readonly words: readonly number[];
  }[];
  readonly places?: readonly Place[];
}

export interface Vector extends VectorFrame {
  readonly id: string;
  readonly title: string;
  readonly message: string;
  readonly kind: 'request' | 'reply';
  readonly state?: string;
  readonly since: number;
  readonly expect: Readonly<Record<string, unknown>>;
}

export interface SetupStep extends VectorFrame {
  readonly title: string;
  /** The card gets no turn before the next frame. */
  readonly together?: true;
}

export interface VectorFile {
  readonly path: string;
  readonly class: string;
  readonly setups: Readonly<Record<string, readonly SetupStep[]>>;
  readonly vectors: readonly Vector[];
}

/** In the tree, also for what runs from the built one. */
const HERE = new URL('../../../spec/vectors/', import.meta.url);
const folder = existsSync(HERE) ? HERE : new URL('../../../../spec/vectors/', import.meta.url);

export function vectorFiles(): VectorFile[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => ({
      ...(JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as VectorFile),
      path: name,
    }));
}

export function vectorFile(path: string): VectorFile {
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
export function scenarioText(name: string): string {
  return readFileSync(new URL(`scenarios/${name}.json`, folder), 'utf8');
}

export function scenarioNames(): string[] {
  return readdirSync(new URL('scenarios/', folder)).map((name) => name.replace(/\.json$/, ''));
}
