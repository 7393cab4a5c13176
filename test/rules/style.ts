/**
 * One way of writing: lengths, spelling of what must be written in one way, words that a reader cannot
 * follow.
 */
import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import {
  isArrowFunction,
  isBinaryExpression,
  isBlock,
  isCallExpression,
  isElementAccessExpression,
  isExpressionStatement,
  isFunctionExpression,
  isIdentifier,
  isNonNullExpression,
  isNumericLiteral,
  isParenthesizedExpression,
} from 'typescript/unstable/ast/is';
import { isNamedFunction } from './assertions.ts';
import { found, nodesOf, type SourceFile, startOf } from './sources.ts';

const COLUMNS_MAX = 110;
const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;

const written = (files: readonly SourceFile[]) => files.filter(({ generated }) => !generated);

/** Lines of at most 110 columns, comments too. Lines within a template literal are data, such as a table. */
export function longLines(files: readonly SourceFile[]): string[] {
  return written(files).flatMap((file) => {
    const { path, text } = file;
    const lines = text.split('\n');
    if (lines.every((line) => line.length <= COLUMNS_MAX)) return [];
    const data = linesOfTemplates(file);
    return lines.flatMap((line, i) =>
      line.length > COLUMNS_MAX && !data.has(i) ? [`${path}:${i + 1}: ${line.length} columns`] : [],
    );
  });
}

/** Numbers of the lines that begin within a template literal. */
function linesOfTemplates(file: SourceFile): ReadonlySet<number> {
  const lineAt = (position: number) => file.syntax.getLineAndCharacterOfPosition(position).line;
  const lines = new Set<number>();
  for (const node of nodesOf(file.syntax)) {
    if (!TEMPLATES.has(node.kind)) continue;
    for (let line = lineAt(startOf(file, node)) + 1; line <= lineAt(node.end); line++) lines.add(line);
  }
  return lines;
}

const TEMPLATES: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.NoSubstitutionTemplateLiteral,
  SyntaxKind.TemplateExpression,
]);

/** Files of at most 400 lines, those of tests too. */
export function longFiles(files: readonly SourceFile[]): string[] {
  return written(files)
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > FILE_LINES_MAX)
    .map(({ path, lines }) => `${path}: ${lines} lines`);
}

/** Functions of at most 70 lines. A list of tests, which `describe` is given as a function, is none. */
export function longFunctions(files: readonly SourceFile[]): string[] {
  return written(files).flatMap((file) => {
    const lineAt = (position: number) => file.syntax.getLineAndCharacterOfPosition(position).line;
    return nodesOf(file.syntax)
      .filter((node) => isNamedFunction(node) || isArrowFunction(node) || isFunctionExpression(node))
      .filter((node) => !isListOfTests(node))
      .map((node) => ({ node, lines: lineAt(node.end) - lineAt(startOf(file, node)) + 1 }))
      .filter(({ lines }) => lines > FUNCTION_LINES_MAX)
      .map(({ node, lines }) => `${found(file, node)}: ${lines} lines`);
  });
}

/** A function given to `describe`, or one that does nothing but call `describe`. */
function isListOfTests(node: Node): boolean {
  if (node.parent !== undefined && isDescribe(node.parent)) return true;
  const { body } = node as Node & { readonly body?: Node };
  if (body === undefined || !isBlock(body) || body.statements.length === 0) return false;
  return body.statements.every((one) => isExpressionStatement(one) && isDescribe(one.expression));
}

function isDescribe(node: Node): boolean {
  return isCallExpression(node) && nameOfCall(node.expression) === 'describe';
}

/** The first name of `describe`, `describe.each(...)`, `describe.skipIf(...)`. */
function nameOfCall(node: Node): string {
  if (isIdentifier(node)) return node.text;
  const below = (node as Node & { readonly expression?: Node }).expression;
  return below === undefined ? '' : nameOfCall(below);
}

/** An element is taken to be there without `!`: the compiler does not ask, so the mark says nothing. */
export function markedElements(files: readonly SourceFile[]): string[] {
  return written(files).flatMap((file) =>
    nodesOf(file.syntax)
      .filter((node) => isNonNullExpression(node) && isElementAccessExpression(node.expression))
      .map((node) => found(file, node)),
  );
}

const COMPARISONS: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.LessThanToken,
  SyntaxKind.LessThanEqualsToken,
  SyntaxKind.GreaterThanToken,
  SyntaxKind.GreaterThanEqualsToken,
]);

/**
 * Sequence numbers and times that wrap are compared by name (`before`, `after`), not by `((a - b) | 0) < 0`.
 */
export function bareComparisons(files: readonly SourceFile[]): string[] {
  return written(files)
    .filter(({ path }) => path.startsWith('src/') && path !== 'src/dma/wrapping.ts')
    .flatMap((file) =>
      nodesOf(file.syntax)
        .filter(comparesDifference)
        .map((node) => found(file, node)),
    );
}

function comparesDifference(node: Node): boolean {
  if (!isBinaryExpression(node) || !COMPARISONS.has(node.operatorToken.kind)) return false;
  const isZero = (side: Node) => isNumericLiteral(side) && side.text === '0';
  return (isZero(node.right) && isDifference(node.left)) || (isZero(node.left) && isDifference(node.right));
}

/** `(a - b) | 0`, in any number of brackets. */
function isDifference(node: Node): boolean {
  if (isParenthesizedExpression(node)) return isDifference(node.expression);
  if (!isBinaryExpression(node) || node.operatorToken.kind !== SyntaxKind.BarToken) return false;
  let { left } = node;
  while (isParenthesizedExpression(left)) left = left.expression as typeof left;
  return isBinaryExpression(left) && left.operatorToken.kind === SyntaxKind.MinusToken;
}

/** What cites something that a reader cannot get: a paper that is not published, a path of one machine. */
const UNREACHABLE = [
  /\b(reference|design) (sections?|§)/i,
  /(^|\s)\(reference[),; ]/i,
  /\bdesign rule\b/i,
  /(^|[\s('"`])\/(work|home|root|Users)\//,
];
const OPEN = /\b(TODO|FIXME|XXX)\b/;

/** Texts of any kind, by path, of which none says such words. */
export function unreachable(texts: readonly { readonly path: string; readonly text: string }[]): string[] {
  return texts.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, i) =>
        UNREACHABLE.some((words) => words.test(line)) ? [`${path}:${i + 1}: ${line.trim()}`] : [],
      ),
  );
}

/** Nothing is left open. */
export function openEnds(files: readonly SourceFile[]): string[] {
  return written(files)
    .filter(({ path }) => !path.startsWith('test/rules/'))
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, i) => (OPEN.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
    );
}
