/**
 * The transmission control block: one connection or listener. Names are RFC 9293 §3.3.1's.
 *
 * A Tcb is made once and used again: `reset` makes it as new for its next connection. A connection that is
 * idle may lose it to another one, and get another when it is used again (`dormant/`).
 * Every field is an int32 number, so that no store ever allocates, and is given its value in the order of its
 * declaration, so that every Tcb and every group has one shape.
 *
 * What belongs together is a group with its own `reset` (folder `control-block`), made with the Tcb. The
 * variables of RFC 9293 §3.3.1 and what each header is built from stay flat: a segment reads a dozen of them,
 * and in a group each would cost one more dependent load. A function that uses a group more than once reads
 * the group into a local first.
 *
 * Identities (`identities.ts` checks them):
 * - `sndUna <= sndNxt <= sndMax`; `sndMax` is the highest sequence number ever sent; `sndNxt < sndMax` only
 *   while what was sent is sent again after a time-out.
 * - `sndEnd - sndUna` data bytes are queued, the first of them `sends.headOffset` bytes into element
 *   `sends.head`.
 * - With `finQueued` the FIN has sequence number `sndEnd`.
 * - `rcvAdv - rcvNxt` is the window that the peer was told; it never shrinks but by data arriving.
 */
import type { StackConfig } from '../config.ts';
import { before } from '../seq.ts';
import { CongestionState } from './congestion/congestion.ts';
import { Acknowledgements } from './control-block/acknowledgements.ts';
import { Listening } from './control-block/listening.ts';
import { CongestionMarks } from './control-block/marks.ts';
import { MtuSearch } from './control-block/mtu-search.ts';
import { ConnectionOptions } from './control-block/options.ts';
import { RackState } from './control-block/rack-state.ts';
import { Received } from './control-block/received.ts';
import { RecoveryState } from './control-block/recovery-state.ts';
import { RoundTrip } from './control-block/round-trip.ts';
import { SendList } from './control-block/send-list.ts';
import { SentList } from './control-block/sent-list.ts';
import { ConnectionTimers } from './control-block/timers.ts';
import { Timestamps } from './control-block/timestamps.ts';
import { Totals } from './control-block/totals.ts';
import { CLOSED } from './state.ts';

/** RFC 9293 MUST-15: the MSS of a peer that names none. */
export const MSS_DEFAULT = 536;
/** What is left of IPv4's least MTU of 68 bytes. */
const SEGMENT_LEAST = 48;

export class Tcb {
  /** The number by which the user knows the connection; written by `obtainTcb` alone. */
  index: number;
  /** A state of `state.ts`; written by `setState` alone. */
  state = CLOSED;
  /** The user's own number for it; -1 when it belongs to nobody. */
  owner = -1;
  /** 0 while in the pool. Not touched by `reset`: who allocates and who releases say so. */
  inUse = 0;
  /** The listener of a connection that is embryonic or not yet accepted; else -1. */
  parent = -1;
  /** Its neighbours in its listener's list of embryos, or accept queue; -1 at the ends. */
  acceptNext = -1;
  acceptPrevious = -1;
  /** Why the connection failed, and what ICMP has said so far: errno numbers, 0 for none. */
  error = 0;
  softError = 0;

  // Whom it connects.
  localAddress = 0;
  remoteAddress = 0;
  localPort = 0;
  remotePort = 0;
  /** 1 while the demultiplexer knows the connection. */
  hashed = 0;
  /** 1 while the user has it bound to its local port: it is in the port's list. */
  bound = 0;
  /** 1: a bind to port 0 has chosen the port. */
  portChosen = 0;
  /** 1: a bind has named the address. */
  addressNamed = 0;

  // How its packets get there.
  nextHop = 0;
  /** The port by which its segments leave. */
  port = 0;
  /** The neighbour entry of the next hop; -1 when it is to be looked up. */
  neighbour = -1;
  /** 1 while the connection waits for the next hop's hardware address. */
  awaitsNeighbour = 0;
  /** Sums of the constant parts of the IPv4 header and of the pseudo-header. */
  ipSum = 0;
  /** Flags of the IPv4 header, in the upper bits of their 16: DF, or none. */
  fragmentBits = 0;
  pseudoSum = 0;
  /** The identification of the packet sent last; goes on from one connection to the next. */
  ipId = 0;
  ttl = 64;
  tos = 0;

  // Sending.
  iss = 0;
  sndUna = 0;
  sndNxt = 0;
  sndMax = 0;
  /** The sequence number behind the last byte queued; it is the FIN's when one is queued. */
  sndEnd = 0;
  sndWnd = 0;
  /** The largest window that the peer has offered. */
  sndWndMax = 0;
  sndWl1 = 0;
  sndWl2 = 0;
  /** The shift of the windows that the peer offers (RFC 7323 §2). */
  sndScale = 0;
  /** 1 when both sides scale their windows. */
  scaling = 0;
  /** 1 when both sides use SACK. */
  sackPermitted = 0;
  /** 1 while urgent data is to be announced: it ends before `sndUp`. */
  sndUrgent = 0;
  sndUp = 0;
  /**
   * The right end of the last segment sent shorter than the MSS (Minshall's variant of Nagle's algorithm).
   */
  sndSmall = 0;
  /** 1: the next segment goes whatever Nagle and silly-window avoidance say (their override timer). */
  sndForced = 0;
  /** 1 once the user has closed the sending half. */
  finQueued = 0;
  /** 1: nobody owns it any more, and a reset follows what the next flush can still send. */
  resetDue = 0;
  /** 1 while another stack may take it over: it neither sends nor takes anything, and no timer runs. */
  moving = 0;
  /** The largest payload of a segment, timestamps already taken off. */
  mss = MSS_DEFAULT;
  /** The peer's MSS option. */
  mssPeer = MSS_DEFAULT;
  /** What is known of the path's MTU; 0: nothing. And when it became known. */
  pathMtu = 0;
  pathMtuMs = 0;

