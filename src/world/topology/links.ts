/** Reads the switches and links of a world. */
import { type LinkDown, PERFECT_PIPE } from '../../wire/config.ts';
import { shown } from '../config/complaint.ts';
import type { CardDraft } from './cards.ts';
import type { LinkEnd, LinkTopology, SwitchTopology } from './checked.ts';
import { Fields } from './fields.ts';
import { durationNs, rateBitsPerSecond } from './quantities.ts';

const ADDRESSES = 1024;
const ADDRESSES_MAX = 1 << 20;
/** IEEE 802.1D-2004 table 7-5. */
const AGEING_NS = 300e9;
const SWITCH_PORTS_MAX = 4096;
const QUEUE_FRAMES_MAX = 1 << 20;

/** The switches, with no ports yet: each link that ends at one adds a port. */
export function readSwitches(world: Fields): SwitchTopology[] {
  return world.named('switches').map(({ name, value, path }) => {
    const fields = new Fields(value, path, ['addresses', 'ageing']);
    const addressesMax = fields.whole('addresses', 1, ADDRESSES_MAX, ADDRESSES);
    if ((addressesMax & (addressesMax - 1)) !== 0) throw fields.refusal('addresses', 'a power of two');
    return { name, ports: 0, addressesMax, ageingNs: durationNs(fields, 'ageing', AGEING_NS) };
  });
}

/** All that a description says of a link. */
export const LINK_KEYS = [
  'ends',
  'rate',
  'delay',
  'jitter',
  'queueFrames',
  'lossProbability',
  'markProbability',
  'markAfter',
  'duplicateProbability',
  'corruptProbability',
  'reorderProbability',
  'reorderDelay',
  'down',
];
const DOWNS_MAX = 1024;

export interface Links {
  readonly links: LinkTopology[];
  /** The switches with their ports counted. */
  readonly switches: SwitchTopology[];
}

export function readLinks(
  world: Fields,
  cards: readonly CardDraft[],
  switches: readonly SwitchTopology[],
): Links {
  const ends = new Ends(cards, switches);
  const links = world.named('links').map(({ name, value, path }): LinkTopology => {
    const link = new Fields(value, path, LINK_KEYS);
    return {
      name,
      ends: ends.read(link),
      pipe: {
        queueFrames: link.whole('queueFrames', 1, QUEUE_FRAMES_MAX, PERFECT_PIPE.queueFrames),
        rateBitsPerSecond: rateBitsPerSecond(link, 'rate'),
        delayNs: durationNs(link, 'delay', 0),
        jitterNs: durationNs(link, 'jitter', 0),
        lossProbability: link.probability('lossProbability'),
        markProbability: link.probability('markProbability'),
        markAfterNs: durationNs(link, 'markAfter', 0),
        duplicateProbability: link.probability('duplicateProbability'),
        corruptProbability: link.probability('corruptProbability'),
        reorderProbability: link.probability('reorderProbability'),
        reorderDelayNs: durationNs(link, 'reorderDelay', 0),
        ...readDowns(link),
      },
    };
  });
  ends.checkSwitches();
  checkLoops(links, switches);
  return { links, switches: switches.map((entry, i) => ({ ...entry, ports: ends.switchPorts[i] })) };
}

/** `down: [{ at: 10ms, for: 5ms }, { at: 1s }]`: the last may be for good. */
function readDowns(link: Fields): { readonly downs?: readonly LinkDown[] } {
  if (!link.has('down')) return {};
  const list = link.get('down');
  if (!Array.isArray(list) || list.length === 0 || list.length > DOWNS_MAX) {
    throw link.refusal('down', `a list of 1 to ${DOWNS_MAX} times, such as [{ at: 10ms, for: 5ms }]`);
  }
  let endNs = 0;
  const downs = list.map((value, i): LinkDown => {
    const fields = new Fields(value, `${link.at('down')}.${i}`, ['at', 'for']);
    if (!fields.has('at')) throw fields.refusal('at', 'a time with its unit, such as 10ms');
    const atNs = durationNs(fields, 'at', 0);
    const forNs = durationNs(fields, 'for', Number.POSITIVE_INFINITY);
    if (forNs === 0) throw fields.refusal('for', 'a time above 0, such as 5ms');
    if (endNs === Number.POSITIVE_INFINITY) {
      throw new RangeError(`"${fields.path}" comes after a time without "for": the link is down for good`);
    }
    if (atNs < endNs) throw fields.refusal('at', `a time from ${endNs / 1e6}ms, when it is up again`);
    endNs = atNs + forNs;
    return { atNs, forNs };
  });
  return { downs };
}

