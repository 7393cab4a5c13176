/**
 * What a connection sends when `flush` comes to it, in this order: its SYN; a probe; a segment found lost;
 * new data and the FIN as far as windows, Nagle and silly-window avoidance let it; an acknowledgement if one
 * is still owed. Read: RFC 9293 §3.7.4, §3.8.6.2.1, RFC 5681 §3.1, RFC 3042.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import {
  TCP_OUT_DATA_BYTES,
  TCP_OUT_RSTS,
  TCP_OUT_SEGS,
  TCP_RETRANS_SEGS,
} from '../../ledger/counters.gen.ts';
import { TX_RETRANSMIT, TX_SEGMENT } from '../contract.ts';
import { ACK, FIN, PSH, RST } from '../header/tcp.ts';
import { after, atOrAfter, before, earlier, hasPassed } from '../seq.ts';
import { ACK_NOW } from './control-block/acknowledgements.ts';
import { DUE_NOTHING } from './control-block/recovery-state.ts';
import { OUTSTANDING_TIMERS, SENDING_TIMERS, TIMER_REORDER } from './control-block/timers.ts';
import { checkTablesSometimes, checkTcb } from './identities.ts';
import { closeTcb } from './lifecycle.ts';
import { noteProbe } from './mtu-probe.ts';
import { PROBE_NONE_NOW, PROBE_WAITS, probePayload } from './mtu-search.ts';
import { claim, countRetransmission, outputAck, outputProbe, outputSyn } from './output-control.ts';
import { hasNeighbour } from './path.ts';
import { agePathMtu } from './path-mtu.ts';
import { markReady } from './ready.ts';
import type { ReadyRing } from './ready-ring.ts';
import { sendSegment } from './segment-out.ts';
import { ELEMENT_WAITS } from './send-queue.ts';
import { noteSending } from './sending-time.ts';
import { CLOSED, LISTEN, SYN_RECEIVED, SYN_SENT, TIME_WAIT } from './state.ts';
import type { TcpTables } from './tables.ts';
import { flightBytes, hasUnsent, segmentMost, type Tcb } from './tcb.ts';
import { startAfterSend, startPersist, startRetransmit, startTimeout } from './timers.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** Packets that one connection may send before it is the next one's turn. */
const BURST = 32;
/** The most payload of a packet that the device cuts: its headers must fit below 65535, too. */
const SEGMENT_TOTAL_MAX = 65535 - 120;

/**
 * Serves connections that owe something, at most `budget` packets by each port. A full port holds back only
 * what leaves by it. @returns packets sent. // Hot path.
 */
export function flushConnections(tcp: TcpTables, budget: number): number {
  const { ready } = tcp;
  let sent = 0;
  for (let port = 0; port < ready.length; port++) {
    if (!ready[port].isEmpty) sent += flushPort(tcp, ready[port], port, budget);
  }
  if (COSTLY) checkTablesSometimes(tcp);
  return sent;
}

/** Serves the connections that leave by one port. */
function flushPort(tcp: TcpTables, ready: ReadyRing, port: number, budget: number): number {
  const bit = 1 << port;
  let sent = 0;
  tcp.portFull = false;
  while (!ready.isEmpty && sent < budget) {
    const tcb = tcp.tcbs[ready.shift()];
    if (COSTLY) assert((tcb.ready & bit) !== 0, 'output: a connection in the ring is marked as being in it');
    tcb.ready &= ~bit;
    // A connection given up while in the ring may have come back with another port: it is in that port's
    // ring.
    if (tcb.inUse === 0) tcp.spare(tcb);
    if (tcb.inUse === 0 || tcb.port !== port) continue;
    const packets = output(tcp, tcb);
    sent += packets;
    // Who was refused at once goes first when the port has room again; who has sent goes behind the others,
    // or a stream that always finds the port full in the end would be the only one to send.
    if (tcp.portFull && (tcb.ready & bit) === 0) {
      if (packets === 0) ready.prepend(tcb.index);
      else ready.append(tcb.index);
      tcb.ready |= bit;
    }
    if (COSTLY) checkTcb(tcp, tcb);
    if (tcp.portFull) break;
  }
  return sent;
}

