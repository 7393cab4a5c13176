/**
 * An agent whose turns are timed by the machine's clock. Reading it twice a turn slows the agent down a
 * little; what a reading costs is measured beforehand and taken off.
 */
import type { Agent } from '../time/agent.ts';
import type { Clock } from '../time/clock.ts';

const READINGS = 20_000;
const BATCHES = 10;

/** @returns what a reading of a clock costs, in nanoseconds: the best of several batches. */
export function readingNs(clock: Clock): number {
  let best = Number.POSITIVE_INFINITY;
  for (let batch = 0; batch < BATCHES; batch++) {
    clock.update();
    const startNs = clock.nowNs;
    for (let i = 0; i < READINGS; i++) clock.update();
    best = Math.min(best, (clock.nowNs - startNs) / READINGS);
  }
  return best;
}

export class TimedAgent implements Agent {
  /** How long its turns have taken, readings of the clock included, and how many there were. */
  spentNs = 0;
  turns = 0;
  private readonly agent: Agent;
  private readonly clock: Clock;

  /** @param clock of its own: the agent's must not move within a turn. */
  constructor(agent: Agent, clock: Clock) {
    this.agent = agent;
    this.clock = clock;
  }

  get name(): string {
    return this.agent.name;
  }

  poll(): number {
    const { clock } = this;
    clock.update();
    const startNs = clock.nowNs;
    const worked = this.agent.poll();
    clock.update();
    this.spentNs += clock.nowNs - startNs;
    this.turns += 1;
    return worked;
  }

  arm(): boolean {
    return this.agent.arm();
  }

  nextDeadlineNs(): number {
    return this.agent.nextDeadlineNs();
  }
}
