/**
 * The payload and the FIN of an acceptable segment: RFC 9293 §3.10.7.4, seventh and eighth check. In-order
 * payload stays in its packet slot until taken; what is out of order is queued late. Decides when an
 * acknowledgement goes (RFC 9293 §3.8.6.3, RFC 5681 §4.2): at once at the start, for every second full
 * segment, and when anything is out of order.
 */
import {
  BYTES_ACCEPTED,
  TCP_DUPLICATES,
  TCP_OUT_OF_ORDER,
  TCP_PACKETS_PRUNED,
} from '../../ledger/counters.gen.ts';
import { FIN } from '../header/tcp.ts';
import { ACK_DELAYED, ACK_NONE, ACK_NOW } from './control-block/acknowledgements.ts';
import { acknowledgeNow, enterTimeWait } from './lifecycle.ts';
import type { SegmentIn } from './segment-in.ts';
import { setState } from './set-state.ts';
import { CLOSE_WAIT, CLOSING, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2 } from './state.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';
import { startAckDelay } from './timers.ts';

/** More duplicates than this at once tell the peer nothing new. */
const DUPLICATES_MAX = 4;

/** @returns true when the packet slot is kept. // Hot path. */
export function receiveText(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): boolean {
  let { seq, payload, length } = segment;
  let fin = (segment.flags & FIN) !== 0;
  const old = (tcb.rcvNxt - seq) | 0;
  if (old > 0) {
    // Had been here before, at least in part: say so at once (RFC 9293 §3.10.7.4, first check; RFC 2883).
    if (old >= length + (fin ? 1 : 0)) return receivedBefore(tcp, tcb, seq, length);
    seq = tcb.rcvNxt;
    payload += old;
    length -= old;
    if (length < 0) length = 0;
  }
  const beyond = (seq + length - tcb.rcvAdv) | 0;
  if (beyond > 0) {
    length -= beyond;
    fin = false;
    acknowledgeNow(tcp, tcb, ACK_NOW);
    if (length <= 0) return false;
  }
  if (fin && tcb.received.finKnown === 0) {
    tcb.received.finKnown = 1;
    tcb.received.finSeq = (seq + length) | 0;
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
    acceptInOrder(tcp, tcb, length);
  }
  if (tcb.received.finKnown !== 0 && tcb.received.finSeq === tcb.rcvNxt) receiveFin(tcp, tcb);
  else if (length > 0 && tcb.owner >= 0) tcp.environment.owner.readable(tcb.owner);
  return kept;
}

/** No slot can be spared: as if it had been lost. */
function refuseText(tcp: TcpTables, tcb: Tcb): boolean {
  tcp.environment.counters[TCP_PACKETS_PRUNED] += 1;
  tcb.received.finKnown = 0;
  return false;
}

function receivedBefore(tcp: TcpTables, tcb: Tcb, seq: number, length: number): boolean {
  tcp.environment.counters[TCP_DUPLICATES] += 1;
  if (length > 0 && tcb.sackPermitted !== 0) {
    tcb.received.duplicateStart = seq;
    tcb.received.duplicateEnd = (seq + length) | 0;
  }
  acknowledgeNow(tcp, tcb, ACK_NOW);
  return false;
}

function receiveLate(
  tcp: TcpTables,
  tcb: Tcb,
  packet: number,
  seq: number,
  payload: number,
  length: number,
): boolean {
  acknowledgeNow(tcp, tcb, ACK_NOW);
  if (length === 0) return false;
  // Without SACK the peer counts duplicates (RFC 5681 §4.2), so segments that came together are not answered together.
  if (tcb.sackPermitted === 0 && tcb.acks.duplicatesOwed < DUPLICATES_MAX) tcb.acks.duplicatesOwed += 1;
  const { receiveQueue, environment } = tcp;
  if (!receiveQueue.hasRoomLate(tcb, environment.config.outOfOrderMax)) {
    environment.counters[TCP_PACKETS_PRUNED] += 1;
    return false;
  }
  tcb.received.lateNewest = seq;
  if (receiveQueue.insertLate(tcb, packet, seq, payload, length)) {
    environment.counters[TCP_OUT_OF_ORDER] += 1;
    return true;
  }
  environment.counters[TCP_DUPLICATES] += 1;
  if (tcb.sackPermitted !== 0) {
    tcb.received.duplicateStart = seq;
    tcb.received.duplicateEnd = (seq + length) | 0;
  }
  return false;
}

/** `length` more bytes are in order. // Hot path. */
function acceptInOrder(tcp: TcpTables, tcb: Tcb, length: number): void {
  const { environment } = tcp;
  tcb.rcvNxt = (tcb.rcvNxt + length) | 0;
  if (length > tcb.received.segmentBytesMax) tcb.received.segmentBytesMax = length;
  tcb.acks.lastDataUs = environment.nowUs;
  let accepted = length;
  let now = false;
  if (tcb.received.lateHead >= 0) {
    // A hole is filled, wholly or in part: at once (RFC 5681 §4.2).
    accepted += tcp.receiveQueue.promoteLate(tcb);
    now = true;
  }
  environment.counters[BYTES_ACCEPTED] += accepted;
  if (tcb.acks.quick > 0 && tcb.acks.pingPong === 0) {
    tcb.acks.quick -= 1;
    now = true;
  }
  if (now || ((tcb.rcvNxt - tcb.acks.lastSent) | 0) > tcb.received.segmentBytesMax) {
    acknowledgeNow(tcp, tcb, ACK_NOW);
  } else if (tcb.acks.owed === ACK_NONE) {
    tcb.acks.owed = ACK_DELAYED;
    startAckDelay(tcp, tcb);
  }
}

/** RFC 9293 §3.10.7.4, eighth check: the FIN has come in order. */
function receiveFin(tcp: TcpTables, tcb: Tcb): void {
  if (tcb.received.finTaken !== 0) return;
  const { owner } = tcb;
  tcb.received.finTaken = 1;
  tcb.rcvNxt = (tcb.rcvNxt + 1) | 0;
  acknowledgeNow(tcp, tcb, ACK_NOW);
  tcp.receiveQueue.dropLate(tcb);
  if (tcb.state === ESTABLISHED) setState(tcp, tcb, CLOSE_WAIT);
  else if (tcb.state === FIN_WAIT_1) setState(tcp, tcb, CLOSING);
  else if (tcb.state === FIN_WAIT_2) enterTimeWait(tcp, tcb, true);
  if (owner >= 0) tcp.environment.owner.readable(owner);
}
