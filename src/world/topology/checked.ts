/**
 * A world as data, checked: every name resolved to an index, every unit to numbers, every default filled
 * in. Made by `readTopology` (topology.ts) from what a user wrote, or by a short form such as
 * `VirtualWorld`. It is plain data, so it can be sent to another thread.
 */

import type { Costs } from '../../time/cost-model.ts';
import type { PipeConfig } from '../../wire/config.ts';
import type { SwitchConfig } from '../../wire/switch.ts';
import type { Pace } from '../../workloads/pacing.ts';
import type { HttpShape } from '../../workloads/program.ts';
import type { WorkloadName } from '../../workloads/programs.ts';
import type { CardConfig } from '../config/settings.ts';

/** What a processor's work costs in virtual time. */
export interface ProcessorCosts {
  /** Nanoseconds by count of the ledger. */
  readonly costs: Costs;
  /**
   * How long one look for work takes while there is none, in nanoseconds. Where it is 0 the processor does
   * not look: it asks to be notified at once.
   */
  readonly lookNs: number;
}

/** A bus and the DMA engine on it, in virtual time. */
export interface BusCosts {
  /** How long a write takes to arrive at the other side, in nanoseconds. */
  readonly latencyNs: number;
  /** What a byte of payload takes, in nanoseconds; 0: no time. */
  readonly nsPerByte: number;
  /** What each request of the DMA engine takes beside its bytes, in nanoseconds. */
  readonly requestNs: number;
}

export interface HostTopology {
  readonly name: string;
  /** What work costs the host's processor in virtual time. */
  readonly processor: ProcessorCosts;
  /** Bytes of memory it has for its cards' regions at most. */
  readonly memoryBytes: number;
}

/** What a module of a card serves: sockets, or messages that come back as they went. */
export const MODULE_KINDS = ['socket', 'echo'] as const;
/**
 * `lan`, a module for each port that takes and brings packets, is for a host that runs TCP/IP itself: no
 * description has it, but who runs a world may put it in a card's place. `window` is the same with the host's
 * TCP window in the card's memory.
 */
export type ModuleKind = (typeof MODULE_KINDS)[number] | 'lan' | 'window';

export interface CardTopology {
  readonly name: string;
  /** Index of the host whose driver it has. */
  readonly host: number;
  /**
   * In a thread of its own, or polled in the program's: in virtual time, on a processor of its own or on its
   * host's.
   */
  readonly placement: 'thread' | 'inline';
  readonly config: CardConfig;
  /** Its modules in the order of their TIDs. */
  readonly modules: readonly ModuleKind[];
  /**
   * Names of its devices in the order of the stack's ports, those of a bond side by side. A link ends at one
   * of them.
   */
  readonly ports: readonly string[];
  /** Names of the stack's ports: a device's, or a bond's. */
  readonly stackPorts: readonly string[];
  /** What work costs the card's processor in virtual time. */
  readonly processor: ProcessorCosts;
  /** What lies between host and card, and what moves payload over it, in virtual time. */
  readonly bus: BusCosts;
  /** How long a doorbell and an interrupt take to arrive in virtual time, in nanoseconds. */
  readonly doorbellNs: number;
  readonly interruptNs: number;
}

export interface SwitchTopology extends SwitchConfig {
  readonly name: string;
  /** Links that end here. */
  readonly ports: number;
}

/** Where a link ends. */
export type LinkEnd =
  | { readonly card: number; readonly port: number }
  | { readonly switch: number; readonly port: number };

export interface LinkTopology {
  readonly name: string;
  readonly pipe: Omit<PipeConfig, 'slotBytes'>;
  readonly ends: readonly [LinkEnd, LinkEnd];
}

/**
 * How a program finds the sockets that it can get on with: it is told which have become ready, as by epoll,
 * or it tries each of them in turn, as the bench does on every stack.
 */
export const EVENT_LOOPS = ['readiness', 'polling'] as const;

/** One end of a workload, on a card's sockets. */
export interface ProgramTopology {
  readonly name: string;
  readonly workload: WorkloadName;
  readonly role: 'client' | 'server';
  readonly host: number;
  readonly card: number;
  /** Where the server listens (address 0: at all of its card's), and where the client connects to. */
  readonly address: number;
  readonly port: number;
  readonly connections: number;
  /** Of a client, connections beside them that are never used; of a server, places for such. */
  readonly idle: number;
  /** Bytes of a request, of a write or of a datagram; of HTTP, of an answer's body. */
  readonly sizeBytes: number;
  /** Bytes of a response, of what has one of some length. */
  readonly responseBytes: number;
  /** Of UDP_RR: how long an answer is waited for. */
  readonly timeoutNs: number;
  /** What HTTP's requests and connections are like; of other workloads, what nobody asks for. */
  readonly http: HttpShape;
  /** How it is paced. */
  readonly pace: Pace;
  readonly eventLoop: (typeof EVENT_LOOPS)[number];
  /** Operations after which a client is done; it goes on for ever with `Infinity`. */
  readonly operations: number;
}

export interface Topology {
  /** Seed of all that is drawn on links. */
  readonly seed: number;
  readonly hosts: readonly HostTopology[];
  readonly cards: readonly CardTopology[];
  readonly switches: readonly SwitchTopology[];
  readonly links: readonly LinkTopology[];
  readonly programs: readonly ProgramTopology[];
}

/** @throws RangeError for a description that `readTopology` has not read: its names are no indices yet. */
export function checkedTopology(topology: Topology): Topology {
  if (typeof topology === 'object' && topology !== null && Array.isArray(topology.hosts)) return topology;
  throw new RangeError('a world expected what parseTopology or readTopology returns');
}
