/** Four gigabit ports on one card: the whole stack on it, its TCP window alone, or a plain card. */
import type { Chart, ChartSeries } from '../../record/chart.ts';
import type { Experiment, FindingsTable } from '../claims/experiment.ts';
import { bondClaims } from './bonds.ts';
import { claimsOf, SMALL_WRITES } from './claims.ts';
import { conClaims } from './cons.ts';
import type { NamedCost } from './named-costs.ts';
import { Runs } from './runs.ts';
import { baseOf, SETTINGS } from './settings.ts';
import { checkWindow, type Direction, type Reading, type Run } from './world.ts';

const SYSTEMS = ['host', 'host+checksum', 'host+TSO', 'window', 'inic'];
const DIRECTIONS: readonly Direction[] = ['transmit', 'receive', 'both'];
const SIZES = [64, 256, 1024, 4096, 16_384, 65_536];
/** A stream is read in what it came in, so that smaller reads say little more. */
const READ_SIZES = [256, 1024, 4096, 65_536];
const BUSES = [0.5e9, 1e9, 2e9, 4e9];
const SMALL_BYTES_IN_ALL = 4e6;
const KIB = 1024;

const NAMED: readonly (readonly [Direction, NamedCost])[] = [
  ['transmit', 'window copy'],
  ['transmit', 'header work'],
  ['transmit', 'copy to the card'],
  ['receive', 'storing'],
  ['receive', 'matching'],
];

export const windowOnCard: Experiment = {
  name: 'window-on-card',
  title: 'Four gigabit ports on one card, with TCP whole on it, with its window alone, or with a plain card',
  question:
    'Which of the costs that were named in 2002 weigh how much, and what does the compromise gain in which ' +
    "the host keeps TCP's state and the card its send queue and reassembly?",
  settings: SETTINGS,
  run: (settings, progress) => {
    const base = baseOf(settings);
    checkWindow(base);
    const runs = new Runs(base, progress);
    const lossProbability = settings.number('loss') / 100;
    const losses = settings.seeds().map((seed): Partial<Run> => ({ lossProbability, seed }));
    return {
      claims: [
        ...claimsOf(runs, losses),
        ...conClaims(base, settings.seeds(), (figure) => runs.step(figure)),
        ...(base.ports > 1 ? bondClaims(base, settings.seeds(), (figure) => runs.step(figure)) : []),
      ],
      tables: [
        systemsTable(runs),
        costsTable(runs),
        sizesTable(runs, 'transmit'),
        sizesTable(runs, 'receive'),
        busTable(runs),
      ],
      charts: [systemsChart(runs), sizesChart(runs), busChart(runs)],
      assumed: ASSUMED,
      open: OPEN,
    };
  },
};

const ASSUMED = [
  'The server is under test alone: the work of its peer takes next to no time.',
  "What work takes is a profile's, most of it assumed; the host does the protocol's work hostSpeed times " +
    'as fast as the card.',
  'To find the stream of a packet and its place in it takes a third of what TCP does with a packet.',
  'With its window on the card each page of a call that moves bytes is pinned and mapped, and nothing ' +
    'stays mapped until the next call. To fill, to send, to place and to release is asked for in messages, ' +
    'several at a time, which both processors pay for.',
  'Bytes that have come are placed as soon as they are in order, in memory that stands for what the ' +
    'program reads into.',
  'Descriptors cross the bus four at a time, 16 bytes each; messages of a card, whatever runs on it, one ' +
    'at a time, 128 bytes each.',
];

const OPEN = [
  "What the era's chips did beside this: a host here is interrupted once, and polls while there is work.",
  'How the cards of the time would have been told of filters, routes and neighbours. The host of a window ' +
    'on the card needs none of that: it sees every header, and keeps its own.',
];

function systemsTable(runs: Runs): FindingsTable {
  return {
    title: 'Systems by direction',
    caption: 'Shares of the time that each part is at work. What is nearest to 100 % binds.',
    columns: [
      { heading: 'system' },
      { heading: 'streams' },
      { heading: 'payload', unit: 'B/s' },
      { heading: 'wires', unit: '%' },
      { heading: 'host', unit: '%' },
      { heading: 'IOP', unit: '%' },
      { heading: 'bus', unit: '%' },
      { heading: 'host/KiB', unit: 'ns' },
      { heading: 'binds' },
    ],
    rows: DIRECTIONS.flatMap((direction) =>
      SYSTEMS.map((arm) => {
        const reading = runs.of({ arm, direction });
        const { payloadPerS, wireBusy, hostBusy, cardBusy, busBusy, hostNsPerByte } = reading;
        const shares = [wireBusy, hostBusy, cardBusy, busBusy].map((share) => 100 * share);
        return [arm, direction, payloadPerS, ...shares, hostNsPerByte * KIB, bindingOf(reading)];
      }),
    ),
  };
}

function bindingOf({ wireBusy, hostBusy, cardBusy, busBusy }: Reading): string {
  const parts = { wire: wireBusy, host: hostBusy, IOP: cardBusy, bus: busBusy };
  const [[name]] = Object.entries(parts).sort(([, one], [, other]) => other - one);
  return name;
}

