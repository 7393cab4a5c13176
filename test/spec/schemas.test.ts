/** The JSON Schemas take all that the program prints and ships, and refuse what is otherwise. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeMulti } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { scenarioNames } from '../../src/conform/card/vectors.ts';
import { Conformance } from '../../src/conform/run/run.ts';
import { conformData } from '../../src/report/conform-text.ts';
import { coverageJson } from '../../src/report/spec-coverage.ts';
import { specJson } from '../../src/report/spec-json.ts';
import { findByName } from '../../src/spec/find.ts';
import { SCHEMA_NAMES, schemaText } from '../../src/spec/schema-texts.ts';
import { FileSink } from '../../src/trace/file-sink.ts';
import { vectorFiles } from '../conformance/vectors.ts';
import { ROOT } from '../rules/sources.ts';
import { runEcho } from '../trace/echo.ts';
import { asJson } from './trace-json.ts';

interface Validate {
  (value: unknown): boolean;
  readonly errors?: readonly { readonly instancePath: string; readonly message?: string }[] | null;
}

/** Ajv's door for draft 2020-12. */
const { default: Ajv } = createRequire(import.meta.url)('ajv/dist/2020.js') as {
  default: new (options: object) => { compile(schema: object): Validate };
};
const schemas = new Map<string, Validate>();

function faults(name: string, value: unknown): string[] {
  const known =
    schemas.get(name) ??
    new Ajv({ strict: true, strictTuples: false }).compile(JSON.parse(schemaText(name)!));
  schemas.set(name, known);
  if (known(value)) return [];
  return (known.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`).slice(0, 5);
}

const file = (path: string): unknown => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));

describe('a schema takes', () => {
  it('the whole spec, and each thing by name', () => {
    expect(faults('spec', JSON.parse(specJson('inic', undefined)))).toEqual([]);
    for (const name of ['SocketSend', 'frame', 'H-01', 'CARD-5.1', 'EPIPE', 'Open', '0xF100']) {
      expect(faults('spec', JSON.parse(specJson('inic', findByName(name))))).toEqual([]);
    }
  });

  it('the coverage of clauses', () => {
    expect(faults('coverage', JSON.parse(coverageJson('inic')))).toEqual([]);
  });

  it.each(vectorFiles().map(({ path }) => path))('spec/vectors/%s', (path) => {
    expect(faults('vectors', file(`spec/vectors/${path}`))).toEqual([]);
  });

  it.each(scenarioNames())('spec/vectors/scenarios/%s.json', (name) => {
    expect(faults('scenarios', file(`spec/vectors/scenarios/${name}.json`))).toEqual([]);
  });

  it('every object of a trace that was recorded', () => {
    const folder = mkdtempSync(join(tmpdir(), 'inic-'));
    const path = join(folder, 'echo.trace');
    runEcho(new FileSink(path));
    const objects = [...decodeMulti(readFileSync(path))];
    rmSync(folder, { recursive: true });
    expect(objects.length).toBeGreaterThan(50);
    for (const object of objects) expect(faults('trace', asJson(object))).toEqual([]);
  });

  it('a report of inic conform', () => {
    const own = `${process.execPath} ${ROOT}/dist/src/conform/own/main.js --fault double-answer`;
    const only = 'SocketNameGet/request/typical';
    const result = new Conformance({ target: { exec: own }, role: 'card', only, patienceMs: 20_000 }).run();
    const report = { conformance: 'card', manifest: {}, result: conformData(result) };
    expect(faults('conform', JSON.parse(JSON.stringify(report)))).toEqual([]);
  });
});

describe('a schema refuses', () => {
  const whole = JSON.parse(specJson('inic', undefined));
  const vectors = file('spec/vectors/utility.json') as { vectors: object[] };
  const [vector] = vectors.vectors;

  it.each<[string, string, unknown]>([
    ['spec', 'a key there is not', { ...whole, more: 1 }],
    ['spec', 'a version there is not', { ...whole, formatVersion: 2 }],
    [
      'spec',
      'a rule of a clause that there is not',
      { ...whole, clauses: [{ ...whole.clauses[0], rules: ['H-99'] }] },
    ],
    ['vectors', 'a message there is not', { ...vectors, vectors: [{ ...vector, message: 'UtilNope' }] }],
    [
      'vectors',
      'an answer there is not',
      { ...vectors, vectors: [{ ...vector, expect: { answer: 'maybe' } }] },
    ],
    ['vectors', 'bytes that are none', { ...vectors, vectors: [{ ...vector, bytes: '0100040' }] }],
    ['trace', 'an event of too many items', [5, 1, 0, 0]],
    ['trace', 'an event of no kind', [9, 1, 0]],
    ['trace', 'a time that falls', [5, -1, 0]],
    ['trace', 'a side there is not', [6, 1, 2, 64, 4]],
    ['conform', 'nothing', {}],
  ])('%s: %s', (name, _what, value) => {
    expect(faults(name, value)).not.toEqual([]);
  });
});

it('there is one by each name', () => {
  for (const name of SCHEMA_NAMES) {
    expect(JSON.parse(schemaText(name)!)['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
  }
  expect(schemaText('../package')).toBeUndefined();
});
