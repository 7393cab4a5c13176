/** Advice on sizes in words: a table of the answer beside its neighbours, and what of them binds next. */

import type { Advice, Answer, Judged } from '../advise/advise.ts';
import type { Clause, Metric } from '../advise/target.ts';
import type { Held, Verdict } from '../advise/verdict.ts';
import type { Settings } from '../sweep/settings.ts';
import { enumerated } from './enumerated.ts';
import { aligned, costsOf, number } from './sweep-table.ts';

const LABEL_WIDTH = 8;
/** More pools or points than this are not named in one sentence. */
const NAMED_MAX = 3;

export function adviceText(advice: Advice): string {
  const { plan, targets, answers, points, gridPoints } = advice;
  const lines = [
    `${plan.title}: the smallest pools for ${targets.join(' and ')}`,
    `${points} of ${gridPoints} points measured, costs ${costsOf(plan)}, ` +
      `${plan.operations} operations each, ${plan.seeds.length} seed${plan.seeds.length === 1 ? '' : 's'}`,
    ...answers.flatMap((answer) => ['', ...answerLines(answer, advice)]),
    '',
    confidenceText(advice),
  ];
  return `${lines.join('\n')}\n`;
}

function answerLines(answer: Answer, advice: Advice): string[] {
  const { others, smallest, nearest, best, better, binds, atLargest, dips, warnings } = answer;
  const neighbours = binds.flatMap(({ smaller }) => smaller ?? []);
  const rows: [string, Judged | undefined][] = [
    ['smallest', smallest],
    ['nearest', nearest],
    ...neighbours.map((smaller): [string, Judged] => ['one less', smaller]),
    // It need not be said twice.
    ['largest', advice.searched.length === atLargest.length ? undefined : best],
  ];
  const clauses = columnsOf(advice, best);
  const shown = rows.flatMap(([label, judged]) => (judged === undefined ? [] : [{ label, judged }]));
  const table = [
    ['', ...advice.searched, 'memory of a card', ...clauses.map(heading), ''],
    ...shown.map(({ label, judged }) => rowOf(label, judged, advice.searched, clauses.length)),
  ];
  return [
    ...(Object.keys(others).length === 0 ? [] : [`With ${settingsText(others)}:`, '']),
    ...aligned(table),
    '',
    ...(smallest === undefined ? noAnswer(answer) : bindLines(answer)),
    ...dips.slice(0, NAMED_MAX).map(dipText),
    ...(better === undefined ? [] : [betterText(better, best)]),
    ...warnings.map(({ cards, text }) => `${enumerated(cards)} will warn at the start: ${text}`),
  ];
}

/** Memory has a column of its own. */
function columnsOf(advice: Advice, best: Judged): readonly Clause[] {
  const known = [best, ...advice.answers.flatMap(({ smallest, nearest }) => smallest ?? nearest ?? [])];
  const { held } = known.find(({ verdict }) => verdict.held.length > 0)?.verdict ?? { held: [] };
  return held.map(({ clause }) => clause).filter(({ metric }) => metric !== 'memory');
}

function rowOf(label: string, judged: Judged, searched: readonly string[], columns: number): string[] {
  const { sizes, memory, verdict } = judged;
  const cells = verdict.held.filter(({ clause }) => clause.metric !== 'memory').map(cellText);
  return [
    label.padEnd(LABEL_WIDTH),
    ...searched.map((path) => String(sizes[path])),
    memoryText(Math.max(...memory.map(({ bytes }) => bytes))),
    ...(cells.length === columns ? cells : Array.from({ length: columns }, () => '-')),
    outcome(verdict),
  ];
}

function outcome({ meets, error, held }: Verdict): string {
  if (meets) return 'meets it';
  if (error !== undefined) return `failed: ${error}`;
  return held.every(({ meets: one, open }) => one || open) ? 'is not sure to' : 'does not';
}

const HEADINGS: Readonly<Record<Metric, string>> = {
  p50: 'p50 µs',
  p90: 'p90 µs',
  p99: 'p99 µs',
  p999: 'p999 µs',
  max: 'max µs',
  mean: 'mean µs',
  rate: 'operations/s',
  throughput: 'Mbit/s',
  stalls: 'time dry',
  memory: 'memory',
};

function heading({ metric, ofBest }: Clause): string {
  return ofBest ? `${HEADINGS[metric]} (of best)` : HEADINGS[metric];
}