/** Sends what one connection owes. @returns packets sent; `portFull` is set when the port refused. */
function output(tcp: TcpTables, tcb: Tcb): number {
  const { state } = tcb;
  if (state === CLOSED || state === LISTEN || state === TIME_WAIT || tcb.hashed === 0) return 0;
  if (tcb.moving !== 0) return 0;
  if (!hasNeighbour(tcp, tcb)) {
    if (tcb.nextHop === 0) strandedOutput(tcp, tcb);
    return 0;
  }
  if (tcb.pathMtu !== 0) agePathMtu(tcp, tcb);
  if (tcb.resetDue !== 0) return outputReset(tcp, tcb);
  if (state === SYN_SENT || state === SYN_RECEIVED) return outputSyn(tcp, tcb);
  let sent = 0;
  if (tcb.timers.probeDue !== 0) sent += outputProbe(tcp, tcb);
  // SACK blocks go on bare acknowledgements only, and only those are duplicates: so they go first, before a
  // segment with data settles the debt.
  if (tcb.acks.owed === ACK_NOW && (tcb.received.lateHead >= 0 || tcb.acks.duplicatesOwed > 0))
    sent += outputAck(tcp, tcb);
  if (tcb.recovery.due !== DUE_NOTHING) sent += outputLost(tcp, tcb);
  sent += outputData(tcp, tcb);
  if (tcb.acks.owed === ACK_NOW) sent += outputAck(tcp, tcb);
  noteSending(tcb, tcp.environment.nowUs);
  return sent;
}

/** What is owed has no way out: the time-outs look for one again, until they give up. */
function strandedOutput(tcp: TcpTables, tcb: Tcb): void {
  assert(tcb.neighbour < 0, 'output: who has no next hop has no neighbour');
  if (tcb.resetDue !== 0) closeTcb(tcp, tcb);
  else if ((tcb.timers.armed & SENDING_TIMERS) === 0 && (flightBytes(tcb) > 0 || hasUnsent(tcb)))
    startRetransmit(tcp, tcb);
}

/**
 * The last of a connection whose user has gone with a reset: what windows let go, be it ever so short, then
 * the reset. A full port holds both back. @returns packets sent.
 */
function outputReset(tcp: TcpTables, tcb: Tcb): number {
  assert(tcb.resetDue !== 0 && tcb.parent < 0, 'output: a connection that is reset belongs to no listener');
  let sent = outputData(tcp, tcb);
  if (sent < BURST && !tcp.portFull) {
    tcb.sndForced = 1;
    sent += outputData(tcp, tcb);
  }
  // No time-out sends anything again.
  tcb.timers.armed = 0;
  if ((tcb.ready & (1 << tcb.port)) !== 0 || tcp.portFull) return sent;
  const at = claim(tcp, tcb);
  if (at < 0) return sent;
  sendSegment(tcp, tcb, at, tcb.sndMax, RST | ACK, 0, 0, 0, 0);
  tcp.environment.counters[TCP_OUT_RSTS] += 1;
  closeTcb(tcp, tcb);
  return sent + 1;
}

/** Sends what recovery finds lost, a segment at a time. */
function outputLost(tcp: TcpTables, tcb: Tcb): number {
  const { sendQueue, recovery } = tcp;
  let sent = 0;
  while (sent < BURST) {
    const length = recovery.next(tcb);
    if (length < 0) return sent;
    const at = claim(tcp, tcb);
    if (at < 0) return sent;
    const seq = tcb.recovery.lostSeq;
    if (COSTLY)
      assert(
        atOrAfter(seq, tcb.sndUna) && before(seq, tcb.sndMax),
        'output: what is sent again has been sent and is not acknowledged',
      );
    const { sends } = tcb;
    const { cursor, cursorOffset } = sends;
    let gathered = 0;
    let flags = ACK;
    if (length > 0) {
      sendQueue.seek(tcb, (seq - tcb.sndUna) | 0);
      gathered = sendQueue.gather(tcb, length);
      if (sendQueue.pushed !== 0) flags |= PSH;
      // New data goes on where it was.
      sends.cursor = cursor;
      sends.cursorOffset = cursorOffset;
    }
    const end = (seq + gathered) | 0;
    const fin = tcb.finQueued !== 0 && end === tcb.sndEnd && after(tcb.sndMax, end);
    if (fin) flags |= FIN;
    sendSegment(tcp, tcb, at, seq, flags, gathered, length > 0 ? sendQueue.sum : 0, TX_RETRANSMIT, 0);
    countRetransmission(tcp, tcb, gathered);
    tcb.rtt.timing = 0;
    recovery.resent(tcb, fin ? (end + 1) | 0 : end);
    // As on Linux the time-out of what is waited for begins anew with it (RFC 6675 §6 lets it).
    const isAnew = seq === tcb.sndUna && (tcb.timers.armed & TIMER_REORDER) === 0;
    if (isAnew || (tcb.timers.armed & OUTSTANDING_TIMERS) === 0) startTimeout(tcp, tcb);
    sent += 1;
  }
  markReady(tcp, tcb);
  return sent;
}

