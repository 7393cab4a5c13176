/** The page of `inic conform`: passed, failed and not judged, by kind, message, form and clause. */
import type { Verdict } from '../../conform/link/case.ts';
import type { Conformed } from '../../conform/run/run.ts';
import { type MachineFacts, packageVersion } from '../../record/manifest.ts';
import { ruleWithId } from '../../spec/catalogue.ts';
import { clauseTallies, clauseTotals } from '../conform-clauses.ts';
import { brokenRules, countsOf, groupName, reasons, type Tally, tallies } from '../conform-text.ts';
import { escaped, table } from '../spec-html-parts.ts';
import { pageHtml } from './page.ts';

export function conformHtml(result: Conformed, { commandLine, versions }: MachineFacts): string {
  const { role, claims, verdicts } = result;
  const { passed, failed, notJudged } = countsOf(verdicts);
  const { kept, broken, notJudged: open } = clauseTotals(verdicts, role);
  const short = `${passed} passed, ${failed} failed, ${notJudged} not judged; ${kept} clauses kept, ${broken} broken, ${open} not judged`;
  const title = `Conformance of a ${role}`;
  const body = [
    `<div class="answer"><p>${short}.</p><p>It says that it supports: ${escaped(claims)}</p></div>`,
    tallyTable('Cases', tallies(verdicts, groupName)),
    failures(verdicts),
    rules(verdicts),
    notJudgedTable(verdicts),
    tallyTable(
      'Messages',
      tallies(verdicts, ({ message }) => message),
    ),
    tallyTable(
      'What was tried',
      tallies(verdicts, ({ form }) => form),
    ),
    clauseTable(result),
    `<p>Made by ${escaped(commandLine.join(' '))}, with inic ${versions.inic} and Node ${versions.node}.</p>`,
  ].join('\n');
  const parts = [{ title, short, body }];
  return pageHtml({ title, version: packageVersion(), parts, data: { sections: [] } });
}

function tallyTable(title: string, rows: readonly Tally[]): string {
  if (rows.length === 0) return '';
  const cells = rows.map(({ name, passed, failed, notJudged }) => [
    escaped(name),
    ...[passed, failed, notJudged].map(String),
  ]);
  return `<h3>${title}</h3>${table(['', 'passed', 'failed', 'not judged'], cells)}`;
}

function clauseTable({ verdicts, role }: Conformed): string {
  const cells = clauseTallies(verdicts, role).map(
    ({ clause, verdict, passed, failed, notJudged, reason }) => [
      `<span id="${clause.id}">${clause.id}</span>`,
      clause.level,
      verdict === 'broken' ? `<b>${verdict}</b>` : verdict,
      ...[passed, failed, notJudged].map(String),
      escaped(clause.text),
      escaped(reason),
    ],
  );
  const heads = [
    'clause',
    'level',
    'verdict',
    'passed',
    'failed',
    'not judged',
    'what it says',
    'why it was not judged',
  ];
  const last = /<td>([^<]*)<\/td><td>([^<]*)<\/td><\/tr>/g;
  return `<h3>Clauses</h3>${table(heads, cells).replaceAll(last, '<td class="text">$1</td><td class="text">$2</td></tr>')}`;
}

function failures(verdicts: readonly Verdict[]): string {
  const failed = verdicts.filter(({ outcome }) => outcome === 'failed');
  if (failed.length === 0) return '';
  const rows = failed.map(({ id, fault, findings }) => [
    escaped(id),
    escaped(fault ?? ''),
    findings.map(({ what }) => escaped(what)).join('<br>'),
  ]);
  const cells = table(['case', 'fault', 'what was found'], rows).replaceAll('<td>', '<td class="text">');
  return `<h3>Failed</h3>${cells}`;
}

function rules(verdicts: readonly Verdict[]): string {
  const rows = brokenRules(verdicts).map(([rule, cases]) => [
    escaped(rule),
    escaped(ruleWithId(rule)?.title ?? ''),
    escaped(ruleWithId(rule)?.doc ?? ''),
    String(cases),
  ]);
  if (rows.length === 0) return '';
  const cells = table(['rule', 'about', 'what it says', 'cases'], rows).replaceAll(
    '<td>',
    '<td class="text">',
  );
  return `<h3>Rules that were broken</h3>${cells}`;
}

function notJudgedTable(verdicts: readonly Verdict[]): string {
  const rows = reasons(verdicts).map(([reason, count]) => [escaped(reason), String(count)]);
  if (rows.length === 0) return '';
  const cells = table(['why', 'cases'], rows).replaceAll('<td>', '<td class="text">');
  return `<h3>Not judged</h3>${cells}`;
}
