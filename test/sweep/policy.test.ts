/** Points of a plan with rules of a policy: hosts run TCP/IP beside their cards, and the rules say who carries what. */
import { describe, expect, it } from 'vitest';
import { parsePlan } from '../../src/sweep/plan.ts';
import { type MeasuredPoint, measurePoint } from '../../src/sweep/point.ts';
import { trackPoint } from '../../src/sweep/series.ts';

const plan = (policy: string, world = 'pair', workload = 'TCP_RR', more = '') =>
  parsePlan(
    `world: ${world}
workload: { workload: ${workload}, connections: 4, size: 64 }
vary: { pools.transmitBuffers: [64, 128] }
costs: card-2005
operations: 200
${more}policy: ${policy}
`,
    'plan.yaml',
  );

function measured(of: ReturnType<typeof plan>, point = 0): MeasuredPoint {
  const result = measurePoint(of, point);
  if (!result.ok) throw new Error(result.error);
  return result;
}

describe('a point whose plan has rules', () => {
  it('has its connections where they say: on the cards, or on the hosts', () => {
    const [cards, hosts] = ['any => offload', 'any => no-offload'].map((policy) => measured(plan(policy)));
    // A request and its answer take frames of a card, and none where both ends are the hosts' own.
    expect(cards.perOperation.frames).toBeGreaterThan(2);
    expect(hosts.perOperation.frames).toBeLessThan(0.5);
    expect(cards.timeUs.iop).toBeGreaterThan(10 * hosts.timeUs.iop);
    expect(hosts.timeUs.host).toBeGreaterThan(cards.timeUs.host);
    for (const { ratePerS, balanced, latencyUs } of [cards, hosts]) {
      expect(balanced).toBe(true);
      expect(ratePerS).toBeGreaterThan(1000);
      expect(latencyUs?.p50).toBeGreaterThan(0);
    }
    // What the host's own stack copies is counted too: in and out, at both ends.
    expect(hosts.perOperation.copies).toBeGreaterThan(3.5);
  });

  it('differs by who listens, and by who calls', () => {
    const server = measured(plan('["local port 1-65535 => offload", "any => no-offload"]'));
    const none = measured(plan('any => no-offload'));
    expect(server.perOperation.frames).toBeGreaterThan(none.perOperation.frames + 1);
  });

  it('is the same again, and with another seed another', () => {
    const rules = plan('any => offload', 'pair', 'TCP_CRR', 'seeds: [1, 2]\n');
    expect(measured(rules, 0)).toEqual(measured(rules, 0));
    expect(measured(rules, 1).settings['seed']).toBe(2);
  });

  it('is followed over time, as any other', () => {
    const rules = plan('any => offload');
    const { result, pools } = trackPoint(rules, 0, measured(rules).elapsedNs);
    expect(result).toEqual(measured(rules));
    expect(pools.map(({ name }) => name)).toContain('left.transmit');
  });
});

it('is refused, with its line, where a host cannot run TCP/IP beside its card', () => {
  const world = `
  hosts: { l: {}, r: {} }
  cards:
    a: { host: l, runs: inline, ports: { p: { address: 10.0.0.1/24 } } }
    b: { host: r, ports: { p: { address: 10.0.0.2/24 } } }
  links: { w: { ends: [a.p, b.p] } }`;
  expect(() => plan('any => offload', world)).toThrow(
    /^plan\.yaml:\d+: "cards\.a" shares its wire with its host: expected a processor of its own, got "inline"/,
  );
});
