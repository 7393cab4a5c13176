/** A sink that keeps its calls as plain values, to be compared. */
import { wordsOf } from '../../src/trace/file-sink.ts';
import type { TraceEnd, TraceHead, TraceSink } from '../../src/trace/sink.ts';

export type Call = readonly [name: string, ...values: unknown[]];

export class CallList implements TraceSink {
  readonly calls: Call[] = [];
  private frameWords = 0;

  head(head: TraceHead): void {
    this.frameWords = head.frameBytes / 4;
    this.calls.push(['head', structuredClone(head)]);
  }

  frame(direction: number, timeNs: number, slot: number, words: Int32Array, at: number): void {
    const length = wordsOf(words[at], this.frameWords);
    this.calls.push(['frame', direction, timeNs, slot, [...words.subarray(at, at + length)]]);
  }

  owner(direction: number, timeNs: number, slot: number, side: number): void {
    this.calls.push(['owner', direction, timeNs, slot, side]);
  }

  notification(kind: number, timeNs: number): void {
    this.calls.push(['notification', kind, timeNs]);
  }

  write(side: number, timeNs: number, address: number, length: number): void {
    this.calls.push(['write', side, timeNs, address, length]);
  }

  polled(timeNs: number, address: number, value: number): void {
    this.calls.push(['polled', timeNs, address, value]);
  }

  packet(
    timeNs: number,
    sent: boolean,
    bytes: Uint8Array,
    offset: number,
    length: number,
    packetLength: number,
  ): void {
    this.calls.push(['packet', timeNs, sent, [...bytes.subarray(offset, offset + length)], packetLength]);
  }

  end(timeNs: number, end: TraceEnd): void {
    this.calls.push(['end', timeNs, structuredClone(end)]);
  }
}

/** Makes a call of a list again. */
export function replayCall(sink: TraceSink, call: Call): void {
  const [name, ...v] = call;
  const n = v as number[];
  if (name === 'frame') sink.frame(n[0], n[1], n[2], Int32Array.from(v[3] as number[]), 0);
  else if (name === 'packet') {
    const bytes = Uint8Array.from(v[2] as number[]);
    sink.packet(n[0], v[1] as boolean, bytes, 0, bytes.length, n[3]);
  } else (sink[name as 'owner'] as (...values: unknown[]) => void)(...v);
}

export const HEAD: TraceHead = {
  format: 'inic-trace',
  version: 1,
  product: 'inic 0.0.0',
  transport: 'ring',
  startedAt: '1970-01-01T00:00:00.000Z',
  frameBytes: 128,
  classes: [
    { name: 'executive', id: 0, version: 1 },
    { name: 'socket', id: 0x0a0, version: 2 },
  ],
  memory: {
    regionBytes: 1 << 20,
    inbound: { firstWord: 64, count: 16, strideWords: 32 },
    outbound: { firstWord: 1024, count: 16, strideWords: 32 },
    transmit: { offset: 65536, count: 8, bufferBytes: 4096 },
    receive: { offset: 131072, count: 8, bufferBytes: 4096 },
    immediate: { offset: 262144, count: 8, bufferBytes: 128 },
    control: { offset: 32768, byteLength: 4096 },
  },
  socketsMax: 16,
  command: ['inic', 'test'],
  configuration: { mtu: 1500, stack: { address: 0x0a000001 } },
};
