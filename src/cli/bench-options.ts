/** From the options of `inic bench` to what is measured, and what of them has no sense together. */

import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { socketsNeeded } from '../measure/card-settings.ts';
import { apisOf, hasResponses, isMessageTest, sizeRange } from '../measure/plan.ts';
import {
  type BenchOptions,
  DEFAULT_TESTS,
  type IntervalRule,
  type Pinning,
  type Placement,
  type StackName,
  type Test,
  type Transport,
} from '../record/row.ts';
import { enumerated } from '../report/enumerated.ts';
import { scalarOf } from '../sweep/values.ts';
import { overridesOf, type SettingValue } from '../world/config/setting-paths.ts';
import { systemErrorText, UserError } from './errors.ts';

export const STACKS: readonly StackName[] = ['inic', 'kernel', 'host', 'lan'];
/** Stacks of the host's own, which no drop-in for node:net leads to. */
const OWN: readonly StackName[] = ['host', 'lan'];
/** Stacks whose frames travel between a host and a card. */
const OF_CARDS: readonly StackName[] = ['inic', 'lan'];
export const APIS = ['net', 'socket'] as const;
export const CONNECTIONS_MAX = 4096;
export const NEIGHBOURS_MAX = 64;
export const REPEATS_MAX = 1000;

/** What `--quick` uses unless options say otherwise. */
const QUICK = { durationSeconds: 0.1, warmupSeconds: 1.5, repeats: 3 };
const THOROUGH = { durationSeconds: 1, warmupSeconds: 3, repeats: 5 };
/** Runs of a side with an interval, by netperf's -i. */
const INTERVAL_REPEATS: readonly [number, number] = [3, 30];
const INTERVAL_REPEATS_LEAST = 2;
const PAYLOAD_BYTES_MAX = 2 ** 30;
/** Files that a process has open beside its sockets. */
const FILES_BESIDE = 64;

export interface Flags {
  readonly stack: StackName[];
  readonly iop: Placement[];
  readonly transport: Transport[];
  readonly api: (typeof APIS)[number][];
  readonly connections?: number[];
  readonly size?: number[];
  readonly requestResponse?: number[];
  readonly neighbours?: number[];
  readonly seed?: number;
  readonly set?: string[];
  readonly pin: Pinning;
  readonly duration?: number;
  readonly repeats?: [number, number];
  readonly confidence?: '95' | '99';
  readonly width?: number;
  readonly json?: string;
  readonly csv?: string;
  readonly workload?: string;
  readonly trace?: string;
  readonly quick?: boolean;
}

/**
 * @param said whether an option was written. @throws UserError of one line that names the option which asks
 *   for what cannot be, or for what has no sense beside the others.
 */
export function benchOptions(
  tests: readonly Test[],
  flags: Flags,
  said: (option: string) => boolean,
): BenchOptions {
  const defaults = flags.quick === true ? QUICK : THOROUGH;
  const chosen = tests.length === 0 ? DEFAULT_TESTS : tests;
  const [repeats, repeatsMax, interval] = repeatsOf(flags, defaults.repeats);
  const [request, response] = flags.requestResponse ?? [];
  const options: BenchOptions = {
    tests: chosen,
    stacks: flags.stack,
    transports: flags.transport,
    placements: flags.iop,
    // Where nothing else is asked for, a quick look is at what programs use.
    apis: flags.quick === true && tests.length === 0 && !said('api') ? ['net'] : flags.api,
    connections: flags.connections,
    sizes: flags.size,
    requestResponse: request === undefined ? undefined : [request, response],
    neighbours: flags.neighbours ?? [0],
    pin: flags.pin,
    durationSeconds: flags.duration ?? defaults.durationSeconds,
    warmupSeconds: defaults.warmupSeconds,
    repeats,
    repeatsMax,
    interval,
    seed: flags.seed,
    settings: settingsOf(flags.set ?? []),
    ...(flags.workload === undefined ? {} : { workload: resolve(flags.workload) }),
    ...(flags.trace === undefined ? {} : { trace: resolve(flags.trace) }),
  };
  if (options.workload !== undefined) {
    checkWorkload(options, tests);
    checkCardOptions(options, said);
    checkSockets(options);
    return options;
  }
  if (tests.length > 0) checkNamedTests(options);
  checkCardOptions(options, said);
  checkHost(options);
  checkTransports(options);
  checkSizes(options);
  checkConnections(options);
  checkPayloads(options);
  return options;
}

