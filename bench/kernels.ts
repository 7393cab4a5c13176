/**
 * What the byte kernels cost, beside the plain ways to do the same. `runKernelsBench` is also smoke-run by
 * the tests with a tiny budget. Read the ratios, not the absolutes.
 */
import { allocateRegion } from '../src/dma/region.ts';

export interface KernelFigure {
  readonly name: string;
  readonly bytes: number;
  readonly nsPerCall: number;
  readonly gbPerSecond: number;
}

const SIZES = [20, 40, 64, 256, 1472, 4096, 65536];
const SOURCE = 4096 + 2;
const TARGET = 262144;
const RUNS = 5;

/** @param budgetMs time for one figure's run. @returns the best of five runs of each kernel at each size. */
export function runKernelsBench(budgetMs: number): KernelFigure[] {
  const region = allocateRegion(1 << 20);
  const { kernels, bytes } = region;
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31) & 0xff;
  let sink = 0;
  const bodies: Record<string, (size: number) => void> = {
    copy: (size) => kernels.copy(TARGET, SOURCE, size),
    copyWithin: (size) => bytes.copyWithin(TARGET, SOURCE, SOURCE + size),
    sum: (size) => {
      sink += kernels.sum(SOURCE, size, 0);
    },
    copySum: (size) => {
      sink += kernels.copySum(TARGET, SOURCE, size, 0);
    },
  };
  const figures: KernelFigure[] = [];
  for (const [name, body] of Object.entries(bodies)) {
    for (const size of SIZES) {
      const nsPerCall = bestOf(body, size, budgetMs);
      figures.push({ name, bytes: size, nsPerCall, gbPerSecond: size / nsPerCall });
    }
  }
  if (sink < 0) throw new Error('a checksum was negative');
  return figures;
}

function bestOf(body: (size: number) => void, size: number, budgetMs: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now();
    let calls = 0;
    let elapsed = 0;
    do {
      for (let i = 0; i < 200; i++) body(size);
      calls += 200;
      elapsed = performance.now() - start;
    } while (elapsed < budgetMs / RUNS);
    best = Math.min(best, (elapsed * 1e6) / calls);
  }
  return best;
}

/** A table for the terminal. */
export function formatKernelFigures(figures: readonly KernelFigure[]): string {
  const rows = figures.map(
    ({ name, bytes, nsPerCall, gbPerSecond }) =>
      `${name.padEnd(12)}${String(bytes).padStart(6)} B ${nsPerCall.toFixed(1).padStart(9)} ns ` +
      `${gbPerSecond.toFixed(1).padStart(6)} GB/s`,
  );
  return rows.join('\n');
}
