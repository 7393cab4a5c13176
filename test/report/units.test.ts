import { describe, expect, it } from 'vitest';
import { durationText, rateText, sizeText, threeDigits, withPrefix } from '../../src/report/units.ts';

describe('numbers for people', () => {
  it.each([
    [0, '0'],
    [0.25, '0.25'],
    [42, '42.0'],
    [999.4, '999'],
    [999.6, '1.00 k'],
    [350_000, '350 k'],
    [1_234_567, '1.23 M'],
    [15.8e9, '15.8 G'],
  ])('%d is %s', (value, text) => {
    expect(withPrefix(value)).toBe(text);
  });

  it('names what a rate counts only where it is bytes', () => {
    expect(rateText(350_000, 'transactions/s')).toBe('350 k/s');
    expect(rateText(15.8e9, 'B/s')).toBe('15.8 GB/s');
    expect(rateText(512, 'B/s')).toBe('512 B/s');
  });

  it('rounds to three digits without changing their number at a power of ten', () => {
    expect(threeDigits(9.994)).toBe('9.99');
    expect(threeDigits(9.996)).toBe('10.0');
    expect(threeDigits(99.96)).toBe('100');
  });

  it('chooses the unit of a duration', () => {
    expect(durationText(350)).toBe('350 ns');
    expect(durationText(1204)).toBe('1.20 µs');
    expect(durationText(3.4e6)).toBe('3.40 ms');
  });

  it('writes sizes in KiB only where they are whole', () => {
    expect(sizeText(64)).toBe('64 B');
    expect(sizeText(65_536)).toBe('64 KiB');
    expect(sizeText(65_535)).toBe('65535 B');
  });
});
