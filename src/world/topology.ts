/**
 * A world as a person describes it, in YAML or as an object: hosts, cards with their ports, links,
 * switches, and which program runs where; any number of each. All of it is checked before anything is
 * built, and a complaint begins with the path of the key.
 *
 *     seed: 7
 *     hosts:
 *       left: { memory: 128MiB, processor: { costs: { userCalls: 200 } } }
 *       right: {}
 *     cards:
 *       a: { host: left, ports: { eth0: { address: 10.0.0.1/24 } } }
 *       b: { host: right, ports: { eth0: { address: 10.0.0.2/24 } } }
 *     links:
 *       cable: { ends: [a.eth0, b.eth0], rate: 1Gbit/s, delay: 50us }
 *     programs:
 *       echo: { workload: TCP_RR, role: server, host: right }
 *       caller: { workload: TCP_RR, role: client, host: left, server: echo, operations: 1000 }
 */

import { type CostProfile, DEFAULT_PROFILE, loadProfile } from '../plans/profiles.ts';
import { parseYaml } from '../plans/yaml.ts';
import { shown } from './config/complaint.ts';
import { nicsOfPort } from './config/port-nics.ts';
import { type CardDraft, checkUnique, finishCard, readCards } from './topology/cards.ts';
import type { LinkEnd, Topology } from './topology/checked.ts';
import { Fields } from './topology/fields.ts';
import { readHosts } from './topology/hosts.ts';
import { readLinks, readSwitches } from './topology/links.ts';
import { readPrograms } from './topology/programs.ts';

export type { Topology } from './topology/checked.ts';

const KEYS = ['seed', 'costs', 'hosts', 'cards', 'switches', 'links', 'programs'];
const INT32 = 0x7fff_ffff;

/**
 * @param text YAML. @throws RangeError of one line: the line of the file where it is no YAML, else the path
 * of the key.
 */
export function parseTopology(text: string): Topology {
  if (typeof text !== 'string') {
    throw new RangeError(`a world's YAML expected a text, got ${shown(text)}`);
  }
  const { data } = parseYaml(text, (words, line) =>
    line === undefined ? `a world's YAML cannot be read: ${words}` : `line ${line}: ${words}`,
  );
  return readTopology(data);
}

/** The cost profile that a world names, or the default one. */
function readProfileOf(world: Fields): CostProfile {
  const name = world.text('costs', DEFAULT_PROFILE);
  try {
    return loadProfile(name);
  } catch (error) {
    throw new RangeError(`"costs": ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * @param description what YAML gives, or the like of it. @throws RangeError that names the first bad key by
 * its path.
 */
export function readTopology(description: unknown): Topology {
  const world = new Fields(description, '', KEYS);
  const seed = world.whole('seed', -INT32 - 1, INT32, 1);
  const profile = readProfileOf(world);
  const hosts = readHosts(world, profile.host);
  if (hosts.length === 0) throw new RangeError('"hosts" expected at least one host');
  const drafts = readCards(world, hosts, seed, profile.card);
  if (drafts.length === 0) throw new RangeError('"cards" expected at least one card');
  checkUnique(drafts);
  const { links, switches } = readLinks(world, drafts, readSwitches(world));
  const linked = new Set(
    links.flatMap(({ ends }) => ends.flatMap((end) => (isFirstPort(end, drafts) ? [end.card] : []))),
  );
  const cards = drafts.map((draft, card) => finishCard(draft, linked.has(card)));
  return { seed, hosts, cards, switches, links, programs: readPrograms(world, hosts, cards) };
}

/** Whether a link ends at a device of a card's first port. */
function isFirstPort(end: LinkEnd, drafts: readonly CardDraft[]): end is LinkEnd & { readonly card: number } {
  return 'card' in end && end.port < nicsOfPort(drafts[end.card], 0);
}
