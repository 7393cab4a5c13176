/** Evaluates the code of a script; what a name of TCP_INFO stands for is asked for as it is met. */
import { CodeBeyond } from './code-lexer.ts';
import type { CodeExpression, CodeStatement } from './code-parser.ts';

export type CodeValue = number | string | boolean | undefined | readonly CodeValue[];

/** An assertion that does not hold. */
export class AssertionFailed extends Error {
  readonly line: number;

  constructor(line: number, words: string) {
    super(words);
    this.name = 'AssertionFailed';
    this.line = line;
  }
}

/** What code knows, and whom it tells. */
export interface CodeContext {
  /** What earlier code of the script has assigned. */
  readonly variables: Map<string, CodeValue>;
  /** @returns what a name stands for. @throws CodeBeyond for one that is not told here. */
  readonly lookUp: (name: string, line: number) => CodeValue;
  readonly print: (line: string) => void;
}

/** @throws AssertionFailed, CodeBeyond. */
export function runCode(statements: readonly CodeStatement[], context: CodeContext): void {
  for (const statement of statements) runStatement(statement, context);
}

function runStatement(statement: CodeStatement, context: CodeContext): void {
  switch (statement.kind) {
    case 'assert':
      checkAssertion(statement, context);
      return;
    case 'print':
      context.print(statement.values.map((value) => textOf(evaluate(value, context))).join(' '));
      return;
    case 'assign':
      context.variables.set(statement.name, evaluate(statement.value, context));
      return;
    case 'value':
      evaluate(statement.value, context);
  }
}

function checkAssertion(
  { condition, message, text, line }: Extract<CodeStatement, { kind: 'assert' }>,
  context: CodeContext,
): void {
  if (isTrue(evaluate(condition, context))) return;
  const names = [...namesIn(condition)];
  const values = names.map((name) => `${name} is ${textOf(context.lookUp(name, line))}`).join(', ');
  const said = message === undefined ? '' : `; ${textOf(evaluate(message, context))}`;
  throw new AssertionFailed(line, `expected ${text}${values === '' ? '' : `, but ${values}`}${said}`);
}

/** The names of TCP_INFO that an expression looks at. */
function namesIn(expression: CodeExpression, names = new Set<string>()): Set<string> {
  switch (expression.kind) {
    case 'name':
      if (expression.name.startsWith('tcpi_')) names.add(expression.name);
      break;
    case 'unary':
      namesIn(expression.operand, names);
      break;
    case 'binary':
      namesIn(expression.left, names);
      namesIn(expression.right, names);
      break;
    case 'chain':
      namesIn(expression.first, names);
      for (const { right } of expression.links) namesIn(right, names);
      break;
    case 'choice':
      for (const part of [expression.condition, expression.chosen, expression.otherwise])
        namesIn(part, names);
      break;
    case 'call':
      for (const part of expression.args) namesIn(part, names);
      break;
    case 'tuple':
      for (const part of expression.items) namesIn(part, names);
  }
  return names;
}

function isTrue(value: CodeValue): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

function textOf(value: CodeValue): string {
  if (Array.isArray(value)) return `(${value.map(textOf).join(', ')})`;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return value === undefined ? 'None' : `${value}`;
}

function evaluate(expression: CodeExpression, context: CodeContext): CodeValue {
  switch (expression.kind) {
    case 'value':
      return expression.value;
    case 'name':
      return context.variables.has(expression.name)
        ? context.variables.get(expression.name)
        : context.lookUp(expression.name, expression.line);
    case 'unary':
      return unary(expression.operator, evaluate(expression.operand, context));
    case 'binary':
      return binary(expression, context);
    case 'chain':
      return chain(expression, context);
    case 'choice':
      return isTrue(evaluate(expression.condition, context))
        ? evaluate(expression.chosen, context)
        : evaluate(expression.otherwise, context);
    case 'call':
      return call(expression, context);
    case 'tuple':
      return expression.items.map((item) => evaluate(item, context));
  }
}

function unary(operator: string, value: CodeValue): CodeValue {
  if (operator === 'not') return !isTrue(value);
  const number = numberOf(value);
  if (operator === '-') return -number;
  return operator === '~' ? -number - 1 : number;
}

