/**
 * Holds a packet that was sent against what a script expects, as packetdrill does: what the script leaves
 * unsaid is not looked at, and neither are timestamps but for their being there, unless they are asked for.
 */
import { PSH } from '../../tcpip/header/tcp.ts';
import type { IpWanted, Packet, TcpOption, TcpPacket } from '../script/ast.ts';
import { type ActualPacket, type ActualTcp, flagBits } from './notation.ts';
import type { DecodedOption } from './tcp-options.ts';

/** What is looked at beyond what packetdrill does by itself. */
export interface Strictness {
  /** Microseconds of a tick of our timestamps, whose values are then looked at; 0: they are not. */
  readonly tickUs: number;
  /** How far a timestamp may be off, in microseconds. */
  readonly toleranceUs: number;
  /** Whether the timestamp that is echoed is looked at. */
  readonly echo: boolean;
  /**
   * Whether PSH is looked at. Linux sets it on each packet that its device is to cut (`__tcp_transmit_skb`),
   * so it says nothing of a packet that stands for several segments.
   */
  readonly push: boolean;
  /**
   * Whether the order of a SYN's options and what they are padded with are looked at. Ours are Linux's; no
   * RFC says them, and other systems have their own.
   */
  readonly synOrder: boolean;
}

export const LAX: Strictness = { tickUs: 0, toleranceUs: 0, echo: false, push: true, synOrder: true };

/** @returns the first thing that differs, such as `ack: expected 2, got 1`; undefined: nothing does. */
export function difference(
  wanted: Packet,
  actual: ActualPacket,
  strict: Strictness = LAX,
): string | undefined {
  if (wanted.kind !== actual.kind) return differs('protocol', wanted.kind, actual.kind);
  const ip = ipDifference(wanted, actual);
  if (ip !== undefined) return ip;
  if (wanted.kind === 'tcp' && actual.kind === 'tcp') return tcpDifference(wanted, actual, strict);
  if (wanted.kind === 'udp' && actual.kind === 'udp') {
    return unequal([
      ['source port', wanted.sourcePort, actual.sourcePort],
      ['destination port', wanted.destinationPort, actual.destinationPort],
      ['payload', wanted.length, actual.length],
    ]);
  }
  if (wanted.kind === 'icmp' && actual.kind === 'icmp') {
    return unequal([
      ['ICMP type', wanted.type, actual.type],
      ['ICMP code', wanted.code, actual.code],
    ]);
  }
  return undefined;
}

function differs(name: string, expected: string | number, got: string | number): string {
  return `${name}: expected ${expected}, got ${got}`;
}

type Pair = readonly [string, number | undefined, number | undefined];

/** The first pair of unequal numbers; what is not expected is not looked at. */
function unequal(pairs: readonly Pair[]): string | undefined {
  const pair = pairs.find(([, expected, got]) => expected !== undefined && expected !== got);
  return pair === undefined ? undefined : differs(pair[0], pair[1] ?? 0, pair[2] ?? 0);
}

function ipDifference(wanted: IpWanted, actual: IpWanted): string | undefined {
  const octet = actual.tos?.kind === 'tos' ? actual.tos.value : 0;
  const { tos, ttl } = wanted;
  if (tos?.kind === 'tos' && tos.value !== octet) return differs('tos', hex(tos.value), hex(octet));
  const ecn = octet & 3;
  if (tos?.kind === 'ecn' && tos.value !== ecn) return differs('ip ecn', tos.value, ecn);
  if (tos?.kind === 'ect01' && ecn !== 1 && ecn !== 2) return differs('ip ecn', '1 or 2', ecn);
  // packetdrill takes 0 for a time to live that is not said.
  return ttl === undefined || ttl === 0 ? undefined : unequal([['ttl', ttl, actual.ttl]]);
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

function tcpDifference(wanted: TcpPacket, actual: ActualTcp, strict: Strictness): string | undefined {
  const unlike = flagBits(wanted.flags) ^ flagBits(actual.flags);
  if ((unlike & (strict.push ? ~0 : ~PSH)) !== 0) {
    return differs('flags', wanted.flags === '' ? '-' : wanted.flags, actual.flags);
  }
  return (
    unequal([
      ['source port', wanted.sourcePort, actual.sourcePort],
      ['destination port', wanted.destinationPort, actual.destinationPort],
      ['seq', wanted.anySeq === true ? undefined : wanted.seq, actual.seq],
      ['payload', wanted.length, actual.length],
      ['ack', wanted.ack, actual.ack],
      ['win', wanted.window, actual.window],
      ['urg', wanted.urgent, actual.urgent],
    ]) ?? optionsDifference(wanted.options, actual.options, strict, wanted.flags.includes('S'))
  );
}

function optionsDifference(
  wanted: readonly TcpOption[] | undefined,
  actual: readonly DecodedOption[],
  strict: Strictness,
  syn: boolean,
): string | undefined {
  if (wanted === undefined) return undefined;
  // A list is padded to a whole word with zeros, on the wire as in a script.
  const plain = syn && !strict.synOrder ? inOrder : withoutEnd;
  const expected = plain(wanted);
  const got = plain(actual);
  for (let i = 0; i < Math.max(expected.length, got.length); i++) {
    const [one, other] = [expected[i], got[i]];
    if (one?.kind !== other?.kind) {
      return differs(`option ${i + 1}`, one?.kind ?? 'no more options', other?.kind ?? 'no more options');
    }
    const different = optionDifference(one, other, strict);
    if (different !== undefined) return different;
  }
  return undefined;
}

const PADDING: ReadonlySet<string> = new Set(['nop', 'eol']);

/** Options by their kinds, without padding. */
function inOrder<T extends { readonly kind: string }>(options: readonly T[]): readonly T[] {
  const said = options.filter(({ kind }) => !PADDING.has(kind));
  return said.sort((one, other) => (one.kind < other.kind ? -1 : Number(one.kind > other.kind)));
}

function withoutEnd<T extends { readonly kind: string }>(options: readonly T[]): readonly T[] {
  let count = options.length;
  while (count > 0 && options[count - 1].kind === 'eol') count -= 1;
  return options.slice(0, count);
}

/** Of two options of one kind. */
function optionDifference(wanted: TcpOption, actual: DecodedOption, strict: Strictness): string | undefined {
  if (wanted.kind === 'TS' && actual.kind === 'TS') {
    const { any } = wanted;
    const off = any?.val === true ? 0 : Math.abs((actual.val - wanted.val) | 0) * strict.tickUs;
    if (off > strict.toleranceUs) return differs('TS val', wanted.val, actual.val);
    return strict.echo && any?.ecr !== true ? unequal([['TS ecr', wanted.ecr, actual.ecr]]) : undefined;
  }
  if (wanted.kind === 'sack' && actual.kind === 'sack') {
    const [expected, got] = [blocksText(wanted.blocks), blocksText(actual.blocks)];
    return expected === got ? undefined : differs('sack', expected, got);
  }
  if ('value' in wanted && 'value' in actual) return unequal([[wanted.kind, wanted.value, actual.value]]);
  return undefined;
}

function blocksText(blocks: readonly (readonly [number, number])[]): string {
  return blocks.map(([left, right]) => `${left}:${right}`).join(' ');
}
