/**
 * The source tree as the rules see it: every file with its syntax tree, as TypeScript's own parser reads it,
 * and what it imports. A rule is a function of a list of such files, so its test can also run it over a few
 * made-up files (`fakeSources`) and show that it finds what it forbids.
 */
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Node, type SourceFile as Syntax, SyntaxKind } from 'typescript/unstable/ast';
import {
  isExportDeclaration,
  isImportDeclaration,
  isImportTypeNode,
  isStringLiteral,
} from 'typescript/unstable/ast/is';
import { createVirtualFileSystem } from 'typescript/unstable/fs';
import { API } from 'typescript/unstable/sync';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface SourceFile {
  /** Path from the repository's root, with slashes: `src/osm/host.ts`. */
  readonly path: string;
  readonly text: string;
  readonly syntax: Syntax;
  /** Modules imported or re-exported, types too: paths from the root for our own, else the module's name. */
  readonly imports: readonly string[];
  /** Whether `spec/generate.ts` wrote it. */
  readonly generated: boolean;
}

let real: readonly SourceFile[] | undefined;

/** Every TypeScript file of `src`, `spec`, `test` and `bench`. The report's page is a project of its own. */
export function sources(): readonly SourceFile[] {
  real ??= ['.', 'src/report/page'].flatMap((folder) => read(new API({ cwd: ROOT }), ROOT, folder));
  return real;
}

/** @param files text by path from the root. @returns the files in the form in which rules take them. */
export function fakeSources(files: Readonly<Record<string, string>>): readonly SourceFile[] {
  const root = '/fake';
  const config = { compilerOptions: { noLib: true, types: [], noResolve: true }, include: ['**/*.ts'] };
  const all: Record<string, string> = { [`${root}/tsconfig.json`]: JSON.stringify(config) };
  for (const [path, text] of Object.entries(files)) all[`${root}/${path}`] = text;
  return read(new API({ cwd: root, fs: createVirtualFileSystem(all) }), root);
}

/** @param folder has the project's file. */
function read(api: API, root: string, folder = '.'): SourceFile[] {
  try {
    const openProject = resolve(root, folder, 'tsconfig.json');
    const [project] = api.updateSnapshot({ openProject }).getProjects();
    const files: SourceFile[] = [];
    for (const name of [...project.rootFiles].sort()) {
      const syntax = project.program.getSourceFile(name);
      if (syntax !== undefined) files.push(sourceOf(relative(root, name).split('\\').join('/'), syntax));
    }
    return files;
  } finally {
    api.close();
  }
}

function sourceOf(path: string, syntax: Syntax): SourceFile {
  const imports = nodesOf(syntax)
    .map(moduleNamed)
    .filter((name) => name !== undefined)
    .map((name) => (name.startsWith('.') ? relative('/', resolve('/', path, '..', name)) : name));
  return { path, text: syntax.text, syntax, imports, generated: path.endsWith('.gen.ts') };
}

/** The module that an import, a re-export, an `import()` or an `import('...')` type names. */
function moduleNamed(node: Node): string | undefined {
  if (isImportDeclaration(node) || isExportDeclaration(node)) {
    const { moduleSpecifier } = node;
    return moduleSpecifier !== undefined && isStringLiteral(moduleSpecifier)
      ? moduleSpecifier.text
      : undefined;
  }
  if (isImportTypeNode(node)) return literalIn(node);
  const { parent } = node;
  if (node.kind === SyntaxKind.ImportKeyword && parent?.kind === SyntaxKind.CallExpression) {
    return literalIn(parent);
  }
  return undefined;
}

function literalIn(node: Node): string | undefined {
  const literals = nodesOf(node).filter(isStringLiteral);
  return literals[0]?.text;
}

/** A node and all below it, in the order of the text. */
export function nodesOf(root: Node): Node[] {
  const nodes: Node[] = [];
  const visit = (node: Node): void => {
    nodes.push(node);
    node.forEachChild(visit);
  };
  visit(root);
  return nodes;
}

/** Where a node stands and what it says, as `path:line: text`, the text cut short. */
export function found(file: SourceFile, node: Node, what?: string): string {
  const start = startOf(file, node);
  const { line } = file.syntax.getLineAndCharacterOfPosition(start);
  const text = what ?? file.text.slice(start, node.end).replace(/\s+/g, ' ').slice(0, 80);
  return `${file.path}:${line + 1}: ${text}`;
}

/** A node's position includes the blanks and comments before it; this is where its own text begins. */
export function startOf(file: SourceFile, node: Node): number {
  const skip = /(?:\s+|\/\*[\s\S]*?\*\/|\/\/[^\n]*)*/y;
  skip.lastIndex = node.pos;
  skip.test(file.text);
  return Math.min(skip.lastIndex, node.end);
}

/** First folder below `src`; '' for what lies elsewhere or right in `src`. */
export function roomOf(path: string): string {
  const [top, room, below] = path.split('/');
  return top === 'src' && below !== undefined ? room : '';
}

/** Files of these folders of `src`. */
export function inRooms(files: readonly SourceFile[], ...rooms: string[]): SourceFile[] {
  return files.filter((file) => rooms.includes(roomOf(file.path)));
}
