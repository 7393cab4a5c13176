/** `inic compare`: one workload under each system. */
import type { Command } from 'commander';
import { ARMS } from '../compare/arms.ts';
import type { CompareFlags } from './compare-action.ts';
import { integerIn, numberIn } from './numbers.ts';
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
    .option(
      '--systems <names>',
      `only these, with commas between: ${ARMS.map(({ name }) => name).join(', ')}`,
    )
    .option('--policy <file>', 'rules that say which connections of "mixed" are offloaded')
    .option(
      '--card-connections <number>',
      'connections that each card of "mixed" takes at most (default: half of the workload\'s)',
      integerIn(0, 65536),
    )
    .option(
      '--think <us>',
      'without a plan: microseconds that a connection pauses before its next request, on average',
      numberIn(0, 1e9),
    )
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
    ['inic compare --systems host+TSO,inic', 'two of the systems alone'],
    ['inic compare --map --report map.html', 'the break-even map, and a page with it'],
    ['inic compare bulk --host-speed 4', 'a bundled plan; the card has a slow processor'],
  ]);
}
