/** How a document's blocks are found, told apart, and compared with what was printed. */
import { describe, expect, it } from 'vitest';
import { blocksOf, commandsOf, isPrinted, isShown } from './blocks.ts';

const page = (...lines: readonly string[]): string => lines.join('\n');

describe('blocks of a document', () => {
  it('are fenced or indented, and each is of a kind', () => {
    const document = page(
      'Text.',
      '',
      '    $ inic spec  # a comment',
      '    printed',
      '',
      '    more',
      '',
      '- a list',
      '    that goes on is no block',
      '',
      '```js',
      'f();',
      '```',
      '',
      'prints',
      '',
      '```text',
      '1',
      '```',
      '```yaml',
      'a: 1',
      '```',
    );
    const blocks = blocksOf('docs/a.md', document);
    expect(blocks.map(({ line, kind }) => [line, kind])).toEqual([
      [3, 'shell'],
      [12, 'program'],
      [18, 'output'],
      [21, 'data'],
    ]);
    expect(blocks[0].text).toBe('$ inic spec  # a comment\nprinted\n\nmore');
    expect(blocks.map(isPrinted)).toEqual([false, false, true, false]);
  });

  it('are marked by the comments right above', () => {
    const marked = page('<!-- with: README.md -->', '<!-- not run: it waits -->', '', '    npm ci');
    const [block] = blocksOf('docs/a.md', marked);
    expect([...block.marks]).toEqual([
      ['not run', 'it waits'],
      ['with', 'README.md'],
    ]);
    expect(blocksOf('a', page('<!-- file: a.js -->', 'Text.', '', '    npm ci'))[0].marks.size).toBe(0);
  });

  it('in an unknown language are refused, and so is a fence without an end', () => {
    expect(() => blocksOf('a.md', '```perl\n1\n```')).toThrow('"perl"');
    expect(() => blocksOf('a.md', 'a\n```js\n1')).toThrow('a.md:2: the fence has no end');
  });
});

describe('commands', () => {
  it('have the lines behind them as their output', () => {
    expect(commandsOf('$ a \\\n  b\none\n\ntwo\n\n$ c  # why\n')).toEqual([
      { command: 'a b', output: ['one', '', 'two'] },
      { command: 'c', output: [] },
    ]);
  });

  it('are lines of their own where there is no prompt', () => {
    const lines = commandsOf('npm ci\n\nINIC_IOP=thread node app.js');
    expect(lines.map(({ command }) => command)).toEqual(['npm ci', 'INIC_IOP=thread node app.js']);
  });
});

it.each([
  ['a\nb\n', ['a', 'b'], false, true],
  ['a\nb\n', ['a'], false, false],
  ['a\n', ['a', 'b'], false, false],
  ['a\nb\nc', ['a', '[…]', 'c'], false, true],
  ['a\nc', ['a', '...', 'c'], false, true],
  ['a\nb\nd', ['a', '[…]', 'c'], false, false],
  ['took 12.5 ms,  10 B', ['took 3 ms, 1,000 B'], true, true],
  ['took 12.5 ms', ['took 3 ms'], false, false],
  ['took 12.5 ms', ['takes 3 ms'], true, false],
])('%j is shown as %j: numbers differ %j, %j', (printed, shown, numbersDiffer, expected) => {
  expect(isShown(printed, shown, numbersDiffer)).toBe(expected);
});
