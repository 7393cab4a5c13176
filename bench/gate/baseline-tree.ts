/** The tree that this one is compared with: one commit of our own history, unpacked and built beside it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface BaselineTree {
  readonly root: string;
  /** What whoever reads the result has to know of it. */
  readonly notes: readonly string[];
  remove(): void;
}

/**
 * Unpacks and builds a commit. Nothing is downloaded: the tree borrows this one's `node_modules`.
 * @param root of this tree. @returns the tree, or why there is none, in words.
 */
export function makeBaselineTree(root: string, commit: string): BaselineTree | string {
  const git = (...args: string[]): void => {
    execFileSync('git', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  try {
    git('-C', root, 'cat-file', '-e', `${commit}^{commit}`);
  } catch (error) {
    return `commit ${commit.slice(0, 10)} is not in this copy's history (${reasonOf(error)})`;
  }
  const parent = mkdtempSync(join(tmpdir(), 'inic-gate-'));
  const remove = (): void => rmSync(parent, { recursive: true, force: true });
  const tree = join(parent, 'baseline');
  try {
    // A clone that shares the objects leaves no trace in this repository, as a worktree would.
    git('clone', '--quiet', '--shared', '--no-checkout', root, tree);
    git('-C', tree, 'checkout', '--quiet', '--detach', commit);
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    execFileSync(process.execPath, [compiler, '-p', 'tsconfig.json'], { cwd: tree, stdio: 'pipe' });
  } catch (error) {
    remove();
    return `commit ${commit.slice(0, 10)} could not be built (${reasonOf(error)})`;
  }
  return { root: tree, notes: notesOn(root, tree), remove };
}

function notesOn(root: string, tree: string): string[] {
  const [ours, theirs] = [root, tree].map((folder) => lockedPackages(join(folder, 'package-lock.json')));
  return ours === theirs
    ? []
    : ["the baseline runs with this tree's packages, which are not those it was locked to"];
}

/** The packages a lock file names, without the root's own entry. */
function lockedPackages(path: string): string {
  const { packages } = JSON.parse(readFileSync(path, 'utf8')) as { packages: Record<string, unknown> };
  return JSON.stringify({ ...packages, '': null });
}

/** The first line of what a command said, or why it could not be run. */
function reasonOf(error: unknown): string {
  const { stderr, stdout, message } = error as { stderr?: Buffer; stdout?: Buffer; message: string };
  const said = [stderr, stdout].map((text) => text?.toString().trim() ?? '').find((text) => text !== '');
  return (said ?? message).split('\n', 1)[0];
}
