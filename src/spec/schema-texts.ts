/** The JSON Schemas of spec/schemas, as the package has them. */
import { existsSync, readFileSync } from 'node:fs';

export const SCHEMA_NAMES = ['spec', 'coverage', 'vectors', 'scenarios', 'trace', 'conform'] as const;

/** In the tree, also for what runs from the built one. */
const HERE = new URL('../../spec/schemas/', import.meta.url);
const folder = existsSync(HERE) ? HERE : new URL('../../../spec/schemas/', import.meta.url);

/** @returns the schema's text; undefined where there is none of that name. */
export function schemaText(name: string): string | undefined {
  if (!(SCHEMA_NAMES as readonly string[]).includes(name)) return undefined;
  return readFileSync(new URL(`${name}.json`, folder), 'utf8');
}
