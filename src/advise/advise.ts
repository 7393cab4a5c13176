/**
 * The smallest pools that meet a target, and what of them binds next. For each combination of the settings
 * that are not sizes there is one answer; the best it is held against has the largest value of each size.
 */
import { loadPlan, readPlan, type SweepPlan } from '../sweep/plan.ts';
import type { MeasuredPoint, PointResult } from '../sweep/point.ts';
import type { Settings } from '../sweep/settings.ts';
import { hasRequests } from '../workloads/programs.ts';
import { type DryPool, dryPools } from './dry.ts';
import { type CardMemoryUse, type Question, SizeGrid, searchable } from './grid.ts';
import type { Points, PointsOptions } from './points.ts';
import { type Found, search, stridesOf } from './search.ts';
import { type Clause, isLatency, parseTargets } from './target.ts';
import { isWithin, type Verdict, verdictOf } from './verdict.ts';
import { type Warning, warningsOf } from './warnings.ts';

/** What is so many times as good as the largest shows that the largest are not the best. */
const BETTER_BY = 1.05;

/** One combination of sizes, and how it meets the target. */
export interface Judged {
  readonly sizes: Settings;
  /** Of each card whose memory the sizes change. */
  readonly memory: readonly CardMemoryUse[];
  readonly verdict: Verdict;
  readonly dry: readonly DryPool[];
}

/** The answer with one size made a step smaller. */
export interface Bind {
  readonly path: string;
  /** Undefined where the size has its smallest value already. */
  readonly smaller: Judged | undefined;
}

export interface Answer {
  /** Settings that the plan varies and that are no sizes. */
  readonly others: Settings;
  /** The largest of all sizes. */
  readonly best: Judged;
  /** What does better than the largest by more than 5 % of what the first clause is about; mostly nothing. */
  readonly better: Judged | undefined;
  /** The smallest that meet the target; undefined: none do. */
  readonly smallest: Judged | undefined;
  /** Where none do: what comes nearest, and the smallest that would do with as much memory as they take. */
  readonly nearest: Judged | undefined;
  readonly withMoreMemory: Judged | undefined;
  /** What binds next: what misses the target by most first. */
  readonly binds: readonly Bind[];
  /** Sizes of which the answer has the largest value tried: the best may lie beyond it. */
  readonly atLargest: readonly string[];
  /** Larger ones that do not meet the target although smaller ones do. */
  readonly dips: readonly Judged[];
  readonly warnings: readonly Warning[];
}

export interface Advice {
  /** With the sizes that are searched. */
  readonly plan: SweepPlan;
  readonly targets: readonly string[];
  readonly searched: readonly string[];
  readonly answers: readonly Answer[];
  /** Points the search has asked for, seeds counted, of how many in the whole grid. */
  readonly points: number;
  readonly gridPoints: number;
  /** Whether seeds make a difference; undefined with one seed, which cannot tell. */
  readonly drawn: boolean | undefined;
}

/**
 * @param plan as a plan's file has it; or such a file, or the name of a bundled plan.
 * @param target one clause or several, such as `p99 < 2x best and memory < 64MiB`.
 * @throws RangeError for a plan or a target that is not as it must be, before anything runs.
 */
export async function advise(
  plan: object | string,
  target: string | readonly string[],
  options: PointsOptions = {},
): Promise<Advice> {
  const read = typeof plan === 'string' ? loadPlan(plan) : readPlan(plan);
  return advisePlan(read, typeof target === 'string' ? [target] : target, options);
}

/** @throws Interrupted when it was ended early. */
export async function advisePlan(
  asked: SweepPlan,
  targets: readonly string[],
  options: PointsOptions,
): Promise<Advice> {
  const clauses = parseTargets(targets);
  const plan = searchable(asked);
  const grid = new SizeGrid(plan);
  checkKnown(clauses, grid);
  // Its threads take 70 ms to load, which no other program that imports this is to pay.
  const { Points } = await import('./points.ts');
  const points = new Points(plan, options);
  try {
    const answers: Answer[] = [];
    for (const question of grid.questions) {
      answers.push(await new Inquiry(grid, question, clauses, points, plan.seeds.length).answer());
    }
    const { length: seeds } = plan.seeds;
    return {
      plan,
      targets: clauses.map(({ text }) => text),
      searched: grid.searched,
      answers,
      points: points.used,
      gridPoints: points.inGrid,
      drawn: seeds === 1 ? undefined : points.differBySeed,
    };
  } finally {
    await points.close();
  }
}

/** @throws RangeError for a clause about what the plan's programs do not have. */
function checkKnown(clauses: readonly Clause[], grid: SizeGrid): void {
  const { programs } = grid.topologyAt(0);
  const requests = programs.some(({ role, workload }) => role === 'client' && hasRequests(workload));
  const unknown = requests ? undefined : clauses.find(isLatency);
  if (unknown !== undefined) {
    throw new RangeError(
      `"target" expected "rate" or "throughput" of a workload without requests, got "${unknown.text}"`,
    );
  }
}

/** The search for one answer. */
class Inquiry {
  private readonly grid: SizeGrid;
  private readonly question: Question;
  private readonly clauses: readonly Clause[];
  private readonly points: Points;
  private readonly seeds: number;
  private readonly top: number;
  private readonly results = new Map<number, readonly PointResult[]>();