/** The mean, and in parentheses what was held against the bound. */
function cellText({ clause, mean, compared }: Held): string {
  const own = figure(clause, mean);
  const bound = clause.below ? compared.high : compared.low;
  if (!clause.ofBest && bound === mean) return own;
  const sign = bound === compared.mean ? '' : clause.below ? '≤ ' : '≥ ';
  return `${own} (${sign}${clause.ofBest ? ratioText(clause, bound) : figure(clause, bound)})`;
}

function figure({ metric }: Clause, value: number): string {
  if (metric === 'stalls') return `${number(100 * value, 1)} %`;
  return number(value, metric === 'rate' ? 0 : 1);
}

function ratioText({ below }: Clause, ratio: number): string {
  return below ? `${number(ratio, 3)}x` : `${number(100 * ratio, 1)} %`;
}

function memoryText(bytes: number): string {
  return `${number(bytes / (1 << 20), 2)} MiB`;
}

function settingsText(settings: Settings): string {
  return Object.entries(settings)
    .map(([path, value]) => `${path}=${value}`)
    .join(', ');
}

function bindLines({ binds, atLargest }: Answer): string[] {
  const smaller = binds.flatMap(({ path, smaller: judged }) =>
    judged === undefined ? [] : [{ path, judged }],
  );
  const lines = smaller.map(({ path, judged }, i) => {
    const at = `${path}=${judged.sizes[path]}`;
    const begin = i === 0 ? `${path} binds next: with` : 'With';
    return `${begin} ${at} ${missedText(judged.verdict)}.${dryText(judged)}`;
  });
  const least = binds.filter(({ smaller: judged }) => judged === undefined).map(({ path }) => path);
  if (least.length > 0) lines.push(`The smallest value tried of ${enumerated(least)} is enough.`);
  if (atLargest.length > 0) {
    lines.push(`The largest value tried of ${enumerated(atLargest)} is needed: larger ones may do better.`);
  }
  return lines;
}

function missedText({ error, held, missedBy }: Verdict): string {
  if (error !== undefined) return `a seed fails (${error})`;
  const worst = held.find((one) => one.missedBy === missedBy);
  if (worst === undefined) return 'the target is missed';
  const { clause, open } = worst;
  const what = `${clause.text} is missed`;
  if (open) return `${what} by too little to be sure that it is`;
  return missedBy < 10 ? `${what} by ${percent(missedBy)}` : `${what} ${number(missedBy + 1, 0)} times over`;
}

/** Never 0 %. */
function percent(share: number): string {
  return `${number(100 * share, share < 0.1 ? 1 : 0).replace(/^0\.0$/, 'less than 0.1')} %`;
}

function dryText({ dry }: Judged): string {
  if (dry.length === 0) return '';
  const pools = dry.slice(0, NAMED_MAX).map(({ pool, episodes, share }) => {
    const times = `${number(episodes, 0)} time${Math.round(episodes) === 1 ? '' : 's'}`;
    return `${pool} ${times} (${percent(share)} of the time)`;
  });
  return ` Dry: ${pools.join(', ')}.`;
}

function noAnswer({ best, nearest, withMoreMemory }: Answer): string[] {
  const lines = ['No sizes of the plan meet the target.'];
  if (best.verdict.error !== undefined) {
    lines.push(`The largest of all fail, so there is no best: ${best.verdict.error}`);
  }
  if (nearest !== undefined) {
    lines.push(`Nearest: ${settingsText(nearest.sizes)}, where ${missedText(nearest.verdict)}.`);
  }
  if (withMoreMemory !== undefined) {
    const bytes = Math.max(...withMoreMemory.memory.map((use) => use.bytes));
    lines.push(`With ${memoryText(bytes)}, ${settingsText(withMoreMemory.sizes)} would do.`);
  }
  return lines;
}

function dipText({ sizes, verdict }: Judged): string {
  return `Larger is not always better: with ${settingsText(sizes)} ${missedText(verdict)}.`;
}

/** The best is by definition the largest; that it is not is to be seen. */
function betterText({ sizes, verdict }: Judged, best: Judged): string {
  const [{ clause, mean }] = verdict.held;
  const [{ mean: largest }] = best.verdict.held;
  const what = HEADINGS[clause.metric];
  return (
    `The largest are not the best: ${settingsText(sizes)} come to ${figure(clause, mean)} (${what}), ` +
    `the largest to ${figure(clause, largest)}.`
  );
}

function confidenceText({ plan, drawn }: Advice): string {
  const { seeds } = plan;
  if (drawn === undefined) return 'One seed does not tell how sure this is: "seeds" would, such as 1..5.';
  if (!drawn) return `The ${seeds.length} seeds change nothing: nothing in this world is drawn.`;
  return `≤, ≥ : the mean over the seeds is within this with 95 % confidence`;
}
