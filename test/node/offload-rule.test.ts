import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ANY,
  formatAddress,
  NOT_AN_ADDRESS,
  NOT_CARRIED,
  parseIPv4,
  parseIPv6,
} from '../../src/node/addresses.ts';
import { parseOffloadRule } from '../../src/node/offload-rule.ts';

const HOST = 0x0a010002; // 10.1.0.2
const OTHER = 0x0a010003;

describe('the rule language', () => {
  it.each([
    ['all', [[HOST, 80, true]]],
    ['none', [[HOST, 80, false]]],
    [
      'port 8080',
      [
        [HOST, 8080, true],
        [HOST, 8081, false],
      ],
    ],
    [
      'not port 5432',
      [
        [HOST, 5432, false],
        [HOST, 80, true],
      ],
    ],
    [
      'port 8000-8100',
      [
        [HOST, 7999, false],
        [HOST, 8000, true],
        [HOST, 8100, true],
        [HOST, 8101, false],
      ],
    ],
    [
      'host 10.1.0.2',
      [
        [HOST, 1, true],
        [OTHER, 1, false],
        [ANY, 1, true],
      ],
    ],
    [
      'host 10.1.0.0/16',
      [
        [HOST, 1, true],
        [OTHER, 1, true],
        [0x0a020000, 1, false],
      ],
    ],
    [
      'host 10.1.0.2 and port 80',
      [
        [HOST, 80, true],
        [HOST, 81, false],
        [OTHER, 80, false],
      ],
    ],
    [
      'port 1 or port 2 and host 10.1.0.2',
      [
        [OTHER, 1, true],
        [OTHER, 2, false],
        [HOST, 2, true],
      ],
    ],
    [
      '(port 1 or port 2) and host 10.1.0.2',
      [
        [OTHER, 1, false],
        [HOST, 2, true],
      ],
    ],
    [
      'not not port 1',
      [
        [HOST, 1, true],
        [HOST, 2, false],
      ],
    ],
    ['NOT Port 1', [[HOST, 1, false]]],
  ] as const)('%s', (text, expected) => {
    const rule = parseOffloadRule(text);
    for (const [address, port, answer] of expected) expect(rule.matches(address, port)).toBe(answer);
  });

  it('names only the hosts it asks for', () => {
    const rule = parseOffloadRule('host 10.1.0.2 and not host 10.1.0.3');
    expect(rule.namesHost(HOST)).toBe(true);
    expect(rule.namesHost(OTHER)).toBe(false);
    expect(parseOffloadRule('all').namesHost(HOST)).toBe(false);
  });

  it.each([
    ['', 'got the end'],
    ['port', 'expected a port 0-65535'],
    ['port 65536', 'got "65536" (word 2)'],
    ['port 9-8', 'got "9-8"'],
    ['host 10.1', 'expected an IPv4 address'],
    ['host 10.1.0.2/33', 'expected an IPv4 address'],
    ['(all', 'expected ")", got the end'],
    ['all none', 'expected "and", "or" or the end, got "none" (word 2)'],
    ['ports 80', 'got "ports" (word 1)'],
    ['all and', 'got the end'],
  ])('says in one line what is wrong with "%s"', (text, message) => {
    expect(() => parseOffloadRule(text)).toThrow(message);
    try {
      parseOffloadRule(text);
    } catch (error) {
      expect(String(error)).not.toContain('\n');
    }
  });

  it('obeys the laws of and, or and not', () => {
    const unit = fc.oneof(
      fc.constant('all'),
      fc.constant('none'),
      fc.nat(9).map((port) => `port ${port}`),
      fc.nat(9).map((last) => `host 10.0.0.${last}`),
    );
    fc.assert(
      fc.property(unit, unit, fc.nat(9), fc.nat(9), (a, b, last, port) => {
        const address = 0x0a000000 + last;
        const holds = (text: string) => parseOffloadRule(text).matches(address, port);
        expect(holds(`${a} and ${b}`)).toBe(holds(a) && holds(b));
        expect(holds(`${a} or ${b}`)).toBe(holds(a) || holds(b));
        expect(holds(`not (${a} or ${b})`)).toBe(holds(`not ${a} and not ${b}`));
      }),
    );
  });
});

describe('addresses', () => {
  it('goes from text to number and back', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        const address = parseIPv4(text);
        fc.pre(text !== '127.6.0.1' && text !== '0.0.0.0');
        expect(formatAddress(address, false)).toBe(text);
        expect(formatAddress(parseIPv6(`::ffff:${text}`), true)).toBe(`::ffff:${text}`);
      }),
    );
  });

  it.each(['', '1.2.3', '1.2.3.4.5', '256.1.1.1', 'localhost', '1.2.3.4 '])('refuses "%s"', (text) => {
    expect(parseIPv4(text)).toBe(NOT_AN_ADDRESS);
  });

  it('knows the IPv6 addresses that stay inside the card', () => {
    expect(formatAddress(parseIPv6('::'), true)).toBe('::');
    expect(formatAddress(parseIPv6('::1'), true)).toBe('::1');
    expect(parseIPv6('fe80::1')).toBe(NOT_CARRIED);
  });
});
