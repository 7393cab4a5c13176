/** A rule and its test: what it says of the real tree, and that it finds the fault in a made-up one. */
import { expect, it } from 'vitest';
import { fakeSources, type SourceFile, sources } from './sources.ts';

/** @returns what breaks the rule, one line each; empty when it holds. */
export type Rule = (files: readonly SourceFile[]) => string[];

/**
 * Two tests of one rule.
 * @param fault made-up files, text by path, that break the rule. @param findings what the rule must say of
 *   them: each must occur in the line at its place.
 */
export function holds(
  what: string,
  rule: Rule,
  fault: Readonly<Record<string, string>>,
  findings: readonly string[],
): void {
  it(what, () => expect(rule(sources())).toEqual([]));
  finds(what, rule, fault, findings);
}

/** The second test alone: the rule's counter-example. */
export function finds(
  what: string,
  rule: Rule,
  fault: Readonly<Record<string, string>>,
  findings: readonly string[],
): void {
  it(`finds a counter-example: ${what}`, () => {
    expect(rule(fakeSources(fault))).toEqual(findings.map((finding) => expect.stringContaining(finding)));
  });
}
