/**
 * Every block of README and the docs is what it says it is: a program runs and prints what is shown, data is
 * read by the parser of its kind, commands run. What is not run here says so in a comment above it:
 *
 *     <!-- not run: why -->       <!-- run by: test/FILE.test.ts -->
 *
 * Other comments: `<!-- file: NAME -->` saves a block under a name, `<!-- with: PAGE -->` takes another
 * page's files too, `<!-- long -->` leaves a command to the long form (`npm run test:long`),
 * `<!-- numbers differ -->` lets the figures shown be others each time, and `<!-- needs: PROGRAM -->` leaves
 * a block out where a program is not installed. What such a program says on its standard error is its own
 * affair.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parsePlan } from '../../src/sweep/plan.ts';
import { parseTopology } from '../../src/world/topology.ts';
import { type Outcome, testFolder } from '../cli/commands.ts';
import { LONG } from '../long.ts';
import { ROOT } from '../rules/sources.ts';
import { type Block, commandsOf, isPrinted, isShown } from './blocks.ts';
import { BLOCKS, placeOf, readersFolder } from './pages.ts';

const folder = testFolder();
const folders = new Map<string, string>();

/** The folder of a block's page, and of the page whose files it takes. */
function folderOf({ path, marks }: Block): string {
  const pages = [path, marks.get('with')].filter((page) => page !== undefined);
  const key = pages.join();
  const made = folders.get(key) ?? readersFolder(folder, pages);
  folders.set(key, made);
  return made;
}

/** Both streams together, as a terminal shows them: what the command prints, then what it says. */
function run(cwd: string, file: string, args: readonly string[]): Promise<Outcome> {
  const env = { ...process.env, PATH: `${join(cwd, 'bin')}:${process.env['PATH']}`, COLUMNS: '100' };
  return new Promise((resolve) => {
    execFile(file, args, { cwd, env, timeout: 170_000 }, (error, stdout, stderr) => {
      resolve({ code: error?.signal ?? error?.code ?? 0, stdout, stderr });
    });
  });
}

/** A program in JavaScript knows which of a union's members it has, and cannot say so. */
const UNION_MEMBER = /Property '\w+' does not exist on type '\w+ \| \w+'/;

function isInstalled(program: string | undefined): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return program === undefined || folders.some((path) => existsSync(join(path, program)));
}

const named = (blocks: readonly Block[]) => blocks.map((block) => ({ block, place: placeOf(block) }));
const isRunHere = ({ marks }: Block): boolean =>
  !marks.has('not run') && !marks.has('run by') && isInstalled(marks.get('needs'));
const commands = BLOCKS.filter(({ kind }) => kind === 'shell');
const programs = BLOCKS.filter(({ kind }) => kind === 'program');

/** Whether a command of the page names the file in which the program is saved, and so runs it. */
const isRunByCommand = ({ path, marks }: Block): boolean =>
  marks.has('file') &&
  commands.some((block) => block.path === path && block.text.includes(marks.get('file')!));

/** Whether a block runs in this form: what takes long is left to the long one. */
const isInTime = ({ marks }: Block): boolean => LONG || !marks.has('long');

/** What the page shows behind a block as its output; undefined if it shows none. */
function shownBehind(block: Block): string[] | undefined {
  const next = BLOCKS[BLOCKS.indexOf(block) + 1];
  return next?.path === block.path && isPrinted(next) ? next.text.trimEnd().split('\n') : undefined;
}

function expectShown(block: Block, { stdout, stderr }: Outcome, shown: readonly string[]): void {
  const printed = block.marks.has('needs') ? stdout : stdout + stderr;
  const fits = isShown(printed, shown, block.marks.has('numbers differ'));
  expect(fits ? shown.join('\n') : printed.trimEnd(), placeOf(block)).toBe(shown.join('\n'));
}

describe('a program runs, and prints what is shown', () => {
  it.each(named(programs.filter((block) => isRunHere(block) && isInTime(block) && !isRunByCommand(block))))(
    '$place',
    async ({ block }) => {
      const cwd = folderOf(block);
      const file = `program-${block.line}.mjs`;
      writeFileSync(join(cwd, file), `${block.text}\n`);
      const outcome = await run(cwd, process.execPath, [file]);
      expect(outcome.stderr).toBe('');
      expect(outcome.code).toBe(0);
      expectShown(block, outcome, shownBehind(block) ?? ['[…]']);
    },
  );
});

it('every program uses the library as its types say', async () => {
  const project = join(folder, 'types');
  mkdirSync(join(project, 'node_modules'), { recursive: true });
  symlinkSync(ROOT, join(project, 'node_modules/inic'));
  const files = programs.map((block) => {
    const extension = block.language === 'ts' ? 'mts' : 'mjs';
    const file = join(project, `${placeOf(block).replaceAll(/[/:]/g, '_')}.${extension}`);
    writeFileSync(file, `${block.text}\n`);
    return file;
  });
  const flags = '--ignoreConfig --noEmit --allowJs --checkJs --skipLibCheck --module nodenext --types node';
  const roots = ['--typeRoots', join(ROOT, 'node_modules/@types'), '--strict', 'false'];
  const { stdout, code } = await run(ROOT, '.ci/tsc', [...flags.split(' '), ...roots, ...files]);
  const errors = stdout.split('\n').filter((line) => line.includes('error TS'));
  expect(errors.filter((line) => !UNION_MEMBER.test(line))).toEqual([]);
  expect(errors.length === 0 ? code : 0, stdout).toBe(0);
});

describe('data is read by the parser of its kind', () => {
  it.each(named(BLOCKS.filter(({ kind }) => kind === 'data')))('$place', ({ block: { language, text } }) => {
    if (language.startsWith('json')) JSON.parse(text.replace(/\s\/\/ .*$/gm, ''));
    else if (/^hosts:/m.test(text)) expect(parseTopology(text).hosts.length).toBeGreaterThan(0);
    else expect(parsePlan(text, 'plan.yaml', { single: true }).operations).toBeGreaterThan(0);
  });
});

describe('commands run, and print what is shown', () => {
  const inTime = commands.filter((block) => isRunHere(block) && isInTime(block));
  it.each(named(inTime))('$place', async ({ block }) => {
    for (const { command, output } of commandsOf(block.text)) {
      const outcome = await run(folderOf(block), 'sh', ['-c', command]);
      const shown = output.length > 0 ? output : shownBehind(block);
      if (shown === undefined) expect(outcome, command).toMatchObject({ code: 0, stderr: '' });
      else expectShown(block, outcome, shown);
    }
  });
});

describe('what is not run here says why', () => {
  it.each(named(BLOCKS.filter((block) => !isRunHere(block))))('$place', ({ block: { path, marks } }) => {
    const reason = marks.get('not run');
    const test = marks.get('run by');
    if (reason !== undefined) expect(reason.split(' ').length).toBeGreaterThan(2);
    if (test === undefined) return;
    expect(existsSync(join(ROOT, test)), test).toBe(true);
    expect(readFileSync(join(ROOT, test), 'utf8')).toContain(path);
  });
});
