/** What a server's processor does for each request, beside the calls that bring it and its answer. */
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import { draw, type Pace } from './pacing.ts';
import type { ProgramParts, ProgramShape } from './program.ts';

export class Service {
  private readonly pace: Pace;
  private readonly random: Random;
  private readonly work: (ns: number) => void;

  private constructor(pace: Pace, random: Random, work: (ns: number) => void) {
    this.pace = pace;
    this.random = random;
    this.work = work;
  }

  /** @returns the service of a server; undefined where a request takes none. */
  static of(parts: ProgramParts, { pace }: ProgramShape): Service | undefined {
    const { random, clock, work = (ns: number): void => keepBusy(clock, ns) } = parts;
    if (pace === undefined || pace.serviceNs === 0 || random === undefined) return undefined;
    return new Service(pace, random, work);
  }

  /** Works on one request. */
  serve(): void {
    this.work(draw(this.pace.serviceNs, this.pace, this.random));
  }
}

/** In real time the processor is kept busy by reading its clock. */
function keepBusy(clock: Clock, ns: number): void {
  clock.update();
  const endNs = clock.nowNs + ns;
  while (clock.nowNs < endNs) clock.update();
}
