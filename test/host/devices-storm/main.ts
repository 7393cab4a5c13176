/**
 * `npm run devices -- [--seeds N] [--seed S] [--trace]`: N storms over a host with offload devices, one after
 * the other, from seed 1 or S on; with --seed alone that one. --trace says each step. A failure prints what
 * does not hold and the command that repeats it. Exit status 1 after a failure, 2 for wrong arguments.
 */
import { parseArgs } from 'node:util';
import { addTally, emptyTally } from './bed.ts';
import { devicesStorm } from './storm.ts';

const FAILURES_MAX = 20;

function refuse(why: string): never {
  console.error(`devices: ${why}`);
  process.exit(2);
}

function options(): { seeds?: string; seed?: string; trace?: boolean } {
  try {
    const options = {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      trace: { type: 'boolean' },
    } as const;
    return parseArgs({ options }).values;
  } catch (error) {
    return refuse((error as Error).message);
  }
}

const values = options();
const first = Number(values.seed ?? '1');
const count = Number(values.seeds ?? (values.seed === undefined ? '500' : '1'));
if (!Number.isInteger(first) || !Number.isInteger(count) || count < 1) {
  refuse('--seeds and --seed expect whole numbers');
}
const start = performance.now();
const sum = emptyTally();
let failures = 0;
for (let seed = first; seed < first + count && failures < FAILURES_MAX; seed++) {
  try {
    const tally = devicesStorm(seed, values.trace === true ? console.log : undefined);
    addTally(sum, tally);
  } catch (error) {
    failures += 1;
    console.error((error as Error).message);
    console.error(`  repeat it: npm run devices -- --seed ${seed} --trace`);
    if (values.seed !== undefined && count === 1) console.error((error as Error).cause);
    process.exitCode = 1;
  }
}
const errnos = Object.entries(sum.errnos)
  .map(([name, count]) => `${name} ${count}`)
  .join(', ');
const show = (value: number): string => value.toLocaleString('en');
console.log(
  [
    `${show(count)} storms from seed ${first}, ${failures} failed: ${show(sum.steps)} steps`,
    `${show(sum.connections)} connects, ${show(sum.failed)} ends failed for a reason (${errnos})`,
    `${show(sum.bytes)} bytes in order, ${show(sum.refused)} refusals, ${show(sum.handedOver)} handed over`,
    `${show(sum.takenBack)} taken back, ${show(sum.deaths)} deaths, ${show(sum.carried)} ways whole in the end`,
    `${((performance.now() - start) / 1000).toFixed(1)} s`,
  ].join('; '),
);
