/**
 * The payload and the FIN of an acceptable segment: RFC 9293 §3.10.7.4, seventh and eighth check. In-order
 * payload stays in its packet slot until taken; what is out of order is queued late. Decides when an
 * acknowledgement goes (RFC 9293 §3.8.6.3, RFC 5681 §4.2): at once at the start, for every second full
 * segment, and when anything is out of order.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import {
  BYTES_ACCEPTED,
  TCP_DUPLICATES,
  TCP_OUT_OF_ORDER,
  TCP_PACKETS_PRUNED,
} from '../../ledger/counters.gen.ts';
import { CWR, FIN, PSH } from '../header/tcp.ts';
import { after, atOrBefore, before } from '../seq.ts';
import { ACK_DELAYED, ACK_NONE } from './control-block/acknowledgements.ts';
import { takeMark } from './ecn.ts';
import { measureSegment } from './peer-segments.ts';
import { acknowledgeNow } from './ready.ts';
import { measureReceiver } from './receiver-rtt.ts';
import { noteLate } from './sack-receiver.ts';
import type { SegmentIn } from './segment-in.ts';
import { setState } from './set-state.ts';
import { CLOSE_WAIT, CLOSING, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2 } from './state.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';
import { enterTimeWait } from './time-wait-state.ts';
import { startAckDelay } from './timers.ts';
import { withholdWindow } from './window.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** More duplicates than this at once tell the peer nothing new. */
const DUPLICATES_MAX = 4;

/** @returns true when the packet slot is kept. // Hot path. */
export function receiveText(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): boolean {
  const { received } = tcb;
  let { seq, payload, length } = segment;
  if (COSTLY) assert(!after(seq, tcb.rcvAdv), 'receive: text that is taken begins in the window');
  let fin = (segment.flags & FIN) !== 0;
  const old = (tcb.rcvNxt - seq) | 0;
  const isOld = old >= length + (fin ? 1 : 0);
  if (tcb.marks.on !== 0) takeMark(tcp, tcb, segment, isOld);
  if (old > 0) {
    // It had been here before, at least in part.
    if (isOld) return receivedBefore(tcp, tcb, seq, length);
    noteDuplicate(tcb, seq, Math.min(old, length));
    acknowledgeNow(tcp, tcb);
    seq = tcb.rcvNxt;
    payload += old;
    length -= old;
    if (length < 0) length = 0;
  }
  const beyond = (seq + length - tcb.rcvAdv) | 0;
  if (beyond > 0) {
    acknowledgeNow(tcp, tcb);
    if (tcp.environment.config.takesBeyondWindow && seq === tcb.rcvNxt) {
      // The first check has let it pass: the peer had been promised less, and has got more.
      tcb.rcvAdv = (seq + length) | 0;
    } else {
      length -= beyond;
      fin = false;
      if (length <= 0) return false;
    }
  }
  if (fin && received.finKnown === 0) {
    received.finKnown = 1;
    received.finSeq = (seq + length) | 0;
  }
  if (seq !== tcb.rcvNxt) return receiveLate(tcp, tcb, segment.packet, seq, payload, length);
  let kept = false;
  if (length > 0) {
    const { receiveQueue } = tcp;
    if (!receiveQueue.isShort(tcb)) {
      receiveQueue.append(tcb, segment.packet, payload, length);
      kept = true;
    } else if (!receiveQueue.collapse(tcb, payload, length)) {
      if (!receiveQueue.hasRoom(tcb)) return refuseText(tcp, tcb);
      receiveQueue.append(tcb, segment.packet, payload, length);
      kept = true;
    }
    measureSegment(tcb, Math.min(length, segment.segmentBytes), (segment.flags & PSH) !== 0);
    acceptInOrder(tcp, tcb, length);
  }
  if (received.finKnown !== 0 && received.finSeq === tcb.rcvNxt) receiveFin(tcp, tcb);
  else if (length > 0 && tcb.owner >= 0) tcp.environment.owner.readable(tcb.owner);
  return kept;
}

