/** What a sweep asked and what it found, in sentences and a small table: the page's first lines. */

import {
  type Combination,
  combinationsOf,
  KNEE_SHARE,
  type Knee,
  kneesOf,
  pathsWithKnees,
} from '../../sweep/findings.ts';
import type { SweepResults } from '../../sweep/results.ts';
import { enumerated } from '../enumerated.ts';
import { durationText, rateText, withPrefix } from '../units.ts';
import { operationOf, settingText, thingOf } from './setting-words.ts';

export interface Answer {
  readonly question: string;
  /** The answer in one sentence. */
  readonly short: string;
  /** What else is to be known of it, a paragraph each. */
  readonly details: readonly string[];
  readonly kneeHead: readonly string[];
  /** A row for each knee, where there are several. */
  readonly kneeRows: readonly (readonly string[])[];
  readonly knees: readonly Knee[];
}

/** More knees are for the table of points. */
const KNEE_ROWS_MAX = 24;

export function answerOf(results: SweepResults): Answer {
  const knees = kneesOf(results);
  const combinations = combinationsOf(results);
  const about = new Words(results, combinations);
  const path = knees[0]?.path ?? results.head.varies[0];
  const several = knees.length > 1;
  const details = knees.length === 1 ? about.details(knees[0]) : about.rule(knees);
  return {
    question: about.question(path),
    short: knees.length === 0 ? about.best() : several ? about.range(knees) : about.knee(knees[0]),
    details: [...details, ...about.shortfalls()],
    kneeHead: ['setting', 'with', 'knee', 'rate', 'of the best', 'p99', 'beyond it'],
    kneeRows: several ? knees.slice(0, KNEE_ROWS_MAX).map((knee) => about.kneeRow(knee)) : [],
    knees,
  };
}

class Words {
  private readonly results: SweepResults;
  private readonly combinations: readonly Combination[];
  private readonly operation: string;

  constructor(results: SweepResults, combinations: readonly Combination[]) {
    this.results = results;
    this.combinations = combinations;
    this.operation = operationOf(results.head.plan.workload?.['workload']);
  }

  question(path: string): string {
    const thing = thingOf(path);
    if (thing?.startsWith('bytes of ') === true) return `How large should ${thing.slice(9)} be?`;
    if (path.startsWith('pools.') && thing !== undefined) return `How many ${thing} does it take?`;
    return `What does ${thing ?? path} change?`;
  }

  knee(knee: Knee): string {
    const { p99Us, bytesPerS } = this.at(knee) ?? {};
    const bytes = bytesPerS === undefined ? '' : `, ${rateText(bytesPerS.mean, 'B/s')}`;
    // A stream has no latency; of requests the bytes say little.
    const tail = p99Us === undefined ? bytes : `, with a p99 of ${durationText(p99Us.mean * 1e3)}`;
    const thing = thingOf(knee.path);
    const subject = thing === undefined ? `${knee.path}=${knee.value}` : `${knee.value} ${thing}`;
    const verb = thing === undefined ? 'reaches' : 'reach';
    return `${subject} ${verb} ${share(knee)} of the best rate: ${this.rate(knee.ratePerS)}${tail}.`;
  }

  /** One sentence over several knees of the first setting that has any. */
  range(knees: readonly Knee[]): string {
    const [{ path }] = knees;
    const own = knees.filter((knee) => knee.path === path);
    const values = own.map(({ value }) => value);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const thing = thingOf(path);
    const span = low === high ? `${low}` : `${low} to ${high}`;
    const subject = thing === undefined ? `${path} of ${span}` : `${span} ${thing}`;
    const others = this.results.head.varies.filter((other) => other !== path);
    const hinge = low === high ? `whatever ${enumerated(others)}` : `depending on ${enumerated(others)}`;
    return `${subject}, ${hinge}, reach at least ${100 * KNEE_SHARE} % of the best rate.`;
  }

  best(): string {
    const measured = this.combinations.filter(({ ratePerS }) => ratePerS !== undefined);
    if (measured.length === 0) return 'Nothing was measured: every point failed.';
    const rateOf = (one: Combination): number => one.ratePerS?.mean ?? 0;
    const [first, ...others] = measured;
    const best = others.reduce((a, b) => (rateOf(b) > rateOf(a) ? b : a), first);
    return `The best rate is ${this.rate(rateOf(best))}, with ${settingText(best.settings)}.`;
  }

