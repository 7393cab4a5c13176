/** Runs the message layer and the native ring in turns, and says how they compare. */
import { SideClient } from '../../src/measure/side-client.ts';
import { ratioOf, type Spread, spreadOf } from '../../src/record/statistics.ts';
import type { NativeRing, NativeRun } from './native-ring.ts';

/** The native ring's two forms, as they are called in the table. */
export const NATIVE_RINGS = ['native', 'native with hints'] as const;
const WARM_UP_NS = 0.5e9;
/** The payload of a native frame; of ours it stands beside a header. */
const PAYLOAD_BYTES = 64;

/** Rates of each side, round by round. */
export interface Comparison {
  /** Frames alone: a header of six words, written and read. */
  readonly inic: readonly number[];
  /** With a payload of the native frame's length, from the program's memory and, of an echo, back to it. */
  readonly payload: readonly number[];
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
  const cards = [new SideClient(), new SideClient()];
  const [frames, payloads] = cards;
  const side = { stack: 'inic', transport: 'ring' } as const;
  try {
    for (const [i, card] of cards.entries()) {
      const load = { connections: 1, size: i * PAYLOAD_BYTES };
      await card.open({ test, api: 'message', load, side });
      await card.run(Math.min(seconds * 1e9, WARM_UP_NS), true);
    }
    const inic: number[] = [];
    const payload: number[] = [];
    const native: number[] = [];
    const hints: number[] = [];
    for (let round = 0; round < rounds; round++) {
      native.push(ring.rate({ test, hints: false }, seconds));
      inic.push((await frames.run(seconds * 1e9, false)).rate);
      payload.push((await payloads.run(seconds * 1e9, false)).rate);
      hints.push(ring.rate({ test, hints: true }, seconds));
    }
    for (const card of cards) await card.close();
    return { inic, payload, native, hints };
  } finally {
    for (const card of cards) card.kill();
  }
}

/** @returns a line for each side: its rate and time an operation, and inic's part of a native rate. */
export function comparisonLines(test: NativeRun['test'], rates: Comparison): string[] {
  const { inic, payload, native, hints } = rates;
  const line = (name: string, own: readonly number[], note = ''): string =>
    `${rateText(name, spreadOf(own))}${note === '' ? '' : `  ${note}`}`;
  const rest = [
    line('inic, 64 bytes', payload, `${shareText(payload, native)} of native`),
    line(NATIVE_RINGS[0], native, `inic is ${shareText(inic, native)} of it`),
    line(NATIVE_RINGS[1], hints, `inic is ${shareText(inic, hints)} of it`),
  ];
  return [`${test.padEnd(10)} ${line('inic', inic)}`, ...rest.map((text) => `${''.padEnd(10)} ${text}`)];
}

function rateText(name: string, { median, min, max }: Spread): string {
  const [low, middle, high] = [min, median, max].map((rate) => (rate / 1e6).toPrecision(3));
  const nsEach = (1e9 / median).toFixed(median > 1e7 ? 1 : 0);
  return `${name.padEnd(18)} ${middle?.padStart(7)} M/s (${low}..${high}), ${nsEach} ns each`;
}

function shareText(inic: readonly number[], native: readonly number[]): string {
  const ratio = ratioOf(inic, native);
  if (ratio === undefined) return 'not comparable';
  const [low, middle, high] = [ratio.min, ratio.median, ratio.max].map((value) => value.toFixed(2));
  return `${middle} (${low}..${high})`;
}
