/** A mixed world as whoever looks on sees it: whose turns are whose, and where each socket is. */
import type { Region } from '../../dma/region.ts';
import type { HardwareDriver } from '../../host/devices/device.ts';
import type { EventQueue } from '../../time/event-queue.ts';
import type { LinkEnd, Topology } from '../topology/checked.ts';
import type { MixedHost } from './mixed-host.ts';
import type { MixedPlace } from './mixed-topology.ts';
import { socketEnds } from './socket-ends.ts';
import type { VirtualCard } from './virtual-card.ts';
import { poolUse } from './virtual-world.ts';
import type { AgentNumbers, CardPlace, Runner, SocketEnds, WatchedWorld } from './watch.ts';

/** The parts of such a world, some of which are there only once it is built. */
export interface MixedParts {
  readonly queue: EventQueue;
  readonly hosts: readonly MixedHost[];
  readonly cards: readonly VirtualCard[];
}

/** What it is built from. */
export interface MixedPlan {
  readonly topology: Topology;
  readonly places: readonly MixedPlace[];
  readonly agents: AgentNumbers;
  readonly region: Region;
}

export function watchedMixed(
  world: MixedParts,
  { topology, places, agents, region }: MixedPlan,
): WatchedWorld {
  const isPlain = (card: number): boolean => places.some(({ plain }) => plain === card);
  const hostOf = (card: number): MixedHost | undefined =>
    world.hosts.find(({ place }) => place.cards.includes(card));
  const driverOf = (card: number): VirtualCard['host']['driver'] => world.cards[card].host.driver;
  const placeOf = (card: number, socketId: number): CardPlace | undefined => {
    const mixed = hostOf(card);
    if (mixed === undefined) return { card, socketId };
    const place = mixed.stack.placeOf(socketId);
    const hardware = place?.device?.hardware;
    if (place === undefined || hardware === undefined) return undefined;
    const devices: readonly HardwareDriver[] = mixed.devices;
    const at = devices.indexOf(hardware);
    if (at < 0) return undefined;
    return { card: mixed.place.cards[at], socketId: place.number };
  };
  return {
    queue: world.queue,
    region,
    topology,
    agents,
    splitters: places.flatMap(({ wires }) => wires.map(({ splitter }) => splitter)),
    poolUse: (card) => (isPlain(card) ? {} : poolUse(world.cards[card])),
    isFull: (card, socketId) => {
      const place = placeOf(card, socketId);
      if (place !== undefined) return driverOf(place.card).blocked.stalls.isFull(place.socketId);
      return (hostOf(card)?.built.memory.available ?? 0) > 1;
    },
    isHeld: (card) => driverOf(card).blocked.held !== undefined,
    classOf: (card) => (isPlain(card) ? 'plain' : 'socket'),
    runnerOf: (end): Runner => runnerAt(end, topology, isPlain),
    endsOf: (card, socketId): SocketEnds => {
      const mixed = hostOf(card);
      const number = mixed?.stack.placeOf(socketId)?.number;
      if (mixed === undefined || number === undefined) return { local: undefined, remote: undefined };
      return socketEnds(mixed.built, number);
    },
    placeOf,
  };
}

function runnerAt(end: LinkEnd, { cards }: Topology, isPlain: (card: number) => boolean): Runner {
  if ('switch' in end) return { kind: 'switches', index: end.switch };
  return isPlain(end.card)
    ? { kind: 'hosts', index: cards[end.card].host }
    : { kind: 'cards', index: end.card };
}
