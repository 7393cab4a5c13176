#!/usr/bin/env node
/**
 * Where `inic` starts. It loads the program, and says in one line what keeps that from being loaded: so it
 * imports nothing of ours itself.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const TOO_MANY_OPEN = 'too many files are open: let this process open more of them (ulimit -n 256)';
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');

try {
  await import('./program.ts');
} catch (error) {
  end(error);
}

/** Ends with what is wrong with this machine or this installation in one line, and else as Node does. */
function end(error: unknown): never {
  const words = wordsFor(error as NodeJS.ErrnoException);
  if (words === undefined) throw error;
  process.stderr.write(`inic: ${words}\n`);
  process.exit(1);
}

function wordsFor(error: NodeJS.ErrnoException): string | undefined {
  const { code, path = '' } = error;
  if (code === 'EMFILE') return TOO_MANY_OPEN;
  if (code === 'ENFILE') return 'too many files are open on this machine: end other programs';
  if (error instanceof SyntaxError && /ModuleLoader|ModuleJob/.test(error.stack ?? '')) {
    return `the installation is damaged (${error.message}): install inic again`;
  }
  const lost = code === 'ENOENT' ? path : lostModule(error);
  if (lost === undefined) return undefined;
  // Node takes a package whose description it could not open for one without, and looks for its index.js.
  if (basename(lost) === 'index.js' && existsSync(join(dirname(lost), 'package.json'))) return TOO_MANY_OPEN;
  if (lost.startsWith(ROOT))
    return `${relative(ROOT, lost)} is missing from the installation: install inic again`;
  return lost.includes('/') ? undefined : `the package ${lost} is missing: install inic again, as by npm ci`;
}

/** The file or package that an import has not found. */
function lostModule({ code, message }: NodeJS.ErrnoException): string | undefined {
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return undefined;
  return /^Cannot find (?:module|package) '([^']+)'/.exec(message)?.[1];
}
