/** How long messages are: all alike, or drawn around their mean. */
import type { Random } from '../time/random.ts';
import type { HttpShape } from './program.ts';

/**
 * Of what is drawn by Pareto's law: few are much longer than all others, as files of web servers are. With
 * this exponent there is a mean, and no variance.
 */
const PARETO_EXPONENT = 1.5;

export class Sizes {
  private readonly meanBytes: number;
  private readonly spread: HttpShape['sizes'];
  private readonly leastBytes: number;
  private readonly mostBytes: number;
  private readonly random: Random | undefined;

  /** What lies outside the limits is the limit. @param random absent: all are of the mean. */
  constructor(
    meanBytes: number,
    spread: HttpShape['sizes'],
    [leastBytes, mostBytes]: readonly [number, number],
    random: Random | undefined,
  ) {
    this.meanBytes = meanBytes;
    this.spread = random === undefined ? 'constant' : spread;
    this.leastBytes = leastBytes;
    this.mostBytes = mostBytes;
    this.random = random;
  }

  /** Bytes of the longest there can be. */
  get most(): number {
    return this.spread === 'constant' ? this.meanBytes : this.mostBytes;
  }

  /** // Hot path. @returns bytes of the next. */
  draw(): number {
    if (this.spread === 'constant' || this.random === undefined) return this.meanBytes;
    const share = 1 - this.random.nextFloat();
    const bytes =
      this.spread === 'exponential'
        ? -Math.log(share) * this.meanBytes
        : ((this.meanBytes * (PARETO_EXPONENT - 1)) / PARETO_EXPONENT) * share ** (-1 / PARETO_EXPONENT);
    return Math.min(this.mostBytes, Math.max(this.leastBytes, Math.round(bytes)));
  }
}
