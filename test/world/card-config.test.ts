/** A configuration that a program hands in: what is no setting, or not of its kind, is named in one line. */
import { expect, it } from 'vitest';
import { cardConfig } from '../../src/world/config/card-config.ts';

it.each([
  [{ mtux: 1500 }, '"mtux" is no setting of a card: did you mean mtu?'],
  [{ quality: 3 }, '"quality" is no setting of a card: expected transport, pools,'],
  [
    { pools: { receiveBucket: 3 } },
    '"pools.receiveBucket" is no setting of a card: did you mean receiveBuckets',
  ],
  [{ transport: 'port' }, '"transport" expected ring or fifo, got port'],
  [{ classVersion: 4 }, '"classVersion" expected 1 or 2 or 3, got 4'],
  [{ driver: { classVersion: 0 } }, '"driver.classVersion" expected 1 or 2 or 3, got 0'],
  [{ driver: { replyMode: 'late' } }, '"driver.replyMode" expected auto or batch or'],
  [{ mtu: '1500' }, '"mtu" expected a number from 68 to 65535, got "1500"'],
  [{ mtu: Number.NaN }, '"mtu" expected a number from 68 to 65535, got NaN'],
  [{ pools: 5 }, '"pools" expected a map of settings, got 5'],
  [{ mac: 5 }, '"mac" expected a list, got 5'],
])('%j is refused', (overrides, words) => {
  expect(() => cardConfig(overrides as never)).toThrow(RangeError);
  expect(() => cardConfig(overrides as never)).toThrow(words);
});

it('every default is a setting, and so is what is left undefined', () => {
  expect(cardConfig(cardConfig() as never)).toEqual(cardConfig());
  expect(cardConfig({ mtu: undefined } as never)).toMatchObject({ pools: { transmitBuffers: 1024 } });
});
