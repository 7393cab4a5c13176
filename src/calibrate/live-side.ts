/**
 * The process of one live world. Each has one of its own, so that no world's code is optimised for the
 * objects of another.
 */
import { obeyCommands } from '../process/obey.ts';
import type { LiveAnswer, LiveCommand } from './live-protocol.ts';
import { LiveRun } from './live-run.ts';
import { loopTrips } from './loop-wakes.ts';

let run: LiveRun | undefined;

async function obey(command: LiveCommand): Promise<LiveAnswer> {
  if (command.type === 'open') {
    run = await LiveRun.open(command.plan);
    return { type: 'opened' };
  }
  if (command.type === 'loop') {
    const { resting, looking } = await loopTrips(command.count);
    return { type: 'looped', restingNs: resting, lookingNs: looking };
  }
  if (run === undefined) throw new Error('a command came before "open"');
  if (command.type === 'run') return { type: 'ran', rounds: run.run(command.stretches, command.durationNs) };
  if (command.type === 'ring') return { type: 'rang', ringNs: await run.ring(command.count) };
  await run.close();
  return { type: 'closed' };
}

obeyCommands(obey);
