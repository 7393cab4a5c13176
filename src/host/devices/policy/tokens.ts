/** The words of a policy, each with its place, for complaints that say where. */

export interface Token {
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
  readonly column: number;
}

/** A policy that cannot be read: its message begins with line and column, and says what was expected. */
export class PolicyError extends RangeError {
  readonly line: number;
  readonly column: number;
  /** What was expected there, without the place. */
  readonly words: string;

  constructor(line: number, column: number, words: string) {
    super(`policy line ${line}, column ${column}: ${words}`);
    this.line = line;
    this.column = column;
    this.words = words;
  }
}

/** `=>`, one of the marks, or a word of anything else. */
const WORDS = /=>|[[\](),]|(?:(?!=>)[^\s[\](),#])+/g;

/** @returns the words of one line, without its comment, which begins with `#`. */
export function tokensOf(text: string, line: number): Token[] {
  const end = text.indexOf('#');
  const said = end < 0 ? text : text.slice(0, end);
  return [...said.matchAll(WORDS)].map(({ 0: word, index }) => ({ text: word, line, column: index + 1 }));
}
