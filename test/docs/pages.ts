/** The documents of the tree, their blocks, and folders in which what they show is run as a reader would. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAIN } from '../cli/commands.ts';
import { ROOT } from '../rules/sources.ts';
import { type Block, blocksOf } from './blocks.ts';

export const PAGES: readonly string[] = [
  'README.md',
  'src/ARCHITECTURE.md',
  'spec/vectors/README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

export const BLOCKS: readonly Block[] = PAGES.flatMap((path) =>
  blocksOf(path, readFileSync(join(ROOT, path), 'utf8')),
);

/** Where a block stands, for the name of its test. */
export const placeOf = ({ path, line }: Block): string => `${path}:${line}`;

/** A reader's folder: `inic` is installed there, `npx` is this tree's, and the page's files are saved. */
export function readersFolder(under: string, pages: readonly string[]): string {
  const folder = join(under, pages.join('_').replaceAll('/', '_'));
  mkdirSync(join(folder, 'bin'), { recursive: true });
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/inic'));
  const node = JSON.stringify(process.execPath);
  const main = JSON.stringify(MAIN);
  const scripts = { inic: `exec ${node} ${main} "$@"`, npx: `shift\nexec ${node} ${main} "$@"` };
  for (const [name, line] of Object.entries(scripts)) {
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${line}\n`);
    chmodSync(join(folder, 'bin', name), 0o755);
  }
  for (const { path, marks, text } of BLOCKS) {
    const file = marks.get('file');
    if (file !== undefined && pages.includes(path)) writeFileSync(join(folder, file), `${text}\n`);
  }
  return folder;
}
