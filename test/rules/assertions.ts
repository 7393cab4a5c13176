/** The rules of assertions: each has a text of its own, and one test that injects its fault. */
import type { Node } from 'typescript/unstable/ast';
import {
  isBlock,
  isCallExpression,
  isConstructorDeclaration,
  isExpressionStatement,
  isFunctionDeclaration,
  isGetAccessorDeclaration,
  isIdentifier,
  isMethodDeclaration,
  isSetAccessorDeclaration,
  isStringLiteral,
  isVariableStatement,
} from 'typescript/unstable/ast/is';
import { found, nodesOf, roomOf, type SourceFile } from './sources.ts';

interface Told {
  /** The text, or undefined where it is no string literal. */
  readonly text: string | undefined;
  readonly at: string;
}

/** Calls of a function by its plain name, and the literal at one place of their arguments. */
function callsOf(files: readonly SourceFile[], name: string, argument: number): Told[] {
  return files.flatMap((file) =>
    file.text.includes(`${name}(`)
      ? nodesOf(file.syntax).flatMap((node) => {
          if (!isCallExpression(node) || !isIdentifier(node.expression)) return [];
          if (node.expression.text !== name) return [];
          const literal = node.arguments[argument];
          const text = literal !== undefined && isStringLiteral(literal) ? literal.text : undefined;
          return [{ text, at: found(file, node) }];
        })
      : [],
  );
}

const under = (files: readonly SourceFile[], top: string) =>
  files.filter(({ path }) => path.startsWith(`${top}/`));

const assertions = (files: readonly SourceFile[]) => callsOf(under(files, 'src'), 'assert', 1);
const injections = (files: readonly SourceFile[]) => callsOf(under(files, 'test'), 'trips', 0);

/**
 * The text of an assertion, and of a test's injection, is a string literal: one can be held against the
 * other.
 */
export function literalTexts(files: readonly SourceFile[]): string[] {
  return [...assertions(files), ...injections(files)]
    .filter(({ text }) => text === undefined)
    .map(({ at }) => at);
}

/** No two assertions have the same text: a failure names its place. */
export function uniqueTexts(files: readonly SourceFile[]): string[] {
  return repeated(assertions(files));
}

function repeated(all: readonly Told[]): string[] {
  const seen = new Set<string>();
  return all
    .filter(({ text }) => text !== undefined && seen.size === seen.add(text).size)
    .map(({ at }) => at);
}

/** Each assertion is tripped by one test, and each such test has its assertion. */
export function injectedFaults(files: readonly SourceFile[]): string[] {
  const asserted = assertions(files);
  const injected = injections(files);
  const missing = (from: readonly Told[], others: readonly Told[], why: string): string[] => {
    const texts = new Set(others.map(({ text }) => text));
    return from.filter(({ text }) => !texts.has(text)).map(({ at }) => `${why}: ${at}`);
  };
  return [
    ...missing(asserted, injected, 'no test trips it'),
    ...missing(injected, asserted, 'no such assertion'),
    ...repeated(injected).map((at) => `tripped twice: ${at}`),
  ];
}

/** Whether a node is a function with a name of its own: no arrow, no function expression, no signature. */
export function isNamedFunction(node: Node): boolean {
  return (
    (isFunctionDeclaration(node) ||
      isMethodDeclaration(node) ||
      isGetAccessorDeclaration(node) ||
      isSetAccessorDeclaration(node) ||
      isConstructorDeclaration(node)) &&
    node.body !== undefined
  );
}

/**
 * Whether a node is a function that does nothing but assert: it is kept apart so that one guarded call of it
 * stands in a hot function, and is itself no work to assert something about.
 */
function onlyAsserts(node: Node): boolean {
  if (!(isFunctionDeclaration(node) || isMethodDeclaration(node))) return false;
  const { body } = node;
  if (body === undefined || !isBlock(body) || !body.statements.some(isAssertion)) return false;
  return body.statements.every((statement) => isVariableStatement(statement) || isAssertion(statement));
}

function isAssertion(node: Node): boolean {
  if (!isExpressionStatement(node) || !isCallExpression(node.expression)) return false;
  const called = node.expression.expression;
  return isIdentifier(called) && called.text === 'assert';
}

/**
 * Assertions for each function of a folder of `src`, those that only assert not counted; 1 where there is no
 * function.
 */
export function assertionsPerFunction(files: readonly SourceFile[], room: string): number {
  const judged = files.filter((file) => roomOf(file.path) === room && !file.generated);
  const named = judged.flatMap((file) => nodesOf(file.syntax)).filter(isNamedFunction);
  const functions = named.filter((node) => !onlyAsserts(node)).length;
  return functions === 0 ? 1 : assertions(judged).length / functions;
}
