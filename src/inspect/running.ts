/**
 * What a card has counted, and its connections, once its world has run for a while in virtual time. Where a
 * policy decides who gets which connection, the card's host has TCP/IP of its own beside it, with counters and
 * connections that are not the card's.
 */
import { printAddress } from '../host/devices/policy/print.ts';
import { COUNTER_DOCS, COUNTER_GROUPS, COUNTER_NAMES } from '../ledger/counters.gen.ts';
import { checkMeasurable } from '../sweep/measurable.ts';
import { mixedOptions } from '../sweep/measure-mixed.ts';
import type { Stack } from '../tcpip/stack/stack.ts';
import { CLOSED, LISTEN, TIME_WAIT } from '../tcpip/tcp/state.ts';
import { CallFailure } from '../workloads/workload.ts';
import type { Topology } from '../world/topology/checked.ts';
import { portsOf } from '../world/topology/reach.ts';
import type { MixedHost } from '../world/virtual/mixed-host.ts';
import { MixedWorld } from '../world/virtual/mixed-world.ts';
import { VirtualWorld } from '../world/virtual/virtual-world.ts';

/** A world that has run: one of hosts with TCP/IP of their own beside their cards, or of cards alone. */
export type RanWorld = VirtualWorld | MixedWorld;

export interface Statistic {
  readonly group: string;
  readonly name: string;
  readonly value: number;
  readonly doc: string;
}

export interface ConnectionLine {
  /** Whose it is where a host has a stack beside its card; absent: there is the card alone. */
  readonly at?: 'card' | 'host';
  readonly state: string;
  readonly local: string;
  readonly remote: string;
  /** 0 before a first measurement. */
  readonly srttUs: number;
  readonly cwndBytes: number;
  readonly unackedBytes: number;
  readonly unreadBytes: number;
  readonly retransmissions: number;
}

/** By the numbers of `tcpip/tcp/state.ts`, which are TCP_INFO's. */
const STATES = [
  '',
  'ESTABLISHED',
  'SYN-SENT',
  'SYN-RECEIVED',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'TIME-WAIT',
  'CLOSED',
  'CLOSE-WAIT',
  'LAST-ACK',
  'LISTEN',
  'CLOSING',
];

/**
 * A world after so long; its programs are in the middle of what they do.
 * @param policy rules of offload, as `parsePolicy` reads them; absent: the cards alone run TCP/IP.
 * @throws RangeError for a world whose programs cannot but fail, or whose hosts cannot run it beside their
 * cards, and for a call of a program that fails as it runs.
 */
export function ranFor(topology: Topology, forNs: number, policy?: string): RanWorld {
  if (topology.programs.some(({ role }) => role === 'client')) checkMeasurable(topology);
  const world = policy === undefined ? new VirtualWorld(topology) : mixedWorld(topology, policy);
  for (const { body } of world.programs) {
    if ('operationsMax' in body) body.operationsMax = Number.POSITIVE_INFINITY;
  }
  try {
    world.run(() => false, forNs);
  } catch (error) {
    if (!(error instanceof CallFailure)) throw error;
    const ms = Math.ceil(world.clock.nowNs / 1e6);
    throw new RangeError(`a program fails within ${ms} ms of virtual time: ${error.message}`);
  }
  return world;
}

function mixedWorld(topology: Topology, policy: string): MixedWorld {
  const [first, ...further] = mixedOptions(topology, policy);
  const world = new MixedWorld(topology, first, ...further);
  world.introduce();
  return world;
}

/** Counters of a card and its driver that are not 0, in the ledger's order. */
export function statisticsOf(world: RanWorld, card: number): Statistic[] {
  const { host, iopLedger } = world.cards[card];
  return counted([host.ledger.snapshot(), iopLedger.snapshot()]);
}

/** Those of the stack that a host has beside its cards, its plain device and that device's driver. */
export function ownStatisticsOf({ built }: MixedHost): Statistic[] {
  return counted([built.ledger.snapshot()]);
}

