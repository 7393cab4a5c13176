/**
 * Rules of a policy as a plan has them: a text with a rule on each line, or a list of rules. They say which
 * connections a card gets where its host has a stack too.
 */
import { parsePolicy } from '../host/devices/policy/parse.ts';
import { PolicyError } from '../host/devices/policy/tokens.ts';
import type { Fields } from '../world/topology/fields.ts';

/**
 * @returns rules that `parsePolicy` can read; undefined where the plan has none.
 * @throws RangeError that begins with the path of the rule, which counts from 0: `"policy.2"`.
 */
export function readPolicy(fields: Fields): string | undefined {
  if (!fields.has('policy')) return undefined;
  const rules = rulesIn(fields);
  try {
    if (parsePolicy(rules).length > 0) return rules;
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new RangeError(`"policy.${error.line - 1}", column ${error.column}: ${error.words}`);
  }
  throw fields.refusal('policy', 'at least one rule');
}

function rulesIn(fields: Fields): string {
  const value = fields.get('policy');
  if (typeof value === 'string') return value;
  const isRule = (rule: unknown): rule is string => typeof rule === 'string' && !/[\r\n]/.test(rule);
  if (Array.isArray(value) && value.every(isRule)) return value.join('\n');
  throw fields.refusal('policy', 'rules, one a line or one an item, such as "port 80 => offload"');
}
