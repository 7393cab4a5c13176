/**
 * Quantities as a user writes them: what is printed with its unit reads back, and nothing without one is
 * guessed at.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fields } from '../../src/world/topology/fields.ts';
import {
  durationNs,
  ipv4Address,
  macAddress,
  rateBitsPerSecond,
  sizeBytes,
  subnet,
} from '../../src/world/topology/quantities.ts';

const of = (value: unknown) => new Fields({ it: value }, 'x', ['it']);
const space = fc.constantFrom('', ' ');
/** Amounts whose product with a unit is exact in a double. */
const amount = fc.integer({ min: 0, max: 1 << 20 });

function readsBack(read: (fields: Fields) => number, units: Readonly<Record<string, number>>): void {
  fc.assert(
    fc.property(amount, space, fc.constantFrom(...Object.entries(units)), (number, gap, [unit, factor]) => {
      expect(read(of(`${number}${gap}${unit}`))).toBe(number * factor);
    }),
  );
}

describe('every printed quantity reads back', () => {
  it('a time', () => {
    readsBack((fields) => durationNs(fields, 'it', 5), { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9 });
  });

  it('a rate', () => {
    const units = { 'bit/s': 1, 'kbit/s': 1e3, 'Mbit/s': 1e6, 'Gbit/s': 1e9 };
    readsBack((fields) => rateBitsPerSecond(fields, 'it'), units);
  });

  it('a size', () => {
    readsBack((fields) => sizeBytes(fields, 'it', 5), { B: 1, KiB: 1024, MiB: 1 << 20, GiB: 2 ** 30 });
  });

  it('a fraction', () => {
    expect(durationNs(of('2.5us'), 'it', 0)).toBe(2500);
    expect(sizeBytes(of('0.5 KiB'), 'it', 0)).toBe(512);
  });

  it('an address', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        const address = ipv4Address(of(text), 'it');
        const parts = [24, 16, 8, 0].map((shift) => (address >>> shift) & 255);
        expect(parts.join('.')).toBe(text);
      }),
    );
  });

  it('an interface of a subnet', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 30 }), (last, prefixLength) => {
        // In a subnet of two bits or fewer some of these are the subnet itself, or its broadcast address.
        const host = ~(-1 << (32 - prefixLength)) >>> 0;
        const own = (0x0a0a0a00 + last) & host;
        fc.pre(own !== 0 && own !== host);
        expect(subnet(of(`10.10.10.${last}/${prefixLength}`), 'it')).toEqual({
          address: 0x0a0a0a00 + last,
          prefixLength,
        });
      }),
    );
  });

  it('a hardware address', () => {
    const bytes = fc.tuple(...Array.from({ length: 6 }, () => fc.integer({ min: 0, max: 255 })));
    fc.assert(
      fc.property(bytes, (drawn) => {
        const mac = [drawn[0] & 0xfe, ...drawn.slice(1)];
        const text = mac.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
        expect(macAddress(of(text), 'it')).toEqual(mac);
        expect(macAddress(of(text.toUpperCase()), 'it')).toEqual(mac);
      }),
    );
  });
});

describe('a quantity that is none', () => {
  it.each([
    1,
    '1',
    '1 u',
    '-1us',
    '1e3us',
    '1us ',
    ' 1us',
    '1  us',
    '.5us',
    '1.us',
    true,
    null,
    [],
    {},
    '1 US',
  ])('is refused as a time: %j', (value) => {
    expect(() => durationNs(of(value), 'it', 5)).toThrow(/^"x.it" expected a time with its unit/);
  });

  it.each(['__proto__', '1__proto__', '1constructor', '1toString'])(
    'has no unit of an object: %s',
    (value) => {
      expect(() => sizeBytes(of(value), 'it', 5)).toThrow(/^"x.it" expected a size with its unit/);
    },
  );

  it('is the fallback where it is missing, and 0 needs no unit', () => {
    expect(durationNs(of(undefined), 'it', 5)).toBe(5);
    expect(durationNs(of(0), 'it', 5)).toBe(0);
    expect(rateBitsPerSecond(of(undefined), 'it')).toBe(0);
  });

  it.each(['10.0.0.256', '10.0.0', '10.0.0.0.1', '010.0.0.1', '10.0.0.1/24', '', 10, null])(
    'is refused as an address: %j',
    (value) => {
      expect(() => ipv4Address(of(value), 'it')).toThrow(/^"x.it" expected an IPv4 address/);
    },
  );

  it.each(['10.0.0.0/24', '10.0.0.255/24', '0.0.0.1/8', '127.0.0.1/8', '224.0.0.1/24', '255.255.255.255/32'])(
    'is refused as an address one host can have: %s',
    (value) => {
      expect(() => subnet(of(value), 'it')).toThrow(/^"x.it" expected an address that one host can have/);
    },
  );
});