/** The host of a card where it has TCP/IP of its own beside it; undefined: the card alone has. */
export function hostBeside(world: RanWorld, card: number): MixedHost | undefined {
  return 'hosts' in world ? world.hosts.find(({ place }) => place.cards.includes(card)) : undefined;
}

function counted(sides: readonly Readonly<Record<string, number>>[]): Statistic[] {
  return COUNTER_NAMES.flatMap((name, i) => {
    const value = sides.reduce((sum, side) => sum + (side[name] ?? 0), 0);
    return value === 0 ? [] : [{ group: COUNTER_GROUPS[i], name, value, doc: COUNTER_DOCS[i] }];
  });
}

/**
 * Listeners first, then connections by their ends. Beside the card's they are those that its host has at the
 * card's addresses.
 */
export function connectionsOf({ cards }: Topology, world: RanWorld, card: number): ConnectionLine[] {
  const { connectionsMax } = cards[card].config.stack;
  const { stack } = world.cards[card].parts;
  const beside = hostBeside(world, card);
  const own = stack === undefined ? [] : linesOf(stack, connectionsMax);
  if (beside === undefined) return sorted(own.map(({ line }) => line));
  const addresses = [0, ...portsOf(cards[card]).map(({ address }) => address)];
  const hosts = linesOf(beside.built.engine, cards[beside.place.cards[0]].config.stack.connectionsMax);
  return sorted([
    ...own.map(({ line }): ConnectionLine => ({ ...line, at: 'card' })),
    ...hosts.flatMap(({ address, line }): ConnectionLine[] =>
      addresses.includes(address) ? [{ ...line, at: 'host' }] : [],
    ),
  ]);
}

function sorted(lines: readonly ConnectionLine[]): ConnectionLine[] {
  const order = ({ state, local, remote, at }: ConnectionLine): string =>
    `${state === 'LISTEN' ? 0 : 1} ${local} ${remote} ${at ?? ''}`;
  return [...lines].sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

/** Connections that rest after their end, which have given their place up and are no lines of their own. */
export function timeWaitOf(world: RanWorld, card: number): number {
  return restingIn(world.cards[card].parts.stack);
}

/** The same of the host's own stack, over all of its addresses. */
export function ownTimeWaitOf({ built }: MixedHost): number {
  return restingIn(built.engine);
}

function restingIn(stack: Stack | undefined): number {
  const counts = new Int32Array(STATES.length);
  stack?.countStates(counts);
  return counts[TIME_WAIT];
}

/** @param connectionsMax of the stack's table. */
function linesOf(stack: Stack, connectionsMax: number): { address: number; line: ConnectionLine }[] {
  return Array.from({ length: connectionsMax }, (_, c) => c).flatMap((c) => {
    const state = stack.tcpState(c);
    if (state === 0 || state === CLOSED) return [];
    return [{ address: stack.tcpLocalAddress(c), line: lineOf(stack, c, state) }];
  });
}

function lineOf(stack: Stack, c: number, state: number): ConnectionLine {
  const listens = state === LISTEN;
  return {
    state: STATES[state],
    local: endText(stack.tcpLocalAddress(c), stack.tcpLocalPort(c)),
    remote: listens ? '*' : endText(stack.tcpRemoteAddress(c), stack.tcpRemotePort(c)),
    srttUs: listens ? 0 : stack.tcpSrttUs(c),
    cwndBytes: listens ? 0 : stack.tcpCwndBytes(c),
    unackedBytes: listens ? 0 : stack.tcpUnackedBytes(c),
    unreadBytes: listens ? 0 : stack.tcpReadable(c),
    retransmissions: listens ? 0 : stack.tcpRetransmissions(c),
  };
}

function endText(address: number, port: number): string {
  return `${address === 0 ? '*' : printAddress(address)}:${port}`;
}
