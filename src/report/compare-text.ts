/** What systems come to, side by side, and in words what offload gains and loses. */
import { busBytes } from '../compare/bus-use.ts';
import type { ArmFigures, ArmResult } from '../compare/compare.ts';
import { binding, type Use } from '../compare/use.ts';
import { type Datagrams, lostPercent } from '../sweep/datagrams.ts';
import { alignedLines, type Colour, type Column, fitting, wrapped } from './columns.ts';
import { enumerated } from './enumerated.ts';
import { lossText } from './loss-text.ts';
import { durationText, rateText, threeDigits, withPrefix } from './units.ts';

/** Rates nearer to each other than this are called alike. */
const ALIKE = 0.02;
/** The host whose device is the one that messages reach. */
const LAN_LIKE = 'host+checksum';

const SYSTEM: Column<ArmResult> = { heading: 'system', left: true, cell: ({ arm }) => arm.name };
const RATE: Column<ArmResult> = { heading: 'rate', cell: ({ figures }) => rateText(figures.ratePerS, '/s') };
const PAYLOAD = ({ figures }: ArmResult): string => rateText(figures.bytesPerS, 'B/s');

/** What one operation of a workload is, where all are the same. */
export type Operation = 'request' | 'connection' | 'write' | 'datagram' | undefined;

/** What a workload's rate is: bytes of a stream, whose writes a buffer takes before they go; else operations. */
export function rateOf({ ratePerS, bytesPerS }: ArmFigures, operation: Operation): number {
  return operation === 'write' ? bytesPerS : ratePerS;
}

/** The rate in the unit of the workload: bytes of a stream, and of datagrams what was sent and what came. */
function ratesOf(operation: Operation, results: readonly ArmResult[]): Column<ArmResult>[] {
  if (operation === 'write') return [{ heading: 'rate', cell: PAYLOAD }];
  const lost: Column<ArmResult> = { heading: 'lost', cell: ({ figures }) => lostText(figures.datagrams) };
  const payload: Column<ArmResult> = { heading: 'payload', gives: 4, cell: PAYLOAD };
  if (operation === 'datagram') {
    const sent = ({ figures }: ArmResult): string => rateText(figures.datagrams?.sentPerS ?? 0, '/s');
    return [
      { heading: 'sent', cell: sent },
      { ...RATE, heading: 'arrived' },
      lost,
      { heading: 'payload', cell: PAYLOAD },
    ];
  }
  const mayLose = results.some(({ figures }) => figures.datagrams !== undefined);
  return mayLose ? [RATE, lost, payload] : [RATE, payload];
}

function lostText(datagrams: Datagrams | undefined): string {
  if (datagrams === undefined) return '-';
  return datagrams.lost === 0 ? '0' : `${threeDigits(lostPercent(datagrams))} %`;
}

const COLUMNS: readonly Column<ArmResult>[] = [
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

/**
 * @param leftOut a line for each system that the world cannot have. @param width of a line at most.
 * @param operation of the workload.
 */
export function compareText(
  title: string,
  results: readonly ArmResult[],
  leftOut: readonly string[],
  width: number,
  bold: Colour,
  operation?: Operation,
): string {
  const columns = [SYSTEM, ...ratesOf(operation, results), ...COLUMNS];
  const words = (...lines: readonly string[]): string[] =>
    lines.flatMap((line) => wrapped(line, width, '  '));
  const parts = [
    [title],
    alignedLines(fitting(columns, results, width), results, bold),
    words(
      ...results.flatMap((result) => offloadLines(result)),
      ...results.flatMap(({ arm, figures }) => lossLines(arm.name, figures.datagrams)),
      ...unmetLines(results),
      ...leftOut.map((line) => `left out: ${line}`),
    ),
    verdict(results, bold, operation),
    words(...results.map(({ arm }) => `${arm.name}: ${arm.what}`)),
    words(
      'host/op, IOP/op: processor time of all hosts, and of all cards, for an operation. ops/CPU s: ' +
        'operations for each second of both together. copies: by a processor; DMA: requests of a device.',
      'binds: what is busy nearly all the time; with latency, operations wait and no part is full.',
      ...rateWords(operation),
      'bus: bytes between hosts and cards: payload, headers, descriptors or messages, and completions.',
    ),
  ];
  const shown = parts.filter((lines) => lines.length > 0);
  return `${shown.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** Where the connections of each host went. */
function offloadLines({ arm, offloads }: ArmResult): string[] {
  return offloads.map(({ host, offloaded, own, refusals }) => {
    const reasons = Object.entries(refusals).map(([reason, times]) => `${times} ${reason}`);
    const refused = Object.values(refusals).reduce((sum, times) => sum + times, 0);
    const why = [...reasons, ...(own > refused ? [`${own - refused} by policy`] : [])];
    if (offloaded + own === 0)
      return `${arm.name}, at ${host}: no connections, and datagrams are its own stack's`;
    const fell = own === 0 ? 'none fell to its own stack' : `${own} fell to its own stack`;
    const because = why.length === 0 ? '' : ` (${why.join(', ')})`;
    const went = `${offloaded} ${offloaded === 1 ? 'connection' : 'connections'} offloaded`;
    return `${arm.name}, at ${host}: ${went}, ${fell}${because}`;
  });
}

