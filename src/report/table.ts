/**
 * A report as text: where it was measured, a line for each row with both sides and their ratio, and what one
 * operation cost on the card by its ledger. It is made of the same objects as the JSON.
 */

import type { Comparison, Failure, Report, Result } from '../record/result.ts';
import { sideName, type Transport } from '../record/row.ts';
import { ledgerLines } from './ledger-lines.ts';
import { ratioText } from './ratio.ts';
import { comparesTransports, transportHeadings, transportRows } from './transport-table.ts';
import { durationText, rateText, sizeText } from './units.ts';

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

interface Cell {
  readonly text: string;
  readonly style: ((text: string) => string) | undefined;
}

const HEADINGS = [
  'test',
  'api',
  'size',
  'conns',
  'inic',
  'baseline',
  '',
  'ratio (low..high)',
  'p50',
  'p99',
  'host CPU/op',
];
/** How many columns hold names and are set to the left; the others hold numbers, set to the right. */
const LEFT_COLUMNS: ReadonlySet<number> = new Set([0, 1, 6]);
const LEFT_TRANSPORT_COLUMNS: ReadonlySet<number> = new Set([0, 1, 4]);
const GAP = '  ';

/** @returns the report's lines, each with its line end. */
export function reportTable(report: Report, style: Style = PLAIN): string {
  const lines = [
    ...manifestLines(report).map((line) => style.dim(line)),
    '',
    ...tableLines(report, style),
    '',
    ...legendLines(report).map((line) => style.dim(line)),
  ];
  const books = report.results.flatMap((result) => ledgerLines(result));
  if (books.length > 0) lines.push('', style.bold('What one operation cost on the card'), ...books);
  if (report.failures.length > 0)
    lines.push('', ...report.failures.map((failure) => style.bad(failureLine(failure))));
  if (report.notes.length > 0) lines.push('', ...report.notes);
  return `${lines.join('\n')}\n`;
}

function manifestLines(report: Report): string[] {
  const { manifest } = report;
  const sides = comparesTransports(report) ? 'all' : 'both';
  const { versions, machine, repeats, workload, interval } = manifest;
  return [
    `inic ${versions.inic}, Node ${versions.node}, ${versions.system}; ` +
      `${machine.processor}, ${machine.cores} cores`,
    `medians of ${repeats} ${repeats === 1 ? 'run' : 'runs'} of ${workload.durationSeconds} s, ` +
      `${sides} sides in turns; began ${interval.start}`,
  ];
}

function tableLines(report: Report, style: Style): string[] {
  if (comparesTransports(report)) {
    const rows = transportRows(report).map((texts) => texts.map((text) => ({ text, style: undefined })));
    return alignedLines(transportHeadings(report), rows, LEFT_TRANSPORT_COLUMNS, style);
  }
  const rows = rowsOf(report).map((row) => cellsOf(row, report.comparisons, style));
  return alignedLines(HEADINGS, rows, LEFT_COLUMNS, style);
}

function alignedLines(
  headings: readonly string[],
  rows: readonly Cell[][],
  left: ReadonlySet<number>,
  style: Style,
): string[] {
  const heading: Cell[] = headings.map((text) => ({ text, style: style.bold }));
  const widths = headings.map((_, column) =>
    Math.max(...[heading, ...rows].map((cells) => cells[column].text.length)),
  );
  return [heading, ...rows].map((cells) =>
    cells
      .map((cell, i) => pad(cell, left.has(i), widths[i]))
      .join(GAP)
      .trimEnd(),
  );
}

function pad(cell: Cell, left: boolean, width: number): string {
  const space = ' '.repeat(width - cell.text.length);
  const text = cell.style === undefined ? cell.text : cell.style(cell.text);
  return left ? text + space : space + text;
}

interface TableRow {
  readonly inic: Result | undefined;
  readonly baseline: Result | undefined;
}

