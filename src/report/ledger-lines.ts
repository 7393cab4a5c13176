/**
 * Puts in words what one operation cost on the card, by the ledger, the clocks of both threads and the heaps.
 */

import { COUNTER_GROUPS, COUNTER_NAMES } from '../ledger/counters.gen.ts';
import type { Counters, Result } from '../record/result.ts';
import { busAccesses } from './transport-table.ts';
import { durationText, sizeText, threeDigits } from './units.ts';

const BYTES = 'Bytes';

/** @returns the lines of a result that has a ledger: none for the kernel. */
export function ledgerLines(result: Result): string[] {
  const ledger = result.ledger;
  if (ledger === null) return [];
  const { test, api, params } = result;
  const counters = ledger.perTransaction;
  const value = (name: string): number => counters[name] ?? 0;
  const transport = result.transport === 'fifo' ? ', fifo' : '';
  const title = `${test} ${api} ${sizeText(params.size)} x${params.connections}${transport}`;
  const lines = [
    `${title}: ${groupText(counters, 'copy', 'copies')}, ${groupText(counters, 'dma', 'DMA requests')}, ` +
      `doorbells ${small(value('doorbells'))}, interrupts ${small(value('interrupts'))}, ` +
      `frames ${small(value('inboundPosted'))} in ${small(value('outboundPosted'))} out`,
    `    ${processorText(result)}; ${memoryText(result)}; ` +
      (ledger.balanced ? 'ledger balanced' : 'LEDGER DOES NOT BALANCE'),
  ];
  if (result.transport === 'fifo') lines.splice(1, 0, `    ${busText(counters)}`);
  if (!ledger.balanced) lines.push(...ledger.reconciliation.map((line) => `    ${line}`));
  return lines;
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

function groupText(counters: Counters, group: string, label: string): string {
  const { times, bytes } = groupSums(counters, group);
  return `${label} ${small(times)} (${bytes.toFixed(0)} B)`;
}

/** What the host did on the bus, which explains what this transport costs. */
function busText(counters: Counters): string {
  const value = (name: string): string => small(counters[name] ?? 0);
  return (
    `bus accesses ${small(busAccesses(counters))}: ` +
    `port reads ${value('portReads')} (${value('portEmptyReads')} empty), ` +
    `port writes ${value('portWrites')}, ` +
    `register reads ${value('registerReads')}, writes ${value('registerWrites')}; ` +
    `NOPs ${value('nops')}`
  );
}

function processorText({ cpu }: Result): string {
  const iop = cpu.iopNsPerOp === null ? '' : `, iop ${durationText(cpu.iopNsPerOp)}`;
  if (cpu.hostNsPerOp === null) return `processor host unknown${iop}`;
  if (cpu.hostSpinNsPerOp === 0) return `processor host ${durationText(cpu.hostNsPerOp)}${iop}`;
  const spinNs = Math.min(cpu.hostSpinNsPerOp, cpu.hostNsPerOp);
  const busy = durationText(cpu.hostNsPerOp - spinNs);
  return `processor host ${busy} busy + about ${durationText(spinNs)} polling in vain${iop}`;
}

function memoryText({ memory }: Result): string {
  const iop =
    memory.iopHeapGrowthBytesPerOp === null ? '' : `, iop ${small(memory.iopHeapGrowthBytesPerOp)} B`;
  const growth = memory.residentGrowthBytes / 1e6;
  return (
    `heap host ${small(memory.hostAllocatedBytesPerOp)} B${iop}, ${memory.collections} collections, ` +
    `resident ${growth < 0 ? '' : '+'}${growth.toFixed(1)} MB`
  );
}

/** A small count keeps its digits: one doorbell in a thousand transactions must not read as none. */
export function small(value: number): string {
  if (value === 0) return '0';
  return Math.abs(value) < 0.01 ? value.toPrecision(1) : threeDigits(value);
}
