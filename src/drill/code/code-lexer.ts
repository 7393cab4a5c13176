/** Cuts the code between `%{` and `}%` into tokens: a small part of Python's. */

export type CodeTokenKind = 'name' | 'number' | 'string' | 'sign' | 'newline' | 'end';

export interface CodeToken {
  readonly kind: CodeTokenKind;
  readonly text: string;
  /** Lines behind the first one of the code. */
  readonly line: number;
}

/** Code that is beyond what is evaluated here. */
export class CodeBeyond extends Error {
  readonly line: number;

  constructor(line: number, words: string) {
    super(words);
    this.name = 'CodeBeyond';
    this.line = line;
  }
}

const SPACE = String.raw`(?<space>[ \t\r]+|\\\n|#[^\n]*)`;
const NEWLINE = String.raw`(?<newline>\n|;)`;
const NUMBER = String.raw`(?<number>0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+)`;
const NAME = '(?<name>[A-Za-z_][A-Za-z0-9_]*)';
const STRING = String.raw`(?<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')`;
const SIGN = String.raw`(?<sign>\*\*|//|<<|>>|[=!<>]=|&&|\|\||[-+*/%<>=!()[\],.:&|^~?])`;
const TOKEN = new RegExp([SPACE, NEWLINE, NUMBER, NAME, STRING, SIGN].join('|'), 'y');

/** Between brackets a line goes on. */
const OPENING = /^[([]$/;
const CLOSING = /^[)\]]$/;

/** @throws CodeBeyond for a character that begins no token. */
export function codeTokens(source: string): CodeToken[] {
  const tokens: CodeToken[] = [];
  let line = 0;
  let depth = 0;
  let at = 0;
  while (at < source.length) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(source);
    if (found === null) throw new CodeBeyond(line, `the character ${JSON.stringify(source[at])}`);
    const [text] = found;
    at += text.length;
    const [kind] = Object.entries(found.groups ?? {}).find(([, value]) => value !== undefined) ?? ['space'];
    if (OPENING.test(text)) depth += 1;
    if (CLOSING.test(text)) depth -= 1;
    if (kind !== 'space' && !(kind === 'newline' && depth > 0)) {
      tokens.push({ kind: kind as CodeTokenKind, text, line });
    }
    line += text.split('\n').length - 1;
  }
  tokens.push({ kind: 'end', text: '', line });
  return tokens;
}
