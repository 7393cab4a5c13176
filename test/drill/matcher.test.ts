/** What of a packet that left is held against a script, and what is not. */
import { describe, expect, it } from 'vitest';
import type { Packet } from '../../src/drill/script/ast.ts';
import { parseScript } from '../../src/drill/script/parser.ts';
import { Flow } from '../../src/drill/wire/flow.ts';
import { difference, LAX } from '../../src/drill/wire/matcher.ts';
import { actualPacket, flagBits, packetText } from '../../src/drill/wire/notation.ts';
import { encodeOptions } from '../../src/drill/wire/tcp-options.ts';
import { buildPacket, decodePacket, type IpFields } from '../../src/drill/wire/wire-packet.ts';

const IP: IpFields = { source: 0xc0a80001, destination: 0xc0000201, tos: 0, ttl: 64, id: 1 };
/** Initial sequence numbers near their wrap, ours first. */
const ISN = 0xffff_fff0;
const IRS = 0x7fff_fff0;

function wanted(text: string): Packet {
  const { action } = parseScript('a.pkt', `0 ${text}`).events[0];
  if (action.kind !== 'packet') throw new Error('a packet is expected');
  return action.packet;
}

/** A segment as the stack would send it, in the script's numbers. */
function sent(text: string, ip: Partial<IpFields> = {}) {
  const packet = wanted(text);
  if (packet.kind !== 'tcp') throw new Error('a segment is expected');
  const syn = packet.flags.includes('S');
  const flow = flowFor();
  const bytes = buildPacket(
    { ...IP, ...ip },
    {
      kind: 'tcp',
      sourcePort: packet.sourcePort ?? 1000,
      destinationPort: packet.destinationPort ?? 80,
      seq: (packet.seq + flow.localOffset(syn)) >>> 0,
      ack: (packet.ack + flow.remoteOffset(syn)) >>> 0,
      flags: flagBits(packet.flags),
      window: packet.window ?? 500,
      urgent: packet.urgent,
      options: encodeOptions(
        (packet.options ?? []).map((option) =>
          option.kind === 'sack'
            ? {
                kind: 'sack',
                blocks: option.blocks.map(([a, b]) => [(a + IRS) >>> 0, (b + IRS) >>> 0] as const),
              }
            : option,
        ),
      ),
    },
    new Uint8Array(packet.length),
  );
  const actual = actualPacket(decodePacket(bytes), flow);
  if (actual === undefined) throw new Error('a packet is expected');
  return actual;
}

function flowFor(): Flow {
  const flow = new Flow('tcp', IP.source, 1000, IP.destination, 80);
  flow.liveLocalIsn = ISN;
  flow.liveRemoteIsn = IRS;
  return flow;
}

const FULL = '> P. 1:1001(1000) ack 17 win 500 <nop,nop,TS val 7 ecr 8>';

