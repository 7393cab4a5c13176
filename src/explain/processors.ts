/**
 * What processors were busy with. A host and those of its cards that run inline share one, and have their
 * turns on it one after the other; any other card has one of its own.
 */
import type { Topology } from '../world/topology/checked.ts';
import type { Turn } from './events.ts';
import type { Place } from './path.ts';

/** The same side was in an earlier turn, at work on something else. */
const EARLIER = 'the processor';
/** The other side had the processor that they share. */
const HOSTS_WORK = "the host's work";
const CARDS_WORK = "the card's work";
const OTHER_CARDS_WORK = "another card's work";

/** A stretch in which a place had to wait for its processor, and for whose work. */
export interface Busy {
  readonly fromNs: number;
  readonly toNs: number;
  readonly why: string;
}

export class Processors {
  private readonly topology: Topology;
  private readonly turns: readonly Turn[];

  /** @param turns of all agents: those of one processor follow each other. */
  constructor(topology: Topology, turns: readonly Turn[]) {
    this.topology = topology;
    this.turns = turns;
  }

  /** What a place's processor was busy with between two times, in order. */
  busy({ who, where }: Place, fromNs: number, toNs: number): Busy[] {
    const { topology } = this;
    const isHost = who === 'host';
    const index = (isHost ? topology.hosts : topology.cards).findIndex(({ name }) => name === where);
    const kind = isHost ? 'hosts' : 'cards';
    const processor = processorOf(topology, kind, index);
    return this.turns
      .filter(
        (turn) => turn.endNs > fromNs && turn.startNs < toNs && processorAt(topology, turn) === processor,
      )
      .map((turn) => ({
        fromNs: turn.startNs,
        toNs: turn.endNs,
        why: turn.kind === kind && turn.index === index ? EARLIER : workOf(turn.kind, isHost),
      }));
  }

  /** When the cards that share a host's processor had it, between two times. */
  ofCards(host: Place, fromNs: number, toNs: number): Busy[] {
    return this.busy(host, fromNs, toNs).filter(({ why }) => why === CARDS_WORK);
  }
}

/** Whether a card has no processor of its own. */
export function runsInline({ cards }: Topology, card: number): boolean {
  return cards[card].placement === 'inline';
}

/** Hosts' processors have the numbers of their hosts, and then come those of the cards. */
function processorOf(topology: Topology, kind: 'hosts' | 'cards', index: number): number {
  if (kind === 'hosts') return index;
  return runsInline(topology, index) ? topology.cards[index].host : topology.hosts.length + index;
}

function processorAt(topology: Topology, { kind, index }: Turn): number {
  return kind === 'switches' ? -1 : processorOf(topology, kind, index);
}

/** @param forHost whether it is the host that waits. */
function workOf(kind: Turn['kind'], forHost: boolean): string {
  if (kind === 'hosts') return HOSTS_WORK;
  return forHost ? CARDS_WORK : OTHER_CARDS_WORK;
}
