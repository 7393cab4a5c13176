/** Policy rules: what they match, how they are read and written, and what is said of those that are none. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePolicy, RULES_MAX } from '../../src/host/devices/policy/parse.ts';
import { Policy } from '../../src/host/devices/policy/policy.ts';
import { printPolicy, printRule } from '../../src/host/devices/policy/print.ts';
import {
  type Expression,
  KINDS,
  type PolicyRule,
  prefixMask,
  SIDES,
  type Tuple,
} from '../../src/host/devices/policy/rule.ts';
import { PolicyError } from '../../src/host/devices/policy/tokens.ts';

const side = fc.constantFrom(...SIDES);
const port = fc
  .tuple(side, fc.nat(65535), fc.nat(65535))
  .map(([at, a, b]): Expression => ({ op: 'port', side: at, low: Math.min(a, b), high: Math.max(a, b) }));
const host = fc.tuple(side, fc.integer(), fc.nat(32)).map(
  ([at, address, bits]): Expression => ({
    op: 'host',
    side: at,
    address: address & prefixMask(bits),
    bits,
  }),
);
const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 5 },
    port,
    host,
    fc.constant<Expression>({ op: 'any' }),
    tie('expression').map((of): Expression => ({ op: 'not', of })),
    fc
      .tuple(fc.constantFrom('and' as const, 'or' as const), tie('expression'), tie('expression'))
      .map(([op, left, right]): Expression => ({ op, left, right })),
  ),
}));
const settings = fc.record(
  {
    device: fc.constantFrom('toe0', 'x-9', 'any', 'offload'),
    nodelay: fc.boolean(),
    keepalive: fc.boolean(),
    after: fc.integer({ min: 1, max: 0x3fff_ffff }),
    sndbuf: fc.integer({ min: 1, max: 0x3fff_ffff }),
    rcvbuf: fc.integer({ min: 1, max: 0x3fff_ffff }),
  },
  { requiredKeys: [], noNullPrototype: true },
);
const rule = fc.tuple(fc.constantFrom(...KINDS), expression, fc.boolean(), settings).map(
  ([kind, of, offload, set]): PolicyRule => ({
    kind,
    expression: of,
    offload,
    settings: offload ? set : {},
  }),
);

function tuple(local: string, remote: string): Tuple {
  const [localAddress, localPort] = endOf(local);
  const [remoteAddress, remotePort] = endOf(remote);
  return { localAddress, localPort, remoteAddress, remotePort };
}

function endOf(text: string): [address: number, port: number] {
  const [address, number] = text.split(':');
  return [address.split('.').reduce((sum, part) => (sum << 8) | Number(part), 0), Number(number)];
}

const WEB = tuple('10.0.0.1:80', '10.9.3.4:40000');

describe('a policy rule', () => {
  it('reads back as it was printed', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 5 }), (rules) => {
        expect(parsePolicy(printPolicy(rules))).toEqual(rules);
      }),
    );
  });

  it('prints no parentheses that it does not need', () => {
    const text = '[active] not port 1-2 and (any or host 10.0.0.0/8) => offload, device toe1, sndbuf 4096';
    expect(parsePolicy(text).map(printRule)).toEqual([text]);
    expect(printRule(parsePolicy('[all] ((port 80)) or (any and any) => no-offload')[0])).toBe(
      'port 80 or any and any => no-offload',
    );
  });

  it.each([
    ['any => offload', true],
    ['port 80 => offload', true],
    ['local port 80 => offload', true],
    ['remote port 80 => offload', false],
    ['remote port 39999-40000 => offload', true],
    ['host 10.9.0.0/16 => offload', true],
    ['local host 10.9.0.0/16 => offload', false],
    ['not local host 10.9.0.0/16 and port 80 => offload', true],
    ['[listen] any => offload', false],
    ['[active] any => offload', false],
    ['port 80 => no-offload\nany => offload', false],
    ['port 81 => no-offload\nany => offload', true],
  ])('decides of a connection that a peer opens: %s', (text, offload) => {
    expect(new Policy(parsePolicy(text)).decide('passive', WEB).offload).toBe(offload);
  });

  it('has a listener match by its own end alone, and one at every address by any', () => {
    const decide = (text: string, local: string): boolean =>
      new Policy(parsePolicy(text)).decide('listen', tuple(local, '0.0.0.0:0')).offload;
    expect(decide('remote host 0.0.0.0/0 => offload', '10.0.0.1:80')).toBe(false);
    expect(decide('not remote port 0-65535 => offload', '10.0.0.1:80')).toBe(true);
    expect(decide('host 10.0.0.9 => offload', '0.0.0.0:80')).toBe(true);
    expect(decide('host 10.0.0.9 => offload', '10.0.0.1:80')).toBe(false);
  });

  it('counts which rule decided, the implicit one last', () => {
    const policy = new Policy(parsePolicy('port 1 => offload\n\n# none\n[passive] port 80 => no-offload'));
    policy.decide('passive', WEB);
    policy.decide('active', WEB);
    expect(policy.hits).toEqual([0, 1, 1]);
    policy.replace([]);
    expect(policy.decide('active', WEB)).toEqual({ offload: false, rule: -1, settings: {} });
  });
});

describe('text that is no policy', () => {
  it.each([
    ['any', 'line 1, column 4: expected "and", "or" or "=>", got the end of the line'],
    ['\n  any => offlaod', 'line 2, column 10: expected "offload" or "no-offload", got "offlaod"'],
    [
      '[lisen] any => offload',
      'line 1, column 2: expected a kind (listen, active, passive, all), got "lisen"',
    ],
    ['[listen any => offload', 'line 1, column 9: expected "]", got "any"'],
    ['port 70000 => offload', 'line 1, column 6: expected a port from 0 to 65535 or a range'],
    ['port 9-8 => offload', 'line 1, column 6: expected a port'],
    ['host 10.0.0.256 => offload', 'line 1, column 6: expected an IPv4 address'],
    ['host 10.0.0.1/8 => offload', 'column 6: expected an address without bits behind its first 8'],
    ['local any => offload', 'column 7: expected "port" or "host", got "any"'],
    ['(any => offload', 'column 6: expected "and", "or" or ")", got "=>"'],
    ['any => no-offload, device a', 'expected the end of the line, as no-offload has no settings'],
    [
      'any => offload, speed 9',
      'expected a setting (device, after, nodelay, keepalive, sndbuf, rcvbuf), got "speed"',
    ],
    ['any => offload, nodelay maybe', 'column 25: expected "on" or "off", got "maybe"'],
    ['any => offload, sndbuf 1, sndbuf 2', 'column 27: expected a setting that the rule does not have yet'],
    ['any => offload, sndbuf 9999999999', 'column 24: expected at most 1073741823 bytes'],
    ['any => offload any', 'column 16: expected "," or the end of the line, got "any"'],
    [`${'not '.repeat(80)}any => offload`, 'expected at most 64 "(" and "not" within each other'],
    [
      'any => offload\n'.repeat(RULES_MAX + 1),
      `line ${RULES_MAX + 1}, column 1: expected at most 1024 rules`,
    ],
  ])('is refused by place: %j', (text, words) => {
    expect(() => parsePolicy(text)).toThrow(words);
  });

  it('throws the named error alone, of one line, whatever it is', () => {
    const words = fc.constantFrom(
      'any',
      'port',
      '80',
      '(',
      ')',
      'not',
      'and',
      'or',
      '=>',
      'offload',
      ',',
      '[',
      ']',
    );
    const junk = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(words).map((all) => all.join(' ')),
    );
    fc.assert(
      fc.property(junk, (text) => {
        try {
          parsePolicy(text);
        } catch (error) {
          // An expectation would resolve each error's stack, which takes as long as all else.
          const message = error instanceof PolicyError ? error.message : '';
          if (!/^policy line \d+, column \d+: expected [^\n]+$/.test(message)) throw error;
        }
      }),
    );
  });
});
