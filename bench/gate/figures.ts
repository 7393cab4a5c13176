/** What one child process measured, as it prints it: figures by the name of the measure. */

export interface Figures {
  /**
   * How much was done in a unit of time; more is better. The unit is the measure's own: only ratios count.
   */
  readonly rates: Readonly<Record<string, number>>;
  /** Bytes by which the heap grew for each operation; the less the better. */
  readonly heap: Readonly<Record<string, HeapGrowth>>;
  /** The card's rate over the kernel's, measured in the same run. */
  readonly kernelRatios: Readonly<Record<string, number>>;
}

export interface HeapGrowth {
  readonly bytesPerOperation: number;
  /** Of how many operations: what a run costs once weighs on few of them. */
  readonly operations: number;
}

interface BenchRow {
  readonly test: string;
  readonly api: string;
  readonly params: { readonly connections: number };
  readonly transport?: string | null;
  /** Absent where the tree knows no other than a thread of its own. */
  readonly placement?: string;
}

/** The part of a bench report that the gate reads: `src/record/result.ts` in either tree. */
interface BenchReport {
  readonly results: readonly (BenchRow & {
    readonly stack: string;
    readonly rate: { readonly value: number };
    readonly memory: {
      readonly hostAllocatedBytesPerOp: number;
      readonly iopHeapGrowthBytesPerOp: number | null;
    };
    readonly repeats: readonly { readonly operations: number }[];
  })[];
  readonly comparisons: readonly (BenchRow & {
    readonly side: { readonly transport: string | null; readonly placement?: string };
    readonly baseline: { readonly stack: string };
    readonly rate: { readonly median: number } | null;
  })[];
  readonly failures: readonly { readonly test: string; readonly error: string }[];
}

/** @throws Error for a report with failures, or none of the card's results. */
export function figuresOf(text: string): Figures {
  const report = JSON.parse(text) as BenchReport;
  const [failure] = report.failures;
  if (failure !== undefined) throw new Error(`${failure.test}: ${failure.error}`);
  const rates: Record<string, number> = {};
  const heap: Record<string, HeapGrowth> = {};
  for (const result of report.results.filter(isJudged)) {
    const name = measureName(result, result.transport);
    const operations = Math.min(...result.repeats.map((repeat) => repeat.operations));
    const { hostAllocatedBytesPerOp, iopHeapGrowthBytesPerOp } = result.memory;
    rates[name] = result.rate.value;
    heap[`${name}, host`] = { bytesPerOperation: hostAllocatedBytesPerOp, operations };
    if (iopHeapGrowthBytesPerOp !== null) {
      heap[`${name}, card`] = { bytesPerOperation: iopHeapGrowthBytesPerOp, operations };
    }
  }
  if (Object.keys(rates).length === 0) throw new Error('the bench measured nothing of the card');
  const kernelRatios: Record<string, number> = {};
  for (const comparison of report.comparisons) {
    const { baseline, rate, side } = comparison;
    if (baseline.stack !== 'kernel' || rate === null || side.placement === 'inline') continue;
    kernelRatios[measureName(comparison, side.transport)] = rate.median;
  }
  return { rates, heap, kernelRatios };
}

/** The card in a thread of its own: either tree has that one. */
function isJudged({ stack, placement }: { stack: string; placement?: string }): boolean {
  return stack === 'inic' && placement !== 'inline';
}

function measureName({ test, api, params }: BenchRow, transport: string | null | undefined): string {
  const place = api === 'message' ? '' : ` ${api} x${params.connections}`;
  return `${test}${place}${transport === 'ring' || transport == null ? '' : ` ${transport}`}`;
}
