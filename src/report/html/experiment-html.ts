/** The page of one experiment: its verdicts, its pictures, its figures, and what was assumed. */
import type { FindingsTable } from '../../experiment/claims/experiment.ts';
import { type JudgedClaim, verdictText } from '../../experiment/claims/judge.ts';
import type { ExperimentResult } from '../../experiment/run.ts';
import { type MachineFacts, packageVersion } from '../../record/manifest.ts';
import { boundText, cellText, effectText, sizeText } from '../experiment-text.ts';
import type { ExperimentData } from '../page/data.ts';
import { escaped, table } from '../spec-html-parts.ts';
import { chartsPlace, pageHtml } from './page.ts';
import { factsHtml } from './sweep-html.ts';

export function experimentHtml(result: ExperimentResult, facts: MachineFacts): string {
  const { title, question, claims, tables, excerpts = [], assumed, open, charts } = result;
  const body = [
    `<div class="answer"><p class="question">${escaped(question)}</p>
<ul class="claims">${claims.map(shortClaim).join('\n')}</ul></div>`,
    chartsPlace(0),
    '<h3>The claims, and the figures behind each</h3>',
    claimTable(claims),
    ...tables.map(findingsTable),
    ...excerpts.map(
      ({ title: of, text }) => `<h3>${escaped(of)}</h3>
<pre><code>${escaped(text)}</code></pre>`,
    ),
    sentences('What was assumed', assumed),
    sentences('What such a model cannot decide', open),
    factsHtml(factsOf(result, facts), result.settings),
  ].join('\n');
  const data: ExperimentData = { kind: 'experiment', title, charts };
  return pageHtml({
    title,
    version: packageVersion(),
    parts: [{ title, short: question, body }],
    data: { sections: [data] },
  });
}

function shortClaim({ statement, verdict }: JudgedClaim): string {
  const word = `<strong class="verdict ${verdict.kind}">${escaped(verdictText(verdict))}</strong>`;
  return `<li>${word} ${escaped(statement)}</li>`;
}

function claimTable(claims: readonly JudgedClaim[]): string {
  const rows = claims.map(({ statement, source, verdict, effect, bound, without, under = [] }) => {
    const figures = [
      effectText(effect),
      ...(without === undefined ? [] : [`without ${without.cause}: ${sizeText(without.effect)}`]),
      ...under.map(({ condition, effect: there }) => `with ${condition}: ${sizeText(there)}`),
    ];
    return [
      `${escaped(statement)}<br><span class="origin">${escaped(source)}</span>`,
      `${escaped(verdictText(verdict))}<br><span class="origin">${escaped(verdict.why)}</span>`,
      figures.map(escaped).join('<br>'),
      escaped(boundText(bound, effect.unit)),
    ];
  });
  return table(['claim', 'verdict', 'measured', 'it holds'], rows).replaceAll('<td>', '<td class="text">');
}

function findingsTable({ title, caption = '', columns, rows }: FindingsTable): string {
  const cells = rows.map((row) => row.map((cell, i) => escaped(cellText(cell, columns[i].unit))));
  return `<h3>${escaped(title)}</h3><p class="caption">${escaped(caption)}</p>
${table(
  columns.map(({ heading }) => escaped(heading)),
  cells,
)}`;
}

function sentences(title: string, list: readonly string[]): string {
  if (list.length === 0) return '';
  return `<h3>${title}</h3><ul>${list.map((sentence) => `<li>${escaped(sentence)}</li>`).join('\n')}</ul>`;
}

function factsOf({ name }: ExperimentResult, { commandLine, versions }: MachineFacts): string[][] {
  return [
    ['experiment', name],
    ['command', commandLine.join(' ')],
    ['versions', `inic ${versions.inic}, Node ${versions.node}, ${versions.system}`],
    ['intervals', "95 % confidence over the seeds, by Student's t"],
    ['time', 'virtual: the same settings find the same on any machine'],
  ];
}
