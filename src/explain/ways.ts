/** Where a policy decides of each connection: who has one at each of its ends, and by which rule. */
import type { Decided } from '../host/devices/offloading.ts';
import type { PolicyRule } from '../host/devices/policy/rule.ts';
import type { Topology } from '../world/topology/checked.ts';
import type { OperationEnd } from './events.ts';

/** One end of an operation's connection. */
export interface Way {
  readonly host: string;
  /** The card that has it; undefined: its host's own stack has. */
  readonly card: string | undefined;
  /** The rule that decided, from 1, and its text; undefined: none matched. */
  readonly rule: { readonly number: number; readonly text: string } | undefined;
  /** Whether the rule gives it to a card, and that not only later. */
  readonly offload: boolean;
  /** The card that was to have it, by its name as a device, and why it did not get it. */
  readonly device: string | undefined;
  readonly refusal: string | undefined;
  /** Bytes that had passed when a card got it which its host's stack had had before; undefined: it did not move. */
  readonly movedAtBytes: number | undefined;
  /** Whether its host opened it; else a peer did. */
  readonly opened: boolean;
}

/** @param print writes a rule as a person does. */
export function wayOf(
  topology: Topology,
  { stream, place, movedAtBytes }: OperationEnd,
  decided: Decided | undefined,
  rules: readonly PolicyRule[],
  print: (rule: PolicyRule) => string,
): Way | undefined {
  const { hosts, cards } = topology;
  const host = hosts[cards[stream.card].host].name;
  if (decided === undefined) return undefined;
  const { rule, offload, settings, device, refusal, kind } = decided;
  return {
    host,
    card: place === undefined ? undefined : cards[place.card].name,
    rule: rule < 0 ? undefined : { number: rule + 1, text: print(rules[rule]) },
    offload: offload && settings.after === undefined,
    device,
    refusal,
    movedAtBytes: Number.isNaN(movedAtBytes) ? undefined : movedAtBytes,
    opened: kind === 'active',
  };
}

/** Who has an end of the connection, and by which rule. */
export function wayText(way: Way): string {
  const { card, rule, offload, device, refusal, movedAtBytes, opened } = way;
  const what = opened ? 'opened' : 'accepted';
  const by = rule === undefined ? 'no rule, and so no-offload' : `rule ${rule.number}, ${rule.text}`;
  if (card !== undefined) {
    if (movedAtBytes === undefined) return `${what} by its card ${card} (${by})`;
    return `${what} by its own stack, and its card ${card} has it since ${movedAtBytes} bytes (${by})`;
  }
  const own = `${what} by its own stack`;
  if (!offload || rule === undefined) return `${own} (${by})`;
  if (device === undefined) return `${own} (${by}; no card had it to offer)`;
  return `${own} (${by}; ${device} did not get it: ${refusal ?? 'card refused'})`;
}
