/**
 * The transmission control block: one connection or listener. Only int32 numbers, so that no field ever
 * allocates, and all made in the constructor in one order, so that every Tcb has one shape. Names are RFC
 * 9293 §3.3.1's.
 *
 * Identities (checked by the tests):
 * - `sndUna <= sndNxt <= sndMax`; `sndMax` is the highest sequence number ever sent; `sndNxt < sndMax` only
 *   while what was sent is sent again after a time-out.
 * - `sndEnd - sndUna` data bytes are queued, the first of them `sendHeadOffset` bytes into element
 *   `sendHead`.
 * - With `finQueued` the FIN has sequence number `sndEnd`.
 * - `rcvAdv - rcvNxt` is the window the peer was told; it never shrinks but by data arriving.
 */
import { ACK_NONE, CLOSED, RECOVERY_NONE } from './state.ts';

export class Tcb {
  /** The number the user knows it by. */
  readonly index: number;
  state = CLOSED;
  /** The user's number; -1: nobody's. */
  owner = -1;
  /** 0 while in the pool. */
  inUse = 0;
  /** Embryonic and not yet accepted connections: their listener; else -1. */
  parent = -1;
  /** Why the connection failed; what ICMP said so far. */
  error = 0;
  softError = 0;

  // who with
  localAddress = 0;
  remoteAddress = 0;
  localPort = 0;
  remotePort = 0;
  /** 1 while the demultiplexer knows the connection. */
  hashed = 0;
  bound = 0;
  boundNext = -1;
  nextHop = 0;
  neighbour = -1;
  awaitsNeighbour = 0;
  /** Sums of the constant parts of the IPv4 header and the pseudo-header. */
  ipSum = 0;
  pseudoSum = 0;
  ipId = 0;
  ttl = 64;
  tos = 0;

  // sending
  iss = 0;
  sndUna = 0;
  sndNxt = 0;
  sndMax = 0;
  sndEnd = 0;
  sndWnd = 0;
  sndWndMax = 0;
  sndWl1 = 0;
  sndWl2 = 0;
  sndScale = 0;
  /** 1: both sides scale their windows. */
  scaling = 0;
  sndUp = 0;
  urgent = 0;
  /** Right end of the last segment sent shorter than the MSS (Nagle as Minshall has it). */
  sndSmall = 0;
  finQueued = 0;
  /** Largest payload of a segment, timestamps already taken off. */
  mss = 536;
  /** The same by the peer's option alone and by TCP_MAXSEG, before path and options. */
  mssPeer = 536;
  mssUser = 0;
  pathMtu = 0;
  sendHead = -1;
  sendTail = -1;
  sendHeadOffset = 0;
  sendCount = 0;
  /** The element and offset of `sndNxt`; -1 at the end of the queue. */
  cursor = -1;
  cursorOffset = 0;
  /** A segment is to be sent whatever Nagle and silly-window avoidance say (their override timer). */
  forced = 0;

  // receiving
  irs = 0;
  rcvNxt = 0;
  rcvAdv = 0;
  rcvScale = 0;
  rcvBuffer = 0;
  /** In-order bytes waiting to be taken; taken and not yet consumed. */
  rcvQueued = 0;
  rcvUnconsumed = 0;
  /** Largest payload seen: what "full-sized" means for acknowledgements. */
  rcvMss = 0;
  rcvHead = -1;
  rcvTail = -1;
  lateHead = -1;
  lateTail = -1;
  lateCount = 0;
  /**
   * The segment that arrived out of order last: the first SACK block is the one that holds it (RFC 2018 §4).
   */
  lateNewest = 0;
  duplicateStart = 0;
  duplicateEnd = 0;
  slotsHeld = 0;
  finKnown = 0;
  finSeq = 0;
  /** 1 once the FIN has been taken in order. */
  finReceived = 0;
  shutdownRead = 0;
  rcvUp = 0;
  rcvUrgent = 0;

  // timestamps, RFC 7323
  timestamps = 0;
  tsRecent = 0;
  tsRecentMs = 0;
  tsOffset = 0;
  lastAckSent = 0;
  sackPermitted = 0;

  // acknowledging
  ackOwed = ACK_NONE;
  /** Acknowledgements owed for segments out of order, where each counts (no SACK). */
  duplicatesOwed = 0;
  quickAcks = 0;
  pingPong = 0;
  lastDataUs = 0;
  challengeUs = 0;
  challenged = 0;

  // round-trip time, RFC 6298: srtt times 8, rttvar times 4
  srtt = 0;
  rttvar = 0;
  rto = 0;
  rttTiming = 0;
  rttSeq = 0;
  rttUs = 0;
  /** Expiries since the last progress. */
  retries = 0;
  stalledMs = 0;
  lastSendUs = 0;
  lastReceiveMs = 0;
  synRetransmitted = 0;

  // congestion
  cwnd = 0;
  ssthresh = 0;
  cwndAcked = 0;
  cwndLimited = 0;
  dupAcks = 0;
  recovery = RECOVERY_NONE;
  recover = 0;
  /** Not 0: the next flush sends something again; see `recovery.ts`. */
  retransmitDue = 0;
  /** Set by `nextRetransmission`: where the segment to send again starts. */
  lostSeq = 0;
  /** With SACK: highest sequence number sent again in this recovery. */
  highRetransmitted = 0;
  /** The scoreboard's ranges: the first, how many, and their bytes. */
  sackHead = -1;
  sackCount = 0;
  sackedBytes = 0;
  retransmissions = 0;

  // timers
  timers = 0;
  retransmitAt = 0;
  ackAt = 0;
  keepAliveAtMs = 0;
  finWaitAt = 0;
  heapDeadline = 0;
  heapPosition = -1;
  probes = 0;
  probeDue = 0;

  // options
  noDelay = 0;
  keepAlive = 0;
  keepIdleSeconds = 0;
  keepIntervalSeconds = 0;
  keepProbes = 0;
  userTimeoutMs = 0;
  lingerSeconds = -1;
  reuseAddress = 0;
  sendBuffer = 0;

  // listening
  backlog = 0;
  embryoCount = 0;
  acceptHead = -1;
  acceptTail = -1;
  acceptCount = 0;
  acceptNext = -1;

  /**
   * 1 while in the ring of connections that owe the wire something; 2: left there for want of room in the
   * port.
   */
  ready = 0;

  constructor(index: number) {
    this.index = index;
  }
}