/**
 * Text that came in several segments and crosses the stack as one. Its parts are queued in turn, each as the
 * segment that it was: what follows from their number and their length (acknowledgements at the start, the
 * peer's segment size, what came twice, which slots can be spared) is as if they had come by themselves.
 * @returns true: each slot is kept, or has been freed. // Hot path.
 */
export function receiveMerged(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): boolean {
  const { packets } = tcp.environment;
  const { chains } = packets;
  const { flags } = segment;
  let { seq } = segment;
  const first = segment.packet;
  for (let packet = first; packet >= 0; ) {
    const following = chains.next[packet];
    const length = chains.length[packet];
    if (following >= 0) {
      tcb.totals.segmentsIn += 1;
      tcb.totals.dataSegmentsIn += 1;
    }
    if (COSTLY) assert(length > 0, 'receive: each slot of a packet in several holds text');
    segment.packet = packet;
    segment.seq = seq;
    segment.payload = chains.address[packet];
    segment.length = length;
    segment.segmentBytes = chains.segmentBytes[packet] || length;
    // The device has put together what has CWR first or not at all.
    segment.flags = (following < 0 ? flags : flags & ~(FIN | PSH)) & (packet === first ? -1 : ~CWR);
    seq = (seq + length) | 0;
    if (!isReceiving(tcb)) {
      // A FIN that had come before has been reached: nothing follows it.
      packets.free(packet);
    } else if (after(segment.seq, tcb.rcvAdv)) {
      // Alone, one that begins behind the window would not have been acceptable.
      acknowledgeNow(tcp, tcb);
      packets.free(packet);
    } else if (!receiveText(tcp, tcb, segment)) {
      packets.free(packet);
    }
    packet = following;
  }
  return true;
}

/** No slot can be spared: the segment is dropped, as if it had been lost. */
function refuseText(tcp: TcpTables, tcb: Tcb): boolean {
  tcp.environment.counters[TCP_PACKETS_PRUNED] += 1;
  withholdWindow(tcp, tcb);
  tcb.received.finKnown = 0;
  return false;
}

/** Says at once that the segment had been here (RFC 9293 §3.10.7.4, first check; RFC 2883). */
export function receivedBefore(tcp: TcpTables, tcb: Tcb, seq: number, length: number): boolean {
  tcp.environment.counters[TCP_DUPLICATES] += 1;
  if (length > 0) noteDuplicate(tcb, seq, length);
  acknowledgeNow(tcp, tcb);
  return false;
}

/** Reports what the late queue held already of the segment that has just come, if anything. */
function noteOverlap({ receiveQueue }: TcpTables, tcb: Tcb): void {
  const bytes = (receiveQueue.overlapEnd - receiveQueue.overlapStart) | 0;
  if (bytes > 0) noteDuplicate(tcb, receiveQueue.overlapStart, bytes);
}

/**
 * The next acknowledgement reports these bytes as received twice, where the peer understands it (RFC 2883).
 * Of several that came together it is the first, with what adjoins it, as on Linux (tcp_dsack_extend).
 */
export function noteDuplicate(tcb: Tcb, seq: number, length: number): void {
  assert(length > 0, 'SACK: a block of what came twice holds at least one byte');
  if (tcb.sackPermitted === 0) return;
  const { received } = tcb;
  const { duplicateStart: start, duplicateEnd: end } = received;
  const next = (seq + length) | 0;
  if (start === end) {
    received.duplicateStart = seq;
    received.duplicateEnd = next;
  } else if (!after(seq, end) && !after(start, next)) {
    if (before(seq, start)) received.duplicateStart = seq;
    if (after(next, end)) received.duplicateEnd = next;
  }
}

