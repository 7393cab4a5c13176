/** A run of the bench: its words, its table, and what its charts are made of. */
import type { Comparison, Report, Result } from '../../record/result.ts';
import { sideName } from '../../record/row.ts';
import type { Spread } from '../../record/statistics.ts';
import { groupSums, small } from '../ledger-lines.ts';
import type { BenchData, BenchLatency, BenchRatio } from '../page/data.ts';
import { intervalText, valueInIntervalText } from '../quantity.ts';
import { rowText } from '../row-words.ts';
import { escaped, table } from '../spec-html-parts.ts';
import { durationText, rateText } from '../units.ts';
import { chartsPlace, type PagePart } from './page.ts';
import { factsHtml } from './sweep-html.ts';

/** With the load it was measured under, busy processes beside it too: two rows never have one name. */
function rowName(row: Pick<Comparison, 'test' | 'api' | 'params'>): string {
  return rowText(row, row.params);
}

export function benchData(title: string, report: Report): BenchData {
  return {
    kind: 'bench',
    title,
    ratios: report.comparisons.flatMap((comparison) => [
      ...ratioOf(comparison, 'rate'),
      ...ratioOf(comparison, 'allCpu'),
      ...ratioOf(comparison, 'hostCpu'),
    ]),
    latencies: report.results.flatMap(latencyOf),
  };
}

const MEASURES = {
  rate: 'rates',
  allCpu: 'processor time of all threads',
  hostCpu: "processor time of the program's thread",
} as const;

/** Of results from before all threads were counted there is no such ratio. */
function ratioOf(comparison: Comparison, key: keyof typeof MEASURES): BenchRatio[] {
  const spread = comparison[key] ?? null;
  if (spread === null || !(spread.min > 0)) return [];
  const pair = pairOf(comparison);
  const measure = MEASURES[key];
  const { median, min, max } = spread;
  return [{ row: rowName(comparison), pair, measure, median, min, max }];
}

function latencyOf(result: Result): BenchLatency[] {
  const { latencyUs } = result;
  if (latencyUs === null) return [];
  return [{ row: rowName(result), side: sideName(result), p50Us: latencyUs.p50, p99Us: latencyUs.p99 }];
}

export function benchPart(title: string, file: string, report: Report, part: number): PagePart {
  const { manifest } = report;
  const { repeats, workload } = manifest;
  const body = [
    `<p class="origin"><code>${escaped(file)}</code>: medians of ${repeats} run${repeats === 1 ? '' : 's'} of
${workload.durationSeconds} s, all sides in turns, in real time</p>`,
    answerHtml(report),
    chartsPlace(part),
    '<h3>All results</h3>',
    resultTable(report.results),
    '<h3>What one operation cost on the card, by its ledger</h3>',
    ledgerTable(report.results),
    failures(report),
    factsHtml(factsOf(report), workload),
  ].join('\n');
  return { title, short: shortAnswer(report), body };
}

function ratedOf({ comparisons }: Report): Comparison[] {
  return comparisons.filter(({ rate }) => rate !== null);
}

const BESIDE = ' / ';

function pairOf({ side, baseline }: Comparison): string {
  return `${sideName(side)}${BESIDE}${sideName(baseline)}`;
}

function pairsOf(comparisons: readonly Comparison[]): string[] {
  return [...new Set(comparisons.map(pairOf))];
}

function shortAnswer(report: Report): string {
  const rated = ratedOf(report);
  if (rated.length === 0) {
    const texts = report.results.slice(0, 6).map((result) => `${rowName(result)}: ${rateOf(result)}`);
    return texts.join('; ');
  }
  const pairs = pairsOf(rated);
  const texts = pairs.map((pair) => {
    const those = rated.filter((comparison) => pairOf(comparison) === pair);
    const faster = those.filter(({ rate }) => rate !== null && rate.median >= 1).length;
    const [own, other] = pair.split(BESIDE);
    const rows = `${those.length} row${those.length === 1 ? '' : 's'}`;
    return `${own} is faster than ${other} in ${faster} of ${rows}`;
  });
  return `${texts.join('; ')}.`;
}

