import { configDefaults, defineConfig } from 'vitest/config';
import { LEFT_TO_LONG } from './test/left-to-long.ts';
import { LONG } from './test/long.ts';

export default defineConfig({
  test: {
    dir: 'test',
    exclude: LONG ? configDefaults.exclude : [...configDefaults.exclude, ...LEFT_TO_LONG.files.map((file) => `**/${file}`)],
    // Many tests run two real threads or a child process, which take long on a busy machine.
    testTimeout: 180_000,
    // Vitest would leave a core to itself, which on two cores is half of them.
    maxWorkers: 2,
    setupFiles: ['test/seeded.ts', 'test/short-form.ts'],
  },
});
