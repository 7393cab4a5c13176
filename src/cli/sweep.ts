/** `inic sweep`: points of a plan measured in virtual time, over all cores. */
import type { Command } from 'commander';
import { addEngineOptions } from './engine-flags.ts';
import { integerIn } from './numbers.ts';
import { addExamples, addPlanOptions } from './plan-options.ts';
import type { SweepFlags } from './sweep-action.ts';

export function addSweep(program: Command): void {
  const command = program
    .command('sweep')
    .description('measure a grid of settings in virtual time, over all cores');
  addPlanOptions(command)
    .option('--out <file>', 'write the results to a file, a line each point')
    .option('--csv <file>', 'write them as comma-separated values too')
    .option('--resume', 'go on with what is in the file of --out')
    .option('--limit <points>', 'measure at most so many points this time', integerIn(1, 1e9));
  addEngineOptions(command).action(async (name: string | undefined, flags: SweepFlags) => {
    const { sweep } = await import('./sweep-action.ts');
    await sweep(name, flags);
  });
  addExamples(command, [
    ['inic sweep', 'how many buffers do 32 connections need?'],
    ['inic sweep rpc --out rpc.jsonl', 'a bundled plan, kept for inic report'],
    ['inic sweep rpc --out rpc.jsonl --resume', 'goes on after Ctrl-C'],
    ['inic sweep TCP_RR --vary pools.transmitBuffers=2..64:x2', 'without a plan'],
  ]);
}
