/** The pictures: sockets by state on both sides, answers over time, and the ceilings side by side. */
import type { Chart, ChartSeries } from '../../record/chart.ts';
import {
  CLOSE_WAIT,
  ESTABLISHED,
  FIN_WAIT_1,
  FIN_WAIT_2,
  LAST_ACK,
  SYN_RECEIVED,
  SYN_SENT,
  TIME_WAIT,
} from '../../tcpip/tcp/state.ts';
import type { ArmName } from './arms.ts';
import type { ArmRun } from './run-arm.ts';
import { meanOf, processorCeiling, type Runs } from './runs.ts';

const STATES: readonly (readonly [name: string, state: number])[] = [
  ['established', ESTABLISHED],
  ['time-wait', TIME_WAIT],
  ['syn-sent', SYN_SENT],
  ['syn-received', SYN_RECEIVED],
  ['fin-wait-1', FIN_WAIT_1],
  ['fin-wait-2', FIN_WAIT_2],
  ['close-wait', CLOSE_WAIT],
  ['last-ack', LAST_ACK],
];
const SECONDS = { label: 'virtual time', unit: 's' };

export function socketCharts(runs: Runs): Chart[] {
  const shown = (name: ArmName): ArmRun | undefined => runs.full[name] ?? runs.arms[name][0];
  const idle = shown('idle');
  const once = shown('once');
  if (idle === undefined || once === undefined) return [];
  const card = shown('idleCard');
  return [
    states('balancer', 'The balancer’s sockets, idle ones resting', idle),
    states('server', 'The server’s sockets meanwhile', idle),
    states('balancer', 'The balancer’s sockets, ended at once', once),
    ...(card === undefined
      ? []
      : [states('balancer', 'The balancer’s sockets, an iNIC in the hosts’ place', card)]),
    answers([idle, once, ...(card === undefined ? [] : [card])]),
    ceilings(runs),
  ];
}

/** As a world of full size has them. */
function states(side: 'balancer' | 'server', title: string, { seconds, arm }: ArmRun): Chart {
  const series: ChartSeries[] = STATES.filter(([, state]) =>
    seconds.some((second) => second[side][state] > 0),
  ).map(([name, state]) => ({
    name,
    points: seconds.map((second, i) => ({ x: i + 1, y: second[side][state] * arm.scale })),
  }));
  return {
    kind: 'areas',
    title,
    caption: 'Sockets by state, on top of each other. A port is free when it is in none of them.',
    x: SECONDS,
    y: { label: 'sockets', unit: '' },
    series,
  };
}

function answers(runs: readonly ArmRun[]): Chart {
  return {
    kind: 'lines',
    title: 'Answers a second',
    caption: 'What is not answered is refused at once, with EADDRNOTAVAIL: nothing hangs.',
    x: SECONDS,
    y: { label: 'answered', unit: '/s' },
    series: runs.map(({ arm, seconds }) => ({
      name: arm.name,
      points: seconds.map(({ answered }, i) => ({ x: i + 1, y: answered * arm.scale })),
    })),
  };
}

const BARS: readonly ArmName[] = [
  'ports',
  'portsOnce',
  'portsCard',
  'portsTwice',
  'portsHalfWait',
  'portsReset',
  'portsServer',
  'portsTwReuse',
  'portsKept',
];

function ceilings({ arms }: Runs): Chart {
  const most = meanOf(arms.processor, (run) => processorCeiling(run));
  return {
    kind: 'bars',
    title: 'What lets how much through',
    caption:
      'Ports alone, the processor costing nothing; what reaches the rate offered has no ceiling here. ' +
      'The last bar: the processor alone.',
    x: { label: 'arm', unit: '' },
    y: { label: 'answered', unit: '/s' },
    series: [
      {
        name: 'answered',
        points: [
          ...BARS.map((name) => ({
            x: arms[name][0].arm.name.replace('ports alone: ', ''),
            y: meanOf(arms[name], ({ answeredPerS }) => answeredPerS),
          })),
          { x: 'processor alone', y: most },
        ],
      },
    ],
  };
}
