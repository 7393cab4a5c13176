/** What one operation cost on the card: by its ledger, by the clocks of its threads, and of the heap. */

import { COUNTER_GROUPS, COUNTER_NAMES } from '../ledger/counters.gen.ts';
import type { Counters, Result } from '../record/result.ts';
import { sideName } from '../record/row.ts';
import { alignedLines, type Colour, type Column, fitting } from './columns.ts';
import { loadText, rowText, testText } from './row-words.ts';
import { knownDurationText, threeDigits } from './units.ts';

const BYTES = 'Bytes';

type Booked = Result & { readonly ledger: NonNullable<Result['ledger']> };

/** @param results of one group of rows. @returns a line for each that has a ledger; none without. */
export function ledgerLines(results: readonly Result[], width: number, bold: Colour): string[] {
  const booked = results.filter((result): result is Booked => result.ledger !== null);
  if (booked.length === 0) return [];
  const columns = COLUMNS.filter(({ heading }) => heading !== BUS || booked.some(hasBus));
  return alignedLines(fitting(columns, booked, width), booked, bold);
}

/** Lines on each card whose books do not balance, with the sums that do not. */
export function unbalancedLines(results: readonly Result[]): string[] {
  return results.flatMap((result) => {
    const { ledger, params } = result;
    if (ledger === null || ledger.balanced) return [];
    const title = `${rowText(result, params)}, ${sideName(result)}: LEDGER DOES NOT BALANCE`;
    return [title, ...ledger.reconciliation.map((line) => `    ${line}`)];
  });
}

const BUS = 'bus accesses';

const COLUMNS: readonly Column<Booked>[] = [
  { heading: 'test', left: true, cell: (result) => testText(result, result.params) },
  { heading: 'load', left: true, cell: ({ params }) => loadText(params) },
  { heading: 'side', left: true, cell: (result) => sideName(result) },
  { heading: 'copies', gives: 1, cell: (result) => groupText(result, 'copy') },
  { heading: 'DMA', gives: 2, cell: (result) => groupText(result, 'dma') },
  { heading: 'bells', gives: 4, cell: (result) => counted(result, 'doorbells') },
  { heading: 'irqs', gives: 5, cell: (result) => counted(result, 'interrupts') },
  {
    heading: 'frames',
    gives: 3,
    cell: (result) => `${counted(result, 'inboundPosted')}+${counted(result, 'outboundPosted')}`,
  },
  { heading: BUS, gives: 6, cell: busText },
  { heading: 'heap', gives: 7, cell: ({ memory }) => `${small(memory.hostAllocatedBytesPerOp)} B` },
  { heading: 'program', gives: 8, cell: ({ cpu }) => knownDurationText(cpu.hostNsPerOp) },
  { heading: 'in vain', gives: 10, cell: ({ cpu }) => knownDurationText(cpu.hostSpinNsPerOp) },
  { heading: 'card', gives: 9, cell: ({ cpu }) => knownDurationText(cpu.iopNsPerOp) },
];

function counted({ ledger }: Booked, name: string): string {
  return small(ledger.perTransaction[name] ?? 0);
}

/** The sums of a group of counters: how often, and of the counters named `...Bytes` how many bytes. */
export function groupSums(counters: Counters, group: string): { times: number; bytes: number } {
  let times = 0;
  let bytes = 0;
  COUNTER_NAMES.forEach((name, i) => {
    if (COUNTER_GROUPS[i] !== group) return;
    if (name.endsWith(BYTES)) bytes += counters[name] ?? 0;
    else times += counters[name] ?? 0;
  });
  return { times, bytes };
}

function groupText({ ledger }: Booked, group: string): string {
  const { times, bytes } = groupSums(ledger.perTransaction, group);
  return `${small(times)} (${bytes.toFixed(0)} B)`;
}

/** What the host did on the bus, which explains what that transport costs. */
function busText(result: Booked): string {
  if (!hasBus(result)) return '0';
  const counters = result.ledger.perTransaction;
  const empty = counters['portEmptyReads'] ?? 0;
  return `${threeDigits(busAccesses(counters) - empty)} + ${threeDigits(empty)} empty`;
}

function hasBus({ transport }: Result): boolean {
  return transport === 'fifo';
}

/** Accesses of the host to the card's port and interrupt registers. */
export function busAccesses(counters: Readonly<Record<string, number>>): number {
  const names = ['portReads', 'portWrites', 'registerReads', 'registerWrites'];
  return names.reduce((sum, name) => sum + (counters[name] ?? 0), 0);
}

/** A small count keeps its digits: one doorbell in a thousand transactions must not read as none. */
export function small(value: number): string {
  if (value === 0) return '0';
  return Math.abs(value) < 0.01 ? value.toPrecision(1) : threeDigits(value);
}