/** Which systems a link's time without a carrier has done nothing to, as they were done before it. */
function unmetLines(results: readonly ArmResult[]): string[] {
  const all = results.flatMap(({ arm, unmet }) =>
    unmet.map(({ link, atNs }) => ({ system: arm.name, time: `${link} goes down at ${durationText(atNs)}` })),
  );
  return [...new Set(all.map(({ time }) => time))].map((wanted) => {
    const systems = all.flatMap(({ system, time }) => (time === wanted ? [system] : []));
    return `${wanted}: by then the operations were done under ${enumerated(systems)}`;
  });
}

/** Where a system has lost datagrams, in frames or datagrams by name; nothing where it has lost none. */
function lossLines(name: string, datagrams: Datagrams | undefined): string[] {
  if (datagrams === undefined || datagrams.lost === 0) return [];
  return [`${name} lost ${lossText(datagrams)}`];
}

function rateWords(operation: Operation): string[] {
  if (operation === 'write') return ['rate: payload that programs were given; an operation is a write.'];
  if (operation === 'datagram')
    return [
      'sent, arrived: datagrams a second; an operation is one that has arrived. What is sent beyond what ' +
        'arrives and is lost waits in queues, and comes later.',
    ];
  return [];
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

/** A system against another, each figure so many times as good. */
interface Against {
  readonly name: string;
  readonly other: string;
  readonly rate: string;
  readonly host: string;
  readonly all: string;
}

const VERDICT: readonly Column<Against>[] = [
  { heading: 'against each other', left: true, cell: ({ name, other }) => `${name} against ${other}` },
  { heading: 'rate', left: true, cell: ({ rate }) => rate },
  { heading: "host's processor", left: true, cell: ({ host }) => host },
  { heading: 'ops/CPU s', left: true, cell: ({ all }) => all },
];

/**
 * Where a card pays that does some or all of TCP/IP, against the quickest of the hosts, and where it loses;
 * and what messages cost a plain card, against the same card without them.
 */
function verdict(results: readonly ArmResult[], bold: Colour, operation: Operation): string[] {
  const rate = ({ figures }: ArmResult): number => rateOf(figures, operation);
  const hosts = results.filter(({ arm }) => arm.onHost && arm.window !== true && arm.lan !== true);
  const best = [...hosts].sort((a, b) => rate(b) - rate(a))[0];
  const rows = results.flatMap((result): Against[] => {
    if (hosts.includes(result)) return [];
    const like = hosts.find(({ arm }) => arm.name === LAN_LIKE);
    const other = result.arm.lan === true ? like : best;
    return other === undefined ? [] : [against(result, other, operation)];
  });
  if (rows.length === 0) return [];
  return [
    ...alignedLines(VERDICT, rows, bold),
    'wins 2.00: twice as good, be it twice the rate or half of the processor; loses 0.50: half as good.',
  ];
}

function against({ arm, figures }: ArmResult, other: ArmResult, operation: Operation): Against {
  return {
    name: arm.name,
    other: other.arm.name,
    rate: wonText(rateOf(figures, operation), rateOf(other.figures, operation)),
    host: wonText(other.figures.hostUs, figures.hostUs),
    all: wonText(figures.perProcessorS, other.figures.perProcessorS),
  };
}

/** Of two figures, of which more is better: how the first does against the second. */
function wonText(one: number, other: number): string {
  const ratio = one / other;
  // Where work costs nothing.
  if (!Number.isFinite(ratio) || ratio === 0) return '-';
  if (Math.abs(ratio - 1) <= ALIKE) return 'alike';
  return `${ratio > 1 ? 'wins' : 'loses'} ${threeDigits(ratio)}`;
}
