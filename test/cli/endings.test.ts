/**
 * Every file of every verb, in every way in which it can be bad: one line that names it, an exit status that
 * says so, nothing measured before it where that can be known, and nothing that was measured lost.
 */

import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { LONG } from '../long.ts';
import { MAIN, type Outcome, runNode, testFolder } from './commands.ts';

const folder = testFolder();
const at = (name: string): string => join(folder, name);
const inic = (...args: string[]): Promise<Outcome> => runNode(folder, [MAIN, ...args]);

const PLAN = `world: pair
workload: { workload: TCP_RR, connections: 4, size: 64 }
vary: { pools.transmitBuffers: [4, 8] }
operations: 100
`;
const ECHO = `import net from 'node:net';
const server = net.createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1', () => {
  const client = net.connect(server.address().port, '127.0.0.1', () => client.write('hello'));
  client.on('data', () => { console.log('echoed'); client.end(); server.close(); });
});
`;
const SHORT = ['--duration', '0.02', '--repeats', '1', '--connections', '1', '--api', 'net'];
const CARD = ['bench', 'TCP_RR', ...SHORT, '--stack', 'inic', '--iop', 'inline'];
const KERNEL = ['bench', 'TCP_RR', ...SHORT, '--stack', 'kernel'];
const CONFORM = ['conform', '--self', '--only', 'UtilNop/request/typical'];
const EXPERIMENT = ['experiment', 'four-aims', '--set', 'seeds=1', '--set', 'operations=50'];

beforeAll(async () => {
  writeFileSync(at('plan.yaml'), PLAN);
  writeFileSync(at('echo.mjs'), ECHO);
  writeFileSync(at('empty'), '');
  writeFileSync(at('binary'), Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) & 0xff)));
  writeFileSync(at('huge'), '');
  truncateSync(at('huge'), 3 * 2 ** 30); // a hole: it takes no room
  mkdirSync(at('folder'));
  expect(await inic('run', '--trace', 'good.trace', 'echo.mjs')).toMatchObject({ code: 0 });
  expect(await inic('sweep', 'plan.yaml', '--out', 'good.jsonl')).toMatchObject({ code: 0 });
}, 170_000);

/** What ends a verb at once: no line but one, and no result. */
function expectRefused({ code, stdout, stderr }: Outcome, words: RegExp): void {
  expect(stderr).toMatch(words);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect([stdout, code]).toEqual(['', 1]);
}

/** Verbs by what follows the name of a file that they write. */
const OUTPUTS: Readonly<Record<string, (path: string) => string[]>> = {
  'run --trace': (path) => ['run', '--trace', path, 'echo.mjs'],
  'bench --trace': (path) => [...CARD, '--trace', path],
  'bench --json': (path) => [...KERNEL, '--json', path],
  'bench --csv': (path) => [...KERNEL, '--csv', path],
  'sweep --out': (path) => ['sweep', 'plan.yaml', '--out', path],
  'sweep --csv': (path) => ['sweep', 'plan.yaml', '--csv', path],
  'advise --out': (path) => ['advise', 'plan.yaml', '--out', path],
  'advise --json': (path) => ['advise', 'plan.yaml', '--json', path],
  'compare --json': (path) => ['compare', 'TCP_RR', '--operations', '50', '--json', path],
  'conform --report': (path) => [...CONFORM, '--report', path],
  'conform --json': (path) => [...CONFORM, '--json', path],
  'experiment --report': (path) => [...EXPERIMENT, '--report', path],
  'experiment --json': (path) => [...EXPERIMENT, '--json', path],
  'explain --trace': (path) => ['explain', 'plan.yaml', '0', '--trace', path],
  'report --out': (path) => ['report', 'good.jsonl', '--out', path],
  'decode --pcapng': (path) => ['decode', 'good.trace', '--pcapng', path],
};

/** What none of the verbs writes. */
const SOURCE = "import net from 'node:net';\n";

const BAD_PLACES = {
  'a full device': [
    '/dev/full',
    /^inic: (cannot write )?\/dev\/full: (no space left on device: make room|is no results)/,
  ],
  'a directory': ['folder', /^inic: cannot write folder: it is a directory/],
  'no folder': ['no/such', /^inic: cannot write no\/such: no such file or directory/],
  'a file in place of a folder': ['empty/x', /^inic: cannot write empty\/x: (not a directory|no such file)/],
  'a file system that takes no files': ['/proc/inic', /^inic: cannot write \/proc\/inic: no such file/],
} as const;

