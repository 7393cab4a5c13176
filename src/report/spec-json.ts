/**
 * The spec for machines: what `inic spec --json` prints. The form is described in docs/spec-tool.md and keeps
 * its version.
 */
import { CATALOGUE } from '../spec/catalogue.gen.ts';
import { legalStates } from '../spec/catalogue.ts';
import type { Found } from '../spec/find.ts';
import { refusalsOf } from '../spec/refusals.ts';

const FORMAT = 'inic-spec';
const FORMAT_VERSION = 1;

/** @param found what was asked for by name; undefined for everything. */
export function specJson(product: string, found: readonly Found[] | undefined): string {
  const head = { format: FORMAT, formatVersion: FORMAT_VERSION, product };
  const body = found === undefined ? CATALOGUE : { found: found.map(withStates) };
  return `${JSON.stringify({ ...head, ...body }, null, 2)}\n`;
}

/** A message by itself says too what else follows from the spec. */
function withStates(found: Found): object {
  if (found.kind !== 'message') return found;
  return {
    kind: found.kind,
    entry: found.entry,
    legalStates: legalStates(found.entry).map(({ machine, states }) => ({ machine: machine.name, states })),
    refusals: refusalsOf(found.entry),
  };
}
