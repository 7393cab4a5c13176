/** What the gate holds a tree to: `bench/baseline.json`. It has ratios and bytes in it, never rates. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Form {
  /** Seconds in which the pairs are run. */
  readonly budgetSeconds: number;
  /** Of one run of the bench, and how often it is repeated in one process. */
  readonly durationSeconds: number;
  readonly repeats: number;
  /** With fewer pairs nothing is judged. */
  readonly pairsMin: number;
  /** Rate of this tree over the baseline's: below it is a regression. */
  readonly floor: number;
  /** An interval whose upper end is more than this times the lower is too wide to judge by. */
  readonly widthMax: number;
}

export interface Baseline {
  /** The commit every tree is compared with. */
  readonly commit: string;
  readonly short: Form;
  readonly long: Form;
  /** Least rate over the kernel's in the same run, by measure; only where there is no baseline tree. */
  readonly kernelRatioMin: Readonly<Record<string, number>>;
  /** Most bytes of heap growth for each operation, by measure. */
  readonly heapBytesMax: Readonly<Record<string, number>>;
  /** Below so many operations the growth says more about the run's start than of each operation. */
  readonly heapOperationsMin: number;
}

export function readBaseline(root: string): Baseline {
  return JSON.parse(readFileSync(join(root, 'bench/baseline.json'), 'utf8')) as Baseline;
}
