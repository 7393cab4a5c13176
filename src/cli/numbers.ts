/** Option values from the command line: lists, ranges and names, refused with one clear line. */
import { InvalidArgumentError } from 'commander';
import { bytesOf } from '../world/topology/quantities.ts';

/** @returns a parser of one number in a range. */
export function numberIn(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < low || value > high) {
      throw new InvalidArgumentError(`expected a number from ${low} to ${high}, got "${text}".`);
    }
    return value;
  };
}

export function integerIn(low: number, high: number): (text: string) => number {
  return (text) => {
    if (!/^\d+$/.test(text) || Number(text) < low || Number(text) > high) {
      throw new InvalidArgumentError(`expected a whole number from ${low} to ${high}, got "${text}".`);
    }
    return Number(text);
  };
}

/** @returns a parser of bytes in a range: a whole number of them, or a size with its unit such as 64KiB. */
export function bytesIn(low: number, high: number): (text: string) => number {
  return (text) => {
    const bytes = /^\d+$/.test(text) ? Number(text) : bytesOf(text);
    if (Number.isInteger(bytes) && bytes >= low && bytes <= high) return bytes;
    throw new InvalidArgumentError(
      `expected a whole number from ${low} to ${high}, or such a size as 64KiB, got "${text}".`,
    );
  };
}

/** @returns a parser of a comma-separated list, each item by `item`. */
export function listOf<T>(item: (text: string) => T): (text: string) => T[] {
  return (text) => [...new Set(text.split(',').map((part) => item(part.trim())))];
}

/** @returns a parser of so many sizes in bytes in a range, separated by commas, which may be equal. */
export function sizesIn(count: number, low: number, high: number): (text: string) => number[] {
  return (text) => {
    const parts = text.split(',');
    if (parts.length !== count) {
      throw new InvalidArgumentError(`expected ${count} numbers separated by a comma, got "${text}".`);
    }
    return parts.map((part) => bytesIn(low, high)(part.trim()));
  };
}

/** @returns a parser of one of some names. */
export function oneOf<T extends string>(names: readonly T[]): (text: string) => T {
  return (text) => {
    const name = names.find((candidate) => candidate === text);
    if (name === undefined) throw new InvalidArgumentError(`expected ${names.join(', ')}, got "${text}".`);
    return name;
  };
}
