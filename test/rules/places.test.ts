/** What only one place may do: rules 3 and 4 of src/ARCHITECTURE.md. */
import { describe } from 'vitest';
import { holds } from './holds.ts';
import { onlyDmaMoves, onlyDoorbellsWake, onlySleeperNotifies, onlyTimeHasClocks } from './places.ts';

describe('rule 3: one place moves payload, one rings, one interrupts, one wakes', () => {
  holds(
    'only dma/ moves bytes of shared memory',
    onlyDmaMoves,
    {
      'src/ism/a.ts': `bytes.copyWithin(0, 1, 2); this.region.bytes.set(x); kernels.copySum(a, b, c, 0);
        region.bytes.fill(view, 0, 8); Buffer.prototype.fill.call(bytes, view, 0, 8);`,
      'src/dma/b.ts': 'bytes.copyWithin(0, 1, 2);',
      'src/osm/c.ts': "// bytes.set(x)\nconst text = 'bytes.set(x)'; map.set(1, 2);",
    },
    [
      'bytes.copyWithin',
      'this.region.bytes.set',
      'kernels.copySum',
      'region.bytes.fill',
      'Buffer.prototype.fill',
    ],
  );
  holds(
    'only the sleeper notifies',
    onlySleeperNotifies,
    { 'src/i2o/a.ts': 'Atomics.notify(words, 0);', 'src/time/sleeper.ts': 'Atomics.notify(words, 0);' },
    ['src/i2o/a.ts:1: Atomics.notify(words, 0)'],
  );
  holds(
    'only the doorbell and the interrupt wake the other side; the world may end a sleep',
    onlyDoorbellsWake,
    { 'src/osm/a.ts': 'this.hostWaker.wake();', 'src/i2o/doorbell.ts': 'waker.wake();' },
    ['src/osm/a.ts:1: this.hostWaker.wake()'],
  );
});

describe('rule 4: only time/ reads a clock, sets a timer or draws a random number', () => {
  holds(
    'under whatever name',
    onlyTimeHasClocks,
    {
      'src/osm/a.ts': `
        const now = new Date();
        const text = Date();
        const { random } = Math;
        const maths = Math;
        const later = setTimeout;
        globalThis.setImmediate(f);
        const { hrtime: h } = process;
        Atomics['wait'](words, 0, 0);
        const clocks = { performance };`,
      'src/iop/b.ts': "import { setTimeout as later } from 'node:timers/promises';",
      'src/ism/c.ts': "const { randomInt } = await import('node:crypto');",
      'src/time/d.ts': 'const now = Date.now();',
      'src/cli/e.ts': `
        interface A { performance: number; setTimeout(): void }
        const date: Date = read(); const at = Date.parse(text); const x = Math.max(1, process.pid);
        handle.performance = row.Date; listen(process);`,
    },
    [
      'src/iop/b.ts imports node:timers/promises',
      'src/ism/c.ts imports node:crypto',
      'src/osm/a.ts:2: new Date()',
      'src/osm/a.ts:3: Date()',
      'src/osm/a.ts:4: { random } = Math',
      'src/osm/a.ts:5: maths = Math',
      'src/osm/a.ts:6: later = setTimeout',
      'src/osm/a.ts:7: globalThis.setImmediate',
      'src/osm/a.ts:8: { hrtime: h } = process',
      "src/osm/a.ts:9: Atomics['wait']",
      'src/osm/a.ts:10: performance',
    ],
  );
});
