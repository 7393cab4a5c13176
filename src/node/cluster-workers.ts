/**
 * Starts a cluster's workers without `--import inic/register`, which they would inherit from their primary.
 * They have no card. And with any `--import` a worker begins to read its channel before its program has
 * begun, so that what the primary sends when it hears that the worker is online would find no listener.
 */
import cluster from 'node:cluster';
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { SpawnOptions } from './bindings.ts';

const IMPORT = /^--import(?:=(.*))?$/s;
/** In NODE_OPTIONS a value with spaces in it is quoted. */
const IMPORT_OPTION = /(^|\s)--import(?:=|\s+)("(?:[^"\\]|\\.)*"|\S+)/g;
const NODE_OPTIONS = 'NODE_OPTIONS=';
const WORKER = 'NODE_UNIQUE_ID=';

/** The modules that put a card under the program that imports them, by URL. */
const preloads: string[] = [];

/** Tells that the program was started by `--import` of this module. */
export function preloadedBy(url: string): void {
  preloads.push(url);
}

/** Where the values lie that Node 24 gives to `spawn`: file, arguments, directory, environment, stdio, …. */
const ARGS = 1;
const ENV_PAIRS = 3;
const STDIO = 4;

/** What `spawn` of the process binding was given: one object by Node 20, a row of values by Node 24. */
export function spawnOptions(values: readonly unknown[]): SpawnOptions {
  if (typeof values[0] === 'object') return values[0] as SpawnOptions;
  return {
    args: values[ARGS] as SpawnOptions['args'],
    envPairs: values[ENV_PAIRS] as SpawnOptions['envPairs'],
    stdio: values[STDIO] as SpawnOptions['stdio'],
  };
}

/** @returns what was given to `spawn` as it is, or for a cluster's worker a copy that names no card. */
export function withoutCard(values: readonly unknown[]): readonly unknown[] {
  const { args, envPairs } = spawnOptions(values);
  if (!args || !envPairs?.some((pair) => pair.startsWith(WORKER))) return values;
  const own = {
    args: argumentsWithout(args),
    envPairs: envPairs.map((pair) => (pair.startsWith(NODE_OPTIONS) ? optionsWithout(pair) : pair)),
  };
  if (typeof values[0] === 'object') return [Object.assign(Object.create(values[0]), own)];
  return values.map((value, i) => (i === ARGS ? own.args : i === ENV_PAIRS ? own.envPairs : value));
}

/** @param args Node's path, its own arguments as the cluster's settings have them, then the program's. */
function argumentsWithout(args: readonly string[]): string[] {
  const end = 1 + (cluster.settings.execArgv?.length ?? 0);
  const kept: string[] = args.slice(0, 1);
  for (let i = 1; i < end; i++) {
    const imported = IMPORT.exec(args[i]);
    const separate = imported !== null && imported[1] === undefined;
    const words = separate ? 2 : 1;
    if (imported === null || !isPreload(imported[1] ?? args[i + 1])) kept.push(...args.slice(i, i + words));
    if (separate) i++;
  }
  return [...kept, ...args.slice(end)];
}

function optionsWithout(pair: string): string {
  const text = pair.slice(NODE_OPTIONS.length);
  const kept = text.replace(IMPORT_OPTION, (whole, _space, module: string) =>
    isPreload(module.startsWith('"') ? module.slice(1, -1).replace(/\\(.)/g, '$1') : module) ? '' : whole,
  );
  return NODE_OPTIONS + kept.trim();
}

/** Whether a program that imports this, by URL, path or name, gets a card by it. */
function isPreload(module: string): boolean {
  if (preloads.includes(module)) return true;
  try {
    const path = module.startsWith('file:')
      ? fileURLToPath(module)
      : createRequire(`${process.cwd()}/`).resolve(module);
    const real = realpathSync(path);
    return preloads.some((url) => realpathSync(fileURLToPath(url)) === real);
  } catch {
    return false;
  }
}
