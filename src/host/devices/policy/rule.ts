/**
 * The policy of a host with offload devices: ordered rules, of which the first that matches a connection says
 * whether a device may have it. A list that no rule of matches answers no-offload.
 *
 *     rule       = [ "[" kind "]" ] expression "=>" outcome { "," setting }
 *     kind       = "listen" | "active" | "passive" | "all"
 *     expression = term { "or" term }
 *     term       = unit { "and" unit }
 *     unit       = "not" unit | "(" expression ")" | "any"
 *                | [ "local" | "remote" ] "port" NUMBER [ "-" NUMBER ]
 *                | [ "local" | "remote" ] "host" ADDRESS [ "/" BITS ]
 *     outcome    = "offload" | "no-offload"
 *     setting    = "device" NAME | "after" BYTES
 *                | "nodelay" SWITCH | "keepalive" SWITCH | "sndbuf" BYTES | "rcvbuf" BYTES
 *
 * The kinds are what a host decides: a listener, a connection that it opens, one that a peer opens to it. A
 * rule without a kind is for all of them. A port or host without a direction is matched at either end. A
 * listener has no peer: what is said of its remote end never matches it.
 */

export const KINDS = ['listen', 'active', 'passive', 'all'] as const;
export type RuleKind = (typeof KINDS)[number];
/** What is decided: every kind but `all`, which stands for each. */
export type DecisionKind = Exclude<RuleKind, 'all'>;

export const SIDES = ['local', 'remote', 'either'] as const;
export type Side = (typeof SIDES)[number];

export type Expression =
  | { readonly op: 'any' }
  | { readonly op: 'port'; readonly side: Side; readonly low: number; readonly high: number }
  | { readonly op: 'host'; readonly side: Side; readonly address: number; readonly bits: number }
  | { readonly op: 'not'; readonly of: Expression }
  | { readonly op: 'and' | 'or'; readonly left: Expression; readonly right: Expression };

/** What a rule sets on a connection that a device gets. */
export interface RuleSettings {
  /** The one device that may have it; absent: the one by whose port it goes. */
  readonly device?: string;
  /** Bytes that pass while the host still has it; absent: it is the device's from the beginning. */
  readonly after?: number;
  readonly nodelay?: boolean;
  readonly keepalive?: boolean;
  /** SO_SNDBUF and SO_RCVBUF, in bytes. */
  readonly sndbuf?: number;
  readonly rcvbuf?: number;
}

export interface PolicyRule {
  readonly kind: RuleKind;
  readonly expression: Expression;
  readonly offload: boolean;
  /** Empty where the rule says no-offload. */
  readonly settings: RuleSettings;
}

/** Both ends of a connection, addresses as int32; a listener's remote end is 0 and 0. */
export interface Tuple {
  readonly localAddress: number;
  readonly localPort: number;
  readonly remoteAddress: number;
  readonly remotePort: number;
}

/** Bits of an address that a prefix of so many covers. */
export function prefixMask(bits: number): number {
  return bits === 0 ? 0 : (-1 << (32 - bits)) | 0;
}

/** Whether a rule is for what is decided. */
export function matches({ kind, expression }: PolicyRule, of: DecisionKind, tuple: Tuple): boolean {
  return (kind === 'all' || kind === of) && holds(expression, of, tuple);
}

/** Whether an expression is true of a connection or listener. */
export function holds(expression: Expression, of: DecisionKind, tuple: Tuple): boolean {
  switch (expression.op) {
    case 'any':
      return true;
    case 'not':
      return !holds(expression.of, of, tuple);
    case 'and':
      return holds(expression.left, of, tuple) && holds(expression.right, of, tuple);
    case 'or':
      return holds(expression.left, of, tuple) || holds(expression.right, of, tuple);
    case 'port': {
      const { side, low, high } = expression;
      const within = (port: number): boolean => port >= low && port <= high;
      return atEnd(side, of, within(tuple.localPort), within(tuple.remotePort));
    }
    case 'host': {
      const { side, address, bits } = expression;
      const mask = prefixMask(bits);
      const within = (other: number): boolean => ((other ^ address) & mask) === 0;
      // A listener at every address listens at each.
      const local = within(tuple.localAddress) || (of === 'listen' && tuple.localAddress === 0);
      return atEnd(side, of, local, within(tuple.remoteAddress));
    }
  }
}

function atEnd(side: Side, of: DecisionKind, local: boolean, remote: boolean): boolean {
  const there = remote && of !== 'listen';
  if (side === 'local') return local;
  return side === 'remote' ? there : local || there;
}
