/**
 * Every scenario against a card: each step brings exactly the replies, list elements and memory it says, and
 * nothing is lost.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { poolsLost } from './accounts.ts';
import { functionNamed, runScenario, type Scenario, type ScenarioFile } from './scenario-card.ts';
import { SOCKETS } from './vector-card.ts';

const folder = new URL('../../spec/vectors/scenarios/', import.meta.url);

for (const path of readdirSync(folder)) {
  const file = JSON.parse(readFileSync(new URL(path, folder), 'utf8')) as ScenarioFile;
  describe(`${path} against a card`, () => {
    it.each(file.scenarios.map((scenario) => [scenario.id, scenario] as const))(
      '%s',
      (_id, scenario: Scenario) => {
        const { card, wrong } = runScenario(file, scenario);
        expect(wrong).toEqual([]);
        expect(poolsLost(card.bare, SOCKETS)).toBe('');
      },
    );
  });
}

describe('a scenario', () => {
  it('fails when a reply, an element or a byte is another', () => {
    const file = JSON.parse(readFileSync(new URL('lists.json', folder), 'utf8')) as ScenarioFile;
    const [good] = file.scenarios;
    const last = good!.steps.at(-1)!;
    const twist = (change: object): string[] =>
      runScenario(file, { ...good!, steps: [...good!.steps.slice(0, -1), { ...last, ...change }] }).wrong;
    expect(twist({})).toEqual([]);
    expect(twist({ items: last.items.slice(1) })).not.toEqual([]);
    expect(twist({ items: [...last.items, last.items[0]] })).not.toEqual([]);
    expect(twist({ replies: [{ bytes: '01000000' }] })).not.toEqual([]);
    expect(twist({ read: [{ ...last.read![0], bytes: 'ffffffff' }] })).not.toEqual([]);
    expect(functionNamed('SocketSend')).toBe(0x89);
  });
});
