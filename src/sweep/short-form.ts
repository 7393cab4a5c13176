/** Plans that a command line says in a few words. */
import { DEFAULT_PROFILE, loadProfile } from '../plans/profiles.ts';
import { WORKLOAD_NAMES } from '../workloads/programs.ts';
import { shown } from '../world/config/complaint.ts';
import { readPlan, type SweepPlan } from './plan.ts';
import { valuesOfText } from './values.ts';
import { bundledWorld } from './worlds.ts';

export interface ShortForm {
  readonly workload: string;
  /** Each `path=values`. */
  readonly vary: readonly string[];
  /** `rate,delay` of the link, such as `10G,100us`. */
  readonly link?: string | undefined;
  readonly costs?: string | undefined;
  readonly seeds?: string | undefined;
  readonly connections?: number | undefined;
  readonly size?: number | undefined;
  readonly operations?: number | undefined;
}

/** What is varied where nobody says what. */
const VARY = ['pools.transmitBuffers=2..1024:x2'];
const CONNECTIONS = 32;
const SIZE = 128;
/** Of a stream's writes. */
const WRITE_SIZE = 16384;

/** Less than a minute of anybody's time. */
export const QUICK: ShortForm = { workload: 'TCP_RR', vary: [], seeds: '1..3', operations: 2000 };

/** Sockets that a card may have. */
const SOCKETS_MAX = 65535;

/** What is taken of the bundled world `pair`. */
interface Pair {
  readonly cards: Readonly<Record<string, { readonly driver: { readonly socketsMax: number } }>>;
  readonly links: { readonly wire: object };
}

export function isWorkload(name: string): boolean {
  return (WORKLOAD_NAMES as readonly string[]).includes(name);
}

/** Two hosts, joined by a link of the profile's kind where none is said. @throws RangeError of one line. */
export function planOf(form: ShortForm): SweepPlan {
  const { workload, costs = DEFAULT_PROFILE, seeds = '1', operations } = form;
  const stream = workload === 'TCP_STREAM';
  const world = bundledWorld('pair') as Pair;
  const wire = { ...world.links.wire, ...loadProfile(costs).link, ...linkOf(form.link) };
  const vary = (form.vary.length === 0 ? VARY : form.vary).map(axisOf);
  const { connections = stream ? 1 : CONNECTIONS, size = stream ? WRITE_SIZE : SIZE } = form;
  const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
  return readPlan({
    title: `${workload}, ${counted(connections, 'connection')}, ${counted(size, 'byte')}`,
    world: { ...world, cards: cardsFor(world, connections), links: { wire } },
    workload: { workload, connections, size },
    costs,
    vary: Object.fromEntries(vary),
    seeds: valuesOfText(seeds, '"seeds"'),
    ...(operations === undefined ? {} : { operations }),
  });
}

/** The cards of the world, with as many sockets as the connections need and as many again. */
function cardsFor({ cards }: Pair, connections: number): object {
  const enough = Object.values(cards).every(({ driver }) => driver.socketsMax >= 2 * connections);
  if (enough) return cards;
  const driver = { socketsMax: Math.min(2 * connections, SOCKETS_MAX) };
  return Object.fromEntries(Object.entries(cards).map(([name, card]) => [name, { ...card, driver }]));
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
