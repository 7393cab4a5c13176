/**
 * What the documents say of the tree: the files and folders they name are there, and every folder is named.
 */
import { readdirSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import { ROOT } from './sources.ts';

const FOLDERS = ['src', 'spec', 'test', 'bench', 'docs'];

/** Every file of the tree, with its path from the root; generated and built ones too, but `dist`. */
export function repositoryFiles(): string[] {
  const below = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split('\\').join('/')),
  );
  const top = readdirSync(ROOT, { withFileTypes: true }).filter((entry) => entry.isFile());
  return [...below, ...top.map(({ name }) => name)].sort();
}

const EXTENSION = /\.(ts|mts|mjs|js|md|yaml|json|wat|pml|lua|sh)$/;
/** Names that documents use for files a reader makes, and for Node's own. */
const NOT_OURS = /^(app|hello|server|client|program|my-app)\.m?[jt]s$|^lib\/|inic-report\.json$|^dist\//;

/**
 * Paths in backticks that no file has. `osm/host.ts` may be said for `src/osm/host.ts`, `host.ts` for any
 * file of that name, and `*` stands for part of a name.
 */
export function missingPaths(document: string, text: string, files: readonly string[]): string[] {
  const folders = new Set(
    files.flatMap((path) => path.split('/').map((_, i, all) => all.slice(0, i).join('/'))),
  );
  return [...text.matchAll(/`([^`\s]+)`/g)]
    .map(([, path]) => path)
    .filter((path) => looksLikePath(path) && !NOT_OURS.test(path))
    .filter((path) => !isThere(path, files, folders, posix.dirname(document)))
    .map((path) => `${document} names ${path}`);
}

function looksLikePath(text: string): boolean {
  if (!/^[\w./*{},-]+$/.test(text)) return false;
  return EXTENSION.test(text) || /^[a-z][a-z0-9-]*(\/[a-z0-9-]+)*\/$/.test(text);
}

function isThere(
  path: string,
  files: readonly string[],
  folders: ReadonlySet<string>,
  from: string,
): boolean {
  const name = path.replace(/\/$/, '').replace(/^\.\//, '');
  if (path.endsWith('/'))
    return [...folders].some((folder) => folder === name || folder.endsWith(`/${name}`));
  const pattern = name
    .split('*')
    .map((part) => part.replace(/[.{}()+?^$|[\]\\]/g, '\\$&'))
    .join('[^/]*');
  const place = name.includes('/') ? `^(src/|${from}/)?` : '(^|/)';
  const wanted = new RegExp(`${place}${pattern}$`);
  return files.some((file) => wanted.test(file));
}

/**
 * Folders and sub-folders of `src` that the table of folders does not name: a folder by `name/` in a row's
 * first cell, a sub-folder by `sub` or `sub/` anywhere in that row.
 */
export function unnamedFolders(architecture: string, files: readonly string[]): string[] {
  const rows = architecture.split('\n').filter((line) => line.startsWith('|'));
  const folders = new Set(
    files.filter((path) => path.startsWith('src/')).map((path) => posix.dirname(path.slice(4))),
  );
  return [...folders]
    .filter((folder) => folder !== '.' && !isNamed(folder.split('/'), rows))
    .map((f) => `src/${f}`);
}

function isNamed([room, ...below]: readonly string[], rows: readonly string[]): boolean {
  const row = rows.filter((line) => line.split('|')[1].includes(`\`${room}/\``)).join('\n');
  return row !== '' && below.every((name) => new RegExp(`[\`/]${name}/?[\`/]`).test(row));
}
