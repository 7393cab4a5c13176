/** Plans that a command line says in a few words. */
import { SOCKETS_MAX } from '../i2o/socket-number.ts';
import { DEFAULT_PROFILE, loadProfile } from '../plans/profiles.ts';
import { WORKLOAD_NAMES, WORKLOADS, type WorkloadName, workloadOf } from '../workloads/programs.ts';
import { shown } from '../world/config/complaint.ts';
import { bucketBytesFor, fragmentsOf, packetSlotsFor } from '../world/config/datagram-room.ts';
import { DEFAULT_CARD_CONFIG } from '../world/config/settings.ts';
import { bytesOf } from '../world/topology/quantities.ts';
import { readPlan, type SweepPlan } from './plan.ts';
import { checkApart, checkPath, meet, type Settings, withSettings } from './settings.ts';
import { type Setting, scalarOf, valuesOfText } from './values.ts';
import type { WorkloadSettings } from './workload.ts';
import { bundledWorld } from './worlds.ts';

export interface ShortForm {
  readonly workload: string;
  /** Each `path=values`. */
  readonly vary: readonly string[];
  /** The same, where `vary` says nothing; absent: how many transmit buffers there are. */
  readonly usual?: readonly string[];
  /** Settings that do not vary, each `path=value`. */
  readonly set?: readonly string[];
  /** `rate,delay` of the link, such as `10G,100us`. */
  readonly link?: string | undefined;
  readonly costs?: string | undefined;
  readonly seeds?: string | undefined;
  readonly connections?: number | undefined;
  readonly size?: number | undefined;
  /** Bytes of a request and of its answer, in place of `size`. */
  readonly requestResponse?: readonly number[] | undefined;
  /** Connections beside those that are never used. */
  readonly idle?: number | undefined;
  readonly operations?: number | undefined;
}

/** What is varied where nobody says what. */
const VARY = ['pools.transmitBuffers=2..1024:x2'];

/** Less than a minute of anybody's time. */
export const QUICK: ShortForm = { workload: 'TCP_RR', vary: [], seeds: '1..3', operations: 2000 };

/** Of the links between the two hosts. */
const MTU = 1500;
/** Datagrams that a card can put together at once. */
const REASSEMBLIES = 4;

/** What is taken of the bundled world `pair`. */
interface Pair {
  readonly cards: Readonly<Record<string, { readonly driver: { readonly socketsMax: number } }>>;
  readonly links: { readonly wire: object };
}

export function isWorkload(name: string): name is WorkloadName {
  return (WORKLOAD_NAMES as readonly string[]).includes(name);
}

/**
 * Two hosts, joined by a link of the profile's kind where none is said.
 * @param single nothing needs to vary. @throws RangeError of one line.
 */
export function planOf(form: ShortForm, single = false): SweepPlan {
  const { workload, costs = DEFAULT_PROFILE, seeds = '1', operations } = form;
  const said = (form.set ?? []).map(settingOf);
  const { ofWorkload, ofWorld } = settingsOf(said);
  const settings: WorkloadSettings = { workload, ...shapeOf(form), ...ofWorkload };
  const { connections, idle = 0 } = settings;
  const world = bundledWorld('pair') as Pair;
  const wire = { ...world.links.wire, ...loadProfile(costs).link, ...linkOf(form.link) };
  const usual = single ? [] : (form.usual ?? VARY);
  const vary = (form.vary.length === 0 ? usual : form.vary).map(axisOf);
  checkOnce(form, world, said, vary);
  const sockets = Number(connections) + Number(idle);
  const { size, response = size } = settings;
  const datagramBytes =
    workloadOf(workload)?.datagrams === true ? Math.max(bytesOf(size), bytesOf(response)) : 0;
  const cards = roomFor(datagramBytes, cardsFor(world, sockets));
  const described = { ...world, cards, links: { wire } };
  const plan = {
    title: titleOf(fixedOf(settings, vary)),
    world: withSettings(described, undefined, ofWorld),
    workload: settings,
    costs,
    ...(vary.length > 0 && { vary: Object.fromEntries(vary) }),
    seeds: valuesOfText(seeds, '"seeds"'),
    ...(operations === undefined ? {} : { operations }),
  };
  return readPlan(plan, undefined, single);
}

/** What the workload is asked to be, where `set` says nothing of it. */
function shapeOf({ workload, connections, size, requestResponse, idle }: ShortForm): WorkloadSettings {
  // A name that is none is refused by the reader of the plan.
  const kind = workloadOf(workload) ?? WORKLOADS.TCP_RR;
  const shape = {
    connections: connections ?? kind.connections,
    size: size ?? kind.sizeBytes,
    ...(idle === undefined ? {} : { idle }),
  };
  if (requestResponse === undefined) return shape;
  const [request, response] = requestResponse;
  if (workload === 'HTTP') return { ...shape, request, size: response };
  if (kind.keys.some((key) => key === 'response')) return { ...shape, size: request, response };
  throw new RangeError(`-r is for workloads with answers, not for ${workload}`);
}

