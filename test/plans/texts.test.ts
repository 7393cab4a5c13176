/** Files of text: their encoding, and complaints of YAML in words of its reader's. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readText } from '../../src/plans/files.ts';
import { inFile, parseYaml } from '../../src/plans/yaml.ts';
import { openCard } from '../../src/world/open/card.ts';
import { parseTopology } from '../../src/world/topology.ts';
import { testFolder } from '../cli/commands.ts';

const folder = testFolder();

it('may begin with a byte order mark, and are refused in another encoding', () => {
  const written = (name: string, bytes: Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  expect(readText(written('mark', Buffer.from('\uFEFFworld: pär\r\n')))).toBe('world: pär\r\n');
  for (const bytes of [Buffer.from('\uFEFFworld: pair', 'utf16le'), Buffer.from('pär', 'latin1')]) {
    const path = written('other', bytes);
    expect(() => readText(path)).toThrow(`${path}: is no text in UTF-8: save it as such`);
  }
});

it('are one document', () => {
  expect(() => parseYaml('a: 1\n---\nb: 2\n', inFile('two.yaml'))).toThrow(
    'two.yaml:2: a second document begins here: expected one',
  );
  expect(() => parseTopology({} as unknown as string)).toThrow("a world's YAML expected a text, got {}");
});

it('a card is told no text and no null', async () => {
  for (const [options, words] of [
    [null, 'null'],
    ['x', '"x"'],
  ] as const) {
    await expect(openCard(options as never)).rejects.toThrow(
      `a card expected a map of settings, got ${words}`,
    );
  }
});
