/** The experiment in a small form: its verdicts, and how they flip when a cause is taken away. */
import { describe, expect, it } from 'vitest';
import type { Effect } from '../../src/experiment/claims/effect.ts';
import { type Claim, verdictOf, verdictText } from '../../src/experiment/claims/judge.ts';
import { readSettings } from '../../src/experiment/claims/settings.ts';
import { runExperiment } from '../../src/experiment/run.ts';
import { type Arm, holdS, measuredFromS, portCeiling } from '../../src/experiment/socket-exhaustion/arm.ts';
import { type ArmName, armsOf } from '../../src/experiment/socket-exhaustion/arms.ts';
import { socketClaims } from '../../src/experiment/socket-exhaustion/claims.ts';
import { type ArmRun, runArm } from '../../src/experiment/socket-exhaustion/run-arm.ts';
import type { Runs } from '../../src/experiment/socket-exhaustion/runs.ts';
import { caseOf } from '../../src/experiment/socket-exhaustion/settings.ts';
import { SOCKET_EXHAUSTION } from '../../src/experiment/socket-exhaustion/socket-exhaustion.ts';
import { ESTABLISHED, TIME_WAIT } from '../../src/tcpip/tcp/state.ts';

/** 240 ports, 20 requests a second, 5 s of rest and 10 s of TIME-WAIT: 16 a second get through. */
const SMALL = ['ports=12000', 'scale=50', 'idle=5', 'timeWait=10', 'seconds=36', 'full=none', 'lives=100'];
const read = (set: readonly string[]) => {
  const keys = set.map((pair) => pair.split('=')[0]);
  const others = SMALL.filter((pair) => !keys.includes(pair.split('=')[0]));
  return readSettings(SOCKET_EXHAUSTION.settings, [...others, ...set], '--set');
};
/** One seed is enough where nobody asks how sure it is. */
const sure = (effect: Effect): Effect => ({ ...effect, low: effect.mean, high: effect.mean });

function verdict({ without, under = [], ...claim }: Claim): string {
  return verdictText(
    verdictOf({
      ...claim,
      effect: sure(claim.effect),
      ...(without === undefined ? {} : { without: { ...without, effect: sure(without.effect) } }),
      under: under.map((other) => ({ ...other, effect: sure(other.effect) })),
    }),
  );
}

describe('socket-exhaustion', () => {
  const result = runExperiment(SOCKET_EXHAUSTION, read(['seeds=1']));

  it('finds ports and TIME-WAIT guilty, processor and offload innocent, and what moves the ceiling', () => {
    const verdicts = Object.fromEntries(result.claims.map((claim) => [claim.name, verdict(claim)]));
    expect(verdicts).toEqual({
      'idle-exhausts':
        'depends on who holds TIME-WAIT and how long and how many addresses there are and ' +
        'whether connections are used again',
      'processor-exhausts': 'refuted',
      'refused-at-once': 'holds',
      'ports-are-the-ceiling': 'holds',
      'ports-bind-first': 'depends on how many addresses the balancer has',
      'offload-moves': 'refuted',
      'addresses-move': 'holds',
      'time-wait-moves': 'holds',
      'reuse-by-timestamp-moves': 'holds',
      'server-first-moves': 'holds',
      'keep-alive-moves': 'holds',
      'at-once-costs': 'depends on whether connections were used again and what a request costs',
      'offload-spares': 'depends on how much of the processor the application needs',
      'panic-offload': 'holds',
      'panic-collapse': 'holds',
      'panic-stale': 'holds',
      'panic-ours': 'refuted',
    });
  });

  it('shows the panic, and draws both sides', () => {
    expect(result.excerpts?.[0].text).toContain('kernel BUG at net/ipv4/tcp_output.c');
    const kinds = result.charts.map(({ kind }) => kind);
    expect(kinds).toEqual(['areas', 'areas', 'areas', 'areas', 'lines', 'bars']);
  });
});

const base = caseOf(read([]));
const run = (more: Partial<Arm> = {}): ArmRun => runArm({ ...base, ...more }, 1);

