/** The short form of a virtual world, checked: one card alone, or two joined by a link. */
import { COUNTER_NAMES } from '../../ledger/counters.gen.ts';
import type { Costs } from '../../time/cost-model.ts';
import { checkPipeConfig, PERFECT_PIPE, type PipeConfig } from '../../wire/config.ts';
import type { TraceRequest } from '../build/card-trace.ts';
import { cardPair, singleCard } from '../build/short-forms.ts';
import { cardConfig } from '../config/card-config.ts';
import { checkOverrides } from '../config/card-config-check.ts';
import { under } from '../config/card-ranges.ts';
import { misspelt, plain, shown } from '../config/complaint.ts';
import { type CardConfig, type CardOverrides, DEFAULT_CARD_CONFIG } from '../config/settings.ts';
import type { Topology } from '../topology/checked.ts';
import { noCounter } from '../topology/hosts.ts';

export interface VirtualOptions {
  readonly cards: readonly [CardOverrides] | readonly [CardOverrides, CardOverrides];
  /** The link's (or the loop's) kind, over a perfect one. */
  readonly link?: Partial<Omit<PipeConfig, 'slotBytes'>>;
  /** Of all that is drawn on the link: a whole number of 32 bits; 1. */
  readonly seed?: number;
  /** What work costs on either side, in nanoseconds for each count of a ledger's counter; nothing. */
  readonly hostCosts?: Costs;
  readonly iopCosts?: Costs;
  /** How long a doorbell and an interrupt take to arrive, in nanoseconds, up to a second; 0. */
  readonly doorbellNs?: number;
  readonly interruptNs?: number;
  /** Who is told what passes each card's host; the same place as in `cards`. */
  readonly traces?: readonly (TraceRequest | undefined)[];
}

const KEYS = ['cards', 'link', 'seed', 'hostCosts', 'iopCosts', 'doorbellNs', 'interruptNs', 'traces'];
const INT32 = 0x7fff_ffff;
/** A driver gives its card up when an answer takes seconds. */
const LATENCY_NS_MAX = 1e9;
/** Settings of a card that this form says once for the whole world. */
const SAID_ELSEWHERE = [
  ['wire', 'link'],
  ['seed', 'seed'],
] as const;

/** @throws RangeError of one line that begins with the name of the option. */
export function topologyOf(options: VirtualOptions): Topology {
  const given = checkedMap(options, '', KEYS);
  const { link = {}, seed = 1, cards, traces = [], ...costs } = options;
  if (!Array.isArray(cards) || cards.length < 1 || cards.length > 2) {
    throw new RangeError(`"cards" expected a list of one card or two, got ${shown(given.get('cards'))}`);
  }
  if (!Array.isArray(traces) || traces.length > cards.length) {
    throw new RangeError(`"traces" expected a list of at most one for each card, got ${shown(traces)}`);
  }
  checkNumber('seed', seed, -INT32 - 1, INT32);
  checkLink(link);
  for (const name of ['hostCosts', 'iopCosts'] as const) checkCosts(name, options[name]);
  for (const name of ['doorbellNs', 'interruptNs'] as const) {
    checkNumber(name, options[name] ?? 0, 0, LATENCY_NS_MAX);
  }
  const [first, second] = cards.map((overrides, i) => virtualConfig(overrides, i));
  const form = { name: 'card', seed, modules: ['socket'] as const, ...costs };
  if (second === undefined) return singleCard({ ...first, wire: { ...PERFECT_PIPE, ...link } }, form);
  checkUnique(first, second);
  return cardPair([first, second], link, form);
}

/** The two cards need different addresses, and one small card's memory is larger than a lone one's. */
function virtualConfig(overrides: CardOverrides, index: number): CardConfig {
  let config = DEFAULT_CARD_CONFIG;
  under(`cards.${index}.`, () => {
    checkOverrides(overrides, DEFAULT_CARD_CONFIG);
    checkSaidElsewhere(overrides);
    const buckets = overrides.pools?.receiveBuckets ?? Number.POSITIVE_INFINITY;
    const { rxRing = DEFAULT_CARD_CONFIG.rxRing } = overrides;
    const slots = Math.max(48 + rxRing, Math.min(1024, Math.max(64, 4 * buckets)));
    const mac = [0x02, 0x69, 0x6e, 0x69, 0x63, index + 1];
    config = cardConfig({ mtu: 1500, mac, packetSlots: slots, ...overrides });
    const address = overrides.stack?.address ?? DEFAULT_CARD_CONFIG.stack.address + index;
    config = { ...config, stack: { ...config.stack, address, seed: (config.stack.seed + index) | 0 } };
  });
  return config;
}

function checkSaidElsewhere(overrides: CardOverrides): void {
  for (const [name, option] of SAID_ELSEWHERE) {
    const value = overrides[name];
    if (value === undefined || JSON.stringify(value) === JSON.stringify(DEFAULT_CARD_CONFIG[name])) continue;
    throw new RangeError(`"${name}" is said by "${option}" of the world: set that one; got ${shown(value)}`);
  }
}

function checkLink(link: object): void {
  for (const [key, value] of checkedMap(link, 'link', Object.keys(PERFECT_PIPE))) {
    if (typeof value !== 'number') {
      throw new RangeError(`"link.${key}" expected a number, got ${shown(value)}`);
    }
  }
  under('link.', () => checkPipeConfig({ ...PERFECT_PIPE, ...link, slotBytes: 64 }));
}

function checkCosts(name: string, costs: Costs | undefined): void {
  if (costs === undefined) return;
  for (const [counter, cost] of checkedMap(costs, name)) {
    if (!COUNTER_NAMES.includes(counter)) throw noCounter(`${name}.${plain(counter)}`, counter);
    if (typeof cost === 'number' && cost >= 0 && Number.isFinite(cost)) continue;
    throw new RangeError(`"${name}.${counter}" expected nanoseconds of 0 or more, got ${shown(cost)}`);
  }
}

function checkNumber(name: string, value: unknown, least: number, most: number): void {
  const whole = name !== 'seed' || Number.isInteger(value);
  if (typeof value === 'number' && whole && value >= least && value <= most) return;
  const kind = name === 'seed' ? 'a whole number from ' : '';
  throw new RangeError(`"${name}" expected ${kind}${least} to ${most}, got ${shown(value)}`);
}

/**
 * @param path of the map; empty for the whole. @param known absent: any key. @returns what is set.
 * @throws RangeError for what is no map, or has another key.
 */
function checkedMap(value: unknown, path: string, known?: readonly string[]): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const what = path === '' ? 'a virtual world' : `"${path}"`;
    throw new RangeError(`${what} expected a map of keys, got ${shown(value)}`);
  }
  const set = Object.entries(value).filter(([, entry]) => entry !== undefined);
  const other = set.find(([key]) => known !== undefined && !known.includes(key));
  if (known === undefined || other === undefined) return new Map(set);
  const name = path === '' ? plain(other[0]) : `${path}.${plain(other[0])}`;
  throw new RangeError(`"${name}" is not known: ${misspelt(other[0], known)}`);
}

function checkUnique(first: CardConfig, second: CardConfig): void {
  if ((first.stack.address | 0) === (second.stack.address | 0)) {
    throw new RangeError('"cards.1.stack.address" is the address of "cards.0" too');
  }
  if (first.mac.join() === second.mac.join()) {
    throw new RangeError('"cards.1.mac" is the hardware address of "cards.0" too');
  }
}
