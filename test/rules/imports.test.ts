/** Who may import whom: rules 1, 2, 5 and 7 of src/ARCHITECTURE.md. */
import { describe, expect, it } from 'vitest';
import { holds } from './holds.ts';
import {
  drawers,
  driverApartFromCard,
  fileCycles,
  folderCycles,
  onlyWorldJoins,
  onlyWorldStartsThreads,
  stackKnowsNoDevice,
} from './imports.ts';
import { inRooms, sources } from './sources.ts';

it('there are files to judge', () => {
  for (const room of ['osm', 'i2o', 'iop', 'ism', 'tcpip', 'world']) {
    expect(inRooms(sources(), room).length, room).toBeGreaterThan(5);
  }
});

describe('rule 1: the driver and the card meet only in memory', () => {
  holds(
    'osm and iop, ism never import each other',
    driverApartFromCard,
    {
      'src/osm/a.ts': "import type { X } from '../iop/x.ts';",
      'src/ism/b.ts': "export * from '../osm/a.ts';",
      'src/iop/x.ts': "export type Y = import('../osm/a.ts').Y;",
    },
    [
      'src/osm/a.ts imports src/iop/x.ts',
      'src/iop/x.ts imports src/osm/a.ts',
      'src/ism/b.ts imports src/osm/a.ts',
    ],
  );
});

describe('rule 2: the stack knows neither thread, message, device nor clock', () => {
  holds(
    'it imports only its own folder, memory, ledger, errno, assertions and random numbers',
    stackKnowsNoDevice,
    {
      'src/tcpip/a.ts': `
        import { Clock } from '../time/clock.ts'; import { Random } from '../time/random.ts';
        import { readFileSync } from 'node:fs'; const later = await import('../hdm/nic.ts');`,
    },
    ['imports src/time/clock.ts', 'imports node:fs', 'imports src/hdm/nic.ts'],
  );
});

describe('rule 5: only world/ joins host and card, and starts the worker', () => {
  holds(
    'nobody else imports both',
    onlyWorldJoins,
    {
      'src/measure/a.ts': "import '../osm/host.ts'; import '../ism/b.ts';",
      'src/world/b.ts': "import '../osm/host.ts'; import '../ism/b.ts';",
    },
    ['src/measure/a.ts joins host and card'],
  );
  holds(
    'nobody else starts a thread',
    onlyWorldStartsThreads,
    { 'src/measure/a.ts': 'const w = new Worker(url);', 'src/world/b.ts': 'const w = new Worker(url);' },
    ['src/measure/a.ts:1: new Worker(url)'],
  );
});

describe('rule 7: files and folders import in one direction', () => {
  holds(
    'no file imports itself by way of others, types included',
    fileCycles,
    {
      'src/a/x.ts': "import type { Y } from './y.ts';",
      'src/a/y.ts': "import './z.ts';",
      'src/a/z.ts': "export { x } from './x.ts';",
      'src/a/w.ts': "import './x.ts';",
    },
    ['src/a/x.ts, src/a/y.ts, src/a/z.ts'],
  );

  holds(
    'no folder does, at any depth',
    folderCycles,
    {
      'src/a/b/x.ts': "import '../c/y.ts';",
      'src/a/c/y.ts': "import './d/z.ts';",
      'src/a/c/v.ts': "import '../b/u.ts';",
      'src/a/c/d/z.ts': "import '../w.ts';",
    },
    ['src/a/b, src/a/c', 'src/a/b, src/a/c, src/a/c/d'],
  );

  holds(
    'and none is a drawer',
    drawers,
    { 'src/a/utils/x.ts': '', 'src/a/misc.ts': '', 'src/a/commonplace.ts': '', 'test/helper/x.ts': '' },
    ['src/a/misc.ts', 'src/a/utils/x.ts', 'test/helper/x.ts'],
  );
});
