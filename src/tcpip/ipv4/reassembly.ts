/**
 * Puts fragments together: RFC 791 §3.2 and RFC 815 for what is done, RFC 1858 and RFC 5722 for what is
 * refused. Fragments stay in their packet slots. Memory is bounded: so many datagrams at once, so many slots
 * in all, and a timer for each datagram. An exact duplicate of a fragment is ignored. A datagram whose
 * fragments overlap otherwise is given up as a whole: no honest sender makes one, and systems that disagree
 * about which bytes count have been deceived that way.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { IP_REASM_FAILS, IP_REASM_OKS, IP_REASM_REQDS } from '../../ledger/counters.gen.ts';
import type { Environment } from '../environment.ts';
import {
  ECN_BITS,
  ECN_CE,
  ECN_NOT_CAPABLE,
  FRAGMENT_OFFSET,
  IPV4_DESTINATION,
  IPV4_FRAGMENT,
  IPV4_ID,
  IPV4_PROTOCOL,
  IPV4_SOURCE,
  IPV4_TOS,
  MORE_FRAGMENTS,
} from '../header/ipv4.ts';
import { before } from '../seq.ts';
import type { Pieces } from './pieces.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** RFC 791: the longest packet, header and payload together. */
const PACKET_MAX = 65535;
/** Fragments of one datagram: 65535 bytes come in at most 46 from an Ethernet. */
export const FRAGMENTS_MAX = 128;

/** Told of a datagram that took too long, if its first fragment is there: that slot is the listener's now. */
export interface ReassemblyListener {
  reassemblyTimedOut(packet: number): void;
}

