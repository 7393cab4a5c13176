/**
 * What each count of the ledger costs, from stretches of time in which many were counted: time is their sum,
 * so costs are found by least squares. Where counts go together in all stretches, as requests and frames do,
 * they share what they cost, as much each as the prior says.
 */

import { solveNonNegative } from './least-squares.ts';
import { type AgentRound, type Counts, type Round, total } from './live-protocol.ts';

/** A stretch of one side's time, and what it did in it. */
export interface Stretch {
  readonly label: string;
  readonly spentNs: number;
  readonly counts: Counts;
}

export interface Fit {
  /** Nanoseconds by counter. */
  readonly costs: Counts;
  /** How far the sum of the costs is from what was measured, as a share of it, by stretch. */
  readonly errors: readonly FitError[];
}

export interface FitError {
  readonly label: string;
  readonly error: number;
  /** The others contradict it: something disturbed it, and no cost was found from it. */
  readonly leftOut: boolean;
}

/**
 * Counts that a host's time is made of. Threads are woken only where somebody else takes their cores, and
 * what that cost is not to be taken for something else.
 */
export const HOST_COUNTS: readonly string[] = [
  'hostPolls',
  'hostIdlePolls',
  'userCalls',
  'messageRequests',
  'messageReplies',
  'immediateCopies',
  'immediateCopiesBytes',
  'sendCopies',
  'sendCopiesBytes',
  'receiveCopies',
  'receiveCopiesBytes',
  'doorbells',
];

/** Counts that a card's processor's time is made of; here it is its DMA engine too. */
export const CARD_COUNTS: readonly string[] = [
  'iopPolls',
  'iopIdlePolls',
  'inboundReleased',
  'outboundPosted',
  'tcpInSegs',
  'ipOutRequests',
  'deviceTxPackets',
  'transmitFetches',
  'transmitFetchesBytes',
  'receivePlacements',
  'receivePlacementsBytes',
  'cardImmediateCopies',
  'cardImmediateCopiesBytes',
  'checksums',
  'checksumsBytes',
  'tcpActiveOpens',
  'tcpPassiveOpens',
  'interrupts',
  'iopSleeps',
];

/** A stretch is divided by what is left of it. */
const LEAST_NS = 1;

/** A thousandth of a row: it decides only what the rows leave open. */
const PRIOR_WEIGHT = 1e-3;

/** A stretch that the costs of all miss by more than this was disturbed, as long as most were not. */
const CONTRADICTED = 0.5;
const LEFT_OUT_SHARE = 0.25;

/**
 * @param priors what counts are likely to cost; those it does not name: 0.
 * @param known what counts beside those named cost: it is taken off first, and is part of what is found.
 */
export function fitCosts(
  stretches: readonly Stretch[],
  names: readonly string[],
  priors: Counts,
  known: Counts = {},
): Fit {
  const all = fitAll(stretches, names, priors, known);
  const odd = stretches.filter((_, i) => Math.abs(all.errors[i].error) > CONTRADICTED);
  if (odd.length === 0 || odd.length > stretches.length * LEFT_OUT_SHARE) return all;
  const agreeing = stretches.filter((stretch) => !odd.includes(stretch));
  const { costs, errors } = fitAll(agreeing, names, priors, known);
  const left = odd.map((stretch) => ({ ...errorOf(stretch, costs), leftOut: true }));
  return { costs, errors: [...errors, ...left] };
}

function fitAll(stretches: readonly Stretch[], names: readonly string[], priors: Counts, known: Counts): Fit {
  const rows = stretches.map(({ counts }) => names.map((name) => counts[name] ?? 0));
  const values = solveNonNegative({
    rows,
    sums: stretches.map(({ spentNs, counts }) => Math.max(LEAST_NS, spentNs - sumOf(known, counts))),
    priors: names.map((name) => priors[name] ?? 0),
    priorWeight: PRIOR_WEIGHT,
  });
  const costs = { ...known, ...Object.fromEntries(names.map((name, i) => [name, values[i]])) };
  return { costs, errors: stretches.map((stretch) => errorOf(stretch, costs)) };
}

function errorOf({ label, spentNs, counts }: Stretch, costs: Counts): FitError {
  return { label, error: sumOf(costs, counts) / spentNs - 1, leftOut: false };
}

function sumOf(costs: Counts, counts: Counts): number {
  return Object.entries(costs).reduce((sum, [name, ns]) => sum + ns * (counts[name] ?? 0), 0);
}

/** Without what waking and sleeping cost, which is measured by itself. */
export function awake({
  doorbells: _doorbells,
  interrupts: _interrupts,
  iopSleeps: _sleeps,
  ...costs
}: Counts): Counts {
  return costs;
}

/** Which slices of a run are taken: those that went well, but not those where luck had a hand. */
const LUCKY_SHARE = 0.1;
const STEADY_SHARE = 0.4;
/** A thread that was on its processor for less of a slice than this was put aside in it. */
const UNDISTURBED = 0.97;

/**
 * What an agent did in the steady part of a run. Slices in which its thread was put aside are left out, as
 * far as there are others. A collection, or a core shared with another, makes a slice longer than its work:
 * so slices are taken in the order of time a byte, or a look where nothing moves, from the first tenth to
 * the fourth, and added up.
 * @returns undefined where it did nothing at all.
 */
export function steady(label: string, slices: readonly Round[], agent: number): Stretch | undefined {
  const known = slices.map(({ bytes, agents }) => ({
    ...agents[agent],
    work: bytes || looks(agents[agent]),
  }));
  const worked = known.filter(({ spentNs, work }) => spentNs !== null && spentNs > 0 && work > 0);
  const undisturbed = worked.filter(isUndisturbed);
  const timed = (undisturbed.length > 0 ? undisturbed : worked).sort(
    (a, b) => (a.spentNs ?? 0) / a.work - (b.spentNs ?? 0) / b.work,
  );
  const first = Math.floor(timed.length * LUCKY_SHARE);
  const taken = timed.slice(first, Math.max(first + 1, Math.ceil(timed.length * STEADY_SHARE)));
  if (taken.length === 0) return undefined;
  const spentNs = taken.reduce((sum, agent) => sum + (agent.spentNs ?? 0), 0);
  return { label, spentNs, counts: total(taken.map(({ counts }) => counts)) };
}

/** Whether an agent's thread was neither put aside in a slice nor put to sleep. */
export function isUndisturbed({ ran, counts }: AgentRound): boolean {
  return ran >= UNDISTURBED && !counts['iopSleeps'];
}

function looks({ counts }: AgentRound): number {
  return (counts['hostPolls'] ?? 0) + (counts['iopPolls'] ?? 0);
}
