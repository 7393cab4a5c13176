/** The file of a bench's results: whole at every moment, and known to be writable before anything runs. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ResultFile } from '../../src/cli/result-file.ts';
import { testFolder } from './commands.ts';

const folder = testFolder();
const asRoot = process.getuid?.() === 0;

describe('a file of results', () => {
  it('holds each state as a whole, and nothing lies beside it', () => {
    const path = join(folder, 'a.json');
    writeFileSync(path, 'of an earlier run');
    const file = new ResultFile(path);
    expect(readFileSync(path, 'utf8')).toBe('of an earlier run');
    file.keep('one row');
    expect(readFileSync(path, 'utf8')).toBe('one row');
    file.finish('both rows');
    expect(readFileSync(path, 'utf8')).toBe('both rows');
    expect(readdirSync(folder).filter((name) => name.startsWith('a.json'))).toEqual(['a.json']);
  });

  it('is the file that a link leads to', () => {
    const path = join(folder, 'target.json');
    writeFileSync(path, '');
    symlinkSync(path, join(folder, 'link.json'));
    new ResultFile(join(folder, 'link.json')).finish('text');
    expect(readFileSync(path, 'utf8')).toBe('text');
  });

  it('is refused where a device has no room, before anything runs', () => {
    expect(() => new ResultFile('/dev/full')).toThrow('cannot write /dev/full: no space left on device');
  });

  it('is written once where it is a device', () => {
    const file = new ResultFile('/dev/null');
    file.keep('one row');
    file.finish('both rows');
  });

  it('goes on to the end where a state cannot be written, and says so then', () => {
    const inner = join(folder, 'gone');
    mkdirSync(inner);
    const file = new ResultFile(join(inner, 'a.json'));
    writeFileSync(join(folder, 'other'), '');
    // As if the folder had been taken away meanwhile.
    Reflect.set(file, 'part', join(folder, 'other', 'part'));
    file.keep('one row');
    expect(() => file.finish('both rows')).toThrow(/cannot write .*a\.json: not a directory/);
  });

  it.skipIf(asRoot)('is written in place where its folder takes no other file', () => {
    const inner = join(folder, 'fixed');
    mkdirSync(inner);
    const path = join(inner, 'a.json');
    writeFileSync(path, '');
    chmodSync(inner, 0o555);
    new ResultFile(path).finish('text');
    chmodSync(inner, 0o755);
    expect(readFileSync(path, 'utf8')).toBe('text');
  });
});
