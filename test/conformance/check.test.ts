/**
 * The runner without a card that spec/vectors gives to others: it finds our vectors right, and a changed one
 * wrong.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../spec/vectors/', import.meta.url));

function run(where: string): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(where, 'check.mjs')], {
    encoding: 'utf8',
  });
  return { status, said: stdout + stderr };
}

describe('check.mjs', () => {
  it('finds every frame to be what it says', () => {
    const { status, said } = run(folder);
    expect(said).toMatch(/^\d{4} frames, \d{4,} values compared, 0 wrong\n$/);
    expect(status).toBe(0);
  });

  it('finds a bit that was turned over', () => {
    const copy = mkdtempSync(join(tmpdir(), 'vectors-'));
    try {
      cpSync(folder, copy, { recursive: true });
      const path = join(copy, 'socket.json');
      const text = readFileSync(path, 'utf8');
      // A file's last field of its first message: the port that SocketBind's first vector names.
      const changed = text.replace(
        /("id":"SocketBind\/request\/typical".*?"bytes":"(?:\w{8} ){6})\w{8}/,
        '$101000000',
      );
      expect(changed).not.toBe(text);
      writeFileSync(path, changed);
      const { status, said } = run(copy);
      expect(said).toContain('SocketBind/request/typical: port is 1, and the vector says 0');
      expect(status).toBe(1);
    } finally {
      rmSync(copy, { recursive: true });
    }
  });
});
