/** What `inic run --ledger` says, and that the program dies of a signal as it does without it. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const PROGRAM = `
import net from 'node:net';
import { Worker } from 'node:worker_threads';
const [signal, how] = process.argv.slice(2);
process.on('exit', () => console.log('exit handler'));
if (how === 'on') process.on(signal, () => process.exit(7));
if (how === 'once') process.once(signal, () => {
  console.log('once', process.listenerCount(signal));
  setTimeout(() => process.kill(process.pid, signal), 20);
});
const server = net.createServer((socket) => socket.end('x')).listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  net.connect(port, '127.0.0.1').resume().on('close', () => {
    const ask = 'const c = require("node:net").connect(' + port + ', "127.0.0.1"); c.resume();';
    new Worker(ask, { eval: true }).on('exit', () => {
      console.log(process.listenerCount(signal));
      if (how === 'exit') process.exit(3);
      process.kill(process.pid, signal);
      setTimeout(() => {}, 5000).unref();
    });
  });
});
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inic-'));
  writeFileSync(join(folder, 'program.mjs'), PROGRAM);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Outcome {
  readonly end: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

function node(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder, timeout: 20_000 }, (error, stdout, stderr) => {
      resolve({ end: error?.signal ?? error?.code ?? 0, stdout, stderr });
    });
  });
}

const TOLD = [
  'inic: connects: 1 over the card, 0 over the kernel',
  'inic: listeners: 1 on the card and the kernel, 0 on the kernel alone',
  'inic: accepted: 1 from the card, 1 from the kernel',
];

describe('inic run --ledger', () => {
  it.each([
    ['SIGINT', 'none'],
    ['SIGTERM', 'none'],
    ['SIGHUP', 'none'],
    ['SIGINT', 'on'],
    ['SIGTERM', 'once'],
    ['SIGTERM', 'exit'],
  ])(
    'tells which way connections went when %s is handled by %s',
    async (signal, how) => {
      const expected = await node('program.mjs', signal, how);
      const { end, stdout, stderr } = await node(MAIN, 'run', '--ledger', 'program.mjs', signal, how);
      expect({ end, stdout }).toEqual({ end: expected.end, stdout: expected.stdout });
      expect(stderr.split('\n').slice(0, 3)).toEqual(TOLD);
      expect(stderr.match(/ledger (balanced|open)/g)).toHaveLength(1);
    },
    30_000,
  );
});
