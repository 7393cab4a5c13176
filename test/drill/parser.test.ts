/** The script language: what is read from it, and where and why it is refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Packet, ScriptEvent } from '../../src/drill/script/ast.ts';
import { parseScript } from '../../src/drill/script/parser.ts';
import { NotJudged, ScriptError } from '../../src/drill/script/script-error.ts';

const events = (source: string): readonly ScriptEvent[] => parseScript('a.pkt', source).events;

function packet(source: string): Packet {
  const [{ action }] = events(source);
  if (action.kind !== 'packet') throw new Error(`a packet is expected, not ${action.kind}`);
  return action.packet;
}

describe('times', () => {
  it.each([
    ['0 `true`', { kind: 'absolute', us: 0 }],
    ['.1 `true`', { kind: 'absolute', us: 100_000 }],
    ['1.000001 `true`', { kind: 'absolute', us: 1_000_001 }],
    ['+0 `true`', { kind: 'relative', us: 0 }],
    ['+0.1 `true`', { kind: 'relative', us: 100_000 }],
    ['+.1 `true`', { kind: 'relative', us: 100_000 }],
    ['* > . 1:1(0) ack 1', { kind: 'any' }],
    ['0.1~0.2 > . 1:1(0) ack 1', { kind: 'absoluteRange', us: 100_000, endUs: 200_000 }],
    ['+0~+0.1 > . 1:1(0) ack 1', { kind: 'relativeRange', us: 0, endUs: 100_000 }],
    ['~+0.1 > . 1:1(0) ack 1', { kind: 'relativeRange', us: 0, endUs: 100_000 }],
    ['`true`', { kind: 'relative', us: 0 }],
  ])('%s', (source, time) => {
    expect(events(source)[0].time).toEqual(time);
  });

  it.each([
    ['+.1...0.3 read(4, ..., 100) = 100', 100_000, 300_000],
    ['0...10 connect(3, ..., ...) = 0', 0, 10_000_000],
  ])('of a call that blocks: %s', (source, us, untilUs) => {
    expect(events(source)[0]).toMatchObject({ time: { us }, action: { untilUs } });
  });
});

it('begins behind a byte order mark, which takes no column', () => {
  expect(events('\uFEFF0 `true`')[0].time).toEqual({ kind: 'absolute', us: 0 });
  expect(() => events('\uFEFF0 < Q 0:0(0)')).toThrow('a.pkt:1:5: expected TCP flags');
});

describe('packets', () => {
  it('has all that a TCP segment may say', () => {
    expect(
      packet('0 <[ect0] 1234>80 FP. 1:1001(1000) ack 2 win 3 urg 4 <nop,TS val 5 ecr 6,sack 7:8 9:10,eol>'),
    ).toEqual({
      kind: 'tcp',
      tos: { kind: 'ecn', value: 2 },
      ttl: undefined,
      sourcePort: 1234,
      destinationPort: 80,
      flags: 'FP.',
      seq: 1,
      length: 1000,
      ack: 2,
      window: 3,
      urgent: 4,
      options: [
        { kind: 'nop' },
        { kind: 'TS', val: 5, ecr: 6 },
        {
          kind: 'sack',
          blocks: [
            [7, 8],
            [9, 10],
          ],
        },
        { kind: 'eol' },
      ],
    });
  });

  it.each([
    ['0 > S 0:0(0) <...>', { flags: 'S', options: undefined }],
    ['0 > S 0:0(0) win * <mss 1460>', { window: undefined, options: [{ kind: 'mss', value: 1460 }] }],
    ['0 > - 1:1(0)', { flags: '', ack: 0 }],
    ['0 > [tos 0x10, ttl 5] . 1:1(0) ack 1', { tos: { kind: 'tos', value: 16 }, ttl: 5 }],
    ['0 > (ttl 5) . 1:1(0) ack 1', { ttl: 5 }],
    ['0 >[ect01] . 1:1(0) ack 1', { tos: { kind: 'ect01' } }],
    ['0 < udp (1000)', { kind: 'udp', length: 1000 }],
    ['0 > udp 1 > 2 (0)', { kind: 'udp', sourcePort: 1, destinationPort: 2 }],
    ['0 < . 4294967295:0(1) ack 1 win 1', { seq: 4_294_967_295, length: 1 }],
    [
      '0 < [1:1001(1000)] icmp unreachable frag_needed mtu 1200',
      { type: 3, code: 4, mtu: 1200, echoed: { kind: 'tcp', seq: 1, length: 1000 } },
    ],
    [
      '0 < icmp unreachable port_unreachable [udp (100)]',
      { type: 3, code: 3, echoed: { kind: 'udp', length: 100 } },
    ],
    ['0 < icmp echo_request id 7', { type: 8, code: 0, id: 7, echoed: undefined }],
  ])('%s', (source, expected) => {
    expect(packet(source)).toMatchObject(expected);
  });
});

describe('calls', () => {
  const call = (source: string): unknown => {
    const { action } = events(source)[0];
    return JSON.parse(JSON.stringify(action, (key, value) => (key === 'place' ? undefined : value)));
  };

  it('has arguments, result, errno and a note', () => {
    expect(call('0 read(4, ..., 0x10) = -1 EAGAIN (Resource temporarily unavailable)')).toMatchObject({
      name: 'read',
      args: [{ value: 4 }, { kind: 'ellipsis' }, { value: 16, text: '0x10' }],
      result: { value: -1 },
      errno: 'EAGAIN',
      text: 'read(4, ..., 0x10) = -1 EAGAIN',
    });
  });

  it('has structures within structures', () => {
    const source = '0 sendmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_flags=0}, MSG_A|MSG_B) = 10';
    expect(call(source)).toMatchObject({
      args: [
        {},
        {
          kind: 'record',
          fields: [
            { name: 'msg_name', of: { kind: 'ellipsis' } },
            { name: 'msg_iov', value: { items: [{ kind: 'braces', items: [{}, { value: 10 }] }] } },
            { name: 'msg_flags' },
          ],
        },
        { kind: 'or', terms: [{ text: 'MSG_A' }, { text: 'MSG_B' }] },
      ],
    });
  });

  it('joins strings, and knows their escapes', () => {
    const source = '0 write(4, "a\\n" "\\x41"..., 4) = 4';
    expect(call(source)).toMatchObject({ args: [{}, { text: 'a\nA', more: true }, {}] });
  });
});

it('leaves comments of all three kinds out', () => {
  const source = '// one\n/* two\n three */ 0 `true` // four\n# five\n+1 `true`';
  expect(events(source).map(({ place }) => place.line)).toEqual([3, 5]);
});

