/**
 * The blocks of a document: what stands between fences or is indented by four spaces, what kind it is, and
 * what an HTML comment above it says of it.
 */

/** A program that runs, data that a parser reads, commands of a shell with or without output, or output. */
export type BlockKind = 'program' | 'data' | 'shell' | 'output';

/** A command as it stands in a document, and the lines that it is shown to print; none if it shows none. */
export interface ShownCommand {
  readonly command: string;
  readonly output: readonly string[];
}

export interface Block {
  readonly path: string;
  /** The block's first line in its document, from 1. */
  readonly line: number;
  /** What a fence says; empty for a fence without a language and for an indented block. */
  readonly language: string;
  readonly kind: BlockKind;
  readonly text: string;
  /** The comment above the block by its words before a colon, such as `not run` and `file`. */
  readonly marks: ReadonlyMap<string, string>;
  /** The lines of prose between the block before and this one; undefined for the first. */
  readonly prose: string | undefined;
}

const PROGRAMS = new Set(['js', 'mjs', 'ts']);
const DATA = new Set(['yaml', 'json', 'jsonc']);
const COMMAND = /^(\$ |(?:[A-Z_]+=\S+ )?(?:npx|npm|node) )/;
const MARK = /^<!-- (not run|run by|file|with|needs|long|numbers differ)(?:: (.*))? -->$/;

export function blocksOf(path: string, document: string): Block[] {
  const lines = document.split('\n');
  const blocks: Block[] = [];
  let prose: string[] = [];
  for (let i = 0; i < lines.length; ) {
    const fence = /^ {0,3}```(.*)$/.exec(lines[i]);
    const isIndented = /^ {4,}\S/.test(lines[i]) && (i === 0 || lines[i - 1] === '');
    if (fence === null && !isIndented) {
      prose.push(lines[i++]);
      continue;
    }
    const first = fence === null ? i : i + 1;
    const end = fence === null ? endOfIndented(lines, first) : lines.indexOf('```', first);
    if (end < first) throw new Error(`${path}:${i + 1}: the fence has no end`);
    const body = lines.slice(first, end).map((line) => (fence === null ? line.slice(4) : line));
    const language = fence?.[1] ?? '';
    blocks.push({
      path,
      line: first + 1,
      language,
      kind: kindOf(language, body),
      text: body.join('\n'),
      marks: marksOf(prose),
      prose: blocks.length === 0 ? undefined : prose.filter((line) => line !== '').join('\n'),
    });
    prose = [];
    i = fence === null ? end : end + 1;
  }
  return blocks;
}

/** An indented block goes on over empty lines, as long as an indented one follows. */
function endOfIndented(lines: readonly string[], first: number): number {
  let end = first;
  for (let i = first; i < lines.length && (lines[i] === '' || lines[i].startsWith('    ')); i++) {
    if (lines[i] !== '') end = i + 1;
  }
  return end;
}

function kindOf(language: string, body: readonly string[]): BlockKind {
  if (PROGRAMS.has(language)) return 'program';
  if (DATA.has(language)) return 'data';
  if (language === 'sh' || COMMAND.test(body[0])) return 'shell';
  if (language === '' || language === 'text') return 'output';
  throw new Error(`a block in the language "${language}", of which nothing is known`);
}

/** The comments right above a block, one a line, with nothing but empty lines between. */
function marksOf(prose: readonly string[]): Map<string, string> {
  const marks = new Map<string, string>();
  for (let i = prose.length - 1; i >= 0; i--) {
    if (prose[i] === '') continue;
    const match = MARK.exec(prose[i]);
    if (match === null) break;
    marks.set(match[1], match[2] ?? '');
  }
  return marks;
}

/** The commands of a block, without what a comment says behind them. A `\` at the end joins two lines. */
export function commandsOf(text: string): ShownCommand[] {
  const lines = text.replace(/\\\n\s*/g, '').split('\n');
  const prompted = lines[0].startsWith('$ ');
  const commands: { command: string; output: string[] }[] = [];
  for (const line of lines) {
    if (prompted && !line.startsWith('$ ')) commands.at(-1)?.output.push(line);
    else if (line !== '')
      commands.push({ command: line.replace(/^\$ /, '').replace(/\s+# .*$/, ''), output: [] });
  }
  for (const { output } of commands) while (output.at(-1) === '') output.pop();
  return commands;
}

/** Whether a block is what the one before it prints: nothing is between them, or a line that begins so. */
export const isPrinted = (block: Block): boolean =>
  block.kind === 'output' && block.prose !== undefined && /^(prints\b[^.]*)?$/.test(block.prose);

/**
 * Whether a program printed what a document shows, where `[…]` and `...` stand for any lines. Where numbers
 * differ, one number is as good as another, however wide.
 */
export function isShown(printed: string, shown: readonly string[], numbersDiffer: boolean): boolean {
  const plain = (line: string): string =>
    numbersDiffer
      ? line
          .replace(/\d[\d.,]*/g, '0')
          .replace(/\s+/g, ' ')
          .trim()
      : line.trimEnd();
  const actual = printed.trimEnd().split('\n').map(plain);
  const matches = (from: number, at: number): boolean => {
    if (at === shown.length) return from === actual.length;
    if (shown[at] !== '[…]' && shown[at] !== '...')
      return actual[from] === plain(shown[at]) && matches(from + 1, at + 1);
    for (let next = from; next <= actual.length; next++) if (matches(next, at + 1)) return true;
    return false;
  };
  return matches(0, 0);
}
