import { configDefaults, defineConfig } from 'vitest/config';
import { LONG } from './test/long.ts';

/** Files that take long as a whole, which the short form leaves to the long one. */
const LONG_FILES = [
  'advise/advise',
  'cli/explain',
  'experiment/window-on-card',
  'explain/chrome-trace',
  'explain/journey',
  'report/report-cli',
  'sweep/redis',
  'validate/contract',
  'world/ends',
  'world/full-port',
  'world/tiny-storm',
].map((name) => `**/${name}.test.ts`);

export default defineConfig({
  test: {
    dir: 'test',
    exclude: LONG ? configDefaults.exclude : [...configDefaults.exclude, ...LONG_FILES],
    // Many tests run two real threads or a child process, which take long on a busy machine.
    testTimeout: 180_000,
    // Vitest would leave a core to itself, which on two cores is half of them.
    maxWorkers: 2,
    setupFiles: ['test/seeded.ts'],
  },
});
