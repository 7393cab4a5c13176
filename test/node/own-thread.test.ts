/**
 * What of the program would leak into the card's thread, and of the thread into the program: each is tried by
 * a program over the kernel and over the card, which must say and leave behind the same.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const REGISTER = new URL('dist/src/node/register.js', ROOT).href;
const INDEX = new URL('dist/src/index.js', ROOT).href;
const MAIN = fileURLToPath(new URL('dist/src/cli/main.js', ROOT));
const FOLDER = mkdtempSync(join(tmpdir(), 'inic-own-thread-'));
const TIMEOUT_MS = 170_000;
afterAll(() => rmSync(FOLDER, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(FOLDER, name);
  writeFileSync(path, text);
  return path;
}

const PROGRAM = file(
  'program.mjs',
  `import net from 'node:net';
const resources = () =>
  process.getActiveResourcesInfo().filter((name) => !/CloseReq|ConnectWrap|ShutdownWrap|WriteWrap/.test(name)).sort();
const handles = () => process._getActiveHandles().map((handle) => handle.constructor.name).sort();
const log = (...what) => console.log(...what);
log(process.eventNames().map((name) => String(name) + process.listenerCount(name)).sort().join());
log(process.stdout.eventNames(), process.stderr.eventNames());
const server = net.createServer((peer) => {
  peer.write('program runs');
  peer.resume().on('end', () => peer.end());
});
server.listen(0, '127.0.0.1', () => {
  log('listening', resources(), handles());
  const socket = net.connect(server.address().port, '127.0.0.1').on('data', (data) => {
    log('open', String(data), resources(), handles());
    socket.end();
  });
  socket.on('close', () => server.close(() => log('closed', resources(), handles())));
});
process.on('warning', ({ message }) => log('warning', message)).on('exit', () => log('exit', resources()));
`,
);
const SAY = file('say.cjs', "console.log('preload', require('node:worker_threads').isMainThread);");
const REFUSE = file(
  'refuse.cjs',
  "if (!require('node:worker_threads').isMainThread) throw new Error('not in a worker');",
);
const LISTEN = file(
  'listen.cjs',
  `process.on('worker', () => console.log('a worker'));
require('node:diagnostics_channel').subscribe('worker_threads', () => console.log('a thread'));`,
);
const LOADER = file(
  'loader.mjs',
  `import { writeSync } from 'node:fs';
export const load = (url, context, next) => (/iop-thread/.test(url) && writeSync(1, 'loads'), next(url, context));`,
);

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** How many files the program has left behind, coverage among them. */
  readonly files: number;
}

let runs = 0;

function run(flags: readonly string[], environment: Record<string, string> = {}): Outcome {
  const cwd = join(FOLDER, `run-${runs++}`);
  mkdirSync(cwd);
  const env = { ...process.env, NODE_OPTIONS: '', INIC_IOP: 'thread', ...environment };
  const given = { cwd, env, encoding: 'utf8', timeout: TIMEOUT_MS - 5000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, flags, given);
  return { status, stdout, stderr: stderr.replaceAll(/node:\d+/g, 'node'), files: readdirSync(cwd).length };
}

const card = ['--import', REGISTER];
const PERMISSION =
  Number.parseInt(process.versions.node, 10) < 24 ? '--experimental-permission' : '--permission';

describe('the thread of a card takes nothing of the program and shows nothing to it', () => {
  it.each([
    ['no option', []],
    ['a preload', ['--require', SAY]],
    ['a preload that refuses workers', ['--require', REFUSE]],
    ['a preload that listens for workers', ['--require', LISTEN]],
    ['a loader', ['--no-warnings', '--loader', LOADER]],
    ['profiles of the processor', ['--cpu-prof']],
    ['profiles of the heap', ['--heap-prof']],
    ['warnings with traces', ['--trace-warnings', '--pending-deprecation']],
    ['strict rejections', ['--unhandled-rejections=strict', '--throw-deprecation']],
    ['a small heap', ['--max-old-space-size=60', '--max-semi-space-size=1']],
    ['frozen intrinsics', ['--frozen-intrinsics', '--no-warnings', '--disable-proto=throw']],
    ['no WebAssembly', ['--jitless']],
  ])(
    'with %s',
    (_name, flags) => {
      const expected = run([...flags, PROGRAM]);
      expect(expected.stdout).toContain('program runs');
      expect(run([...flags, ...card, PROGRAM])).toEqual(expected);
    },
    TIMEOUT_MS,
  );

  it.each([
    ['NODE_OPTIONS', { NODE_OPTIONS: `--require ${SAY} --require ${REFUSE} --cpu-prof` }],
    ['NODE_V8_COVERAGE', { NODE_V8_COVERAGE: '.' }],
    ['NODE_PENDING_DEPRECATION', { NODE_PENDING_DEPRECATION: '1' }],
  ])(
    'with %s',
    (_name, environment) => {
      expect(run([...card, PROGRAM], environment)).toEqual(run([PROGRAM], environment));
    },
    TIMEOUT_MS,
  );
});