/** New data (after a time-out, old data again), and the FIN. // Hot path. */
function outputData(tcp: TcpTables, tcb: Tcb): number {
  let sent = 0;
  let follows = false;
  let probe = tcb.mtuSearch.on === 0 ? PROBE_NONE_NOW : probePayload(tcp, tcb);
  if (probe === PROBE_WAITS) return 0;
  while (sent < BURST) {
    if (tcb.sndNxt !== tcb.sndMax) skipHeld(tcp, tcb);
    const available = (tcb.sndEnd - tcb.sndNxt) | 0;
    if (available < 0 || (available === 0 && tcb.finQueued === 0)) return sent;
    const length: number = available === 0 ? 0 : probe > 0 ? probe : sendable(tcp, tcb, available, follows);
    if (length === 0 && available > 0) {
      if (tcb.sndUna === tcb.sndNxt && (tcb.timers.armed & SENDING_TIMERS) === 0) {
        startPersist(tcp, tcb);
      }
      return sent;
    }
    const at = claim(tcp, tcb);
    if (at < 0) return sent;
    follows = length >= tcb.mss;
    sendData(tcp, tcb, at, length, available, probe > 0);
    probe = PROBE_NONE_NOW;
    sent += 1;
  }
  markReady(tcp, tcb);
  return sent;
}

/** Going back over what was sent, skips what the peer says it holds. */
function skipHeld(tcp: TcpTables, tcb: Tcb): void {
  const end = tcp.recovery.heldUntil(tcb, tcb.sndNxt);
  if (end === tcb.sndNxt) return;
  tcb.sndNxt = end;
  tcp.sendQueue.seek(tcb, (end - tcb.sndUna) | 0);
}

/**
 * How much of the queue the next segment (or segments, where the device cuts) may hold.
 * @param follows whether a full segment has gone just before. @returns bytes; 0: nothing now. // Hot path.
 */
function sendable(tcp: TcpTables, tcb: Tcb, available: number, follows: boolean): number {
  const mss = segmentMost(tcb);
  const resending = before(tcb.sndNxt, tcb.sndMax);
  let usable = tcp.recovery.window(tcb, resending);
  if (usable <= 0) {
    // The peer has shrunk its window over what is out: the first segment of that serves as the probe (RFC
    // 9293 MUST-35, MAY-7).
    if (!resending || tcb.sndNxt !== tcb.sndUna) return 0;
    usable = mss;
  }
  let length = Math.min(available, usable);
  if (tcb.sends.records > 0) {
    const record = tcp.sendQueue.bytesOfRecord(tcb, length);
    // The end of a record with more behind it goes as it is, like a full segment.
    if (record < length && record < mss && !resending) return record;
    length = record;
  }
  if (resending) {
    // Never old and new bytes in one segment: the ledger counts them apart.
    const old = (earlier(tcb.sndMax, tcb.sndEnd) - tcb.sndNxt) | 0;
    if (old > 0 && length > old) length = old;
    length = tcp.recovery.bytesToHeld(tcb, tcb.sndNxt, length);
  }
  if (length >= mss) {
    if (length === mss) return mss;
    const cut = tcp.environment.ports[tcb.port].segmentBytesMax;
    // Each segment has a pointer of its own to urgent data.
    if (cut <= mss || mss !== tcb.mss || tcb.sndUrgent !== 0) return mss;
    const most = Math.min(length, cut, SEGMENT_TOTAL_MAX);
    return most - (most % mss);
  }
  if (resending || tcb.sndForced !== 0) return length;
  if (length < available) return follows && fillsWindow(tcb, length) ? length : 0;
  // It is all that is left, and less than a full segment. Announced bytes hold it back, and Nagle's algorithm
  // does while another small segment is out.
  if ((tcb.finQueued | tcb.sndUrgent) !== 0) return length;
  if (tcb.options.cork !== 0 || (tcp.sendQueue.flags[tcb.sends.tail] & ELEMENT_WAITS) !== 0) return 0;
  const smallIsOut = after(tcb.sndSmall, tcb.sndUna) && atOrAfter(tcb.sndNxt, tcb.sndSmall);
  return tcb.options.noDelay === 0 && smallIsOut ? 0 : length;
}

