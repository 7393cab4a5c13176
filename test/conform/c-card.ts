/** The card in C, built as it is or with one place of it changed. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../rules/sources.ts';

/** Where the card's sources are. */
export const C_CARD = join(ROOT, 'spec/examples/c');
/** What docs/conform.md and the card itself say it is built by. */
export const C_FLAGS = ['-Wall', '-Wextra', '-Wpedantic', '-Werror', '-std=c11'];

/** Compilers that are here, of those that the card is to be built by. */
export const COMPILERS = ['gcc', 'clang'].filter((name) => spawnSync(name, ['--version']).status === 0);

/**
 * Builds the card in a folder of its own. @param from text that one of its files has, once, and `to` takes its
 * place. @returns the program's path.
 */
export function buildCard(folder: string, name: string, from = '', to = '', flags = ['-O1']): string {
  const sources = join(folder, `${name}-source`);
  mkdirSync(sources, { recursive: true });
  let places = 0;
  for (const file of readdirSync(C_CARD)) {
    const text = readFileSync(join(C_CARD, file), 'utf8');
    if (from !== '') places += text.split(from).length - 1;
    writeFileSync(join(sources, file), from === '' ? text : text.replace(from, to));
  }
  if (from !== '' && places !== 1) throw new Error(`the card has ${places} places with: ${from}`);
  const program = join(folder, name);
  execFileSync('gcc', [...flags, '-o', program, join(sources, 'card.c')]);
  return program;
}
