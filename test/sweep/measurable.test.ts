/** What a plan's points could not but fail by is refused before any runs; what is admitted builds. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { measure } from '../../src/sweep/measure.ts';
import { parsePlan, pointCount, settingsOf, worldOf } from '../../src/sweep/plan.ts';
import { SETTING_PATHS } from '../../src/world/config/setting-paths.ts';
import type { SettingRow } from '../../src/world/config/setting-row.ts';
import { SETTING_TABLE } from '../../src/world/config/setting-table.ts';
import { readTopology } from '../../src/world/topology.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

function planOf(vary: string): string {
  const workload = '{ workload: TCP_RR, connections: 4 }';
  return `world: pair\nworkload: ${workload}\nvary: ${vary}\noperations: 10\n`;
}

const parsed = (text: string) => parsePlan(text, 'plan.yaml');

const WORLD = `world:
  hosts: { left: { memory: 1MiB }, right: {} }
  cards:
    left: { host: left, ports: { eth0: { address: 10.0.0.1/24 } } }
    right: { host: right, ports: { eth0: { address: 10.0.0.2/24 } } }
  links: { wire: { ends: [left.eth0, right.eth0] } }
workload: { workload: TCP_RR }
vary: { pools.transmitBuffers: [4, 8] }
`;

describe('a plan whose points could not be measured', () => {
  it.each([
    ['host.memory', '[64MiB, 2MiB]', '"hosts.left.memory" expected at least'],
    [
      'pools.receiveBuckets',
      '[4, 65536]',
      '"right.receive" with its 1073741824 bytes would make the shared region larger than',
    ],
    [
      'pools.inboundFrames',
      '[64, 65]',
      '"cards.left.pools.inboundFrames" expected a power of two for "transport" ring, got 65',
    ],
    [
      'cards.right.driver.socketsMax',
      '[5, 4]',
      '"programs.leftClient.connections": the listeners and connections of the programs on the card ' +
        '"right" are 5, and it has "driver.socketsMax" 4',
    ],
    [
      'stack.connectionsMax',
      '[5, 4]',
      '"programs.leftClient.connections": the listeners and connections of the programs on the card ' +
        '"right" are 5, and it has "stack.connectionsMax" 4',
    ],
    [
      'stack.ephemeralFirst',
      '[65532, 65533]',
      '"programs.leftClient.connections": the clients on the card "left" open 4 to one server, and it ' +
        'has 3 ports, "stack.ephemeralFirst" 65533 to "ephemeralLast" 65535',
    ],
    [
      'driver.controlTimeoutNs',
      '[1000000000, 1]',
      '"cards.left.driver.controlTimeoutNs" is 1, too short to bring the card up: the card did not answer',
    ],
    [
      'cards.left.mtu',
      '[88, 87]',
      '"programs.leftClient.server": the ports of "left" and "right" have an "mtu" of 87 and 1500: expected',
    ],
    [
      'link.lossProbability',
      '[0.5, 1]',
      '"programs.leftClient.server": no link that carries frames leads from',
    ],
    [
      'cards.right.ports.eth0.address',
      '[10.0.0.2/24, 10.0.1.2/24]',
      '"programs.leftClient.server": the card "left" has no port on a subnet of the card "right", and no',
    ],
  ])('is refused with its line: %s of %s', (path, values, words) => {
    expect(() => parsed(planOf(`{ ${path}: ${values} }`))).toThrow(`plan.yaml:3: "vary.${path}": ${words}`);
  });

  it('is refused by the setting that has brought it, and not by another that it is about', () => {
    const vary = '{ driver.socketsMax: [16], workload.connections: [8, 16] }';
    expect(() => parsed(planOf(vary))).toThrow(
      /^plan.yaml:3: "vary.workload.connections": .* "right" are 17, and it has "driver.socketsMax" 16$/,
    );
  });

  it('is refused with the line of its world, where no setting has brought it', () => {
    expect(() => parsed(WORLD)).toThrow(
      /^plan.yaml:2: "hosts.left.memory" expected at least \d+MiB.*got 1MiB$/,
    );
    expect(() => parsed('world: pair\nvary: { pools.transmitBuffers: [4, 8] }')).toThrow(
      'plan.yaml:1: "programs" expected a client, which counts operations: a "workload" makes one',
    );
  });

  it('is refused of one world too', () => {
    const { world } = parsed(planOf('{ pools.transmitBuffers: [4] }'));
    expect(() => measure(world)).toThrow('"programs" expected a client');
  });
});

/** Beside the settings of cards, a few of everything else. */
const OTHERS: Readonly<Record<string, readonly unknown[]>> = {
  costs: ['none', 'card-2002'],
  doorbell: ['1s'],
  interrupt: ['1s'],
  runs: ['inline'],
  mtu: [68, 88, 9000, 65535],
  // At 100 ms and more a card with few inbound frames is taken for dead, and its point fails by that name.
  'bus.latency': ['10ms'],
  'cards.left.mtu': [68, 1400],
  'host.memory': ['1MiB', '40MiB', '100MiB', '2047MiB'],
  'host.processor.costs.hostPolls': [0, 1e6],
  'link.queueFrames': [1, 1024],
  'workload.connections': [1, 32, 500],
  'workload.workload': ['TCP_CRR', 'TCP_STREAM'],
};
const ROWS = SETTING_TABLE.filter(({ name }) => SETTING_PATHS.includes(name));

