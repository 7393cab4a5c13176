/** The command line. Each command has a file of its own; an error of the user's is printed as one line. */
import { Command } from 'commander';
import { packageVersion } from '../record/manifest.ts';
import { addAdvise } from './advise.ts';
import { addBench } from './bench.ts';
import { addCalibrate } from './calibrate.ts';
import { addDecode } from './decode.ts';
import { systemErrorText, UserError } from './errors.ts';
import { addExplain } from './explain.ts';
import { addReplay } from './replay.ts';
import { addReport } from './report.ts';
import { addRun } from './run.ts';
import { addSpec } from './spec.ts';
import { addSweep } from './sweep.ts';
import { lineWidth } from './terminal.ts';
import { addValidate } from './validate.ts';
import { addWorker } from './worker.ts';

const HELP_WIDTH = 80;

const program = new Command('inic')
  .description('a working model of an intelligent network card: sockets over I2O message frames')
  .version(packageVersion())
  .enablePositionalOptions()
  .showSuggestionAfterError(true)
  .configureHelp({ minWidthToWrap: 16 })
  .configureOutput({
    getOutHelpWidth: () => lineWidth(process.stdout, HELP_WIDTH),
    getErrHelpWidth: () => lineWidth(process.stderr, HELP_WIDTH),
    outputError: (text, write) => write(`inic: ${text.replace(/^error: /, '').trim()}\n`),
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
addBench(program);
addRun(program);
addSpec(program);
addDecode(program);
addReplay(program);
addValidate(program);
addSweep(program);
addWorker(program);
addReport(program);
addAdvise(program);
addCalibrate(program);
addExplain(program);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`inic: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
