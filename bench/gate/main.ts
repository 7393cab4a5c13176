/**
 * `npm run gate [-- --long]`: whether this tree has become slower than the baseline's commit, or its heap
 * grows. Both trees run in turns on this machine, now; what is compared are their ratios. The short form is
 * part of CI and finds losses of a quarter; the long one, by hand on a quiet machine, of a few hundredths.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBaseline } from './baseline.ts';
import { makeBaselineTree } from './baseline-tree.ts';
import { contests, runTurns } from './contest.ts';
import { judge, verdictLines } from './judge.ts';

const ROOT = join(import.meta.dirname, '../../..');

function main(args: readonly string[]): number {
  const unknown = args.find((arg) => arg !== '--long');
  if (unknown !== undefined) {
    console.error(`gate: unknown argument ${unknown}; expected nothing or --long`);
    return 2;
  }
  const baseline = readBaseline(ROOT);
  const form = args.includes('--long') ? baseline.long : baseline.short;
  const tree = makeBaselineTree(ROOT, baseline.commit);
  const alone = typeof tree === 'string';
  if (alone) console.log(`gate: without a baseline: ${tree}; heap growth and the kernel's ratio are checked`);
  else for (const note of tree.notes) console.log(`gate: ${note}`);
  const scratch = mkdtempSync(join(tmpdir(), 'inic-gate-'));
  try {
    const startMs = performance.now();
    const seconds = (): number => (performance.now() - startMs) / 1000;
    const tell = (line: string): void => console.log(`gate: ${line}`);
    const all = contests(ROOT, join(scratch, 'report.json'), form, alone ? 'inic,kernel' : 'inic');
    const turns = { budgetSeconds: form.budgetSeconds, seconds, tell };
    const pairs = runTurns(all, ROOT, alone ? undefined : tree.root, turns);
    const verdicts = judge(pairs, baseline, form);
    console.log(verdictLines(verdicts));
    const of = (outcome: string): number => verdicts.filter((verdict) => verdict.outcome === outcome).length;
    console.log(`gate: ${of('passed')} passed, ${of('FAILED')} failed, ${of('not judged')} not judged`);
    return of('FAILED') > 0 ? 1 : 0;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    if (!alone) tree.remove();
  }
}

process.exitCode = main(process.argv.slice(2));
