/** A world with some of its settings changed, each named by its path. */
import type { Setting } from './values.ts';
import { type WorkloadSettings, withWorkload } from './workload.ts';

export type Settings = Readonly<Record<string, Setting>>;

type Map = Record<string, unknown>;

/** Parts of a world that are maps of names, and the word that means each of them. */
const EACH: Readonly<Record<string, string>> = { host: 'hosts', link: 'links', program: 'programs' };
const SECTIONS = ['hosts', 'cards', 'switches', 'links', 'programs'];

/**
 * Paths are those of a description, such as `cards.a.pools.transmitBuffers`. `workload.size` is of all
 * programs that know it, `link.delay` and `host.memory` of each link and host, and what begins with a setting
 * of a card, such as `pools.transmitBuffers`, of every card.
 * @returns a description; the one given is not changed.
 */
export function withSettings(world: object, workload: WorkloadSettings | undefined, settings: Settings): Map {
  const ofWorkload = Object.entries(settings).filter(([path]) => path.startsWith('workload.'));
  const programs = {
    ...workload,
    ...Object.fromEntries(ofWorkload.map(([path, value]) => [path.slice('workload.'.length), value])),
  };
  const asked = workload === undefined && ofWorkload.length === 0 ? undefined : programs;
  const description = structuredClone(withWorkload(world, asked)) as Map;
  for (const [path, value] of Object.entries(settings)) {
    if (!path.startsWith('workload.')) set(description, path.split('.'), value);
  }
  return description;
}

function set(description: Map, path: readonly string[], value: Setting): void {
  const [first, ...inner] = path;
  if (first === 'seed' || first === 'costs' || SECTIONS.includes(first)) put(description, path, value);
  else if (Object.hasOwn(EACH, first)) forEach(description, EACH[first], inner, value);
  else forEach(description, 'cards', path, value);
}

function forEach(description: Map, section: string, path: readonly string[], value: Setting): void {
  const named = description[section];
  if (!isMap(named)) return;
  for (const name of Object.keys(named)) put(description, [section, name, ...path], value);
}

function put(map: Map, [key, ...inner]: readonly string[], value: Setting): void {
  if (inner.length === 0) {
    map[key] = value;
    return;
  }
  if (!isMap(map[key])) map[key] = {};
  put(map[key] as Map, inner, value);
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

function isMap(value: unknown): value is Map {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