function binary(
  { operator, left, right }: Extract<CodeExpression, { kind: 'binary' }>,
  context: CodeContext,
): CodeValue {
  const first = evaluate(left, context);
  if (operator === 'or') return isTrue(first) ? first : evaluate(right, context);
  if (operator === 'and') return isTrue(first) ? evaluate(right, context) : first;
  const second = evaluate(right, context);
  if (operator === '%' && typeof first === 'string') return percent(first, second);
  if (operator === '+' && typeof first === 'string') return `${first}${textOf(second)}`;
  return arithmetic(operator, numberOf(first), numberOf(second));
}

/** Whole numbers beyond 32 bits stay exact; Python's `//` and `%` round down. */
function arithmetic(operator: string, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '//':
      return Math.floor(a / b);
    case '%':
      return a - b * Math.floor(a / b);
    case '**':
      return a ** b;
    case '<<':
      return a * 2 ** b;
    case '>>':
      return Math.floor(a / 2 ** b);
    default:
      return bitwise(operator, BigInt(Math.trunc(a)), BigInt(Math.trunc(b)));
  }
}

function bitwise(operator: string, a: bigint, b: bigint): number {
  if (operator === '&') return Number(a & b);
  return Number(operator === '|' ? a | b : a ^ b);
}

function chain(
  { first, links }: Extract<CodeExpression, { kind: 'chain' }>,
  context: CodeContext,
): CodeValue {
  let left = evaluate(first, context);
  for (const { operator, right } of links) {
    const value = evaluate(right, context);
    if (!compares(operator, left, value)) return false;
    left = value;
  }
  return true;
}

function compares(operator: string, left: CodeValue, right: CodeValue): boolean {
  switch (operator) {
    case '==':
    case 'is':
      return isEqual(left, right);
    case '!=':
    case 'is not':
      return !isEqual(left, right);
    case 'in':
    case 'not in': {
      const held = Array.isArray(right) && right.some((item) => isEqual(item, left));
      return held === (operator === 'in');
    }
    case '<':
      return numberOf(left) < numberOf(right);
    case '<=':
      return numberOf(left) <= numberOf(right);
    case '>':
      return numberOf(left) > numberOf(right);
    default:
      return numberOf(left) >= numberOf(right);
  }
}

function isEqual(left: CodeValue, right: CodeValue): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, i) => isEqual(item, right[i]));
  }
  if (typeof left === 'string' || typeof right === 'string') return left === right;
  if (left === undefined || right === undefined) return left === right;
  return numberOf(left) === numberOf(right);
}

function numberOf(value: CodeValue): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  throw new CodeBeyond(0, `arithmetic with ${textOf(value)}`);
}

function call(
  { name, self, args, line }: Extract<CodeExpression, { kind: 'call' }>,
  context: CodeContext,
): CodeValue {
  const values = args.map((arg) => evaluate(arg, context));
  if (self !== undefined) {
    const text = evaluate(self, context);
    if (name === 'format' && typeof text === 'string') return formatted(text, values);
    throw new CodeBeyond(line, `the method ${name}`);
  }
  const [first] = values;
  switch (name) {
    case 'abs':
      return Math.abs(numberOf(first));
    case 'min':
      return Math.min(...(Array.isArray(first) ? first : values).map(numberOf));
    case 'max':
      return Math.max(...(Array.isArray(first) ? first : values).map(numberOf));
    case 'int':
      return Math.trunc(Number(first));
    case 'float':
      return Number(first);
    case 'round':
      return Math.round(numberOf(first));
    case 'str':
    case 'repr':
      return textOf(first);
    case 'bool':
      return isTrue(first);
    case 'print':
      context.print(values.map(textOf).join(' '));
      return undefined;
    default:
      throw new CodeBeyond(line, `the function ${name}`);
  }
}

/** `{}` and `{0}` by the values, whatever their format says. */
function formatted(text: string, values: readonly CodeValue[]): string {
  let next = 0;
  return text.replace(/\{(\d*)(?::[^}]*)?\}/g, (_, index: string) =>
    textOf(values[index === '' ? next++ : Number(index)]),
  );
}

/** `%d` and its like, one after another. */
function percent(text: string, value: CodeValue): string {
  const values = Array.isArray(value) ? value : [value];
  let next = 0;
  return text.replace(/%[-+0-9.]*([a-z%])/g, (_, kind: string) =>
    kind === '%' ? '%' : textOf(values[next++]),
  );
}
