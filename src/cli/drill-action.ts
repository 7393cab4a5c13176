/** What `inic drill` does with scripts and folders of them. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { applySetting } from '../drill/host/apply-setting.ts';
import { DrillMemory } from '../drill/host/drill-memory.ts';
import { drillConfig, type SystemName } from '../drill/host/live-config.ts';
import { settingOf } from '../drill/host/sysctl-names.ts';
import type { Verdict } from '../drill/run/outcome.ts';
import { addressOf, type RunOptions } from '../drill/run/run-options.ts';
import { drillScript } from '../drill/run/runner.ts';
import { drillJson, drillSummary, plainLines, traceLines, verdictLines } from '../report/drill.ts';
import { systemErrorText, UserError } from './errors.ts';

export interface DrillFlags {
  readonly verbose?: true;
  readonly json?: true;
  readonly define?: Readonly<Record<string, string>>;
  readonly sysctl?: Readonly<Record<string, string>>;
  readonly seed?: number;
  readonly system?: SystemName;
  readonly local_ip?: string;
  readonly remote_ip?: string;
  readonly bind_port?: number;
  readonly connect_port?: number;
  readonly mtu?: number;
  readonly tolerance_usecs?: number;
  readonly tolerance_percent?: number;
}

const FAILED = 1;
const NO_SCRIPT = 2;
const NOT_JUDGED = 3;
const EXTENSION = '.pkt';
const STDIN = 0;
/** No script is larger: a longer file is something else. */
const BYTES_MAX = 16 * 1024 * 1024;

export async function drill(files: readonly string[], flags: DrillFlags): Promise<void> {
  const options = optionsOf(flags);
  const defines = new Map(Object.entries(flags.define ?? {}));
  const memory = new DrillMemory();
  const verdicts: Verdict[] = [];
  for (const file of files.flatMap(scriptsOf)) {
    const name = file === '-' ? 'standard input' : file;
    const verdict = attempt(name, () => drillScript(name, sourceOf(file), { options, defines, memory }));
    verdicts.push(verdict);
    if (flags.json !== true) print(verdict, flags);
  }
  if (flags.json === true) process.stdout.write(drillJson(verdicts));
  else if (verdicts.length > 1) {
    process.stdout.write(`${flags.verbose === true ? '// ' : ''}${drillSummary(verdicts)}\n`);
  }
  process.exitCode = statusOf(verdicts);
}

function print(verdict: Verdict, { verbose }: DrillFlags): void {
  if (verdict.outcome === 'no script') {
    process.stderr.write(`inic: ${verdictLines(verdict)[0]}\n`);
    return;
  }
  const lines = verbose === true ? traceLines(verdict) : plainLines(verdict);
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

function statusOf(verdicts: readonly Verdict[]): number {
  const has = (outcome: Verdict['outcome']): boolean =>
    verdicts.some((verdict) => verdict.outcome === outcome);
  if (has('failed')) return FAILED;
  if (has('no script')) return NO_SCRIPT;
  return has('not judged') ? NOT_JUDGED : 0;
}

/** A file itself, or the scripts in a folder and in those within it. */
function scriptsOf(path: string): string[] {
  if (path === '-' || !isFolder(path)) return [path];
  const found = readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(EXTENSION))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  if (found.length === 0) throw new UserError(`${path}: no script (*${EXTENSION}) is in it`, NO_SCRIPT);
  return found;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // whoever reads it says why
  }
}

function sourceOf(path: string): string {
  if (path !== '-' && statSync(path).size > BYTES_MAX) throw new UserError('it is too large');
  return readFileSync(path === '-' ? STDIN : path, 'utf8');
}

/** A file that cannot be read is no script. */
function attempt(file: string, judge: () => Verdict): Verdict {
  try {
    return judge();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!(error instanceof UserError) && !/^E[A-Z_]+$/.test(code)) throw error;
    const words = `cannot read it: ${error instanceof UserError ? error.message : systemErrorText(error)}`;
    return {
      file,
      outcome: 'no script',
      place: undefined,
      words,
      details: [],
      notes: [],
      printed: [],
      endUs: 0,
      events: 0,
      eventsTotal: 0,
      trace: [],
    };
  }
}

/** @throws UserError for an address or a setting that cannot be. */
function optionsOf(flags: DrillFlags): Partial<RunOptions> {
  const { seed, mtu } = flags;
  for (const [name, value] of Object.entries(flags.sysctl ?? {})) checkSetting(name, value);
  const said: { readonly [K in keyof RunOptions]?: RunOptions[K] | undefined } = {
    seed,
    mtu,
    system: flags.system,
    settings: flags.sysctl,
    localAddress: address('local_ip', flags.local_ip),
    remoteAddress: address('remote_ip', flags.remote_ip),
    bindPort: flags.bind_port,
    connectPort: flags.connect_port,
    toleranceUs: flags.tolerance_usecs,
    tolerancePercent: flags.tolerance_percent,
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

function checkSetting(name: string, value: string): void {
  if (settingOf(name) === undefined) throw new UserError(`--sysctl ${name}: there is no such setting here`);
  const outcome = applySetting(drillConfig({}), name, value, false);
  if (outcome.kind === 'lacking') throw new UserError(`--sysctl ${outcome.words}`);
}

function address(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = addressOf(text);
  if (number === undefined) throw new UserError(`--${name}: expected an IPv4 address, got "${text}"`);
  return number;
}
