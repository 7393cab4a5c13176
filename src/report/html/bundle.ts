/**
 * The page's scripts: the chart library as it is published, and our own modules, compiled, joined to one
 * script.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** Tests run from source; the compiled page is then that of the last build. */
const MAIN_URL = import.meta.url.endsWith('.ts')
  ? new URL('../../../dist/src/report/page/main.js', import.meta.url)
  : new URL('../page/main.js', import.meta.url);

/** Libraries, with the name by which their script offers itself and our modules call them. */
const GLOBALS: Readonly<Record<string, string>> = { '@observablehq/plot': 'Plot' };

const IMPORT = /^import\s+([^;]*?)\s+from\s+'([^']+)';$/gm;
const EXPORTED = /^export (?:async )?(?:function|class|const|let) (\w+)/gm;
const EXPORT = /^export (?:\{\};$|(?=async |function|class|const|let))/gm;
const COMMENTED = /^\/\/# sourceMappingURL=.*$/gm;

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

/**
 * Each module becomes a function that is called once, in the order of their imports, and answers with what it
 * exports.
 * @throws Error for an import of something that the page has not.
 */
export function joinedModules(main: URL, read: (url: URL) => string): string {
  const numbers = new Map<string, number>();
  const parts: string[] = [];
  const add = (url: URL): number => {
    const known = numbers.get(url.href);
    if (known !== undefined) return known;
    const text = read(url);
    const body = text
      .replace(COMMENTED, '')
      .replace(IMPORT, (_, names: string, from: string) => {
        if (from.startsWith('.'))
          return `const ${names.replaceAll(' as ', ': ')} = module${add(new URL(from, url))};`;
        if (names === `* as ${GLOBALS[from]}`) return '';
        throw new Error(`${url.pathname}: the page has no ${names} of ${from}`);
      })
      .replace(EXPORT, '')
      .trim();
    const exported = [...text.matchAll(EXPORTED)].map(([, name]) => name);
    const number = parts.length;
    numbers.set(url.href, number);
    parts.push(`const module${number} = (() => {\n${body}\nreturn { ${exported.join(', ')} };\n})();`);
    return number;
  };
  add(main);
  return `(() => {\n'use strict';\n${parts.join('\n')}\n})();\n`;
}
