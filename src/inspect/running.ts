/** What a card has counted, and its connections, once its world has run for a while in virtual time. */
import { printAddress } from '../host/devices/policy/print.ts';
import { COUNTER_DOCS, COUNTER_GROUPS, COUNTER_NAMES } from '../ledger/counters.gen.ts';
import type { Stack } from '../tcpip/stack/stack.ts';
import { CLOSED, LISTEN, TIME_WAIT } from '../tcpip/tcp/state.ts';
import type { Topology } from '../world/topology/checked.ts';
import { VirtualWorld } from '../world/virtual/virtual-world.ts';

export interface Statistic {
  readonly group: string;
  readonly name: string;
  readonly value: number;
  readonly doc: string;
}

export interface ConnectionLine {
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

/** A world after so long; its programs are in the middle of what they do. */
export function ranFor(topology: Topology, forNs: number): VirtualWorld {
  const world = new VirtualWorld(topology);
  for (const { body } of world.programs) {
    if ('operationsMax' in body) body.operationsMax = Number.POSITIVE_INFINITY;
  }
  world.run(() => false, forNs);
  return world;
}

/** Counters of a card and its driver that are not 0, in the ledger's order. */
export function statisticsOf(world: VirtualWorld, card: number): Statistic[] {
  const { host, iopLedger } = world.cards[card];
  const sides = [host.ledger.snapshot(), iopLedger.snapshot()];
  return COUNTER_NAMES.flatMap((name, i) => {
    const value = sides.reduce((sum, side) => sum + (side[name] ?? 0), 0);
    return value === 0 ? [] : [{ group: COUNTER_GROUPS[i], name, value, doc: COUNTER_DOCS[i] }];
  });
}

/** Listeners first, then connections by their ends. @param connectionsMax of the stack's table. */
export function connectionsOf(world: VirtualWorld, card: number, connectionsMax: number): ConnectionLine[] {
  const { stack } = world.cards[card].parts;
  if (stack === undefined) return [];
  const lines = Array.from({ length: connectionsMax }, (_, c) => c).flatMap((c) => {
    const state = stack.tcpState(c);
    return state === 0 || state === CLOSED ? [] : [lineOf(stack, c, state)];
  });
  const order = ({ state, local, remote }: ConnectionLine): string =>
    `${state === 'LISTEN' ? 0 : 1} ${local} ${remote}`;
  return lines.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

/** Connections that rest after their end, which have given their place up and are no lines of their own. */
export function timeWaitOf(world: VirtualWorld, card: number): number {
  const counts = new Int32Array(STATES.length);
  world.cards[card].parts.stack?.countStates(counts);
  return counts[TIME_WAIT];
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
