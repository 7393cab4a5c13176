/** What `inic compare` does, loaded when it is asked for. */
import { styleText } from 'node:util';
import { ARMS } from '../compare/arms.ts';
import { type ArmResult, CompareError, type CompareOptions, compareArms } from '../compare/compare.ts';
import { compareText } from '../report/compare-text.ts';
import type { SweepPlan } from '../sweep/plan.ts';
import { writeFile } from '../sweep/results.ts';
import { UserError } from './errors.ts';
import { planFor, usersErrors } from './plan-argument.ts';
import type { PlanFlags } from './plan-options.ts';
import { lineWidth, showsColours } from './terminal.ts';
import { checkReplaceable } from './writable.ts';

export interface CompareFlags extends PlanFlags {
  readonly hostSpeed: number;
  readonly systemCall: number;
  readonly json?: string;
}

/** Of a line, where no terminal says how wide it is. */
const WIDTH = 100;
const plain = (text: string): string => text;

export function compare(name: string | undefined, flags: CompareFlags): void {
  if (flags.vary !== undefined) {
    throw new UserError('--vary is for inic sweep: a comparison changes who runs TCP/IP and nothing else');
  }
  const { json, hostSpeed, systemCall: systemCallNs } = flags;
  const plan = usersErrors(() => planFor(name, flags));
  if (json !== undefined) checkReplaceable(json, { name: 'comparison', start: '{\n  "compared": ' });
  const results = compared(plan, { hostSpeed, systemCallNs });
  const out = process.stdout;
  const bold = showsColours(out) ? (text: string): string => styleText('bold', text) : plain;
  out.write(compareText(titleOf(plan), results, lineWidth(out, WIDTH), bold));
  if (json === undefined) return;
  const said = { compared: { plan, hostSpeed, systemCallNs }, results };
  usersErrors(() => writeFile(json, [JSON.stringify(said, null, 2)]));
  out.write(`\nwritten to ${json}\n`);
}

function compared(plan: SweepPlan, options: CompareOptions): ArmResult[] {
  try {
    return usersErrors(() => compareArms(plan, ARMS, options));
  } catch (error) {
    if (error instanceof CompareError) throw new UserError(error.message);
    throw error;
  }
}

function titleOf({ title, costs, operations, seeds }: SweepPlan): string {
  const over = seeds.length === 1 ? '1 seed' : `${seeds.length} seeds`;
  return `${title}; costs of ${costs}, ${operations} operations, medians of ${over}, in virtual time`;
}
