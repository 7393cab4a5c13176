/**
 * A results file: a head, then one JSON line for each point. While a sweep runs, its journal beside the file
 * has them in the order in which they were done, so that a sweep which is killed can go on from there.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import type { MachineFacts } from '../record/manifest.ts';
import { notOverwritten } from '../record/not-overwritten.ts';
import { readWhole } from '../record/read-whole.ts';
import type { EngineName } from './engine.ts';
import { figureFault } from './figure-check.ts';
import { pointCount, type SweepPlan, settingsOf } from './plan.ts';
import type { PointResult } from './point.ts';

export const FORMAT = 'inic-sweep';
const VERSION = 1;

export interface SweepHead {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  readonly plan: SweepPlan;
  readonly varies: readonly string[];
  readonly points: number;
  readonly manifest: MachineFacts & {
    readonly engine: EngineName;
    readonly workers: number;
    readonly start: string;
  };
}

export interface SweepResults {
  readonly head: SweepHead;
  /** Lines of points by their number. */
  readonly lines: ReadonlyMap<number, string>;
  /** The same, read. */
  readonly points: readonly PointResult[];
}

/** A file of the user's that is not as it must be, or cannot be written. */
export class ResultsError extends Error {}

export function headOf(plan: SweepPlan, manifest: SweepHead['manifest']): SweepHead {
  return {
    format: FORMAT,
    version: VERSION,
    plan,
    varies: Object.keys(plan.vary),
    points: pointCount(plan),
    manifest,
  };
}

export const journalOf = (path: string): string => `${path}.journal`;

/** @throws ResultsError for a file that is there and has no head of a sweep: it is not overwritten. */
export function checkOwn(path: string): void {
  if (!existsSync(path)) return;
  const start = attempt(path, 'read', () => {
    const file = openSync(path, 'r');
    try {
      if (!fstatSync(file).isFile()) return undefined;
      const bytes = Buffer.alloc(64);
      return bytes.toString('latin1', 0, readSync(file, bytes, 0, 64, 0));
    } finally {
      closeSync(file);
    }
  });
  if (start?.startsWith(`{"format":"${FORMAT}"`) !== true) {
    throw new ResultsError(notOverwritten(path, 'results file of a sweep'));
  }
}

/**
 * @param torn whether the last line may be half written, as in a journal; it is left out then.
 * @throws ResultsError that names file and line for what is no results file, or is damaged; the field too
 * where a figure cannot have been measured.
 */
export function readResults(path: string, torn = false): SweepResults {
  const text = attempt(path, 'read', () => readWhole(path));
  const rows = text.split('\n');
  const last = rows.pop() ?? '';
  const head = readHead(path, rows[0] ?? last);
  if (last !== '' && !torn)
    throw new ResultsError(`${path}:${rows.length + 1}: is damaged: the line has no end`);
  const lines = new Map<number, string>();
  const points: PointResult[] = [];
  rows.slice(1).forEach((line, i) => {
    const result = readPoint(head.plan, line);
    if (result === undefined || lines.has(result.point)) {
      throw new ResultsError(`${path}:${i + 2}: is damaged: expected a point of the plan in its first line`);
    }
    const fault = result.ok ? figureFault(result) : undefined;
    if (fault !== undefined) throw new ResultsError(`${path}:${i + 2}: is damaged: ${fault}`);
    lines.set(result.point, line);
    points.push(result);
  });
  return { head, lines, points };
}

function readHead(path: string, line: string): SweepHead {
  const head = parsed(line) as Partial<SweepHead> | undefined;
  if (head?.format !== FORMAT || typeof head.plan !== 'object') {
    throw new ResultsError(`${path}:1: is no results file of a sweep`);
  }
  if (head.version !== VERSION) {
    throw new ResultsError(`${path}:1: expected version ${VERSION} of the format, got ${head.version}`);
  }
  try {
    if (pointCount(head.plan) === head.points) return head as SweepHead;
  } catch {
    // A plan that has no grid.
  }
  throw new ResultsError(`${path}:1: is damaged: its plan has not the points it says`);
}

/** @returns undefined for a line that is no point of the plan. */
export function readPoint(plan: SweepPlan, line: string): PointResult | undefined {
  const result = parsed(line) as PointResult | undefined;
  const { point = -1 } = result ?? {};
  if (result === undefined || !Number.isInteger(point) || point < 0) return undefined;
  if (point >= pointCount(plan)) return undefined;
  const same = JSON.stringify(result.settings) === JSON.stringify(settingsOf(plan, point));
  const whole = result.ok === true ? Number.isFinite(result.ratePerS) : typeof result.error === 'string';
  return same && whole ? result : undefined;
}

function parsed(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The lines of an earlier run of this plan, from its journal or else its results.
 * @throws ResultsError for those of another plan.
 */
export function linesToResume(path: string, plan: SweepPlan): ReadonlyMap<number, string> {
  const journal = journalOf(path);
  const from = existsSync(journal) ? journal : path;
  if (!existsSync(from)) return new Map();
  const { head, lines } = readResults(from, from === journal);
  if (JSON.stringify(head.plan) !== JSON.stringify(plan)) {
    throw new ResultsError(
      `${from}: is of another plan ("${head.plan.title}"), and cannot go on with this one`,
    );
  }
  return lines;
}

/** The journal of a sweep that runs. Each line is in the file before the next point is handed out. */
export class Journal {
  private readonly path: string;
  private file: number;

  /** @param lines what an earlier run has done. @throws ResultsError when it cannot be written. */
  constructor(path: string, head: SweepHead, lines: ReadonlyMap<number, string>) {
    this.path = journalOf(path);
    // The old one is there until the new one is whole.
    const fresh = `${this.path}.new`;
    this.file = attempt(fresh, 'write', () => openSync(fresh, 'w'));
    this.write([JSON.stringify(head), ...lines.values()]);
    attempt(this.path, 'write', () => renameSync(fresh, this.path));
  }

  add(line: string): void {
    this.write([line]);
  }

  private write(lines: readonly string[]): void {
    attempt(this.path, 'write', () => writeWhole(this.file, `${lines.join('\n')}\n`));
  }

  /** It stays, to go on from. */
  close(): void {
    if (this.file >= 0) closeSync(this.file);
    this.file = -1;
  }

  /** Ends it: its lines are in the results file. */
  remove(): void {
    this.close();
    rmSync(this.path, { force: true });
  }
}

/** Writes head and points in plan order; the file is there whole, or as it was. */
export function writeResults(path: string, head: SweepHead, lines: ReadonlyMap<number, string>): void {
  const inOrder = [...lines.entries()].sort(([a], [b]) => a - b).map(([, line]) => line);
  writeFile(path, [JSON.stringify(head), ...inOrder]);
}

export function writeFile(path: string, lines: readonly string[]): void {
  const text = `${lines.join('\n')}\n`;
  attempt(path, 'write', () => {
    // A device or a pipe, such as /dev/stdout, is written to and not replaced.
    if (existsSync(path) && !statSync(path).isFile()) return writeTo(path, text);
    const fresh = `${path}.new`;
    try {
      writeTo(fresh, text);
      renameSync(fresh, path);
    } catch (error) {
      rmSync(fresh, { force: true });
      throw error;
    }
  });
}

function writeTo(path: string, text: string): void {
  const file = openSync(path, 'w');
  try {
    writeWhole(file, text);
  } finally {
    closeSync(file);
  }
}

/** A disk that fills up takes a part first, and refuses the rest. */
function writeWhole(file: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

function attempt<T>(path: string, what: 'read' | 'write', action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new ResultsError(`cannot ${what} ${path}`, { cause: error });
  }
}
