/**
 * Every setting of a card, walked over its edges by way of the library, of a world's description and of the
 * short form of a virtual world: what is out of range or of another kind is refused by the name that was
 * written. And the page that lists them says what is so.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { cardConfig } from '../../src/world/config/card-config.ts';
import type { SettingRow } from '../../src/world/config/setting-row.ts';
import { SETTING_TABLE, settingOf } from '../../src/world/config/setting-table.ts';
import { type CardOverrides, DEFAULT_CARD_CONFIG } from '../../src/world/config/settings.ts';
import { parseTopology, readTopology } from '../../src/world/topology.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { withTables } from './settings-page.ts';

/** What a description of a world says by keys of its own. */
const OF_WORLD =
  /^(seed|mtu|mac|furtherPorts|innerLoop|stack\.(address|prefixLength|gateway|furtherPorts|loopbackPort))$/;

const numbers = SETTING_TABLE.filter(({ range }) => range !== undefined);

function nested(name: string, value: unknown): Record<string, unknown> {
  const [first, ...rest] = name.split('.');
  return { [first]: rest.length === 0 ? value : nested(rest.join('.'), value) };
}

/** The complaint about one setting, by each of the three ways to say it, or an empty text. */
function complaints(name: string, value: unknown): string[] {
  const card = nested(name, value);
  const world = {
    hosts: { left: {} },
    cards: { nic: { host: 'left', ports: { eth0: { address: '10.0.0.1/24' } }, ...card } },
  };
  const ways: (readonly [string, () => unknown])[] = [
    ['', () => cardConfig(card as CardOverrides)],
    ...(OF_WORLD.test(name) ? [] : [['cards.nic.', () => parseTopology(stringify(world))] as const]),
    // There the world's link says what the wire is like.
    ...(name.startsWith('wire.')
      ? []
      : [['cards.0.', () => new VirtualWorld({ cards: [card as CardOverrides] })] as const]),
  ];
  return ways.map(([path, way]) => {
    try {
      way();
      return '';
    } catch (error) {
      const { message } = error as Error;
      expect(error, message).toBeInstanceOf(RangeError);
      expect(message).toMatch(/^".*" [^\n]*$/);
      return message.replace(`"${path}`, '"');
    }
  });
}

function expectRefused(row: SettingRow, value: unknown): void {
  for (const message of complaints(row.name, value)) {
    expect(message.startsWith(`"${row.name}" `), `${row.name} = ${String(value)}: "${message}"`).toBe(true);
  }
}

