/** Where the points of a plan are measured. Their lines are the same bytes, whoever measures them. */
export interface Engine {
  readonly name: EngineName;
  /** How many threads there are, or how many workers elsewhere have measured points so far. */
  readonly workers: number;

  /**
   * Measures points, once each, until all are done or the engine's signal ends it.
   * @throws what `done` throws; no further point is begun then.
   */
  run(points: readonly number[], done: Done): Promise<void>;

  /** Gives up what is under way, and leaves nothing behind. */
  close(): Promise<void>;
}

export const ENGINE_NAMES = ['piscina', 'bullmq'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** Told the line of each point, as it is done: in no order. */
export type Done = (point: number, line: string) => void;
