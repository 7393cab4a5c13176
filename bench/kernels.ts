/**
 * What the byte kernels cost, beside the plain ways to do the same, and what the ways cost to copy between a
 * program's memory and the region. `runKernelsBench` is also smoke-run by the tests with a tiny budget. Read
 * the ratios, not the absolutes.
 */
import { DmaEngine } from '../src/dma/engine.ts';
import { allocateRegion, type Region } from '../src/dma/region.ts';
import { RECEIVE_COPIES, SEND_COPIES } from '../src/ledger/counters.gen.ts';
import { Ledger } from '../src/ledger/ledger.ts';

export interface KernelFigure {
  readonly name: string;
  readonly bytes: number;
  readonly nsPerCall: number;
  readonly gbPerSecond: number;
}

const SIZES = [20, 40, 64, 256, 1472, 4096, 65536];
/** Sizes of copies between a program's memory and the region. */
const COPY_SIZES = [64, 128, 512, 1472, 4096, 16384, 65536];
const LEDGER = 1024;
const SOURCE = 131072 + 2;
const TARGET = 262144;
const RUNS = 5;

/** @param budgetMs time for one figure's run. @returns the best of five runs of each kernel at each size. */
export function runKernelsBench(budgetMs: number): KernelFigure[] {
  const region = allocateRegion(1 << 20);
  const { kernels, bytes } = region;
  for (let i = SOURCE; i < bytes.length; i++) bytes[i] = (i * 31) & 0xff;
  let sink = 0;
  const bodies: Bodies = {
    copy: (size) => kernels.copy(TARGET, SOURCE, size),
    copyWithin: (size) => bytes.copyWithin(TARGET, SOURCE, SOURCE + size),
    sum: (size) => {
      sink += kernels.sum(SOURCE, size, 0);
    },
    copySum: (size) => {
      sink += kernels.copySum(TARGET, SOURCE, size, 0);
    },
  };
  const figures = figuresOf(bodies, SIZES, budgetMs);
  if (sink < 0) throw new Error('a checksum was negative');
  return [...figures, ...figuresOf(copyBodies(region), COPY_SIZES, budgetMs)];
}

type Bodies = Record<string, (size: number) => void>;

/**
 * The ways between a program's memory and shared memory: the engine's, then `set` and `fill` by themselves.
 * Whether the addresses agree modulo 8 makes the difference for `set`, of which a view is a part. No view has
 * to be made for `fill`.
 */
function copyBodies(region: Region): Bodies {
  const { bytes } = region;
  const program = new Uint8Array(131072);
  const source = program.subarray(3);
  const other = new Uint8Array(131072);
  const bucket = bytes.subarray(TARGET);
  const fill = Buffer.prototype.fill as (value: Uint8Array, offset: number, end: number) => Buffer;
  const dma = new DmaEngine(region, new Ledger(region, LEDGER), {
    offset: TARGET,
    count: 1,
    bufferBytes: 65536,
  });
  return {
    copyIn: (size) => dma.copyIn(SEND_COPIES, source, 0, TARGET, size),
    copyOut: (size) => dma.copyOut(RECEIVE_COPIES, TARGET, source, 0, size),
    'in, set agree': (size) => bytes.set(program.subarray(0, size), TARGET),
    'in, set differ': (size) => bytes.set(source.subarray(0, size), TARGET),
    'in, fill': (size) => fill.call(bytes, source, TARGET, TARGET + size),
    'out, set agree': (size) => program.set(bytes.subarray(TARGET, TARGET + size)),
    'out, set differ': (size) => source.set(bytes.subarray(TARGET, TARGET + size)),
    'out, fill': (size) => fill.call(source, bucket, 0, size),
    'plain, set': (size) => other.set(source.subarray(0, size)),
  };
}

function figuresOf(bodies: Bodies, sizes: readonly number[], budgetMs: number): KernelFigure[] {
  return Object.entries(bodies).flatMap(([name, body]) =>
    sizes.map((size) => {
      const nsPerCall = bestOf(body, size, budgetMs);
      return { name, bytes: size, nsPerCall, gbPerSecond: size / nsPerCall };
    }),
  );
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
      `${name.padEnd(16)}${String(bytes).padStart(6)} B ${nsPerCall.toFixed(1).padStart(9)} ns ` +
      `${gbPerSecond.toFixed(1).padStart(6)} GB/s`,
  );
  return rows.join('\n');
}
