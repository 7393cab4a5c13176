/**
 * `inic validate FILE…`: judges traces, or a card while it runs, by the spec. The exit status is 0, 1 if
 * there are violations, or 2 if a file is no trace.
 */
import type { Command } from 'commander';
import type { Transport } from '../dma/card-layout.ts';
import { TRANSPORTS } from '../i2o/queues/queues.ts';
import {
  coverageTable,
  type Judged,
  notJudgedLines,
  summaryLine,
  validationJson,
  violationLines,
} from '../report/validation.ts';
import { MachineClock } from '../time/clock.ts';
import { readTraces } from '../trace/file.ts';
import { Validator } from '../validate/validator.ts';
import { UserError } from './errors.ts';
import { integerIn, oneOf } from './numbers.ts';
import { type Damage, damageOf, NO_TRACE } from './trace-argument.ts';

const SHOWN = 20;
const VIOLATIONS = 1;

const CLASSES = ['socket', 'lan', 'window'] as const;
type DeviceClass = (typeof CLASSES)[number];

interface ValidateOptions {
  readonly json?: true;
  readonly coverage?: true;
  readonly strict?: true;
  readonly max: number;
  readonly live?: true;
  readonly virtual?: true;
  readonly transport?: Transport;
  readonly seed?: number;
  readonly class?: DeviceClass;
}

export function addValidate(program: Command): void {
  program
    .command('validate')
    .description('judge traces by the spec: each violation with its frame, its rule and the spec’s words')
    .argument('[files...]', 'traces of inic bench --trace or inic run --trace; - for standard input')
    .option('--max <n>', 'violations shown of a file', integerIn(0, 1e6), SHOWN)
    .option('--coverage', 'also print which messages met which socket states')
    .option('--strict', 'exit with 1 also where something could not be judged')
    .option('--json', 'the same for machines')
    .option('--live', 'run a scripted workload on a card and judge it as it runs')
    .option(
      '--transport <name>',
      `with --live: ${TRANSPORTS.join(' or ')} (default: ring)`,
      oneOf(TRANSPORTS),
    )
    .option(
      '--seed <n>',
      'with --live: what chance decides in the workload (default: 1)',
      integerIn(0, 0x7fffffff),
    )
    .option(
      '--class <name>',
      'with --live: socket; in virtual time also lan for network ports, and window (default: socket)',
      oneOf(CLASSES),
    )
    .option('--virtual', 'with --live: in virtual time instead of on a thread, the same each time')
    .action((files: readonly string[], options: ValidateOptions) =>
      options.live ? validateLive(files, options) : validate(files, options),
    );
}

/** Runs the scripted workload on a card, judges it, and prints what it covered. */
async function validateLive(files: readonly string[], options: ValidateOptions): Promise<void> {
  if (files.length > 0) throw new UserError('--live judges a card, no files');
  const { transport = 'ring', seed = 1, virtual = false, class: device = 'socket' } = options;
  if (device !== 'socket' && !virtual)
    throw new UserError(`--class ${device} is judged in virtual time only: add --virtual`);
  // A world of cards is loaded only here: to judge a file takes none.
  const { runLive, runPortLive } = await import('../tour/live.ts');
  const live =
    device === 'socket' ? await runLive({ transport, seed, virtual }) : runPortLive(device, transport, seed);
  const { validator, failure } = live;
  const { findings, frames, events, coverage } = validator;
  const what = device === 'socket' ? '' : `, ${device}`;
  const judged: Judged = {
    name: `live${what}, ${transport}, ${virtual ? 'virtual time' : 'a thread'}, seed ${seed}`,
    frames,
    events,
    total: findings.total,
    violations: findings.violations,
    seconds: 0,
    damage: '',
    whole: validator.ended,
    notJudged: validator.notJudged,
  };
  if (options.json) {
    process.stdout.write(validationJson([judged]));
  } else {
    const table = coverage === undefined ? [] : coverageTable(coverage.lines(), coverage.states);
    const found = [...violationLines(judged, options.max), summaryLine(judged), ...notJudgedLines(judged)];
    const lines = [...table, '', ...found];
    process.stdout.write(`${lines.join('\n')}\n`);
  }
  if (failure !== '') throw new UserError(`the workload stopped: ${failure}`);
  if (failsStrictly(judged, options) || findings.total > 0) process.exitCode = VIOLATIONS;
}

/** Whether a verdict that leaves something open is to count as a bad one. */
function failsStrictly({ notJudged }: Judged, { strict }: ValidateOptions): boolean {
  return strict === true && notJudged.length > 0;
}

async function validate(files: readonly string[], options: ValidateOptions): Promise<void> {
  if (files.length === 0)
    throw new UserError('validate needs a trace, such as inic bench --trace FILE writes');
  const { transport, seed, virtual, class: device } = options;
  const live = [transport, seed, virtual, device];
  if (live.some((option) => option !== undefined))
    throw new UserError(
      '--transport, --seed, --class and --virtual are for --live; a trace says itself what it is of',
    );
  const clock = new MachineClock();
  const judged: Judged[] = [];
  for (const file of files) {
    const validators: Validator[] = [];
    clock.update();
    const startNs = clock.nowNs;
    const damage = await readAll(file, validators);
    clock.update();
    const seconds = (clock.nowNs - startNs) / 1e9;
    const results = verdicts(file, validators, damage, seconds);
    judged.push(...results);
    if (options.json) continue;
    results.forEach((result, trace) => {
      const lines = violationLines(result, options.max);
      const { coverage } = validators[trace] ?? {};
      if (options.coverage && coverage !== undefined)
        lines.push(...coverageTable(coverage.lines(), coverage.states));
      if (result.frames > 0 || result.damage === '')
        lines.push(summaryLine(result), ...notJudgedLines(result));
      process.stdout.write(lines.map((line) => `${line}\n`).join(''));
    });
  }
  if (options.json) process.stdout.write(validationJson(judged));
  if (judged.some(({ damage }) => damage !== '')) process.exitCode = NO_TRACE;
  else if (judged.some((one) => one.total > 0 || failsStrictly(one, options))) process.exitCode = VIOLATIONS;
}

/**
 * Judges every trace of a file, and tells what is wrong with the file itself.
 * @returns that in words, or ''.
 */
async function readAll(file: string, validators: Validator[]): Promise<string> {
  try {
    const traces = await readTraces(file, () => {
      const validator = new Validator();
      validators.push(validator);
      return validator;
    });
    return traces === 0 ? tell({ words: 'it holds no trace', line: `${file}: it holds no trace` }) : '';
  } catch (error) {
    const damage = damageOf(file, error);
    if (damage === undefined) throw error;
    return tell(damage);
  }
}

function tell({ words, line }: Damage): string {
  process.stderr.write(`inic: ${line}\n`);
  return words;
}

function verdicts(file: string, validators: readonly Validator[], damage: string, seconds: number): Judged[] {
  const frames = validators.reduce((sum, validator) => sum + validator.frames, 0);
  const results = validators.map((validator, trace) => ({
    name: validators.length > 1 ? `${file}#${trace + 1}` : file,
    frames: validator.frames,
    events: validator.events,
    total: validator.findings.total,
    violations: validator.findings.violations,
    seconds: frames === 0 ? 0 : (seconds * validator.frames) / frames,
    damage: trace === validators.length - 1 ? damage : '',
    whole: validator.ended,
    notJudged: validator.notJudged,
  }));
  const none = {
    name: file,
    frames: 0,
    events: 0,
    total: 0,
    violations: [],
    seconds: 0,
    damage,
    whole: false,
    notJudged: [],
  };
  return results.length === 0 ? [none] : results;
}
