/** What is exported is used: a function or a class that no file names any more is removed with its last use. */
import { describe, expect, it } from 'vitest';
import { fakeSources, type SourceFile, sources } from './sources.ts';

const EXPORTED = /^export (?:abstract |async )*(?:function\*?|class) ([A-Za-z_$][\w$]*)/gm;

/** Functions and classes of `src` that are named where they are made and nowhere else. */
function unusedExports(files: readonly SourceFile[]): string[] {
  const uses = new Map<string, number>();
  for (const { text } of files) {
    for (const [word] of text.matchAll(/[A-Za-z_$][\w$]*/g)) uses.set(word, (uses.get(word) ?? 0) + 1);
  }
  return files
    .filter(({ path, generated }) => path.startsWith('src/') && !generated)
    .flatMap(({ path, text }) =>
      [...text.matchAll(EXPORTED)].flatMap(([, name]) => (uses.get(name) === 1 ? [`${path}: ${name}`] : [])),
    );
}

describe('exports', () => {
  it('are used', () => {
    expect(unusedExports(sources())).toEqual([]);
  });

  it('are found where nobody names them', () => {
    const files = fakeSources({
      'src/a.ts':
        'export function used() {}\nexport async function dead() {}\nexport class Own {}\nnew Own();',
      'src/b.ts': "import { used } from './a.ts';\nused();\nexport abstract class Left {}",
      'test/a.test.ts': 'export function helper() {}',
    });
    expect(unusedExports(files)).toEqual(['src/a.ts: dead', 'src/b.ts: Left']);
  });
});
