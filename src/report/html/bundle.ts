/**
 * The page's scripts: the chart library as it is published, and our own modules, compiled, joined to one
 * script.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { joinModules } from '../../joined/join.ts';

/** Tests run from source; the compiled page is then that of the last build. */
const MAIN_URL = import.meta.url.endsWith('.ts')
  ? new URL('../../../dist/src/report/page/main.js', import.meta.url)
  : new URL('../page/main.js', import.meta.url);

/** Libraries, with the name by which their script offers itself and our modules call them. */
const GLOBALS: Readonly<Record<string, string>> = { '@observablehq/plot': 'Plot' };

/** Scripts in the order in which the page runs them. */
export function pageScripts(): string[] {
  const require = createRequire(import.meta.url);
  const beside = (name: string, path: string): string =>
    readFileSync(new URL(path, pathToFileURL(require.resolve(name))), 'utf8');
  return [
    beside('d3', '../dist/d3.min.js'),
    beside('@observablehq/plot', '../dist/plot.umd.min.js'),
    joinedModules(MAIN_URL, (url) => readFileSync(url, 'utf8')),
  ];
}

/** @throws Error for an import of something that the page has not. */
export function joinedModules(main: URL, read: (url: URL) => string): string {
  const outside = (names: string, from: string, url: URL): string | undefined => {
    if (from.startsWith('.')) return undefined;
    if (names === `* as ${GLOBALS[from]}`) return '';
    throw new Error(`${url.pathname}: the page has no ${names} of ${from}`);
  };
  const { statements } = joinModules(main, { read, outside });
  return `(() => {\n'use strict';\n${statements.join('\n')}\n})();\n`;
}
