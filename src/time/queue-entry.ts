/** What an event queue is told of an agent: what its work costs, and how it waits for more. */
import type { Agent } from './agent.ts';
import type { Meter } from './cost-model.ts';

export interface Entry {
  readonly agent: Agent;
  /** What its work costs. */
  readonly meter: Meter;
  /** What works for it beside it. What it shows waits for that as well. Absent: nothing does. */
  readonly engine?: Engine;
  /** How long it looks on without work before it is armed, in nanoseconds; 0 or absent: not at all. */
  readonly spinNs?: number;
  /** How long after it was shown something an agent that spins sees it, in nanoseconds: half a look. */
  readonly lookNs?: number;
}

/** Works for an agent while that goes on: a DMA engine. */
export interface Engine {
  /**
   * Says when all is done that the agent's work until now has begun. @param nowNs by agent, its own time.
   * @param settledNs by agent, where the answer is put.
   */
  settle(nowNs: Float64Array, settledNs: Float64Array, agent: number): void;
}

/** The engine of whom nothing works beside. */
export const NO_ENGINE: Engine = {
  settle: (nowNs, settledNs, agent) => {
    settledNs[agent] = nowNs[agent];
  },
};
