/** The figures behind the claims, and the objections to offload with what answers each. */
import { TOUCH_POINTS } from '../../host/devices/touch-points.ts';
import type { Chart } from '../../record/chart.ts';
import { spreadOf } from '../../record/statistics.ts';
import { errnoName } from '../../socket/errno.ts';
import type { FindingsTable } from '../claims/experiment.ts';
import type { Arm, Measure } from './arms.ts';
import type { Death, Fallback } from './live.ts';
import type { LoadFigures } from './load.ts';
import type { Touched } from './touched.ts';

const PERCENT = 100;

function middle(measured: readonly LoadFigures[], figure: (of: LoadFigures) => number): number {
  return spreadOf(measured.map(figure)).median;
}

export function loadTable(measure: Measure, arms: readonly Arm[], crr: readonly Arm[]): FindingsTable {
  return {
    title: 'The server under load',
    caption:
      'Processor time is of one processor of the host, and of the cards, in that time; medians over seeds.',
    columns: [
      { heading: 'system' },
      { heading: 'received', unit: 'B/s' },
      { heading: 'host', unit: '%' },
      { heading: 'card', unit: '%' },
      { heading: 'connections', unit: '/s' },
      { heading: 'host each', unit: 'ns' },
    ],
    rows: arms.map((arm) => {
      const stream = measure(arm, 'TCP_STREAM');
      const short = crr.includes(arm) ? measure(arm, 'TCP_CRR') : undefined;
      return [
        arm.name,
        middle(stream, ({ bytesPerS }) => bytesPerS),
        middle(stream, ({ hostShare }) => PERCENT * hostShare),
        middle(stream, ({ cardShare }) => PERCENT * cardShare),
        short === undefined ? null : middle(short, ({ perS }) => perS),
        short === undefined ? null : middle(short, ({ hostNsEach }) => hostNsEach),
      ];
    }),
  };
}

export function loadChart(measure: Measure, arms: readonly Arm[]): Chart {
  const series = (name: string, figure: (of: LoadFigures) => number): Chart['series'][number] => ({
    name,
    points: arms.map((arm) => ({ x: arm.name, y: middle(measure(arm, 'TCP_STREAM'), figure) })),
  });
  return {
    kind: 'bars',
    title: 'Processor time for a gigabit a second',
    caption: 'What receiving 1 Gbit/s of 1500-byte frames takes of the host, and of the card.',
    x: { label: 'system', unit: '' },
    y: { label: 'of one processor', unit: '%' },
    series: [
      series('host', ({ hostShare, bytesPerS }) => (PERCENT * hostShare * 1.25e8) / bytesPerS),
      series('card', ({ cardShare, bytesPerS }) => (PERCENT * cardShare * 1.25e8) / bytesPerS),
    ],
  };
}

export function fallbackTable({ opened, onDevice, onHost, refusals }: Fallback): FindingsTable {
  return {
    title: 'A full device',
    caption: 'Peers open three times as many connections as the device has published; one seed.',
    columns: [{ heading: 'what' }, { heading: 'connections', unit: '' }],
    rows: [
      ['opened by peers', opened],
      ['on the device', onDevice],
      ['on the host', onHost],
      ...Object.entries(refusals)
        .filter(([, count]) => count > 0)
        .map(([reason, count]): [string, number] => [`refused the device: ${reason}`, count]),
    ],
  };
}

export function touchTable({ passed }: Touched): FindingsTable {
  return {
    title: 'Where a host is changed',
    caption:
      'Gathered from a program that uses all of a socket while all happens that devices are told of. Each ' +
      'is passed at one place of the code.',
    columns: [{ heading: 'touch point' }, { heading: 'passed', unit: '' }, { heading: 'what is done there' }],
    rows: [...passed].map(([point, times]) => [point, times, TOUCH_POINTS[point]]),
  };
}

/** What the answers to the objections are taken from. */
export interface Answers {
  readonly setUp: number;
  readonly leftNow: number;
  readonly leftLater: number;
  readonly later: string;
  readonly death: Death;
}

export function objectionTable({ setUp, leftNow, leftLater, later, death }: Answers): FindingsTable {
  const times = (value: number): string => `${value.toFixed(2)} times`;
  return {
    title: 'The objections to offload',
    columns: [{ heading: 'objection' }, { heading: 'so?' }, { heading: 'what says so' }],
    rows: [
      ['fixes to a closed firmware', 'yes', 'what a device runs no host can replace; not measured'],
      [
        'a gain at one point in time',
        'in part',
        `host time for a byte, own stack to offload: ${times(leftNow)}, with ${later} ${times(leftLater)}`,
      ],
      [
        'different behaviour',
        'not here',
        'both run one TCP, and the tests of the socket contract pass on the mix',
      ],
      [
        'set-up and tear-down for HTTP',
        setUp < 1 ? 'yes' : 'no',
        `connections a second, to own stack: ${times(setUp)}`,
      ],
      ['small, unpublished limits', 'no', 'listeners, half-open and connections are published, and kept to'],
      ['what happens when full', 'answered', 'the host serves what is refused, and counts it by reason'],
      [
        'what happens when it dies',
        'lost',
        `of 100, ${death.lostPercent} end with ${errnoName(death.errno)}; of 100 new ones ` +
          `the host serves ${death.newPercent}`,
      ],
      ['no firewall', 'only if bypassed', "a filter at the wire is honoured, one in the host's stack is not"],
      ['no shaping or QoS', 'yes', "nothing of the host's orders what a device sends; not modelled"],
      ['no new TCP features', 'cannot say', 'both run one TCP here'],
    ],
  };
}
