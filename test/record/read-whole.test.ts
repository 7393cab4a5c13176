/** Files of text that are read as a whole, and one that is too long for that. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readWhole } from '../../src/record/read-whole.ts';

const folder = mkdtempSync(join(tmpdir(), 'inic-whole-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

describe('a file of text', () => {
  it('is read as a whole', () => {
    writeFileSync(at('text'), 'a\nä\n');
    expect(readWhole(at('text'))).toBe('a\nä\n');
  });

  it('that no string can hold is refused before a byte of it is read', () => {
    writeFileSync(at('huge'), '');
    truncateSync(at('huge'), 3 * 2 ** 30); // a hole: it takes no room
    const before = process.resourceUsage().userCPUTime;
    expect(() => readWhole(at('huge'))).toThrow(expect.objectContaining({ code: 'ERR_FS_FILE_TOO_LARGE' }));
    expect(process.resourceUsage().userCPUTime - before).toBeLessThan(1e6);
  });
});