/** Each ratio of rates in words. */
function answerHtml(report: Report): string {
  const rated = ratedOf(report);
  if (rated.length === 0) return answer('How fast is it?', shortAnswer(report), []);
  const [{ side, baseline }] = rated;
  const lines = rated.map((comparison) => {
    const { rate } = comparison;
    const spread = rate === null ? '' : ratioText(rate);
    const [own, other] = [sideName(comparison.side), sideName(comparison.baseline)];
    return `${rowName(comparison)}: ${own} at ${spread} the rate of ${other}`;
  });
  const question =
    pairsOf(rated).length === 1
      ? `What does ${sideName(side)} cost against ${sideName(baseline)}?`
      : 'How does each side compare?';
  return answer(question, shortAnswer(report), lines);
}

function ratioText({ median, min, max }: Spread): string {
  return valueInIntervalText(median, min, max, 'x').replaceAll(' times', '×');
}

function answer(question: string, short: string, lines: readonly string[]): string {
  const items =
    lines.length === 0 ? '' : `<ul>${lines.map((line) => `<li>${escaped(line)}</li>`).join('')}</ul>`;
  return `<div class="answer"><p class="question">${escaped(question)}</p>
<p class="short">${escaped(short)}</p>${items}</div>`;
}

function rateOf({ rate }: Result): string {
  return rateText(rate.value, rate.unit);
}

function resultTable(results: readonly Result[]): string {
  return table(
    ['row', 'side', 'rate', 'lowest to highest', 'p50', 'p99', 'CPU/op', 'program', 'ledger'],
    results.map((result) => {
      const { rate, latencyUs, cpu, ledger } = result;
      const known = (ns: number | null | undefined): string =>
        ns === null || ns === undefined ? '–' : durationText(ns);
      const latency = (us: number | undefined): string => known(us === undefined ? us : us * 1e3);
      return [
        rowName(result),
        sideName(result),
        rateOf(result),
        intervalText(rate.min, rate.max, rate.unit === 'B/s' ? 'B/s' : '/s'),
        latency(latencyUs?.p50),
        latency(latencyUs?.p99),
        known(cpu.allNsPerOp),
        known(cpu.hostNsPerOp),
        ledger === null ? '–' : ledger.balanced ? 'balanced' : 'does not balance',
      ].map(escaped);
    }),
  );
}

function ledgerTable(results: readonly Result[]): string {
  const rows = results.flatMap((result) => {
    const { ledger } = result;
    if (ledger === null) return [];
    const counters = ledger.perTransaction;
    const one = (name: string): string => small(counters[name] ?? 0);
    const copies = groupSums(counters, 'copy');
    return [
      [
        rowName(result),
        sideName(result),
        small(copies.times),
        `${copies.bytes.toFixed(0)} B`,
        small(groupSums(counters, 'dma').times),
        ...['doorbells', 'interrupts', 'inboundPosted', 'outboundPosted'].map(one),
      ].map(escaped),
    ];
  });
  if (rows.length === 0) return '<p>No side of this run has a ledger.</p>';
  const counts = [
    'copies',
    'bytes copied',
    'DMA requests',
    'doorbells',
    'interrupts',
    'frames in',
    'frames out',
  ];
  return table(['row', 'side', ...counts], rows);
}

function failures({ failures: failed, notes }: Report): string {
  const lines = failed.map((failure) => `${rowName(failure)}, ${sideName(failure.side)}: ${failure.error}`);
  return `${listed('What was not measured', lines, 'failed')}${listed('Notes', notes, 'note')}`;
}

function listed(title: string, lines: readonly string[], kind: string): string {
  if (lines.length === 0) return '';
  const items = lines.map((line) => `<li class="${kind}">${escaped(line)}</li>`);
  return `<h3>${title}</h3><ul class="failures">${items.join('')}</ul>`;
}

function factsOf({ manifest }: Report): string[][] {
  const { versions, machine, interval, commandLine, seed } = manifest;
  return [
    ['command', commandLine.join(' ')],
    ['from', interval.start],
    ['to', interval.end],
    ['versions', `inic ${versions.inic}, Node ${versions.node}, ${versions.system}`],
    [
      'machine',
      `${machine.processor}, ${machine.cores} cores, load ${machine.loadAverageAtStart} at the start`,
    ],
    ['seed', String(seed ?? 'none')],
  ];
}
