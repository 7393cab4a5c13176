/**
 * Putting fragments together: RFC 791 §3.2, RFC 815 in spirit, RFC 1858 and RFC 5722 for what is refused.
 * Fragments stay in their packet slots. Memory is bounded: so many datagrams at once, so many slots in all,
 * and a timer each. A datagram whose fragments overlap is given up as a whole (an exact duplicate is only
 * ignored): no honest sender makes one.
 */
import { IP_REASM_FAILS, IP_REASM_OKS, IP_REASM_REQDS } from '../../ledger/counters.gen.ts';
import type { Environment } from '../environment.ts';
import {
  FRAGMENT_OFFSET,
  IPV4_DESTINATION,
  IPV4_FRAGMENT,
  IPV4_ID,
  IPV4_PROTOCOL,
  IPV4_SOURCE,
  MORE_FRAGMENTS,
} from '../header/ipv4.ts';
import type { Pieces } from './pieces.ts';

/** RFC 791: header and payload together. */
const DATAGRAM_MAX = 65535;
const FRAGMENTS_MAX = 128;

/** Told of a datagram given up whose first fragment is there: the slot is the listener's now. */
export interface ReassemblyListener {
  reassemblyTimedOut(packet: number): void;
}

export class Reassembly {
  private readonly environment: Environment;
  private readonly pieces: Pieces;
  private readonly listener: ReassemblyListener;
  private readonly slotsMax: number;
  private slotsHeld = 0;
  /** Offset of each slot's fragment in its datagram. */
  private readonly offset: Int32Array;
  private readonly source: Int32Array;
  private readonly destination: Int32Array;
  private readonly idAndProtocol: Int32Array;
  private readonly head: Int32Array;
  private readonly received: Int32Array;
  private readonly fragments: Int32Array;
  /** Payload length; -1 while the last fragment is missing. */
  private readonly total: Int32Array;
  private readonly until: Int32Array;
  private active = 0;
  /** Length of the datagram that `add` has completed. */
  completedLength = 0;

  constructor(environment: Environment, pieces: Pieces, listener: ReassemblyListener) {
    this.environment = environment;
    this.pieces = pieces;
    this.listener = listener;
    const { packets, config } = environment;
    this.slotsMax = packets.count >> 3;
    this.offset = new Int32Array(packets.count);
    const count = config.reassembliesMax;
    this.source = new Int32Array(count);
    this.destination = new Int32Array(count);
    this.idAndProtocol = new Int32Array(count);
    this.head = new Int32Array(count).fill(-1);
    this.received = new Int32Array(count);
    this.fragments = new Int32Array(count);
    this.total = new Int32Array(count);
    this.until = new Int32Array(count);
  }

  /**
   * A fragment has arrived; its slot is ours from now on.
   * @param at its IPv4 header. @returns the first slot of the completed datagram, now the caller's, or -1.
   */
  add(packet: number, at: number, headerLength: number, length: number): number {
    const { view, counters } = this.environment;
    counters[IP_REASM_REQDS] += 1;
    const field = view.getUint16(at + IPV4_FRAGMENT);
    const offset = (field & FRAGMENT_OFFSET) << 3;
    const more = (field & MORE_FRAGMENTS) !== 0;
    this.pieces.set(packet, at, at + headerLength, length);
    this.offset[packet] = offset;
    this.slotsHeld += 1;
    const bad = length === 0 || (more && (length & 7) !== 0) || offset + length + headerLength > DATAGRAM_MAX;
    if (bad || this.slotsHeld > this.slotsMax) {
      counters[IP_REASM_FAILS] += 1;
      this.drop(packet);
      return -1;
    }
    const entry = this.entryOf(at);
    if (!this.insert(entry, packet, offset, length, more)) return -1;
    if (this.total[entry] !== this.received[entry]) return -1;
    counters[IP_REASM_OKS] += 1;
    const first = this.head[entry];
    this.completedLength = this.total[entry];
    this.slotsHeld -= this.fragments[entry];
    this.release(entry);
    return first;
  }

