/**
 * One direction of each TCP connection whose packets pass: how far its bytes have come, and how far they are
 * acknowledged. Positions count from the first byte behind the SYN. As many as the trace's head allows; the
 * oldest make room for new ones.
 */

import { name } from './endpoints.ts';

const CHAINS = 1 << 12;
export const NO_FLOW = -1;
/** No FIN has passed. */
export const NO_END = -1;

/** The SYN of the flow has passed, so that its positions are known. */
export const FLOW_SYN = 1;
/** A reset has passed, either way. */
export const FLOW_RESET = 2;
/** A packet of it was damaged, or bytes were missing: nothing of it is sure. */
export const FLOW_DOUBT = 4;
/** The host gave the socket up: its total is known. */
export const FLOW_CLOSED = 8;
/** The host gave the socket up without having ended its stream, which therefore never ends with a FIN. */
export const FLOW_ABORTED = 16;
/** Its own sender has reset it, once bytes had passed. */
export const FLOW_CUT = 32;

export class Flows {
  readonly count: number;
  readonly source: Int32Array;
  readonly destination: Int32Array;
  readonly ports: Int32Array;
  readonly flags: Uint8Array;
  readonly first: Int32Array;
  /** Furthest byte that has passed, furthest that was acknowledged, where the FIN is. */
  readonly high: Float64Array;
  readonly acknowledged: Float64Array;
  readonly end: Float64Array;
  /** The socket that sends it, or -1; when it is given up, all the bytes that the host has posted. */
  readonly socket: Int32Array;
  readonly total: Float64Array;
  /** When the FIN passed; bytes that were jumped over and have not passed since. */
  readonly finNs: Float64Array;
  readonly gapStart: Float64Array;
  readonly gapEnd: Float64Array;
  private readonly heads = new Int32Array(CHAINS).fill(NO_FLOW);
  private readonly next: Int32Array;
  private readonly used: Uint8Array;
  private newest = 0;

  constructor(count: number) {
    this.count = count;
    this.source = new Int32Array(count);
    this.destination = new Int32Array(count);
    this.ports = new Int32Array(count);
    this.flags = new Uint8Array(count);
    this.first = new Int32Array(count);
    this.high = new Float64Array(count);
    this.acknowledged = new Float64Array(count);
    this.end = new Float64Array(count);
    this.socket = new Int32Array(count);
    this.total = new Float64Array(count);
    this.finNs = new Float64Array(count);
    this.gapStart = new Float64Array(count);
    this.gapEnd = new Float64Array(count);
    this.next = new Int32Array(count).fill(NO_FLOW);
    this.used = new Uint8Array(count);
  }

  /** @param ports the source's in the upper half. @returns the flow, or NO_FLOW. // Hot path. */
  find(source: number, destination: number, ports: number): number {
    for (let flow = this.heads[chainOf(ports)]; flow !== NO_FLOW; flow = this.next[flow]) {
      if (this.ports[flow] === ports && this.source[flow] === source) {
        if (this.destination[flow] === destination) return flow;
      }
    }
    return NO_FLOW;
  }

  /** @returns the flow, made if there was none. */
  findOrMake(source: number, destination: number, ports: number): number {
    const found = this.find(source, destination, ports);
    if (found !== NO_FLOW) return found;
    const flow = this.newest;
    this.newest = flow + 1 === this.used.length ? 0 : flow + 1;
    if (this.used[flow] === 1) this.drop(flow);
    this.used[flow] = 1;
    this.source[flow] = source;
    this.destination[flow] = destination;
    this.ports[flow] = ports;
    this.begin(flow, 0);
    this.flags[flow] = 0;
    const chain = chainOf(ports);
    this.next[flow] = this.heads[chain];
    this.heads[chain] = flow;
    return flow;
  }

  /** A SYN has passed. @param first sequence number of the first byte behind it. */
  begin(flow: number, first: number): void {
    this.flags[flow] = FLOW_SYN;
    this.first[flow] = first;
    this.high[flow] = 0;
    this.acknowledged[flow] = 0;
    this.end[flow] = NO_END;
    this.socket[flow] = -1;
    this.total[flow] = -1;
    this.gapStart[flow] = 0;
    this.gapEnd[flow] = 0;
  }

  /** The next bytes begin beyond those that have passed. */
  gap(flow: number, at: number): void {
    if (this.gapEnd[flow] <= this.gapStart[flow]) this.gapStart[flow] = this.high[flow];
    this.gapEnd[flow] = at;
  }

  /** Bytes have passed. // Hot path. */
  fill(flow: number, at: number, after: number): void {
    const start = this.gapStart[flow];
    if (this.gapEnd[flow] > start && at <= start && after > start) this.gapStart[flow] = after;
  }

  /** A sequence number's position, near the furthest that has passed. // Hot path. */
  position(flow: number, sequence: number): number {
    const high = this.high[flow];
    return high + ((sequence - ((this.first[flow] + high) | 0)) | 0);
  }

  /** The flow the other way; NO_FLOW where none has passed. */
  reverse(flow: number): number {
    const ports = this.ports[flow];
    return this.find(this.destination[flow], this.source[flow], (ports << 16) | (ports >>> 16));
  }

  /** Its two ends, in words. */
  nameOf(flow: number): string {
    const { source, destination, ports } = this;
    return `${name(source[flow], ports[flow] >>> 16)} to ${name(destination[flow], ports[flow] & 0xffff)}`;
  }

  private drop(flow: number): void {
    const chain = chainOf(this.ports[flow]);
    let before = NO_FLOW;
    for (let at = this.heads[chain]; at !== NO_FLOW; at = this.next[at]) {
      if (at === flow) {
        if (before === NO_FLOW) this.heads[chain] = this.next[at];
        else this.next[before] = this.next[at];
        return;
      }
      before = at;
    }
  }
}

function chainOf(ports: number): number {
  return (Math.imul(ports, 0x9e3779b1) >>> 20) & (CHAINS - 1);
}