/** Pairs each result with that of the other side in the same row. */
function rowsOf(report: Report): TableRow[] {
  const rows = new Map<string, { inic: Result | undefined; baseline: Result | undefined }>();
  for (const result of report.results) {
    const key = rowKey(result.test, result.api, result.params);
    const row = rows.get(key) ?? { inic: undefined, baseline: undefined };
    if (result.stack === 'inic' && result.transport !== 'port') row.inic = result;
    else row.baseline = result;
    rows.set(key, row);
  }
  return [...rows.values()];
}

function rowKey(test: string, api: string, params: { connections: number; size: number }): string {
  return `${test} ${api} ${params.connections} ${params.size}`;
}

function cellsOf(row: TableRow, comparisons: readonly Comparison[], style: Style): Cell[] {
  const result = row.inic ?? row.baseline;
  if (result === undefined) return [];
  const { test, api, params } = result;
  const key = rowKey(test, api, params);
  const comparison = comparisons.find((other) => rowKey(other.test, other.api, other.params) === key);
  const ratio = comparison?.rate ?? undefined;
  const texts = [
    test,
    api,
    sizeText(params.size),
    String(params.connections),
    rateCell(row.inic),
    rateCell(row.baseline),
    row.baseline === undefined ? '' : sideName(row.baseline),
    ratio === undefined ? '-' : ratioText(ratio),
    pairText(row, ({ latencyUs }) => (latencyUs === null ? undefined : durationText(latencyUs.p50 * 1e3))),
    pairText(row, ({ latencyUs }) => (latencyUs === null ? undefined : durationText(latencyUs.p99 * 1e3))),
    pairText(row, ({ cpu }) => (cpu.hostNsPerOp === null ? undefined : durationText(cpu.hostNsPerOp))),
  ];
  const ratioStyle = ratio === undefined ? undefined : ratio.median >= 1 ? style.good : style.bad;
  return texts.map((text, i) => ({ text, style: i === 7 ? ratioStyle : undefined }));
}

function rateCell(result: Result | undefined): string {
  return result === undefined ? '-' : rateText(result.rate.value, result.rate.unit);
}

/** The values of both sides, the card's first. */
function pairText(row: TableRow, pick: (result: Result) => string | undefined): string {
  const texts = [row.inic, row.baseline].map((result) =>
    result === undefined ? '-' : (pick(result) ?? '-'),
  );
  return texts.every((text) => text === '-') ? '-' : texts.join(' / ');
}

function legendLines(report: Report): string[] {
  if (comparesTransports(report)) return transportLegend(report);
  const lines = [
    "p50, p99 and host CPU/op: inic / baseline. Host CPU is the program's thread, polling included;",
    'an operation of TCP_STREAM is one write.',
  ];
  if (report.results.some((result) => result.transport === 'port')) {
    lines.push('postMessage: the same messages by Worker.postMessage between two event loops.');
  }
  if (report.results.some((result) => result.transport === 'fifo')) lines.push(TRANSPORT_LEGENDS.fifo);
  return lines;
}

const TRANSPORT_LEGENDS: Readonly<Record<Transport, string>> = {
  ring: 'ring: frames in place in shared memory, one ring each way.',
  fifo:
    "fifo: I2O 1.5's four FIFOs of frame addresses; " +
    'each read or write of a port or register is a bus access.',
  port: "port: the frame's fields as an object by postMessage between two event loops, cloned by structure.",
  msgpack: 'msgpack: the same object encoded, transferred by postMessage, and decoded.',
};

function transportLegend({ manifest }: Report): string[] {
  return [
    "Host CPU is the program's thread, polling included; " +
      'ring and fifo poll, the others rest in their event loops.',
    ...manifest.workload.transports.map((transport) => TRANSPORT_LEGENDS[transport]),
  ];
}

function failureLine({ test, api, params, side, error }: Failure): string {
  const where = `${test} ${api} ${sizeText(params.size)} x${params.connections}, ${sideName(side)}`;
  return `failed: ${where}: ${error}`;
}