/**
 * Each verb with each bad file is a process of its own, which takes minutes: of these every third is tried,
 * so that each verb and each kind of file has its turn, and in the long form all of them.
 */
function everyThird<T>(cases: readonly T[], from: number): T[] {
  return cases.filter((_, i) => LONG || (i + from) % 3 === 0);
}

describe.each(Object.entries(OUTPUTS).map(([verb, args], i) => [verb, args, i] as const))(
  '%s',
  (_, args, i) => {
    it.each(everyThird(Object.entries(BAD_PLACES), i))('refuses %s', async (_, [path, words]) => {
      expectRefused(await inic(...args(path)), words);
      expect(readdirSync(folder).filter((name) => /\.(part|new|journal)$/.test(name))).toEqual([]);
    });

    it('leaves a file of another kind as it is', async () => {
      writeFileSync(at('source.ts'), SOURCE);
      expectRefused(
        await inic(...args('source.ts')),
        /^inic: source\.ts: is no [a-z ]+, and is not overwritten: name another file, or move it away\n$/,
      );
      expect(readFileSync(at('source.ts'), 'utf8')).toBe(SOURCE);
    });
  },
);

it.each([
  ['/dev/full', /it is a file: name a folder/],
  ['empty', /cannot write to empty: it is a file: name a folder/],
  ['empty/x', /cannot write to empty\/x: /],
  ['/proc/inic', /cannot write to \/proc\/inic: no such file/],
])('spec --html refuses %s', async (path, words) => {
  expectRefused(await inic('spec', '--html', path), words);
});

it('spec --html leaves a page of another site as it is', async () => {
  mkdirSync(at('site'));
  writeFileSync(at('site/index.html'), '<!doctype html>\n');
  expectRefused(
    await inic('spec', '--html', 'site'),
    /^inic: site\/index\.html: is no page of inic spec, and is not overwritten: /,
  );
  expect(readdirSync(at('site'))).toEqual(['index.html']);
});

it('calibrate --out refuses a place in which it could not write', async () => {
  for (const path of ['no/such.yaml', '/proc/inic.yaml']) {
    expectRefused(await inic('calibrate', '--quick', '--out', path), /cannot write .*: no such file/);
  }
});