/** Values at the ends of a row's range, and between them. */
function valueIn({ choices, range, whole, multipleOf = 1, powerOfTwo }: SettingRow): fc.Arbitrary<unknown> {
  if (choices !== undefined) return fc.constantFrom(...choices);
  if (range === undefined) return fc.constant('10.0.0.9');
  const [least, most] = [range[0], Math.min(range[1], 1e12)];
  return fc.double({ min: 0, max: 1, noNaN: true }).map((at) => {
    if (whole === false) return least + at * (most - least);
    const value = Math.round(Math.max(1, least) * (most / Math.max(1, least)) ** at);
    return powerOfTwo ? 2 ** Math.round(Math.log2(value)) : Math.max(least, value - (value % multipleOf));
  });
}

const axis = fc.oneof(
  fc.constantFrom(...ROWS).chain((row) => fc.tuple(fc.constant(row.name), valueIn(row))),
  fc
    .constantFrom(...Object.keys(OTHERS))
    .chain((path) => fc.tuple(fc.constant(path), fc.constantFrom(...OTHERS[path]))),
);

describe('a plan that is admitted', () => {
  it('builds at each of its points, whatever it varies', () => {
    let built = 0;
    fc.assert(
      fc.property(fc.array(axis, { minLength: 1, maxLength: 3 }), (axes) => {
        const vary = Object.fromEntries(axes.map(([path, value]) => [path, [value]]));
        let plan: ReturnType<typeof parsed>;
        try {
          plan = parsed(planOf(JSON.stringify(vary)));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          expect((error as Error).message).toMatch(/^plan.yaml:\d: "[^\n]+$/);
          return;
        }
        for (let point = 0; point < pointCount(plan); point++) {
          new VirtualWorld(readTopology(worldOf(plan, settingsOf(plan, point))), [], false);
          built += 1;
        }
      }),
      { numRuns: 120 },
    );
    expect(built).toBeGreaterThan(30);
  });

  it.each([
    ['news takes a second', { 'bus.latency': '1s' }],
    ['frames take seconds', { 'link.rate': '1kbit/s' }],
    ['the far end is a second away', { 'link.delay': '1s' }],
  ])('comes to rest with its books balanced where %s', (_, settings) => {
    const plan = parsed(
      planOf(
        JSON.stringify(Object.fromEntries(Object.entries(settings).map(([path, value]) => [path, [value]]))),
      ),
    );
    const world = worldOf(plan, settingsOf(plan, 0)) as object;
    expect(measure(world, undefined, { operations: 3, limitNs: 600e9 }).balanced).toBe(true);
  });
});
