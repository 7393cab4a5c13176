/** `inic calibrate`: what work costs on this machine, and how well virtual time agrees with it. */
import type { Command } from 'commander';
import type { CalibrateFlags } from './calibrate-action.ts';
import { addExamples } from './plan-options.ts';

export function addCalibrate(program: Command): void {
  const command = program
    .command('calibrate')
    .description(
      "measure this machine's costs, write them as a cost profile, and compare virtual time with it",
    )
    .option(
      '--out <file.yaml>',
      'write the profile of a card in a thread; of one polled inline, to file-inline.yaml',
    )
    .option('--quick', 'half a minute instead of two: shorter runs')
    .action(async (flags: CalibrateFlags) => {
      const { calibrateMachine } = await import('./calibrate-action.ts');
      await calibrateMachine(flags);
    });
  addExamples(command, [
    ['inic calibrate --out mine.yaml', 'takes two minutes'],
    ['inic sweep TCP_RR --costs mine.yaml', 'a sweep with what was measured'],
  ]);
}
