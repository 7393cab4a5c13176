/** A packet filter: ordered rules by direction, protocol and ends; the first that matches decides. */
import { type Expression, holds, type Tuple } from './policy/rule.ts';

export interface FilterRule {
  readonly direction: 'in' | 'out' | 'both';
  readonly protocol: 'tcp' | 'udp' | 'icmp' | 'any';
  readonly expression: Expression;
  readonly drop: boolean;
}

/** What of a packet a filter looks at. */
export interface FilteredPacket extends Tuple {
  readonly kind: string;
}

export class PacketFilter {
  /** Packets that it has dropped, and that it was asked about. */
  dropped = 0;
  asked = 0;
  rules: readonly FilterRule[] = [];

  /** Whether a packet may pass. */
  passes(packet: FilteredPacket, direction: 'in' | 'out'): boolean {
    this.asked += 1;
    const rule = this.rules.find(
      ({ direction: of, protocol, expression }) =>
        (of === 'both' || of === direction) &&
        (protocol === 'any' || protocol === packet.kind) &&
        holds(expression, 'passive', packet),
    );
    if (rule?.drop !== true) return true;
    this.dropped += 1;
    return false;
  }
}
