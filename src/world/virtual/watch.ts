/**
 * Whoever looks on while a world runs in virtual time: told of turns, calls, frames and packets as they
 * come. He charges nothing and changes nothing, so that a world that is watched does what it would have done
 * alone (test/explain holds the two against each other). Where nobody watches, nothing of this exists.
 */

import type { Region } from '../../dma/region.ts';
import type { Decided } from '../../host/devices/offloading.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import type { Endpoint, SocketStack } from '../../socket/contract.ts';
import type { Agent } from '../../time/agent.ts';
import type { EventQueue } from '../../time/event-queue.ts';
import type { FrameTap } from '../../wire/contract.ts';
import type { ReadyStack } from '../../workloads/ready.ts';
import type { WirePlan } from '../build/world-plan.ts';
import type { LinkEnd, Topology } from '../topology/checked.ts';
import { LateConsumer, LateProducer } from './late-ends.ts';

/** The event queue's numbers of agents, by their place in the description. */
export interface AgentNumbers {
  readonly hosts: readonly number[];
  readonly cards: readonly number[];
  readonly switches: readonly number[];
}

export type AgentKind = keyof AgentNumbers;

export const DIRECTIONS = ['inbound', 'outbound'] as const;
export type FrameDirection = (typeof DIRECTIONS)[number];

/** Watches the message frames of one direction of a card, at both ends. */
export interface FrameWatch {
  /**
   * @param frame word index of its first word; it can be read during the call. @param mark behind it, in the
   * order of the transport.
   */
  posted(frame: number, mark: number): void;
  /** The producer found no frame to write. */
  refused(): void;
  /** The other side sees what was posted before this mark. */
  shown(mark: number): void;
  /** The other side has taken the frame; again where it was not ready for it before. */
  received(frame: number): void;
}

/** Watches one direction of a link. */
export interface WireWatch {
  readonly sent: FrameTap;
  /** When the frame that was sent last leaves its sender. */
  leaves(leaveNs: number): void;
  /** @param arrivedNs when it arrived; 0 on a perfect wire: when it was sent. */
  arrived(address: number, length: number, arrivedNs: number): void;
}

/** An agent whose turns something is done in. */
export interface Runner {
  readonly kind: AgentKind;
  readonly index: number;
}

/**
 * What travels in the messages between a card and its host: socket calls, whole packets, or the headers of
 * packets and what is to become of their payload. A plain device has none: it is on its host's bus.
 */
export type MessageClass = 'socket' | 'lan' | 'window' | 'plain';

/** Of a socket: its own end, and the other one's; undefined as far as there are none. */
export interface SocketEnds {
  readonly local: Endpoint | undefined;
  readonly remote: Endpoint | undefined;
}

/** A socket of a card's. */
export interface CardPlace {
  readonly card: number;
  readonly socketId: number;
}

export interface WatchedWorld {
  readonly queue: EventQueue;
  readonly region: Region;
  readonly topology: Topology;
  readonly agents: AgentNumbers;
  /** How much of a card's pools is in use now. */
  poolUse(card: number): Readonly<Record<string, number>>;
  /** Whether a socket that was refused waits for room in its own send buffer. */
  isFull(card: number, socketId: number): boolean;
  /** Whether a send on the card was to wait in its call: its program gets no step until it is served. */
  isHeld(card: number): boolean;
  classOf(card: number): MessageClass;
  /** Of a program's socket that its host's own stack has; that is not counted as a call of the program's. */
  endsOf(card: number, socketId: number): SocketEnds;
  /** Whose turns take and send the frames at an end of a link. */
  runnerOf(end: LinkEnd): Runner;
  /** Switches that are none: each parts a wire between a card and its host's own device. Absent: none. */
  readonly splitters?: readonly number[];
  /**
   * Where a policy decides of each connection: the card that has a program's socket now, undefined while its
   * host's own stack has it. Absent in a world where every socket is where its program opened it.
   */
  placeOf?(card: number, socketId: number): CardPlace | undefined;
}

/** What the programs of a world have of a card. */
export type ProgramSockets = SocketStack & ReadyStack;

export interface WorldWatch {
  /** Called before anything else. @param agents is filled in while the world is built. */
  begin(world: WatchedWorld): void;
  /**
   * @returns what runs in the agent's place. A host and its inline cards, which share a processor, have a
   * turn each.
   */
  agent(kind: AgentKind, index: number, agent: Agent): Agent;
  /** @returns what the card's programs call. */
  sockets(card: number, sockets: ProgramSockets): ProgramSockets;
  frames(card: number, direction: FrameDirection): FrameWatch;
  /** The card's host has been woken of its outbound frames, or the card of its inbound ones. */
  notified(card: number, direction: FrameDirection): void;
  wire(index: number, plan: WirePlan): WireWatch;
  /** A policy has decided of a connection of this host's. */
  decided(host: number, decided: Decided): void;
}

/** A producer whose frames somebody watches. */
export class WatchedProducer extends LateProducer {
  private readonly watch: FrameWatch;
  private frame = NO_FRAME;

  constructor(watch: FrameWatch, ...late: ConstructorParameters<typeof LateProducer>) {
    super(...late);
    this.watch = watch;
  }

  override acquire(): number {
    this.frame = super.acquire();
    if (this.frame === NO_FRAME) this.watch.refused();
    return this.frame;
  }

  override post(): void {
    super.post();
    this.watch.posted(this.frame, this.inner.next);
  }

  override show(mark: number): void {
    this.watch.shown(mark);
    super.show(mark);
  }
}

/** A consumer whose frames somebody watches. */
export class WatchedConsumer extends LateConsumer {
  private readonly watch: FrameWatch;

  constructor(watch: FrameWatch, ...late: ConstructorParameters<typeof LateConsumer>) {
    super(...late);
    this.watch = watch;
  }

  override receive(): number {
    const frame = super.receive();
    if (frame !== NO_FRAME) this.watch.received(frame);
    return frame;
  }
}
