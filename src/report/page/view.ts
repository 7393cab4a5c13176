/** What of a sweep is looked at: along which setting, a line for each value of another, all others fixed. */
import { type Fixed, rowsWhere } from './columns.ts';
import type { Axis, Cell, SweepData } from './data.ts';

/** More lines cannot be told apart. */
export const LINES_MAX = 8;

export interface View {
  readonly x: string;
  /** The setting each value of which has a line; undefined: there is one line. */
  readonly lines: string | undefined;
  /** Values of all settings but `x`; that of `lines` is the one whose details are shown. */
  readonly fixed: Fixed;
}

export function isNumeric({ values }: Axis): boolean {
  return values.every((value) => typeof value === 'number');
}

/** Along the setting that has a knee, with lines by the first other one that has few values. */
export function firstView({ axes, knees }: SweepData): View {
  const [knee] = knees;
  const x = axes.find(({ path }) => path === knee?.path) ?? axes.find(isNumeric) ?? axes[0];
  const others = axes.filter(({ path }) => path !== x.path);
  const lines = others.find(({ values }) => values.length > 1 && values.length <= LINES_MAX)?.path;
  const fixed: Record<string, Cell> = {};
  for (const { path, values } of others) fixed[path] = knee?.others[path] ?? values[0];
  return { x: x.path, lines, fixed };
}

export function alongX(data: SweepData, view: View, x: string): View {
  const fixed: Record<string, Cell> = {};
  for (const { path, values } of data.axes) {
    if (path !== x) fixed[path] = view.fixed[path] ?? values[0];
  }
  const swapped = view.lines === x && fitsLines(data, view.x) ? view.x : undefined;
  return { x, lines: view.lines === x ? swapped : view.lines, fixed };
}

export function fitsLines({ axes }: SweepData, path: string): boolean {
  const values = axes.find((axis) => axis.path === path)?.values ?? [];
  return values.length > 1 && values.length <= LINES_MAX;
}

export function axisOf({ axes }: SweepData, path: string): Axis {
  return axes.find((axis) => axis.path === path) ?? axes[0];
}

/** Rows of the means that the chosen line has, or those of all lines. */
export function rowsOfView({ means }: SweepData, { lines, fixed }: View, all: boolean): number[] {
  if (!all || lines === undefined) return rowsWhere(means, fixed);
  const { [lines]: _own, ...others } = fixed;
  return rowsWhere(means, others);
}

/** The values of `x` at which there is a knee in this view, each once. @param all those of all its lines. */
export function kneesOfView({ knees }: SweepData, { x, lines, fixed }: View, all: boolean): number[] {
  const here = knees.filter(
    ({ path, others }) =>
      path === x &&
      Object.entries(others).every(([other, value]) => (all && other === lines) || fixed[other] === value),
  );
  return [...new Set(here.map(({ value }) => value))];
}

/** Where a mean may lie. An interval of few seeds may reach below 0, where no rate, time or count can be. */
export function intervalAround(mean: number, half: number): { readonly low: number; readonly high: number } {
  return { low: Math.max(Math.min(0, mean), mean - half), high: mean + half };
}
