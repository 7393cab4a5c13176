/** Reads the switches and links of a world. */
import { PERFECT_PIPE } from '../../wire/config.ts';
import type { CardDraft } from './cards.ts';
import type { LinkEnd, LinkTopology, SwitchTopology } from './checked.ts';
import { Fields, shown } from './fields.ts';
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

const KEYS = [
  'ends',
  'rate',
  'delay',
  'jitter',
  'queueFrames',
  'lossProbability',
  'duplicateProbability',
  'corruptProbability',
  'reorderProbability',
  'reorderDelay',
];

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
    const link = new Fields(value, path, KEYS);
    return {
      name,
      ends: ends.read(link),
      pipe: {
        queueFrames: link.whole('queueFrames', 1, QUEUE_FRAMES_MAX, PERFECT_PIPE.queueFrames),
        rateBitsPerSecond: rateBitsPerSecond(link, 'rate'),
        delayNs: durationNs(link, 'delay', 0),
        jitterNs: durationNs(link, 'jitter', 0),
        lossProbability: link.probability('lossProbability'),
        duplicateProbability: link.probability('duplicateProbability'),
        corruptProbability: link.probability('corruptProbability'),
        reorderProbability: link.probability('reorderProbability'),
        reorderDelayNs: durationNs(link, 'reorderDelay', 0),
      },
    };
  });
  ends.checkSwitches();
  return { links, switches: switches.map((entry, i) => ({ ...entry, ports: ends.switchPorts[i] })) };
}

/** Finds where links end, and keeps two from ending at one port. */
class Ends {
  readonly switchPorts: number[];
  private readonly cards: readonly CardDraft[];
  private readonly switches: readonly SwitchTopology[];
  /** Card ports that have their link, and which. */
  private readonly taken = new Map<string, string>();

  constructor(cards: readonly CardDraft[], switches: readonly SwitchTopology[]) {
    this.cards = cards;
    this.switches = switches;
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
    const switchIndex = this.switches.findIndex(({ name }) => name === end);
    if (switchIndex >= 0) {
      const port = this.switchPorts[switchIndex]++;
      if (port >= SWITCH_PORTS_MAX)
        throw new RangeError(`"${path}": a switch has at most ${SWITCH_PORTS_MAX} ports`);
      return { switch: switchIndex, port };
    }
    const [cardName, portName] = typeof end === 'string' ? end.split('.') : [];
    const card = this.cards.findIndex(({ name }) => name === cardName);
    const port = card < 0 ? -1 : this.cards[card].ports.indexOf(portName ?? '');
    if (port < 0) throw new RangeError(`"${path}" names no port of a card and no switch: ${shown(end)}`);
    const other = this.taken.get(`${card}.${port}`);
    if (other !== undefined) throw new RangeError(`"${path}": ${shown(end)} is an end of "${other}" already`);
    this.taken.set(`${card}.${port}`, link.path);
    return { card, port };
  }
}
