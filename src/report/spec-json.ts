/**
 * The spec for programs, as `inic spec --json` prints it. docs/spec-tool.md describes the form, which has a
 * version.
 */
import { CATALOGUE } from '../spec/catalogue.gen.ts';
import { legalStates } from '../spec/catalogue.ts';
import { allClauses } from '../spec/clauses.ts';
import type { Found } from '../spec/find.ts';
import { refusalsOf } from '../spec/refusals.ts';

const FORMAT = 'inic-spec';
const FORMAT_VERSION = 1;

/** @param found the entries that were asked for by name; undefined for all. */
export function specJson(product: string, found: readonly Found[] | undefined): string {
  const head = { format: FORMAT, formatVersion: FORMAT_VERSION, product };
  const body =
    found === undefined ? { ...CATALOGUE, clauses: allClauses() } : { found: found.map(withStates) };
  return `${JSON.stringify({ ...head, ...body }, null, 2)}\n`;
}

/** A message that is asked for by name comes with what else the spec says of it. */
function withStates(found: Found): object {
  if (found.kind !== 'message') return found;
  return {
    kind: found.kind,
    entry: found.entry,
    legalStates: legalStates(found.entry).map(({ machine, states }) => ({ machine: machine.name, states })),
    refusals: refusalsOf(found.entry),
  };
}
