/** A place among a script's tokens, and the errors of those that read on from it. */
import type { Place } from './ast.ts';
import type { Token, TokenKind } from './lexer.ts';
import { NotJudged, ScriptError } from './script-error.ts';

const SHOWN_MAX = 30;

export class Cursor {
  readonly file: string;
  readonly source: string;
  private readonly tokens: readonly Token[];
  private index = 0;

  /** @param tokens the last of which is of kind `end`. */
  constructor(file: string, source: string, tokens: readonly Token[]) {
    this.file = file;
    this.source = source;
    this.tokens = tokens;
  }

  get token(): Token {
    return this.tokens[this.index];
  }

  get place(): Place {
    return this.token.place;
  }

  /** The token so many behind this one; the last one where there are no more. */
  ahead(count: number): Token {
    return this.tokens[Math.min(this.index + count, this.tokens.length - 1)];
  }

  /** Where the token before this one ends in the source. */
  get passedEnd(): number {
    return this.index === 0 ? 0 : this.tokens[this.index - 1].end;
  }

  take(): Token {
    const { token } = this;
    if (token.kind !== 'end') this.index += 1;
    return token;
  }

  isSign(text: string): boolean {
    return this.token.kind === 'sign' && this.token.text === text;
  }

  isWord(text: string): boolean {
    return this.token.kind === 'word' && this.token.text === text;
  }

  /** Takes a sign if it is there. @returns whether it was. */
  takeSign(text: string): boolean {
    const there = this.isSign(text);
    if (there) this.index += 1;
    return there;
  }

  takeWord(text: string): boolean {
    const there = this.isWord(text);
    if (there) this.index += 1;
    return there;
  }

  /** @throws ScriptError where another token is. */
  expectSign(text: string): void {
    if (!this.takeSign(text)) throw this.expected(`"${text}"`);
  }

  expectKind(kind: TokenKind, what: string): Token {
    if (this.token.kind !== kind) throw this.expected(what);
    return this.take();
  }

  /** A whole number of a range. @param what it is, such as `a TCP window`. */
  expectInteger(what: string, least: number, most: number): number {
    const { token } = this;
    if (token.kind !== 'integer') throw this.expected(what);
    const value = Number(token.text);
    if (!(value >= least && value <= most)) throw this.expected(`${what} from ${least} to ${most}`);
    this.index += 1;
    return value;
  }

  /** @returns the error that this token is not what was expected. */
  expected(what: string, token: Token = this.token): ScriptError {
    return this.wrong(`expected ${what}, got ${shown(token)}`, token.place);
  }

  wrong(words: string, place: Place = this.place): ScriptError {
    return new ScriptError(this.file, place, words);
  }

  beyond(reason: string, place: Place = this.place): NotJudged {
    return new NotJudged(place, reason);
  }
}

function shown({ kind, text }: Token): string {
  if (kind === 'end') return 'the end of the script';
  // One line of what can be printed, whatever the file holds.
  const flat = text
    .replace(/\s+/g, ' ')
    .replace(/[\p{C}\ufffd]/gu, '?')
    .trim();
  const cut = flat.length > SHOWN_MAX ? `${flat.slice(0, SHOWN_MAX)}…` : flat;
  if (kind === 'shell') return `the command \`${cut}\``;
  return kind === 'code' ? `the code %{ ${cut} }%` : `"${cut}"`;
}
