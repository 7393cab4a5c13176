/** Quantities as a user writes them, a number with its unit: `5 us`, `10 Gbit/s`, `2 KiB`, `10.0.0.1/24`. */
import { isOneHost } from '../config/host-address.ts';
import type { Fields } from './fields.ts';

const DURATION_UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9 };
/** A driver gives its card up when an answer takes seconds. */
const LATENCY_NS_MAX = 1e9;
const RATE_UNITS: Readonly<Record<string, number>> = {
  'bit/s': 1,
  'kbit/s': 1e3,
  'Mbit/s': 1e6,
  'Gbit/s': 1e9,
};
const FREQUENCY_UNITS: Readonly<Record<string, number>> = { '/s': 1, 'k/s': 1e3, 'M/s': 1e6 };
const SIZE_UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1 << 20, GiB: 1 << 30 };

/** Nanoseconds; `fallback` where the key is missing. */
export function durationNs(fields: Fields, key: string, fallback: number): number {
  return quantity(fields, key, DURATION_UNITS, 'a time with its unit, such as 5us, 20ms or 1s', fallback);
}

/** As `durationNs`, for how long one side takes to hear of the other: at most a second. */
export function latencyNs(fields: Fields, key: string): number {
  const ns = durationNs(fields, key, 0);
  if (ns > LATENCY_NS_MAX) throw fields.refusal(key, 'a time of at most 1s');
  return ns;
}

/** Bits per second; 0 where the key is missing: a wire that takes no time. */
export function rateBitsPerSecond(fields: Fields, key: string): number {
  return quantity(fields, key, RATE_UNITS, 'a rate with its unit, such as 100Mbit/s or 10Gbit/s', 0);
}

/** So many in a second, above 0. */
export function eventsPerSecond(fields: Fields, key: string): number {
  const rate = quantity(fields, key, FREQUENCY_UNITS, 'a rate above 0, such as 500/s or 20k/s', 0);
  if (rate === 0) throw fields.refusal(key, 'a rate above 0, such as 500/s or 20k/s');
  return rate;
}

/** Bytes; `fallback` where the key is missing. */
export function sizeBytes(fields: Fields, key: string, fallback: number): number {
  return quantity(fields, key, SIZE_UNITS, 'a size with its unit, such as 512B, 64KiB or 1MiB', fallback);
}

/**
 * Bytes of a message: a whole number of them, or a size with its unit. @param least and `most`: what there may
 * be.
 */
export function messageBytes(
  fields: Fields,
  key: string,
  least: number,
  most: number,
  fallback: number,
): number {
  const bytes = bytesOf(fields.get(key) ?? fallback);
  if (Number.isInteger(bytes) && bytes >= least && bytes <= most) return bytes;
  throw fields.refusal(key, `a whole number from ${least} to ${most}, or such a size as 512B or 64KiB`);
}

/** Bytes as a number says them, or a text with a unit such as `64KiB`; NaN for what says neither. */
export function bytesOf(value: unknown): number {
  return typeof value === 'number' ? value : amountOf(value, SIZE_UNITS);
}

/** 0 needs no unit; every other number does, since a bare one would have to be guessed at. */
function quantity(
  fields: Fields,
  key: string,
  units: Readonly<Record<string, number>>,
  expected: string,
  fallback: number,
): number {
  const value = fields.get(key);
  if (value === undefined) return fallback;
  if (value === 0) return 0;
  const amount = amountOf(value, units);
  // More digits than a double holds read as infinite: no clock comes to such a time.
  if (!Number.isFinite(amount)) throw fields.refusal(key, expected);
  return amount;
}

/** A number with its unit, as so many of the smallest one; NaN for anything else. */
function amountOf(value: unknown, units: Readonly<Record<string, number>>): number {
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?) ?([A-Za-zµ/]+)$/.exec(value) : null;
  if (match === null || !Object.hasOwn(units, match[2])) return Number.NaN;
  return Number(match[1]) * units[match[2]];
}

export interface Subnet {
  readonly address: number;
  readonly prefixLength: number;
}

/**
 * An interface's address with its prefix, such as 10.0.0.1/24. @throws RangeError also for one no host can
 * have.
 */
export function subnet(fields: Fields, key: string): Subnet {
  const value = fields.get(key);
  const match = typeof value === 'string' ? /^([\d.]+)\/(\d{1,2})$/.exec(value) : null;
  const address = match === null ? undefined : ipv4Number(match[1]);
  const prefixLength = match === null ? 33 : Number(match[2]);
  if (address === undefined || prefixLength > 32) {
    throw fields.refusal(key, 'an IPv4 address with its prefix, such as 10.0.0.1/24');
  }
  if (!isOneHost(address, prefixLength)) throw fields.refusal(key, 'an address that one host can have');
  return { address, prefixLength };
}

/** An address without a prefix. */
export function ipv4Address(fields: Fields, key: string): number {
  const value = fields.get(key);
  const address = typeof value === 'string' ? ipv4Number(value) : undefined;
  if (address === undefined) throw fields.refusal(key, 'an IPv4 address, such as 10.0.0.1');
  return address;
}

/** An int32, as the stack has addresses; undefined for what is none. */
function ipv4Number(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || parts.some((part) => !/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255)) {
    return undefined;
  }
  return parts.reduce((address, part) => (address << 8) | Number(part), 0);
}

/** A unicast hardware address, such as 02:69:6e:69:63:01. */
export function macAddress(fields: Fields, key: string): number[] {
  const value = fields.get(key);
  const bytes =
    typeof value === 'string' && /^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/.test(value)
      ? value.split(':').map((byte) => Number.parseInt(byte, 16))
      : [1];
  if ((bytes[0] & 1) !== 0)
    throw fields.refusal(key, 'a unicast hardware address, such as 02:69:6e:69:63:01');
  return bytes;
}
