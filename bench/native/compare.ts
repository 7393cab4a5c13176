/** Runs the message layer and the native ring in turns, and says how they compare. */
import { SideClient } from '../../src/measure/side-client.ts';
import { ratioOf, type Spread, spreadOf } from '../../src/record/statistics.ts';
import type { NativeRing, NativeRun } from './native-ring.ts';

/** The native ring's two forms, as they are called in the table. */
export const NATIVE_RINGS = ['native', 'native with hints'] as const;
const WARM_UP_NS = 0.5e9;

/** Rates of each side, round by round. */
export interface Comparison {
  readonly inic: readonly number[];
  readonly native: readonly number[];
  readonly hints: readonly number[];
}

/** @throws Error when either side fails. */
export async function compare(
  test: NativeRun['test'],
  ring: NativeRing,
  seconds: number,
  rounds: number,
): Promise<Comparison> {
  const card = new SideClient();
  const side = { stack: 'inic', transport: 'ring' } as const;
  try {
    await card.open({ test, api: 'message', load: { connections: 1, size: 64 }, side });
    await card.run(Math.min(seconds * 1e9, WARM_UP_NS), true);
    const inic: number[] = [];
    const native: number[] = [];
    const hints: number[] = [];
    for (let round = 0; round < rounds; round++) {
      native.push(ring.rate({ test, hints: false }, seconds));
      inic.push((await card.run(seconds * 1e9, false)).rate);
      hints.push(ring.rate({ test, hints: true }, seconds));
    }
    await card.close();
    return { inic, native, hints };
  } finally {
    card.kill();
  }
}

/** @returns a line for each side: its rate and time an operation, and inic's part of a native rate. */
export function comparisonLines(test: NativeRun['test'], rates: Comparison): string[] {
  const { inic, native, hints } = rates;
  return [
    `${test.padEnd(10)} ${rateText('inic', spreadOf(inic))}`,
    `${''.padEnd(10)} ${rateText(NATIVE_RINGS[0], spreadOf(native))}  ${ratioText(inic, native)}`,
    `${''.padEnd(10)} ${rateText(NATIVE_RINGS[1], spreadOf(hints))}  ${ratioText(inic, hints)}`,
  ];
}

function rateText(name: string, { median, min, max }: Spread): string {
  const [low, middle, high] = [min, median, max].map((rate) => (rate / 1e6).toPrecision(3));
  const nsEach = (1e9 / median).toFixed(median > 1e7 ? 1 : 0);
  return `${name.padEnd(18)} ${middle?.padStart(7)} M/s (${low}..${high}), ${nsEach} ns each`;
}

function ratioText(inic: readonly number[], native: readonly number[]): string {
  const ratio = ratioOf(inic, native);
  if (ratio === undefined) return 'not comparable';
  const [low, middle, high] = [ratio.min, ratio.median, ratio.max].map((value) => value.toFixed(2));
  return `inic is ${middle} (${low}..${high}) of it`;
}