it('puts what a define names in the place of a word', () => {
  const defines = new Map([
    ['TEXT', '"x"'],
    ['N', '17'],
    ['COMMAND', '`true`'],
  ]);
  const script = parseScript('a.pkt', '--define=LEVEL=SOL_TCP\n0 f(LEVEL, TEXT, N) = 0\n0 COMMAND', defines);
  expect(script.events[0].action).toMatchObject({
    args: [{ text: 'SOL_TCP' }, { kind: 'string', text: 'x' }, { value: 17 }],
  });
  expect(script.events[1].action).toEqual({ kind: 'shell', command: 'true' });
});

it('has options with and without values', () => {
  const source = '--tolerance_usecs=10\n--strict_segments\n--define=CC="a b"\n0 `true`';
  expect(parseScript('a.pkt', source).options).toMatchObject([
    { name: 'tolerance_usecs', value: '10' },
    { name: 'strict_segments', value: undefined },
    { name: 'define', value: 'CC="a b"' },
  ]);
});

describe('says where it is, what was expected and what is there', () => {
  it.each([
    ['0 < Q 0:0(0)', 'a.pkt:1:5: expected TCP flags of SFPRUEW and ".", got "Q"'],
    ['0 > . 1:5(3) ack 1', 'a.pkt:1:7: expected 1:4(3), got 1:5(3)'],
    ['\n 0 < S 0:0(0) win 70000', 'a.pkt:2:19: expected a TCP window from 0 to 65535, got "70000"'],
    [
      '0 < S 0:0(0) win 1 <mms 5>',
      'a.pkt:1:21: expected nop, eol, mss, wscale, sackOK, sack or TS, got "mms"',
    ],
    ['0 < . 1:1(0) <...>', 'a.pkt:1:14: <...> is for outbound packets: expected the options themselves'],
    ['0 read(4, ..., 100', 'a.pkt:1:19: expected ")", got the end of the script'],
    ['0 read(4, ..., 100) 100', 'a.pkt:1:21: expected "=", got "100"'],
    ['x', 'a.pkt:1:1: expected a time such as 0, +.1, *, or 0.1~0.2, got "x"'],
    [
      '',
      'a.pkt:1:1: expected an event, such as "0 socket(..., SOCK_STREAM, 0) = 3", got the end of the script',
    ],
    ['0 `true', 'a.pkt:1:3: a command begins here and does not end: expected `'],
    ['/* x', 'a.pkt:1:1: a comment begins here and does not end: expected */'],
    ['0 %{ x', 'a.pkt:1:3: a piece of code begins here and does not end: expected }%'],
    ['* < . 1:1(0) win 1', 'a.pkt:1:1: the time "*" is for outbound packets: expected one time'],
    ['0~1 read(4, ..., 1) = 1', 'a.pkt:1:1: a range of time is for outbound packets: expected one time'],
    ['1~0 > . 1:1(0)', 'a.pkt:1:1: expected a range of time that ends after it begins'],
    [
      '0 < icmp unreachable bad',
      /a\.pkt:1:22: expected a code of unreachable: net_unreachable.*, got "bad"$/,
    ],
    ['0 < . 1:1(0) win 1 <sack 1:2 3:4 5:6 7:8 9:10>', /expected at most 40 bytes of TCP options, got 42$/],
  ])('%j', (source, words) => {
    const parse = (): unknown => parseScript('a.pkt', source);
    expect(parse).toThrow(ScriptError);
    expect(parse).toThrow(words);
  });
});

