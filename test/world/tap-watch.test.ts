/** Whoever deletes a card's TAP under a running program is told what that means, once. */
import { expect, it } from 'vitest';
import { TapWatch } from '../../src/world/open/tap-watch.ts';

function watched(...seen: boolean[]): string[] {
  const lines: string[] = [];
  const looks = seen.values();
  const watch = new TapWatch(
    'inic0',
    (line) => lines.push(line),
    (name) => name === 'inic0' && looks.next().value === true,
  );
  for (let look = 1; look < seen.length; look++) watch.look();
  return lines;
}

it('is said once, when it is gone', () => {
  expect(watched(true, true, false, false)).toEqual([
    "inic: the interface inic0 is gone, and with it the card's network: start the program again\n",
  ]);
});

it('is not said of one that stays, nor of one that was never seen', () => {
  expect(watched(true, true, true)).toEqual([]);
  expect(watched(false, false)).toEqual([]);
});

it('is by default what the kernel shows', () => {
  const lines: string[] = [];
  const watch = new TapWatch('no-such-inic', (line) => lines.push(line));
  watch.look();
  expect(lines).toEqual([]);
});
