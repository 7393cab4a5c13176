/** A TCP segment on a storm's wire, read by an eye of its own and not by the stack's. */
import { TCP_AT } from '../tcpip/wire.ts';

const OPTIONS_AT = 20;

export interface Segment {
  readonly localPort: number;
  readonly remotePort: number;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly window: number;
  /** Of the TCP header. */
  readonly headerLength: number;
  /** Of the payload. */
  readonly length: number;
  /** 0: no such option. */
  mss: number;
  /** -1: no such option. */
  windowScale: number;
  sackOk: boolean;
  stamps: boolean;
  stamp: number;
  echo: number;
  /** Start and end of each SACK block. */
  blocks: readonly number[];
}

const NO_BLOCKS: readonly number[] = [];

/** @returns undefined for a frame that holds no TCP segment over IPv4. @throws Error for bad options. */
export function readSegment(frame: Uint8Array): Segment | undefined {
  if (frame[12] !== 8 || frame[13] !== 0 || frame[23] !== 6) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const headerLength = (frame[TCP_AT + 12] >>> 4) * 4;
  const segment: Segment = {
    localPort: view.getUint16(TCP_AT),
    remotePort: view.getUint16(TCP_AT + 2),
    seq: view.getInt32(TCP_AT + 4),
    ack: view.getInt32(TCP_AT + 8),
    flags: frame[TCP_AT + 13] & 63,
    window: view.getUint16(TCP_AT + 14),
    headerLength,
    length: 14 + view.getUint16(16) - TCP_AT - headerLength,
    mss: 0,
    windowScale: -1,
    sackOk: false,
    stamps: false,
    stamp: 0,
    echo: 0,
    blocks: NO_BLOCKS,
  };
  readOptions(view, TCP_AT + OPTIONS_AT, TCP_AT + headerLength, segment);
  return segment;
}

function readOptions(view: DataView, from: number, end: number, segment: Segment): void {
  for (let at = from; at < end; ) {
    const kind = view.getUint8(at);
    if (kind === 0) return;
    if (kind === 1) {
      at += 1;
      continue;
    }
    const length = view.getUint8(at + 1);
    if (length < 2 || at + length > end) throw new Error(`option ${kind} of ${length} bytes runs over`);
    if (kind === 2) segment.mss = view.getUint16(at + 2);
    else if (kind === 3) segment.windowScale = view.getUint8(at + 2);
    else if (kind === 4) segment.sackOk = true;
    else if (kind === 8) {
      segment.stamps = true;
      segment.stamp = view.getInt32(at + 2);
      segment.echo = view.getInt32(at + 6);
    } else if (kind === 5) {
      const blocks: number[] = [];
      for (let i = at + 2; i < at + length; i += 4) blocks.push(view.getInt32(i));
      segment.blocks = blocks;
    }
    at += length;
  }
}
