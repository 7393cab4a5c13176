/**
 * Parses the code of a script: assertions, prints and assignments over TCP_INFO. Python's precedence, and
 * `&&`, `||`, `!` and `===` beside its words.
 */
import { CodeBeyond, type CodeToken, codeTokens } from './code-lexer.ts';

export type CodeExpression =
  | { readonly kind: 'value'; readonly value: number | string | boolean | undefined }
  | { readonly kind: 'name'; readonly name: string; readonly line: number }
  | { readonly kind: 'unary'; readonly operator: string; readonly operand: CodeExpression }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: CodeExpression;
      readonly right: CodeExpression;
    }
  | {
      readonly kind: 'choice';
      readonly condition: CodeExpression;
      readonly chosen: CodeExpression;
      readonly otherwise: CodeExpression;
    }
  /** `a < b < c`: each holds. */
  | { readonly kind: 'chain'; readonly first: CodeExpression; readonly links: readonly ChainLink[] }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly self: CodeExpression | undefined;
      readonly args: readonly CodeExpression[];
      readonly line: number;
    }
  | { readonly kind: 'tuple'; readonly items: readonly CodeExpression[] };

export interface ChainLink {
  readonly operator: string;
  readonly right: CodeExpression;
}

export type CodeStatement =
  | {
      readonly kind: 'assert';
      readonly condition: CodeExpression;
      readonly message: CodeExpression | undefined;
      readonly text: string;
      readonly line: number;
    }
  | { readonly kind: 'print'; readonly values: readonly CodeExpression[] }
  | { readonly kind: 'assign'; readonly name: string; readonly value: CodeExpression }
  | { readonly kind: 'value'; readonly value: CodeExpression };

const DEPTH_MAX = 64;
const COMPARISONS = ['==', '!=', '<=', '>=', '<', '>', 'in', 'is'];
/** From the weakest to the strongest; all group to the left. */
const BINARY: readonly (readonly string[])[] = [
  ['|'],
  ['^'],
  ['&'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '//', '%'],
];
const KEYWORDS =
  /^(import|from|for|while|if|elif|else|def|class|try|except|raise|with|return|global|lambda|exec)$/;

/** @throws CodeBeyond for what is no code, or more than is evaluated here. */
export function parseCode(source: string): CodeStatement[] {
  return new CodeParser(codeTokens(source)).statements();
}

class CodeParser {
  private readonly tokens: readonly CodeToken[];
  private index = 0;
  private depth = 0;

  constructor(tokens: readonly CodeToken[]) {
    this.tokens = tokens;
  }

  statements(): CodeStatement[] {
    const statements: CodeStatement[] = [];
    for (;;) {
      while (this.token.kind === 'newline') this.index += 1;
      if (this.token.kind === 'end') return statements;
      statements.push(this.statement());
      if (!this.atEnd) throw this.beyond();
    }
  }

  private get token(): CodeToken {
    return this.tokens[this.index];
  }

  private get atEnd(): boolean {
    return this.token.kind === 'newline' || this.token.kind === 'end';
  }

  private statement(): CodeStatement {
    const { text, kind, line } = this.token;
    if (kind === 'name' && KEYWORDS.test(text)) throw this.beyond();
    if (kind === 'name' && text === 'assert') return this.assertion();
    if (kind === 'name' && text === 'print') return this.print();
    if (kind === 'name' && text === 'pass') {
      this.index += 1;
      return { kind: 'value', value: { kind: 'value', value: undefined } };
    }
    const next = this.tokens[this.index + 1];
    if (kind === 'name' && next.kind === 'sign' && next.text === '=') {
      this.index += 2;
      return { kind: 'assign', name: text, value: this.expression() };
    }
    const value = this.expression();
    // An expression alone asserts nothing, and says nothing: most likely a mistake, or another language.
    if (value.kind !== 'call') throw new CodeBeyond(line, `the statement ${JSON.stringify(text)} …`);
    return { kind: 'value', value };
  }

  private assertion(): CodeStatement {
    const { line } = this.token;
    this.index += 1;
    const from = this.index;
    const condition = this.expression();
    const text = this.tokens
      .slice(from, this.index)
      .map((token) => token.text)
      .join(' ');
    const message = this.takes(',') ? this.expression() : undefined;
    // `assert (condition, message)` is always true in Python, and never what is meant.
    if (condition.kind === 'tuple') throw new CodeBeyond(line, 'an assertion of a tuple');
    return { kind: 'assert', condition, message, text, line };
  }

  private print(): CodeStatement {
    this.index += 1;
    const { kind } = this.token;
    if (kind === 'newline' || kind === 'end') return { kind: 'print', values: [] };
    const values = [this.expression()];
    while (this.takes(',')) values.push(this.expression());
    return {
      kind: 'print',
      values: values.flatMap((value) => (value.kind === 'tuple' ? value.items : [value])),
    };
  }

  private expression(): CodeExpression {
    this.depth += 1;
    if (this.depth > DEPTH_MAX) throw this.beyond();
    const value = this.either();
    this.depth -= 1;
    if (!this.takes('if')) return value;
    const condition = this.either();
    if (!this.takes('else')) throw this.beyond();
    return { kind: 'choice', condition, chosen: value, otherwise: this.expression() };
  }

