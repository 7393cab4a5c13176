/** One way of writing, in TypeScript and in what is written about it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repositoryFiles } from './documents.ts';
import { holds } from './holds.ts';
import { ROOT } from './sources.ts';
import {
  bareComparisons,
  longFiles,
  longFunctions,
  longLines,
  markedElements,
  openEnds,
  unreachable,
} from './style.ts';

const lines = (count: number) => '\n'.repeat(count);

describe('lengths', () => {
  holds(
    'lines have at most 110 columns',
    longLines,
    {
      'src/osm/a.ts': `// ${'x'.repeat(107)}\n// ${'x'.repeat(108)}`,
      'src/osm/b.gen.ts': ' '.repeat(200),
      'src/osm/c.ts': `const table = \`\n${'x'.repeat(200)}\n\`;\nconst line = '${'x'.repeat(200)}';`,
    },
    ['src/osm/a.ts:2: 111 columns', 'src/osm/c.ts:4: 216 columns'],
  );
  holds(
    'functions have at most 70 lines',
    longFunctions,
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
    'files have at most 400 lines',
    longFiles,
    {
      'src/osm/a.ts': lines(401),
      'src/osm/b.ts': lines(400),
      'src/osm/c.gen.ts': lines(401),
      'test/osm/a.test.ts': lines(401),
    },
    ['src/osm/a.ts: 401 lines', 'test/osm/a.test.ts: 401 lines'],
  );
});

describe('one spelling', () => {
  holds(
    'elements are taken without `!`',
    markedElements,
    { 'test/osm/a.ts': 'const a = list[0]!; const b = list.at(0)!;' },
    ['test/osm/a.ts:1: list[0]!'],
  );
  holds(
    'numbers that wrap are compared by name',
    bareComparisons,
    {
      'src/tcpip/tcp/a.ts':
        'if (((a - b) | 0) < 0 || 0 >= ((c.d - e) | 0)) f(((a - b) | 0) > 5 && x - y < 0);',
      'src/dma/wrapping.ts': 'if (((a - b) | 0) < 0) f();',
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
    expect(unreachable(texts())).toEqual([]);
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
