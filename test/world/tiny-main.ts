/** `npm run tiny -- [--seed N] [--storms M]`: the long form of the storms on the smallest pools. */
import { parseArgs } from 'node:util';
import { TRANSPORTS } from '../../src/i2o/queues/queues.ts';
import { POLICIES, tinyStorm } from './tiny-storm.ts';

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, storms: { type: 'string', default: '1000' } },
});
const first = Number(values.seed);
const end = first + Number(values.storms);
const total = { storms: 0, streams: 0, whole: 0, failed: 0 };
for (let seed = first; seed < end; seed++) {
  const transport = TRANSPORTS[seed % TRANSPORTS.length];
  const policy = POLICIES[Math.floor(seed / TRANSPORTS.length) % POLICIES.length];
  try {
    const { dialled, whole } = tinyStorm(seed, transport, policy);
    total.streams += dialled;
    total.whole += whole;
  } catch (error) {
    console.error((error as Error).message.split('\n')[0]);
    total.failed += 1;
    process.exitCode = 1;
  }
  total.storms += 1;
}
console.log(
  `${total.storms} storms from seed ${first}, ${total.failed} failed: ${total.streams} streams, ` +
    `${total.whole} of them whole`,
);
