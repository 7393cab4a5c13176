/** The keys and the refusals of docs/worlds.md; `test/docs` runs its program. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readTopology } from '../../src/world/topology.ts';

const PAGE = readFileSync(new URL('../../docs/worlds.md', import.meta.url), 'utf8');
/** The page's blocks of a language, in their order. */
const blocks = (language: string): string[] =>
  [...PAGE.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map((match) => match[1]);

const [description] = blocks('yaml');
const refusals = blocks('text').find((block) => block.startsWith('"cards.')) ?? '';

describe('each refusal is what a reader gets', () => {
  const wrong: [string, (world: Record<string, Record<string, Record<string, unknown>>>) => void][] = [
    ['an address', ({ cards }) => (cards['a']['ports'] = { eth0: { address: '10.0.0.1' } })],
    ['a delay', ({ links }) => (links['wire']['delay'] = 50)],
    ['a name', ({ programs }) => (programs['caller']['server'] = 'ehco')],
    ['a time without a link', ({ links }) => (links['wire']['down'] = [{ at: '10ms', for: 0 }])],
  ];
  it.each(wrong.map(([what, change], i) => ({ what, change, line: refusals.trim().split('\n')[i] })))(
    '$what',
    ({ change, line }) => {
      const world = parse(description);
      change(world);
      expect(() => readTopology(world)).toThrow(new RangeError(line));
    },
  );
});

it('every key there is has its row', () => {
  const rows = [...PAGE.matchAll(/^\| (`[^|]*) \|/gm)].flatMap((match) => match[1].match(/[A-Za-z]+/g) ?? []);
  const keysOf = (path: string): string[] => {
    try {
      const world = parse(description);
      const [section, name] = path.split('.');
      world[section] ??= {};
      world[section][name] = { ...world[section][name], nonsense: 1 };
      readTopology(world);
      return [];
    } catch (error) {
      return String(error).split('expected ')[1].split(', ');
    }
  };
  for (const path of ['hosts.left', 'cards.a', 'links.wire', 'switches.lan', 'programs.echo']) {
    const keys = keysOf(path);
    expect(keys.length).toBeGreaterThan(1);
    expect(keys.filter((key) => !rows.includes(key))).toEqual([]);
  }
});
