import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    dir: 'test',
    // Many tests run two real threads or a child process, which take long on a busy machine.
    testTimeout: 180_000,
    // Vitest would leave a core to itself, which on two cores is half of them.
    maxWorkers: 2,
    setupFiles: ['test/seeded.ts'],
  },
});
