/** What an experiment has found, as text: its claims with their verdicts first, then the figures. */

import type { Effect } from '../experiment/claims/effect.ts';
import type { FindingsTable } from '../experiment/claims/experiment.ts';
import { type Bound, type JudgedClaim, verdictText } from '../experiment/claims/judge.ts';
import type { ExperimentResult } from '../experiment/run.ts';
import { alignedLines, type Colour, type Column, fitting, wrapped } from './columns.ts';
import { quantityText, valueInIntervalText } from './quantity.ts';

const INDENT = '    ';

export function experimentText(result: ExperimentResult, width: number, bold: Colour): string {
  const { title, question, claims, tables, excerpts = [], assumed, open } = result;
  const lines = [
    bold(title),
    ...wrapped(question, width),
    '',
    ...claims.flatMap((claim) => [...claimLines(claim, width, bold), '']),
    ...tables.flatMap((table) => [...tableLines(table, width, bold), '']),
    ...excerpts.flatMap(({ title: of, text }) => [bold(of), ...text.split('\n').map((line) => line), '']),
    ...listed('What was assumed:', assumed, width, bold),
    ...listed('What such a model cannot decide:', open, width, bold),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function claimLines(claim: JudgedClaim, width: number, bold: Colour): string[] {
  const { verdict, statement, source, effect, bound, without, under = [] } = claim;
  const why = verdict.why === '' ? '' : `, ${verdict.why}`;
  return [
    ...wrapped(`${bold(verdictText(verdict).toUpperCase())}: ${statement}`, width, INDENT),
    ...wrapped(`${INDENT}(${source})${why}`, width, INDENT),
    ...wrapped(
      `${INDENT}${effectText(effect)}; it holds ${boundText(bound, effect.unit)}`,
      width,
      `${INDENT}  `,
    ),
    ...(without === undefined
      ? []
      : wrapped(`${INDENT}without ${without.cause}: ${sizeText(without.effect)}`, width, `${INDENT}  `)),
    ...under.flatMap(({ condition, effect: there }) =>
      wrapped(`${INDENT}with ${condition}: ${sizeText(there)}`, width, `${INDENT}  `),
    ),
  ];
}

/** Such as `rate lost by it: 12.0 % (10.1 to 13.9 %)`. */
export function effectText(effect: Effect): string {
  return `${effect.what}: ${sizeText(effect)}`;
}

/** The size alone, with its interval where chance has a part in it. */
export function sizeText({ unit, mean, low, high, count }: Effect): string {
  const text = quantityText(mean, unit);
  if (!Number.isFinite(low) || !Number.isFinite(high)) return `${text} (one seed: no interval)`;
  if (low === high) return count === 1 ? text : `${text} (by each of ${count} seeds)`;
  return valueInIntervalText(mean, low, high, unit);
}

export function boundText(bound: Bound, unit: string): string {
  return 'above' in bound
    ? `above ${quantityText(bound.above, unit)}`
    : `below ${quantityText(bound.below, unit)}`;
}

/** A cell of a table, by its column's unit. */
export function cellText(cell: string | number | null, unit = ''): string {
  return typeof cell === 'string' ? cell : quantityText(cell, unit);
}

function tableLines({ title, caption, columns, rows }: FindingsTable, width: number, bold: Colour): string[] {
  const shown = columns.map(({ heading, unit }, i): Column<FindingsTable['rows'][number]> => {
    const left = rows.every((row) => typeof row[i] === 'string');
    return { heading, left, cell: (row) => cellText(row[i], unit) };
  });
  return [
    bold(title),
    ...(caption === undefined ? [] : wrapped(caption, width)),
    ...alignedLines(fitting(shown, rows, width), rows, bold),
  ];
}

function listed(title: string, sentences: readonly string[], width: number, bold: Colour): string[] {
  if (sentences.length === 0) return [];
  return [bold(title), ...sentences.flatMap((sentence) => wrapped(`- ${sentence}`, width, '  ')), ''];
}
