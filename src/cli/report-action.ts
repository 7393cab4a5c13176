/** What `inic report` does. */
import { notOverwritten } from '../record/not-overwritten.ts';
import { type Input, readInput } from '../report/html/inputs.ts';
import { REPORT_START } from '../report/html/page.ts';
import { reportHtml } from '../report/html/report.ts';
import { ResultsError, writeFile } from '../sweep/results.ts';
import { fileErrorText, UserError } from './errors.ts';
import { measuredSeries } from './report-series.ts';
import { checkReplaceable, isSameFile } from './writable.ts';

const KIND = 'report';

export interface ReportFlags {
  readonly out: string;
  /** False: none. */
  readonly series?: readonly number[] | boolean;
}

export function report(files: readonly string[], { out, series }: ReportFlags): void {
  const inputs = usersErrors(() => files.map(readInput));
  usersErrors(() => checkOut(out, files));
  const tracks = series === false ? [] : measuredSeries(inputs, Array.isArray(series) ? series : undefined);
  const html = reportHtml(inputs, (input) => tracks[input]);
  usersErrors(() => writeFile(out, [html.trimEnd()]));
  process.stdout.write(`${out}: ${inputs.map(counted).join(', ')}, ${(html.length / 1e6).toFixed(1)} MB\n`);
}

function counted(input: Input): string {
  if (input.kind === 'bench') return `${input.report.results.length} results of the bench`;
  return `${input.results.points.length} points of "${input.results.head.plan.title}"`;
}

/** A file that is no report is not overwritten, least of all the results. */
function checkOut(out: string, files: readonly string[]): void {
  checkReplaceable(out, { name: KIND, start: REPORT_START });
  if (files.some((file) => isSameFile(file, out))) {
    throw new UserError(notOverwritten(out, KIND));
  }
}

function usersErrors<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof ResultsError)) throw error;
    if (error.cause === undefined) throw new UserError(error.message);
    throw new UserError(`${error.message}: ${fileErrorText(error.cause)}`);
  }
}
