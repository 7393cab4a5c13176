/**
 * How fast a sweep goes: `node dist/bench/sweeps.js [points] [rounds]`. Points of the bundled RPC plan,
 * 10,000 requests each, by one worker and by two in turns; shown are the times, and what the second worker
 * gains and takes.
 */
import { spreadOf } from '../src/record/statistics.ts';
import { loadPlan } from '../src/sweep/plan.ts';
import { PointPool } from '../src/sweep/schedule.ts';

const points = Number(process.argv[2] ?? 50);
const rounds = Number(process.argv[3] ?? 3);
const plan = loadPlan('rpc');

const median = (values: readonly number[]): number => spreadOf(values).median;

interface Figures {
  readonly seconds: number;
  readonly cpuS: number;
  readonly rssMB: number;
}

const figures: Record<1 | 2, Figures[]> = { 1: [], 2: [] };
for (let round = 0; round < rounds; round++) {
  for (const workers of round % 2 === 0 ? ([1, 2] as const) : ([2, 1] as const)) {
    figures[workers].push(await sweep(workers));
  }
}
for (const workers of [1, 2] as const) {
  const all = figures[workers];
  const seconds = all.map((figure) => figure.seconds.toFixed(1)).join(' ');
  const cpuMs = (median(all.map(({ cpuS }) => cpuS)) * 1000) / points;
  const rssMB = Math.round(median(all.map((figure) => figure.rssMB)));
  console.log(
    `${workers} worker${workers > 1 ? 's' : ''}: ${points} points in ${seconds} s, ` +
      `${cpuMs.toFixed(0)} ms of processor a point, at most ${rssMB} MB in all`,
  );
}
const gain =
  median(figures[1].map(({ seconds }) => seconds)) / median(figures[2].map(({ seconds }) => seconds));
console.log(`two workers are ${gain.toFixed(2)} times as fast as one`);

async function sweep(workers: number): Promise<Figures> {
  const pool = new PointPool(plan, workers, new AbortController().signal);
  const began = { ms: performance.now(), cpu: process.cpuUsage() };
  let rssMB = 0;
  const failed: string[] = [];
  await pool.run(
    Array.from({ length: points }, (_, i) => i % 50),
    (_, line) => {
      rssMB = Math.max(rssMB, process.memoryUsage().rss / 1e6);
      if (!line.includes('"ok":true')) failed.push(line);
    },
  );
  const { user, system } = process.cpuUsage(began.cpu);
  const seconds = (performance.now() - began.ms) / 1000;
  await pool.close();
  if (failed.length > 0) throw new Error(failed[0]);
  return { seconds, cpuS: (user + system) / 1e6, rssMB };
}
