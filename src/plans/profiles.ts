/**
 * Cost profiles: what the processors, the bus, the DMA engine and the link of one kind of machine take in
 * virtual time. A profile is a YAML file in which every number says where it comes from; `profiles/` beside
 * this file has some of cards of several years.
 */
import { bundledFile, bundledNames } from './files.ts';
import { inFile, parseYaml, readYamlFile } from './yaml.ts';

/** Values by key, as a description of a world has them. */
export type ProfilePart = Readonly<Record<string, unknown>>;

export interface CostProfile {
  readonly name: string;
  readonly title: string;
  /** What a host, a card and a link of it would say in a description, where they say nothing themselves. */
  readonly host: ProfilePart;
  readonly card: ProfilePart;
  readonly link: ProfilePart;
}

/** The profile of a described world that names none. */
export const DEFAULT_PROFILE = 'card-2025';
/** What a world names in which no work takes time. */
export const NO_PROFILE = 'none';

/** Nothing takes time. */
const FREE: CostProfile = { name: NO_PROFILE, title: 'nothing takes time', host: {}, card: {}, link: {} };

const PARTS = {
  host: ['look', 'costs'],
  card: ['look', 'costs', 'doorbell', 'interrupt', 'bus', 'dma'],
  link: ['rate', 'delay'],
} as const;
type PartName = keyof typeof PARTS;

const loaded = new Map<string, CostProfile>();
/** Texts of those that are held. */
const texts = new Map<string, string>();

/** @returns names of the bundled profiles, and `none`. */
export function profileNames(): string[] {
  return [...bundledNames('profiles'), NO_PROFILE];
}

/**
 * @param name of a bundled profile, `none`, or the path of a file, which ends in .yaml.
 * @throws RangeError of one line that names the file, the key, and what was expected there.
 */
export function loadProfile(name: string): CostProfile {
  if (name === NO_PROFILE) return FREE;
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const isFile = name.endsWith('.yaml');
  const path = isFile ? name : bundledFile('profiles', name);
  if (!isFile && !bundledNames('profiles').includes(name)) {
    throw new RangeError(
      `there is no cost profile ${JSON.stringify(name)}: ` +
        `expected ${profileNames().join(', ')}, or a .yaml file`,
    );
  }
  const profile = readProfile(name, path, readYamlFile(path));
  loaded.set(name, profile);
  return profile;
}

/** Has the profile of a file known by what the file says, to a thread or a machine that may not have it. */
export function holdProfile(name: string, text: string): void {
  if (texts.get(name) === text) return;
  loaded.set(name, readProfile(name, name, parseYaml(text, inFile(name)).data));
  texts.set(name, text);
}

/** @param path begins each complaint. */
export function readProfile(name: string, path: string, data: unknown): CostProfile {
  const top = mapOf(data, path, '');
  for (const key of Object.keys(top)) {
    if (key !== 'title' && !Object.hasOwn(PARTS, key)) {
      throw new RangeError(
        `${path}: "${key}" is not known: expected title, ${Object.keys(PARTS).join(', ')}`,
      );
    }
  }
  const { title } = top;
  if (typeof title !== 'string') throw new RangeError(`${path}: "title" expected a text`);
  const part = (which: PartName): ProfilePart => readPart(top[which], path, which);
  return {
    name,
    title,
    host: inDescription(part('host')),
    card: inDescription(part('card')),
    link: part('link'),
  };
}

/** In a description, `look` and `costs` are the processor's. */
function inDescription({ look, costs, ...rest }: ProfilePart): ProfilePart {
  const processor = { ...(look !== undefined && { look }), ...(costs !== undefined && { costs }) };
  return { processor, ...rest };
}

function readPart(value: unknown, path: string, part: PartName): ProfilePart {
  if (value === undefined) return {};
  const map = mapOf(value, path, part);
  const known: readonly string[] = PARTS[part];
  const unknown = Object.keys(map).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new RangeError(`${path}: "${part}.${unknown}" is not known: expected ${known.join(', ')}`);
  }
  return Object.fromEntries(
    Object.entries(map).map(([key, entry]) => [key, plainOf(entry, path, `${part}.${key}`)]),
  );
}

/** A number with its source, or a map of such. @returns the same without the sources. */
function plainOf(entry: unknown, path: string, at: string): unknown {
  const map = mapOf(entry, path, at);
  if (!Object.hasOwn(map, 'value')) {
    return Object.fromEntries(
      Object.entries(map).map(([key, inner]) => [key, plainOf(inner, path, `${at}.${key}`)]),
    );
  }
  const { value, source, ...more } = map;
  const [other] = Object.keys(more);
  if (other !== undefined)
    throw new RangeError(`${path}: "${at}.${other}" is not known: expected value, source`);
  if (typeof source !== 'string' || source === '') {
    throw new RangeError(`${path}: "${at}.source" expected where the number comes from, or "assumed"`);
  }
  if (typeof value !== 'number' && typeof value !== 'string') {
    throw new RangeError(`${path}: "${at}.value" expected a number, or one with its unit`);
  }
  return value;
}

function mapOf(value: unknown, path: string, at: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RangeError(`${path}: ${at === '' ? 'a profile' : `"${at}"`} expected a map of keys`);
  }
  return value as Record<string, unknown>;
}
