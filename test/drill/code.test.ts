/** The code of scripts: Python's words and precedence, over what TCP_INFO tells. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodeBeyond } from '../../src/drill/code/code-lexer.ts';
import { parseCode } from '../../src/drill/code/code-parser.ts';
import { AssertionFailed, type CodeValue, runCode } from '../../src/drill/code/evaluate.ts';

const INFO: Readonly<Record<string, number>> = { tcpi_snd_cwnd: 10, tcpi_rtt: 100_000 };

function run(source: string, variables = new Map<string, CodeValue>()): string[] {
  const printed: string[] = [];
  runCode(parseCode(source), {
    variables,
    lookUp: (name, line) => {
      if (!Object.hasOwn(INFO, name)) throw new CodeBeyond(line, `the name ${name}`);
      return INFO[name];
    },
    print: (line) => printed.push(line),
  });
  return printed;
}

describe('holds', () => {
  it.each([
    'assert tcpi_snd_cwnd == 10',
    'assert tcpi_snd_cwnd == 10, tcpi_snd_cwnd',
    'assert (tcpi_snd_cwnd == 10)',
    'assert tcpi_snd_cwnd == 10 and tcpi_rtt > 5 or False',
    'assert tcpi_snd_cwnd === 10 && !(tcpi_rtt < 5)',
    'assert 9 < tcpi_snd_cwnd <= 10 < 11',
    'assert not 1 == 2',
    'assert 1 + 2 * 3 == 7 and -7 // 2 == -4 and -7 % 3 == 2 and 2 ** 3 ** 2 == 512',
    'assert abs(-3) == 3 and max(1, 2) == 2 and int(2.9) == 2',
    'assert 0x10 | 3 == 19 and 1 << 4 == 16 and ~0 == -1',
    'assert tcpi_snd_cwnd in (9, 10, 11)',
    'assert tcpi_snd_cwnd not in [1]',
    'assert (5 if tcpi_rtt else 6) == 5',
    'assert 4294967295 & 0xffffffff == 4294967295',
    'assert \'a\' == "a"',
    'assert tcpi_snd_cwnd == 10 # a comment',
    'x = 5; assert x == 5\nassert x != 6',
    'assert (\n  tcpi_snd_cwnd ==\n 10)',
  ])('%s', (source) => {
    expect(run(source)).toEqual([]);
  });
});

describe('fails, and says what there is', () => {
  it.each([
    ['assert tcpi_snd_cwnd == 5', 'expected tcpi_snd_cwnd == 5, but tcpi_snd_cwnd is 10'],
    ['assert tcpi_snd_cwnd == 5, tcpi_rtt', /but tcpi_snd_cwnd is 10; 100000$/],
    ['assert 0', 'expected 0'],
    ['\n\nassert False', 'expected False'],
  ])('%j', (source, words) => {
    expect(() => run(source)).toThrow(AssertionFailed);
    expect(() => run(source)).toThrow(words);
  });
});

it.each([
  ['print(tcpi_snd_cwnd, "x")', ['10 x']],
  ['print "cwnd", tcpi_snd_cwnd', ['cwnd 10']],
  ['print "{}\\t{}".format(tcpi_snd_cwnd, 2)', ['10\t2']],
  ['print("%d of %s" % (tcpi_snd_cwnd, "y"))', ['10 of y']],
  ['print', ['']],
  ['print(1 == 1, None)', ['True None']],
])('%s', (source, lines) => {
  expect(run(source)).toEqual(lines);
});

it('keeps what was assigned', () => {
  const variables = new Map<string, CodeValue>();
  run('before = tcpi_snd_cwnd', variables);
  expect(run('print(before + 1)', variables)).toEqual(['11']);
});

describe('is beyond what is evaluated', () => {
  it.each([
    'import sys',
    'for i in (1, 2): print(i)',
    'tcpi_snd_cwnd == 10',
    'assert (tcpi_snd_cwnd == 10, "always true")',
    'assert unknown_name',
    'assert "x".upper() == "X"',
    'assert frobnicate(1)',
    'assert 1 +',
    'assert @',
    'assert None + 1',
    `assert ${'('.repeat(1000)}`,
  ])('%s', (source) => {
    expect(() => run(source)).toThrow(CodeBeyond);
  });
});

it('survives any text', () => {
  const words = fc.constantFrom(
    ...[
      'assert',
      'tcpi_snd_cwnd',
      '==',
      '(',
      ')',
      ',',
      'and',
      'or',
      'not',
      'if',
      'else',
      '1',
      '"a"',
      '\n',
      ';',
      '-',
      '**',
    ],
  );
  fc.assert(
    fc.property(fc.array(words, { maxLength: 25 }), (all) => {
      try {
        run(all.join(' '));
      } catch (error) {
        if (!(error instanceof CodeBeyond) && !(error instanceof AssertionFailed)) throw error;
      }
    }),
    { numRuns: 1000 },
  );
});