  details(knee: Knee): string[] {
    const first = this.along(knee)[0];
    const value = Number(first?.settings[knee.path]);
    const lines = [
      ...doubt(knee),
      beyond(knee),
      `The knee is the smallest value that reaches ${100 * KNEE_SHARE} % of the best.`,
    ];
    if (first?.ratePerS !== undefined && value < knee.value) {
      const part = Math.round((100 * first.ratePerS.mean) / knee.bestPerS);
      lines.unshift(
        `The smallest value tried, ${value}, reaches ${part} % of it: ${this.rate(first.ratePerS.mean)}` +
          `${first.p99Us === undefined ? '' : ` and a p99 of ${durationText(first.p99Us.mean * 1e3)}`}.`,
      );
    }
    return [lines.join(' ')];
  }

  rule(knees: readonly Knee[]): string[] {
    if (knees.length === 0) return [this.noKnee()];
    const more =
      knees.length > KNEE_ROWS_MAX ? ` The first ${KNEE_ROWS_MAX} of ${knees.length} are shown.` : '';
    const drawn = knees.some(({ between: [least, most] }) => least !== most);
    const doubts = drawn ? ' In brackets: how small or large it may be, each with 95 % confidence.' : '';
    return [
      `A knee is the smallest value that reaches ${100 * KNEE_SHARE} % of the best rate along it.` +
        `${doubts}${atLargest(knees)}${more}`,
    ];
  }

  private noKnee(): string {
    const paths = pathsWithKnees(this.results.head.plan);
    if (paths.length === 0) {
      return 'No setting is a number with three values or more, so no knee can be found along it.';
    }
    return (
      `There is no knee along ${enumerated(paths)}: every larger value does worse than the smallest, or fewer ` +
      'than three were measured.'
    );
  }

  /** What makes the answer less sure. */
  shortfalls(): string[] {
    const { head, points } = this.results;
    const failed = points.filter(({ ok }) => !ok).length;
    const lines: string[] = [];
    if (points.length < head.points) {
      lines.push(`Only ${points.length} of ${head.points} points were measured: the sweep did not end.`);
    }
    if (failed > 0) lines.push(`${failed} of ${points.length} points failed; they are listed below.`);
    return lines;
  }

  kneeRow(knee: Knee): string[] {
    const { p99Us } = this.at(knee) ?? {};
    return [
      knee.path,
      settingText(knee.others),
      kneeRange(knee),
      this.rate(knee.ratePerS),
      share(knee),
      p99Us === undefined ? '-' : durationText(p99Us.mean * 1e3),
      beyond(knee),
    ];
  }

  private rate(perS: number): string {
    return `${withPrefix(perS)} ${this.operation}s/s`;
  }

  private at(knee: Knee): Combination | undefined {
    return this.along(knee).find(({ settings }) => settings[knee.path] === knee.value);
  }

  /** The combinations along which a knee lies, smallest value first. */
  private along({ path, others }: Knee): Combination[] {
    return this.combinations
      .filter(({ settings }) => Object.entries(others).every(([key, value]) => settings[key] === value))
      .sort((a, b) => Number(a.settings[path]) - Number(b.settings[path]));
  }
}

/** How many knees may lie beyond what was tried; nothing where none may. */
function atLargest(knees: readonly Knee[]): string {
  const count = knees.filter(({ last }) => last).length;
  if (count === 0) return '';
  const of = count === knees.length ? 'Each' : `${count} of ${knees.length}`;
  return ` ${of} ${of === 'Each' || count === 1 ? 'is' : 'are'} the largest value tried: a larger one may do better.`;
}

function share({ ratePerS, bestPerS }: Knee): string {
  return `${Math.round((100 * ratePerS) / bestPerS)} %`;
}

/** Nothing, where the seeds leave no doubt. */
function doubt({ between: [least, most] }: Knee): string[] {
  if (least === most) return [];
  return [`By the seeds it may be as small as ${least} or as large as ${most}, each with 95 % confidence.`];
}

function kneeRange({ value, between: [least, most] }: Knee): string {
  return least === most ? `${value}` : `${value} (${least} to ${most})`;
}

function beyond({ last, fallsAt }: Knee): string {
  if (last) return 'It is the largest value tried: a larger one may do better.';
  if (fallsAt !== undefined) return `From ${fallsAt} on there are larger values that do worse.`;
  return 'Every larger value does as well.';
}
