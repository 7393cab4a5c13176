/** A plan whose links die and come back at described times, under every system that is compared. */
import { describe, expect, it } from 'vitest';
import { ARMS } from '../../src/compare/arms.ts';
import { type ArmResult, compareArms } from '../../src/compare/compare.ts';
import { compareText } from '../../src/report/compare-text.ts';
import { readPlan, type SweepPlan } from '../../src/sweep/plan.ts';

/** One for each place in which TCP/IP can be, and each way to its device. */
const PLACES = ARMS.filter(({ name }) => ['host', 'lan', 'window', 'mixed', 'inic'].includes(name));
const SAME = { hostSpeed: 1, systemCallNs: 200 };
/** A first retransmission waits so long (RFC 6298, as Linux has it), whatever the round trip. */
const RTO_US = 200_000;

/** A client with a bond of two ports; the first dies at 500 µs, and is back 40 ms later. */
function planOf(bond: object, more: object = {}): SweepPlan {
  const small = { driver: { socketsMax: 64 }, pools: { transmitBuffers: 64, receiveBuckets: 64 } };
  const wire = { rate: '1Gbit/s', delay: '5us' };
  const plan = {
    title: 'a bond whose first link dies',
    world: {
      hosts: { left: {}, right: {} },
      cards: {
        nic: {
          host: 'left',
          ...small,
          ports: { eth0: {}, eth1: {} },
          bonds: { bond0: { ports: ['eth0', 'eth1'], address: '10.0.0.1/24', ...bond } },
        },
        far: { host: 'right', ...small, ports: { eth0: { address: '10.0.0.2/24' } } },
      },
      switches: { hub: {} },
      links: {
        one: { ends: ['nic.eth0', 'hub'], ...wire, down: [{ at: '500us', for: '40ms' }], ...more },
        two: { ends: ['nic.eth1', 'hub'], ...wire },
        up: { ends: ['far.eth0', 'hub'], ...wire },
      },
      programs: {
        echo: { workload: 'TCP_RR', role: 'server', host: 'right', connections: 4 },
        caller: { workload: 'TCP_RR', role: 'client', host: 'left', server: 'echo', connections: 4 },
      },
    },
    operations: 400,
    warmup: 10,
  };
  return readPlan(plan, () => '', true);
}

function tookUs(plan: SweepPlan): Record<string, number> {
  return Object.fromEntries(
    compareArms(plan, PLACES, SAME).map(({ arm, figures }) => [arm.name, (400 * 1e6) / figures.ratePerS]),
  );
}

describe('a bond whose first link dies, under each system', () => {
  it('has its other link take over: what was under way is sent again, and nothing waits for the first', () => {
    const took = tookUs(planOf({ mode: 'active-backup', primary: 'eth0', miimon: '1ms' }));
    expect(Object.keys(took)).toEqual(PLACES.map(({ name }) => name));
    for (const [name, us] of Object.entries(took)) {
      expect(us, name).toBeGreaterThan(RTO_US);
      expect(us, name).toBeLessThan(2 * RTO_US);
    }
  });

  it('stands still for good where nobody looks at links, and the link does not come back', () => {
    const plan = planOf({ mode: 'active-backup', miimon: '0ms' }, { down: [{ at: '500us' }] });
    for (const arm of PLACES) {
      expect(() => compareArms({ ...plan, limitNs: 1e9 }, [arm], SAME), arm.name).toThrow(
        `${arm.name}: the measurement came to`,
      );
    }
  });
});

it('says which systems were done before a link went down', () => {
  const plan = planOf(
    { mode: 'active-backup', miimon: '1ms' },
    { down: [{ at: '500us', for: '1ms' }, { at: '9s' }] },
  );
  const some = ARMS.filter(({ name }) => name === 'host' || name === 'inic');
  const said = (results: readonly ArmResult[]): string =>
    compareText('a title', results, [], 200, (line) => line);
  const results = compareArms(plan, some, SAME);
  expect(results.map(({ unmet }) => unmet)).toEqual(Array(2).fill([{ link: 'one', atNs: 9e9 }]));
  expect(said(results)).toContain(
    'one goes down at 9000 ms: by then the operations were done under host and inic',
  );
  expect(said(results.map((result) => ({ ...result, unmet: [] })))).not.toContain('goes down');
});
