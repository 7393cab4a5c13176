/** What `inic card` does, loaded when it is asked for. */

import { parsePolicy } from '../host/devices/policy/parse.ts';
import type { PolicyRule } from '../host/devices/policy/rule.ts';
import { decidedFor } from '../inspect/decided.ts';
import { coalescingOf, identityOf, ringsOf } from '../inspect/described.ts';
import {
  actualChanges,
  capabilitiesOf,
  FEATURE_NAMES,
  type FeatureChange,
  featuresOf,
  withFeatures,
} from '../inspect/features.ts';
import { neighbourLinesOf, routeLinesOf } from '../inspect/paths.ts';
import { connectionsOf, ranFor, statisticsOf, timeWaitOf } from '../inspect/running.ts';
import { bundledNames } from '../plans/files.ts';
import { readYamlFile } from '../plans/yaml.ts';
import { packageVersion } from '../record/manifest.ts';
import {
  changesText,
  connectionsText,
  factsText,
  featuresText,
  listText,
  policyText,
  type Spelling,
  statisticsText,
} from '../report/card-text.ts';
import { enumerated } from '../report/enumerated.ts';
import { durationText } from '../report/units.ts';
import { withWorkload } from '../sweep/workload.ts';
import { bundledWorld } from '../sweep/worlds.ts';
import { misspelt, plain as plainName } from '../world/config/complaint.ts';
import { readTopology, type Topology } from '../world/topology.ts';
import type { VirtualWorld } from '../world/virtual/virtual-world.ts';
import { CARD_VIEWS, type CardView } from './card-views.ts';
import { UserError } from './errors.ts';
import { usersErrors } from './plan-argument.ts';
import { checkPolicyDevices, readPolicyText } from './policy-file.ts';
import { boldOn, lineWidth } from './terminal.ts';

export interface CardFlags {
  readonly world?: string;
  readonly card?: string;
  readonly spelling: Spelling;
  readonly set?: string;
  readonly for: number;
  readonly policy?: string;
}

/** Which views have a use for a flag. */
const FLAG_VIEWS: Readonly<Record<'for' | 'spelling' | 'policy', readonly CardView[]>> = {
  for: ['stats', 'connections', 'neighbours', 'routes'],
  spelling: ['features'],
  policy: ['policy'],
};

const WIDTH = 100;
/** Views of what features make a difference to. */
const CHANGEABLE: readonly CardView[] = ['features', 'stats', 'connections'];
/** What programs a world without any has. */
const WORKLOAD = { workload: 'TCP_RR', connections: 4, size: 128 };
/** Of ethtool's option, what the words stand for. */
const TITLES = { show: 'Card', rings: 'Ring parameters for', coalesce: 'Coalesce parameters for' };

/** @param given names of the flags that were written, and are no defaults. */
export function card(view: string | undefined, flags: CardFlags, given: readonly string[]): void {
  const chosen = viewOf(view);
  for (const [flag, views] of Object.entries(FLAG_VIEWS)) {
    if (!given.includes(flag) || views.includes(chosen)) continue;
    const named = enumerated(views.map((name) => `inic card ${name}`));
    throw new UserError(`--${flag} is for ${named}, not for ${chosen}`);
  }
  const described = topologyOf(flags.world);
  const cards = cardsOf(described, flags.card);
  const topology = flags.set === undefined ? described : changed(described, cards, chosen, flags.set);
  const rules = chosen === 'policy' ? rulesOf(flags.policy, topology) : [];
  const runs = FLAG_VIEWS.for.includes(chosen);
  const world = runs ? ranFor(topology, flags.for * 1e6) : undefined;
  const texts = cards.map((index) => {
    const text = textOf(topology, index, chosen, flags, rules, world);
    if (flags.set === undefined) return text;
    const changes = actualChanges(described.cards[index], topology.cards[index]);
    return `${changesText(changes, flags.spelling)}\n${text}`;
  });
  process.stdout.write(texts.join('\n'));
}