  get hasDeadline(): boolean {
    return this.active > 0;
  }

  deadlineUs(): number {
    const now = this.environment.nowUs;
    let soonest = 0x3fff_ffff;
    for (let entry = 0; entry < this.head.length; entry++) {
      if (this.head[entry] >= 0) soonest = Math.min(soonest, (this.until[entry] - now) | 0);
    }
    return (now + soonest) | 0;
  }

  /** Gives up what took too long. @returns how many. */
  advance(): number {
    if (this.active === 0) return 0;
    const now = this.environment.nowUs;
    let expired = 0;
    for (let entry = 0; entry < this.head.length; entry++) {
      if (this.head[entry] < 0 || ((now - this.until[entry]) | 0) < 0) continue;
      this.giveUp(entry, true);
      expired += 1;
    }
    return expired;
  }

  /** The datagram a fragment belongs to; makes room by giving up the oldest. */
  private entryOf(at: number): number {
    const { view, nowUs, config } = this.environment;
    const source = view.getInt32(at + IPV4_SOURCE);
    const destination = view.getInt32(at + IPV4_DESTINATION);
    const idAndProtocol = (view.getUint16(at + IPV4_ID) << 8) | view.getUint8(at + IPV4_PROTOCOL);
    let free = -1;
    let oldest = 0;
    for (let entry = 0; entry < this.head.length; entry++) {
      if (this.head[entry] < 0) {
        free = entry;
        continue;
      }
      const same = this.source[entry] === source && this.destination[entry] === destination;
      if (same && this.idAndProtocol[entry] === idAndProtocol) return entry;
      if (((this.until[entry] - this.until[oldest]) | 0) < 0) oldest = entry;
    }
    if (free < 0) {
      this.giveUp(oldest, false);
      free = oldest;
    }
    this.source[free] = source;
    this.destination[free] = destination;
    this.idAndProtocol[free] = idAndProtocol;
    this.received[free] = 0;
    this.fragments[free] = 0;
    this.total[free] = -1;
    this.until[free] = (nowUs + config.reassemblyUs) | 0;
    return free;
  }

  /** @returns false when the fragment, or all of its datagram, was dropped. */
  private insert(entry: number, packet: number, offset: number, length: number, more: boolean): boolean {
    const { next, length: lengths } = this.pieces;
    const end = offset + length;
    let before = -1;
    let behind = this.head[entry];
    while (behind >= 0 && this.offset[behind] < offset) {
      before = behind;
      behind = next[behind];
    }
    if (behind >= 0 && this.offset[behind] === offset && lengths[behind] === length) {
      this.drop(packet);
      return false;
    }
    const overlaps =
      (before >= 0 && this.offset[before] + lengths[before] > offset) ||
      (behind >= 0 && this.offset[behind] < end);
    const total = this.total[entry];
    const contradicts = (total >= 0 && (end > total || (!more && end !== total))) || (!more && behind >= 0);
    next[packet] = behind;
    if (before < 0) this.head[entry] = packet;
    else next[before] = packet;
    if (this.fragments[entry] === 0) this.active += 1;
    this.fragments[entry] += 1;
    this.received[entry] += length;
    if (!more) this.total[entry] = end;
    if (!overlaps && !contradicts && this.fragments[entry] <= FRAGMENTS_MAX) return true;
    this.giveUp(entry, false);
    return false;
  }

  private drop(packet: number): void {
    this.slotsHeld -= 1;
    this.environment.packets.free(packet);
  }

  private giveUp(entry: number, timedOut: boolean): void {
    this.environment.counters[IP_REASM_FAILS] += 1;
    let first = this.head[entry];
    this.slotsHeld -= this.fragments[entry];
    this.release(entry);
    if (timedOut && this.offset[first] === 0) {
      const rest = this.pieces.next[first];
      this.pieces.next[first] = -1;
      this.listener.reassemblyTimedOut(first);
      first = rest;
    }
    this.pieces.free(first);
  }

  private release(entry: number): void {
    this.head[entry] = -1;
    this.active -= 1;
  }
}
