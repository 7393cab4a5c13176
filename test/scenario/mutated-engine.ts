/**
 * The engine with one thing wrong. What the build has made of the sources is read once, module by module; a
 * mutant is the same modules, but for one whose text was changed, loaded anew in this process, so that
 * hundreds of them take seconds. Imports here have one direction, so each is a value once it is asked for.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileFunction } from 'node:vm';
import { parse } from 'yaml';
import type { drillScript } from '../../src/drill/run/runner.ts';

export interface Mutant {
  readonly name: string;
  /** Below src/tcpip. */
  readonly file: string;
  /** Its text, there once whatever the space between its words, and what stands there instead. */
  readonly from: string;
  readonly to: string;
}

type Exports = Record<string, unknown>;
type Module = (exports: Exports, require: (name: string) => unknown) => void;
export type Drill = typeof drillScript;

/** The tree's folder, for sources and for what is built of them. */
export const ROOT = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? '../../../' : '../../', import.meta.url),
);
const ENGINE = join(ROOT, 'src/tcpip');
const BUILT_ENGINE = join(ROOT, 'dist/src/tcpip');
const RUNNER = join(ROOT, 'dist/src/drill/run/runner.js');
const required = createRequire(import.meta.url);
const modules = new Map<string, Module>();

/** Every mutant of mutants.yaml, by its name. */
export function readMutants(): ReadonlyMap<string, Mutant> {
  const text = readFileSync(join(ROOT, 'test/scenario/mutants.yaml'), 'utf8');
  const entries = Object.entries(parse(text) as Record<string, Omit<Mutant, 'name'>>);
  return new Map(entries.map(([name, mutant]) => [name, { name, ...mutant }]));
}

/** How often the text stands in the mutant's source: once, or the mutant is no good. */
export function placesOf({ file, from }: Mutant): number {
  return readFileSync(join(ENGINE, file), 'utf8').match(patternOf(from))?.length ?? 0;
}

/** What runs scripts on the engine, with one thing wrong where a mutant is given. */
export function drillOf(mutant?: Mutant): Drill {
  const loaded = new Map<string, Exports>();
  const wrong = mutant === undefined ? '' : join(BUILT_ENGINE, mutant.file.replace(/\.ts$/, '.js'));
  const load = (path: string): Exports => {
    const before = loaded.get(path);
    if (before !== undefined) return before;
    const exports: Exports = {};
    const module = path === wrong && mutant !== undefined ? changed(path, mutant) : moduleAt(path);
    module(exports, (name) => (name.startsWith('.') ? load(join(dirname(path), name)) : required(name)));
    loaded.set(path, exports);
    return exports;
  };
  return load(RUNNER)['drillScript'] as Drill;
}

function moduleAt(path: string): Module {
  const known = modules.get(path);
  if (known !== undefined) return known;
  const module = compiled(path, readFileSync(path, 'utf8'));
  modules.set(path, module);
  return module;
}

function changed(path: string, { name, from, to }: Mutant): Module {
  const source = readFileSync(path, 'utf8');
  const places = source.match(patternOf(from))?.length ?? 0;
  if (places !== 1) throw new Error(`mutant ${name}: ${path} has its text ${places} times: build it`);
  return compiled(
    path,
    source.replace(patternOf(from), () => to),
  );
}

/** The text, with any space between its words: the build sets its lines otherwise than we do. */
function patternOf(text: string): RegExp {
  const words = text.trim().split(/\s+/);
  return new RegExp(words.map((word) => word.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('\\s+'), 'g');
}

/** A module of imports and exports as a function that is handed both. */
function compiled(path: string, source: string): Module {
  const names: string[] = [];
  const text = source
    .replace(/^import \{([^}]*)\} from ('[^']*');$/gm, (_, list: string, from: string) => {
      return `const {${list.replaceAll(' as ', ': ')}} = require(${from});`;
    })
    .replace(/^import \* as (\w+) from ('[^']*');$/gm, 'const $1 = require($2);')
    .replace(/^export \{([^}]*)\} from ('[^']*');$/gm, (_, list: string, from: string) => {
      return list
        .split(',')
        .map((name) => `exports.${name.trim()} = require(${from}).${name.trim()};`)
        .join('');
    })
    .replace(/^export \{([^}]*)\};$/gm, (_, list: string) => {
      names.push(...list.split(',').map((name) => name.trim()));
      return '';
    })
    .replace(/^export (const|let|function|class) (\w+)/gm, (_, kind: string, name: string) => {
      names.push(name);
      return `${kind} ${name}`;
    });
  const given = names.map((name) => `exports.${name} = ${name};`).join('\n');
  return compileFunction(`'use strict';${text}\n${given}`, ['exports', 'require'], {
    filename: path,
  }) as Module;
}
