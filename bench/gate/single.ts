/**
 * The measures of one thread, of this tree or of another that is built: the micro-benchmarks, and a virtual
 * world. They are timed by the processor time of this process, so that a busy machine disturbs them little.
 * Runs as a child: `node --expose-gc --max-semi-space-size=64 single.js [TREE]` prints its figures as JSON.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { VirtualWorld as World } from '../../src/world/virtual/virtual-world.ts';
import type { Figures, HeapGrowth } from './figures.ts';
import { Answerer, Sender } from './transfer.ts';

/**
 * The algorithms that the stack of the baseline has, which knows no others: both sides are to do the same work.
 * What the defaults, RACK and CUBIC, cost beyond them is no change of the code that they share.
 */
const BY_COUNT = { lossRecovery: 'sack', congestionControl: 'newreno' } as const;

/** What is run of a tree, under the names that the modules have in both. */
export interface Tree {
  readonly runRingBench: (scale: number) => unknown;
  readonly runFifoBench: (scale: number) => unknown;
  readonly runTcpipBench: (scale: number, algorithms?: typeof BY_COUNT) => unknown;
  readonly runHdmBench: (
    budgetMs: number,
  ) => readonly { name: string; payloadBytes: number; nsPerPacket: number; heapBytesPerPacket: number }[];
  readonly VirtualWorld: typeof World;
  /** What this tree's worlds ask of V8 before they run; older trees ask nothing. */
  readonly widenInlining?: () => void;
}

/** Where the virtual world is: in this tree, and in older ones. */
const WORLDS = ['src/world/virtual/virtual-world.js', 'src/world/virtual.js'];
const INLINING = 'src/world/build/inlining.js';

/** @param dist the folder a tree is compiled to. */
export async function loadTree(dist: string): Promise<Tree> {
  const world = WORLDS.find((path) => existsSync(join(dist, path)));
  if (world === undefined) throw new Error(`no virtual world in ${dist}`);
  const paths = ['bench/ring.js', 'bench/fifo.js', 'bench/tcpip.js', 'bench/hdm.js', world];
  if (existsSync(join(dist, INLINING))) paths.push(INLINING);
  const modules = await Promise.all(paths.map((path) => import(pathToFileURL(join(dist, path)).href)));
  return Object.assign({}, ...modules) as Tree;
}

const SECOND_NS = 1e9;
const STREAM_BYTES = 12 << 20;
const REQUESTS = 6000;
const HDM_BUDGET_MS = 12;
/** Each measure is run so often and the fastest counts, since other processes only ever slow it down. */
const RUNS = 4;
/** V8 compiles the path of two cards anew during the first runs, so the simulated measure needs more. */
const SIMULATED_RUNS = 8;
/** Rough shares of the work, so that each measure takes about as long. */
const SCALES = { ring: 0.03, fifo: 0.03, stack: 0.012 };

/** @param scale 1 for figures, less for a smoke test. */
export function measureTree(tree: Tree, scale: number): Figures {
  const rates: Record<string, number> = {};
  const heap: Record<string, HeapGrowth> = {};
  const timed = (name: string, work: (scale: number) => unknown): void => {
    work(scale / 4); // so that what is timed is compiled
    const seconds = repeated(() => processorSeconds(() => work(scale)));
    rates[name] = 1 / Math.min(...seconds);
  };
  simulate(tree, scale / 2);
  const runs = repeated(() => simulate(tree, scale), SIMULATED_RUNS);
  rates['simulated segments'] = Math.max(...runs.map(({ segments, seconds }) => segments / seconds));
  const least = Math.min(...runs.map(({ segments, heapBytes }) => heapBytes / segments));
  heap['simulated segments'] = { bytesPerOperation: least, operations: runs[0].segments };
  // What a card by the machine's clock runs with; a virtual world, above, does not.
  tree.widenInlining?.();
  timed('ring', (part) => tree.runRingBench(SCALES.ring * part));
  timed('fifo', (part) => tree.runFifoBench(SCALES.fifo * part));
  timed('stack', (part) => tree.runTcpipBench(SCALES.stack * part, BY_COUNT));
  for (const figure of repeated(() => tree.runHdmBench(HDM_BUDGET_MS * scale)).flat()) {
    if (figure.payloadBytes !== 64 && figure.name !== 'segmented') continue;
    const name = `device, ${figure.name} ${figure.payloadBytes} B`;
    rates[name] = Math.max(rates[name] ?? 0, 1 / figure.nsPerPacket);
  }
  return { rates, heap, kernelRatios: {} };
}

function repeated<T>(work: () => T, runs = RUNS): T[] {
  return Array.from({ length: runs }, work);
}

interface Simulated {
  readonly segments: number;
  readonly seconds: number;
  /** What the transfer allocated, if the heap has room for it: the flags of the child see to that. */
  readonly heapBytes: number;
}

/** Two cards in virtual time. @returns the segments they sent, and what that took. */
function simulate(tree: Tree, scale: number): Simulated {
  const world = new tree.VirtualWorld({ cards: [{}, {}], link: { delayNs: 10_000 }, seed: 1 });
  const [from, to] = world.cards;
  if (to === undefined) throw new Error('a world of two cards has one');
  const streamBytes = Math.ceil(STREAM_BYTES * scale);
  const answerer = new Answerer(to.stack, streamBytes);
  const sender = new Sender(from.stack, to.config.stack.address, streamBytes, Math.ceil(REQUESTS * scale));
  from.start(sender);
  to.start(answerer);
  let done = false;
  collect();
  const heapBefore = process.memoryUsage().heapUsed;
  const seconds = processorSeconds(() => {
    done = world.run(() => sender.done, 1000 * SECOND_NS);
  });
  const heapBytes = process.memoryUsage().heapUsed - heapBefore;
  if (!done) throw new Error('the simulated transfer did not end');
  const segments = world.snapshot().reduce((sum, counters) => sum + (counters['tcpOutSegs'] ?? 0), 0);
  return { segments, seconds, heapBytes };
}

function processorSeconds(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return Math.max(user + system, 1) / 1e6;
}

/** Empties the heap of what nobody holds, where the process was started with `--expose-gc`. */
function collect(): void {
  (globalThis as { gc?: () => void }).gc?.();
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const dist = process.argv[2] ?? join(import.meta.dirname, '../..');
  process.stdout.write(
    `${JSON.stringify(measureTree(await loadTree(dist), Number(process.argv[3] ?? 1)))}\n`,
  );
}