function settingOf(text: string): [string, Setting] {
  const at = text.indexOf('=');
  if (at < 1)
    throw new RangeError(`"set" expected path=value, such as workload.think=1ms, got ${shown(text)}`);
  const path = text.slice(0, at).trim();
  checkPath(path, `"set" ${shown(path)}`);
  const option = OPTION_OF[path];
  if (option !== undefined) throw new RangeError(`"set" ${shown(path)} is said by ${option}`);
  return [path, scalarOf(text.slice(at + 1).trim())];
}

/** Settings that a plan keeps elsewhere than in its world. */
const OPTION_OF: Readonly<Record<string, string>> = { seed: '--seed', costs: '--costs' };

/** Settings of the workload that have an option of their own. */
const SHAPED = ['connections', 'size', 'idle'] as const;

/** @throws RangeError for a setting that is said twice, of which one would be ignored. */
function checkOnce(
  form: ShortForm,
  world: object,
  said: readonly (readonly [string, unknown])[],
  vary: readonly (readonly [string, unknown])[],
): void {
  const shaped = SHAPED.filter((key) => form[key] !== undefined).map(
    (key) => [`workload.${key}`, `"${key}"`] as const,
  );
  const set = said.map(([path]) => [path, `"set" ${shown(path)}`] as const);
  const axes = vary.map(([path]) => [path, `"vary.${path}"`] as const);
  checkApart(world, [...shaped, ...set]);
  if (form.vary.length > 0) {
    checkApart(world, [...shaped, ...set, ...axes]);
    return;
  }
  const usual = set.find(([path]) => vary.some(([axis]) => meet(world, path, axis)));
  if (usual !== undefined) {
    throw new RangeError(
      `${usual[1]} is what varies where no "vary" says what does: vary another, such as workload.connections=8,16`,
    );
  }
}

/** Those of the workload that all points have. */
function fixedOf(
  settings: WorkloadSettings,
  vary: readonly (readonly [string, unknown])[],
): WorkloadSettings {
  const isVaried = (key: string): boolean => vary.some(([path]) => path === `workload.${key}`);
  return Object.fromEntries(Object.entries(settings).filter(([key]) => !isVaried(key)));
}

/** Settings of the workload, and all others. */
function settingsOf(settings: readonly (readonly [string, Setting])[]): {
  ofWorkload: Settings;
  ofWorld: Settings;
} {
  const own = /^workload\./;
  return {
    ofWorkload: Object.fromEntries(
      settings.filter(([path]) => own.test(path)).map(([path, value]) => [path.replace(own, ''), value]),
    ),
    ofWorld: Object.fromEntries(settings.filter(([path]) => !own.test(path))),
  };
}

function titleOf({
  workload,
  connections,
  size,
  response,
  request,
  idle,
  ...others
}: WorkloadSettings): string {
  const counted = (count: unknown, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
  return [
    workload,
    ...(connections === undefined ? [] : [counted(connections, 'connection')]),
    ...(size === undefined ? [] : [counted(size, 'byte')]),
    ...(response === undefined ? [] : [`answers of ${response}`]),
    ...(request === undefined ? [] : [`requests of ${request}`]),
    ...(idle === undefined ? [] : [`${idle} idle`]),
    ...Object.entries(others).map(([key, value]) => `${key} ${value}`),
  ].join(', ');
}

/** The cards of the world, with as many sockets as the connections need and as many again. */
function cardsFor({ cards }: Pair, connections: number): object {
  const enough = Object.values(cards).every(({ driver }) => driver.socketsMax >= 2 * connections);
  if (enough) return cards;
  const driver = { socketsMax: Math.min(2 * connections, SOCKETS_MAX) };
  return Object.fromEntries(Object.entries(cards).map(([name, card]) => [name, { ...card, driver }]));
}

/** The same cards, with room for datagrams that come in many fragments, some of them at once. */
function roomFor(datagramBytes: number, cards: object): object {
  const receiveBucketBytes = bucketBytesFor(datagramBytes);
  const packetSlots = packetSlotsFor(fragmentsOf(datagramBytes, MTU), REASSEMBLIES);
  const { pools, packetSlots: usual } = DEFAULT_CARD_CONFIG;
  const more = {
    ...(receiveBucketBytes > pools.receiveBucketBytes ? { pools: { receiveBucketBytes } } : {}),
    ...(packetSlots > usual ? { packetSlots } : {}),
  };
  return Object.fromEntries(Object.entries(cards).map(([name, card]) => [name, { ...card, ...more }]));
}

function axisOf(text: string): [string, unknown] {
  const at = text.indexOf('=');
  if (at < 1) throw new RangeError(`"vary" expected path=values, such as ${VARY[0]}, got ${shown(text)}`);
  const path = text.slice(0, at).trim();
  return [path, valuesOfText(text.slice(at + 1), `"vary.${path}"`)];
}

function linkOf(text: string | undefined): object {
  if (text === undefined) return {};
  const match = /^(\d+(?:\.\d+)?)([kMG])(?:bit\/s)?,(\d+(?:\.\d+)?(?:ns|us|µs|ms|s)|0)$/.exec(
    text.replace(/\s/g, ''),
  );
  if (match === null) {
    throw new RangeError(`"link" expected a rate and a one-way delay, such as 10G,100us, got ${shown(text)}`);
  }
  const [, amount, unit, delay] = match;
  return { rate: `${amount}${unit}bit/s`, delay: delay === '0' ? 0 : delay };
}
