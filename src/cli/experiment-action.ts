/** What `inic experiment` does, loaded when it is asked for. */
import type { Experiment } from '../experiment/claims/experiment.ts';
import { expectedOf, readSettings, type SettingValues } from '../experiment/claims/settings.ts';
import { EXPERIMENTS } from '../experiment/experiments.ts';
import { type ExperimentResult, runExperiment } from '../experiment/run.ts';
import { alignedLines, type Column, wrapped } from '../report/columns.ts';
import { experimentText } from '../report/experiment-text.ts';
import { experimentHtml } from '../report/html/experiment-html.ts';
import { misspelt, plain as plainKey } from '../world/config/complaint.ts';
import { UserError } from './errors.ts';
import { outcomeFiles } from './outcome-files.ts';
import { usersErrors } from './plan-argument.ts';
import { progressBar } from './progress.ts';
import { boldOn, lineWidth } from './terminal.ts';

export interface ExperimentFlags {
  readonly set?: string[];
  readonly settings?: boolean;
  readonly report?: string;
  readonly json?: string;
}

/** Of a line, where no terminal says how wide it is. */
const WIDTH = 100;
const JSON_START = '{\n  "experiment": ';

export async function experiment(name: string | undefined, flags: ExperimentFlags): Promise<void> {
  const { set = [], report, json } = flags;
  if (name === undefined) return list(flags);
  const chosen = await named(name);
  if (flags.settings === true) return listSettings(chosen);
  const settings = usersErrors(() => readSettings(chosen.settings, set, '--set'));
  const write = outcomeFiles({ report, json }, { name: 'experiment', start: JSON_START });
  const result = run(chosen, settings);
  process.stdout.write(experimentText(result, lineWidth(process.stdout, WIDTH), boldOn(process.stdout)));
  write({
    page: (facts) => experimentHtml(result, facts),
    data: (facts) => ({ experiment: result.name, manifest: facts, result }),
  });
}

function run(chosen: Experiment, settings: SettingValues): ExperimentResult {
  const bar = progressBar(`${chosen.name} {bar} {value} of {total} runs`, 30, () => undefined);
  try {
    return usersErrors(() => runExperiment(chosen, settings, bar.progress));
  } finally {
    bar.stop();
  }
}

async function named(name: string): Promise<Experiment> {
  const found = EXPERIMENTS.find((listed) => listed.name === name);
  if (found !== undefined) return found.load();
  const names = EXPERIMENTS.map((listed) => listed.name);
  throw new UserError(`there is no experiment "${plainKey(name)}": ${misspelt(name, names)}`);
}

function list({ set, report, json, settings }: ExperimentFlags): void {
  const flag = Object.entries({ set, report, json, settings }).find(([, value]) => value !== undefined)?.[0];
  if (flag !== undefined) throw new UserError(`--${flag} needs the name of an experiment`);
  const columns: Column<(typeof EXPERIMENTS)[number]>[] = [
    { heading: 'experiment', left: true, cell: ({ name }) => name },
    { heading: 'what it tests', left: true, cell: ({ about }) => about },
  ];
  const lines = alignedLines(columns, EXPERIMENTS, boldOn(process.stdout));
  process.stdout.write(`${[...lines, '', 'Run one: inic experiment NAME'].join('\n')}\n`);
}

function listSettings({ name, settings }: Experiment): void {
  const width = lineWidth(process.stdout, WIDTH);
  const lines = settings.flatMap((setting) => [
    `${setting.key}=${setting.preset}`,
    ...wrapped(`    ${setting.what}: ${expectedOf(setting)}`, width, '    '),
  ]);
  process.stdout.write(`${[`What can be set of ${name}, and what it is else:`, '', ...lines].join('\n')}\n`);
}
