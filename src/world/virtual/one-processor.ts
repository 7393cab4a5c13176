/**
 * A host and those of its cards that run inline, on one processor in virtual time: as the inline driver has
 * them, they are polled in turn, and what one does delays the other. What either shows, the other sees at its
 * next turn.
 */
import { type Agent, NEVER } from '../../time/agent.ts';

export class OneProcessor implements Agent {
  private readonly host: Agent;
  private readonly cards: Agent[] = [];
  /** How many of its calls the host waits in: the cards run, and it does not. */
  private waits = 0;

  constructor(host: Agent) {
    this.host = host;
  }

  get name(): string {
    return this.host.name;
  }

  /** Adds a card's processor. Called while the world is built. */
  add(card: Agent): void {
    this.cards.push(card);
  }

  /** The host waits inside a call while `run` runs the world. */
  hostWaits(run: () => boolean): boolean {
    this.waits += 1;
    try {
      return run();
    } finally {
      this.waits -= 1;
    }
  }

  poll(): number {
    let work = this.waits > 0 ? 0 : this.host.poll();
    for (const card of this.cards) work += card.poll();
    return work;
  }

  arm(): boolean {
    if (this.waits === 0 && !this.host.arm()) return false;
    return this.cards.every((card) => card.arm());
  }

  nextDeadlineNs(): number {
    const hostNs = this.waits > 0 ? NEVER : this.host.nextDeadlineNs();
    return this.cards.reduce((nextNs, card) => Math.min(nextNs, card.nextDeadlineNs()), hostNs);
  }
}
