/** What systems come to, side by side, and in words what offload gains and loses. */
import { busBytes } from '../compare/bus-use.ts';
import type { ArmResult } from '../compare/compare.ts';
import { binding, type Use } from '../compare/use.ts';
import { alignedLines, type Colour, type Column, fitting } from './columns.ts';
import { durationText, rateText, threeDigits, withPrefix } from './units.ts';

/** Rates nearer to each other than this are called alike. */
const ALIKE = 0.02;

const COLUMNS: readonly Column<ArmResult>[] = [
  { heading: 'system', left: true, cell: ({ arm }) => arm.name },
  { heading: 'rate', cell: ({ figures }) => rateText(figures.ratePerS, '/s') },
  { heading: 'payload', gives: 4, cell: ({ figures }) => rateText(figures.bytesPerS, 'B/s') },
  { heading: 'p50', cell: ({ figures }) => usText(figures.p50Us) },
  { heading: 'p99', gives: 3, cell: ({ figures }) => usText(figures.p99Us) },
  { heading: 'host/op', cell: ({ figures }) => usText(figures.hostUs) },
  { heading: 'IOP/op', cell: ({ figures }) => usText(figures.iopUs) },
  { heading: 'ops/CPU s', cell: ({ figures }) => countText(figures.perProcessorS) },
  { heading: 'binds', left: true, cell: ({ figures }) => bindingText(figures.use) },
  { heading: 'copies', gives: 2, cell: ({ figures }) => threeDigits(figures.copies) },
  { heading: 'DMA', gives: 1, cell: ({ figures }) => threeDigits(figures.dmaRequests) },
  { heading: 'bus', gives: 1, cell: ({ figures }) => bytesText(busBytes(figures.bus)) },
  { heading: 'irqs', gives: 5, cell: ({ figures }) => threeDigits(figures.interrupts) },
  { heading: 'bells', gives: 6, cell: ({ figures }) => threeDigits(figures.doorbells) },
];

/** @param width of a line at most. */
export function compareText(
  title: string,
  results: readonly ArmResult[],
  width: number,
  bold: Colour,
): string {
  const lines = [
    title,
    '',
    ...alignedLines(fitting(COLUMNS, results, width), results, bold),
    '',
    ...results.map(({ arm }) => `${arm.name}: ${arm.what}`),
    'host/op, IOP/op: processor time of all hosts, and of all cards, for an operation. ops/CPU s: operations',
    'for each second of both together. copies: by a processor; DMA: requests of a device.',
    'binds: what is busy nearly all the time; with latency, operations wait and no part is full.',
    'bus: bytes between hosts and cards: payload, headers, descriptors or messages, and completions.',
    '',
    ...verdict(results),
  ];
  return `${lines.join('\n')}\n`;
}

function usText(us: number | null): string {
  if (us === null) return '-';
  return us === 0 ? '0' : durationText(us * 1000);
}

function bytesText(bytes: number): string {
  const text = withPrefix(bytes);
  return text.includes(' ') ? `${text}B` : `${text} B`;
}

/** What holds the others up, and how busy it is; else that all wait for latencies. */
export function bindingText(use: Use): string {
  const part = binding(use);
  return part === undefined ? 'latency' : `${part} ${Math.round(100 * use[part])} %`;
}

/** A dash where no work costs anything. */
function countText(value: number): string {
  return Number.isFinite(value) ? withPrefix(value) : '-';
}

/** In words: what a card gains that does some or all of it over the best of the hosts, and what it loses. */
function verdict(results: readonly ArmResult[]): string[] {
  const offloads = ({ arm }: ArmResult): boolean => !arm.onHost || arm.window === true;
  const cards = results.filter(offloads);
  const hosts = results.filter((result) => !offloads(result));
  const best = [...hosts].sort((a, b) => b.figures.ratePerS - a.figures.ratePerS)[0];
  if (best === undefined) return [];
  return cards.flatMap((card) => {
    const against = `${card.arm.name} against ${best.arm.name}`;
    return [
      compared(`${against}, rate`, card.figures.ratePerS, best.figures.ratePerS),
      compared(`${against}, the host's processor`, best.figures.hostUs, card.figures.hostUs, 'busy'),
      compared(
        `${against}, operations for a second of all processors`,
        card.figures.perProcessorS,
        best.figures.perProcessorS,
      ),
    ];
  });
}

function compared(what: string, card: number, host: number, kind: 'more' | 'busy' = 'more'): string {
  const ratio = card / host;
  if (!Number.isFinite(ratio)) return `${what}: not to be compared, since work costs nothing`;
  if (Math.abs(ratio - 1) <= ALIKE) return `${what}: alike`;
  if (kind === 'busy') {
    return ratio > 1
      ? `${what}: offload wins, ${threeDigits(ratio)} times less of it`
      : `${what}: offload loses, ${threeDigits(1 / ratio)} times more of it`;
  }
  return ratio > 1
    ? `${what}: offload wins, ${threeDigits(ratio)} times as many`
    : `${what}: offload loses, ${threeDigits(ratio)} of it`;
}