describe('says what is not served', () => {
  it.each([
    ['0 < ipv6 ::1 > ::2: . 1:1(0)', 'IPv6'],
    ['0 > A. 1:1(0)', 'accurate ECN'],
    ['0 > P.5 1:1(0)', 'accurate ECN'],
    ['0 > S 0:0(0) <FO abcd>', 'TCP Fast Open'],
    ['0 < gre: . 1:1(0)', 'packets within others (gre)'],
    ['0 < . 1:1(0) win 1 {mut ip ihl}', 'packets changed at random'],
  ])('%s', (source, reason) => {
    let thrown: unknown;
    try {
      parseScript('a.pkt', source);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(NotJudged);
    expect(thrown).toMatchObject({ reason });
  });
});

describe('survives any text', () => {
  const survives = (text: string): void => {
    try {
      parseScript('a.pkt', text);
    } catch (error) {
      if (!(error instanceof ScriptError) && !(error instanceof NotJudged)) throw error;
      expect(error.message).not.toMatch(/[\n\r]/);
    }
  };

  it('of any characters', () => {
    const character = fc
      .nat({ max: 0x2fff })
      .map((code) => String.fromCharCode(code < 0x2000 ? code & 0x7f : code));
    fc.assert(fc.property(fc.string({ unit: character, maxLength: 200 }), survives), { numRuns: 500 });
  });

  it('of its own words in any order', () => {
    const words = fc.constantFrom(
      ...[
        '0',
        '+.1',
        '~',
        '...',
        '<',
        '>',
        'S.',
        '1:1(0)',
        'ack',
        'win',
        '1',
        '*',
        '<mss',
        ',',
        'sack',
        '%{',
        '}%',
      ],
      ...[
        '`',
        '"',
        '(',
        ')',
        '[',
        ']',
        '{',
        '}',
        '=',
        '|',
        'icmp',
        'udp',
        'read',
        '-1',
        '--mss=1',
        '/*',
        '//',
        '\n',
      ],
    );
    fc.assert(
      fc.property(
        fc.array(words, { maxLength: 40 }).map((all) => all.join(' ')),
        survives,
      ),
      {
        numRuns: 1000,
      },
    );
  });

  it('of brackets without end', () => {
    for (const open of ['[', '{', '{a=', 'f(', '(']) survives(`0 read(${open.repeat(5000)}`);
  });
});
