/**
 * Cuts a script into tokens, by the rules of packetdrill's own lexer. What a define names is replaced as soon
 * as it is met. No text fails here but what is left open: a string, a comment, a command, a piece of code.
 */
import type { Place } from './ast.ts';
import { ScriptError } from './script-error.ts';

export type TokenKind =
  | 'word'
  | 'integer'
  | 'float'
  | 'string'
  | 'shell'
  | 'code'
  | 'option'
  | 'sign'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** A string's bytes, a command, a piece of code, an option with its dashes; else what is written. */
  readonly text: string;
  readonly place: Place;
  /** Where it begins and ends in the source. */
  readonly start: number;
  readonly end: number;
}

const SPACE = /[ \t\r\n]+/y;
const COMMENT = /\/\/[^\n]*|#[^\n]*/y;
const NUMBER = /-?[0-9]*\.[0-9]+|0x[0-9a-fA-F]+|-?[0-9]+/y;
const ADDRESS = /[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+/y;
const WORD = /[A-Za-z0-9_]+/y;
const OPTION = /--[A-Za-z0-9_]+([ \t]*=[ \t]*("(\\.|[^"\\])*"|`[^`]*`|[^\s"`])*)?/y;
/** `#ifdef NAME` and its kin: which of a script's lines are for the system at hand. */
const CONDITION = /#(ifdef|ifndef|else|endif)\b[^\n]*/y;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '0': '\0' };

const NO_DEFINES: ReadonlyMap<string, string> = new Map();
const NO_NAMES: ReadonlySet<string> = new Set();

/**
 * @param defines what words stand for, by their names. @param names for which `#ifdef` holds, beside those of
 * the defines. @throws ScriptError for what is left open.
 */
export function tokensOf(
  file: string,
  source: string,
  defines: ReadonlyMap<string, string> = NO_DEFINES,
  names: ReadonlySet<string> = NO_NAMES,
): Token[] {
  return new Lexer(file, source, defines, names).all();
}

/** A `#ifdef` whose `#endif` is still to come. */
interface OpenCondition {
  readonly place: Place;
  readonly words: string;
  /** Whether its lines are taken now, as far as it alone says. */
  holds: boolean;
}

class Lexer {
  private readonly file: string;
  private readonly source: string;
  private readonly defines: Map<string, string>;
  private readonly names: ReadonlySet<string>;
  private readonly tokens: Token[] = [];
  private readonly conditions: OpenCondition[] = [];
  private at = 0;
  private line = 1;
  private lineStart = 0;
  /** Where this line ends; -1: with the source. */
  private newline: number;

  constructor(
    file: string,
    source: string,
    defines: ReadonlyMap<string, string>,
    names: ReadonlySet<string>,
  ) {
    this.file = file;
    this.names = names;
    this.source = source;
    // Editors of other systems begin a text with a byte order mark.
    if (source.startsWith('\uFEFF')) this.at = this.lineStart = 1;
    this.newline = source.indexOf('\n');
    this.defines = new Map(defines);
  }

  all(): Token[] {
    while (this.at < this.source.length) if (!this.condition() && !this.skip()) this.next();
    const open = this.conditions.at(-1);
    if (open !== undefined) throw this.left(open.words, '#endif', open.place);
    this.add('end', '', this.at);
    return this.tokens;
  }

  /** `#ifdef`, `#ifndef`, `#else`, `#endif`, and the lines that they leave out. @returns whether it was one. */
  private condition(): boolean {
    const { source, at, conditions } = this;
    const text = match(CONDITION, source, at);
    if (text === undefined || source.slice(this.lineStart, at).trim() !== '') return false;
    const [, kind, name] = /^#(\w+)[ \t]*(\w*)/.exec(text) ?? ['', '', ''];
    const place = this.place();
    const open = conditions.at(-1);
    if (kind === 'ifdef' || kind === 'ifndef') {
      if (name === '') throw new ScriptError(this.file, place, `#${kind}: expected a name`);
      const known = this.names.has(name) || this.defines.has(name);
      conditions.push({ place, words: `#${kind} ${name}`, holds: known === (kind === 'ifdef') });
    } else if (open === undefined) {
      throw new ScriptError(this.file, place, `#${kind}: expected #ifdef or #ifndef before it`);
    } else if (kind === 'else') {
      open.holds = !open.holds;
    } else {
      conditions.pop();
    }
    this.moveTo(at + text.length);
    if (conditions.some(({ holds }) => !holds)) this.leaveOut();
    return true;
  }

  /** To the next line that says where what is left out ends. */
  private leaveOut(): void {
    const next = /^[ \t]*(?=#(ifdef|ifndef|else|endif)\b)/gm;
    next.lastIndex = this.at;
    const found = next.exec(this.source);
    this.moveTo(found === null ? this.source.length : found.index + found[0].length);
  }

  /** Passes over space and comments. @returns whether there was some. */
  private skip(): boolean {
    const { source, at } = this;
    if (source.startsWith('/*', at)) {
      this.moveTo(this.closing('*/', at + 2, 'a comment') + 2);
      return true;
    }
    const passed = match(SPACE, source, at) ?? match(COMMENT, source, at);
    if (passed === undefined) return false;
    this.moveTo(at + passed.length);
    return true;
  }

  private next(): void {
    const { source, at } = this;
    const first = source[at];
    if (source.startsWith('%{', at)) {
      const end = this.closing('}%', at + 2, 'a piece of code');
      this.add('code', source.slice(at + 2, end), end + 2);
    } else if (first === '"' || first === '`') {
      this.quoted(first);
    } else if (source.startsWith('...', at)) {
      this.add('sign', '...', at + 3);
    } else {
      this.plain();
    }
  }

  /** An option, an address, a number, a word, or a sign of one character. */
  private plain(): void {
    const { source, at } = this;
    const option = match(OPTION, source, at);
    if (option !== undefined) {
      this.define(option);
      this.add('option', option, at + option.length);
      return;
    }
    const address = match(ADDRESS, source, at);
    if (address !== undefined) {
      this.add('word', address, at + address.length);
      return;
    }
    const word = match(WORD, source, at);
    const number = match(NUMBER, source, at);
    if (number !== undefined && number.length >= (word?.length ?? 0)) {
      this.add(number.includes('.') ? 'float' : 'integer', number, at + number.length);
    } else if (word !== undefined) {
      this.word(word);
    } else {
      this.add('sign', source[at], at + 1);
    }
  }

  private word(word: string): void {
    const value = this.defines.get(word);
    const end = this.at + word.length;
    if (value === undefined) this.add('word', word, end);
    else if (/^".*"$/s.test(value)) this.add('string', unescaped(value.slice(1, -1)), end);
    else if (/^`.*`$/s.test(value)) this.add('shell', value.slice(1, -1), end);
    else this.add(/^-?([0-9]+|0x[0-9a-fA-F]+)$/.test(value) ? 'integer' : 'word', value, end);
  }

  private quoted(quote: string): void {
    const { source, at } = this;
    let end = at + 1;
    while (end < source.length && source[end] !== quote) end += source[end] === '\\' ? 2 : 1;
    if (end >= source.length) throw this.left(quote === '"' ? 'a string' : 'a command', quote);
    const text = source.slice(at + 1, end);
    this.add(quote === '"' ? 'string' : 'shell', quote === '"' ? unescaped(text) : text, end + 1);
  }

  /** `--define=NAME=value`: from here on. */
  private define(option: string): void {
    const named = /^--define[ \t]*=[ \t]*([A-Za-z0-9_]+)=(.*)$/s.exec(option);
    if (named !== null && !this.defines.has(named[1])) this.defines.set(named[1], named[2]);
  }

  private closing(mark: string, from: number, what: string): number {
    const end = this.source.indexOf(mark, from);
    if (end < 0) throw this.left(what, mark);
    return end;
  }

  private left(what: string, mark: string, place: Place = this.place()): ScriptError {
    return new ScriptError(this.file, place, `${what} begins here and does not end: expected ${mark}`);
  }

  private place(): Place {
    return { line: this.line, column: this.at - this.lineStart + 1 };
  }

  private add(kind: TokenKind, text: string, end: number): void {
    this.tokens.push({ kind, text, place: this.place(), start: this.at, end });
    this.moveTo(end);
  }

  private moveTo(end: number): void {
    while (this.newline >= 0 && this.newline < end) {
      this.line += 1;
      this.lineStart = this.newline + 1;
      this.newline = this.source.indexOf('\n', this.lineStart);
    }
    this.at = end;
  }
}

/** @returns what a sticky expression matches at a place; undefined: nothing, or no characters. */
function match(expression: RegExp, source: string, at: number): string | undefined {
  expression.lastIndex = at;
  const found = expression.exec(source);
  return found === null || found[0] === '' ? undefined : found[0];
}

/** A string's escapes, as C has them: `\n`, `\x41`, `\"`. */
function unescaped(text: string): string {
  return text.replace(/\\(x[0-9a-fA-F]{1,2}|[\s\S])/g, (_, code: string) =>
    code.length > 1 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (ESCAPES[code] ?? code),
  );
}
