/** Tables, pictures and the kernel's own words, from what was measured. */
import type { Chart, ChartPoint } from '../../record/chart.ts';
import { meanInterval } from '../../record/statistics.ts';
import type { Excerpt, FindingsTable } from '../claims/experiment.ts';
import {
  ALL_MIXED,
  ALL_MIXED_RAISED,
  type Arm,
  AS_IT_WAS,
  CURES,
  cellArm,
  FACTOR_NAMES,
  LEVELS,
  LITTLE_MIXED,
  RAISED,
} from './arms.ts';
import { FACTORS, factorialEffects } from './factorial.ts';
import type { Figure, Laboratory } from './laboratory.ts';

export const CELLS: number = 1 << FACTORS;

const FIGURES: readonly { readonly figure: Figure; readonly heading: string; readonly unit: string }[] = [
  { figure: 'failures', heading: 'failures', unit: '' },
  { figure: 'discards', heading: 'discards', unit: '' },
  { figure: 'retransmits', heading: 'sent again', unit: '' },
  { figure: 'goodput', heading: 'goodput', unit: 'B/s' },
  { figure: 'stallNs', heading: 'worst stall', unit: 'ns' },
];

const COLUMNS = FIGURES.map(({ heading, unit }) => ({ heading, unit }));

const mean = (laboratory: Laboratory, arm: Arm, figure: Figure): number =>
  meanInterval(laboratory.values(arm, figure)).mean;

const rowOf = (laboratory: Laboratory, arm: Arm): number[] =>
  FIGURES.map(({ figure }) => mean(laboratory, arm, figure));

export function tablesOf(laboratory: Laboratory): FindingsTable[] {
  return [curesTable(laboratory), cellsTable(laboratory), effectsTable(laboratory)];
}

function curesTable(laboratory: Laboratory): FindingsTable {
  return {
    title: 'The case, and what was done about it',
    caption:
      'Means of a run. Failures are requests for a receive buffer that the page allocator refused; ' +
      'discards are frames that found no buffer; the rest is what the peer sees.',
    columns: [{ heading: 'arm' }, ...COLUMNS],
    rows: CURES.map((arm) => [arm.name, ...rowOf(laboratory, arm)]),
  };
}

function cellsTable(laboratory: Laboratory): FindingsTable {
  const cells = Array.from({ length: CELLS }, (_, cell) => cell);
  return {
    title: 'TSO × reserve × fragmentation',
    caption: 'Each cell with the same seeds; the reserve is min_free_kbytes.',
    columns: [{ heading: 'TSO' }, { heading: 'reserve, kB' }, { heading: 'fragmentation' }, ...COLUMNS],
    rows: cells.map((cell) => {
      const arm = cellArm(cell);
      const reserve = String(laboratory.outcomes(arm)[0].minFreeKbytes);
      const mixed = (cell & 4) !== 0 ? 'high' : 'low';
      return [(cell & 1) !== 0 ? 'on' : 'off', reserve, mixed, ...rowOf(laboratory, arm)];
    }),
  };
}

function effectsTable(laboratory: Laboratory): FindingsTable {
  const cells = Array.from({ length: CELLS }, (_, cell) => laboratory.values(cellArm(cell), 'failures'));
  const effects = factorialEffects(FACTOR_NAMES, '', cells);
  return {
    title: 'Effects on failures',
    caption:
      'How many more failures a run has at the upper level of a factor than at the lower, in the mean ' +
      'of all others; of several factors, how much one adds to the other. The interval is that of 95 of ' +
      '100 experiments.',
    columns: [{ heading: 'factor' }, { heading: 'effect' }, { heading: 'from' }, { heading: 'to' }],
    rows: effects.map(({ what, mean: effect, low, high }) => [what, ...[effect, low, high].map(signed)]),
  };
}

/** An effect may be negative, and is a whole number of failures. */
function signed(value: number): string {
  if (!Number.isFinite(value)) return value < 0 ? '-∞' : '∞';
  return value > 0 ? `+${value.toFixed(0)}` : value.toFixed(0).replace('-0', '0');
}

export function chartsOf(laboratory: Laboratory): Chart[] {
  return [curesChart(laboratory), pagesChart(laboratory), mixedChart(laboratory)];
}

function curesChart(laboratory: Laboratory): Chart {
  const points = (figure: Figure): ChartPoint[] =>
    CURES.map((arm) => ({ x: arm.name, ...pointOf(laboratory.values(arm, figure)) }));
  return {
    kind: 'bars',
    title: 'Refused buffers and discarded frames',
    caption: 'Of a run, by what was done about it. A larger ring still fails, and discards nothing.',
    x: { label: 'arm', unit: '' },
    y: { label: 'a run', unit: '' },
    series: [
      { name: 'failures', points: points('failures') },
      { name: 'discards', points: points('discards') },
    ],
  };
}

/** A mean and its interval. */
function pointOf(values: readonly number[]): { y: number; low?: number; high?: number } {
  const { mean: y, half } = meanInterval(values);
  return half === undefined ? { y } : { y, low: Math.max(0, y - half), high: y + half };
}

function pagesChart(laboratory: Laboratory): Chart {
  const [{ looks }] = laboratory.outcomes(AS_IT_WAS);
  return {
    kind: 'lines',
    title: 'Free pages of the highest zone over time',
    caption: 'The case as it was, first seed. Pages are free all the time; few of them lie beside another.',
    x: { label: 'virtual time', unit: 'ms' },
    y: { label: 'pages', unit: '' },
    series: [
      { name: 'free', points: looks.map(({ ms, free }) => ({ x: ms, y: free })) },
      { name: 'free, two side by side', points: looks.map(({ ms, paired }) => ({ x: ms, y: paired })) },
    ],
  };
}

function mixedChart(laboratory: Laboratory): Chart {
  const level = (arm: Arm, share: number | undefined): ChartPoint => {
    const x = share === undefined ? 'as set' : `${share * 100} %`;
    return { x, ...pointOf(laboratory.values(arm, 'failures')) };
  };
  const raised = { name: '', change: { ...LITTLE_MIXED.change, ...RAISED.change } };
  return {
    kind: 'bars',
    title: 'Failures by fragmentation and reserve',
    caption: 'A larger reserve helps as long as some reclaimed pages lie side by side.',
    x: { label: 'reclaimed pages that lie anywhere', unit: '' },
    y: { label: 'failures a run', unit: '' },
    series: [
      {
        name: 'reserve as set',
        points: [
          level(LITTLE_MIXED, LEVELS.littleMixed),
          level(AS_IT_WAS, undefined),
          level(ALL_MIXED, LEVELS.allMixed),
        ],
      },
      {
        name: `reserve of ${LEVELS.raisedKb} kB`,
        points: [
          level(raised, LEVELS.littleMixed),
          level(RAISED, undefined),
          level(ALL_MIXED_RAISED, LEVELS.allMixed),
        ],
      },
    ],
  };
}

/** What the kernel printed, and what was free before. */
export function excerptsOf(laboratory: Laboratory): Excerpt[] {
  const [first] = laboratory.outcomes(AS_IT_WAS);
  const info = { title: '/proc/buddyinfo when the run began', text: first.buddyInfo };
  if (first.printed === undefined) return [info];
  return [{ title: 'The first failure, as the kernel prints it', text: first.printed }, info];
}