describe('a card in the program’s thread shows nothing to it', () => {
  it.each([
    ['no option', []],
    ['a preload that listens for workers', ['--require', LISTEN]],
    ['profiles of the processor', ['--cpu-prof']],
    ['a small heap', ['--max-old-space-size=60', '--max-semi-space-size=1']],
    ['no WebAssembly', ['--jitless']],
  ])(
    'with %s',
    (_name, flags) => {
      const expected = run([...flags, PROGRAM]);
      expect(expected.stdout).toContain('program runs');
      expect(run([...flags, ...card, PROGRAM], { INIC_IOP: 'inline' })).toEqual(expected);
    },
    TIMEOUT_MS,
  );

  it.runIf(process.platform === 'linux')(
    'and where it can have no memory, the kernel has all sockets, and one line says so',
    () => {
      const got = limited('-v 1200000', [...card, PROGRAM], 'inline');
      expect(got).toMatchObject({ status: 0, stdout: limited('-v 1200000', [PROGRAM]).stdout });
      expect(got.stderr).toMatch(/^inic: no card, and the kernel has all sockets: .*MiB.*\n$/);
    },
    TIMEOUT_MS,
  );

  it(
    'is not opened for a program without sockets',
    () => {
      const got = run([MAIN, 'run', '--iop', 'inline', '--ledger', SAY]);
      expect(got.stderr).toContain('inic: no card was opened: no socket needed one (inline, as asked)\n');
      const used = run([MAIN, 'run', '--iop', 'inline', '--ledger', PROGRAM]);
      expect(used.stderr).toContain("inic: the card ran inline, in the program's thread (as asked)\n");
    },
    TIMEOUT_MS,
  );

  it(
    'and needs no permission for a thread',
    () => {
      const flags = ['--no-warnings', PERMISSION, '--allow-fs-read=*'];
      const got = run([...flags, ...card, PROGRAM], { INIC_IOP: 'inline' });
      expect(got.stderr).not.toContain('--allow-worker');
    },
    TIMEOUT_MS,
  );
});

it(
  'eleven cards warn of nothing, and keep nothing of the context that they were opened in',
  () => {
    const program = file(
      'eleven.mjs',
      `import { AsyncLocalStorage } from 'node:async_hooks';
import { openCard } from '${INDEX}';
const contexts = new AsyncLocalStorage();
let freed = 0;
const finalizers = new FinalizationRegistry(() => freed++);
const before = process.listenerCount('exit');
const cards = [];
const open = async () => { cards.push(await openCard()); };
const context = () => { const store = {}; finalizers.register(store, 0); return store; };
await (async () => { for (let i = 0; i < 11; i++) await contexts.run(context(), open); })();
for (let i = 0; i < 500 && freed < 11; i++) { gc(); await new Promise((done) => setTimeout(done, 10)); }
console.log(freed, process.listenerCount('exit') - before, process.report.getReport().workers.length);
console.log(process.getActiveResourcesInfo().filter((name) => name === 'MessagePort'));
await Promise.all(cards.map((card) => card.close()));`,
    );
    expect(run(['--expose-gc', program])).toMatchObject({ status: 0, stdout: '11 0 11\n[]\n', stderr: '' });
  },
  TIMEOUT_MS,
);

function limited(limit: string, command: readonly string[], placement = 'thread'): Outcome {
  const script = `ulimit ${limit}; exec "$@"`;
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script, 'sh', process.execPath, ...command], {
    env: { ...process.env, NODE_OPTIONS: '', INIC_IOP: placement },
    encoding: 'utf8',
    timeout: TIMEOUT_MS - 5000,
  });
  return { status, stdout, stderr, files: 0 };
}

describe.runIf(process.platform === 'linux')('under a limit of address space', () => {
  it(
    'a program runs where WebAssembly could have no memory',
    () => {
      const got = limited('-v 4000000', [...card, PROGRAM]);
      expect(got.stderr).toBe('');
      expect(got.stdout).toBe(limited('-v 4000000', [PROGRAM]).stdout);
      expect(limited('-v 4000000', [MAIN, 'run', PROGRAM]).stdout).toContain('program runs');
    },
    TIMEOUT_MS,
  );

  it(
    'one line says what the card needs where there is too little',
    () => {
      const need = /^inic: .*the card needs .* MiB .*\n$/;
      const open = `import('${INDEX}').then((inic) => inic.openCard()).catch((e) => console.log(e.message))`;
      const rejected = limited('-v 1600000', ['-e', open]);
      expect(rejected).toMatchObject({ status: 0, stderr: '' });
      expect(rejected.stdout).toMatch(/^the card needs .* MiB .*\n$/);
      for (const command of [
        [...card, PROGRAM],
        [MAIN, 'run', PROGRAM],
      ]) {
        const got = limited('-v 1600000', command);
        expect(got).toMatchObject({ status: 1, stdout: '' });
        expect(got.stderr).toMatch(need);
      }
    },
    TIMEOUT_MS,
  );
});

it('says in one line which permission the card needs', () => {
  const got = run(['--no-warnings', PERMISSION, '--allow-fs-read=*', ...card, PROGRAM]);
  expect(got).toMatchObject({ status: 1, stdout: '' });
  expect(got.stderr).toBe(
    'inic: the card needs a thread of its own: the permission model allows it by --allow-worker\n',
  );
});
