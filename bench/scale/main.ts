/**
 * `npm run scale -- [connections] [active]`: very many connections over two stacks in one thread. Opens them,
 * from several addresses and to several ports; shows what an idle one costs, on the card and in its driver;
 * and holds the rate of 32 active ones among them, and of all in turn, against the rate of 32 alone. Batches
 * of the three go in turns. Long form by default: 100,000 for rates, then 1,000,000 to be opened in 3 GB.
 */

import { ScaleBed } from './bed.ts';
import { countsOf, memoryNow, ratios, type ScaleMemory, wokenIn } from './measure.ts';
import { ownerBytes } from './owners.ts';

const FEW = 32;
const ROUNDS = 60;
const MANY = 1_000_000;
const SERVER_PORTS = 4;
const ADDRESSES = 8;

const connections = Number(process.argv[2] ?? 100_000);
const active = Number(process.argv[3] ?? 8192);
if (!(connections >= FEW && active >= 1)) {
  console.error('scale: expected how many connections, at least 32, and how many Tcbs: scale 100000 8192');
  process.exit(2);
}

function opened(count: number): { bed: ScaleBed; before: ScaleMemory; seconds: number } {
  const before = memoryNow();
  const start = performance.now();
  const bed = new ScaleBed({ connections: count, active, addresses: ADDRESSES, ports: SERVER_PORTS });
  bed.openTo(count);
  bed.rest();
  return { bed, before, seconds: (performance.now() - start) / 1000 };
}

function showMemory(count: number, before: ScaleMemory, seconds: number): ScaleMemory {
  const now = memoryNow();
  const each = (of: keyof ScaleMemory) => Math.round((now[of] - before[of]) / count / 2);
  console.log(`${count.toLocaleString('en')} connections opened in ${seconds.toFixed(1)} s`);
  console.log(
    `  bytes an idle end of one: ${each('residentBytes')} resident` +
      ` (heap ${each('heapBytes')}, arrays as made ${each('arrayBytes')})`,
  );
  return now;
}

function showCounts(bed: ScaleBed): void {
  const { tcbs, sleeping, probes, probesMax } = countsOf(bed);
  console.log(`  of both stacks: ${tcbs} Tcbs, ${sleeping} connections asleep`);
  console.log(`  places a lookup looks at: ${probes.toFixed(2)}, at most ${probesMax}`);
}

const small = opened(FEW).bed;
const large = opened(connections);
showMemory(connections, large.before, large.seconds);
showCounts(large.bed);
const { alone, among, spread, amongRatio, spreadRatio } = ratios(small, large.bed, FEW, ROUNDS);
const rate = (value: number) => Math.round(value).toLocaleString('en');
console.log(`TCP_RR of ${FEW} connections alone: ${rate(alone)} round trips a second`);
console.log(`  among ${connections.toLocaleString('en')}: ${rate(among)}, ratio ${amongRatio.toFixed(2)}`);
console.log(`  over all of them in turn: ${rate(spread)}, ratio ${spreadRatio.toFixed(2)}`);
console.log(`  woken so far: ${wokenIn(large.bed).toLocaleString('en')}`);
const owners = ownerBytes();
console.log(`beside the stack: ${owners.card} bytes a socket in the card's module,`);
console.log(`  ${owners.host} in the host's driver`);
if (process.argv.length === 2) {
  const many = opened(MANY);
  const { residentBytes } = showMemory(MANY, many.before, many.seconds);
  showCounts(many.bed);
  console.log(`  the process, with all above: ${(residentBytes / 1e9).toFixed(2)} GB`);
}
