/** `--transport`: the four side by side, sockets over the fifo, and a program that knows nothing of it. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LONG } from '../long.ts';
import { MAIN, type Outcome, runNode, testFolder } from './commands.ts';

const SHORT = ['--iop', 'thread', '--duration', '0.02', '--repeats', '1', '--json', 'out.json'];

const folder = testFolder();

const inic = (...args: string[]): Promise<Outcome> => runNode(folder, [MAIN, ...args]);

interface Line {
  readonly test: string;
  readonly transport: string | null;
  readonly ledger: { readonly balanced: boolean; readonly perTransaction: Record<string, number> } | null;
}

function report(): {
  results: Line[];
  comparisons: { baseline: { transport: string | null } }[];
  failures: [];
} {
  return JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8'));
}

describe('inic bench --transport', () => {
  it('measures the message layer over all four, interleaved, in one table', async () => {
    const names = ['ring', 'fifo', 'port', 'msgpack'];
    const outcome = await inic('bench', 'MSG_RR', 'MSG_STREAM', '--transport', names.join(','), ...SHORT);
    const { results, comparisons, failures } = report();
    expect(failures).toEqual([]);
    expect(outcome.code).toBe(0);
    expect(results.map(({ test, transport }) => `${test} ${transport}`)).toEqual(
      ['MSG_RR', 'MSG_STREAM'].flatMap((test) => names.map((name) => `${test} ${name}`)),
    );
    expect(comparisons.map(({ baseline }) => baseline.transport)).toEqual(Array(6).fill('port'));
    expect(outcome.stdout).toMatch(/^MSG_STREAM .* port .*\n +thread .*\n +fifo .*\n +msgpack /m);
    const [ring, fifo] = results;
    expect(ring.ledger?.perTransaction['portReads']).toBeUndefined();
    expect(fifo.ledger?.perTransaction['portWrites']).toBeGreaterThan(1.9);
    expect(fifo.ledger?.balanced).toBe(true);
  }, 170_000);

  it.runIf(LONG)(
    'carries sockets over the fifo, beside the ring and the kernel',
    async () => {
      const shape = ['--api', 'net', '--connections', '1', '--size', '64', ...SHORT];
      const outcome = await inic('bench', 'TCP_RR', '--transport', 'ring,fifo', ...shape);
      const { results, failures } = report();
      expect(failures).toEqual([]);
      expect(outcome.code).toBe(0);
      expect(results.map(({ transport }) => transport)).toEqual(['ring', 'fifo', null]);
      expect(results[1].ledger?.balanced).toBe(true);
      expect(outcome.stdout).toMatch(/^TCP_RR .* kernel .*\n +thread .*\n +fifo /m);
    },
    170_000,
  );
});

it('inic run --transport fifo serves a program unchanged', async () => {
  writeFileSync(
    join(folder, 'echo.mjs'),
    `import net from 'node:net';
     const server = net.createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1', () => {
       const client = net.connect(server.address().port, '127.0.0.1', () => client.end('over the fifo'));
       client.on('data', (data) => console.log(String(data)));
       client.on('close', () => server.close());
     });`,
  );
  const outcome = await inic('run', '--transport', 'fifo', '--ledger', 'echo.mjs');
  expect(outcome.stdout).toBe('over the fifo\n');
  expect(outcome.stderr).toMatch(/balanced|balance/);
  expect(outcome.code).toBe(0);
}, 20_000);
