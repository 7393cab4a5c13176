/** What a calibration found, as text: what work costs on the machine, and how far virtual time is from it. */
import {
  type AgreementRow,
  type Compared,
  loadName,
  SHAPE_NAMES,
  TOLERANCE,
} from '../calibrate/agreement.ts';
import type { Calibration, ShapeResult } from '../calibrate/calibrate.ts';
import { isBusy } from '../calibrate/failure.ts';
import type { Shape } from '../calibrate/live-protocol.ts';
import { spreadOf } from '../record/statistics.ts';
import { together } from './quantity.ts';
import { durationText, threeDigits } from './units.ts';

const GAP = '  ';

/** @returns lines, each with its line end. */
export function calibrationText(calibration: Calibration): string {
  const { facts, began, agreement } = calibration;
  const { versions, machine } = facts;
  const lines = [
    `inic ${versions.inic}, Node ${versions.node}, ${versions.system}; ` +
      `${machine.processor}, ${machine.cores} cores`,
    `began ${began}`,
    ...busyLines(calibration),
    '',
    'What work costs here, in nanoseconds',
    ...costLines(calibration),
    '',
    'How far virtual time is from it: workloads that these costs were not fitted to',
    ...table(
      [
        'workload',
        'card',
        'live rate',
        '(of all runs)',
        'virtual',
        'ratio',
        'live p50',
        'virtual',
        'ratio',
        'agrees',
      ],
      agreement.map(agreementCells),
      2,
    ),
    '',
    `agrees: within ${TOLERANCE * 100} % of the live median, or within the range of the live runs.`,
    ...verdictLines(agreement),
    '',
    'What an operation was counted to take, live / virtual',
    ...countTable(agreement),
    '',
    'Load decides how many replies share a frame, and of a busy stream how many bytes share a copy;',
    'the others are to be equal.',
  ];
  return `${lines.join('\n')}\n`;
}

/** Of a shape's slices, the share that must have been undisturbed for its costs to be worth anything. */
const UNDISTURBED_MIN = 0.2;

function busyLines({ facts, shapes }: Calibration): string[] {
  const { loadAverageAtStart, cores } = facts.machine;
  const lines: string[] = [];
  if (isBusy({ load: loadAverageAtStart, cores })) {
    lines.push(`This machine was busy: load average ${loadAverageAtStart.toFixed(2)} on ${cores} cores.`);
  }
  for (const shape of ['thread', 'inline'] as const) {
    if (shapes[shape].undisturbed >= UNDISTURBED_MIN) continue;
    lines.push(
      `Of ${SHAPE_NAMES[shape]} hardly anything ran undisturbed: ` +
        'do not use these costs, and calibrate again when the machine is quiet.',
    );
  }
  return lines;
}

function costLines({ shapes }: Calibration): string[] {
  const names = Object.keys({ ...shapes.thread.costs.host, ...shapes.thread.costs.card });
  const costOf = (shape: Shape, name: string): string => {
    const { host, card } = shapes[shape].costs;
    return costText(host[name] ?? card[name] ?? 0);
  };
  const { newsNs, wakes } = shapes.thread.costs;
  const others: string[][] = [
    ['news from one side to the other', costText(newsNs), '-'],
    ...(wakes === undefined
      ? []
      : [
          ['doorbell to a card that sleeps', costText(wakes.doorbellNs), '-'],
          ['interrupt to a host that sleeps in a call', costText(wakes.interruptNs), '-'],
          ['interrupt to a host in its event loop (in no profile)', costText(wakes.loopNs), '-'],
          ['waking a thread, for the waker', costText(wakes.ringNs), '-'],
        ]),
  ];
  const rows = names.map((name) => [name, costOf('thread', name), costOf('inline', name)]);
  return [
    ...table(['each count of', 'threads', 'inline'], [...rows, ...others], 1),
    '',
    'How near these costs come to the time of the runs that they were found from:',
    `threads: ${errorText(shapes.thread)}`,
    `inline: ${errorText(shapes.inline)}`,
  ];
}

function costText(ns: number): string {
  return ns >= 1000 ? ns.toFixed(0) : ns < 10 ? ns.toFixed(3) : ns.toFixed(1);
}

/** The median error and the largest of what the costs were fitted to, and how much of it was left out. */
function errorText({ errors, undisturbed }: ShapeResult): string {
  const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
  const fitted = errors.flatMap(({ error, leftOut }) => (leftOut ? [] : [Math.abs(error)]));
  const { median, max } = spreadOf(fitted);
  const left = errors.length - fitted.length;
  return (
    `${percent(median)} off at the median of ${fitted.length}, ${percent(max)} at most` +
    `${left === 0 ? '' : `; ${left} that the others contradict left out`}; ` +
    `${percent(undisturbed)} of their slices were undisturbed`
  );
}

function agreementCells({ load, shape, rate, p50Us }: AgreementRow): string[] {
  const { median, min, max } = rate.live;
  const { texts, unit } = together(
    [median, min, max, rate.virtual],
    load.workload === 'TCP_STREAM' ? 'B/s' : '/s',
  );
  const us = (value: number): string => durationText(value * 1000);
  const agrees = rate.agrees && (p50Us === null || p50Us.agrees);
  return [
    loadName(load),
    SHAPE_NAMES[shape],
    `${texts[0]}${unit}`,
    `(${texts[1]} .. ${texts[2]}${unit})`,
    `${texts[3]}${unit}`,
    ratioText(rate),
    p50Us === null ? '-' : us(p50Us.live.median),
    p50Us === null ? '-' : us(p50Us.virtual),
    p50Us === null ? '-' : ratioText(p50Us),
    agrees ? 'yes' : 'no',
  ];
}

function ratioText({ live, virtual }: Compared): string {
  return threeDigits(virtual / live.median);
}

function verdictLines(rows: readonly AgreementRow[]): string[] {
  const figures = rows.flatMap(({ rate, p50Us }) => (p50Us === null ? [rate] : [rate, p50Us]));
  const good = figures.filter(({ agrees }) => agrees).length;
  return [`${good} of ${figures.length} figures agree.`];
}

function countTable(rows: readonly AgreementRow[]): string[] {
  const names = rows[0]?.counts.map(({ name }) => name) ?? [];
  const cells = rows.map(({ load, shape, counts }) => [
    loadName(load),
    SHAPE_NAMES[shape],
    ...counts.map(({ live, virtual }) => `${threeDigits(live)} / ${threeDigits(virtual)}`),
  ]);
  return table(['workload', 'card', ...names], cells, 2);
}

/** Columns as wide as their widest cell, the first `left` of them set to the left. */
function table(headings: readonly string[], rows: readonly (readonly string[])[], left: number): string[] {
  const widths = headings.map((heading, i) => Math.max(heading.length, ...rows.map((row) => row[i].length)));
  return [headings, ...rows].map((row) =>
    row
      .map((cell, i) => (i < left ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join(GAP)
      .trimEnd(),
  );
}