describe('a segment', () => {
  it.each([
    [FULL, undefined],
    ['> P. 1:1001(1000) ack 17 <nop,nop,TS val 7 ecr 8>', undefined],
    ['> P. 1:1001(1000) ack 17 win * <...>', undefined],
    ['> . 1:1001(1000) ack 17 <...>', 'flags: expected ., got P.'],
    ['> P. 2:1002(1000) ack 17 <...>', 'seq: expected 2, got 1'],
    ['> P. 1:1002(1001) ack 17 <...>', 'payload: expected 1001, got 1000'],
    ['> P. 1:1001(1000) ack 18 <...>', 'ack: expected 18, got 17'],
    ['> P. 1:1001(1000) ack 17 win 501 <...>', 'win: expected 501, got 500'],
    ['> P. 1:1001(1000) ack 17 urg 1 <...>', 'urg: expected 1, got 0'],
    ['> 1001 > 80 P. 1:1001(1000) ack 17 <...>', 'source port: expected 1001, got 1000'],
    ['> P. 1:1001(1000) ack 17', 'option 1: expected no more options, got nop'],
    ['> P. 1:1001(1000) ack 17 <nop,nop,mss 5>', 'option 3: expected mss, got TS'],
    ['> P. 1:1001(1000) ack 17 <nop,nop,TS val 9 ecr 9>', undefined],
    ['>[ect0] P. 1:1001(1000) ack 17 <...>', 'ip ecn: expected 2, got 0'],
    ['>[ect01] P. 1:1001(1000) ack 17 <...>', 'ip ecn: expected 1 or 2, got 0'],
    ['>[noecn] P. 1:1001(1000) ack 17 <...>', undefined],
    ['>[tos 0x10] P. 1:1001(1000) ack 17 <...>', 'tos: expected 0x10, got 0x0'],
    ['>(ttl 63) P. 1:1001(1000) ack 17 <...>', 'ttl: expected 63, got 64'],
    ['> udp (1000)', 'protocol: expected udp, got tcp'],
    ['> icmp echo_reply', 'protocol: expected icmp, got tcp'],
  ])('against %s', (script, words) => {
    expect(difference(wanted(script), sent(FULL))).toBe(words);
  });

  it('is held against timestamps where that is asked for', () => {
    const script = wanted('> P. 1:1001(1000) ack 17 <nop,nop,TS val 9 ecr 9>');
    const strict = { tickUs: 1000, toleranceUs: 4000, echo: true, push: true, synOrder: true };
    expect(difference(script, sent(FULL), strict)).toBe('TS ecr: expected 9, got 8');
    expect(difference(script, sent(FULL), { ...strict, toleranceUs: 1000 })).toBe(
      'TS val: expected 9, got 7',
    );
    expect(difference(script, sent(FULL), LAX)).toBeUndefined();
  });

  it('is not held against PSH where it stands for several', () => {
    const script = wanted('> . 1:1001(1000) ack 17 <...>');
    expect(difference(script, sent(FULL), { ...LAX, push: false })).toBeUndefined();
    expect(difference(wanted('> F. 1:1001(1000) ack 17 <...>'), sent(FULL), { ...LAX, push: false })).toBe(
      'flags: expected F., got P.',
    );
  });

  it('has its SACK blocks in the script’s numbers', () => {
    const ack = '> . 1:1(0) ack 1 <nop,nop,sack 1001:2001 3001:4001>';
    expect(difference(wanted(ack), sent(ack))).toBeUndefined();
    expect(difference(wanted('> . 1:1(0) ack 1 <nop,nop,sack 3001:4001 1001:2001>'), sent(ack))).toBe(
      'sack: expected 3001:4001 1001:2001, got 1001:2001 3001:4001',
    );
  });
});

it.each([
  'S 0:0(0) win 65535 <mss 1460,sackOK,TS val 5 ecr 0,nop,wscale 8>',
  'FP. 1:11(10) ack 17 win 500 urg 3',
  'R 1:1(0) win 0',
  '. 1:1(0) ack 17 win 500 <nop,nop,sack 1001:2001 3001:4001>',
])('%s is written as it was read', (text) => {
  expect(packetText(sent(`> ${text}`))).toBe(text.replace('ack 17 win 500 urg', 'ack 17 win 500 urg'));
});

describe('bytes', () => {
  const segment = buildPacket(
    IP,
    { kind: 'udp', sourcePort: 1, destinationPort: 2 },
    Uint8Array.from([1, 2, 3]),
  );

  it('are decoded as they were built, with good checksums', () => {
    expect(decodePacket(segment)).toMatchObject({ ip: IP, transport: { kind: 'udp' }, fault: '' });
    expect([...decodePacket(segment).payload]).toEqual([1, 2, 3]);
  });

  it.each([
    [10, 'its IPv4 checksum is wrong'],
    [29, 'its UDP checksum is wrong'],
  ])('with byte %i changed have a wrong checksum', (at, fault) => {
    const broken = segment.slice();
    broken[at] ^= 1;
    expect(decodePacket(broken).fault).toBe(fault);
  });

  it('that are no packet are none', () => {
    for (let length = 0; length < segment.length; length++) {
      const { transport, fault } = decodePacket(segment.subarray(0, length));
      expect([transport, fault]).toEqual([undefined, 'no IPv4 header']);
    }
  });
});
