/** A world with some of its settings changed, each named by its path. */
import { mostLike } from '../spec/likeness.ts';
import { meant, shown } from '../world/config/complaint.ts';
import { SETTING_TABLE } from '../world/config/setting-table.ts';
import { CARD_KEYS } from '../world/topology/cards.ts';
import { LINK_KEYS } from '../world/topology/links.ts';
import { PROGRAM_KEYS } from '../world/topology/programs.ts';
import type { Setting } from './values.ts';
import { type WorkloadSettings, withWorkload } from './workload.ts';

export type Settings = Readonly<Record<string, Setting>>;

type Description = Record<string, unknown>;

/** Parts of a world that are maps of names, and the word that means each of them. */
const EACH: Readonly<Record<string, string>> = { host: 'hosts', link: 'links', program: 'programs' };
const SECTIONS = ['hosts', 'cards', 'switches', 'links', 'programs'];

const EXAMPLES = 'pools.transmitBuffers, workload.size or link.delay';

/** Where a setting may stand that is written without what it belongs to. */
const PATHS: readonly string[] = [
  ...PROGRAM_KEYS.map((key) => `workload.${key}`),
  ...SETTING_TABLE.map(({ name }) => name),
  ...LINK_KEYS.map((key) => `link.${key}`),
];

/**
 * A path that begins with nothing there is, such as `connections` or `delay`, is refused with what it may
 * mean. One that begins well is judged by whoever reads the world.
 * @param where begins the complaint. @throws RangeError.
 */
export function checkPath(path: string, where: string): void {
  const [first] = path.split('.');
  const begins = ['seed', 'costs', 'workload', ...Object.keys(EACH), ...SECTIONS, ...CARD_KEYS];
  if (begins.includes(first)) return;
  const alike = pathsOf(path);
  const close = alike.length > 0 ? alike : mostLike(path, PATHS.map(lastOf)).flatMap(pathsOf);
  const hint = close.length > 0 ? `did you mean ${close.join(' or ')}?` : meant(first, begins);
  throw new RangeError(`${where} is not known: ${hint || `expected a path such as ${EXAMPLES}`}`);
}

/** Paths of all settings that are called so. */
function pathsOf(name: string): string[] {
  return PATHS.filter((known) => known.endsWith(`.${name}`));
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

/**
 * Paths are those of a description, such as `cards.a.pools.transmitBuffers`. `workload.size` is of all
 * programs that know it, `link.delay` and `host.memory` of each link and host, and what begins with a setting
 * of a card, such as `pools.transmitBuffers`, of every card.
 * @returns a description; the one given is not changed.
 */
export function withSettings(
  world: object,
  workload: WorkloadSettings | undefined,
  settings: Settings,
): Description {
  const ofWorkload = Object.entries(settings).filter(([path]) => path.startsWith('workload.'));
  const programs = {
    ...workload,
    ...Object.fromEntries(ofWorkload.map(([path, value]) => [path.slice('workload.'.length), value])),
  };
  const asked = workload === undefined && ofWorkload.length === 0 ? undefined : programs;
  const description = structuredClone(withWorkload(world, asked)) as Description;
  for (const [path, value] of Object.entries(settings)) {
    if (!path.startsWith('workload.')) set(description, path.split('.'), value);
  }
  return description;
}

/**
 * Of two paths that lead to one setting the later one would win, and the other say what is not so.
 * @param named each path, with the words for it that begin a complaint.
 * @throws RangeError for a setting that two of them say.
 */
export function checkApart(world: object, named: readonly (readonly [string, string])[]): void {
  const said = new Map<string, string>();
  for (const [path, words] of named) {
    for (const target of targetsOf(world as Description, path)) {
      const other = said.get(target);
      if (other === words) throw new RangeError(`${words} is said twice`);
      if (other !== undefined) {
        const what = target === path ? 'it' : shown(target);
        throw new RangeError(`${words}: ${other} says ${what} too: keep one of the two`);
      }
      said.set(target, words);
    }
  }
}

/** Whether two paths lead to one setting, of one part of a world at least. */
export function meet(world: object, path: string, other: string): boolean {
  const targets = targetsOf(world as Description, other);
  return targetsOf(world as Description, path).some((target) => targets.includes(target));
}

/** The settings that a path leads to, each by its whole path. */
function targetsOf(description: Description, path: string): string[] {
  const [first, ...inner] = path.split('.');
  const each = (section: string, rest: readonly string[]): string[] => {
    const named = description[section];
    return isMap(named) ? Object.keys(named).map((name) => [section, name, ...rest].join('.')) : [];
  };
  if (first === 'workload') return [path, ...each('programs', inner)];
  if (first === 'seed' || first === 'costs' || SECTIONS.includes(first)) return [path];
  return Object.hasOwn(EACH, first) ? each(EACH[first], inner) : each('cards', [first, ...inner]);
}

function set(description: Description, path: readonly string[], value: Setting): void {
  const [first, ...inner] = path;
  if (first === 'seed' || first === 'costs' || SECTIONS.includes(first)) put(description, path, value);
  else if (Object.hasOwn(EACH, first)) forEach(description, EACH[first], inner, value);
  else forEach(description, 'cards', path, value);
}

function forEach(description: Description, section: string, path: readonly string[], value: Setting): void {
  const named = description[section];
  if (!isMap(named)) return;
  for (const name of Object.keys(named)) put(description, [section, name, ...path], value);
}

function put(map: Description, [key, ...inner]: readonly string[], value: Setting): void {
  if (inner.length === 0) {
    map[key] = value;
    return;
  }
  if (!isMap(map[key])) map[key] = {};
  put(map[key] as Description, inner, value);
}

/** Whether a complaint about a key of a description is about this setting. */
export function isAbout(complaintPath: string, setting: string): boolean {
  const [first, ...inner] = setting.split('.');
  const short = first === 'workload' || Object.hasOwn(EACH, first);
  const tail = short ? inner.join('.') : setting;
  // A key that is not known is complained of by itself, without what would lie in it.
  const [top] = tail.split('.');
  return [setting, tail, top].some((end) => complaintPath === end || complaintPath.endsWith(`.${end}`));
}

function isMap(value: unknown): value is Description {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
