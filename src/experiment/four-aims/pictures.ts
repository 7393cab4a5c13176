/** Tables and charts: what a request comes to under each variant, and what each aim saves by size. */
import type { Chart } from '../../record/chart.ts';
import { effectOf } from '../claims/effect.ts';
import type { FindingsTable } from '../claims/experiment.ts';
import { type Measure, priceOf } from './prices.ts';
import type { Load, RequestFigures } from './requests.ts';
import { AIMS, AS_IT_IS, type Variant } from './variants.ts';

const COLUMNS: readonly (readonly [
  heading: string,
  unit: string,
  of: (figures: RequestFigures) => number,
])[] = [
  ['rate', '/s', ({ ratePerS }) => ratePerS],
  ['p50', 'ns', ({ p50Ns }) => p50Ns],
  ['host', 'ns', ({ hostNs }) => hostNs],
  ['IOP', 'ns', ({ iopNs }) => iopNs],
  ['copies', '', ({ copies }) => copies],
  ['DMA', '', ({ dmaRequests }) => dmaRequests],
  ['irqs', '', ({ interrupts }) => interrupts],
  ['maps', '', ({ mappings }) => mappings],
  ['allocs', '', ({ allocations }) => allocations],
  ['frames', '', ({ frames }) => frames],
];

/** A row for what is measured as it is, and for each variant. */
export function variantTables(measure: Measure, load: Load, variants: readonly Variant[]): FindingsTable[] {
  const row = (variant: Variant): (string | number)[] => {
    const figures = measure(load, variant);
    return [variant.name, ...COLUMNS.map(([, , of]) => effectOf('', '', figures.map(of)).mean)];
  };
  return [
    {
      title: `A request of ${load.sizeBytes} bytes and its answer, costs of ${load.costs}`,
      caption: 'Processor time and counts are for a request, of both hosts and both cards together.',
      columns: [{ heading: 'variant' }, ...COLUMNS.map(([heading, unit]) => ({ heading, unit }))],
      rows: [AS_IT_IS, ...variants].map(row),
    },
  ];
}

/** @param seeds of the prices along sizes. */
export function priceCharts(
  measure: Measure,
  load: Load,
  sizes: readonly number[],
  seeds: readonly number[],
): Chart[] {
  const variants = [AS_IT_IS, ...AIMS];
  const meanOf = (variant: Variant, of: (figures: RequestFigures) => number): number =>
    effectOf('', '', measure(load, variant).map(of)).mean;
  const bars = (name: string, of: (figures: RequestFigures) => number) => ({
    name,
    points: variants.map((variant) => ({ x: variant.name, y: meanOf(variant, of) })),
  });
  return [
    {
      kind: 'stacked',
      title: 'Processor time of a request',
      caption: 'Of both hosts and both cards, as the card is and with each aim broken alone.',
      x: { label: '', unit: '' },
      y: { label: 'processor time', unit: 'ns' },
      series: [bars('hosts', ({ hostNs }) => hostNs), bars('cards', ({ iopNs }) => iopNs)],
    },
    {
      kind: 'lines',
      title: 'What each aim saves, by the size of a request',
      caption: 'How much more processor time a request takes with the aim broken, in percent.',
      x: { label: 'bytes of a request', unit: 'B', log: true },
      y: { label: 'more processor time', unit: '%' },
      series: AIMS.map((aim) => ({
        name: aim.name,
        points: sizes.map((sizeBytes) => {
          const there = { ...load, sizeBytes };
          return {
            x: sizeBytes,
            y: priceOf('', measure(there, aim, seeds), measure(there, AS_IT_IS, seeds)).mean,
          };
        }),
      })),
    },
  ];
}
