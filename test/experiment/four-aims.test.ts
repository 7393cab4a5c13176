/** The four aims in a small form: what holds, and what flips when it is set otherwise. */
import { describe, expect, it } from 'vitest';
import { type Effect, ratioOf } from '../../src/experiment/claims/effect.ts';
import { verdictText } from '../../src/experiment/claims/judge.ts';
import { readSettings } from '../../src/experiment/claims/settings.ts';
import { FOUR_AIMS } from '../../src/experiment/four-aims/four-aims.ts';
import { priceOf, processorNs } from '../../src/experiment/four-aims/prices.ts';
import {
  type CardChange,
  measureRequests,
  type RequestFigures,
} from '../../src/experiment/four-aims/requests.ts';
import {
  ALLOCATED,
  BOUNCED,
  INTERRUPTED,
  LAYER_CHANGES,
  MAPPED,
  PLAIN_I2O,
  type Variant,
} from '../../src/experiment/four-aims/variants.ts';
import { type ExperimentResult, runExperiment } from '../../src/experiment/run.ts';
import { DEFAULT_CARD_CONFIG } from '../../src/world/config/settings.ts';
import { expectFlips, type Flip } from './flips.ts';

function found(...set: string[]): ExperimentResult {
  const small = ['operations=200', ...(set.some((pair) => pair.startsWith('seeds')) ? [] : ['seeds=3'])];
  return runExperiment(FOUR_AIMS, readSettings(FOUR_AIMS.settings, [...small, ...set], '--set'));
}
const verdicts = ({ claims }: ExperimentResult): Record<string, string> =>
  Object.fromEntries(claims.map(({ name, verdict }) => [name, verdictText(verdict)]));

/** A few requests, each time as it is or with something taken back. */
const LOAD = { costs: 'card-2002', connections: 16, sizeBytes: 1024, operations: 60 };
const requests = (change: CardChange): RequestFigures[] =>
  [1, 2].map((seed) => measureRequests(LOAD, change, seed));
const asItIs = requests({});
/** The change of a variant undone: each of its settings as a card has it by itself. */
const undone = ({ change }: Variant): CardChange =>
  Object.fromEntries(Object.keys(change).map((path) => [path, PRESETS[path] ?? false]));
const PRESETS: CardChange = {
  transport: DEFAULT_CARD_CONFIG.transport,
  'driver.replyMode': DEFAULT_CARD_CONFIG.driver.replyMode,
  'driver.bucketsPerPost': DEFAULT_CARD_CONFIG.driver.bucketsPerPost,
  'driver.immediateBytesMax': DEFAULT_CARD_CONFIG.driver.immediateBytesMax,
};
const priced = (variant: Variant): Flip => ({
  trial: () => priceOf('', requests(undone(variant)), asItIs),
});
/** What plain I2O comes to when all that was changed is there. */
const layered = (of: (figures: RequestFigures) => number): Flip => ({
  trial: () => ratioOf('', requests(undone(PLAIN_I2O)).map(of), asItIs.map(of)),
});
/** The part of the whole price that the change has which costs least. */
function leastPart(): Effect {
  const whole = requests(PLAIN_I2O.change).map(processorNs);
  const own = asItIs.map(processorNs);
  const parts = LAYER_CHANGES.map(({ change }) =>
    ratioOf(
      '',
      requests(change).map((one, i) => Math.max(1e-9, processorNs(one) - own[i])),
      whole.map((ns, i) => ns - own[i]),
    ),
  );
  return parts.reduce((least, part) => (part.mean < least.mean ? part : least));
}

/** What turns each claim over. */
const FLIPS: Readonly<Record<string, Flip>> = {
  copies: 'cause',
  interrupts: 'cause',
  mappings: 'cause',
  allocations: 'cause',
  dma: { under: 'the size of a message' },
  'price-copies': priced(BOUNCED),
  'price-interrupts': priced(INTERRUPTED),
  'price-mappings': priced(MAPPED),
  'price-allocations': priced(ALLOCATED),
  layer: layered(processorNs),
  latency: layered(({ p50Ns }) => p50Ns),
  'one-change': { trial: leastPart },
};

describe('four-aims', () => {
  const result = found();

  it('has each claim turn over where what it rests on is taken away', () => {
    expectFlips(result.claims, FLIPS);
  });

  it('finds each gate kept, and broken by its switch', () => {
    const sizes = result.claims.filter(({ without }) => without !== undefined);
    expect(sizes.map(({ name }) => name)).toEqual(['copies', 'interrupts', 'mappings', 'allocations']);
    for (const { name, effect, without, bound } of sizes) {
      const below = 'below' in bound ? bound.below : Number.NaN;
      expect(effect.high, name).toBeLessThan(below);
      expect(without?.effect.low, name).toBeGreaterThan(below);
    }
    expect(verdicts(result)).toMatchObject({ mappings: 'holds', allocations: 'holds', layer: 'holds' });
  });

  it('breaks one aim at a time', () => {
    const { columns, rows } = result.tables[0];
    const at = (heading: string): number => columns.findIndex((column) => column.heading === heading);
    const row = (name: string): number[] => (rows.find(([first]) => first === name) ?? []).map(Number);
    const asItIs = row('as it is');
    expect(row('a copy more each way')[at('copies')]).toBeCloseTo(2 * asItIs[at('copies')], 0);
    for (const [name, own] of [
      ['a mapping for each buffer', 'maps'],
      ['an allocation for each buffer', 'allocs'],
    ]) {
      for (const heading of ['copies', 'irqs', 'maps', 'allocs']) {
        const expected = heading === own ? 4 : asItIs[at(heading)];
        expect(row(name)[at(heading)], `${name}: ${heading}`).toBeCloseTo(expected, 0);
      }
    }
  });

  // Frames that were posted and not yet shown once counted as told, and a host rested beside them for good.
  it.each(['ring', 'fifo'])(
    'leaves no host at rest beside frames that it was not told of, %s',
    (transport) => {
      const load = { costs: 'card-2002', connections: 256, sizeBytes: 1024, operations: 100 };
      const { interrupts } = measureRequests(load, { 'moderation.everyFrame': true, transport }, 1);
      expect(interrupts).toBeGreaterThan(0);
    },
  );

  it('says the same again, and something else with other seeds', () => {
    expect(found()).toEqual(result);
    expect(found('seeds=2').claims[0].effect).not.toEqual(result.claims[0].effect);
  });

  it('finds interrupts at rest, and copies of short messages, where that is what is asked', () => {
    expect(verdicts(result)).toMatchObject({
      copies: 'depends on the size of a message',
      interrupts: 'depends on the load',
    });
    const idle = found('connections=1', 'size=64');
    expect(verdicts(idle)).toMatchObject({ copies: 'refuted', interrupts: 'refuted' });
  });
});
