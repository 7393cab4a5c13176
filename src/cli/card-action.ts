/** What `inic card` does, loaded when it is asked for. */

import { parsePolicy } from '../host/devices/policy/parse.ts';
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
import { ranFor } from '../inspect/running.ts';
import { bundledNames } from '../plans/files.ts';
import { readYamlFile } from '../plans/yaml.ts';
import { packageVersion } from '../record/manifest.ts';
import { changesText, factsText, featuresText, policyText, type Spelling } from '../report/card-text.ts';
import type { Colour } from '../report/columns.ts';
import { enumerated } from '../report/enumerated.ts';
import { durationText } from '../report/units.ts';
import { withWorkload } from '../sweep/workload.ts';
import { bundledWorld } from '../sweep/worlds.ts';
import { misspelt, plain as plainName } from '../world/config/complaint.ts';
import { readTopology, type Topology } from '../world/topology.ts';
import { isRunning, RUNNING_VIEWS, runningText } from './card-running.ts';
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
  for: RUNNING_VIEWS,
  spelling: ['features'],
  policy: ['policy', ...RUNNING_VIEWS],
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
  const policy = policyOf(flags.policy, topology, chosen);
  const running = isRunning(chosen)
    ? { view: chosen, world: usersErrors(() => ranFor(topology, flags.for * 1e6, policy)) }
    : undefined;
  const ran = durationText(flags.for * 1e6);
  const texts = cards.map((index, i) => {
    const { host } = topology.cards[index];
    const first = cards.findIndex((at) => topology.cards[at].host === host) === i;
    const drawn = { width: lineWidth(process.stdout, WIDTH), bold: boldOn(process.stdout) };
    const text =
      running === undefined
        ? describedText(topology, index, chosen, flags.spelling, policy, drawn)
        : runningText(running.view, { topology, world: running.world, index, first, ran, ...drawn });
    if (flags.set === undefined) return text;
    const changes = actualChanges(described.cards[index], topology.cards[index]);
    return `${changesText(changes, flags.spelling)}\n${text}`;
  });
  process.stdout.write(texts.join('\n'));
}

/** Of a view for which no world runs. @param policy of the view of that name. */
function describedText(
  topology: Topology,
  index: number,
  view: CardView,
  spelling: Spelling,
  policy: string | undefined,
  { width, bold }: { readonly width: number; readonly bold: Colour },
): string {
  const own = topology.cards[index];
  switch (view) {
    case 'rings':
      return factsText(`${TITLES.rings} ${own.name}:`, ringsOf(own));
    case 'coalesce':
      return factsText(`${TITLES.coalesce} ${own.name}:`, coalescingOf(own));
    case 'features':
      return featuresText(own.name, featuresOf(own), capabilitiesOf(own), spelling, width);
    case 'policy': {
      const decided = decidedFor(topology, index, parsePolicy(policy ?? ''));
      return policyText(`Policy for ${own.name}:`, decided, width, bold);
    }
    default:
      return factsText(`${TITLES.show} ${own.name}:`, identityOf(topology, index, packageVersion()));
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

/** The rules of a file, where there is one. */
function policyOf(file: string | undefined, topology: Topology, view: CardView): string | undefined {
  if (file === undefined) {
    if (view === 'policy') throw new UserError('card policy needs --policy FILE, the rules of offload');
    return undefined;
  }
  const text = readPolicyText(file);
  checkPolicyDevices(file, text, topology);
  return text;
}
