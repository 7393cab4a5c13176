/**
 * Joins the modules of a card to one script, as a step of the build, and keeps beside it what V8 has compiled
 * of it once a card was opened. A program that is started with a card under it loads that script within the
 * call that first needs a card: three hundred modules would take several times as long, and could not be had
 * within a call. What is already loaded by then is given to it, so that it is there once: above all the
 * timers and clocks, taken before the program had any others.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { CACHE, loadScript, openFromScript, SCRIPT, SOURCES } from '../node/card-script.ts';
import { sweepBuffersHere } from '../node/collector.ts';
import { destructured, joinModules } from './join.ts';

const MAIN = new URL('world/open/card.js', SOURCES);

/** Modules that whoever loads the script gives it, by their path from the sources. */
const GIVEN: readonly string[] = ['time/clock.js', 'time/timers.js'];

function read(url: URL): string {
  const from = JSON.stringify(url.href.slice(SOURCES.href.length));
  return readFileSync(url, 'utf8').replaceAll('import.meta.url', `new URL(${from}, sources).href`);
}

function outside(names: string, from: string, importer: URL): string | undefined {
  const pattern = `const ${destructured(names)}`;
  if (!from.startsWith('.')) return `${pattern} = require('${from}');`;
  const path = new URL(from, importer).href.slice(SOURCES.href.length);
  return GIVEN.includes(path) ? `${pattern} = given['${path}'];` : undefined;
}

/** V8 keeps a text in half the memory where it has no other characters. */
function inAscii(text: string): string {
  return text.replace(/[^\0-\x7f]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function writeScript(): void {
  const { statements, main } = joinModules(MAIN, { read, outside });
  const head = '// Joined from the compiled modules by src/joined/card-script.ts. Do not edit.';
  const body = `${statements.join('\n')}\nreturn ${main};`;
  writeFileSync(SCRIPT, inAscii(`${head}\n(require, sources, given) => {\n'use strict';\n${body}\n}\n`));
}

/** V8 heeds what was kept only under the same flags, so the drop-in's are set. */
async function writeCache(): Promise<void> {
  sweepBuffersHere();
  const script = loadScript();
  const card = openFromScript({ driver: { socketsMax: 64 } }, { placement: 'inline', why: 'built' }, script);
  await card.close();
  writeFileSync(CACHE, script.createCachedData());
}

rmSync(CACHE, { force: true });
writeScript();
await writeCache();
