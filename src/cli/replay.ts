/**
 * `inic replay FILE`: replays the host's half of a trace against a fresh card and compares its answers with
 * the recorded ones.
 */
import type { Command } from 'commander';
import { Replayer } from '../replay/replayer.ts';
import { differenceLine, replayLines } from '../report/replay-lines.ts';
import type { TraceHead } from '../trace/sink.ts';
import { UserError } from './errors.ts';
import { integerIn } from './numbers.ts';
import { NO_TRACE, readTraceArgument } from './trace-argument.ts';

const SHOWN = 20;
const SHOWN_MAX = 1_000_000;

export function addReplay(program: Command): void {
  program
    .command('replay')
    .description("replay the host's half of a trace against a fresh card and compare the answers")
    .argument('<file>', 'a trace, as bench and run write it with --trace; - reads standard input')
    .option('--differences <number>', `how many are shown (default: ${SHOWN})`, integerIn(0, SHOWN_MAX))
    .action(replay);
}

async function replay(file: string, flags: { readonly differences?: number }): Promise<void> {
  const shown = flags.differences ?? SHOWN;
  const replayers: CliReplayer[] = [];
  const tellLast = (): void => {
    const last = replayers.at(-1);
    if (last !== undefined) process.exitCode = Math.max(Number(process.exitCode ?? 0), last.finish(file));
  };
  try {
    await readTraceArgument(file, () => {
      tellLast();
      replayers.push(new CliReplayer(shown));
      return replayers.at(-1)!;
    });
  } finally {
    tellLast();
  }
}

/** A replay of one trace that prints its differences as they are found, up to a number. */
class CliReplayer extends Replayer {
  private begun = false;

  constructor(shown: number) {
    let left = shown;
    super((difference) => {
      left -= 1;
      if (left >= 0) process.stdout.write(differenceLine(difference));
    });
  }

  override head(head: TraceHead): void {
    try {
      super.head(head);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new UserError(`no card can be made as the trace says: ${why}`, NO_TRACE);
    }
    this.begun = true;
  }

  /** Prints what was found. @returns the exit status: 1 where something was different. */
  finish(file: string): number {
    if (!this.begun) return 0;
    const result = this.result();
    process.stdout.write(replayLines(file, result));
    return result.differences > 0 ? 1 : 0;
  }
}
