/**
 * Measures what work costs on this machine, and how well virtual time agrees with it when it is priced so. A
 * card in a thread of its own and one polled in the program's thread are measured apart: what crosses between
 * cores costs more.
 */
import { type MachineFacts, machineFacts } from '../record/manifest.ts';
import { wallClock } from '../time/clock.ts';
import { type AgreementRow, loadName, measureAgreement, SHAPE_NAMES } from './agreement.ts';
import { failureText } from './failure.ts';
import {
  awake,
  CARD_COUNTS,
  type Fit,
  fitCosts,
  HOST_COUNTS,
  isUndisturbed,
  type Stretch,
  steady,
} from './fit.ts';
import { LiveClient } from './live-client.ts';
import type { Counts, Round, Shape } from './live-protocol.ts';
import { type MachineCosts, priced, profileOf, profileText, type WakeCosts } from './machine-profile.ts';
import { newsNs, restNs } from './round-trip.ts';
import { FITTED, JUDGED, joined, LOOKING, type Load, looped, quiet, ROUND_TRIP } from './runs.ts';
import { measureWakes } from './wakes.ts';
import { warmUp } from './warm-up.ts';

export interface CalibrateOptions {
  /** Shorter runs, and fewer. */
  readonly quick: boolean;
  readonly commandLine: readonly string[];
  readonly progress: (done: number, total: number, label: string) => void;
}

export interface ShapeResult {
  readonly costs: MachineCosts;
  /** How far the fitted costs are from each stretch that they were fitted to. */
  readonly errors: Fit['errors'];
  /** Of all slices of these runs, the share in which no thread was put aside. */
  readonly undisturbed: number;
  /** The profile's file. */
  readonly text: string;
}

export interface Calibration {
  readonly facts: MachineFacts;
  readonly began: string;
  readonly shapes: Readonly<Record<Shape, ShapeResult>>;
  readonly agreement: readonly AgreementRow[];
}

interface Lengths {
  readonly slices: number;
  readonly wakeStretches: number;
  readonly warmUpSeconds: number;
  readonly repeats: number;
  readonly repeatNs: number;
}

const THOROUGH: Lengths = { slices: 100, wakeStretches: 9, warmUpSeconds: 3, repeats: 5, repeatNs: 400e6 };
const QUICK: Lengths = { slices: 30, wakeStretches: 3, warmUpSeconds: 1.5, repeats: 3, repeatNs: 120e6 };
const SLICE_NS = 3e6;

/** A world that costs are fitted to, and which of its agents are hosts and cards. */
interface FitRun {
  readonly label: string;
  readonly description: object;
  readonly hosts: readonly number[];
  readonly cards: readonly number[];
}

/** Worlds of two hosts, inline: where they are, what a card sends costs apart from what it receives. */
const JOINED: readonly Load[] = [FITTED[2], FITTED[6], FITTED[9], FITTED[4], FITTED[8]];
/** What a quick calibration leaves out of each. */
const SLOW: readonly Load[] = [FITTED[3], FITTED[7], FITTED[10]];
const JOINED_QUICKLY = 3;

/** @throws Error that names what ran when a live world did not come up, or nothing moved in it. */
export async function calibrate(options: CalibrateOptions): Promise<Calibration> {
  let running = '';
  const facts = machineFacts(options.commandLine);
  const progress: CalibrateOptions['progress'] = (done, total, label) => {
    running = label;
    options.progress(done, total, label);
  };
  try {
    return await measureAll({ ...options, progress }, facts);
  } catch (error) {
    const { loadAverageAtStart: load, cores } = facts.machine;
    throw new Error(failureText(running, error, { load, cores }));
  }
}

async function measureAll(options: CalibrateOptions, facts: MachineFacts): Promise<Calibration> {
  const lengths = options.quick ? QUICK : THOROUGH;
  const began = wallClock();
  const inlineRuns = fitRuns('inline', options.quick);
  const threadRuns = fitRuns('thread', options.quick);
  const step = stepper(inlineRuns.length + threadRuns.length + otherSteps(lengths), options.progress);
  const inline = await measureShape('inline', inlineRuns, lengths, {}, step);
  const { host, card } = fitSides(inline, 0);
  const priors = { ...host.costs, ...card.costs }; // no counter is both sides'
  const threads = await measureShape('thread', threadRuns, lengths, priors, step);
  step('wake-ups');
  const wakes = await measureWakes(lengths.wakeStretches, (client) => warmUp(client, lengths.warmUpSeconds));
  const title = titleOf(facts, began);
  const shapes = {
    thread: resultOf('thread', title, threads, wakes),
    inline: resultOf('inline', title, inline, undefined),
  };
  const profiles = { thread: profileOf(shapes.thread.text), inline: profileOf(shapes.inline.text) };
  const agreement = await measureAgreement(profiles, lengths, step);
  return { facts, began, shapes, agreement };
}

/** Wake-ups, and each workload of the agreement live and in virtual time, in both shapes. */
function otherSteps({ repeats }: Lengths): number {
  return 1 + 2 * JUDGED.length * (repeats + 1);
}

function stepper(steps: number, progress: CalibrateOptions['progress']): (label: string) => void {
  let done = 0;
  return (label) => {
    progress(Math.min(done, steps), steps, label);
    done += 1;
  };
}

