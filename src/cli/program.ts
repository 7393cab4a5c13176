/** The command line. Each command has a file of its own; an error of the user's is printed as one line. */
import { Command } from 'commander';
import { packageVersion } from '../record/manifest.ts';
import { systemErrorText, UserError } from './errors.ts';
import { withNodesWay } from './node-options.ts';
import { lineWidth } from './terminal.ts';

const HELP_WIDTH = 80;

type AddVerb = (program: Command) => void;

/** In the order in which help shows them. */
const VERBS: readonly (readonly [string, () => Promise<AddVerb>])[] = [
  ['bench', async () => (await import('./bench.ts')).addBench],
  ['run', async () => (await import('./run.ts')).addRun],
  ['spec', async () => (await import('./spec.ts')).addSpec],
  ['decode', async () => (await import('./decode.ts')).addDecode],
  ['replay', async () => (await import('./replay.ts')).addReplay],
  ['validate', async () => (await import('./validate.ts')).addValidate],
  ['sweep', async () => (await import('./sweep.ts')).addSweep],
  ['worker', async () => (await import('./worker.ts')).addWorker],
  ['report', async () => (await import('./report.ts')).addReport],
  ['advise', async () => (await import('./advise.ts')).addAdvise],
  ['calibrate', async () => (await import('./calibrate.ts')).addCalibrate],
  ['compare', async () => (await import('./compare.ts')).addCompare],
  ['card', async () => (await import('./card.ts')).addCard],
  ['experiment', async () => (await import('./experiment.ts')).addExperiment],
  ['explain', async () => (await import('./explain.ts')).addExplain],
  ['drill', async () => (await import('./drill.ts')).addDrill],
  ['conform', async () => (await import('./conform.ts')).addConform],
  ['conformance', async () => (await import('./conformance.ts')).addConformance],
];

const program = new Command('inic')
  .description('a working model of an intelligent network card: sockets over I2O message frames')
  .version(packageVersion())
  .enablePositionalOptions()
  .showSuggestionAfterError(true)
  .configureHelp({ minWidthToWrap: 16 })
  .configureOutput({
    getOutHelpWidth: () => lineWidth(process.stdout, HELP_WIDTH),
    getErrHelpWidth: () => lineWidth(process.stderr, HELP_WIDTH),
    outputError: (text, write) => {
      const line = process.argv[2] === 'run' ? withNodesWay(text) : text;
      write(`inic: ${line.replace(/^error: /, '').trim()}\n`);
    },
  });
// Whoever reads the output may close it early: end quietly. The output of `run` is the program's own affair.
program.hook('preAction', (_, verb) => {
  if (verb.name() === 'run') return;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    process.stderr.write(`inic: cannot write the output: ${systemErrorText(error)}\n`);
    process.exit(1);
  });
});

// An option whose value was forgotten takes the option behind it for that: a file of that name is nobody's wish.
program.hook('preAction', (_, verb) => {
  for (const option of verb.options) {
    const { required, long, flags } = option;
    const value: unknown = verb.getOptionValue(option.attributeName());
    if (!required || typeof value !== 'string' || !/^--\w/.test(value)) continue;
    const wanted = /<[^>]+>/.exec(flags)?.[0] ?? 'a value';
    throw new UserError(
      `${long} wants ${wanted} behind it, got "${value}" (a file of that name is "./${value}")`,
    );
  }
});

// Only the verb that is called is loaded: those that open cards take most of a second on a busy machine.
// Help and suggestions are of all of them.
const named = VERBS.find(([name]) => name === process.argv[2]);
for (const [, load] of named === undefined ? VERBS : [named]) (await load())(program);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`inic: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
