/**
 * Several transports compared: a line for each, with its rate, how many times as fast the first one was, and
 * how many bus accesses an operation cost if the transport has a bus.
 */

import type { Report, Result } from '../record/result.ts';
import { type Side, sameSide, usesPostMessage } from '../record/row.ts';
import { ratioText } from './ratio.ts';
import { durationText, rateText, sizeText, threeDigits } from './units.ts';

/** Whether a report compares transports; else it compares the card with one baseline. */
export function comparesTransports({ manifest, results }: Report): boolean {
  const { transports } = manifest.workload;
  return transports.length > 1 || results.some((result) => result.transport === 'msgpack');
}

/** The names of the columns, of which the first five are set to the left. */
export function transportHeadings(report: Report): string[] {
  const first = report.manifest.workload.transports[0] ?? 'ring';
  return [
    'test',
    'api',
    'size',
    'conns',
    'transport',
    'rate',
    `${first} is faster (low..high)`,
    'p50',
    'p99',
    'host CPU/op',
    'bus accesses/op',
  ];
}

/** @returns for each line the texts of its columns. */
export function transportRows(report: Report): string[][] {
  return report.results.map((result) => cellsOf(result, report));
}

function cellsOf(result: Result, report: Report): string[] {
  const { test, api, params, latencyUs, cpu } = result;
  const ratio = report.comparisons.find(
    (other) =>
      other.test === test &&
      other.api === api &&
      other.params.connections === params.connections &&
      other.params.size === params.size &&
      sameSide(other.baseline, result),
  )?.rate;
  return [
    test,
    api,
    sizeText(params.size),
    String(params.connections),
    transportName(result),
    rateText(result.rate.value, result.rate.unit),
    ratio === undefined || ratio === null ? '-' : ratioText(ratio),
    latencyUs === null ? '-' : durationText(latencyUs.p50 * 1e3),
    latencyUs === null ? '-' : durationText(latencyUs.p99 * 1e3),
    cpu.hostNsPerOp === null ? '-' : durationText(cpu.hostNsPerOp),
    busText(result),
  ];
}

/** The name of the transport on the command line; `kernel` for the kernel's side. */
export function transportName({ stack, transport }: Side): string {
  return transport ?? stack;
}

function busText(result: Result): string {
  if (usesPostMessage(result) || result.ledger === null) return '-';
  if (result.transport !== 'fifo') return '0';
  const counters = result.ledger.perTransaction;
  const empty = counters['portEmptyReads'] ?? 0;
  return `${threeDigits(busAccesses(counters) - empty)} + ${threeDigits(empty)} empty`;
}

/** Accesses of the host to the card's port and interrupt registers. */
export function busAccesses(counters: Readonly<Record<string, number>>): number {
  const names = ['portReads', 'portWrites', 'registerReads', 'registerWrites'];
  return names.reduce((sum, name) => sum + (counters[name] ?? 0), 0);
}
