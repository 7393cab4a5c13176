/**
 * What connections whose readers rest cost a busy one: `node dist/bench/resting.js [readers] [pairs]`. Two
 * processes of one card each, with and without them, run in turns; shown are the medians of the ratios of
 * neighbouring runs, by TCP_RR and TCP_STREAM over socket calls, and what the ledger counts per operation.
 */
import { SideClient } from '../src/measure/side-client.ts';
import type { Repeat } from '../src/record/result.ts';
import { ratioOf } from '../src/record/statistics.ts';

const RUN_NS = 1e9;
const WARM_RUNS = 3;
/** What must not grow with the number of sockets that rest. */
const COUNTED = ['userCalls', 'hostPolls', 'inboundPosted', 'outboundReleased', 'receiveStoreCopies'];

const readers = Number(process.argv[2] ?? 300);
const pairs = Number(process.argv[3] ?? 7);

for (const { test, size } of [
  { test: 'TCP_RR', size: 64 },
  { test: 'TCP_STREAM', size: 65_536 },
] as const) {
  const sides = [readers, 0].map((resting) => ({ resting, client: new SideClient(), runs: [] as Repeat[] }));
  for (const { resting, client } of sides) {
    const side = { stack: 'inic', transport: 'ring' } as const;
    await client.open({ test, api: 'socket', load: { connections: 1, size, resting }, side });
    for (let i = 0; i < WARM_RUNS; i++) await client.run(RUN_NS, true);
  }
  for (let i = 0; i < pairs; i++) {
    for (const { client, runs } of i % 2 === 0 ? sides : sides.toReversed()) {
      runs.push(await client.run(RUN_NS, false));
    }
  }
  for (const { client } of sides) await client.close();
  const [withRest, without] = sides.map(({ runs }) => runs);
  const rates = (runs: readonly Repeat[]): number[] => runs.map(({ rate }) => rate);
  const ratio = ratioOf(rates(withRest), rates(without));
  console.log(`${test} ${size} B beside ${readers} resting readers: rate x ${JSON.stringify(ratio)}`);
  console.log(`  rates with ${text(rates(withRest))}; without ${text(rates(without))}`);
  for (const name of COUNTED) {
    console.log(
      `  ${name} an operation: with ${perOperation(withRest, name)}, without ${perOperation(without, name)}`,
    );
  }
}

function text(rates: readonly number[]): string {
  return rates.map((rate) => rate.toPrecision(4)).join(' ');
}

function perOperation(runs: readonly Repeat[], name: string): string {
  const counted = runs.reduce((sum, { ledger }) => sum + (ledger?.[name] ?? 0), 0);
  const operations = runs.reduce((sum, run) => sum + run.operations, 0);
  return (counted / operations).toPrecision(3);
}
