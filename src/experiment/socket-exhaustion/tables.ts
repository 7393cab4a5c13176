/** The figures behind the claims: each arm, who binds, and what would have to be so. */
import type { FindingsColumn, FindingsTable } from '../claims/experiment.ts';
import { portCeiling } from './arm.ts';
import type { ArmName } from './arms.ts';
import { LIGHT_WORK_US, SAID_LOSS_PERCENT } from './claims.ts';
import type { ArmRun } from './run-arm.ts';
import { meanOf, processorCeiling, type Runs, unansweredPercent } from './runs.ts';

/** Arms in which a refusal can be seen to come and go. */
const TOLD: readonly ArmName[] = [
  'idle',
  'once',
  'idleFree',
  'idleOther',
  'idleServer',
  'idleAddresses',
  'idleHalfWait',
  'idleFewPorts',
  'reuse',
  'idleCard',
  'serverFull',
];
const PORTS: readonly ArmName[] = [
  'ports',
  'portsOnce',
  'portsTwice',
  'portsSplit',
  'portsHalfWait',
  'portsReset',
  'portsServer',
  'portsTwReuse',
  'portsTwReuseBare',
  'portsKept',
  'portsCard',
];
const NS_PER_S = 1e9;

export function socketTables(runs: Runs): FindingsTable[] {
  return [told(runs), full(runs), ports(runs), processor(runs), needed(runs)].filter(
    ({ rows }) => rows.length > 0,
  );
}

const MEASURED: readonly FindingsColumn[] = [
  { heading: 'arm' },
  { heading: 'answered', unit: '/s' },
  { heading: 'lost', unit: '%' },
  { heading: 'out at' },
  { heading: 'back at' },
  { heading: 'CPU', unit: '%' },
  { heading: 'card', unit: '%' },
  { heading: 'per CPU s' },
  { heading: 'drops' },
];

function measuredRow(runs: readonly ArmRun[]): (string | number | null)[] {
  const [{ arm }] = runs;
  const when = (of: (run: ArmRun) => number | null): string | null => {
    const times = runs.map(of).filter((at) => at !== null);
    return times.length < runs.length
      ? null
      : `${(times.reduce((a, b) => a + b) / runs.length).toFixed(1)} s`;
  };
  const perProcessor = runs.every(({ perProcessorS }) => perProcessorS !== null);
  return [
    arm.name,
    meanOf(runs, ({ answeredPerS }) => answeredPerS),
    meanOf(runs, unansweredPercent),
    when(({ exhaustedS }) => exhaustedS),
    when(({ recoveredS }) => recoveredS),
    meanOf(runs, ({ hostShare }) => hostShare * 100),
    arm.onCard ? meanOf(runs, ({ cardShare }) => cardShare * 100) : null,
    perProcessor ? meanOf(runs, ({ perProcessorS }) => perProcessorS ?? 0) : null,
    meanOf(runs, ({ synDrops }) => synDrops),
  ];
}

function told({ arms }: Runs): FindingsTable {
  return {
    title: 'The case, and what differs from it',
    caption:
      'Answered, lost: over whole rounds of the ports. Out, back: when a request was first ' +
      'refused with EADDRNOTAVAIL, and when the next answered one came. Per CPU s: answers for a second of ' +
      "one core of the server, its card's included. Drops: SYNs that a full accept queue dropped.",
    columns: MEASURED,
    rows: TOLD.map((name) => measuredRow(arms[name])),
  };
}

function full({ full: runs }: Runs): FindingsTable {
  return {
    title: 'Once more in full size, one seed',
    columns: MEASURED,
    rows: Object.values(runs).map((run) => measuredRow([run])),
  };
}

function ports({ arms }: Runs): FindingsTable {
  return {
    title:
      'The ceiling of the ports alone: requests more than get through, and a processor that costs nothing',
    caption: 'Arithmetic: addresses times ports over the time that each is held.',
    columns: [
      { heading: 'arm' },
      { heading: 'offered', unit: '/s' },
      { heading: 'answered', unit: '/s' },
      { heading: 'arithmetic', unit: '/s' },
    ],
    rows: PORTS.map((name) => {
      const runs = arms[name];
      const ceiling = portCeiling(runs[0].arm);
      // Connections that are used again do not cost a port each.
      const counts = Number.isFinite(ceiling) && runs[0].arm.afterwards !== 'reuse';
      return [
        runs[0].arm.name,
        meanOf(runs, ({ arrivedPerS }) => arrivedPerS),
        meanOf(runs, ({ answeredPerS }) => answeredPerS),
        counts ? ceiling : null,
      ];
    }),
  };
}

function processor({ arms }: Runs): FindingsTable {
  const names: readonly ArmName[] = ['processor', 'processorKept', 'processorCard'];
  const { workUs } = arms.processor[0].arm;
  const ns = (us: number): number => us * 1000;
  return {
    title: 'The ceiling of the processor alone',
    caption:
      'Host, card: what calls, copies, interrupts and the protocol take of one core for an answer. Most ' +
      `answers: of all cores; with ${LIGHT_WORK_US} µs: where a request itself takes no more than that.`,
    columns: [
      { heading: 'arm' },
      { heading: 'host', unit: 'ns' },
      { heading: 'card', unit: 'ns' },
      { heading: `most, with ${workUs} µs`, unit: '/s' },
      { heading: `with ${LIGHT_WORK_US} µs`, unit: '/s' },
    ],
    rows: names.map((name) => [
      arms[name][0].arm.name,
      ns(meanOf(arms[name], ({ protocolUs }) => protocolUs)),
      ns(meanOf(arms[name], ({ cardUs }) => cardUs)),
      meanOf(arms[name], (run) => processorCeiling(run)),
      meanOf(arms[name], (run) => processorCeiling(run, LIGHT_WORK_US)),
    ]),
  };
}

/** What set-up and tear-down would have to cost for what is said to come of them. */
function needed({ arms }: Runs): FindingsTable {
  const { workUs } = arms.processor[0].arm;
  const each = meanOf(arms.processor, ({ protocolUs }) => protocolUs);
  const kept = meanOf(arms.processorKept, ({ protocolUs }) => protocolUs);
  const left = 1 - SAID_LOSS_PERCENT / 100;
  const wanted = (workUs + kept) / left - workUs - kept;
  const work = (left * each - kept) / (1 - left);
  return {
    title: `What a loss of ${SAID_LOSS_PERCENT} % by set-up and tear-down would take`,
    columns: [{ heading: 'figure' }, { heading: 'processor time', unit: 'ns' }],
    rows: [
      ['a connection’s set-up and tear-down, measured', ((each - kept) * NS_PER_S) / 1e6],
      [`needed beside requests of ${workUs} µs`, (wanted * NS_PER_S) / 1e6],
      ['or a request of no more than', work > 0 ? (work * NS_PER_S) / 1e6 : null],
    ],
  };
}
