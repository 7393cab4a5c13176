/**
 * `npm run storm -- [--seeds N] [--seed S] [--trace]`: N storms, one after the other, from seed 1 or S on;
 * with --seed alone that one. --trace shows each segment that is sent and taken. A failure prints what went
 * wrong and the command that repeats it. Exit status 1 after a failure, 2 for wrong arguments.
 */
import { parseArgs } from 'node:util';
import { runSeed } from './storm.ts';

function refuse(why: string): never {
  console.error(`storm: ${why}`);
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
const count = Number(values.seeds ?? (values.seed === undefined ? '2000' : '1'));
if (!Number.isInteger(first) || !Number.isInteger(count) || count < 1) {
  refuse('--seeds and --seed expect whole numbers');
}

const start = performance.now();
let failures = 0;
const sums = { segments: 0, sacks: 0, lost: 0, damaged: 0, narrow: 0, orderly: 0, cut: 0, unreachable: 0 };
for (let seed = first; seed < first + count; seed++) {
  try {
    const { checker, wire, orderly, cut, unreachable } = runSeed(
      seed,
      values.trace === true ? console.log : undefined,
    );
    sums.segments += checker.segments;
    sums.sacks += checker.sacks;
    sums.lost += wire.lost;
    sums.damaged += wire.damaged;
    sums.narrow += wire.narrow;
    sums.orderly += orderly;
    sums.cut += cut;
    sums.unreachable += unreachable;
  } catch (error) {
    failures += 1;
    console.error((error as Error).message);
    if (values.seed !== undefined && count === 1) console.error((error as Error).cause);
    process.exitCode = 1;
    if (failures === 20) break;
  }
}
const seconds = (performance.now() - start) / 1000;
const show = (value: number) => value.toLocaleString('en');
console.log(
  [
    `${show(count)} storms from seed ${first}: ${show(sums.segments)} segments judged`,
    `${show(sums.sacks)} with SACK; ${show(sums.lost)} frames lost, ${show(sums.damaged)} damaged`,
    `${show(sums.narrow)} too long for the path; ends of connections: ${show(sums.orderly)} in order`,
    `${show(sums.cut)} cut off, ${show(sums.unreachable)} unreachable; ${seconds.toFixed(1)} s`,
  ].join(', '),
);
