import { configDefaults, defineConfig } from 'vitest/config';
import { LEFT_TO_LONG } from './test/left-to-long.ts';
import { LONG } from './test/long.ts';

/**
 * Folders whose tests leave nothing behind in the modules that they import: their files follow one another in
 * one module graph, which is loaded, and made fast by V8, once. It takes less than half of the time.
 */
const SHARED = [
  ...['bond', 'dma', 'hdm', 'host', 'i2o', 'iop', 'ism', 'lan', 'ledger', 'osm', 'socket', 'tcpip', 'time', 'window'],
  ...['wire', 'workloads', 'conformance', 'measure', 'record', 'replay', 'spec', 'trace', 'validate', 'explain', 'drill'],
  ...['advise', 'calibrate', 'compare', 'experiment', 'inspect', 'plans', 'report'],
]
  .map((folder) => `${folder}/**/*.test.ts`)
  // These ask the compiler for the whole tree, which is kept for the next of them.
  .concat('rules/{assertions,exports,imports,places,style}.test.ts');
const left = LONG ? [] : LEFT_TO_LONG.files.map((file) => `**/${file}`);
const exclude = [...configDefaults.exclude, ...left];

export default defineConfig({
  test: {
    dir: 'test',
    // Many tests run two real threads or a child process, which take long on a busy machine.
    testTimeout: 180_000,
    // Vitest would leave a core to itself, which on two cores is half of them.
    maxWorkers: 2,
    setupFiles: ['test/seeded.ts', 'test/short-form.ts'],
    projects: [
      { extends: true, test: { name: 'alone', exclude: [...exclude, ...SHARED] } },
      { extends: true, test: { name: 'shared', isolate: false, include: SHARED, exclude } },
    ],
  },
});