function leaves(config: object, path = ''): string[] {
  return Object.entries(config).flatMap(([key, value]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? leaves(value, `${path}${key}.`)
      : [`${path}${key}`],
  );
}

it('every setting has its row, and every row is a setting', () => {
  expect(SETTING_TABLE.map(({ name }) => name).sort()).toEqual(leaves(DEFAULT_CARD_CONFIG).sort());
  for (const { name, range, choices, form } of SETTING_TABLE) {
    expect([range, choices, form].filter((kind) => kind !== undefined).length, name).toBe(1);
    const value = settingOf(DEFAULT_CARD_CONFIG, name);
    if (range !== undefined) {
      expect(Number(value), name).toBeGreaterThanOrEqual(range[0]);
      expect(Number(value), name).toBeLessThanOrEqual(range[1]);
    }
    if (choices !== undefined) expect(choices, name).toContain(value);
  }
});

describe('a number is refused by its name', () => {
  for (const row of numbers) {
    const [least, most] = row.range ?? [0, 0];
    const beyond =
      most === Number.MAX_VALUE ? Number.POSITIVE_INFINITY : most + (row.whole === false ? 0.5 : 1);
    const wrong: unknown[] = [
      least - 1,
      beyond,
      Number.NaN,
      String(least),
      true,
      null,
      [least],
      { a: least },
    ];
    if (row.whole !== false) wrong.push(least + 0.5);
    if (row.multipleOf !== undefined) wrong.push(least + 1);
    if (row.powerOfTwo !== undefined) wrong.push(3);
    it(row.name, () => {
      for (const value of wrong) expectRefused(row, value);
    });
  }
});

it('a number that need not be whole may be a fraction', () => {
  for (const row of numbers.filter(({ whole }) => whole === false)) {
    const [least] = row.range ?? [0, 0];
    for (const message of complaints(row.name, least + 0.25)) expect(message, row.name).toBe('');
  }
});

it('one of some values is none of the others', () => {
  for (const row of SETTING_TABLE.filter(({ choices }) => choices !== undefined)) {
    for (const value of ['nothing of the kind', 7, 1.5, Number.NaN, null, [], {}, '1', 'true']) {
      expectRefused(row, value);
    }
  }
});

it('what has a form of its own is refused too', () => {
  for (const row of SETTING_TABLE.filter(({ form }) => form !== undefined)) {
    for (const value of [5, 'a text', true, null]) expectRefused(row, value);
  }
  const wrong: [CardOverrides, string][] = [
    [{ mac: [1, 2, 3] }, '"mac" expected six bytes, got [1, 2, 3]'],
    [{ mac: [1, 0, 0, 0, 0, 0] }, '"mac" expected a unicast address'],
    [{ furtherPorts: [5] } as never, '"furtherPorts.0" expected a map of address, prefixLength, mtu, mac'],
    [{ furtherPorts: [{ mac: [] }] } as never, '"furtherPorts.0.address" expected a whole number'],
    [
      { furtherPorts: [{ address: 1, mac: [], prefixLen: 3 }] } as never,
      '"furtherPorts.0.prefixLen" is not known: did you mean prefixLength?',
    ],
    [{ stack: { address: 0x7f000001 } }, '"stack.address" expected an address that one host can have'],
    [{ stack: { address: 0x0a0000ff } }, 'one host can have, got 10.0.0.255/24'],
  ];
  for (const [overrides, words] of wrong) expect(() => cardConfig(overrides)).toThrow(words);
});

/** What at its own edge cannot be beside the defaults of others; each is said with the other's name. */
const IMPOSSIBLE_ALONE: Readonly<Record<string, RegExp>> = {
  'driver.receiveBufferBytes': /which "stack.receiveBufferBytes" says: set that one/,
  'driver.receiveWindowBytes': /which "stack.receiveWindowBytes" says: set that one/,
  'driver.transmitReserve': /at most "pools.transmitBuffers" 1024/,
  'driver.transmitLowWatermark': /at most "pools.transmitBuffers" 1024/,
  rxRing: /"packetSlots" expected 4100/,
  packetSlots: /expected 20 to 1048576, got 5/,
  'stack.receiveWindowBytes': /at most "stack.receiveBufferBytes" 1048576/,
  'stack.sendElementsMax': /expected 6144 or more/,
  'stack.loopbackPort': /which "innerLoop" says/,
  'stack.ephemeralLast': /expected at least 16384/,
  'stack.addressProbeMinUs': /at most "addressProbeMaxUs"/,
  'stack.addressProbeMaxUs': /at least "addressProbeMinUs"/,
  'stack.rtoMinUs': /at most "rtoMaxUs"/,
  'stack.rtoMaxUs': /at least "rtoMinUs"/,
  'stack.address': /one host can have/,
};

it('a number at its own edges is taken, or refused for what stands beside it', () => {
  const refused = new Set<string>();
  for (const { name, range = [0, 0], multipleOf, powerOfTwo } of numbers) {
    for (const value of range) {
      let message = '';
      try {
        cardConfig(nested(name, value) as CardOverrides);
      } catch (error) {
        ({ message } = error as Error);
      }
      expect(multipleOf === undefined || value % multipleOf === 0).toBe(true);
      expect(powerOfTwo === undefined || (value & (value - 1)) === 0).toBe(true);
      if (message === '') continue;
      expect(message, name).toMatch(IMPOSSIBLE_ALONE[name] ?? /^nothing is expected/);
      refused.add(name);
    }
  }
  expect([...refused].sort()).toEqual(
    Object.keys(IMPOSSIBLE_ALONE)
      .filter((name) => name !== 'rxRing')
      .sort(),
  );
});

it('what another setting says may be said again as it is, and not otherwise', () => {
  expect(cardConfig(cardConfig({ innerLoop: true }))).toEqual(cardConfig({ innerLoop: true }));
  expect(() => cardConfig({ driver: { receiveBufferBytes: 5000 } })).toThrow(
    'expected 1048576, which "stack.receiveBufferBytes" says: set that one; got 5000',
  );
  const stack = { receiveBufferBytes: 4096 };
  expect(cardConfig({ stack }).stack.receiveWindowBytes).toBe(4096);
});

describe('the short form of a virtual world', () => {
  it.each([
    [{}, '"cards" expected a list of one card or two, got nothing'],
    [{ cards: [{}, {}, {}] }, '"cards" expected a list of one card or two, got [{},{},{}]'],
    [{ cards: [5] }, 'a card expected a map of settings, got 5'],
    [{ cards: [{ pools: 7 }] }, '"cards.0.pools" expected a map of settings, got 7'],
    [{ cards: [{}, { wire: { delayNs: 5 } }] }, '"cards.1.wire" is said by "link" of the world'],
    [{ cards: [{ seed: 5 }] }, '"cards.0.seed" is said by "seed" of the world'],
    [{ cards: [{}], lnik: {} }, '"lnik" is not known: did you mean link?'],
    [{ cards: [{}], link: { dealyNs: 5 } }, '"link.dealyNs" is not known: did you mean delayNs'],
    [{ cards: [{}], link: { delayNs: '5us' } }, '"link.delayNs" expected a number, got "5us"'],
    [{ cards: [{}], link: { delayNs: -1 } }, '"link.delayNs" expected 0 or more, got -1'],
    [{ cards: [{}], seed: 1.5 }, '"seed" expected a whole number from -2147483648 to 2147483647, got 1.5'],
    [{ cards: [{}], doorbellNs: -1 }, '"doorbellNs" expected 0 to 1000000000, got -1'],
    [{ cards: [{}], interruptNs: '5' }, '"interruptNs" expected 0 to 1000000000, got "5"'],
    [
      { cards: [{}], hostCosts: { tcpOutSeg: 5 } },
      '"hostCosts.tcpOutSeg" is no counter of the ledger: did you mean',
    ],
    [{ cards: [{}], iopCosts: { inboundPosted: -5 } }, '"iopCosts.inboundPosted" expected nanoseconds of 0'],
    [{ cards: [{}], traces: [undefined, undefined] }, '"traces" expected a list of at most one for each'],
    [{ cards: [{ stack: { address: 0x0a000002 } }, {}] }, '"cards.1.stack.address" is the address of'],
    [{ hosts: {}, cards: {} }, 'a world expected what parseTopology or readTopology returns'],
    [null, 'a virtual world expected a map of keys, got null'],
  ])('%j is refused', (options, words) => {
    expect(() => new VirtualWorld(options as never)).toThrow(RangeError);
    expect(() => new VirtualWorld(options as never)).toThrow(words);
  });
});

const path = '../../docs/settings.md';
const page = readFileSync(new URL(path, import.meta.url), 'utf8');

it('docs/settings.md shows what is refused as it is', () => {
  const [, shown] = /```text\n([\s\S]*?)```/.exec(page) ?? [];
  const wrong: CardOverrides[] = [
    { pools: { transmitBufers: 4 } } as never,
    { driver: { acceptsPosted: 0 } },
    { pools: { transmitBuffers: 8 }, driver: { transmitReserve: 9 } },
    { driver: { receiveBufferBytes: 4096 } },
    { packetSlots: 10 },
  ];
  const lines = wrong.map((card) => {
    const nic = { host: 'left', ports: { eth0: { address: '10.0.0.1/24' } }, ...card };
    try {
      return String(readTopology({ hosts: { left: {} }, cards: { nic } }));
    } catch (error) {
      return (error as Error).message;
    }
  });
  expect(`${lines.join('\n')}\n`).toBe(shown);
});

it('docs/settings.md lists them', async () => {
  expect(page.match(/<!-- settings: /g)).toHaveLength(6);
  // After a change: npx vitest run test/world/settings.test.ts -u
  await expect(withTables(page)).toMatchFileSnapshot(path);
});
