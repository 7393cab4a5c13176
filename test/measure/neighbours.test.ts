/** Busy processes beside a measurement, which end with it however it ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { pause } from '../../src/time/timers.ts';

const compiled = new URL('../../dist/src/measure/neighbours.js', import.meta.url).href;
const { Neighbours } = (await import(compiled)) as typeof import('../../src/measure/neighbours.ts');

const neighbours = new Neighbours();
afterEach(() => neighbours.stop());

/** A process that has ended and was not waited for yet is none that takes a core. */
function runs(id: number): boolean {
  try {
    return !/^\d+ \(.*\) Z /.test(readFileSync(`/proc/${id}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

async function untilEnded(ids: readonly number[]): Promise<void> {
  while (ids.some(runs)) await pause(10);
}

function cpuTicks(id: number): number {
  const fields = readFileSync(`/proc/${id}/stat`, 'latin1').split(') ')[1].split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

it('are as many as asked for, busy, and gone when they are stopped', async () => {
  await neighbours.set(2);
  const ids = [...neighbours.ids];
  expect(ids).toHaveLength(2);
  // Each works as soon as it gets a core: a tenth of a second of it is ten ticks.
  while (ids.some((id) => cpuTicks(id) < 10)) await pause(10);
  neighbours.check();
  await neighbours.set(1);
  await untilEnded(ids);
  expect(neighbours.count).toBe(1);
  neighbours.stop();
  expect(neighbours.count).toBe(0);
}, 60_000);

it('are told of when one has ended by itself', async () => {
  await neighbours.set(1);
  const [id] = neighbours.ids;
  process.kill(id, 'SIGKILL');
  await untilEnded([id]);
  await pause(50);
  expect(() => neighbours.check()).toThrow('a busy neighbour ended by itself');
}, 60_000);

it('end with a bench that is killed, or that crashes', async () => {
  for (const end of ["process.kill(process.pid, 'SIGKILL')", "throw new Error('a crash')"]) {
    const script = `
      const { Neighbours } = await import(${JSON.stringify(compiled)});
      const neighbours = new Neighbours();
      await neighbours.set(1);
      console.log(neighbours.ids[0]);
      setTimeout(() => { ${end}; }, 20);`;
    const bench = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let text = '';
    bench.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    await once(bench, 'close');
    expect(Number(text)).toBeGreaterThan(0);
    await untilEnded([Number(text)]);
  }
}, 60_000);
