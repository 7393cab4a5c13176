/** `inic report`: results of sweeps and of the bench as one page. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { listOf } from './numbers.ts';
import { addExamples } from './plan-options.ts';
import type { ReportFlags } from './report-action.ts';

export function addReport(program: Command): void {
  const command = program
    .command('report')
    .description('show results of sweeps and of the bench as one page')
    .argument('<results...>', 'files of sweep --out and bench --json; several are compared')
    .option('--out <file>', 'the page', 'report.html')
    .option(
      '--series <points>',
      'points whose pools are shown over time, such as 3,17 (default: some)',
      points,
    )
    .option('--no-series', 'measure no point again, and show no pools over time')
    .action(async (files: string[], flags: ReportFlags) => {
      const { report } = await import('./report-action.ts');
      report(files, flags);
    });
  addExamples(command, [
    ['inic report results.jsonl', 'writes report.html'],
    ['inic report before.jsonl after.jsonl --out both.html', 'compares two sweeps'],
  ]);
}

function points(text: string): number[] {
  return listOf((part) => {
    if (!/^\d+$/.test(part)) throw new InvalidArgumentError(`expected points such as 3,17, got "${text}".`);
    return Number(part);
  })(text);
}
