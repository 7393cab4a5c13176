/** From what the children measured to a verdict on each measure. */
import { pairedRatio, type RatioInterval, spreadOf } from '../../src/record/statistics.ts';
import type { Baseline, Form } from './baseline.ts';
import type { Figures, HeapGrowth } from './figures.ts';

/** `not judged`: the machine was too noisy, or too slow for enough pairs. It neither passes nor fails. */
export type Outcome = 'passed' | 'FAILED' | 'not judged';

export interface Verdict {
  readonly measure: string;
  readonly outcome: Outcome;
  /** The figures it is judged by, in words. */
  readonly why: string;
}

/** Runs of this tree and of the baseline's, paired by place: each pair ran one after the other. */
export interface Pair {
  readonly here: Figures;
  /** Absent where there is no baseline tree. */
  readonly baseline?: Figures;
}

const SEED = 1;

export function judge(pairs: readonly Pair[], baseline: Baseline, form: Form): Verdict[] {
  return [
    ...judgeRates(pairs, form),
    ...judgeKernelRatios(pairs, baseline, form),
    ...judgeHeap(
      pairs.map(({ here }) => here),
      baseline,
    ),
  ];
}

function judgeRates(pairs: readonly Pair[], form: Form): Verdict[] {
  const whole = pairs.filter((pair) => pair.baseline !== undefined);
  return namesOf(whole.map(({ here }) => here.rates)).map((measure) => {
    const both = whole
      .map(({ here, baseline }) => [here.rates[measure], baseline?.rates[measure]] as const)
      .filter(
        (rates): rates is readonly [number, number] => rates[0] !== undefined && rates[1] !== undefined,
      );
    const interval = pairedRatio(
      both.map(([here]) => here),
      both.map(([, there]) => there),
      SEED,
    );
    return { measure, ...outcomeOf(interval, form) };
  });
}

function outcomeOf(interval: RatioInterval | undefined, form: Form): Omit<Verdict, 'measure'> {
  if (interval === undefined || interval.pairs < form.pairsMin) {
    return { outcome: 'not judged', why: `${interval?.pairs ?? 0} of ${form.pairsMin} pairs` };
  }
  const { low, ratio, high, pairs } = interval;
  const figures = `${ratio.toFixed(3)} (${low.toFixed(3)}..${high.toFixed(3)}, ${pairs} pairs)`;
  if (high > low * form.widthMax) return { outcome: 'not judged', why: `${figures}: too wide` };
  const why = `${figures}, floor ${form.floor}`;
  return { outcome: high < form.floor ? 'FAILED' : 'passed', why };
}

/** Where there is no baseline tree, the kernel is what does not change. */
function judgeKernelRatios(pairs: readonly Pair[], { kernelRatioMin }: Baseline, form: Form): Verdict[] {
  const alone = pairs.filter((pair) => pair.baseline === undefined).map(({ here }) => here.kernelRatios);
  return namesOf(alone).map((name) => {
    const ratios = alone.map((run) => run[name]).filter((ratio) => ratio !== undefined);
    const measure = `${name}, over the kernel`;
    const least = kernelRatioMin[name];
    if (least === undefined) return { measure, outcome: 'not judged', why: 'no bound is set' };
    if (ratios.length < form.pairsMin) {
      return { measure, outcome: 'not judged', why: `${ratios.length} of ${form.pairsMin} runs` };
    }
    const { median, min, max } = spreadOf(ratios);
    const figures = `${median.toFixed(3)} (${min.toFixed(3)}..${max.toFixed(3)})`;
    if (max > min * form.widthMax) return { measure, outcome: 'not judged', why: `${figures}: too wide` };
    return { measure, outcome: max < least ? 'FAILED' : 'passed', why: `${figures}, floor ${least}` };
  });
}

function judgeHeap(runs: readonly Figures[], baseline: Baseline): Verdict[] {
  const { heapBytesMax, heapOperationsMin } = baseline;
  return namesOf(runs.map(({ heap }) => heap)).map((name) => {
    const measure = `${name}, heap`;
    const most = heapBytesMax[name];
    if (most === undefined) return { measure, outcome: 'not judged', why: 'no bound is set' };
    const growth = runs
      .map(({ heap }) => heap[name])
      .filter((one): one is HeapGrowth => one !== undefined && one.operations >= heapOperationsMin);
    if (growth.length === 0) {
      return { measure, outcome: 'not judged', why: `no run of ${heapOperationsMin} operations` };
    }
    // The least of all runs: what is allocated once weighs less on it, what each operation allocates does
    // not.
    const { min } = spreadOf(growth.map(({ bytesPerOperation }) => bytesPerOperation));
    const why = `${min.toFixed(1)} bytes an operation, at most ${most}`;
    return { measure, outcome: min > most ? 'FAILED' : 'passed', why };
  });
}

/** Names in the order in which they first occur. */
function namesOf(all: readonly Readonly<Record<string, unknown>>[]): string[] {
  return [...new Set(all.flatMap((one) => Object.keys(one)))];
}

export function verdictLines(verdicts: readonly Verdict[]): string {
  const width = Math.max(...verdicts.map(({ measure }) => measure.length));
  const line = ({ measure, outcome, why }: Verdict): string =>
    `${measure.padEnd(width)}  ${outcome.padEnd(10)}  ${why}`;
  return verdicts.map(line).join('\n');
}
