/** What `inic compare` does, loaded when it is asked for. */
import { ARMS } from '../compare/arms.ts';
import { breakEvenMap, type MapCell } from '../compare/break-even.ts';
import { CompareError, compareArms } from '../compare/compare.ts';
import type { Chart } from '../record/chart.ts';
import { machineFacts } from '../record/manifest.ts';
import { breakEvenChart, breakEvenText } from '../report/break-even-text.ts';
import type { Colour } from '../report/columns.ts';
import { compareText } from '../report/compare-text.ts';
import { compareCharts, compareHtml } from '../report/html/compare-html.ts';
import { REPORT_START } from '../report/html/page.ts';
import type { SweepPlan } from '../sweep/plan.ts';
import { writeFile } from '../sweep/results.ts';
import { UserError } from './errors.ts';
import { planFor, usersErrors } from './plan-argument.ts';
import type { PlanFlags } from './plan-options.ts';
import { progressBar } from './progress.ts';
import { boldOn, lineWidth } from './terminal.ts';
import { checkApart, checkReplaceable } from './writable.ts';

export interface CompareFlags extends PlanFlags {
  readonly hostSpeed: number;
  readonly systemCall: number;
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
  const { json, report } = flags;
  checkApart(['--report', report], ['--json', json]);
  const made = flags.map === true ? mapFor(name, flags) : comparisonFor(name, flags);
  if (report !== undefined) checkReplaceable(report, { name: 'report', start: REPORT_START });
  if (json !== undefined) checkReplaceable(json, { name: 'comparison', start: '{\n  "compared": ' });
  const { text, data, charts, title, settings } = made();
  const out = process.stdout;
  out.write(text(boldOn(out)));
  if (json !== undefined) {
    usersErrors(() => writeFile(json, [JSON.stringify(data, null, 2)]));
    out.write(`\nwritten to ${json}\n`);
  }
  if (report !== undefined) {
    const facts = machineFacts(['inic', ...process.argv.slice(2)]);
    const page = compareHtml(title, text(plain), charts, settings, facts);
    usersErrors(() => writeFile(report, [page.trimEnd()]));
    out.write(`\nwritten to ${report}\n`);
  }
}

/** What was compared, in each form in which it is said. */
interface Said {
  readonly title: string;
  readonly text: (bold: Colour) => string;
  readonly charts: readonly Chart[];
  readonly settings: unknown;
  /** For a file of JSON. */
  readonly data: unknown;
}

/** @returns what measures, once everything the user wrote is known to be well. */
function comparisonFor(name: string | undefined, flags: CompareFlags): () => Said {
  const { hostSpeed, systemCall: systemCallNs } = flags;
  const plan = usersErrors(() => planFor(name, flags));
  return () => {
    const results = compared(() => compareArms(plan, ARMS, { hostSpeed, systemCallNs }));
    const settings = { plan, hostSpeed, systemCallNs };
    const title = titleOf(plan);
    return {
      title,
      text: (bold) => compareText(title, results, lineWidth(process.stdout, WIDTH), bold),
      charts: compareCharts(results),
      settings,
      data: { compared: settings, results },
    };
  };
}

function mapFor(name: string | undefined, flags: CompareFlags): () => Said {
  const { systemCall: systemCallNs, hostSpeed, size } = flags;
  if (name !== undefined) throw new UserError(`--map has workloads of its own: leave out ${name}`);
  if (size !== undefined) throw new UserError('--map goes through sizes by itself: leave out --size');
  if (hostSpeed !== 1) throw new UserError('--map goes through speeds by itself: leave out --host-speed');
  const { costs = MAP.costs, connections = MAP.connections, link = MAP.link } = flags;
  const { operations = MAP.operations } = flags;
  const [seed] = usersErrors(() =>
    planFor('TCP_RR', { ...flags, costs, connections, link, operations }),
  ).seeds;
  const settings = { costs, connections, link, operations, seed, systemCallNs };
  return () => {
    const bar = progressBar('map {bar} {value} of {total} runs', 30, () => undefined);
    let cells: MapCell[];
    try {
      cells = compared(() => breakEvenMap(settings, systemCallNs, bar.progress));
    } finally {
      bar.stop();
    }
    const of = `${connections} connections, costs of ${costs}, link ${link}`;
    const title = `Where offload pays: ${of}, in virtual time`;
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