/** A program of the user's own takes the place of the tests, and is one of `node:net`. */
function checkWorkload(options: BenchOptions, tests: readonly Test[]): void {
  const { workload = '', apis, requestResponse, transports } = options;
  if (tests.length > 0) throw new UserError(`--workload takes the place of tests: ${tests[0]} is one`);
  if (!apis.includes('net')) throw new UserError('--workload is measured with --api net only');
  if (requestResponse !== undefined) {
    throw new UserError('-r is for TCP_RR, TCP_CRR and UDP_RR, not for --workload');
  }
  const foreign = transports.find((transport) => transport === 'port' || transport === 'msgpack');
  if (foreign !== undefined) throw new UserError(`--transport ${foreign} carries no sockets`);
  try {
    accessSync(workload, constants.R_OK);
    if (!statSync(workload).isFile()) throw new UserError(`--workload ${workload}: is no file`);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`--workload ${workload}: ${systemErrorText(error)}`);
  }
}

function repeatsOf(flags: Flags, usual: number): [number, number, IntervalRule | undefined] {
  const { repeats, width, confidence } = flags;
  if (width === undefined) {
    if (confidence !== undefined)
      throw new UserError('--confidence is that of an interval: give its --width too');
    const [least, most] = repeats ?? [usual, usual];
    if (least !== most) {
      throw new UserError(`--repeats ${least}..${most}: a range needs --width, which says when to stop`);
    }
    return [least, most, undefined];
  }
  const [least, most] = repeats ?? INTERVAL_REPEATS;
  if (least === most || least < INTERVAL_REPEATS_LEAST) {
    const got = least === most ? `${least}` : `${least}..${most}`;
    throw new UserError(
      `--repeats ${got}: with --width it is a range from at least ${INTERVAL_REPEATS_LEAST}, such as 3..30`,
    );
  }
  return [least, most, { confidence: confidence === '99' ? 99 : 95, widthPercent: width }];
}

/** Settings that an option of their own says. */
const SAID_BY: Readonly<Record<string, string>> = {
  transport: '--transport',
  seed: '--seed',
  'stack.seed': '--seed',
};

function settingsOf(texts: readonly string[]): Record<string, SettingValue> {
  const settings: Record<string, SettingValue> = {};
  for (const text of texts) {
    const at = text.indexOf('=');
    const [path, value] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
    if (at < 1 || value === '') {
      throw new UserError(`--set expected path=value, such as pools.receiveBuckets=64, got "${text}"`);
    }
    if (Object.hasOwn(settings, path)) throw new UserError(`--set ${path} is given twice`);
    if (Object.hasOwn(SAID_BY, path)) throw new UserError(`--set ${path}: ${SAID_BY[path]} says it`);
    settings[path] = scalarOf(value);
  }
  try {
    overridesOf(settings);
  } catch (error) {
    if (error instanceof RangeError) throw new UserError(`--set: ${error.message}`);
    throw error;
  }
  return settings;
}

/** Each test that was named must have something to measure. */
function checkNamedTests({ tests, stacks, apis }: BenchOptions): void {
  for (const test of tests) {
    const [only, ...others] = apisOf(test);
    if (only === 'message') {
      if (!stacks.includes('inic')) {
        throw new UserError(`${test} measures the card's message layer: --stack must name inic`);
      }
    } else if (stacks.every((stack) => OWN.includes(stack)) && !apisOf(test).includes('socket')) {
      throw new UserError(
        `${test} has no program of socket calls, and --stack ${stacks[0]} is measured by nothing else`,
      );
    } else if (others.length === 0 && !apis.some((api) => api === only)) {
      const why = only === 'socket' ? ": node:dgram over loopback is the kernel's" : '';
      throw new UserError(`${test} is measured with --api ${only} only${why}`);
    }
  }
}

