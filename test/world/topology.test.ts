/**
 * A world's description: what it may say, and that each mistake is named by the path of the key that has
 * it.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseTopology, readTopology } from '../../src/world/topology.ts';

const OFFICE = readFileSync(new URL('./descriptions/office.yaml', import.meta.url), 'utf8');

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

const WRONG: readonly [string, readonly string[], unknown, string][] = [
  ['an unknown key at the top', ['host'], {}, '"host" is not known: did you mean hosts?'],
  ['one like no other', ['machinery'], {}, '"machinery" is not known: expected seed, costs, hosts, cards'],
  ['an unknown key of a card', ['cards', 'nic', 'prots'], {}, '"cards.nic.prots" is not known'],
  [
    'an unknown key of a port',
    ['cards', 'nic', 'ports', 'eth0', 'ip'],
    1,
    '"cards.nic.ports.eth0.ip" is not known',
  ],
  [
    'an unknown key of a pool',
    ['cards', 'nic', 'pools', 'buffers'],
    1,
    '"cards.nic.pools.buffers" is no setting',
  ],
  ['an unknown key of a link', ['links', 'a', 'speed'], 1, '"links.a.speed" is not known'],
  [
    'an unknown counter',
    ['hosts', 'left', 'processor', 'costs', 'frob'],
    1,
    '"hosts.left.processor.costs.frob" is no counter',
  ],
  [
    'a cost below nothing',
    ['cards', 'nic', 'processor', 'costs', 'segments'],
    -1,
    '"cards.nic.processor.costs.segments"',
  ],
  ['no hosts', ['hosts'], undefined, '"hosts" expected at least one host'],
  ['no cards', ['cards'], undefined, '"cards" expected at least one card'],
  ['a list in place of a map', ['cards'], ['nic'], '"cards" expected a map of keys, got ["nic"]'],
  ['a name that is none', ['hosts', 'a host'], {}, '"hosts.a host" is no name'],
  ['a rate without its unit', ['links', 'a', 'rate'], 1000, '"links.a.rate" expected a rate with its unit'],
  [
    'a rate with a unit of time',
    ['links', 'a', 'rate'],
    '5us',
    '"links.a.rate" expected a rate with its unit',
  ],
  [
    'a delay in an unknown unit',
    ['links', 'a', 'delay'],
    '5 minutes',
    '"links.a.delay" expected a time with its unit',
  ],
  [
    'memory without its unit',
    ['hosts', 'left', 'memory'],
    64,
    '"hosts.left.memory" expected a size with its unit',
  ],
  [
    'memory too small for the cards',
    ['hosts', 'left', 'memory'],
    '4KiB',
    '"hosts.left.memory" expected at least',
  ],
  [
    'an address without a prefix',
    ['cards', 'nic', 'ports', 'eth0', 'address'],
    '10.0.0.1',
    '"cards.nic.ports.eth0.address" expected an IPv4 address with its prefix',
  ],
  [
    'the address of a network',
    ['cards', 'nic', 'ports', 'eth0', 'address'],
    '10.0.0.0/24',
    '"cards.nic.ports.eth0.address" expected an address that one host can have',
  ],
  [
    'the address of a group',
    ['cards', 'nic', 'ports', 'eth0', 'address'],
    '224.0.0.1/24',
    '"cards.nic.ports.eth0.address"',
  ],
  [
    'one address twice',
    ['cards', 'store', 'ports', 'eth0', 'address'],
    '10.0.0.1/24',
    '"cards.store.ports.eth0.address" is the address of "cards.nic.ports.eth0" too',
  ],
  [
    'one hardware address twice',
    ['cards', 'store', 'ports', 'eth0', 'mac'],
    '02:69:6e:00:00:01',
    '"cards.store.ports.eth0.mac" is the hardware address of "cards.nic.ports.eth0" too',
  ],
  [
    'the hardware address of a group',
    ['cards', 'nic', 'ports', 'eth0', 'mac'],
    '01:00:5e:00:00:01',
    '"cards.nic.ports.eth0.mac" expected a unicast',
  ],
  ['no ports', ['cards', 'nic', 'ports'], {}, '"cards.nic.ports" expected 1 to 16 ports'],
  [
    'an MTU out of range',
    ['cards', 'nic', 'ports', 'eth2', 'mtu'],
    9,
    '"cards.nic.ports.eth2.mtu" expected a whole number from 68 to 65535, got 9',
  ],
  [
    'a host there is not',
    ['cards', 'nic', 'host'],
    'middle',
    '"cards.nic.host" expected a host of "hosts" (left, right), got "middle"',
  ],
  [
    'a place there is not',
    ['cards', 'nic', 'runs'],
    'cloud',
    '"cards.nic.runs" expected thread or inline, got "cloud"',
  ],
  [
    'a module there is not',
    ['cards', 'nic', 'modules'],
    ['socket', 'lan'],
    '"cards.nic.modules" expected a list of socket and echo',
  ],
  ['a card without sockets', ['cards', 'nic', 'modules'], ['echo'], '"cards.nic.modules" expected'],
  [
    'a pool size out of range',
    ['cards', 'nic', 'pools', 'transmitBuffers'],
    0,
    '"cards.nic.pools.transmitBuffers" expected 1 to 65536, got 0',
  ],
  [
    'a buffer size that is no multiple',
    ['cards', 'nic', 'pools', 'transmitBufferBytes'],
    100,
    '"cards.nic.pools.transmitBufferBytes" expected a multiple of 64',
  ],
  [
    'a text for a number',
    ['cards', 'nic', 'driver', 'socketsMax'],
    '64',
    '"cards.nic.driver.socketsMax" expected a number, got "64"',
  ],
  ['a stack setting out of range', ['cards', 'nic', 'stack', 'ttl'], 0, '"cards.nic.stack.ttl" expected'],
  [
    'an address in the stack settings',
    ['cards', 'nic', 'stack', 'address'],
    1,
    '"cards.nic.stack.address" is not known',
  ],
  [
    'a transmit ring that is no power of two',
    ['cards', 'nic', 'txRing'],
    100,
    '"cards.nic.txRing" expected a power of two, got 100',
  ],
  ['a link with one end', ['links', 'a', 'ends'], ['nic.eth0'], '"links.a.ends" expected two ends'],
  [
    'a link to a port there is not',
    ['links', 'a', 'ends'],
    ['nic.eth9', 'lan'],
    '"links.a.ends.0" names no port of a card and no switch: "nic.eth9"',
  ],
  [
    'a link to a card without its port',
    ['links', 'a', 'ends'],
    ['nic', 'lan'],
    '"links.a.ends.0" names no port',
  ],
  [
    'two links to one port',
    ['links', 'wan', 'ends'],
    ['nic.eth0', 'spare.eth1'],
    '"links.wan.ends.0": "nic.eth0" is an end of "links.a" already',
  ],
  [
    'a chance above 1',
    ['links', 'a', 'lossProbability'],
    1.5,
    '"links.a.lossProbability" expected 0 to 1, got 1.5',
  ],
  [
    'a queue of no frames',
    ['links', 'a', 'queueFrames'],
    0,
    '"links.a.queueFrames" expected a whole number from 1',
  ],
  [
    'an end with more behind its port',
    ['links', 'a', 'ends'],
    ['nic.eth0.x', 'lan'],
    '"links.a.ends.0" names no port of a card and no switch: "nic.eth0.x"',
  ],
  [
    'a time too long for any clock',
    ['links', 'wan', 'delay'],
    `${'9'.repeat(400)}s`,
    '"links.wan.delay" expected a time with its unit',
  ],
  [
    'a switch joined to itself',
    ['links', 'loop'],
    { ends: ['lan', 'lan'] },
    '"links.loop" closes a loop of switches ("lan" to "lan")',
  ],
  [
    'more sockets than a message can name',
    ['cards', 'nic', 'driver', 'socketsMax'],
    65536,
    '"cards.nic.driver.socketsMax" expected 1 to 65535, got 65536',
  ],
  [
    'contexts that wait for minutes',
    ['cards', 'nic', 'contextHoldNs'],
    60e9,
    '"cards.nic.contextHoldNs" expected 0 to 1000000000, got 60000000000',
  ],
  [
    'a key with a line break',
    ['cards', 'nic', 'wire', 'a\nb'],
    1,
    '"cards.nic.wire.a\\nb" is no setting of a card',
  ],
  [
    'a counter with a line break',
    ['hosts', 'left', 'processor', 'costs', 'a\nb'],
    1,
    '"hosts.left.processor.costs.a\\nb" is no counter of the ledger',
  ],
  ['a switch nobody is at', ['switches', 'attic'], {}, '"switches.attic" is the end of no link'],
  [
    'a table that is no power of two',
    ['switches', 'lan', 'addresses'],
    100,
    '"switches.lan.addresses" expected a power of two',
  ],
  [
    'a workload there is not',
    ['programs', 'echo', 'workload'],
    'UDP_RR',
    '"programs.echo.workload" expected TCP_RR or TCP_CRR or TCP_STREAM',
  ],
  [
    'a role there is not',
    ['programs', 'echo', 'role'],
    'peer',
    '"programs.echo.role" expected client or server',
  ],
  [
    'a client of nobody',
    ['programs', 'caller', 'server'],
    undefined,
    '"programs.caller.server" expected the program that serves it',
  ],
  [
    'a client of a client',
    ['programs', 'caller', 'server'],
    'source',
    '"programs.caller.server" names no server',
  ],
  [
    'a client of another workload',
    ['programs', 'caller', 'server'],
    'sink',
    '"programs.caller.server": "sink" runs TCP_STREAM',
  ],
  [
    'a server with operations',
    ['programs', 'echo', 'operations'],
    3,
    '"programs.echo.operations" is not known of a server',
  ],
  [
    'a host with several cards and none named',
    ['programs', 'echo', 'card'],
    undefined,
    '"programs.echo.card" expected a card of the host "right" (store, spare)',
  ],
  [
    'a card of another host',
    ['programs', 'echo', 'card'],
    'nic',
    '"programs.echo.card" expected a card of the host "right"',
  ],
  [
    'an address of another card',
    ['programs', 'echo', 'address'],
    '10.0.0.1',
    '"programs.echo.address" expected an address of the card "store"',
  ],
  [
    'no connections',
    ['programs', 'caller', 'connections'],
    0,
    '"programs.caller.connections" expected a whole number from 1',
  ],
  [
    'more connections than the card has sockets',
    ['programs', 'caller', 'connections'],
    5000,
    '"programs.caller.connections": the programs on the card "nic" open 5000 sockets, and it has',
  ],
  ['a seed that is none', ['seed'], 'lucky', '"seed" expected a whole number'],
];

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
