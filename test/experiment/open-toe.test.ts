/** Open TOE in a small form: what holds, and what flips when its cause is taken away or set otherwise. */
import { describe, expect, it } from 'vitest';
import { effectOf } from '../../src/experiment/claims/effect.ts';
import { verdictOf, verdictText } from '../../src/experiment/claims/judge.ts';
import { readSettings } from '../../src/experiment/claims/settings.ts';
import { ALL_OFFLOADED, bedOf } from '../../src/experiment/open-toe/arms.ts';
import { handOverPauseNs } from '../../src/experiment/open-toe/hand-offs.ts';
import { fillDevice, movePeer, STALL_NS } from '../../src/experiment/open-toe/live.ts';
import { OPEN_TOE } from '../../src/experiment/open-toe/open-toe.ts';
import { placesOf, placesWithoutReplacing, touchedPlaces } from '../../src/experiment/open-toe/touched.ts';
import { type ExperimentResult, runExperiment } from '../../src/experiment/run.ts';
import { TOUCH_POINTS } from '../../src/host/devices/touch-points.ts';
import { expectFlips, type Flip } from './flips.ts';

function found(...set: string[]): ExperimentResult {
  const small = ['seeds=2', 'writes=100', 'transactions=200', 'limit=3'];
  return runExperiment(OPEN_TOE, readSettings(OPEN_TOE.settings, [...small, ...set], '--set'));
}
const verdicts = ({ claims }: ExperimentResult): Record<string, string> =>
  Object.fromEntries(claims.map(({ name, verdict }) => [name, verdictText(verdict)]));

const LOAD = { hostSpeed: 3, systemCallNs: 0, connections: 1, writes: 1, transactions: 1 };
const CARD = { name: 'card', offloaded: true, profile: 'card-2005', cardSpeed: 1 };

/** What turns each claim over. */
const FLIPS: Readonly<Record<string, Flip>> = {
  'card-fits': { under: 'the age of host and card' },
  'host-falls-short': { under: 'the age of host and card' },
  'left-over': 'cause',
  'set-up': 'cause',
  'tap-price': 'cause',
  fallback: 'cause',
  'two-makers': 'cause',
  taps: 'cause',
  neighbours: 'cause',
  routes: 'cause',
  'path-mtu': 'cause',
  failover: 'cause',
  filter: 'cause',
  'device-dies': 'cause',
  'hand-back': 'cause',
  // An image is written and read by the card's processor, whose time that is.
  'hand-off-pause': {
    trial: ({ effect: { what, unit } }) => {
      const slow = bedOf(LOAD, { ...CARD, cardSpeed: 0.1 }, 1);
      return effectOf(
        what,
        unit,
        [1, 2].map((seed) => handOverPauseNs({ ...slow, seed, policy: '' })),
      );
    },
  },
  'touch-points': 'cause',
};

describe('open-toe', () => {
  const result = found();

  it('has each claim turn over where what it rests on is taken away', () => {
    expectFlips(result.claims, FLIPS);
  });

  it('finds what of it holds with the costs of its time, and what depends', () => {
    expect(verdicts(result)).toEqual({
      'card-fits': 'depends on the age of host and card',
      'host-falls-short': 'depends on the age of host and card',
      'left-over': 'holds',
      'set-up': "depends on the card's processor and the age of host and card",
      'tap-price': 'depends on how much of a frame a tap copies',
      fallback: 'holds',
      'two-makers': 'holds',
      taps: 'holds',
      neighbours: 'holds',
      'hand-back': 'holds',
      'hand-off-pause': 'holds',
      routes: 'holds',
      'path-mtu': 'holds',
      failover: 'holds',
      filter: 'holds',
      'device-dies': 'holds',
      'touch-points': 'holds',
    });
  });

  it('finds each cause to be one: the claim is refuted where it is taken away', () => {
    const caused = result.claims.filter(({ without }) => without !== undefined);
    expect(caused.map(({ name }) => name)).toHaveLength(14);
    for (const { without, under: _, ...claim } of caused) {
      const effect = without?.effect ?? claim.effect;
      expect(verdictOf({ ...claim, effect }).kind, claim.name).toBe('refuted');
    }
  });

  it('finds otherwise with the costs of a later time', () => {
    const { claims } = found('costs=card-2025');
    const size = (name: string): number =>
      claims.find((claim) => claim.name === name)?.effect.mean ?? Number.NaN;
    expect(size('card-fits')).toBeGreaterThan(95);
    expect(size('host-falls-short')).toBeLessThan(100);
    expect(size('set-up')).toBeGreaterThan(1);
  });

  it('counts on the device as many as it publishes, and every other on the host', () => {
    const { rows } = result.tables[1];
    expect(Object.fromEntries(rows)).toMatchObject({
      'opened by peers': 9,
      'on the device': 3,
      'on the host': 6,
    });
  });
});

describe('the touch points of open-toe', () => {
  const bed = bedOf(LOAD, CARD, 1);
  const touched = touchedPlaces({ ...bed, policy: ALL_OFFLOADED });

  it('are all passed by the program that gathers them', () => {
    expect([...touched.passed.keys()].sort()).toEqual(Object.keys(TOUCH_POINTS).sort());
  });

  it('are fewer where the devices are told nothing', () => {
    const untold = touchedPlaces({ ...bed, policy: ALL_OFFLOADED }, false);
    const missing = [...touched.passed.keys()].filter((point) => !untold.passed.has(point));
    expect(missing).toEqual(['route', 'mtu', 'link']);
    expect(placesOf(untold)).toBe(placesOf(touched) - 3);
  });

  it('would be one more for each operation that is not replaced', () => {
    const every = ['send', 'recv', 'sendTo', 'recvFrom', 'shutdown', 'setOption', 'getOption', 'readiness'];
    const further = [...every, 'tcpInfo', 'localEndpoint', 'remoteEndpoint'];
    expect([...touched.operations]).toEqual(expect.arrayContaining(further));
    expect(placesWithoutReplacing(touched)).toBe(placesOf(touched) + further.length);
  });

  it('are asked for no operation where no device has a socket', () => {
    const { operations } = touchedPlaces({ ...bed, policy: '' });
    expect([...operations].filter((name) => ['send', 'recv', 'shutdown', 'tcpInfo'].includes(name))).toEqual(
      [],
    );
  });
});

describe('the trials of open-toe', () => {
  it('lose nothing where nothing is offloaded, whoever falls back', () => {
    const bed = bedOf(LOAD, { ...CARD, offloaded: false }, 1);
    expect(fillDevice(bed, 2, false)).toMatchObject({ onDevice: 0, onHost: 6, lostPercent: 0 });
  });

  it('have an answer come late only where the device heard nothing', () => {
    const bed = bedOf(LOAD, CARD, 1);
    expect(movePeer(bed, true)).toBeLessThan(1e6);
    expect(movePeer(bed, false)).toBe(STALL_NS);
  });
});
