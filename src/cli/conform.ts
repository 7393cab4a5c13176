/**
 * `inic conform`: an implementation in any language, card or host, against the vectors, the scenarios and the
 * live tour, over the pipe protocol. The exit status is 0, 1 where a case has failed, or 2 where the
 * implementation could not be started.
 */
import type { Command } from 'commander';
import { ROLES } from '../conform/link/case.ts';
import type { ConformFlags } from './conform-action.ts';
import { numberIn, oneOf } from './numbers.ts';

const TIMEOUT_S = 5;

export function addConform(program: Command): void {
  program
    .command('conform')
    .description('try a card or a host in any language by the spec, over a pipe')
    .option('--exec <command>', 'start this, and speak over its standard input and output')
    .option('--socket <path>', 'speak over a Unix socket on which it listens')
    .option('--self', 'try inic’s own card or host over the pipe')
    .option('--memory <file>', 'keep frames and memory in this file, which both map')
    .option('--free', 'with --memory: let it work whenever there is something to do, and not in turns alone')
    .option('--fault <name>', 'with --self: a card or a host that is wrong on purpose')
    .option('--role <role>', `what it is: ${ROLES.join(' or ')}`, oneOf(ROLES), 'card')
    .option('--timeout <seconds>', 'how long it may take for each answer', numberIn(0.05, 3600), TIMEOUT_S)
    .option('--only <text>', 'only cases that have this in their name')
    .option('--max <n>', 'failed cases shown', numberIn(0, 1e6), 20)
    .option('--report <file>', 'write a page: passed, failed and not judged')
    .option('--json <file>', 'write the same for machines')
    .action(async (flags: ConformFlags) => {
      const { conform } = await import('./conform-action.ts');
      conform(flags);
    });
}
