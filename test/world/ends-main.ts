/** `npm run ends -- [--seed N] [--storms M] [--connections C]`: the long form of the storm of ends. */
import { parseArgs } from 'node:util';
import { endsStorm } from './ends-storm.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    storms: { type: 'string', default: '1000' },
    connections: { type: 'string', default: '40' },
  },
});
const first = Number(values.seed);
const end = first + Number(values.storms);
const total = { storms: 0, connections: 0, ends: 0, resets: 0, gaveUp: 0, bytes: 0, failed: 0 };
for (let seed = first; seed < end; seed++) {
  try {
    const tally = endsStorm(seed, Number(values.connections));
    total.connections += tally.connections;
    total.ends += tally.ends;
    total.resets += tally.resets;
    total.gaveUp += tally.gaveUp;
    total.bytes += tally.bytes;
  } catch (error) {
    console.error((error as Error).stack);
    total.failed += 1;
    process.exitCode = 1;
  }
  total.storms += 1;
}
console.log(
  `${total.storms} storms from seed ${first}, ${total.failed} failed: ${total.connections} connections, ` +
    `${total.ends} ends, ${total.resets} errors, ${total.gaveUp} given up, ${total.bytes} bytes`,
);
