/**
 * Our own card and host over a file that both sides map, in turns and by themselves. Skipped, loudly, where koffi is
 * missing.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Conformance, type Conformed } from '../../src/conform/run/run.ts';
import { mapOver } from '../../src/linux/file-mapping.ts';
import { loadLibc } from '../../src/linux/libc.ts';
import { testFolder } from '../cli/commands.ts';
import { ROOT } from '../rules/sources.ts';

const path = join(testFolder(), 'region');
const can = loadLibc() !== undefined;
if (!can) process.stderr.write('SKIPPED: koffi is not installed, so no file is shared\n');

function tried(role: 'card' | 'host', only: string, free: boolean): Conformed {
  const memory = { path, free, map: (region: Parameters<typeof mapOver>[1]) => mapOver(path, region) };
  const exec = `${process.execPath} ${ROOT}/dist/src/conform/own/main.js`;
  return new Conformance({ target: { exec }, role, only, patienceMs: 20_000, memory }).run();
}

describe.skipIf(!can)('over a shared file', () => {
  it.each([
    ['card', false, ['SocketBind/', 'failure/preserved', 'transport/', 'tour/', 'ExecIopReset/']],
    ['card', true, ['SocketSend/', 'transport/', 'tour/', 'ExecIopReset/']],
    ['host', false, ['transfer/', 'replies/Socket']],
    ['host', true, ['transfer/', 'replies/Socket']],
  ] as const)(
    'our own %s passes, by itself: %s',
    // What runs by itself runs in the machine's own time: on a busy one a limit may pass before it has had its turn.
    { timeout: 120_000, retry: 2 },
    (role, free, names) => {
      for (const only of names) {
        const { verdicts, failure } = tried(role, only, free);
        expect([only, failure]).toEqual([only, '']);
        expect(verdicts.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
        expect(verdicts.length).toBeGreaterThan(0);
      }
    },
  );
});
