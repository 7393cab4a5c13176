/** What `inic calibrate` does. */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { calibrate } from '../calibrate/calibrate.ts';
import { PROFILE_START } from '../calibrate/machine-profile.ts';
import { calibrationText } from '../report/agreement-table.ts';
import { cannotWrite, UserError } from './errors.ts';
import { type Progress, progressBar } from './progress.ts';
import { checkReplaceable } from './writable.ts';

/** The bundled profiles, and those that a person wrote, begin otherwise. */
const PROFILE = { name: 'cost profile of a machine', start: PROFILE_START };

export interface CalibrateFlags {
  readonly out?: string;
  readonly quick?: boolean;
}

export async function calibrateMachine({ out, quick = false }: CalibrateFlags): Promise<void> {
  if (out !== undefined && !out.endsWith('.yaml')) {
    throw new UserError(`--out expected a file that ends in .yaml, got ${JSON.stringify(out)}`);
  }
  const inline = out?.replace(/\.yaml$/, '-inline.yaml');
  for (const path of [out, inline]) {
    if (path !== undefined) checkReplaceable(path, PROFILE);
  }
  if (availableParallelism() < 2) {
    throw new UserError(
      'calibrate needs two cores, one for the program and one for the card: this process may use one',
    );
  }
  const bar = progressBar('{bar} {percentage}%  {eta_formatted} left  {label}', 24, tenthLines());
  const commandLine = ['inic', ...process.argv.slice(2)];
  const found = await calibrate({ quick, commandLine, progress: bar.progress })
    .catch((error: unknown) => {
      throw new UserError(`cannot calibrate: ${error instanceof Error ? error.message : error}`);
    })
    .finally(bar.stop);
  process.stdout.write(calibrationText(found));
  if (out === undefined || inline === undefined) {
    process.stdout.write(
      '\n--out FILE.yaml keeps the costs as a profile, for "costs:" of worlds and plans\n',
    );
    return;
  }
  write(out, found.shapes.thread.text);
  write(inline, found.shapes.inline.text);
  process.stdout.write(`\nwritten to ${out} (threads) and ${inline} (inline)\n`);
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

/** Elsewhere than on a terminal a line for each tenth. */
function tenthLines(): Progress {
  let tenth = -1;
  return (done, total, label = '') => {
    const now = Math.floor((10 * done) / total);
    if (now === tenth) return;
    tenth = now;
    process.stderr.write(`${String(10 * now).padStart(3)} %  ${label}\n`);
  };
}
