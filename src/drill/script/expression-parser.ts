/** The arguments and results of system calls: `[1]`, `{sa_family=AF_INET}`, `O_RDWR|O_NONBLOCK`, `...`. */
import type { CallAction, Expression, Field } from './ast.ts';
import type { Cursor } from './cursor.ts';

/** Brackets within brackets: deeper ones are no script's, and would exhaust the stack. */
const DEPTH_MAX = 32;

/** `name(arguments) = result ERRNO (note)`. */
export function parseCall(cursor: Cursor, untilUs: number | undefined): CallAction {
  const start = cursor.token.start;
  const name = cursor.expectKind('word', 'a packet, a system call, a command or code').text;
  cursor.expectSign('(');
  const args = cursor.isSign(')') ? [] : parseExpressions(cursor, 0);
  cursor.expectSign(')');
  cursor.expectSign('=');
  const result = parseExpression(cursor, 0);
  const errno = parseErrno(cursor);
  const text = flat(cursor.source.slice(start, cursor.passedEnd));
  if (cursor.isSign('(')) skipNote(cursor);
  return { kind: 'call', name, args, result, errno, untilUs, text };
}

/** `EAGAIN (Resource temporarily unavailable)`: the name of an errno; a note alone says nothing. */
function parseErrno(cursor: Cursor): string | undefined {
  if (cursor.token.kind !== 'word' || !/^E[A-Z0-9]+$/.test(cursor.token.text)) return undefined;
  return cursor.take().text;
}

/** What stands in parentheses behind a result is for whoever reads the script. */
function skipNote(cursor: Cursor): void {
  const { place } = cursor;
  cursor.expectSign('(');
  while (!cursor.takeSign(')')) {
    if (cursor.token.kind === 'end') throw cursor.wrong('a note begins here and does not end', place);
    cursor.take();
  }
}

function parseExpressions(cursor: Cursor, depth: number): Expression[] {
  const items = [parseExpression(cursor, depth)];
  while (cursor.takeSign(',')) items.push(parseExpression(cursor, depth));
  return items;
}

function parseExpression(cursor: Cursor, depth: number): Expression {
  const { place } = cursor;
  if (depth > DEPTH_MAX) throw cursor.wrong(`more than ${DEPTH_MAX} brackets within each other`);
  const first = parseTerm(cursor, depth);
  if (!cursor.isSign('|')) return first;
  const terms = [first];
  while (cursor.takeSign('|')) terms.push(parseTerm(cursor, depth));
  return { kind: 'or', terms, place };
}

function parseTerm(cursor: Cursor, depth: number): Expression {
  const { token, place } = cursor;
  if (cursor.takeSign('...')) return { kind: 'ellipsis', place };
  if (token.kind === 'integer') {
    cursor.take();
    return { kind: 'number', value: Number(token.text), text: token.text, place };
  }
  if (token.kind === 'string') return parseString(cursor);
  if (token.kind === 'word') return parseWord(cursor, depth);
  if (cursor.takeSign('[')) {
    const items = cursor.isSign(']') ? [] : parseExpressions(cursor, depth + 1);
    cursor.expectSign(']');
    return { kind: 'list', items, place };
  }
  if (cursor.isSign('{')) return parseBraces(cursor, depth + 1);
  throw cursor.expected('a value');
}

/** Strings behind each other are one; `"abc"...` goes on with anything. */
function parseString(cursor: Cursor): Expression {
  const { place } = cursor;
  let text = '';
  while (cursor.token.kind === 'string') text += cursor.take().text;
  const more = cursor.takeSign('...');
  return { kind: 'string', text, more, place };
}

function parseWord(cursor: Cursor, depth: number): Expression {
  const { place } = cursor;
  const name = cursor.take().text;
  if (!cursor.isSign('(')) return { kind: 'word', text: name, place };
  cursor.take();
  const args = cursor.isSign(')') ? [] : parseExpressions(cursor, depth + 1);
  cursor.expectSign(')');
  return { kind: 'call', name, args, place };
}

/** `{name=value, …}` is a record, `{value, …}` a structure without names. */
function parseBraces(cursor: Cursor, depth: number): Expression {
  const { place } = cursor;
  if (depth > DEPTH_MAX) throw cursor.wrong(`more than ${DEPTH_MAX} brackets within each other`);
  cursor.expectSign('{');
  if (cursor.takeSign('}')) return { kind: 'braces', items: [], place };
  const named = isNamed(cursor);
  const fields: Field[] = [];
  const items: Expression[] = [];
  do {
    if (named) fields.push(parseField(cursor, depth));
    else items.push(parseExpression(cursor, depth));
  } while (cursor.takeSign(','));
  cursor.expectSign('}');
  return named ? { kind: 'record', fields, place } : { kind: 'braces', items, place };
}

/** Whether `name=` or `name(…)=` comes next. */
function isNamed(cursor: Cursor): boolean {
  if (cursor.token.kind !== 'word') return false;
  if (isAt(cursor, 1, '=')) return true;
  return isAt(cursor, 1, '(') && isAt(cursor, 3, ')') && isAt(cursor, 4, '=');
}

function isAt(cursor: Cursor, count: number, sign: string): boolean {
  const { kind, text } = cursor.ahead(count);
  return kind === 'sign' && text === sign;
}

function parseField(cursor: Cursor, depth: number): Field {
  const name = cursor.expectKind('word', 'the name of a field').text;
  let of: Expression | undefined;
  if (cursor.takeSign('(')) {
    of = parseExpression(cursor, depth);
    cursor.expectSign(')');
  }
  cursor.expectSign('=');
  return { name, of, value: parseExpression(cursor, depth) };
}

/** Text of one line. */
export function flat(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** How an expression is written, for errors. */
export function expressionText(expression: Expression): string {
  switch (expression.kind) {
    case 'ellipsis':
      return '...';
    case 'number':
    case 'word':
      return expression.text;
    case 'string':
      return `${JSON.stringify(expression.text)}${expression.more ? '...' : ''}`;
    case 'or':
      return expression.terms.map(expressionText).join('|');
    case 'list':
      return `[${expression.items.map(expressionText).join(', ')}]`;
    case 'braces':
      return `{${expression.items.map(expressionText).join(', ')}}`;
    case 'record':
      return `{${expression.fields.map(fieldText).join(', ')}}`;
    case 'call':
      return `${expression.name}(${expression.args.map(expressionText).join(', ')})`;
  }
}

function fieldText({ name, of, value }: Field): string {
  return `${name}${of === undefined ? '' : `(${expressionText(of)})`}=${expressionText(value)}`;
}

/** The field of a record by its name. */
export function fieldOf(expression: Expression, name: string): Expression | undefined {
  if (expression.kind !== 'record') return undefined;
  return expression.fields.find((field) => field.name === name)?.value;
}
