/** An experiment that measures nothing, with a chart of each kind. */
import { exactly } from '../../src/experiment/claims/effect.ts';
import type { Experiment } from '../../src/experiment/claims/experiment.ts';
import { readSettings, SEEDS } from '../../src/experiment/claims/settings.ts';
import { type ExperimentResult, runExperiment } from '../../src/experiment/run.ts';
import type { Chart } from '../../src/record/chart.ts';

const words = ['no offload', 'checksums by the device', 'segments cut by the device', 'the whole stack'];
const bars = (kind: 'bars' | 'stacked'): Chart => ({
  kind,
  title: `Some ${kind}`,
  caption: 'By words.',
  x: { label: '', unit: '' },
  y: { label: 'time', unit: 'ns' },
  series: ['host', 'card'].map((name, k) => ({
    name,
    points: words.map((x, i) => ({
      x,
      y: 1000 * (i + k + 1),
      low: 900 * (i + k + 1),
      high: 1100 * (i + k + 1),
    })),
  })),
});
const curve = (kind: 'lines' | 'areas', log: boolean): Chart => ({
  kind,
  title: `Some ${kind}`,
  caption: 'Along numbers.',
  x: { label: 'size', unit: 'B', log },
  y: { label: 'rate', unit: '/s' },
  series: ['one', 'other'].map((name, k) => ({
    name,
    points: [64, 1024, 16384].map((x) => ({ x, y: x * (k + 1), low: x * k, high: x * (k + 2) })),
  })),
});

export const CHARTED: Experiment = {
  name: 'charted',
  title: 'What is drawn?',
  question: 'Each kind of chart.',
  settings: [SEEDS],
  run: () => ({
    claims: [
      {
        name: 'drawn',
        statement: 'It is drawn.',
        source: 'a test',
        effect: exactly('charts', '', 4),
        bound: { above: 3 },
      },
    ],
    tables: [],
    charts: [bars('bars'), bars('stacked'), curve('lines', true), curve('areas', false)],
    assumed: [],
    open: [],
  }),
};

export const charted = (): ExperimentResult =>
  runExperiment(CHARTED, readSettings(CHARTED.settings, [], '--set'));
