/** `inic experiment`: claims about cards and hosts, tested. */
import type { Command } from 'commander';
import type { ExperimentFlags } from './experiment-action.ts';
import { addExamples, collect } from './plan-options.ts';

export function addExperiment(program: Command): void {
  const command = program
    .command('experiment')
    .description('test the claims of a published case, in virtual time; without a name: list them')
    .argument('[name]', 'which experiment')
    .option('--set <key=value>', 'set something of it; may be given again', collect)
    .option('--settings', 'list what can be set, and run nothing')
    .option('--report <file>', 'write a page with its pictures')
    .option('--json <file>', 'write all figures to a file as JSON')
    .action(async (name: string | undefined, flags: ExperimentFlags) => {
      const { experiment } = await import('./experiment-action.ts');
      await experiment(name, flags);
    });
  addExamples(command, [
    ['inic experiment', 'lists the experiments'],
    ['inic experiment four-aims', 'runs one and prints its claims with verdicts'],
    ['inic experiment four-aims --settings', 'lists what can be set'],
    ['inic experiment four-aims --set connections=1 --report page.html', 'with a setting, and a page'],
  ]);
}
