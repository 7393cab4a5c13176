/** The documents describe the tree as it is. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missingPaths, repositoryFiles, unnamedFolders } from './documents.ts';
import { ROOT } from './sources.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const documents = [
  'README.md',
  'src/ARCHITECTURE.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

describe('every path a document names is there', () => {
  it.each(documents)('%s', (document) => {
    expect(missingPaths(document, read(document), repositoryFiles())).toEqual([]);
  });

  it('finds files, patterns and folders that are not', () => {
    const files = ['src/osm/host.ts', 'src/i2o/frame.gen.ts', 'docs/a.md', 'docs/figures/b.json'];
    const text =
      '`osm/host.ts` `host.ts` `i2o/*.gen.ts` `osm/` `figures/b.json` ' +
      '`osm/gone.ts` `gone.ts` `iop/*.ts` `iop/`';
    const names = ['osm/gone.ts', 'gone.ts', 'iop/*.ts', 'iop/'];
    expect(missingPaths('docs/a.md', text, files)).toEqual(names.map((name) => `docs/a.md names ${name}`));
  });
});

describe('every folder of src has its row', () => {
  it('in src/ARCHITECTURE.md', () => {
    expect(unnamedFolders(read('src/ARCHITECTURE.md'), repositoryFiles())).toEqual([]);
  });

  it('finds those that have none', () => {
    const table = '| folder | holds |\n| `osm/` | `user`, `message/` |\n| `iop/` | all |';
    const files = [
      'src/osm/user/a.ts',
      'src/osm/message/b.ts',
      'src/osm/kernel/c.ts',
      'src/ism/d.ts',
      'src/iop/e.ts',
    ];
    expect(unnamedFolders(table, files)).toEqual(['src/osm/kernel', 'src/ism']);
  });
});

describe('docs/README.md', () => {
  it('names every document once', () => {
    const index = read('docs/README.md');
    const names = readdirSync(join(ROOT, 'docs')).filter(
      (name) => name.endsWith('.md') && name !== 'README.md',
    );
    const counts = names.map((name) => [name, index.split(`](${name})`).length - 1]);
    expect(counts.filter(([, count]) => count !== 1)).toEqual([]);
  });
});
