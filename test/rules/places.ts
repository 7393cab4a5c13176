/** The rules of what only one place may do (src/ARCHITECTURE.md, rules 3 and 4). */
import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import {
  isBindingElement,
  isCallExpression,
  isElementAccessExpression,
  isExportSpecifier,
  isIdentifier,
  isImportSpecifier,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isStringLiteral,
} from 'typescript/unstable/ast/is';
import { found, nodesOf, type SourceFile } from './sources.ts';

type Judge = (node: Node, parent: Node) => boolean;

/** Nodes of files of `src` outside the allowed places for which `judge` says that they break the rule. */
function outside(files: readonly SourceFile[], allowed: readonly string[], judge: Judge): string[] {
  return files
    .filter(({ path }) => path.startsWith('src/') && !allowed.some((a) => path.startsWith(`src/${a}`)))
    .flatMap((file) =>
      nodesOf(file.syntax)
        .filter((node) => node.parent !== undefined && judge(node, node.parent))
        .map((node) => found(file, node.parent ?? node)),
    );
}

/** The last name of an expression such as `this.region.bytes`. */
function lastName(node: Node): string {
  if (isIdentifier(node)) return node.text;
  return isPropertyAccessExpression(node) ? node.name.text : '';
}

/** Whether a node is `object.method` with these names, the object by its last one, and is called. */
function isCallOf(node: Node, parent: Node, object: RegExp, method: RegExp): boolean {
  return (
    isPropertyAccessExpression(node) &&
    isCallExpression(parent) &&
    parent.expression === node &&
    method.test(node.name.text) &&
    object.test(lastName(node.expression))
  );
}

/** Rule 3: only `dma/` moves bytes of shared memory. */
export function onlyDmaMoves(files: readonly SourceFile[]): string[] {
  return outside(
    files,
    ['dma/'],
    (node, parent) =>
      isCallOf(node, parent, /./, /^copyWithin$/) ||
      isCallOf(node, parent, /^(bytes|shared)$/, /^(set|fill)$/) ||
      isCallOf(node, parent, /^kernels$/, /^copy(Sum)?$/) ||
      (isPropertyAccessExpression(node) && /\bprototype\.(fill|set|copy)$/.test(node.getText())),
  );
}

/** Rule 3: only the sleeper notifies. */
export function onlySleeperNotifies(files: readonly SourceFile[]): string[] {
  return outside(files, ['time/sleeper.ts'], (node, parent) =>
    isCallOf(node, parent, /^Atomics$/, /^notify$/),
  );
}

const WAKERS = ['i2o/doorbell.ts', 'i2o/interrupt.ts', 'world/', 'time/'];

/** Rule 3: only the doorbell and the interrupt wake the other side; the world may end a sleep. */
export function onlyDoorbellsWake(files: readonly SourceFile[]): string[] {
  return outside(files, WAKERS, (node, parent) => isCallOf(node, parent, /waker$/i, /^wake$/));
}

/** Modules whose whole purpose is a clock, a timer or a random number. */
const MODULES = /^(node:)?(timers|timers\/promises|perf_hooks|crypto)$/;
/** Globals that are one, whole. `queueMicrotask` and `nextTick` are none: they do not let time pass. */
const GLOBALS =
  /^(Date|performance|crypto|set(Timeout|Interval|Immediate)|clear(Timeout|Interval|Immediate))$/;
/** Names under which objects that are otherwise harmless offer one. */
const MEMBERS: Readonly<Record<string, RegExp>> = {
  Math: /^random$/,
  Atomics: /^wait(Async)?$/,
  process: /^(hrtime|uptime|cpuUsage|threadCpuUsage|resourceUsage)$/,
  globalThis: GLOBALS,
};
/** Calculates with a date that somebody else read. */
const PURE_MEMBERS = /^(parse|UTC)$/;

/** Takes a digest from a module that could also draw a random number. */
const DIGEST = 'src/report/html/digest.ts';

/** Rule 4: only `time/` reads a clock, sets a timer or draws a random number, under whatever name. */
export function onlyTimeHasClocks(files: readonly SourceFile[]): string[] {
  const allowed = ['time/'];
  const imports = files
    .filter(({ path }) => path.startsWith('src/') && !path.startsWith('src/time/') && path !== DIGEST)
    .flatMap(({ path, imports }) =>
      imports.filter((name) => MODULES.test(name)).map((name) => `${path} imports ${name}`),
    );
  return [...imports, ...outside(files, allowed, readsClock)];
}

function readsClock(node: Node, parent: Node): boolean {
  if (!isIdentifier(node) || !isValue(node, parent)) return false;
  if (GLOBALS.test(node.text)) return !isPureUse(node, parent);
  const members = MEMBERS[node.text];
  if (members === undefined) return false;
  if (isPropertyAccessExpression(parent)) return members.test(parent.name.text);
  if (isElementAccessExpression(parent)) {
    const { argumentExpression: key } = parent;
    return !isStringLiteral(key) || members.test(key.text);
  }
  // Without a member named here, the object goes on under another name: by that, anything could be reached.
  return node.text !== 'process' || takesMember(parent, members);
}

/**
 * Whether `process` is taken apart into one of the members; it may be handed on whole, as Node's own API
 * wants.
 */
function takesMember(parent: Node, members: RegExp): boolean {
  return nodesOf(parent).some(
    (part) => isBindingElement(part) && members.test(lastName(part.propertyName ?? part.name ?? part)),
  );
}

/** `Date.parse(text)` and the like. */
function isPureUse(node: Node, parent: Node): boolean {
  return (
    isPropertyAccessExpression(parent) && parent.expression === node && PURE_MEMBERS.test(parent.name.text)
  );
}

/** Whether an identifier stands for the value of that name: no key, no member, no type, no declaration. */
function isValue(node: Node, parent: Node): boolean {
  if (isPropertyAccessExpression(parent)) return parent.expression === node;
  if (isPropertyAssignment(parent)) return parent.initializer === node;
  if (isBindingElement(parent) || isImportSpecifier(parent) || isExportSpecifier(parent)) return false;
  const { kind } = parent;
  if (kind === SyntaxKind.ShorthandPropertyAssignment) return true;
  return !NO_VALUES.has(kind) && !('name' in parent && parent.name === node);
}

const NO_VALUES: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.TypeReference,
  SyntaxKind.TypeQuery,
  SyntaxKind.QualifiedName,
  SyntaxKind.ExpressionWithTypeArguments,
]);
