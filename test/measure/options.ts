/** What `inic bench` measures where nobody says anything, for the tests of what is done with it. */
import { type BenchOptions, TESTS } from '../../src/record/row.ts';

export const BENCH_OPTIONS: BenchOptions = {
  tests: TESTS,
  stacks: ['inic', 'kernel'],
  transports: ['ring'],
  placements: ['thread'],
  apis: ['net', 'socket'],
  connections: undefined,
  sizes: undefined,
  requestResponse: undefined,
  neighbours: [0],
  pin: 'auto',
  durationSeconds: 1,
  warmupSeconds: 0.5,
  repeats: 5,
  repeatsMax: 5,
  interval: undefined,
  seed: undefined,
  settings: {},
};
