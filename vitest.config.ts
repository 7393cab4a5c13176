import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    dir: 'test',
    // Many tests run two real threads or a child process, which take long on a busy machine.
    testTimeout: 60_000,
    setupFiles: ['test/seeded.ts'],
  },
});