/** Runs a command under a limit of the shell: `-f` for files of so many KiB, `-n` for open ones. */
function limited(limit: string, ...args: string[]): Promise<Outcome> {
  const line = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ');
  return new Promise((resolve) => {
    const child = spawn('bash', ['-c', `ulimit ${limit}; exec ${line}`], { cwd: folder });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
}

describe('a file that takes no more while a verb runs', () => {
  const last = ({ stderr }: Outcome): string => stderr.trimEnd().split('\n').at(-1) ?? '';

  it('ends a sweep with the table of what it has measured', async () => {
    const outcome = await limited('-f 2', 'sweep', 'plan.yaml', '--out', 'full.jsonl', '--workers', '1');
    expect(outcome.stdout).toMatch(/^pools\.transmitBuffers|1 of 2 points|2 of 2 points/m);
    expect(last(outcome)).toMatch(/^inic: cannot write full\.jsonl.*: file too large$/);
    expect(outcome.code).toBe(1);
  });

  it('leaves the advice its answer', async () => {
    const outcome = await limited('-f 2', 'advise', 'plan.yaml', '--out', 'little.jsonl');
    expect(outcome.stdout).toContain('smallest pools');
    expect(last(outcome)).toMatch(/^inic: cannot write little\.jsonl.*: file too large$/);
    expect(outcome.code).toBe(1);
  });

  it('lets a program end, and says that its trace is not whole', async () => {
    const outcome = await limited('-f 8', 'run', '--trace', 'cut.trace', 'echo.mjs');
    expect(outcome.stdout).toBe('echoed\n');
    expect(outcome.stderr).toBe(
      'inic: cut.trace is not whole, and holds the frames up to there: file too large\n',
    );
    expect(outcome.code).toBe(1);
  });

  it('keeps what a bench has measured beside its trace', async () => {
    const outcome = await limited('-f 64', ...CARD, '--trace', 'bench.trace');
    expect(outcome.stdout).toMatch(/^TCP_RR net +64 B x1 +inline +[\d.]+ k\/s/m);
    expect(outcome.stdout).toContain('its trace is not whole: file too large');
    expect(outcome.code).toBe(1);
  });

  it('ends a capture in one line', async () => {
    expectRefused(
      await limited('-f 2', 'decode', 'good.trace', '--pcapng', 'cut.pcapng'),
      /^inic: cannot write cut\.pcapng: file too large/,
    );
  });

  it('keeps the explanation on the screen', async () => {
    const outcome = await limited('-f 1', 'explain', 'plan.yaml', '0', '--trace', 'cut.json');
    expect(outcome.stdout).toContain('the median');
    expect(last(outcome)).toBe('inic: cannot write cut.json: file too large');
  });
});

/** Verbs by what follows the name of a file that they read, and the exit status of a bad one. */
const INPUTS: Readonly<Record<string, readonly [number, (path: string) => string[]]>> = {
  run: [1, (path) => ['run', path]],
  decode: [2, (path) => ['decode', path]],
  replay: [2, (path) => ['replay', path]],
  validate: [2, (path) => ['validate', path]],
  drill: [2, (path) => ['drill', path]],
  sweep: [1, (path) => ['sweep', path]],
  'sweep --resume': [1, (path) => ['sweep', 'plan.yaml', '--resume', '--out', path]],
  advise: [1, (path) => ['advise', path]],
  compare: [1, (path) => ['compare', path]],
  'compare --policy': [1, (path) => ['compare', '--policy', path]],
  'card --world': [1, (path) => ['card', '--world', path]],
  'card --policy': [1, (path) => ['card', 'policy', '--policy', path]],
  explain: [1, (path) => ['explain', path]],
  report: [1, (path) => ['report', path, '--out', 'page.html']],
  'bench --workload': [1, (path) => ['bench', '--workload', path, ...SHORT, '--stack', 'kernel']],
};

const inputs = Object.entries(INPUTS).map(([verb, [status, args]], i) => [verb, status, args, i] as const);

describe.each(inputs)('%s', (verb, status, args, i) => {
  const files = ['folder', 'binary', 'huge', 'empty', 'no/such'].filter(
    // An empty program does nothing, and what has bytes that are no program Node reports itself.
    (file) => !(verb === 'run' && ['empty', 'binary'].includes(file)),
  );

  it.each(everyThird(files, i))('says what is wrong with %s', async (path) => {
    const { code, stdout, stderr } = await inic(...args(path));
    expect(code).toBe(status);
    expect(stdout).toBe('');
    const [line, ...others] = stderr.split('\n').filter((said) => !/^ *\d+ % {2}/.test(said));
    expect(line).toMatch(/^inic: /);
    expect(line).not.toMatch(/Error:|ERR_|node:internal/);
    expect(line).toContain(path);
    expect(others).toEqual(['']);
  });
});

describe('what options choose of a trace, and is not there', () => {
  it.each([
    [
      ['--frame', '100000'],
      /^inic: --frame: nothing in good\.trace is so: it has frames 1 to \d+, and ends at/,
    ],
    [['--from', '9999s'], /^inic: --from: nothing in good\.trace is so/],
    [['--socket', '999', '--message', 'SocketSend'], /^inic: --socket, --message: nothing in/],
    [['--frame', '100000', '--pcapng', 'none.pcapng'], /^inic: --frame: nothing in/],
  ])('%j', async (options, words) => {
    const { code, stderr } = await inic('decode', 'good.trace', ...options);
    expect(stderr).toMatch(words);
    expect([stderr.trimEnd().split('\n').length, code]).toEqual([1, 1]);
  });
});

it.each([
  [['run', '--trace', 'echo.mjs', 'echo.mjs'], '--trace echo.mjs is the program itself'],
  [['decode', 'good.trace', '--pcapng', './good.trace'], '--pcapng ./good.trace is the trace itself'],
])('%j would lose what it reads', async (args, words) => {
  expectRefused(await inic(...args), new RegExp(`^inic: ${words}`));
  expect(readFileSync(at('echo.mjs'), 'utf8')).toBe(ECHO);
});

describe('few open files', () => {
  const verbs = [
    ['spec', 'SocketSend'],
    ['run', 'echo.mjs'],
    KERNEL,
    ['sweep', 'plan.yaml'],
    ['explain', 'plan.yaml', '0'],
    ['decode', 'good.trace'],
  ];
  const cases = verbs.flatMap((args) => [22, 64].map((limit) => [limit, args] as const));

  it.each(everyThird(cases, 0))('%i for inic %j', async (limit, args) => {
    const { code, stdout, stderr } = await limited(`-n ${limit}`, ...args);
    if (code === 0) return expect(stdout).not.toBe('');
    expect([stdout, code]).toEqual(['', 1]);
    // The bench knows beforehand that the kernel's sockets would be too many.
    expect(stderr).toMatch(
      /^inic: (too many files are open: .*|.* needs 66 open files, .*) \(ulimit -n.*\)\n$/,
    );
  });
});
