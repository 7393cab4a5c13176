/** What a validator found, in lines for a failing test to show. */
import type { Validator } from '../../src/validate/validator.ts';

export function found({ findings }: Validator): string[] {
  return findings.violations.map((v) => `frame ${v.frame}: ${v.rule} ${v.seen} (${v.count})`);
}