/**
 * Whether the rest of the peer's window goes as a short segment behind full ones: as on Linux, without Nagle.
 */
export function fillsWindow(tcb: Tcb, length: number): boolean {
  if (COSTLY) assert(length < tcb.mss, 'output: what fills a window is less than a full segment');
  return tcb.options.noDelay !== 0 && flightBytes(tcb) + length === tcb.sndWnd;
}

/**
 * Sends `length` bytes from `sndNxt` on, with the FIN if they are the last.
 * @param whole not to be cut by the device: a probe of the path's MTU. // Hot path.
 */
function sendData(
  tcp: TcpTables,
  tcb: Tcb,
  at: number,
  length: number,
  available: number,
  whole: boolean,
): void {
  const { sendQueue, environment } = tcp;
  const { counters, nowUs } = environment;
  const seq = tcb.sndNxt;
  const resending = before(seq, tcb.sndMax);
  if (COSTLY) assert(length <= available, 'output: no more is sent than is queued');
  let flags = ACK;
  let gathered = 0;
  let sum = 0;
  if (length > 0) {
    gathered = sendQueue.gather(tcb, length);
    sum = sendQueue.sum;
    if (sendQueue.pushed !== 0) flags |= PSH;
    tcb.sndForced = 0;
  }
  let end = (seq + gathered) | 0;
  if (tcb.finQueued !== 0 && gathered === available && gathered <= tcb.mss) {
    flags |= gathered > 0 ? FIN | PSH : FIN; // As on Linux, whatever was announced behind the bytes.
    end = (end + 1) | 0;
  }
  let tx = resending ? TX_RETRANSMIT : 0;
  let segments = 1;
  if (whole) noteProbe(tcb, seq, gathered);
  else if (gathered > tcb.mss) {
    tx |= TX_SEGMENT;
    segments = ((gathered + tcb.mss - 1) / tcb.mss) | 0;
  }
  if (COSTLY) assert(end !== seq, 'output: a segment of data holds bytes, the FIN, or both');
  sendSegment(tcp, tcb, at, seq, flags, gathered, sum, tx, segments > 1 ? tcb.mss : 0);
  counters[resending ? TCP_RETRANS_SEGS : TCP_OUT_SEGS] += segments - 1;
  tcb.totals.segmentsOut += segments - 1;
  tcb.totals.dataSegmentsOut += segments - 1;
  tcb.ipId = (tcb.ipId + segments - 1) & 0xffff;
  tcb.sndNxt = end;
  if (resending) {
    countRetransmission(tcp, tcb, gathered);
    tcb.rtt.timing = 0;
    if (after(end, tcb.sndMax)) tcb.sndMax = end;
  } else {
    counters[TCP_OUT_DATA_BYTES] += gathered;
    tcb.sndMax = end;
    const { rtt } = tcb;
    if (rtt.timing === 0) {
      rtt.timing = 1;
      rtt.timedSeq = end;
      rtt.timedUs = nowUs;
    }
    if (gathered > 0) {
      if (gathered < tcb.mss && gathered < segmentMost(tcb)) tcb.sndSmall = end;
      if (!hasPassed(nowUs, tcb.acks.lastDataUs, environment.config.delayedAckUs)) tcb.acks.pingPong = 1;
    }
    tcp.recovery.sent(tcb, seq, end, segments);
  }
  startAfterSend(tcp, tcb);
}
