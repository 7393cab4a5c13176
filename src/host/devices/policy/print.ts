/** Writes rules as `parse.ts` reads them: what is printed reads back as the same rules. */
import type { Expression, PolicyRule, RuleSettings } from './rule.ts';

/** How tightly an operator binds. */
const BINDS = { or: 0, and: 1, not: 2, any: 3, port: 3, host: 3 } as const;

export function printRule({ kind, expression, offload, settings }: PolicyRule): string {
  const outcome = [offload ? 'offload' : 'no-offload', ...settingWords(settings)].join(', ');
  return `${kind === 'all' ? '' : `[${kind}] `}${printed(expression, 0)} => ${outcome}`;
}

export function printPolicy(rules: readonly PolicyRule[]): string {
  return rules.map((rule) => `${printRule(rule)}\n`).join('');
}

/** Such as `10.1.0.0/16`; without a prefix of 32 bits. */
export function printAddress(address: number, bits = 32): string {
  const parts = [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff);
  return `${parts.join('.')}${bits === 32 ? '' : `/${bits}`}`;
}

function printed(expression: Expression, least: number): string {
  const text = bare(expression);
  return BINDS[expression.op] < least ? `(${text})` : text;
}

function bare(expression: Expression): string {
  switch (expression.op) {
    case 'any':
      return 'any';
    case 'not':
      return `not ${printed(expression.of, BINDS.not)}`;
    case 'and':
    case 'or': {
      const { op, left, right } = expression;
      // Operators of one kind are read from the left: a right operand of the same kind needs its parentheses.
      return `${printed(left, BINDS[op])} ${op} ${printed(right, BINDS[op] + 1)}`;
    }
    case 'port': {
      const { side, low, high } = expression;
      return `${sideWord(side)}port ${low}${high === low ? '' : `-${high}`}`;
    }
    case 'host':
      return `${sideWord(expression.side)}host ${printAddress(expression.address, expression.bits)}`;
  }
}

function sideWord(side: string): string {
  return side === 'either' ? '' : `${side} `;
}

function settingWords(settings: RuleSettings): string[] {
  return Object.entries(settings).map(([key, value]) =>
    typeof value === 'boolean' ? `${key} ${value ? 'on' : 'off'}` : `${key} ${value}`,
  );
}