function costsTable(runs: Runs): FindingsTable {
  return {
    title: 'Each named cost switched off in turn',
    caption: 'Of a host with a plain card that makes no checksums.',
    columns: [
      { heading: 'cost' },
      { heading: 'streams' },
      { heading: 'of host', unit: '%' },
      { heading: 'of bus', unit: '%' },
      { heading: 'payload', unit: 'B/s' },
      { heading: 'without', unit: 'B/s' },
    ],
    rows: NAMED.map(([direction, cost]) => {
      const all = runs.of({ direction });
      const off = runs.of({ direction, off: [cost] });
      const busOf = ({ busBusy, payloadPerS }: Reading): number => busBusy / payloadPerS;
      return [
        cost,
        direction,
        runs.saved({ direction }, { direction, off: [cost] }),
        cost === 'copy to the card' ? 100 * (1 - busOf(off) / busOf(all)) : 0,
        all.payloadPerS,
        off.payloadPerS,
      ];
    }),
  };
}

/** Host time for a byte, by the size of calls and by how their bytes reach the card, or come from it. */
function bySize(
  runs: Runs,
  size: number,
  direction: Direction = 'transmit',
): { direct: number; bounce: number; plain: number } {
  const writes = Math.min(SMALL_WRITES, Math.ceil(SMALL_BYTES_IN_ALL / size));
  const of = (change: Partial<Run>): number =>
    runs.of({ ...change, direction, size, writes }).hostNsPerByte * KIB;
  return {
    direct: of({ arm: 'window', directBytesMin: 0 }),
    bounce: of({ arm: 'window', directBytesMin: Number.POSITIVE_INFINITY }),
    plain: of({ arm: 'host+TSO' }),
  };
}

function sizesTable(runs: Runs, direction: Direction): FindingsTable {
  const sends = direction === 'transmit';
  return {
    title: `The host's time to ${sends ? 'send' : 'receive'} a KiB, by the size of ${sends ? 'writes' : 'reads'}`,
    columns: [
      { heading: sends ? 'write' : 'read', unit: 'B' },
      { heading: 'direct', unit: 'ns' },
      { heading: 'by bounce', unit: 'ns' },
      { heading: 'plain card, TSO', unit: 'ns' },
      { heading: 'bounce/direct', unit: 'x' },
    ],
    rows: (sends ? SIZES : READ_SIZES).map((size) => {
      const { direct, bounce, plain } = bySize(runs, size, direction);
      return [size, direct, bounce, plain, bounce / direct];
    }),
  };
}

function busTable(runs: Runs): FindingsTable {
  const systems = ['host+TSO', 'window', 'inic'];
  return {
    title: 'Streams in both directions, by what the bus carries',
    columns: [{ heading: 'bus', unit: 'B/s' }, ...systems.map((heading) => ({ heading, unit: 'B/s' }))],
    rows: BUSES.map((busBytesPerS) => [
      busBytesPerS,
      ...systems.map((arm) => runs.of({ arm, direction: 'both', busBytesPerS }).payloadPerS),
    ]),
  };
}

function systemsChart(runs: Runs): Chart {
  const series = DIRECTIONS.map(
    (direction): ChartSeries => ({
      name: direction,
      points: SYSTEMS.map((arm) => ({ x: arm, y: runs.of({ arm, direction }).payloadPerS })),
    }),
  );
  return {
    kind: 'bars',
    title: 'Payload a second over all ports',
    caption: 'What stays below the wires is held back by a processor or the bus.',
    x: { label: 'system', unit: '' },
    y: { label: 'payload', unit: 'B/s' },
    series,
  };
}

function sizesChart(runs: Runs): Chart {
  const readings = SIZES.map((size) => ({ size, ...bySize(runs, size) }));
  const seriesOf = (name: string, of: (reading: (typeof readings)[number]) => number): ChartSeries => ({
    name,
    points: readings.map((reading) => ({ x: reading.size, y: of(reading) })),
  });
  return {
    kind: 'lines',
    title: "The host's time to send a KiB",
    caption: 'Where the lines of direct and bounce cross, mapping the pages costs what copying them does.',
    x: { label: 'bytes of a write', unit: 'B', log: true },
    y: { label: 'host time', unit: 'ns', log: true },
    series: [
      seriesOf('directly from user memory', ({ direct }) => direct),
      seriesOf('by a bounce copy', ({ bounce }) => bounce),
      seriesOf('plain card with TSO', ({ plain }) => plain),
    ],
  };
}

function busChart(runs: Runs): Chart {
  const series = ['host+TSO', 'window', 'inic'].map(
    (arm): ChartSeries => ({
      name: arm,
      points: BUSES.map((x) => ({ x, y: runs.of({ arm, direction: 'both', busBytesPerS: x }).payloadPerS })),
    }),
  );
  return {
    kind: 'lines',
    title: 'Streams in both directions, by the bus',
    caption: 'Where a line is level, something else than the bus binds.',
    x: { label: 'bus', unit: 'B/s', log: true },
    y: { label: 'payload', unit: 'B/s' },
    series,
  };
}
