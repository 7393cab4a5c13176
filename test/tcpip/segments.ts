/**
 * TCP segments as tests write them: flags by name, options as an object. Numbers are what is on the wire;
 * `script.ts` makes them relative to both ends' initial sequence numbers.
 */
import { ACK, CWR, ECE, FIN, PSH, RST, SYN, URG } from './frames.ts';
import { TCP_AT } from './wire.ts';

/** Flags by name, separated by blanks, in this order: `SYN FIN RST PSH URG ACK ECE CWR`. */
export type Flags = string;

const FLAG_BITS: readonly (readonly [string, number])[] = [
  ['SYN', SYN],
  ['FIN', FIN],
  ['RST', RST],
  ['PSH', PSH],
  ['URG', URG],
  ['ACK', ACK],
  ['ECE', ECE],
  ['CWR', CWR],
];

/** @throws Error for a name that is no flag. */
export function flagBits(names: Flags): number {
  let bits = 0;
  for (const name of names.split(' ').filter((word) => word !== '')) {
    const found = FLAG_BITS.find(([flag]) => flag === name);
    if (found === undefined) throw new Error(`"${name}" is no flag`);
    bits |= found[1];
  }
  return bits;
}

export function flagNames(bits: number): Flags {
  return FLAG_BITS.filter(([, bit]) => (bits & bit) !== 0)
    .map(([name]) => name)
    .join(' ');
}

/** The options that the stack knows. What is absent is not in the segment. */
export interface Options {
  mss?: number;
  wscale?: number;
  sackOk?: boolean;
  /** RFC 7323 timestamps: value and echo. */
  ts?: readonly [number, number];
  /** RFC 2018 blocks: first byte, and the byte after the last. */
  sack?: readonly (readonly [number, number])[];
}

export function bytesOf(word: number): number[] {
  return [(word >>> 24) & 255, (word >>> 16) & 255, (word >>> 8) & 255, word & 255];
}

/** The options on the wire, each padded in front to a multiple of four bytes. */
export function encodeOptions(options: Options): number[] {
  const bytes: number[] = [];
  if (options.mss !== undefined) bytes.push(2, 4, options.mss >> 8, options.mss & 255);
  if (options.sackOk) bytes.push(1, 1, 4, 2);
  if (options.ts) bytes.push(1, 1, 8, 10, ...bytesOf(options.ts[0]), ...bytesOf(options.ts[1]));
  if (options.wscale !== undefined) bytes.push(1, 3, 3, options.wscale);
  if (options.sack) {
    bytes.push(1, 1, 5, 2 + options.sack.length * 8);
    for (const [start, end] of options.sack) bytes.push(...bytesOf(start), ...bytesOf(end));
  }
  return bytes;
}

/** A segment of the stack under test, as it was on the wire. */
export interface WireSegment {
  readonly timeUs: number;
  readonly source: number;
  readonly destination: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly flags: number;
  readonly seq: number;
  readonly ack: number;
  readonly window: number;
  readonly urgent: number;
  readonly options: Options;
  readonly payload: Uint8Array;
  readonly ttl: number;
  readonly tos: number;
  readonly ipId: number;
}

/** @param frame an Ethernet frame that holds a TCP segment. */
export function parseSegment(frame: Uint8Array, timeUs: number): WireSegment {
  const view = new DataView(frame.buffer, frame.byteOffset);
  const headerLength = (frame[TCP_AT + 12] >>> 4) * 4;
  return {
    timeUs,
    source: view.getInt32(26),
    destination: view.getInt32(30),
    sourcePort: view.getUint16(TCP_AT),
    destinationPort: view.getUint16(TCP_AT + 2),
    flags: frame[TCP_AT + 13],
    seq: view.getInt32(TCP_AT + 4),
    ack: view.getInt32(TCP_AT + 8),
    window: view.getUint16(TCP_AT + 14),
    urgent: view.getUint16(TCP_AT + 18),
    options: decodeOptions(view, TCP_AT + 20, TCP_AT + headerLength),
    payload: frame.slice(TCP_AT + headerLength, 14 + view.getUint16(16)),
    ttl: frame[22],
    tos: frame[15],
    ipId: view.getUint16(18),
  };
}

/** @throws Error for an option that the stack must never send. */
function decodeOptions(view: DataView, from: number, end: number): Options {
  const options: Options = {};
  for (let at = from; at < end; ) {
    const kind = view.getUint8(at);
    if (kind === 1) {
      at += 1;
      continue;
    }
    const length = view.getUint8(at + 1);
    if (kind === 2 && length === 4) options.mss = view.getUint16(at + 2);
    else if (kind === 3 && length === 3) options.wscale = view.getUint8(at + 2);
    else if (kind === 4 && length === 2) options.sackOk = true;
    else if (kind === 8 && length === 10) options.ts = [view.getInt32(at + 2), view.getInt32(at + 6)];
    else if (kind === 5 && length % 8 === 2) options.sack = decodeBlocks(view, at + 2, at + length);
    else throw new Error(`option ${kind} of ${length} bytes`);
    at += length;
  }
  return options;
}

function decodeBlocks(view: DataView, from: number, end: number): [number, number][] {
  const blocks: [number, number][] = [];
  for (let at = from; at < end; at += 8) blocks.push([view.getInt32(at), view.getInt32(at + 4)]);
  return blocks;
}