describe('a cause taken away', () => {
  /** What a claim comes to that asks about these arms alone. */
  const judgedOf = (name: string, more: Partial<Arm>, ...used: readonly ArmName[]): string => {
    const arms = Object.entries(armsOf({ ...base, ...more })).map(([key, arm]) => [
      key,
      [used.includes(key as ArmName) ? runArm(arm, 1) : unused(arm)],
    ]);
    const claims = socketClaims({
      arms: Object.fromEntries(arms) as Runs['arms'],
      full: {},
      oldHost: {} as Runs['oldHost'],
      engine: [],
    });
    return verdict(claims.find((claim) => claim.name === name) as Claim);
  };

  it('leaves the rest innocent: nothing is held after an end by RST, or for long', () => {
    const arms = ['idle', 'once', 'idleOther'] as const;
    expect(judgedOf('idle-exhausts', {}, ...arms)).toMatch(/^depends on who holds TIME-WAIT/);
    expect(judgedOf('idle-exhausts', { reset: true }, ...arms)).toMatch(/^depends on who holds TIME-WAIT/);
    expect(judgedOf('idle-exhausts', { timeWaitS: 4 }, ...arms)).toBe('refuted');
    expect(judgedOf('idle-exhausts', { addresses: 2 }, ...arms)).toBe('refuted');
  });

  it('finds the processor guilty where it is, and ports are enough', () => {
    const busy = { addresses: 2, workUs: 12_000 };
    expect(judgedOf('processor-exhausts', busy, 'idle', 'idleFree')).toBe('holds');
    expect(judgedOf('processor-exhausts', {}, 'idle', 'idleFree')).toBe('refuted');
    expect(judgedOf('ports-bind-first', busy, 'ports', 'processor')).toBe('refuted');
  });

  it.each<[string, ...ArmName[]]>([
    ['addresses-move', 'portsTwice', 'portsSplit', 'portsOnceMore'],
    ['time-wait-moves', 'portsHalfWait'],
    ['reuse-by-timestamp-moves', 'portsTwReuse', 'portsTwReuseBare'],
    ['server-first-moves', 'portsServer'],
  ])('moves nothing where TIME-WAIT is over so soon that ports do not bind: %s', (name, ...arms) => {
    expect(judgedOf(name, {}, 'portsOnce', ...arms)).toBe('holds');
    expect(judgedOf(name, { timeWaitS: 3 }, 'portsOnce', ...arms)).toBe('refuted');
  });

  it('makes offload worth something where a request costs nothing but its protocol', () => {
    const arms = ['processor', 'processorCard'] as const;
    expect(judgedOf('offload-spares', {}, ...arms)).toMatch(/^depends on how much/);
    expect(judgedOf('offload-spares', { workUs: 20 }, ...arms)).toBe('holds');
  });
});

/** An arm that no claim of a test asks about: nothing was refused. */
function unused(arm: Arm): ArmRun {
  return {
    arm,
    seconds: [],
    answeredPerS: arm.rate,
    arrivedPerS: arm.rate,
    opensPerAnswer: 1,
    hostShare: 0,
    cardShare: 0,
    protocolUs: 1,
    cardUs: 0,
    perProcessorS: null,
    refusals: { ports: 0, sockets: 0, timeouts: 0, others: 0 },
    hanging: 0,
    synDrops: 0,
    exhaustedS: null,
    recoveredS: null,
    p99Ms: null,
  };
}

