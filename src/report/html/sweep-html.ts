/** The words of a sweep's part of the page: question and answer, failures, and how it was measured. */
import type { SweepResults } from '../../sweep/results.ts';
import { escaped } from '../spec-html-parts.ts';
import { chartsPlace, type PagePart } from './page.ts';
import type { Answer } from './sweep-words.ts';

/** More are shown when they are asked for. */
const KNEES_OPEN = 6;
/** Further ones are in the table of points. */
const FAILURES_MAX = 100;

export interface SweepPartOptions {
  readonly file: string;
  readonly title: string;
  readonly part: number;
  /** Why there is no series over time; empty: there is one, or nobody wants it. */
  readonly seriesNote: string;
}

export function sweepPart(results: SweepResults, answer: Answer, options: SweepPartOptions): PagePart {
  const body = [
    originLine(results, options.file),
    answerHtml(answer),
    chartsPlace(options.part),
    options.seriesNote === '' ? '' : `<p class="caption">${escaped(options.seriesNote)}</p>`,
    failureList(results),
    howMeasured(results),
  ].join('\n');
  return { title: options.title, short: answer.short, body };
}

function originLine({ head, points }: SweepResults, file: string): string {
  const { plan } = head;
  const seeds = plan.seeds.length;
  const operations = plan.operations.toLocaleString('en-US');
  return [
    `<p class="origin"><code>${escaped(file)}</code>:`,
    `${points.length} of ${head.points} points in virtual time,`,
    `costs of <code>${escaped(plan.costs)}</code>,`,
    `${operations} operations each, ${seeds} seed${seeds === 1 ? '' : 's'}</p>`,
  ].join('\n');
}

function answerHtml({ question, short, details, kneeHead, kneeRows }: Answer): string {
  const cells = (tag: string, row: readonly string[]): string =>
    `<tr>${row.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  const rows = kneeRows.map((row) => cells('td', row)).join('\n');
  const knees = `<div class="wide"><table><thead>${cells('th', kneeHead)}</thead><tbody>
${rows}
</tbody></table></div>`;
  const folded = `<details><summary>The knees</summary>${knees}</details>`;
  const table = kneeRows.length === 0 ? '' : kneeRows.length > KNEES_OPEN ? folded : knees;
  return `<div class="answer">
<p class="question">${escaped(question)}</p>
<p class="short">${escaped(short)}</p>
${details.map((line) => `<p>${escaped(line)}</p>`).join('\n')}
${table}</div>`;
}

function failureList({ points }: SweepResults): string {
  const failed = points.flatMap((point) => (point.ok ? [] : [point]));
  if (failed.length === 0) return '';
  const items = failed.slice(0, FAILURES_MAX).map(({ point, settings, error }) => {
    const where = Object.entries(settings).map(([path, value]) => `${path}=${value}`);
    const what = `<span class="failed">${escaped(error)}</span>`;
    return `<li>point ${point} (${escaped(where.join(', '))}): ${what}</li>`;
  });
  const more = failed.length > FAILURES_MAX ? `<p>and ${failed.length - FAILURES_MAX} more</p>` : '';
  return `<details class="failures" open><summary>${failed.length} of ${points.length} points failed</summary>
<ul>
${items.join('\n')}
</ul>${more}</details>`;
}

function howMeasured({ head }: SweepResults): string {
  const { manifest, plan } = head;
  const { versions, machine } = manifest;
  const facts = [
    ['command', manifest.commandLine.join(' ')],
    ['began', manifest.start],
    ['versions', `inic ${versions.inic}, Node ${versions.node}, ${versions.system}`],
    ['machine', `${machine.processor}, ${machine.cores} cores`],
    ['spread', `over ${manifest.workers} workers by ${manifest.engine ?? 'piscina'}`],
    ['warm-up', `${plan.warmup} operations of each point, not measured`],
    ['limit', `${plan.limitNs / 1e9} s of virtual time for a point`],
    ['seeds', plan.seeds.join(', ')],
    ['knee', 'the smallest value that reaches 95 % of the best mean rate along its setting'],
    ['intervals', "95 % confidence over the seeds, by Student's t"],
  ];
  return factsHtml(facts, plan);
}

/** What a reader needs to measure again. @param plan shown as JSON, which is YAML too. */
export function factsHtml(facts: readonly (readonly string[])[], plan: unknown): string {
  const rows = facts.map(([name, text]) => `<div><dt>${escaped(name)}</dt><dd>${escaped(text)}</dd></div>`);
  return `<details class="facts"><summary>How it was measured</summary>
<dl>
${rows.join('\n')}
</dl>
<pre><code>${escaped(JSON.stringify(plan, null, 2))}</code></pre>
</details>`;
}