  // Receiving.
  irs = 0;
  rcvNxt = 0;
  /** The right edge of the window that the peer was told. */
  rcvAdv = 0;
  /** The shift of the windows that we offer. */
  rcvScale = 0;
  /** An URGENT_ number: whether there is an urgent byte that nobody has taken, the one before `rcvUp`. */
  rcvUrgent = 0;
  rcvUp = 0;

  /**
   * One bit for each port in whose ring of connections that owe the wire something it is. Not touched by
   * `reset`: a ring keeps an entry until a flush comes to it.
   */
  ready = 0;
  /**
   * 1 while nobody has it, and all is in it as in a new one that the common part of a record does not say
   * (`dormant-record.ts`): who wakes in it needs no `reset`, which leaves it alone. Of `DormantTable`.
   */
  plain = 0;

  readonly sends = new SendList();
  readonly received = new Received();
  readonly acks = new Acknowledgements();
  readonly stamps = new Timestamps();
  readonly rtt = new RoundTrip();
  readonly recovery = new RecoveryState();
  readonly sent = new SentList();
  readonly rack = new RackState();
  readonly congestion = new CongestionState();
  readonly marks = new CongestionMarks();
  readonly mtuSearch = new MtuSearch();
  readonly timers = new ConnectionTimers();
  readonly options = new ConnectionOptions();
  readonly listening = new Listening();
  readonly totals = new Totals();

  constructor(index: number) {
    this.index = index;
  }

  /** Makes a Tcb from the pool as new. It holds no element, slot, range or timer any more. */
  reset(config: StackConfig): void {
    this.state = CLOSED;
    this.owner = -1;
    this.parent = -1;
    this.acceptNext = -1;
    this.acceptPrevious = -1;
    this.error = 0;
    this.softError = 0;
    this.resetPath(config);
    this.resetSequence();
    this.sends.reset();
    this.received.reset(config);
    this.acks.reset(config);
    this.stamps.reset();
    this.rtt.reset(config);
    this.recovery.reset();
    this.sent.reset();
    this.rack.reset();
    this.congestion.reset();
    this.marks.reset();
    this.mtuSearch.reset();
    this.timers.reset();
    this.options.reset(config);
    this.listening.reset();
    this.totals.reset();
  }

  private resetPath(config: StackConfig): void {
    this.localAddress = 0;
    this.remoteAddress = 0;
    this.localPort = 0;
    this.remotePort = 0;
    this.hashed = 0;
    this.bound = 0;
    this.portChosen = 0;
    this.addressNamed = 0;
    this.nextHop = 0;
    this.port = 0;
    this.neighbour = -1;
    this.awaitsNeighbour = 0;
    this.ipSum = 0;
    this.fragmentBits = 0;
    this.pseudoSum = 0;
    this.ttl = config.ttl;
    this.tos = 0;
  }

  private resetSequence(): void {
    this.iss = 0;
    this.sndUna = 0;
    this.sndNxt = 0;
    this.sndMax = 0;
    this.sndEnd = 0;
    this.sndWnd = 0;
    this.sndWndMax = 0;
    this.sndWl1 = 0;
    this.sndWl2 = 0;
    this.sndScale = 0;
    this.scaling = 0;
    this.sackPermitted = 0;
    this.sndUrgent = 0;
    this.sndUp = 0;
    this.sndSmall = 0;
    this.sndForced = 0;
    this.finQueued = 0;
    this.resetDue = 0;
    this.moving = 0;
    this.mss = MSS_DEFAULT;
    this.mssPeer = MSS_DEFAULT;
    this.pathMtu = 0;
    this.pathMtuMs = 0;
    this.irs = 0;
    this.rcvNxt = 0;
    this.rcvAdv = 0;
    this.rcvScale = 0;
    this.rcvUrgent = 0;
    this.rcvUp = 0;
  }
}

/** Sequence numbers sent and not acknowledged: bytes, and the FIN where one is out. */
export function flightBytes(tcb: Tcb): number {
  return (tcb.sndMax - tcb.sndUna) | 0;
}

/**
 * Bytes of the largest segment that goes. As on Linux (tcp_bound_to_half_wnd) no more than half of the largest
 * window that the peer has offered, so that two are out before it delays an acknowledgement; of a tiny window,
 * all of it. // Hot path.
 */
export function segmentMost({ mss, sndWndMax }: Tcb): number {
  const half = sndWndMax >> 1;
  if (mss <= half || sndWndMax === 0) return mss;
  return Math.min(mss, Math.max(SEGMENT_LEAST, sndWndMax > MSS_DEFAULT ? half : sndWndMax));
}

/** Whether bytes, or a FIN, are queued that were never sent. */
export function hasUnsent({ sndMax, sndEnd, finQueued }: Tcb): boolean {
  return before(sndMax, (sndEnd + finQueued) | 0);
}

/** Ports as segments from the peer have them: the peer's in the upper half. */
export function portPair(tcb: Tcb): number {
  return (tcb.remotePort << 16) | tcb.localPort;
}
