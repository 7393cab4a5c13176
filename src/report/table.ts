/**
 * A report as text: where it was measured, a line for each side of each row with its ratio to the row's
 * baseline, and what one operation cost on the card by its ledger. It is made of the same objects as the
 * JSON.
 */

import { comparisonOf } from '../record/baseline.ts';
import type { Failure, Repeat, Report, Result } from '../record/result.ts';
import { baselineOf, rowKey, sideName, type Transport } from '../record/row.ts';
import { type Spread, spreadOf } from '../record/statistics.ts';
import { alignedLines, type Column, fitting, tableWidth, wrapped } from './columns.ts';
import { ledgerLines, unbalancedLines } from './ledger-lines.ts';
import { ratioText } from './ratio.ts';
import { besideText, loadText, rowText, testText } from './row-words.ts';
import { knownDurationText, rateText, threeDigits } from './units.ts';

/** Adds colours for a terminal, or none. */
export interface Style {
  bold(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  dim(text: string): string;
}

const unchanged = (text: string): string => text;
export const PLAIN: Style = { bold: unchanged, good: unchanged, bad: unchanged, dim: unchanged };

const ansi =
  (code: number) =>
  (text: string): string =>
    `\u001b[${code}m${text}\u001b[0m`;
export const COLOURED: Style = { bold: ansi(1), good: ansi(32), bad: ansi(33), dim: ansi(2) };

/** What lines are broken to, and columns give way for, where nobody knows the terminal. */
export const DEFAULT_WIDTH = 100;

/** One line of the table: a side of a row. */
interface SideLine {
  readonly result: Result;
  /** Whether it is the first of its row, which says what the row is. */
  readonly first: boolean;
  /** Its rate over that of the row's baseline; undefined for the baseline itself, or without one. */
  readonly ratio: Spread | undefined;
}

/** @returns the report's lines, each with its line end. */
export function reportTable(report: Report, style: Style = PLAIN, width = DEFAULT_WIDTH): string {
  const groups = groupsOf(report);
  const lines = manifestLines(report)
    .flatMap((line) => wrapped(line, width))
    .map(style.dim);
  for (const results of groups) {
    const title = besideText(results[0].params);
    lines.push('');
    if (groups.length > 1 || title !== '') lines.push(style.bold(title === '' ? 'alone' : title));
    lines.push(...tableLines(sideLines(results, report), style, width));
  }
  lines.push(
    '',
    ...legendLines(report)
      .flatMap((line) => wrapped(line, width))
      .map(style.dim),
  );
  for (const results of groups) {
    const books = ledgerLines(results, width, style.bold);
    if (books.length === 0) continue;
    const title = besideText(results[0].params);
    lines.push('', `What one operation cost on the card${title === '' ? '' : `, ${title}`}`, ...books);
  }
  const block = (texts: readonly string[], colour: (text: string) => string): void => {
    if (texts.length > 0)
      lines.push('', ...texts.flatMap((text) => wrapped(text, width, '    ')).map(colour));
  };
  block(balanceLines(report), report.results.some(unbalanced) ? style.bad : style.dim);
  block(report.results.flatMap(collapsedLine), style.bad);
  block(report.results.flatMap(intervalLine), style.bad);
  block(report.results.flatMap(lostLine), style.dim);
  block(report.failures.map(failureLine), style.bad);
  block(report.notes, unchanged);
  return `${lines.join('\n')}\n`;
}

function manifestLines({ manifest, results }: Report): string[] {
  const { versions, machine, repeats, workload, interval } = manifest;
  const most = Math.max(repeats, ...results.map(({ params }) => params.repeats));
  const runs = most > repeats ? `${repeats} to ${most} runs` : `${repeats} ${repeats === 1 ? 'run' : 'runs'}`;
  const pinned = machine.pinned === null ? 'nothing pinned' : 'a core for each thread';
  const settings = Object.entries(workload.settings ?? {}).map(([path, value]) => `${path}=${value}`);
  return [
    `inic ${versions.inic}, Node ${versions.node}, ${versions.system}; ` +
      `${machine.processor}, ${machine.cores} cores`,
    `medians of ${runs} of ${workload.durationSeconds} s, all sides in turns, ${pinned}; ` +
      `began ${interval.start}`,
    ...(settings.length === 0 ? [] : [`set: ${settings.join(', ')}`]),
  ];
}

/** Results of rows with the same number of neighbours, in the order in which they were measured. */
function groupsOf({ results }: Report): Result[][] {
  const groups = new Map<number, Result[]>();
  for (const result of results) {
    const { neighbours = 0 } = result.params;
    groups.set(neighbours, [...(groups.get(neighbours) ?? []), result]);
  }
  return [...groups.values()];
}

/** Each row's baseline first, then its other sides. */
function sideLines(results: readonly Result[], report: Report): SideLine[] {
  const rows = new Map<string, Result[]>();
  for (const result of results) {
    const key = rowKey(result, result.params);
    rows.set(key, [...(rows.get(key) ?? []), result]);
  }
  return [...rows.values()].flatMap((row) => {
    const baseline = baselineOf(row);
    const ordered = [...row].sort((a, b) => Number(b === baseline) - Number(a === baseline));
    return ordered.map((result, i) => ({
      result,
      first: i === 0,
      ratio: comparisonOf(result, report)?.rate ?? undefined,
    }));
  });
}

function tableLines(lines: readonly SideLine[], style: Style, width: number): string[] {
  const columns = fitting(columnsOf(style), lines, width);
  if (tableWidth(columns, lines) <= width) return alignedLines(columns, lines, style.bold);
  return lines.flatMap((line) => stackedLines(line, style, width));
}

function columnsOf(style: Style): Column<SideLine>[] {
  return [
    {
      heading: 'test',
      left: true,
      cell: ({ result, first }) => (first ? testText(result, result.params) : ''),
    },
    { heading: 'load', left: true, cell: ({ result, first }) => (first ? loadText(result.params) : '') },
    { heading: 'side', left: true, cell: ({ result }) => sideName(result) },
    { heading: 'rate', cell: ({ result }) => rateText(result.rate.value, result.rate.unit) },
    { heading: 'runs, %', gives: 2, cell: ({ result }) => spreadText(result) },
    {
      heading: 'ratio (low..high)',
      cell: ({ ratio }) => ({
        text: ratio === undefined ? '' : ratioText(ratio),
        style: ratio === undefined || ratio.median >= 1 ? style.good : style.bad,
      }),
    },
    { heading: 'p50', gives: 3, cell: ({ result }) => latencyText(result.latencyUs?.p50) },
    { heading: 'p99', gives: 5, cell: ({ result }) => latencyText(result.latencyUs?.p99) },
    { heading: 'CPU/op', gives: 1, cell: ({ result }) => knownDurationText(result.cpu.allNsPerOp) },
    { heading: 'program', gives: 4, cell: ({ result }) => knownDurationText(result.cpu.hostNsPerOp) },
  ];
}

/** Where not even the fewest columns fit. */
function stackedLines({ result, first, ratio }: SideLine, style: Style, width: number): string[] {
  const { rate, cpu, params } = result;
  const said = [
    `  ${sideName(result)}: ${rateText(rate.value, rate.unit)}`,
    ...(ratio === undefined ? [] : [`ratio ${ratioText(ratio)}`]),
    ...(cpu.allNsPerOp === undefined ? [] : [`CPU/op ${knownDurationText(cpu.allNsPerOp)}`]),
  ];
  const title = wrapped(`${testText(result, params)} ${loadText(params)}`, width, '  ');
  return [...(first ? title.map(style.bold) : []), ...wrapped(said.join(', '), width, '    ')];
}

function latencyText(us: number | undefined): string {
  return knownDurationText(us === undefined ? undefined : us * 1e3);
}

/** The slowest and the fastest run in percent of the median, and marks for what is listed below. */
function spreadText({ rate, collapsed = [], interval }: Result): string {
  const percent = (value: number): string => ((100 * value) / rate.value).toFixed(0);
  const fell = collapsed.length > 0 ? ` !${collapsed.length}` : '';
  const wide = interval?.reached === false ? ' ?' : '';
  return `${percent(rate.min)}..${percent(rate.max)}${fell}${wide}`;
}

function legendLines({ results }: Report): string[] {
  const lines = [
    "ratio: the side's rate over that of the first side of its row, run by run. runs: the slowest and the " +
      "fastest in percent of the median. CPU/op: processor time of all threads of the side's process, " +
      "polling included; program: that of the program's thread. An operation of a stream is one write.",
  ];
  const placed = new Set(results.map(({ placement }) => placement));
  if (placed.has('thread') || placed.has('inline')) lines.push(PLACEMENT_LEGEND);
  if (results.some(({ stack }) => stack === 'lan')) lines.push(LAN_LEGEND);
  const transports = new Set(results.map(({ transport }) => transport));
  for (const [transport, legend] of Object.entries(TRANSPORT_LEGENDS)) {
    if (transports.has(transport as Transport)) lines.push(legend);
  }
  return lines;
}

const PLACEMENT_LEGEND =
  "thread: the card in a thread of its own. inline: the same card, polled in the program's thread.";

const LAN_LEGEND =
  "lan: the host's own stack over a card of network ports, whose packets travel in messages.";

const TRANSPORT_LEGENDS: Readonly<Partial<Record<Transport, string>>> = {
  fifo:
    "fifo: I2O 1.5's four FIFOs of frame addresses; " +
    'each read or write of a port or register is a bus access.',
  port: "port: the frame's fields as an object by postMessage between two event loops, cloned by structure.",
  msgpack: 'msgpack: the same object encoded, transferred by postMessage, and decoded.',
};

function unbalanced({ ledger }: Result): boolean {
  return ledger?.balanced === false;
}

function balanceLines({ results }: Report): string[] {
  const cards = results.filter(({ ledger }) => ledger !== null);
  if (cards.length === 0) return [];
  const wrong = unbalancedLines(results);
  if (wrong.length > 0) return wrong;
  if (cards.length <= 2) return [cards.length === 1 ? 'The ledger balances.' : 'Both ledgers balance.'];
  return [`All ${cards.length} ledgers balance.`];
}

function collapsedLine(result: Result): string[] {
  const { collapsed = [], params, rate, repeats } = result;
  if (collapsed.length === 0) return [];
  const runs = collapsed.map((run) => `run ${run} at ${rateText(repeats[run - 1].rate, rate.unit)}`);
  const where = `${rowText(result, params)}, ${sideName(result)}`;
  return [
    `! ${where}: ${collapsed.length} of ${repeats.length} below half of the median: ${runs.join(', ')}`,
  ];
}

function intervalLine(result: Result): string[] {
  const { interval, params, repeats } = result;
  if (interval === undefined || interval.reached) return [];
  const { confidence, widthPercent, reachedPercent } = interval;
  const was = reachedPercent === null ? 'unknown after one run' : `${threeDigits(reachedPercent)} % wide`;
  const where = `${rowText(result, params)}, ${sideName(result)}`;
  return [
    `? ${where}: its ${confidence} % interval is ${was}, not ${widthPercent} %, after ${repeats.length} runs`,
  ];
}

/** The rate above is of what arrived, and netperf says both: what was sent, and how much of it was lost. */
function lostLine(result: Result): string[] {
  const { repeats, params, rate, test } = result;
  if (repeats.every(({ lost }) => lost === undefined)) return [];
  const lost = repeats.reduce((sum, repeat) => sum + (repeat.lost ?? 0), 0);
  const operations = repeats.reduce((sum, repeat) => sum + repeat.operations, 0);
  const share = lost / Math.max(1, lost + operations);
  const where = `${rowText(result, params)}, ${sideName(result)}`;
  const part = `${threeDigits(100 * share)} %`;
  if (test === 'UDP_STREAM') {
    const sent = rateText(spreadOf(repeats.map(sentRate)).median, rate.unit);
    const words = lost === 0 ? 'none lost' : `${lost} (${part}) lost`;
    return [`${where}: sent ${sent}, received ${rateText(rate.value, rate.unit)}, ${words}`];
  }
  return lost === 0 ? [] : [`${where}: ${lost} datagrams lost, ${part} of those sent`];
}

function sentRate({ rate, lost = 0, operations }: Repeat): number {
  return (rate * (operations + lost)) / Math.max(1, operations);
}

/** What keeps a side of a row from being measured, in one line. */
export function failureLine(failure: Failure): string {
  return `failed: ${rowText(failure, failure.params)}, ${sideName(failure.side)}: ${failure.error}`;
}