function textOf(
  topology: Topology,
  index: number,
  view: CardView,
  flags: CardFlags,
  rules: readonly PolicyRule[],
  world: VirtualWorld | undefined,
): string {
  const own = topology.cards[index];
  const width = lineWidth(process.stdout, WIDTH);
  const bold = boldOn(process.stdout);
  const after = `${own.name}, after ${durationText(flags.for * 1e6)} of virtual time:`;
  switch (view) {
    case 'show':
      return factsText(`${TITLES.show} ${own.name}:`, identityOf(topology, index, packageVersion()));
    case 'rings':
      return factsText(`${TITLES.rings} ${own.name}:`, ringsOf(own));
    case 'coalesce':
      return factsText(`${TITLES.coalesce} ${own.name}:`, coalescingOf(own));
    case 'features':
      return featuresText(own.name, featuresOf(own), capabilitiesOf(own), flags.spelling, width);
    case 'policy':
      return policyText(`Policy for ${own.name}:`, decidedFor(topology, index, rules), width, bold);
    case 'stats':
      return statisticsText(
        `NIC statistics of ${after}`,
        world ? statisticsOf(world, index) : [],
        width,
        bold,
      );
    case 'neighbours':
      return listText(`Neighbours of ${after}`, world ? neighbourLinesOf(world, index) : []);
    case 'routes':
      return listText(`Routes of ${after}`, world ? routeLinesOf(world, index) : []);
    case 'connections': {
      const { connectionsMax } = own.config.stack;
      const lines = world ? connectionsOf(world, index, connectionsMax) : [];
      const timeWait = world ? timeWaitOf(world, index) : 0;
      return connectionsText(`Connections of ${after}`, lines, timeWait, width, bold);
    }
  }
}

/** The world with features of some of its cards changed. @param set as the user has written it. */
function changed(topology: Topology, cards: readonly number[], view: CardView, set: string): Topology {
  if (!CHANGEABLE.includes(view))
    throw new UserError(`--set is for inic card ${CHANGEABLE.join(', ')}, not for ${view}`);
  const changes = set.split(',').map((part): FeatureChange => {
    const [, name, value] = /^([^=]+)=(on|off)$/.exec(part.trim()) ?? [];
    if (name === undefined)
      throw new UserError(`--set ${plainName(part)}: expected a feature and on or off, such as tso=off`);
    if (!FEATURE_NAMES.includes(name))
      throw new UserError(
        `--set ${plainName(part)}: there is no such feature: ${misspelt(name, FEATURE_NAMES)}`,
      );
    return { name, on: value === 'on' };
  });
  return {
    ...topology,
    cards: topology.cards.map((own, i) => {
      if (!cards.includes(i)) return own;
      try {
        return withFeatures(own, changes);
      } catch (error) {
        if (error instanceof RangeError) throw new UserError(`--set: ${error.message}`);
        throw error;
      }
    }),
  };
}

function viewOf(view = 'show'): CardView {
  const found = CARD_VIEWS.find((candidate) => candidate === view);
  if (found !== undefined) return found;
  throw new UserError(`card ${plainName(view)}: there is no such view: ${misspelt(view, CARD_VIEWS)}`);
}

/** @param world a file's name, or a bundled world's. */
function topologyOf(world = 'pair'): Topology {
  return usersErrors(() => {
    const bundled = bundledNames('worlds').includes(world);
    const description = bundled ? bundledWorld(world) : readYamlFile(world);
    const { programs } = (description ?? {}) as { programs?: unknown };
    try {
      return readTopology(programs === undefined ? withWorkload(description, WORKLOAD) : description);
    } catch (error) {
      if (error instanceof RangeError && !bundled) throw new RangeError(`${world}: ${error.message}`);
      throw error;
    }
  });
}

function cardsOf({ cards }: Topology, name: string | undefined): number[] {
  if (name === undefined) return cards.map((_, i) => i);
  const index = cards.findIndex((candidate) => candidate.name === name);
  if (index >= 0) return [index];
  const names = cards.map((candidate) => candidate.name);
  throw new UserError(`--card ${plainName(name)}: the world has no such card: ${misspelt(name, names)}`);
}

function rulesOf(file: string | undefined, topology: Topology): PolicyRule[] {
  if (file === undefined) throw new UserError('card policy needs --policy FILE, the rules of offload');
  const text = readPolicyText(file);
  checkPolicyDevices(file, text, topology);
  return parsePolicy(text);
}
