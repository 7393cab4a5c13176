/** A sweep from beginning to end: points, journal, results. */

import { existsSync } from 'node:fs';
import { machineFacts } from '../record/manifest.ts';
import { wallClock } from '../time/clock.ts';
import type { Engine } from './engine.ts';
import { pointCount, type SweepPlan } from './plan.ts';
import type { PointResult } from './point.ts';
import {
  checkOwn,
  headOf,
  Journal,
  journalOf,
  linesToResume,
  ResultsError,
  type SweepHead,
  type SweepResults,
  writeResults,
} from './results.ts';

export interface SweepOptions {
  readonly commandLine: readonly string[];
  /** Makes what measures so many points of the plan, until it is closed. */
  readonly engine: (points: number) => Engine | Promise<Engine>;
  /** At most so many points are measured this time. */
  readonly limit: number;
  /** Where the results go; absent: only to the caller. */
  readonly out: string | undefined;
  /** Goes on with what an earlier run has left there. */
  readonly resume: boolean;
  readonly progress: (done: number, total: number) => void;
  /** Called once nothing is refused any more, before any point is begun. */
  readonly started?: () => void;
}

/** What a sweep has measured, whether or not it came to its end. */
export interface SweepOutcome extends SweepResults {
  /** Why it ended early, or why its results are not in their file; undefined where neither is so. */
  readonly failure: unknown;
}

/**
 * What goes wrong once points are measured is returned beside them: nothing that was measured is lost.
 * @throws ResultsError for a file that is foreign, damaged, or cannot be written from the start.
 */
export async function runSweep(plan: SweepPlan, options: SweepOptions): Promise<SweepOutcome> {
  const { out, progress } = options;
  const facts = { ...machineFacts(options.commandLine), start: wallClock() };
  const headBy = ({ name, workers }: Engine): SweepHead => headOf(plan, { ...facts, engine: name, workers });
  const lines = new Map(out === undefined ? [] : earlierLines(out, plan, options.resume));
  const missing = Array.from({ length: pointCount(plan) }, (_, point) => point).filter((p) => !lines.has(p));
  const points = missing.slice(0, options.limit);
  const engine = await options.engine(points.length);
  let journal: Journal | undefined;
  let count = 0;
  let failure: unknown;
  const done = (point: number, line: string): void => {
    lines.set(point, line);
    count += 1;
    progress(count, points.length);
    journal?.add(line);
  };
  try {
    if (out !== undefined) journal = new Journal(out, headBy(engine), lines);
    options.started?.();
    progress(0, points.length);
    await engine.run(points, done);
  } catch (error) {
    if (count === 0) {
      journal?.close();
      throw error;
    }
    failure = error;
  } finally {
    await engine.close();
  }
  const head = headBy(engine);
  try {
    if (out !== undefined) writeResults(out, head, lines);
    journal?.remove();
  } catch (error) {
    // What the journal has got is there to go on from.
    journal?.close();
    failure ??= error;
  }
  const inOrder = [...lines.entries()].sort(([a], [b]) => a - b);
  return {
    head,
    failure,
    lines: new Map(inOrder),
    points: inOrder.map(([, line]) => JSON.parse(line) as PointResult),
  };
}

/** @throws ResultsError for what is foreign, damaged, of another plan, or left by a run that did not end. */
export function earlierLines(out: string, plan: SweepPlan, resume: boolean): ReadonlyMap<number, string> {
  if (resume) return linesToResume(out, plan);
  const journal = journalOf(out);
  if (existsSync(journal)) {
    throw new ResultsError(
      `${journal}: a sweep that did not end has left it: go on with --resume, or remove it to begin anew`,
    );
  }
  checkOwn(out);
  return new Map();
}