/** Payload behind a hole. @returns true when its packet slot is kept. */
function receiveLate(
  tcp: TcpTables,
  tcb: Tcb,
  packet: number,
  seq: number,
  payload: number,
  length: number,
): boolean {
  acknowledgeNow(tcp, tcb);
  if (length === 0) return false;
  // Without SACK the peer counts duplicates (RFC 5681 §4.2), so segments that came together are not answered
  // together.
  if (tcb.sackPermitted === 0 && tcb.acks.duplicatesOwed < DUPLICATES_MAX) tcb.acks.duplicatesOwed += 1;
  const { receiveQueue, environment } = tcp;
  if (!receiveQueue.hasRoomLate(tcb, environment.config.outOfOrderMax)) {
    environment.counters[TCP_PACKETS_PRUNED] += 1;
    if (receiveQueue.isShort(tcb)) withholdWindow(tcp, tcb);
    return false;
  }
  const kept = receiveQueue.insertLate(tcb, packet, seq, payload, length);
  noteLate(tcp, tcb, seq);
  noteOverlap(tcp, tcb);
  tcb.totals.outOfOrderIn += 1;
  environment.counters[kept ? TCP_OUT_OF_ORDER : TCP_DUPLICATES] += 1;
  return kept;
}

/** `length` more bytes are in order. // Hot path. */
function acceptInOrder(tcp: TcpTables, tcb: Tcb, length: number): void {
  const { environment } = tcp;
  const { received, acks } = tcb;
  tcb.rcvNxt = (tcb.rcvNxt + length) | 0;
  if (COSTLY)
    assert(
      atOrBefore(tcb.rcvNxt, tcb.rcvAdv),
      'receive: no byte is taken beyond the window that was offered',
    );
  const sinceUs = (environment.nowUs - acks.lastDataUs) | 0;
  acks.lastDataUs = environment.nowUs;
  // After a pause the peer may begin with a small window: it is acknowledged as quickly as at first (Linux).
  if (sinceUs < 0 || sinceUs > tcb.rtt.rto) acks.quick = environment.config.quickAcks;
  let accepted = length;
  let now = false;
  if (received.lateHead >= 0) {
    // A hole is filled, wholly or in part: at once (RFC 5681 §4.2).
    accepted += tcp.receiveQueue.promoteLate(tcb);
    // Of one segment the first stretch is reported that came twice (RFC 2883 §4).
    if (received.duplicateStart === received.duplicateEnd) noteOverlap(tcp, tcb);
    now = true;
  }
  environment.counters[BYTES_ACCEPTED] += accepted;
  tcb.totals.bytesReceived += accepted;
  measureReceiver(tcp, tcb, length);
  if (acks.quick > 0 && acks.pingPong === 0) {
    acks.quick -= 1;
    now = true;
  }
  const unacknowledged = (tcb.rcvNxt - acks.lastSent) | 0;
  if (now || unacknowledged > received.segmentBytesMax) {
    acknowledgeNow(tcp, tcb);
  } else if (acks.owed === ACK_NONE) {
    acks.owed = ACK_DELAYED;
    startAckDelay(tcp, tcb);
  }
}

/** Whether the peer's half is still open. */
function isReceiving(tcb: Tcb): boolean {
  const { state } = tcb;
  return state === ESTABLISHED || state === FIN_WAIT_1 || state === FIN_WAIT_2;
}

/** RFC 9293 §3.10.7.4, eighth check: the peer has closed its half, and all that it sent is here. */
function receiveFin(tcp: TcpTables, tcb: Tcb): void {
  const { received, owner } = tcb;
  if (received.finTaken !== 0) return;
  assert(isReceiving(tcb), 'receive: the peer closes its half while that is open');
  received.finTaken = 1;
  tcb.rcvNxt = (tcb.rcvNxt + 1) | 0;
  tcb.totals.bytesReceived += 1;
  acknowledgeNow(tcp, tcb);
  tcp.receiveQueue.dropLate(tcb);
  // As on Linux (tcp_fin): of what came with the FIN nothing is reported as received twice.
  received.duplicateStart = received.duplicateEnd;
  // The peer has closed first, at the same time, or after us.
  if (tcb.state === ESTABLISHED) setState(tcp, tcb, CLOSE_WAIT);
  else if (tcb.state === FIN_WAIT_1) setState(tcp, tcb, CLOSING);
  else if (tcb.state === FIN_WAIT_2) enterTimeWait(tcp, tcb, true);
  if (owner >= 0) tcp.environment.owner.readable(owner);
}
