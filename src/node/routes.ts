/**
 * Counts which way the connections of a program went, over the card or over the kernel, and why: what
 * `inic run --ledger` tells. A program has one for all the cards it installs.
 */

/** Why a listener or a connection is the kernel's. */
export const BY_THE_RULE = 'not offloaded by the rule';
export const NOT_ITS_ADDRESS = "not an address of the card's";
export const NO_LISTENER = 'no listener on the card';
export const NO_ROOM = 'no room on the card';
export const BOUND_IN_KERNEL = "bound to what is the kernel's";
export const NOT_ITS_OPTION = 'an option the card has not';
export const FOR_WORKERS = 'a cluster with workers';
export const PORT_TAKEN = 'port taken on the card';
const PASSED = 'passed to another process';

/** How often something went to the card, and how often to the kernel, by reason. */
export class Tally {
  card = 0;
  private readonly reasons = new Map<string, number>();

  toKernel(reason: string): void {
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
  }

  byReason(): ReadonlyMap<string, number> {
    return this.reasons;
  }

  get kernel(): number {
    let sum = 0;
    for (const count of this.reasons.values()) sum += count;
    return sum;
  }

  /** @returns both counts in such words, then the reasons: `2 here, 3 there (1: a reason; 2: another)`. */
  text(card: string, kernel: string): string {
    const reasons = [...this.reasons].map(([reason, count]) => `${count}: ${reason}`);
    const why = reasons.length === 0 ? '' : ` (${reasons.join('; ')})`;
    return `${this.card} ${card}, ${this.kernel} ${kernel}${why}`;
  }
}

export class Routes {
  /** Connections that the program opened. */
  readonly connects = new Tally();
  /** Listeners: those `card` counts are heard by the kernel as well. */
  readonly listens = new Tally();
  /** Sockets of `node:dgram`, as they are bound: those `card` counts hear the kernel as well, if it can have them. */
  readonly datagrams = new Tally();
  /** Listeners at an address that the machine has not: the kernel hears nothing for them. */
  cardAlone = 0;
  acceptedFromCard = 0;
  /** Whether connections that the kernel brings are counted, which a listener's handle shows. */
  countsKernel = true;
  /** How often a listener's callback was looked up, for the card's connections and the kernel's. */
  reported = 0;
  reportedFromCard = 0;
  /** Connections on the card that were passed to another process. */
  passed = 0;
  /** Listeners and connections that were refused, since their port was taken on the card alone. */
  refusedPorts = 0;

  get acceptedFromKernel(): number {
    return this.reported - this.reportedFromCard;
  }

  lines(): string[] {
    const alone = this.cardAlone > 0 ? `${this.cardAlone} on the card alone, ` : '';
    const lines = [
      `connects: ${this.connects.text('over the card', 'over the kernel')}`,
      `listeners: ${alone}${this.listens.text('on the card and the kernel', 'on the kernel alone')}`,
      `accepted: ${this.acceptedFromCard} from the card, ${this.acceptedFromKernel} from the kernel`,
    ];
    const { datagrams } = this;
    if (datagrams.card + datagrams.kernel > 0) {
      lines.push(`datagram sockets: ${datagrams.text('on the card', 'on the kernel alone')}`);
    }
    if (this.passed > 0) lines.push(`${PASSED}: ${this.passed}`);
    if (this.refusedPorts > 0) lines.push(`refused, ${PORT_TAKEN}: ${this.refusedPorts}`);
    return lines;
  }
}
