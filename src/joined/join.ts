/**
 * Joins compiled modules to one script: each becomes a function that is called once, in the order of their
 * imports, and answers with what it exports. It reads what the TypeScript compiler writes for this project:
 * imports and exports that begin a line, and none of everything (`export *`).
 */

const IMPORT = /^import\s+([^;]*?)\s+from\s+['"]([^'"]+)['"];$/gm;
const DECLARED = /^export (?:async )?(?:function|class|const|let) (\w+)/gm;
const LISTED = /^export \{([^}]*)\};$/gm;
const PASSED_ON = /^export \{([^}]*)\} from ['"]([^'"]+)['"];$/gm;
const EXPORT = /^export (?:\{[^}]*\}(?: from ['"][^'"]+['"])?;$|(?=async |function|class|const|let))/gm;
/** Comments that have lines of their own: nobody reads them here, and they are half of the text. */
const COMMENTS = /^[ \t]*(?:\/\*[\s\S]*?\*\/|\/\/.*)\n/gm;
const COMMENTED = /^\/\/# sourceMappingURL=.*$/gm;

export interface Joining {
  readonly read: (url: URL) => string;
  /**
   * The statement for an import of what is not joined; undefined where it is to be joined.
   * @throws Error where the script has no such thing.
   */
  readonly outside: (names: string, from: string, importer: URL) => string | undefined;
}

export interface Joined {
  /** A statement for each module. */
  readonly statements: readonly string[];
  /** The constant that holds what the first module exports. */
  readonly main: string;
}

export function joinModules(main: URL, { read, outside }: Joining): Joined {
  const names = new Map<string, string>();
  const statements: string[] = [];
  const add = (url: URL): string => {
    const known = names.get(url.href);
    if (known !== undefined) return known;
    const text = read(url);
    const body = text
      .replace(COMMENTED, '')
      .replace(COMMENTS, '')
      .replace(
        IMPORT,
        (_, wanted: string, from: string) =>
          outside(wanted, from, url) ?? `const ${destructured(wanted)} = ${add(new URL(from, url))};`,
      )
      .replace(EXPORT, '')
      .trim();
    const exported = [
      ...[...text.matchAll(DECLARED)].map(([, name]) => name),
      ...[...text.matchAll(LISTED)].flatMap(([, list]) => entriesOf(list, '')),
      ...[...text.matchAll(PASSED_ON)].flatMap(([, list, from]) =>
        entriesOf(list, `${add(new URL(from, url))}.`),
      ),
    ];
    const name = `module${statements.length}`;
    names.set(url.href, name);
    statements.push(`const ${name} = (() => {\n${body}\nreturn { ${exported.join(', ')} };\n})();`);
    return name;
  };
  return { main: add(main), statements };
}

/** `{ a as b }` and `* as b` of an import, as the pattern of a constant. */
export function destructured(names: string): string {
  return names.startsWith('* as ') ? names.slice('* as '.length) : names.replaceAll(' as ', ': ');
}

/** Exports that are named in a list, as entries of an object. @param of what they are members of. */
function entriesOf(list: string, of: string): string[] {
  const names = list.split(',').map((name) => name.trim());
  return names
    .filter((name) => name !== '')
    .map((name) => {
      const [own, shown = own] = name.split(' as ');
      return `${shown}: ${of}${own}`;
    });
}