  constructor(grid: SizeGrid, question: Question, clauses: readonly Clause[], points: Points, seeds: number) {
    this.grid = grid;
    this.question = question;
    this.clauses = clauses;
    this.points = points;
    this.seeds = seeds;
    this.top = question.space.costs.length - 1;
  }

  async answer(): Promise<Answer> {
    const bounds = this.clauses.filter(({ metric }) => metric === 'memory');
    const found = await this.search(bounds.length === 0 ? undefined : this.within(bounds));
    const { answer } = found;
    const withMoreMemory = answer === undefined && bounds.length > 0 ? await this.anySize() : undefined;
    return {
      others: this.question.others,
      best: this.judged(this.top),
      better: this.better(found),
      smallest: answer === undefined ? undefined : this.judged(answer),
      nearest: answer === undefined ? this.nearest() : undefined,
      withMoreMemory,
      binds: answer === undefined ? [] : this.binds(answer),
      atLargest: answer === undefined ? [] : this.atLargest(answer),
      dips: found.dips.map((point) => this.judged(point)).filter(({ verdict }) => !isOpen(verdict)),
      warnings:
        answer === undefined ? [] : warningsOf(this.grid.topologyAt(this.question.combinationOf(answer))),
    };
  }

  /** Two points at once where a point has but one seed: two cores are the least that anybody has. */
  private search(admitted: Uint8Array | undefined): Promise<Found> {
    // Memory says nothing of how well pools do: a point is not worse for being larger.
    const clauses = this.clauses.filter(({ metric }) => metric !== 'memory');
    const judge = async (points: readonly number[]): Promise<boolean[]> => {
      // The best comes first, and is what the others are held against.
      const measured = await this.points.resultsOf(points.map(this.question.combinationOf));
      points.forEach((point, i) => {
        this.results.set(point, measured[i]);
      });
      return points.map((point) => this.verdict(point, clauses).meets);
    };
    return search({ ...this.question.space, admitted }, judge, this.seeds === 1 ? 2 : 1);
  }

  /** 1 for each point that takes no more memory than is asked for. */
  private within(bounds: readonly Clause[]): Uint8Array {
    return Uint8Array.from(this.question.space.costs, (_, point) => {
      const bytes = this.grid.cardBytes(this.question.combinationOf(point));
      return bounds.every((clause) => isWithin(clause, bytes)) ? 1 : 0;
    });
  }

  private verdict(point: number, clauses = this.clauses): Verdict {
    const bytes = this.grid.cardBytes(this.question.combinationOf(point));
    const { results } = this;
    return verdictOf(clauses, results.get(point) ?? [], results.get(this.top) ?? [], bytes);
  }

  private judged(point: number): Judged {
    const combination = this.question.combinationOf(point);
    const settings = this.grid.settingsAt(combination);
    const results = this.results.get(point) ?? [];
    return {
      sizes: Object.fromEntries(this.grid.searched.map((path) => [path, settings[path]])),
      memory: this.grid.memoryAt(combination),
      verdict: this.verdict(point),
      dry: dryPools(results.filter((result): result is MeasuredPoint => result.ok)),
    };
  }

  private nearest(): Judged | undefined {
    const all = [...this.results.keys()].map((point) => this.judged(point));
    const known = all.filter(({ verdict }) => verdict.error === undefined);
    return known.sort((a, b) => a.verdict.missedBy - b.verdict.missedBy)[0];
  }

  private better({ judged }: Found): Judged | undefined {
    const { held: best } = this.verdict(this.top);
    if (best.length === 0) return undefined;
    const [{ clause, mean: largest }] = best;
    const gainOf = (point: number): number => {
      const { held } = this.verdict(point);
      if (held.length === 0) return 0;
      return clause.below ? largest / held[0].mean : held[0].mean / largest;
    };
    const gains = [...judged.keys()].map((point) => ({ point, gain: gainOf(point) }));
    const most = gains.reduce((a, b) => (b.gain > a.gain ? b : a));
    return most.gain > BETTER_BY ? this.judged(most.point) : undefined;
  }

  /** What would do if only the clauses of memory were not. */
  private async anySize(): Promise<Judged | undefined> {
    const { answer } = await this.search(undefined);
    return answer === undefined ? undefined : this.judged(answer);
  }

  private atLargest(answer: number): string[] {
    const { lengths } = this.question.space;
    const strides = stridesOf(lengths);
    return this.grid.searched.filter(
      (_, axis) => Math.floor(answer / strides[axis]) % lengths[axis] === lengths[axis] - 1,
    );
  }

  private binds(answer: number): Bind[] {
    const { lengths } = this.question.space;
    const strides = stridesOf(lengths);
    const binds = this.grid.searched.map((path, axis): Bind => {
      const stride = strides[axis];
      const smallest = Math.floor(answer / stride) % lengths[axis] === 0;
      return { path, smaller: smallest ? undefined : this.judged(answer - stride) };
    });
    const missedBy = ({ smaller }: Bind): number => smaller?.verdict.missedBy ?? -1;
    return binds.sort((a, b) => missedBy(b) - missedBy(a));
  }
}

/** Whether it misses nothing but confidence. */
function isOpen({ held }: Verdict): boolean {
  return held.length > 0 && held.every(({ meets, open }) => meets || open);
}
