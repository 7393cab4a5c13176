/** What `inic conform` does, loaded when it is asked for. */
import { lstatSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Role } from '../conform/link/case.ts';
import type { SharedFile } from '../conform/link/link.ts';
import { ALL_CARD_FAULTS } from '../conform/own/card-faults.ts';
import { HOST_FAULTS } from '../conform/own/host-faults.ts';
import type { PeerTarget } from '../conform/peer/peer-thread.ts';
import { Conformance } from '../conform/run/run.ts';
import { allocateRegion, type Region } from '../dma/region.ts';
import { isLeftOver, mapOver, unmap } from '../linux/file-mapping.ts';
import { conformData, conformText } from '../report/conform-text.ts';
import { conformHtml } from '../report/html/conform-html.ts';
import { misspelt, plain } from '../world/config/complaint.ts';
import { systemErrorText, UserError } from './errors.ts';
import { outcomeFiles } from './outcome-files.ts';
import { progressBar } from './progress.ts';
import { boldOn, lineWidth } from './terminal.ts';
import { checkWritable } from './writable.ts';

export interface ConformFlags {
  readonly exec?: string;
  readonly socket?: string;
  readonly self?: true;
  readonly memory?: string;
  readonly free?: true;
  readonly fault?: string;
  readonly role: Role;
  readonly timeout: number;
  readonly only?: string;
  readonly report?: string;
  readonly json?: string;
  readonly max: number;
}

const WIDTH = 100;
const FAILED = 1;
const NOT_STARTED = 2;
const MS_PER_S = 1000;

export function conform(flags: ConformFlags): void {
  const { role, timeout, only, report, json, max } = flags;
  const target = targetOf(flags);
  const write = outcomeFiles({ report, json }, { name: 'conformance', start: '{\n  "conformance": ' });
  const bar = progressBar(`${role} {bar} {value} of {total} cases`, 30, () => undefined);
  const memory = memoryOf(flags);
  const timing = { patienceMs: Math.round(timeout * MS_PER_S), progress: bar.progress };
  const options = { target, role, ...timing, ...(memory === undefined ? {} : { memory }) };
  const result = new Conformance(only === undefined ? options : { ...options, only }).run();
  bar.stop();
  if (memory !== undefined) unmap(memory.path);
  if (result.failure !== '') {
    const started = result.claims !== '' || result.failure.startsWith('no case');
    throw new UserError(result.failure, started ? FAILED : NOT_STARTED);
  }
  const width = lineWidth(process.stdout, WIDTH);
  process.stdout.write(conformText(result, max, width, boldOn(process.stdout)));
  write({
    page: (facts) => conformHtml(result, facts),
    data: (facts) => ({ conformance: role, manifest: facts, result: conformData(result) }),
  });
  if (result.verdicts.some(({ outcome }) => outcome === 'failed')) process.exitCode = FAILED;
}

/** What is mapped to see whether anything can be. */
const PROBE_BYTES = 4096;

/** The file that host and card are to share. It is tried before anything is started. */
function memoryOf({ memory, free, fault }: ConformFlags): SharedFile | undefined {
  if (memory === undefined && free === true) throw new UserError('--free is for --memory FILE');
  if (memory === undefined) return undefined;
  if (fault !== undefined) throw new UserError('--fault is for a card or a host over the pipe alone');
  if (memory === '') throw new UserError('--memory needs the name of a file that can be made');
  const path = resolve(memory);
  checkWritable(memory);
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined && !isLeftOver(path))
    throw new UserError(`--memory ${memory} is there already: name a file that can be made`);
  const map = (region: Region): void => {
    try {
      mapOver(path, region);
    } catch (error) {
      throw new UserError(`--memory ${memory}: ${systemErrorText(error)}`);
    }
  };
  map(allocateRegion(PROBE_BYTES));
  unmap(path);
  return { path, map, free: free === true };
}

function targetOf({ exec, socket, self, fault, role }: ConformFlags): PeerTarget {
  const ways = [exec, socket, self].filter((way) => way !== undefined);
  if (ways.length !== 1)
    throw new UserError('conform needs one of --exec COMMAND, --socket PATH and --self: what is to be tried');
  if (fault !== undefined) checkFault(fault, self === true, role === 'card' ? ALL_CARD_FAULTS : HOST_FAULTS);
  if (exec !== undefined) return { exec };
  if (socket !== undefined) {
    if (statSync(socket, { throwIfNoEntry: false })?.isSocket() !== true)
      throw new UserError(`${socket} is no socket: start the implementation first, so that it listens there`);
    return { socket };
  }
  // Also from the tree's sources it is the built one that is started.
  const main = fileURLToPath(new URL('../conform/own/main.js', import.meta.url));
  const quoted = [process.execPath, main].map((part) => `'${part.replaceAll("'", "'\\''")}'`);
  return { exec: [...quoted, ...(fault === undefined ? [] : ['--fault', fault])].join(' ') };
}

function checkFault(fault: string, good: boolean, faults: readonly string[]): void {
  if (!good) throw new UserError('--fault is for --self');
  if (faults.includes(fault)) return;
  throw new UserError(`there is no fault "${plain(fault)}": ${misspelt(fault, [...faults])}`);
}
