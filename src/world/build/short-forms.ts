/** Worlds that need no description: one card looped back to itself, or two joined by a link. */
import { REGION_BYTES_MAX } from '../../dma/plan.ts';
import type { Costs } from '../../time/cost-model.ts';
import { PERFECT_PIPE, type PipeConfig } from '../../wire/config.ts';
import type { CardConfig } from '../config/settings.ts';
import type { BusCosts, CardTopology, ModuleKind, Topology } from '../topology/checked.ts';

const NO_COSTS: Costs = {};
/** Nothing lies between host and card. */
const NO_BUS: BusCosts = { latencyNs: 0, nsPerByte: 0, requestNs: 0 };

/** What of a short form is not the cards' configuration. */
export interface ShortForm {
  /** Names of the cards, and after each its host. */
  readonly name: string;
  readonly seed: number;
  readonly modules: readonly ModuleKind[];
  readonly hostCosts?: Costs;
  readonly iopCosts?: Costs;
  readonly doorbellNs?: number;
  readonly interruptNs?: number;
}

/** One card on one host. */
export function singleCard(config: CardConfig, form: ShortForm): Topology {
  return cardsOf([config], form);
}

/** Two cards, each with a host of its own, joined by a link. */
export function cardPair(
  configs: readonly [CardConfig, CardConfig],
  link: Partial<Omit<PipeConfig, 'slotBytes'>>,
  form: ShortForm,
): Topology {
  const ends = [
    { card: 0, port: 0 },
    { card: 1, port: 0 },
  ] as const;
  const world = cardsOf(configs, form);
  return { ...world, links: [{ name: 'link', pipe: { ...PERFECT_PIPE, ...link }, ends }] };
}

function cardsOf(configs: readonly CardConfig[], form: ShortForm): Topology {
  const {
    name,
    seed,
    modules,
    hostCosts = NO_COSTS,
    iopCosts = NO_COSTS,
    doorbellNs = 0,
    interruptNs = 0,
  } = form;
  const numbered = (i: number): string => (configs.length === 1 ? name : `${name}${i}`);
  return {
    seed,
    hosts: configs.map((_, i) => ({
      name: `${numbered(i)}.host`,
      processor: { costs: hostCosts, lookNs: 0 },
      memoryBytes: REGION_BYTES_MAX,
    })),
    cards: configs.map(
      (config, i): CardTopology => ({
        name: numbered(i),
        host: i,
        placement: 'thread',
        config,
        modules,
        ports: ['port0'],
        stackPorts: ['port0'],
        processor: { costs: iopCosts, lookNs: 0 },
        bus: NO_BUS,
        doorbellNs,
        interruptNs,
      }),
    ),
    switches: [],
    links: [],
    programs: [],
  };
}
