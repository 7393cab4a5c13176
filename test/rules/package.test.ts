/** What `npm pack` would ship: no tests, nothing missing, and source maps that lead to sources. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from './sources.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const manifest = JSON.parse(read('package.json'));
let files: string[] = [];
let packed = new Set<string>();

beforeAll(() => {
  const text = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  files = JSON.parse(text)[0].files.map(({ path }: { path: string }) => path);
  packed = new Set(files);
}, 60_000);

it('holds what runs, its plans, the spec, the vectors and the docs, and no tests or benches', () => {
  const kinds = [...new Set(files.map((path) => path.split('/').slice(0, 2).join('/')))];
  expect(kinds.filter((path) => path.startsWith('dist/'))).toEqual(['dist/src']);
  expect(
    files.filter((path) => /\.test\.|(^|\/)test\/|^bench\/|^dist\/(test|bench|spec)\//.test(path)),
  ).toEqual([]);
  for (const path of ['dist/src/cli/main.js', 'dist/src/joined/card.cjs', 'src/plans/sweeps/rpc.yaml']) {
    expect(packed).toContain(path);
  }
  expect(packed).toContain('spec/vectors/README.md');
});

it('runs no script where it is installed', () => {
  // npm asks whoever installs it from a file or from git to approve these four. `postprepare` is run after
  // `npm ci` in a clone of it, before it is packed from git, and nowhere else.
  const asked = ['preinstall', 'install', 'postinstall', 'prepare'];
  expect(Object.keys(manifest.scripts).filter((name) => asked.includes(name))).toEqual([]);
  expect(manifest.scripts.postprepare).toBe('npm run build');
});

it('every entry of package.json is in it, with its types', () => {
  const entries = JSON.stringify([manifest.bin, manifest.exports]).match(/dist\/[^"]+/g) ?? [];
  expect(entries.length).toBeGreaterThan(4);
  for (const path of entries) expect(packed).toContain(path);
});

it('every source map leads to a source that is in the package or in the map', () => {
  const maps = files.filter((path) => path.endsWith('.js.map'));
  expect(maps.length).toBeGreaterThan(500);
  const lost = maps.filter((path) => {
    const { sources, sourcesContent = [] } = JSON.parse(read(path));
    return !sources.every(
      (source: string, i: number) =>
        typeof sourcesContent[i] === 'string' || packed.has(posix.join(posix.dirname(path), source)),
    );
  });
  expect(lost).toEqual([]);
  const without = files.filter((path) => {
    if (!path.endsWith('.js')) return false;
    const named = /\/\/# sourceMappingURL=(\S+)/.exec(read(path))?.[1];
    return named !== undefined && !packed.has(posix.join(posix.dirname(path), named));
  });
  expect(without).toEqual([]);
});

describe('every import of what is packed', () => {
  const IMPORT = new RegExp(
    [
      "(?:^|\\n)\\s*(?:import|export)\\b[^'\"\\n;]*?from\\s*'([^']+)'",
      "\\bimport\\(\\s*'([^']+)'\\s*\\)",
      "(?:^|\\n)import\\s*'([^']+)'",
    ].join('|'),
    'g',
  );
  const dependencies = new Set([
    ...Object.keys(manifest.dependencies),
    ...Object.keys(manifest.optionalDependencies),
  ]);

  const unknownIn = (path: string, text: string): string[] => {
    const found = [...text.matchAll(IMPORT)].map(([, one, two, three]) => one ?? two ?? three);
    return found
      .filter((name) => {
        if (name.startsWith('node:')) return false;
        if (!name.startsWith('.')) {
          const [scope, rest] = name.split('/');
          return !dependencies.has(scope.startsWith('@') ? `${scope}/${rest}` : scope);
        }
        const target = posix.join(posix.dirname(path), name);
        const typed = target.replace(/\.[jt]s$/, '.d.ts');
        return !packed.has(path.endsWith('.d.ts') ? typed : target);
      })
      .map((name) => `${path} imports ${name}`);
  };

  it('is packed, a dependency, or of Node', () => {
    const scripts = files.filter((path) => /\.(js|d\.ts)$/.test(path) && path.startsWith('dist/'));
    expect(scripts.flatMap((path) => unknownIn(path, read(path)))).toEqual([]);
  });

  it('would be found if it were not', () => {
    const text = "import a from './gone.js';\nimport b from 'vitest';\nimport fs from 'node:fs';\n";
    expect(unknownIn('dist/src/x.js', text)).toEqual([
      'dist/src/x.js imports ./gone.js',
      'dist/src/x.js imports vitest',
    ]);
  });
});

it('names every dependency that has an install script, and what npm is to do with it', () => {
  const lock = JSON.parse(read('package-lock.json'));
  const scripted = Object.entries<{ hasInstallScript?: boolean; os?: string[] }>(lock.packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript)
    .map(([path]) => path.replace(/^.*node_modules\//, ''));
  expect(scripted.filter((name) => manifest.allowScripts[name] === undefined)).toEqual([]);
});
