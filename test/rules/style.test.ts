/** One way of writing, in TypeScript and in what is written about it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repositoryFiles } from './documents.ts';
import { finds, holds, type Rule } from './holds.ts';
import { ROOT, sources } from './sources.ts';
import {
  bareComparisons,
  beyond,
  longFiles,
  longFunctions,
  longLines,
  markedElements,
  openEnds,
  unreachable,
} from './style.ts';

/** What is still allowed, by folder: figures that only ever fall, until the table is empty and goes. */
const LONG_LINES: Readonly<Record<string, number>> = {
  'bench/fifo': 2,
  'bench/kernels': 1,
  'bench/main': 1,
  'bench/ring': 2,
  'bench/tcpip': 1,
  'spec/generator': 86,
  'spec/models': 7,
  'src/assert': 5,
  'src/cli': 7,
  'src/dma': 23,
  'src/hdm': 2,
  'src/i2o': 113,
  'src/index': 1,
  'src/iop': 92,
  'src/ism': 73,
  'src/ledger': 3,
  'src/measure': 4,
  'src/node': 8,
  'src/osm': 139,
  'src/record': 2,
  'src/replay': 17,
  'src/report': 42,
  'src/socket': 15,
  'src/spec': 8,
  'src/tcpip': 20,
  'src/time': 20,
  'src/tour': 3,
  'src/trace': 56,
  'src/validate': 49,
  'src/wire': 3,
  'src/workloads': 7,
  'src/world': 28,
  'test/conformance': 38,
  'test/fuzz': 30,
  'test/i2o': 4,
  'test/iop': 11,
  'test/ism': 5,
  'test/ledger': 1,
  'test/osm': 12,
  'test/replay': 2,
  'test/report': 9,
  'test/rules': 17,
  'test/socket': 1,
  'test/spec': 3,
  'test/tcpip': 6,
  'test/trace': 6,
  'test/world': 11,
};
const LONG_FUNCTIONS: Readonly<Record<string, number>> = {
  'spec/generator': 2,
  'src/ism': 1,
  'src/ledger': 1,
  'src/node': 1,
  'test/fuzz': 1,
  'test/i2o': 2,
  'test/node': 1,
  'test/socket': 4,
};
const BARE_COMPARISONS: Readonly<Record<string, number>> = {
  'src/i2o': 8,
  'src/iop': 1,
  'src/tcpip': 54,
  'src/wire': 1,
};
const UNREACHABLE: Readonly<Record<string, number>> = {
  'docs/models': 1,
  'docs/spec-tool': 2,
  'docs/spec': 4,
  'docs/validate': 1,
  'spec/executive': 2,
  'spec/frame': 1,
  'spec/generator': 3,
  'spec/groups': 1,
  'spec/models': 1,
  'spec/rules': 40,
  'spec/states': 1,
  'spec/utility': 3,
  'src/dma': 2,
  'src/i2o': 14,
  'src/iop': 23,
  'src/ism': 2,
  'src/ledger': 1,
  'src/osm': 7,
  'src/report': 3,
  'src/spec': 45,
  'src/tcpip': 1,
  'src/time': 3,
  'src/trace': 1,
  'src/validate': 1,
  'src/world': 1,
  'test/conformance': 1,
  'test/osm': 1,
  'test/report': 1,
};

/** As `holds`, with some findings still allowed. */
function falls(
  what: string,
  rule: Rule,
  allowed: Readonly<Record<string, number>>,
  fault: Readonly<Record<string, string>>,
  findings: readonly string[],
): void {
  it(what, () => expect(beyond(rule(sources()), allowed)).toEqual([]));
  finds(what, rule, fault, findings);
}

const lines = (count: number) => '\n'.repeat(count);

describe('lengths', () => {
  falls(
    'lines have at most 110 columns',
    longLines,
    LONG_LINES,
    { 'src/osm/a.ts': `// ${'x'.repeat(107)}\n// ${'x'.repeat(108)}`, 'src/osm/b.gen.ts': ' '.repeat(200) },
    ['src/osm/a.ts:2: 111 columns'],
  );
  falls(
    'functions have at most 70 lines',
    longFunctions,
    LONG_FUNCTIONS,
    {
      'src/osm/a.ts': `function f() {${lines(69)}}\nconst g = () => {${lines(70)}};`,
      'test/osm/a.test.ts': `
        describe.each([1])('a', () => {${lines(80)}});
        function tests() { describe('b', () => {${lines(80)}}); }
        it('c', () => {${lines(80)}});`,
    },
    ['src/osm/a.ts:71: () => { }: 71 lines', 'test/osm/a.test.ts:164: () => { }: 81 lines'],
  );
  holds(
    'files of src have at most 400 lines',
    longFiles,
    { 'src/osm/a.ts': lines(401), 'src/osm/b.ts': lines(400), 'src/osm/c.gen.ts': lines(401) },
    ['src/osm/a.ts: 401 lines'],
  );
});

describe('one spelling', () => {
  holds(
    'elements are taken without `!`',
    markedElements,
    { 'test/osm/a.ts': 'const a = list[0]!; const b = list.at(0)!;' },
    ['test/osm/a.ts:1: list[0]!'],
  );
  falls(
    'numbers that wrap are compared by name',
    bareComparisons,
    BARE_COMPARISONS,
    {
      'src/tcpip/tcp/a.ts':
        'if (((a - b) | 0) < 0 || 0 >= ((c.d - e) | 0)) f(((a - b) | 0) > 5 && x - y < 0);',
      'src/tcpip/seq.ts': 'if (((a - b) | 0) < 0) f();',
    },
    ['a.ts:1: ((a - b) | 0) < 0', 'a.ts:1: 0 >= ((c.d - e) | 0)'],
  );
  holds('nothing is left open', openEnds, { 'src/osm/a.ts': '// TODO: more' }, ['src/osm/a.ts:1: // TODO']);
});

describe('what is cited can be got', () => {
  const texts = () =>
    repositoryFiles()
      .filter((path) => /\.(ts|md|yaml|pml|lua|mjs)$/.test(path) && !path.startsWith('test/rules/style'))
      .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));

  it('nothing names an unpublished paper or a path of one machine', () => {
    expect(texts().length).toBeGreaterThan(400);
    expect(beyond(unreachable(texts()), UNREACHABLE)).toEqual([]);
  });

  it.each([
    'see reference section 3',
    'design §4',
    'as it was (reference)',
    'design rule 4',
    'in /work/a.md',
  ])('finds "%s"', (line) => {
    expect(unreachable([{ path: 'docs/a.md', text: `first\n${line}` }])).toEqual([`docs/a.md:2: ${line}`]);
  });
});