/** What says something of a card needs one. */
function checkCardOptions(options: BenchOptions, said: (option: string) => boolean): void {
  const { stacks, transports } = options;
  const foreign = transports.every((transport) => transport === 'port' || transport === 'msgpack');
  const cards = stacks.some((stack) => OF_CARDS.includes(stack));
  const missing = !cards ? '--stack must name inic' : '--transport must name ring or fifo';
  if (cards && !foreign) return;
  if (options.trace !== undefined) {
    throw new UserError("--trace records a card's frames: measure inic or lan, over the ring or the fifo");
  }
  const ofCards = [
    ['iop', '--iop'],
    ['seed', '--seed'],
    ['set', '--set'],
  ];
  // The host's own stack has a card's seeds, and its settings of stack and device.
  for (const [option, flag] of stacks.includes('host') ? ofCards.slice(0, 1) : ofCards) {
    if (said(option)) throw new UserError(`${flag} is about a card, and none is measured: ${missing}`);
  }
  if (!cards && said('transport')) {
    throw new UserError(`--transport is about a card, and none is measured: ${missing}`);
  }
}

function checkHost({ stacks, apis }: BenchOptions): void {
  const own = stacks.find((stack) => OWN.includes(stack));
  if (own === undefined || apis.includes('socket')) return;
  throw new UserError(`--stack ${own} is measured by socket calls: --api must name socket`);
}

function checkTransports({ tests, transports }: BenchOptions): void {
  const foreign = transports.filter((transport) => transport === 'port' || transport === 'msgpack');
  if (foreign.length === 0 || tests.every(isMessageTest)) return;
  throw new UserError(
    `--transport ${enumerated(foreign)} carry no sockets, only MSG_RR and MSG_STREAM: ` +
      'name those tests alone',
  );
}

function checkSizes({ tests, sizes = [], requestResponse }: BenchOptions): void {
  for (const test of tests) {
    const [least, most] = sizeRange(test);
    const check = (option: string, size: number): void => {
      if (size >= least && size <= most) return;
      const range = least === most ? `${least}` : `${least} to ${most}`;
      throw new UserError(`${option} ${size}: ${test} has ${range} bytes; name the tests that it is for`);
    };
    if (requestResponse === undefined || !hasResponses(test)) for (const size of sizes) check('--size', size);
    if (requestResponse === undefined) continue;
    if (!hasResponses(test)) {
      throw new UserError(
        `-r is for TCP_RR, TCP_CRR and UDP_RR, not for ${test}: name the tests that it is for`,
      );
    }
    for (const size of requestResponse) check('-r', size);
  }
}

function checkConnections(options: BenchOptions): void {
  const { tests, connections = [] } = options;
  if (connections.length === 0) return;
  if (!tests.every(isMessageTest)) checkSockets(options);
}

/** Each connection of a message test has memory of its own for what it sends and for what comes back. */
function checkPayloads({ tests, connections = [], sizes = [] }: BenchOptions): void {
  const most = Math.max(1, ...connections);
  const longest = Math.max(0, ...sizes);
  if (2 * most * longest <= PAYLOAD_BYTES_MAX) return;
  const message = tests.find(isMessageTest);
  if (message === undefined) return;
  throw new UserError(
    `--connections ${most} with --size ${longest}: ${message} would take more than 1 GiB for its payloads; ` +
      'ask for fewer or shorter ones',
  );
}

function checkSockets(options: BenchOptions): void {
  const { connections = [], settings } = options;
  const most = Math.max(0, ...connections);
  const { 'driver.socketsMax': socketsMax } = settings;
  if (typeof socketsMax === 'number' && socketsMax < socketsNeeded(most)) {
    const needed = socketsNeeded(most);
    throw new UserError(
      `--set driver.socketsMax=${socketsMax}: --connections ${most} needs at least ${needed} sockets`,
    );
  }
  checkOpenFiles(options, most);
}

/** The kernel's sockets are open files, of which a process may have so many. */
function checkOpenFiles({ stacks }: BenchOptions, connections: number): void {
  const limit = openFilesMax();
  const needed = 2 * connections + FILES_BESIDE;
  if (limit === undefined || needed <= limit || !stacks.includes('kernel')) return;
  throw new UserError(
    `--connections ${connections}: the kernel's side needs ${needed} open files, ` +
      `and a process may have ${limit} (ulimit -n)`,
  );
}

/** The hard limit, to which Node raises its own when it starts; undefined where it is not told. */
function openFilesMax(): number | undefined {
  try {
    const limits = readFileSync('/proc/self/limits', 'latin1');
    const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1];
    return hard === undefined ? undefined : Number(hard);
  } catch {
    return undefined;
  }
}