describe('a world out of ports', () => {
  it('fills in the time of the arithmetic, and is back when the first rest and TIME-WAIT are over', () => {
    const idle = run();
    expect(idle.exhaustedS).toBeGreaterThan(10);
    expect(idle.exhaustedS).toBeLessThan(14);
    expect(idle.recoveredS).toBeGreaterThan(15);
    expect(idle.recoveredS).toBeLessThan(15.6);
    expect(idle.answeredPerS / portCeiling(idle.arm)).toBeGreaterThan(0.85);
    expect(idle.answeredPerS / portCeiling(idle.arm)).toBeLessThan(1.05);
    const { balancer, server } = idle.seconds[13];
    expect(balancer.reduce((sum, count) => sum + count, 0)).toBe(240);
    expect(balancer[TIME_WAIT]).toBeGreaterThan(100);
    expect(server[TIME_WAIT]).toBe(0);
    expect(Math.abs(server[ESTABLISHED] - balancer[ESTABLISHED])).toBeLessThan(3);
  });

  it('refuses with EADDRNOTAVAIL and nothing else, over a card too', () => {
    for (const onCard of [false, true]) {
      const { refusals, synDrops } = run({ onCard });
      expect(refusals.ports).toBeGreaterThan(20);
      expect(refusals).toMatchObject({ sockets: 0, timeouts: 0, others: 0 });
      expect(synDrops).toBe(0);
    }
  });

  it('leaves TIME-WAIT to the server that ends first', () => {
    const { seconds, refusals } = run({ serverEnds: true });
    const last = seconds[seconds.length - 1];
    expect(refusals.ports).toBe(0);
    expect([last.balancer[TIME_WAIT], last.server[TIME_WAIT] > 100]).toEqual([0, true]);
  });

  it('holds none of it where connections are reset', () => {
    const { seconds, refusals } = run({ reset: true });
    expect(refusals.ports).toBe(0);
    for (const { balancer, server } of seconds) expect(balancer[TIME_WAIT] + server[TIME_WAIT]).toBe(0);
  });

  it('drops SYNs where the server is out of sockets, and answers what it can', () => {
    const full = run(armsOf({ ...base, serverSockets: 2000 }).serverFull);
    expect(full.synDrops).toBeGreaterThan(0);
    expect(full.answeredPerS).toBeGreaterThan(100);
    expect(Math.max(...full.seconds.map(({ server }) => server[ESTABLISHED]))).toBeGreaterThan(38);
  });

  it('keeps clients waiting where the server has few sockets, and refuses at once where ports are out', () => {
    const few = { ...base, ports: 40_000, serverSockets: 2000, rate: 1000, seconds: 60 };
    const [idle, serverFull] = [run(), run(armsOf(few).serverFull)];
    const { timeouts, others } = serverFull.refusals;
    expect([idle.hanging, serverFull.hanging + timeouts + others > 0]).toEqual([0, true]);
    const arms = Object.fromEntries(Object.entries(armsOf(base)).map(([key, arm]) => [key, [unused(arm)]]));
    const claims = socketClaims({
      arms: { ...arms, idle: [idle], serverFull: [serverFull] } as unknown as Runs['arms'],
      full: {},
      oldHost: {} as Runs['oldHost'],
      engine: [],
    });
    const claim = claims.find(({ name }) => name === 'refused-at-once') as Claim;
    expect(verdict(claim)).toBe('depends on whose sockets run out');
  });

  it('uses a connection again where it may', () => {
    expect(run({ afterwards: 'reuse' }).opensPerAnswer).toBeLessThan(0.1);
    expect(run({ afterwards: 'at once' }).opensPerAnswer).toBeCloseTo(1, 1);
  });
});

describe('arithmetic', () => {
  it('is that of the case', () => {
    const told = caseOf(readSettings(SOCKET_EXHAUSTION.settings, [], '--set'));
    expect(portCeiling({ ...told, afterwards: 'at once' })).toBeCloseTo(1075.2, 6);
    expect(portCeiling(told)).toBeCloseTo(64_512 / 85, 6);
    expect(holdS({ ...told, reusesTimeWait: true })).toBe(26);
    expect(holdS({ ...told, reusesTimeWait: true, timestamps: false })).toBe(85);
    expect(measuredFromS(told)).toBe(95);
  });
});

describe('settings that cannot be together', () => {
  for (const [set, words] of [
    ['scale=100', 'scale expected at most 60 for 12000 ports, got 100'],
    ['timeWait=20', 'seconds expected at least 50, twice what a connection rests and waits, got 36'],
    ['rate=50', 'scale expected at most the rate of 50, got 60'],
  ] as const) {
    it(words, () => {
      const more = set === 'rate=50' ? ['scale=60'] : [];
      expect(() => caseOf(read([set, ...more]))).toThrow(new RangeError(words));
    });
  }
});
