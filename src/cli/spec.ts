/**
 * `inic spec [NAME]`: prints the message layer and the socket class from the data that the codecs are made
 * of.
 */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { packageVersion } from '../record/manifest.ts';
import { PAGE_COLUMNS, setPageColumns } from '../report/spec-columns.ts';
import { coverageJson, coverageText } from '../report/spec-coverage.ts';
import { specSite } from '../report/spec-html.ts';
import { SITE_STARTS } from '../report/spec-html-parts.ts';
import { specJson } from '../report/spec-json.ts';
import { specList } from '../report/spec-list.ts';
import { specPage } from '../report/spec-text.ts';
import { type Found, findByName, namesLike } from '../spec/find.ts';
import { SCHEMA_NAMES, schemaText } from '../spec/schema-texts.ts';
import { misspelt, plain } from '../world/config/complaint.ts';
import { fileErrorText, UserError } from './errors.ts';
import type { FileKind } from './file-kinds.ts';
import { boldOn, lineWidth } from './terminal.ts';
import { checkReplaceable } from './writable.ts';

export function addSpec(program: Command): void {
  program
    .command('spec')
    .description('print the spec: messages with their words drawn, states, replies, errors')
    .argument(
      '[name]',
      'a message, class, enumeration or value, structure, field, element, machine or state, rule, clause, group, ' +
        'errno or option, or its number, such as 0x89',
    )
    .option('--coverage', 'a table of all clauses, and what shows each')
    .option('--schema <name>', 'print a JSON Schema: spec, coverage, vectors, scenarios, trace or conform')
    .option('--json', 'the same for machines')
    .option('--html <dir>', 'write all of it as linked pages into a folder')
    .action(spec);
}

const SITE_FILE: FileKind = { name: 'page of inic spec', start: SITE_STARTS };

interface SpecOptions {
  readonly coverage?: true;
  readonly schema?: string;
  readonly json?: true;
  readonly html?: string;
}

function spec(name: string | undefined, options: SpecOptions): void {
  if (options.html !== undefined) {
    if (name !== undefined || options.json || options.coverage)
      throw new UserError('--html writes everything: no name, no --json, no --coverage');
    writeSite(options.html);
    return;
  }
  if (options.schema !== undefined) {
    process.stdout.write(schema(options.schema, name !== undefined || options.json === true));
    return;
  }
  if (options.coverage) {
    coverage(name, options.json === true);
    return;
  }
  const found = name === undefined ? [] : find(name);
  if (options.json) {
    process.stdout.write(specJson(`inic ${packageVersion()}`, name === undefined ? undefined : found));
    return;
  }
  setPageColumns(lineWidth(process.stdout, PAGE_COLUMNS));
  const pages = name === undefined ? [specList()] : found.map(specPage);
  process.stdout.write(`${pages.map((lines) => lines.join('\n')).join('\n\n\n')}\n`);
}

/** @param besides whether anything else was asked for. */
function schema(wanted: string, besides: boolean): string {
  if (besides) throw new UserError('--schema prints a schema: no name, no --json');
  const text = schemaText(wanted);
  if (text !== undefined) return text;
  throw new UserError(`there is no schema "${plain(wanted)}": ${misspelt(wanted, [...SCHEMA_NAMES])}`);
}

function coverage(name: string | undefined, json: boolean): void {
  if (name !== undefined)
    throw new UserError(`--coverage is of all clauses: \`inic spec ${plain(name)}\` says what shows one`);
  const lines = (): string[] => coverageText(lineWidth(process.stdout, PAGE_COLUMNS), boldOn(process.stdout));
  process.stdout.write(json ? coverageJson(`inic ${packageVersion()}`) : `${lines().join('\n')}\n`);
}

function find(name: string): readonly Found[] {
  const found = findByName(name);
  if (found.length > 0) return found;
  const like = namesLike(name);
  const hint = like.length === 0 ? '`inic spec` lists what there is' : `did you mean ${like.join(' or ')}?`;
  throw new UserError(`the spec has no "${name}"; ${hint}`);
}

function writeSite(folder: string): void {
  const site = specSite(`inic ${packageVersion()}`);
  const files = [...site].map(([path, text]) => [join(folder, path), text] as const);
  for (const [file] of files) if (isThere(file)) checkReplaceable(file, SITE_FILE);
  try {
    for (const [file, text] of files) {
      makeFolder(resolve(dirname(file)));
      writeFileSync(file, text);
    }
  } catch (error) {
    const isFile = (error as NodeJS.ErrnoException).code === 'EEXIST';
    const words = isFile ? 'it is a file: name a folder' : fileErrorText(error);
    throw new UserError(`cannot write to ${folder}: ${words}`);
  }
  process.stdout.write(`${site.size} files; begin with ${join(folder, 'index.html')}\n`);
}

function isThere(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false; // what is wrong with the folder is said where it is made
  }
}

/**
 * Makes a folder and those above it. Node's own option `recursive` never returns in a file system that takes
 * no folders, such as /proc.
 */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  const above = dirname(path);
  if (above !== path) makeFolder(above);
  mkdirSync(path);
}
