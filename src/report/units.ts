/** Writes numbers for people: three significant digits and a prefix. */

const PREFIXES = ['', 'k', 'M', 'G', 'T'];

/** @param value not negative. @returns such as `3.14 M`, `350 k`, `42`, `0`. */
export function withPrefix(value: number): string {
  return prefixed(value, 3);
}

/** @param digits significant of what is 1 or more, from 3. @returns the same with so many digits. */
export function prefixed(value: number, digits: number): string {
  let scaled = value;
  let step = 0;
  while (scaled >= 999.5 && step < PREFIXES.length - 1) {
    scaled /= 1000;
    step += 1;
  }
  const text = fewDigits(scaled, digits);
  return step === 0 ? text : `${text} ${PREFIXES[step]}`;
}

/** @returns a rate in its unit: bytes as `15.8 GB/s`, everything else as `350 k/s`. */
export function rateText(value: number, unit: string): string {
  const text = withPrefix(value);
  if (unit !== 'B/s') return `${text}/s`;
  return text.includes(' ') ? `${text}B/s` : `${text} B/s`;
}

/** @returns three significant digits, no exponent: `0.04`, `1.50`, `23.4`, `1234`. */
export function threeDigits(value: number): string {
  return fewDigits(value, 3);
}

/** @param digits significant of what is 1 or more, from 3. @returns no exponent: with 4 `1.500`, `23.40`, `1234`. */
export function fewDigits(value: number, digits: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  // What would be rounded to a digit more has a place less.
  const rounding = 0.5 * 10 ** (3 - digits);
  const places = size < 10 - rounding / 100 ? 2 : size < 100 - rounding / 10 ? 1 : 0;
  return value.toFixed(digits - 3 + places);
}

/** @returns nanoseconds in the unit that fits: `350 ns`, `1.20 µs`, `3.40 ms`. */
export function durationText(ns: number): string {
  if (ns < 999.5) return `${ns.toFixed(0)} ns`;
  return ns < 999_500 ? `${threeDigits(ns / 1e3)} µs` : `${threeDigits(ns / 1e6)} ms`;
}

/** @returns the same, or a dash for what is not known. */
export function knownDurationText(ns: number | null | undefined): string {
  return ns === null || ns === undefined ? '-' : durationText(ns);
}

/** @returns `64 B`, `64 KiB` or `1 MiB` where it divides evenly. */
export function sizeText(bytes: number): string {
  if (bytes >= 1 << 20 && bytes % (1 << 20) === 0) return `${bytes / (1 << 20)} MiB`;
  return bytes >= 1024 && bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} B`;
}
