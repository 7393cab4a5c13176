/** What a policy of offload says to the programs of a world: which rule decides on each, and how. */

import { Policy } from '../host/devices/policy/policy.ts';
import { printAddress, printRule } from '../host/devices/policy/print.ts';
import type { DecisionKind, PolicyRule, Tuple } from '../host/devices/policy/rule.ts';
import { maskOf } from '../tcpip/route-table.ts';
import type { Topology } from '../world/topology/checked.ts';
import { portsOf } from '../world/topology/reach.ts';
import { DEVICE_NAMES } from '../world/virtual/mixed-topology.ts';

export interface DecidedLine {
  readonly program: string;
  readonly asks: string;
  readonly outcome: string;
  /** The rule that decided, as it is printed; or that none did. */
  readonly by: string;
}

/** A connect has no local port yet: any of the range that is given out, of which this is one. */
const EPHEMERAL = 49_152;

/** @param card whose programs. */
export function decidedFor(
  { cards, programs }: Topology,
  card: number,
  rules: readonly PolicyRule[],
): DecidedLine[] {
  const policy = new Policy(rules);
  const own = portsOf(cards[card]);
  const device = deviceNameOf(cards, card);
  return programs.flatMap(({ name, role, card: at, address, port }) => {
    if (at !== card) return [];
    const kinds: readonly DecisionKind[] = role === 'server' ? ['listen', 'passive'] : ['active'];
    const line = (kind: DecisionKind, local: number): DecidedLine => {
      const { offload, rule, settings } = policy.peek(kind, tupleOf(kind, local, address, port));
      // No other card is at this one's wires.
      const elsewhere = offload && (settings.device ?? device) !== device;
      const words = rule < 0 ? 'no rule: the list ends with no-offload' : printRule(rules[rule]);
      const server = `${printAddress(role === 'server' ? local : address)}:${port}`;
      return {
        program: name,
        asks: `${kind} ${server}`,
        outcome: offload && !elsewhere ? 'offload' : 'no-offload',
        by: elsewhere ? `${words} (this card is ${device})` : words,
      };
    };
    // A server is at each of its card's addresses; a client's is that of the port by which it leaves.
    if (role === 'server') return kinds.flatMap((kind) => own.map((at) => line(kind, at.address)));
    const near = own.find((at) => ((at.address ^ address) & maskOf(at.prefixLength)) === 0) ?? own[0];
    return kinds.map((kind) => line(kind, near.address));
  });
}

/** The name by which its host has a card as an offload device. */
export function deviceNameOf(cards: Topology['cards'], card: number): string {
  const { host } = cards[card];
  const before = cards.slice(0, card).filter((other) => other.host === host).length;
  return DEVICE_NAMES.replace('%d', String(before));
}

function tupleOf(kind: DecisionKind, own: number, address: number, port: number): Tuple {
  if (kind === 'active') {
    return { localAddress: own, localPort: EPHEMERAL, remoteAddress: address, remotePort: port };
  }
  const remotePort = kind === 'listen' ? 0 : EPHEMERAL;
  return { localAddress: own, localPort: port, remoteAddress: 0, remotePort };
}
