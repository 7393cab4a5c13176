import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseTopology, readTopology } from '../../src/world/topology.ts';
import { OFFICE, WRONG } from './wrong-descriptions.ts';

/** The office with one thing changed. @param path keys to it. */
function changed(path: readonly string[], value: unknown): unknown {
  const world: unknown = parse(OFFICE);
  let holder = world as Record<string, unknown>;
  for (const key of path.slice(0, -1)) holder = (holder[key] ??= {}) as Record<string, unknown>;
  const last = path[path.length - 1];
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return world;
}

/** Switches in a row, a card at either end, and whatever links are added. */
function row(switches: number, more: Record<string, unknown>): unknown {
  const names = Array.from({ length: switches }, (_, i) => `s${i}`);
  const between = names.slice(1).map((name, i) => [`between${i}`, { ends: [names[i], name] }]);
  return {
    hosts: { h: {} },
    cards: {
      a: { host: 'h', ports: { p: { address: '10.0.0.1/24' } } },
      b: { host: 'h', ports: { p: { address: '10.0.0.2/24' } } },
    },
    switches: Object.fromEntries(names.map((name) => [name, {}])),
    links: {
      first: { ends: ['a.p', 's0'] },
      ...Object.fromEntries(between),
      last: { ends: [`s${switches - 1}`, 'b.p'] },
      ...more,
    },
  };
}

describe('the description of the office', () => {
  const world = parseTopology(OFFICE);

  it('resolves every name to an index', () => {
    expect(world.hosts.map(({ name }) => name)).toEqual(['left', 'right']);
    expect(world.cards.map(({ host }) => host)).toEqual([0, 1, 1]);
    expect(world.cards[0].ports).toEqual(['eth0', 'eth1', 'eth2', 'eth3']);
    expect(world.switches[0].ports).toBe(3);
    expect(world.links[0].ends).toEqual([
      { card: 0, port: 0 },
      { switch: 0, port: 0 },
    ]);
  });

  it('turns every unit into a number', () => {
    expect(world.hosts[0].memoryBytes).toBe(64 << 20);
    expect(world.links[3].pipe).toMatchObject({
      rateBitsPerSecond: 100e6,
      delayNs: 2e6,
      lossProbability: 0.01,
    });
    expect(world.cards[0]).toMatchObject({ doorbellNs: 500, interruptNs: 2000 });
    expect(world.cards[0].processor.costs).toMatchObject({ inboundReleased: 300, outboundPosted: 300 });
  });

  it('gives each port its address, MTU and hardware address', () => {
    const { stack, mac, furtherPorts } = world.cards[0].config;
    expect([stack.address, stack.prefixLength]).toEqual([0x0a000001, 24]);
    expect(furtherPorts.map(({ address, mtu }) => [address, mtu])).toEqual([
      [0x0a000101, 1500],
      [0x0a000201, 9000],
      [0x0a000301, 1500],
    ]);
    expect(new Set([mac, ...furtherPorts.map((port) => port.mac)].map(String)).size).toBe(4);
  });

  it('gives a card an inner loop where its first port leads elsewhere, and nowhere else', () => {
    expect(world.cards.map(({ config }) => config.innerLoop)).toEqual([true, true, true]);
    const alone = { hosts: { h: {} }, cards: { c: { host: 'h', ports: { p: { address: '10.0.0.1/8' } } } } };
    expect(readTopology(alone).cards[0].config.innerLoop).toBe(false);
  });

  it('finds where a client connects to: the address its server says, else the one on its own subnet', () => {
    const addresses = world.programs.filter(({ role }) => role === 'client').map(({ address }) => address);
    expect(addresses).toEqual([0x0a000002, 0x0a000103]);
    const near = readTopology(changed(['programs', 'sink', 'address'], undefined));
    expect(near.programs[3].address).toBe(0x0a000003);
  });
});

it.each([
  ['a cost no card comes up with', ['cards', 'nic', 'processor', 'costs', 'inboundReleased'], 1e308],
  ['a doorbell of minutes', ['cards', 'nic', 'doorbell'], '120s'],
])('refuses %s', (_what, path, value) => {
  expect(() => readTopology(changed(path, value))).toThrow(`"${path.join('.')}" expected`);
});

describe('a mistake is named by its path before anything is built', () => {
  it.each(WRONG)('%s', async (_what, path, value, message) => {
    const world = changed(path, value);
    if (message.includes('expected at least') && message.includes('memory')) {
      // What a host's memory must hold is known when the cards are planned.
      const { VirtualWorld } = await import('../../src/world/virtual/virtual-world.ts');
      expect(() => new VirtualWorld(readTopology(world))).toThrow(message);
      return;
    }
    let error: unknown;
    try {
      readTopology(world);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(RangeError);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).not.toContain('\n');
  });

  it('an alias of nothing, and one that unfolds to very much', () => {
    expect(() => parseTopology('hosts: *nobody\n')).toThrow(/^a world's YAML cannot be read: .*nobody$/);
    const tenfold = (what: string) => `[${Array(10).fill(what).join(', ')}]`;
    const bomb = `a: &a [1]\nb: &b ${tenfold('*a')}\nc: &c ${tenfold('*b')}\nd: ${tenfold('*c')}\n`;
    expect(() => parseTopology(bomb)).toThrow(RangeError);
  });

  it('a file that is no YAML by its line', () => {
    expect(() => parseTopology('hosts:\n  left: {\n')).toThrow(/^line \d+: /);
    expect(() => parseTopology('seed: 1\nseed: 2\n')).toThrow(/^line 2: Map keys must be unique/);
    expect(() => parseTopology('just words')).toThrow('a world expected a map of keys, got "just words"');
  });
});

describe('switches', () => {
  it('may stand in a row', () => {
    expect(readTopology(row(5, {})).switches.map(({ ports }) => ports)).toEqual([2, 2, 2, 2, 2]);
  });

  it.each([
    ['two links between the same two', 2, ['s1', 's0']],
    ['a triangle', 3, ['s2', 's0']],
    ['a ring of six', 6, ['s0', 's5']],
  ])('may not stand in a loop: %s', (_what, count, ends) => {
    expect(() => readTopology(row(count, { again: { ends } }))).toThrow(
      `"links.again" closes a loop of switches ("${ends[0]}" to "${ends[1]}")`,
    );
  });
});

describe('the neighbours that a card remembers', () => {
  it('are as many as a large world needs, unless the description says otherwise', () => {
    const cards = (count: number, stack: object) => ({
      hosts: { h: {} },
      cards: Object.fromEntries(
        Array.from({ length: count }, (_, i) => [
          `c${i}`,
          { host: 'h', stack, ports: { p: { address: `10.0.${i >> 7}.${1 + (i & 127)}/16` } } },
        ]),
      ),
    });
    const of = (world: unknown) => readTopology(world).cards[0].config.stack.neighboursMax;
    expect(of(cards(2, {}))).toBe(256);
    expect(of(cards(300, {}))).toBe(1024);
    expect(of(cards(2, { neighboursMax: 16 }))).toBe(16);
  });
});
