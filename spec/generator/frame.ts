/** Reads and checks frame.yaml: what every class shares. */
import { parse } from 'yaml';
import type { ElementWordEntry } from '../../src/spec/entries.ts';
import { type Enum, readEnum, readStructure, type Structure } from './model.ts';
import { expect, integer, items, type Raw, record, text, unique } from './yaml.ts';

export interface FrameSpec {
  readonly name: string;
  readonly origin: string;
  readonly reference: string;
  readonly doc: string;
  readonly enums: readonly Enum[];
  readonly structures: readonly Structure[];
  readonly replyForms: readonly ReplyFormSpec[];
  readonly elements: readonly ElementSpec[];
}
export interface ReplyFormSpec {
  readonly name: string;
  readonly structure: string;
  readonly doc: string;
}
/** An element of a scatter-gather list. Word 0 has the flags in bits 24-31; `words` follow, then the tail. */
export interface ElementSpec {
  readonly name: string;
  readonly flags: number;
  readonly doc: string;
  readonly words: readonly ElementWordEntry[];
  readonly tail?: string;
}

/** @param known enumerations of the classes, which fields may name. @throws TypeError of one line. */
export function readFrame(yaml: string, known: readonly Enum[]): FrameSpec {
  const root = record(parse(yaml), 'frame', ['frame', 'enums', 'structures', 'replyForms', 'elements']);
  const head = record(root['frame'], 'frame', ['name', 'origin', 'reference', 'doc']);
  const enums = items(root['enums'], 'enums').map(readEnum);
  const structures = items(root['structures'], 'structures').map((entry) =>
    readStructure(entry, [...known, ...enums], ''),
  );
  const replyForms = items(root['replyForms'], 'replyForms').map(
    (entry) => record(entry, 'replyForms', ['name', 'structure', 'doc']) as unknown as ReplyFormSpec,
  );
  for (const { name, structure } of replyForms) {
    const there = structures.some((entry) => entry.name === structure);
    expect(there, `replyForms.${name}`, `structure ${structure} is unknown`);
  }
  const elements = items(root['elements'], 'elements').map(readElement);
  unique(elements.map(({ name }) => name), 'elements', 'name'); // biome-ignore format: one line
  unique(elements.map(({ flags }) => flags), 'elements', 'flags'); // biome-ignore format: one line
  return {
    name: text(head['name'], 'frame'),
    origin: text(head['origin'], 'frame'),
    reference: text(head['reference'], 'frame'),
    doc: text(head['doc'], 'frame'),
    enums,
    structures,
    replyForms,
    elements,
  };
}

function readElement(entry: unknown): ElementSpec {
  const where = `elements.${String((entry as Raw)?.['name'])}`;
  const raw = record(entry, where, ['name', 'flags', 'doc', 'words', 'tail?']);
  const words = items(raw['words'], where).map(
    (word) => record(word, where, ['name', 'doc']) as unknown as ElementWordEntry,
  );
  return {
    name: text(raw['name'], where),
    flags: integer(raw['flags'], where, 0, 0x7f),
    doc: text(raw['doc'], where),
    words,
    ...(raw['tail'] === undefined ? {} : { tail: text(raw['tail'], where) }),
  };
}
