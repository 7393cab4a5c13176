/** Whoever looks at a world again and again while it runs. */
import { NEVER } from './agent.ts';

/** What is called at a sample. @returns false when it was the last. */
export type SampleCallback = (nowNs: number) => unknown;

interface Sampler {
  readonly everyNs: number;
  readonly callback: SampleCallback;
  dueNs: number;
}

export class Samples {
  /** When the next sample is due, in clock nanoseconds; `NEVER` when nobody looks. */
  dueNs: number = NEVER;
  private samplers: Sampler[] = [];

  /** @throws RangeError for an interval that is no time. */
  add(nowNs: number, everyNs: number, callback: SampleCallback): void {
    if (!(everyNs > 0)) throw new RangeError(`"everyNs" expected more than 0 nanoseconds, got ${everyNs}`);
    this.samplers.push({ everyNs, callback, dueNs: nowNs + everyNs });
    this.next();
  }

  /** Calls whoever is due. */
  take(nowNs: number): void {
    for (const sampler of this.samplers) {
      if (sampler.dueNs > nowNs) continue;
      sampler.dueNs += sampler.everyNs;
      if (sampler.callback(nowNs) === false)
        this.samplers = this.samplers.filter((other) => other !== sampler);
    }
    this.next();
  }

  private next(): void {
    this.dueNs = this.samplers.reduce((dueNs, sampler) => Math.min(dueNs, sampler.dueNs), NEVER);
  }
}
