/** The kernel's own addresses, those among them whose interface has no carrier. */
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { hasMaster, whereOwned } from '../../src/linux/own-addresses.ts';

/** As the kernel prints its table: a TAP that nobody has open has 198.51.100.1/24. */
const ROUTES = `Local:
  +-- 0.0.0.0/0 3 0 5
     +-- 198.51.100.0/24 2 0 2
        |-- 198.51.100.0
           /24 link UNICAST
        |-- 198.51.100.1
           /32 host LOCAL
        |-- 198.51.100.255
           /32 link BROADCAST
        |-- 198.51.100.17
           /32 universe UNICAST
`;

it('are those of interfaces with a carrier, by their names', () => {
  expect(whereOwned('127.0.0.1', () => '')).toMatch(/^on \S+$/);
});

it('are those of interfaces without, too, and no others that the table has', () => {
  const where = (text: string) => whereOwned(text, () => ROUTES);
  expect(where('198.51.100.1')).toBe('on an interface without carrier');
  for (const other of [
    '198.51.100.0',
    '198.51.100.255',
    '198.51.100.17',
    '198.51.100.2',
    '98.51.100.1',
    '198.51.100',
  ]) {
    expect(where(other), other).toBeUndefined();
  }
});

it.skipIf(!existsSync('/proc/net/fib_trie'))('are read from where the kernel tells of them', () => {
  expect(whereOwned('198.51.100.9')).toBeUndefined();
  expect(hasMaster('lo')).toBe(false);
});
