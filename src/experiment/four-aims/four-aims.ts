/**
 * The four aims of memory management in Intel's article on the iNIC (Linux Journal): fewest copies and DMA
 * requests, fewest interrupts of the host, no address mapped and no buffer allocated at run time. Each is a
 * gate here, and has a switch that breaks it and nothing else, so that what it saves is a difference. The
 * same for the article's changes of I2O: plain I2O beside the message layer that was made of it.
 */
import type { Experiment, Findings, Progress } from '../claims/experiment.ts';
import { SEEDS, type SettingValues } from '../claims/settings.ts';
import { gateClaims, layerClaims, priceClaims } from './claims.ts';
import { priceCharts, variantTables } from './pictures.ts';
import type { Measure } from './prices.ts';
import { type Load, measureRequests, type RequestFigures } from './requests.ts';
import { AIMS, LAYER_CHANGES, PLAIN_I2O } from './variants.ts';

/** Bytes of a request along which prices are drawn. */
const SIZES = [64, 512, 4096, 16_384];
const SMALL_BYTES = 64;
const COSTS = ['card-2002', 'card-2005', 'card-2025'];

export const FOUR_AIMS: Experiment = {
  name: 'four-aims',
  title: 'What are the four aims of memory management worth?',
  question:
    "The article on Intel's iNIC names four aims: fewest copies and DMA requests, fewest host interrupts, " +
    'no address mapping and no allocation at run time. Each is broken alone, and a request priced with it.',
  settings: [
    SEEDS,
    { key: 'costs', what: 'what work costs', preset: 'card-2002', words: COSTS },
    { key: 'connections', what: 'connections at once', preset: 32, range: [1, 256] },
    { key: 'size', what: 'bytes of a request and of its answer', preset: 1024, range: [1, 16_384] },
    { key: 'operations', what: 'requests of each run', preset: 600, range: [50, 100_000] },
  ],
  run,
};

function run(settings: SettingValues, progress: Progress): Findings {
  const seeds = settings.seeds();
  const load: Load = {
    costs: settings.word('costs'),
    connections: settings.number('connections'),
    sizeBytes: settings.number('size'),
    operations: settings.number('operations'),
  };
  const kept = new Map<string, readonly RequestFigures[]>();
  // As many as are measured in all: shown as progress, and nothing else.
  const total =
    seeds.length * (2 + 2 * (AIMS.length + 2) + LAYER_CHANGES.length) + SIZES.length * AIMS.length;
  let done = 0;
  const measure: Measure = (of, variant, wanted = seeds) => {
    const key = JSON.stringify([of, variant.name, wanted]);
    const known = kept.get(key);
    if (known !== undefined) return known;
    const figures = wanted.map((seed) => {
      const one = measureRequests(of, variant.change, seed);
      done += 1;
      progress(Math.min(done, total), total);
      return one;
    });
    kept.set(key, figures);
    return figures;
  };
  const elsewhere = COSTS.filter((costs) => costs !== load.costs).at(-1) ?? load.costs;
  return {
    claims: [
      ...gateClaims(measure, load, SMALL_BYTES),
      ...priceClaims(measure, load, elsewhere),
      ...layerClaims(measure, load, elsewhere),
    ],
    tables: variantTables(measure, load, [...AIMS, ...LAYER_CHANGES, PLAIN_I2O]),
    charts: priceCharts(measure, load, SIZES, seeds.slice(0, 1)),
    assumed: [
      `Costs are those of the profile ${load.costs}; of mappings, allocations and interrupts assumed.`,
      'A mapping is counted and charged; there is no address unit in the model that could refuse one.',
      'Two hosts with a card each, a link of 10 Gbit/s and 100 µs; its server works 1 µs on a request.',
      'Figures of a request are of both hosts and both cards together, its answer included.',
    ],
    open: [
      'What the authors measured: the article published no result.',
      'What a mapping or an allocation costs where memory is short: here each costs the same.',
    ],
  };
}