function fitRuns(shape: Shape, quick: boolean): FitRun[] {
  const runs = FITTED.filter((load) => !quick || !SLOW.includes(load)).map((load) => ({
    label: nameOf(load),
    description: looped(load, shape, LOOKING),
    hosts: [0],
    cards: [1],
  }));
  if (shape === 'thread') {
    return [{ label: 'nothing to do', description: quiet(shape, LOOKING), hosts: [0], cards: [1] }, ...runs];
  }
  const pairs = JOINED.slice(0, quick ? JOINED_QUICKLY : JOINED.length).map((load) => ({
    label: `${nameOf(load)} between two hosts`,
    description: joined(load),
    hosts: [0, 1],
    cards: [2, 3],
  }));
  return [...runs, ...pairs];
}

function nameOf(load: Load): string {
  const more = load.workload === 'TCP_STREAM' ? ` x${load.connections}` : ` ${load.size} B`;
  return `${loadName(load)}${more}${load.offload ? '' : ' summed by the stack'}`;
}

/** What runs have shown, and what costs are likely to be. */
interface Measured {
  readonly hosts: readonly Stretch[];
  readonly cards: readonly Stretch[];
  readonly priors: Counts;
  /** What a round trip of `ROUND_TRIP` took, in nanoseconds. */
  readonly roundTripNs: number;
  readonly undisturbed: number;
}

async function measureShape(
  shape: Shape,
  runs: readonly FitRun[],
  lengths: Lengths,
  priors: Counts,
  step: (label: string) => void,
): Promise<Measured> {
  const hosts: Stretch[] = [];
  const cards: Stretch[] = [];
  let roundTripNs = 0;
  let good = 0;
  let count = 0;
  for (const { label, description, hosts: hostsAt, cards: cardsAt } of runs) {
    step(`${label}, ${SHAPE_NAMES[shape]}`);
    const client = await LiveClient.open({ shape, description, timed: shape === 'inline' });
    try {
      await warmUp(client, lengths.warmUpSeconds);
      const slices = await client.run(lengths.slices, SLICE_NS);
      hosts.push(...hostsAt.flatMap((i) => steady(`${label}, host`, slices, i) ?? []));
      cards.push(...cardsAt.flatMap((i) => steady(`${label}, card`, slices, i) ?? []));
      good += slices.filter(({ agents }) => agents.every(isUndisturbed)).length;
      count += slices.length;
      if (label === nameOf(ROUND_TRIP)) roundTripNs = operationNs(slices);
    } finally {
      client.kill();
    }
  }
  return { hosts, cards, priors, roundTripNs, undisturbed: good / count };
}

interface Sides {
  readonly host: Fit;
  readonly card: Fit;
}

/** @param restNs what either side does beside the way of its work, each time that it comes to rest. */
function fitSides({ hosts, cards, priors }: Measured, restNs: number): Sides {
  return {
    host: fitCosts(hosts, HOST_COUNTS, priors, restNs > 0 ? { hostRests: restNs } : {}),
    card: fitCosts(cards, CARD_COUNTS, priors, restNs > 0 ? { iopRests: restNs } : {}),
  };
}

/** How long an operation took in the slices that went well: the fifth best. */
function operationNs(slices: readonly Round[]): number {
  const each = slices
    .filter(({ operations }) => operations > 0)
    .map(({ elapsedNs, operations }) => elapsedNs / operations)
    .sort((a, b) => a - b);
  return each[Math.floor(each.length / 5)] ?? 0;
}

function resultOf(
  shape: Shape,
  machine: string,
  measured: Measured,
  wakes: WakeCosts | undefined,
): ShapeResult {
  const where =
    shape === 'thread' ? 'a card in a thread of its own' : "a card polled in the program's thread";
  const origin = {
    title: `${machine}: ${where}`,
    method: `measured: least squares over ${measured.hosts.length} runs`,
    shape,
  };
  const costsWith = ({ host, card }: Sides, newsNs: number): MachineCosts => {
    return { host: awake(host.costs), card: awake(card.costs), newsNs, wakes };
  };
  const sidesWith = (ns: number): Sides => fitSides(measured, ns);
  const world = (sides: Sides, newsNs: number): object =>
    priced(looped(ROUND_TRIP, shape, LOOKING), profileOf(profileText(costsWith(sides, newsNs), origin)));
  // Inline nothing is done beside anything else, and nothing is news.
  const { roundTripNs } = measured;
  const apart = shape === 'thread';
  const beside = apart ? restNs(roundTripNs, (ns) => world(sidesWith(ns), 0)) : 0;
  const sides = sidesWith(beside);
  // Where work takes more than the round trip, nothing of it is left for news.
  const newsFound = apart && beside === 0 ? newsNs(roundTripNs, (ns) => world(sides, ns)) : 0;
  const costs = costsWith(sides, newsFound);
  const errors = [...sides.host.errors, ...sides.card.errors];
  return { costs, errors, undisturbed: measured.undisturbed, text: profileText(costs, origin) };
}

function titleOf({ machine, versions }: MachineFacts, began: string): string {
  const day = began.slice(0, 10);
  return `${machine.processor}, ${machine.cores} cores, Node ${versions.node}, measured ${day}`;
}
