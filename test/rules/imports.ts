/** The rules of who may import whom (src/ARCHITECTURE.md, rules 1, 2, 5 and 7). */
import { isIdentifier, isNewExpression } from 'typescript/unstable/ast/is';
import { found, inRooms, nodesOf, roomOf, type SourceFile } from './sources.ts';

const isOurs = (name: string) => name.endsWith('.ts');
const inSource = (files: readonly SourceFile[]) => files.filter(({ path }) => path.startsWith('src/'));

/** Rule 1: the driver and the card never import each other. */
export function driverApartFromCard(files: readonly SourceFile[]): string[] {
  return [...importsInto(files, ['osm'], ['iop', 'ism']), ...importsInto(files, ['iop', 'ism'], ['osm'])];
}

function importsInto(files: readonly SourceFile[], from: string[], into: string[]): string[] {
  return inRooms(files, ...from).flatMap((file) =>
    file.imports.filter((name) => into.includes(roomOf(name))).map((name) => `${file.path} imports ${name}`),
  );
}

const STACK_MAY_IMPORT = ['tcpip', 'dma', 'ledger', 'socket', 'assert'];

/**
 * Rule 2: the stack imports memory, ledger, errno, assertions and random numbers, and no module of Node's.
 */
export function stackKnowsNoDevice(files: readonly SourceFile[]): string[] {
  return inRooms(files, 'tcpip').flatMap((file) =>
    file.imports
      .filter((name) => !STACK_MAY_IMPORT.includes(roomOf(name)) && name !== 'src/time/random.ts')
      .map((name) => `${file.path} imports ${name}`),
  );
}

/** Rule 5, first half: only `world/` imports both host and card. */
export function onlyWorldJoins(files: readonly SourceFile[]): string[] {
  return inSource(files)
    .filter(({ path, imports }) => {
      const rooms = imports.map(roomOf);
      return (
        roomOf(path) !== 'world' && rooms.includes('osm') && rooms.some((r) => r === 'iop' || r === 'ism')
      );
    })
    .map(({ path }) => `${path} joins host and card`);
}

/**
 * Rule 5, second half: only `world/` starts the card's thread. Workloads start programs that are no card, and
 * `conform/` waits for a card or a host that is not ours.
 */
export function onlyWorldStartsThreads(files: readonly SourceFile[]): string[] {
  return inSource(files)
    .filter(({ path }) => roomOf(path) !== 'world' && !['workloads', 'conform'].includes(roomOf(path)))
    .flatMap((file) =>
      nodesOf(file.syntax)
        .filter((n) => isNewExpression(n) && isIdentifier(n.expression) && n.expression.text === 'Worker')
        .map((node) => found(file, node)),
    );
}

/** Rule 7 for files: no file imports itself by any way, types included. */
export function fileCycles(files: readonly SourceFile[]): string[] {
  return cyclesOf(new Map(files.map(({ path, imports }) => [path, new Set(imports.filter(isOurs))])));
}

/**
 * Rule 7 for folders, at every depth: a file counts as of the folder that its path names down to that depth.
 * So `a/b` may import `a` or be imported by it, but not both.
 */
export function folderCycles(files: readonly SourceFile[]): string[] {
  const judged = inSource(files);
  const depths = Math.max(0, ...judged.map(({ path }) => path.split('/').length - 1));
  const cycles = Array.from({ length: depths }, (_, depth) => {
    const edges = new Map<string, Set<string>>();
    for (const { path, imports } of judged) {
      const from = folderOf(path, depth + 1);
      const targets = edges.get(from) ?? new Set<string>();
      edges.set(from, targets);
      for (const name of imports.filter(isOurs)) {
        const into = folderOf(name, depth + 1);
        if (into !== from) targets.add(into);
      }
    }
    return cyclesOf(edges);
  });
  return [...new Set(cycles.flat())];
}

function folderOf(path: string, depth: number): string {
  return path.split('/').slice(0, -1).slice(0, depth).join('/');
}

/** The strongly connected parts of more than one node (Tarjan), each as a sorted line. */
function cyclesOf(edges: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[] = [];
  const visit = (node: string): void => {
    order.set(node, order.size);
    low.set(node, order.size - 1);
    stack.push(node);
    for (const next of edges.get(node) ?? []) {
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node) ?? 0, low.get(next) ?? 0));
    }
    if (low.get(node) !== order.get(node)) return;
    const part = stack.splice(stack.indexOf(node));
    if (part.length > 1 || edges.get(node)?.has(node)) cycles.push(part.sort().join(', '));
  };
  for (const node of edges.keys()) if (!order.has(node)) visit(node);
  return cycles;
}

/** Rule 7: no folder or file is named as a place for odds and ends. */
export function drawers(files: readonly SourceFile[]): string[] {
  const drawer = /^(utils?|helpers?|common|misc)(\.|$)/;
  return files.map(({ path }) => path).filter((path) => path.split('/').some((name) => drawer.test(name)));
}
