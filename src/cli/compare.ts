/** `inic compare`: one workload under each system. */
import type { Command } from 'commander';
import type { CompareFlags } from './compare-action.ts';
import { numberIn } from './numbers.ts';
import { addExamples, addPlanOptions } from './plan-options.ts';

export function addCompare(program: Command): void {
  const command = program
    .command('compare')
    .description('measure one workload with TCP/IP on the host and on the card, in virtual time');
  addPlanOptions(command)
    .option(
      '--host-speed <times>',
      'how many times as fast as the card the host runs TCP/IP',
      numberIn(0.01, 100),
      1,
    )
    .option('--system-call <ns>', "nanoseconds to enter and leave the host's kernel", numberIn(0, 1e6), 200)
    .option('--map', 'draw where offload pays: by message size, life of connections, and speed of the host')
    .option('--report <file>', 'write a page with pictures')
    .option('--json <file>', 'write the figures to a file as JSON')
    .action(async (name: string | undefined, flags: CompareFlags) => {
      const { compare } = await import('./compare-action.ts');
      compare(name, flags);
    });
  addExamples(command, [
    ['inic compare', 'small requests on 32 connections'],
    ['inic compare TCP_CRR --connections 8', 'connections that live for one request'],
    ['inic compare --map --report map.html', 'the break-even map, and a page with it'],
    ['inic compare bulk --host-speed 4', 'a bundled plan; the card has a slow processor'],
  ]);
}
