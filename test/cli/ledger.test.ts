/** What `inic run --ledger` says, and that the program dies of a signal as it does without it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MAIN, type Outcome, runNode, testFolder } from './commands.ts';

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

const folder = testFolder();
writeFileSync(join(folder, 'program.mjs'), PROGRAM);

const node = (...args: string[]): Promise<Outcome> => runNode(folder, args);

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
      const { code, stdout, stderr } = await node(MAIN, 'run', '--ledger', 'program.mjs', signal, how);
      expect({ code, stdout }).toEqual({ code: expected.code, stdout: expected.stdout });
      expect(stderr.split('\n').slice(0, 3)).toEqual(TOLD);
      expect(stderr.match(/ledger (balanced|open)/g)).toHaveLength(1);
    },
    30_000,
  );

  it('says that plain code does the work where there is no WebAssembly', async () => {
    const plain = 'inic: no WebAssembly memory to be had: plain code copies and sums, several times slower';
    const run = [MAIN, 'run', '--ledger', 'program.mjs', 'SIGTERM', 'exit'];
    expect((await node('--jitless', ...run)).stderr.split('\n')).toContain(plain);
    expect((await node(...run)).stderr.split('\n')).not.toContain(plain);
  }, 30_000);
});
