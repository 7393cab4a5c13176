/** What `inic compare` does, loaded when it is asked for. */
import { ARMS, type Arm } from '../compare/arms.ts';
import { breakEvenMap, type MapCell } from '../compare/break-even.ts';
import { CompareError, compareArms } from '../compare/compare.ts';
import { pauseText, pausing } from '../compare/pauses.ts';
import type { Chart } from '../record/chart.ts';
import { breakEvenChart, breakEvenText } from '../report/break-even-text.ts';
import type { Colour } from '../report/columns.ts';
import { compareText } from '../report/compare-text.ts';
import { compareCharts, compareHtml } from '../report/html/compare-html.ts';
import { operationOf, type SweepPlan } from '../sweep/plan.ts';
import { isWorkload } from '../sweep/short-form.ts';
import { meant, plain as plainName } from '../world/config/complaint.ts';
import { UserError } from './errors.ts';
import { mixedSettings } from './mixed-flags.ts';
import { outcomeFiles } from './outcome-files.ts';
import { planFor, usersErrors } from './plan-argument.ts';
import type { PlanFlags } from './plan-options.ts';
import { progressBar } from './progress.ts';
import { boldOn, lineWidth } from './terminal.ts';

export interface CompareFlags extends PlanFlags {
  readonly hostSpeed: number;
  readonly systemCall: number;
  readonly systems?: string;
  readonly policy?: string;
  readonly cardConnections?: number;
  /** In microseconds. */
  readonly think?: number;
  readonly map?: boolean;
  readonly report?: string;
  readonly json?: string;
}

/** Of a line, where no terminal says how wide it is. */
const WIDTH = 100;
/** What a map is measured with, where nothing else is said. */
const MAP = { costs: 'card-2025', connections: 32, link: '10G,20us', operations: 400 };
const plain = (text: string): string => text;

export function compare(name: string | undefined, flags: CompareFlags): void {
  if (flags.vary !== undefined) {
    throw new UserError('--vary is for inic sweep: a comparison changes who runs TCP/IP and nothing else');
  }
  const made = flags.map === true ? mapFor(name, flags) : comparisonFor(name, flags);
  const write = outcomeFiles(flags, { name: 'comparison', start: '{\n  "compared": ' });
  const { text, data, charts, title, settings } = made();
  process.stdout.write(text(boldOn(process.stdout)));
  write({ page: (facts) => compareHtml(title, text(plain), charts, settings, facts), data: () => data });
}

/** What was compared, in each form in which it is said. */
interface Said {
  readonly title: string;
  readonly text: (bold: Colour) => string;
  readonly charts: readonly Chart[];
  readonly settings: unknown;
  /** For a file of JSON. */
  readonly data: object;
}

/** @returns what measures, once everything the user wrote is known to be well. */
function comparisonFor(name: string | undefined, flags: CompareFlags): () => Said {
  const { hostSpeed, systemCall: systemCallNs, think } = flags;
  const arms = armsFor(flags);
  checkMixed(flags, arms);
  if (think !== undefined) checkThink(name);
  const plan = usersErrors(() => pausing(planFor(name, flags, undefined, { single: true }), think));
  const mixed = mixedSettings(plan, flags);
  return () => {
    const left: string[] = [];
    // Only of those that somebody has named is one that cannot be an error.
    const leftOut = flags.systems === undefined ? (line: string) => left.push(line) : undefined;
    const options = { hostSpeed, systemCallNs, mixed, leftOut };
    const results = compared(() => compareArms(plan, arms, options));
    const settings = { plan, hostSpeed, systemCallNs, mixed };
    const title = titleOf(plan);
    return {
      title,
      text: (bold) =>
        compareText(title, results, left, lineWidth(process.stdout, WIDTH), bold, operationOf(plan)),
      charts: compareCharts(results, operationOf(plan)),
      settings,
      data: { compared: settings, results, leftOut: left },
    };
  };
}

/** @throws UserError for a system that there is not. */
function armsFor({ systems }: CompareFlags): readonly Arm[] {
  if (systems === undefined) return ARMS;
  const names = ARMS.map(({ name }) => name);
  const wanted = systems.split(',').map((name) => name.trim());
  for (const name of wanted) {
    if (names.includes(name)) continue;
    const all = `there are ${names.join(', ')}`;
    throw new UserError(`--systems ${plainName(name)}: no such system; ${meant(name, names) || all}`);
  }
  return ARMS.filter(({ name }) => wanted.includes(name));
}

/** @throws UserError for what is said of a system that is not compared. */
function checkMixed({ policy, cardConnections }: CompareFlags, arms: readonly Arm[]): void {
  if (policy === undefined && cardConnections === undefined) return;
  if (arms.some(({ mixed }) => mixed === true)) return;
  const flag = policy === undefined ? '--card-connections' : '--policy';
  throw new UserError(`${flag} is for the system "mixed", which --systems leaves out`);
}

/** @throws UserError for a plan that says by itself how its requests are paced. */
function checkThink(name: string | undefined): void {
  if (name === undefined || isWorkload(name)) return;
  throw new UserError('--think says what the plan says: it is for a run without a plan');
}

/** What only a comparison knows that is no map. */
function checkMapFlags({ size, hostSpeed, systems, policy, cardConnections }: CompareFlags): void {
  if (size !== undefined) throw new UserError('--map goes through sizes by itself: leave out --size');
  if (hostSpeed !== 1) throw new UserError('--map goes through speeds by itself: leave out --host-speed');
  for (const [flag, value] of Object.entries({
    '--systems': systems,
    '--policy': policy,
    '--card-connections': cardConnections,
  })) {
    if (value !== undefined) throw new UserError(`--map compares host+TSO and inic: leave out ${flag}`);
  }
}

function mapFor(name: string | undefined, flags: CompareFlags): () => Said {
  const { systemCall: systemCallNs, think = 0 } = flags;
  if (name !== undefined) throw new UserError(`--map has workloads of its own: leave out ${name}`);
  checkMapFlags(flags);
  const { costs = MAP.costs, connections = MAP.connections, link = MAP.link } = flags;
  const { operations = MAP.operations } = flags;
  const { seeds } = usersErrors(() => planFor('TCP_RR', { ...flags, costs, connections, link, operations }));
  const settings = { costs, connections, link, operations, seeds, systemCallNs, thinkUs: think };
  return () => {
    const bar = progressBar('map {bar} {value} of {total} runs', 30, () => undefined);
    let cells: MapCell[];
    try {
      cells = compared(() => breakEvenMap(settings, systemCallNs, bar.progress));
    } finally {
      bar.stop();
    }
    const of = `${connections} connections, costs of ${costs}, link ${link}${pauseText(think)}`;
    const over = seeds.length === 1 ? '' : `medians of ${seeds.length} seeds, `;
    const title = `Where offload pays: ${of}, ${over}in virtual time`;
    return {
      title,
      text: (bold) => breakEvenText(title, cells, bold),
      charts: [breakEvenChart(cells)],
      settings,
      data: { compared: settings, cells },
    };
  };
}

function compared<T>(action: () => T): T {
  try {
    return usersErrors(action);
  } catch (error) {
    if (error instanceof CompareError) throw new UserError(error.message);
    throw error;
  }
}

function titleOf({ title, costs, operations, seeds }: SweepPlan): string {
  const over = seeds.length === 1 ? '1 seed' : `${seeds.length} seeds`;
  return `${title}; costs of ${costs}, ${operations} operations, medians of ${over}, in virtual time`;
}