export class Reassembly {
  private readonly environment: Environment;
  private readonly pieces: Pieces;
  private readonly listener: ReassemblyListener;
  /** Packet slots that all fragments may hold: an eighth of those there are. */
  private readonly slotsMax: number;
  private slotsHeld = 0;
  /** Offset of each slot's fragment in its datagram. */
  private readonly offset: Int32Array;
  // Of each datagram being put together: whose it is (RFC 791: source, destination, protocol,
  // identification), its first slot (-1: the entry is free), payload bytes and fragments that are there.
  private readonly source: Int32Array;
  private readonly destination: Int32Array;
  private readonly idAndProtocol: Int32Array;
  private readonly head: Int32Array;
  private readonly received: Int32Array;
  private readonly fragments: Int32Array;
  /** Payload length; -1 while the last fragment is missing. */
  private readonly total: Int32Array;
  /** When it is given up. */
  private readonly until: Int32Array;
  /** Datagrams being put together. */
  private active = 0;
  /** Payload length of the datagram that `add` has completed. */
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
   * @param at its IPv4 header. @param length bytes of payload.
   * @returns the first slot of the datagram that is complete with it, now the caller's; -1: none is.
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
    const bad = length === 0 || (more && (length & 7) !== 0) || offset + length + headerLength > PACKET_MAX;
    if (bad || this.slotsHeld > this.slotsMax) {
      counters[IP_REASM_FAILS] += 1;
      this.drop(packet);
      return -1;
    }
    const entry = this.entryOf(at);
    if (!this.insert(entry, packet, offset, length, more)) return -1;
    if (this.total[entry] !== this.received[entry]) return -1;
    const first = this.head[entry];
    assert(this.offset[first] === 0, 'reassembly: a complete datagram has its first byte');
    if (!this.joinMarks(first)) {
      this.giveUp(entry, false);
      return -1;
    }
    counters[IP_REASM_OKS] += 1;
    this.completedLength = this.total[entry];
    this.slotsHeld -= this.fragments[entry];
    this.release(entry);
    if (COSTLY) this.checkCounts();
    return first;
  }

  /** Whether `deadlineUs` means anything. */
  get hasDeadline(): boolean {
    return this.active > 0;
  }

  /** When the next datagram is given up. */
  deadlineUs(): number {
    const now = this.environment.nowUs;
    let soonest = 0x3fff_ffff;
    for (let entry = 0; entry < this.head.length; entry++) {
      if (this.head[entry] >= 0) soonest = Math.min(soonest, (this.until[entry] - now) | 0);
    }
    return (now + soonest) | 0;
  }

  /** Gives up what took too long. @returns how many datagrams. */
  advance(): number {
    if (this.active === 0) return 0;
    const now = this.environment.nowUs;
    let expired = 0;
    for (let entry = 0; entry < this.head.length; entry++) {
      if (this.head[entry] < 0 || before(now, this.until[entry])) continue;
      this.giveUp(entry, true);
      expired += 1;
    }
    if (COSTLY) this.checkCounts();
    return expired;
  }

  /** The entry of the datagram that a fragment belongs to. A new datagram may cost the oldest its place. */
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
      if (before(this.until[entry], this.until[oldest])) oldest = entry;
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

  /** Links a fragment in. @returns false when it, or all of its datagram, was dropped. */
  private insert(entry: number, packet: number, offset: number, length: number, more: boolean): boolean {
    const { next, length: lengths } = this.pieces;
    const end = offset + length;
    let ahead = -1;
    let behind = this.head[entry];
    while (behind >= 0 && this.offset[behind] < offset) {
      ahead = behind;
      behind = next[behind];
    }
    if (behind >= 0 && this.offset[behind] === offset && lengths[behind] === length) {
      this.drop(packet);
      return false;
    }
    const overlaps =
      (ahead >= 0 && this.offset[ahead] + lengths[ahead] > offset) ||
      (behind >= 0 && this.offset[behind] < end);
    // Two ends that differ, or bytes behind the end.
    const total = this.total[entry];
    const contradicts = (total >= 0 && (end > total || (!more && end !== total))) || (!more && behind >= 0);
    next[packet] = behind;
    if (ahead < 0) this.head[entry] = packet;
    else next[ahead] = packet;
    if (this.fragments[entry] === 0) this.active += 1;
    this.fragments[entry] += 1;
    this.received[entry] += length;
    if (!more) this.total[entry] = end;
    if (!overlaps && !contradicts && this.fragments[entry] <= FRAGMENTS_MAX) {
      if (COSTLY) this.checkOrder(entry);
      return true;
    }
    this.giveUp(entry, false);
    return false;
  }

  /**
   * RFC 3168 §5.3: a datagram is marked when one of its fragments is; the first one's header says so then.
   * @returns false where one is marked and another may not be: whoever did that, the mark must not be lost.
   */
  private joinMarks(first: number): boolean {
    const { view } = this.environment;
    const { header, next } = this.pieces;
    let marked = false;
    let incapable = false;
    for (let at = first; at >= 0; at = next[at]) {
      const ecn = view.getUint8(header[at] + IPV4_TOS) & ECN_BITS;
      if (ecn === ECN_CE) marked = true;
      else if (ecn === ECN_NOT_CAPABLE) incapable = true;
    }
    if (!marked) return true;
    view.setUint8(header[first] + IPV4_TOS, view.getUint8(header[first] + IPV4_TOS) | ECN_CE);
    return !incapable;
  }

  /** Drops a fragment that is in no datagram. */
  private drop(packet: number): void {
    this.slotsHeld -= 1;
    assert(this.slotsHeld >= 0, 'reassembly: a fragment that is dropped was held');
    this.environment.packets.free(packet);
  }

  /**
   * Drops a datagram; RFC 1122 §3.3.2: its sender is told when it took too long and its first fragment is
   * there.
   */
  private giveUp(entry: number, timedOut: boolean): void {
    assert(this.head[entry] >= 0, 'reassembly: a datagram that is given up has a fragment');
    this.environment.counters[IP_REASM_FAILS] += 1;
    let first = this.head[entry];
    this.slotsHeld -= this.fragments[entry];
    this.release(entry);
    if (timedOut && this.offset[first] === 0) {
      const second = this.pieces.next[first];
      this.pieces.next[first] = -1;
      this.listener.reassemblyTimedOut(first);
      first = second;
    }
    this.pieces.free(first);
  }

  private release(entry: number): void {
    this.head[entry] = -1;
    this.active -= 1;
  }

  private checkCounts(): void {
    const fragments = this.head.reduce(
      (sum, first, entry) => (first >= 0 ? sum + this.fragments[entry] : sum),
      0,
    );
    assert(fragments === this.slotsHeld, 'reassembly: every slot held is a fragment of one datagram');
    const active = this.head.reduce((sum, first) => (first >= 0 ? sum + 1 : sum), 0);
    assert(active === this.active, 'reassembly: the datagrams being put together are counted');
  }

  /** Costs a walk over a datagram's fragments. */
  private checkOrder(entry: number): void {
    const { next, length } = this.pieces;
    let end = 0;
    let bytes = 0;
    for (let at = this.head[entry]; at >= 0; at = next[at]) {
      assert(this.offset[at] >= end, 'reassembly: fragments lie in order and do not overlap');
      end = this.offset[at] + length[at];
      bytes += length[at];
    }
    assert(bytes === this.received[entry], 'reassembly: the bytes that are there are counted');
  }
}
