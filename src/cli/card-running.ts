/** What `inic card` shows of a card once its world has run, and of its host's own stack where that has one. */
import { deviceFactsOf } from '../inspect/beside.ts';
import { neighbourLinesOf, ownNeighbourLinesOf, ownRouteLinesOf, routeLinesOf } from '../inspect/paths.ts';
import {
  connectionsOf,
  hostBeside,
  ownStatisticsOf,
  ownTimeWaitOf,
  type RanWorld,
  statisticsOf,
  timeWaitOf,
} from '../inspect/running.ts';
import { connectionsText, factsText, listText, statisticsText } from '../report/card-text.ts';
import type { Colour } from '../report/columns.ts';
import type { Topology } from '../world/topology.ts';
import type { MixedHost } from '../world/virtual/mixed-host.ts';
import type { CardView } from './card-views.ts';

/** Views for which the world runs. */
export const RUNNING_VIEWS = ['stats', 'connections', 'neighbours', 'routes'] as const;
export type RunningView = (typeof RUNNING_VIEWS)[number];

export function isRunning(view: CardView): view is RunningView {
  return RUNNING_VIEWS.some((running) => running === view);
}

export interface RunShown {
  readonly topology: Topology;
  readonly world: RanWorld;
  /** Of the card. */
  readonly index: number;
  /** Whether it is the first card shown of its host, with which the host's own is shown. */
  readonly first: boolean;
  /** How long the world ran, in words. */
  readonly ran: string;
  readonly width: number;
  readonly bold: Colour;
}

export function runningText(view: RunningView, shown: RunShown): string {
  const { topology, world, index, ran } = shown;
  const { name, host } = topology.cards[index];
  const after = `${name}, after ${ran} of virtual time:`;
  const beside = hostBeside(world, index);
  const own = beside !== undefined && shown.first ? beside : undefined;
  const ownAfter = `the stack that ${topology.hosts[host].name} has beside it:`;
  const lists = (what: string, card: readonly string[], hosts: (host: MixedHost) => string[]): string =>
    joined(listText(`${what} of ${after}`, card), own && listText(`${what} of ${ownAfter}`, hosts(own)));
  switch (view) {
    case 'connections':
      return connectionsOfCard(shown, `Connections of ${after}`, beside);
    case 'stats':
      return statisticsOfCard(
        shown,
        [`NIC statistics of ${after}`, `Statistics of ${ownAfter}`],
        beside,
        own,
      );
    case 'neighbours':
      return lists('Neighbours', neighbourLinesOf(world, index), ownNeighbourLinesOf);
    case 'routes':
      return lists('Routes', routeLinesOf(world, index), ownRouteLinesOf);
  }
}

function connectionsOfCard(
  { topology, world, index, width, bold }: RunShown,
  title: string,
  beside: MixedHost | undefined,
): string {
  const resting = (count: number, where: string): string[] =>
    count === 0 ? [] : [`${count} in TIME-WAIT${where}`];
  const timeWait =
    beside === undefined
      ? resting(timeWaitOf(world, index), '')
      : [...resting(timeWaitOf(world, index), ' at card'), ...resting(ownTimeWaitOf(beside), ' at host')];
  return connectionsText(title, connectionsOf(topology, world, index), timeWait, width, bold);
}

function statisticsOfCard(
  { world, index, width, bold }: RunShown,
  [title, ownTitle]: readonly [string, string],
  beside: MixedHost | undefined,
  own: MixedHost | undefined,
): string {
  return joined(
    statisticsText(title, statisticsOf(world, index), width, bold),
    beside && factsText('As an offload device of its host:', deviceFactsOf(beside, index)),
    own && statisticsText(ownTitle, ownStatisticsOf(own), width, bold),
  );
}

function joined(...texts: readonly (string | undefined)[]): string {
  return texts.filter((text) => text !== undefined).join('\n');
}
