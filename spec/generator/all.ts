/** Every generated file, from every source. */

import type { Catalogue, RuleEntry } from '../../src/spec/entries.ts';
import { readMachines, readRules } from './behaviour.ts';
import { generateCatalogue, makeCatalogue } from './catalogue.ts';
import {
  CLAUSE_FILES,
  type ClauseGround,
  generateClauses,
  generateClausesPage,
  readClauses,
} from './clauses.ts';
import { generateClass } from './codecs.ts';
import { generateConformancePage, generateRequirements, readConformance } from './conformance.ts';
import { generateCounters, readCounters } from './counters.ts';
import { generateDissector } from './dissector.ts';
import { generateHeader, generatePython } from './foreign.ts';
import { generateElements, generateFrame, readFrame } from './frame.ts';
import { generateGroups, groupEntries, readGroups } from './groups.ts';
import { generateKaitai } from './kaitai.ts';
import { generateKernels } from './kernels.ts';
import { type ClassSpec, type Enum, readClass, readNumbers } from './model.ts';
import { generatePipe, generatePipePage, readPipe } from './pipe.ts';
import { generateReference } from './reference.ts';
import { generateSchemas } from './schema-files.ts';
import { generateVectors } from './vectors/all.ts';

/** In the order of the pages. */
const CLASSES = ['socket', 'executive', 'utility', 'lan', 'window'];

/** @param read gives the text of a file by its path in the repository. @returns text by path. */
export async function generateAll(read: (path: string) => string): Promise<ReadonlyMap<string, string>> {
  const counters = read('spec/counters.yaml');
  const groups = readGroups(read('spec/groups.yaml'));
  const classes = CLASSES.map((name) => readClass(read(`spec/${name}.yaml`)));
  const frame = readFrame(
    read('spec/frame.yaml'),
    classes.flatMap(({ enums }) => enums),
  );
  const states = optional(read, 'spec/states.yaml');
  const rules = optional(read, 'spec/rules.yaml');
  const pipe = readPipe(read('spec/pipe.yaml'));
  const machines = states === undefined ? [] : readMachines(states, classes);
  const numbers = readNumbers(read('spec/numbers.yaml'));
  const errnos = numbersOf(numbers, 'Errno');
  const foreign = { classes, frame, pipe, numbers, machines };
  const conformance = readConformance(read('spec/conformance.yaml'));
  const catalogue = makeCatalogue(
    frame,
    classes,
    machines,
    rules === undefined ? [] : readRules(rules),
    groupEntries(groups),
    numbers,
  );
  const vectors = generateVectors(classes, frame, machines);
  return new Map([
    ['src/conform/pipe/pipe.gen.ts', generatePipe(pipe)],
    ['docs/pipe.md', generatePipePage(pipe, read('spec/pipe.md'))],
    ['spec/examples/c/inic.h', generateHeader(foreign, read('spec/generator/header-engine.h'))],
    ['spec/examples/python/inic.py', generatePython(foreign)],
    ['src/ledger/counters.gen.ts', generateCounters(counters)],
    ...classes.map((spec) => classFile(spec)),
    ['src/i2o/groups.gen.ts', generateGroups(groups)],
    ['src/i2o/frame.gen.ts', generateFrame(frame)],
    ['src/i2o/list/elements.gen.ts', generateElements(frame)],
    ['src/dma/kernels.gen.ts', await generateKernels(read('src/dma/kernels.wat'))],
    ['src/spec/catalogue.gen.ts', generateCatalogue(catalogue)],
    ['spec/kaitai/inic_frame.ksy', generateKaitai(catalogue)],
    [
      'spec/wireshark/inic.lua',
      generateDissector(catalogue, read('spec/generator/dissector-engine.lua'), errnos),
    ],
    ['src/spec/requirements.gen.ts', generateRequirements(conformance)],
    ['docs/conformance-tcp.md', generateConformancePage(conformance)],
    ['docs/spec.md', generateReference(classes, groups, readCounters(counters))],
    ...vectors,
    ...clauseFiles(read, vectors, catalogue),
  ]);
}

function classFile(spec: ClassSpec): [path: string, text: string] {
  return [`src/i2o/${spec.name}.gen.ts`, generateClass(spec, `spec/${spec.name}.yaml`)];
}

function clauseFiles(
  read: (path: string) => string,
  vectors: ReadonlyMap<string, string>,
  catalogue: Catalogue,
): [path: string, text: string][] {
  const files = new Map(CLAUSE_FILES.map((path) => [path, read(path)]));
  const clauses = readClauses(files, clauseGround(vectors, catalogue.rules));
  return [
    ['src/spec/clauses.gen.ts', generateClauses(clauses)],
    ['docs/clauses.md', generateClausesPage(clauses)],
    ...generateSchemas({ catalogue, clauses }),
  ];
}

/** What clauses may name of it. */
function clauseGround(files: ReadonlyMap<string, string>, rules: readonly RuleEntry[]): ClauseGround {
  const ids = (key: 'vectors' | 'scenarios'): string[] =>
    [...files.values()].flatMap((file) => {
      const rows = (JSON.parse(file) as Partial<Record<typeof key, { id: string }[]>>)[key];
      return (rows ?? []).map(({ id }) => id);
    });
  return { rules: rules.map(({ id }) => id), vectors: ids('vectors'), scenarios: ids('scenarios') };
}

/** @returns the file's text; undefined where there is none yet. */
function optional(read: (path: string) => string, path: string): string | undefined {
  try {
    return read(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Values of an enumeration of spec/numbers.yaml, by number. */
function numbersOf(numbers: readonly Enum[], name: string): (readonly [number, string])[] {
  const found = numbers.find((entry) => entry.name === name);
  return (found?.values ?? []).map(({ value, name: of }) => [value, of] as const);
}