  private either(): CodeExpression {
    let left = this.both();
    while (this.takes('or') || this.takes('||')) {
      left = { kind: 'binary', operator: 'or', left, right: this.both() };
    }
    return left;
  }

  private both(): CodeExpression {
    let left = this.negation();
    while (this.takes('and') || this.takes('&&')) {
      left = { kind: 'binary', operator: 'and', left, right: this.negation() };
    }
    return left;
  }

  private negation(): CodeExpression {
    let count = 0;
    while (this.takes('not') || this.takes('!')) count += 1;
    let operand = this.comparison();
    for (; count > 0; count--) operand = { kind: 'unary', operator: 'not', operand };
    return operand;
  }

  private comparison(): CodeExpression {
    const first = this.binary(0);
    const links: ChainLink[] = [];
    for (;;) {
      const operator = this.comparisonOperator();
      if (operator === undefined) return links.length === 0 ? first : { kind: 'chain', first, links };
      links.push({ operator, right: this.binary(0) });
    }
  }

  private comparisonOperator(): string | undefined {
    const found = COMPARISONS.find(
      (operator) => this.token.text === operator && this.token.kind !== 'string',
    );
    if (found !== undefined) {
      this.index += 1;
      // `===` of JavaScript.
      if (found === '==' || found === '!=') this.takes('=');
      return found === 'is' && this.takes('not') ? 'is not' : found;
    }
    const next = this.tokens[this.index + 1];
    if (this.token.text !== 'not' || next.text !== 'in') return undefined;
    this.index += 2;
    return 'not in';
  }

  private binary(level: number): CodeExpression {
    if (level === BINARY.length) return this.unary();
    let left = this.binary(level + 1);
    for (;;) {
      const operator = BINARY[level].find((sign) => this.takes(sign));
      if (operator === undefined) return left;
      left = { kind: 'binary', operator, left, right: this.binary(level + 1) };
    }
  }

  private unary(): CodeExpression {
    const operators: string[] = [];
    for (;;) {
      const operator = ['-', '+', '~'].find((sign) => this.takes(sign));
      if (operator === undefined) break;
      operators.unshift(operator);
    }
    const operand = this.power();
    return operators.reduce<CodeExpression>(
      (inner, operator) => ({ kind: 'unary', operator, operand: inner }),
      operand,
    );
  }

  private power(): CodeExpression {
    const left = this.suffixed();
    return this.takes('**') ? { kind: 'binary', operator: '**', left, right: this.unary() } : left;
  }

  private suffixed(): CodeExpression {
    let value = this.primary();
    while (this.takes('.')) {
      const { text, kind, line } = this.token;
      if (kind !== 'name') throw this.beyond();
      this.index += 1;
      if (!this.takes('(')) throw this.beyond();
      value = { kind: 'call', name: text, self: value, args: this.values(')'), line };
    }
    return value;
  }

  private primary(): CodeExpression {
    const { kind, text, line } = this.token;
    if (kind === 'end' || kind === 'newline') throw this.beyond();
    this.index += 1;
    if (kind === 'number') return { kind: 'value', value: Number(text) };
    if (kind === 'string') return { kind: 'value', value: plain(text) };
    if (kind === 'name') return this.named(text, line);
    if (text === '(') {
      const items = this.values(')');
      return items.length === 1 && !this.endedByComma ? items[0] : { kind: 'tuple', items };
    }
    if (text === '[') return { kind: 'tuple', items: this.values(']') };
    this.index -= 1;
    throw this.beyond();
  }

  private named(name: string, line: number): CodeExpression {
    if (name === 'True' || name === 'true') return { kind: 'value', value: true };
    if (name === 'False' || name === 'false') return { kind: 'value', value: false };
    if (name === 'None' || name === 'null') return { kind: 'value', value: undefined };
    if (KEYWORDS.test(name)) throw new CodeBeyond(line, `the statement ${name}`);
    if (!this.takes('(')) return { kind: 'name', name, line };
    return { kind: 'call', name, self: undefined, args: this.values(')'), line };
  }

  private endedByComma = false;

  /** Values up to a closing bracket. */
  private values(close: string): CodeExpression[] {
    const items: CodeExpression[] = [];
    let comma = false;
    while (!this.takes(close)) {
      if (items.length > 0 && !comma) throw this.beyond();
      items.push(this.expression());
      comma = this.takes(',');
    }
    this.endedByComma = comma;
    return items;
  }

  private takes(text: string): boolean {
    const { token } = this;
    if (token.text !== text || token.kind === 'string' || token.kind === 'end') return false;
    this.index += 1;
    return true;
  }

  private beyond(): CodeBeyond {
    const { kind, text, line } = this.token;
    if (kind === 'end' || kind === 'newline') return new CodeBeyond(line, 'a statement that does not end');
    return new CodeBeyond(line, `the code at ${JSON.stringify(text)}`);
  }
}

/** A string without its quotes and escapes. */
function plain(text: string): string {
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
  return text.slice(1, -1).replace(/\\(.)/g, (_, code: string) => escapes[code] ?? code);
}
