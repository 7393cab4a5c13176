/** `inic advise`: the smallest pools that meet a target. */
import type { Command } from 'commander';
import type { AdviseFlags } from './advise-action.ts';
import { addEngineOptions } from './engine-flags.ts';
import { addExamples, addPlanOptions, collect } from './plan-options.ts';

export function addAdvise(program: Command): void {
  const command = program
    .command('advise')
    .description('find the smallest pools that meet a target, by search in virtual time');
  addPlanOptions(command)
    .option(
      '--target <clauses>',
      'such as "p99 < 2x best and memory < 64MiB"; may be given again (default: "rate > 95% best")',
      collect,
    )
    .option('--json <file>', 'write the advice to a file as JSON')
    .option('--out <file>', 'write the points that were measured, as a sweep does')
    .option('--resume', 'take what is in the file of --out');
  addEngineOptions(command).action(async (name: string | undefined, flags: AdviseFlags) => {
    const { advise } = await import('./advise-action.ts');
    await advise(name, flags);
  });
  addExamples(command, [
    ['inic advise', 'pools for 32 connections'],
    ["inic advise rpc --target 'p99 < 2x best'", 'of a bundled plan'],
    ["inic advise plan.yaml --target 'rate > 90% best and memory < 64MiB'", 'two clauses'],
  ]);
}