/**
 * Refuses links that lead from a switch back to itself, by way of other switches or directly. Switches
 * without a spanning tree (IEEE 802.1D clause 17) would send the first broadcast round such a loop for ever,
 * and more of it each time.
 * @throws RangeError that names the link which closes the loop.
 */
function checkLoops(links: readonly LinkTopology[], switches: readonly SwitchTopology[]): void {
  // Switches that links join so far are one group, named by its first member.
  const groups = switches.map((_, i) => i);
  for (const { name, ends } of links) {
    const [a, b] = ends.map((end) => ('switch' in end ? end.switch : -1));
    if (a < 0 || b < 0) continue;
    const [kept, merged] = [groups[a], groups[b]];
    if (kept === merged) {
      throw new RangeError(
        `"links.${name}" closes a loop of switches ("${switches[a].name}" to "${switches[b].name}"): ` +
          'a broadcast would never end, for there is no spanning tree',
      );
    }
    for (let i = 0; i < groups.length; i++) if (groups[i] === merged) groups[i] = kept;
  }
}

/** Finds where links end, and keeps two from ending at one port. */
class Ends {
  readonly switchPorts: number[];
  private readonly cards: readonly CardDraft[];
  private readonly switches: readonly SwitchTopology[];
  /** Found by name: a world may have a thousand cards, each at the end of a link. */
  private readonly cardIndices: ReadonlyMap<string, number>;
  private readonly switchIndices: ReadonlyMap<string, number>;
  /** Card ports that have their link, and which. */
  private readonly taken = new Map<string, string>();

  constructor(cards: readonly CardDraft[], switches: readonly SwitchTopology[]) {
    this.cards = cards;
    this.switches = switches;
    this.cardIndices = new Map(cards.map(({ name }, i) => [name, i]));
    this.switchIndices = new Map(switches.map(({ name }, i) => [name, i]));
    this.switchPorts = switches.map(() => 0);
  }

  read(link: Fields): [LinkEnd, LinkEnd] {
    const ends = link.get('ends');
    if (!Array.isArray(ends) || ends.length !== 2) {
      throw link.refusal('ends', 'two ends, each a card\'s port such as "card.port" or a switch');
    }
    return [this.find(link, 0, ends[0]), this.find(link, 1, ends[1])];
  }

  /** @throws RangeError for a switch that joins nothing. */
  checkSwitches(): void {
    const lonely = this.switchPorts.indexOf(0);
    if (lonely >= 0) throw new RangeError(`"switches.${this.switches[lonely].name}" is the end of no link`);
  }

  private find(link: Fields, which: number, end: unknown): LinkEnd {
    const path = `${link.at('ends')}.${which}`;
    const switchIndex = typeof end === 'string' ? this.switchIndices.get(end) : undefined;
    if (switchIndex !== undefined) {
      const port = this.switchPorts[switchIndex]++;
      if (port >= SWITCH_PORTS_MAX)
        throw new RangeError(`"${path}": a switch has at most ${SWITCH_PORTS_MAX} ports`);
      return { switch: switchIndex, port };
    }
    const [cardName, portName, ...more] = typeof end === 'string' ? end.split('.') : [];
    const card = this.cardIndices.get(cardName ?? '') ?? -1;
    const port = card < 0 || more.length > 0 ? -1 : this.cards[card].ports.indexOf(portName ?? '');
    if (port < 0) throw new RangeError(`"${path}" names no port of a card and no switch: ${shown(end)}`);
    const other = this.taken.get(`${card}.${port}`);
    if (other !== undefined) throw new RangeError(`"${path}": ${shown(end)} is an end of "${other}" already`);
    this.taken.set(`${card}.${port}`, link.path);
    return { card, port };
  }
}
