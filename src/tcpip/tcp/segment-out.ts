/**
 * Writes one segment's headers and hands it to the port. The payload's pieces have been added before. Every
 * segment tells all there is to tell: acknowledgement, window, timestamps; so sending one settles whatever
 * acknowledgement was owed.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { IP_OUT_REQUESTS, TCP_OUT_SEGS, TCP_RETRANS_SEGS } from '../../ledger/counters.gen.ts';
import { type LinkPort, TX_CHECKSUM, TX_RETRANSMIT } from '../contract.ts';
import { ETHERNET_BYTES, ETHERTYPE_IPV4, writeEthernetAddresses } from '../header/ethernet.ts';
import { ECN_CAPABLE, ECN_NOT_CAPABLE, fold, IPV4_BYTES, PROTOCOL_TCP } from '../header/ipv4.ts';
import {
  ACK,
  SYN,
  TCP_ACK,
  TCP_BYTES,
  TCP_CHECKSUM,
  TCP_OFFSET_FLAGS,
  TCP_OPTIONS,
  TCP_SEQ,
  TIMESTAMPS_BYTES,
  TIMESTAMPS_WORD,
  URG,
} from '../header/tcp.ts';
import { before } from '../seq.ts';
import { ACK_NONE } from './control-block/acknowledgements.ts';
import { TIMER_ACK } from './control-block/timers.ts';
import { segmentFlags } from './ecn.ts';
import { advertisedMss } from './path.ts';
import { writeSackBlocks } from './sack-receiver.ts';
import { SYN_SENT } from './state.ts';
import { putSynOptions } from './syn-options.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';
import { pointsToUrgent, urgentPointer } from './urgent.ts';
import { advertiseWindow, windowShift } from './window.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

const TCP_AT = ETHERNET_BYTES + IPV4_BYTES;

/**
 * @param at where `claim` said. @param seq of the first byte. @param flags of the TCP header.
 * @param length payload bytes. @param sum of the payload, where the device does not sum.
 * @param tx TX_ bits. @param segmentBytes with TX_SEGMENT: payload of each segment. // Hot path: 14 stores.
 */
export function sendSegment(
  tcp: TcpTables,
  tcb: Tcb,
  at: number,
  seq: number,
  flags: number,
  length: number,
  sum: number,
  tx: number,
  segmentBytes: number,
): void {
  const { environment } = tcp;
  const { view, counters } = environment;
  const port = environment.ports[tcb.port];
  const segment = at + TCP_AT;
  if (COSTLY) checkSegment(tcb, seq, length, segmentBytes);
  let headerBytes = TCP_BYTES;
  if ((flags & SYN) !== 0) {
    headerBytes += writeSynOptions(tcp, tcb, segment + TCP_OPTIONS);
  } else if (tcb.stamps.on !== 0) {
    view.setInt32(segment + TCP_OPTIONS, TIMESTAMPS_WORD);
    view.setInt32(segment + TCP_OPTIONS + 4, (environment.nowMs + tcb.stamps.offset) | 0);
    view.setInt32(segment + TCP_OPTIONS + 8, tcb.stamps.recent);
    headerBytes += TIMESTAMPS_BYTES;
  }
  if (length === 0 && tcb.sackPermitted !== 0 && (flags & SYN) === 0) {
    headerBytes += writeSackBlocks(tcp, tcb, segment + headerBytes);
  }
  const tcpLength = headerBytes + length;
  // RFC 3168 §6.1.4 to §6.1.6: neither an acknowledgement nor what is sent again may be marked.
  const isNew = length > 0 && (tx & TX_RETRANSMIT) === 0;
  const hasMarks = tcb.marks.on !== 0 && (flags & SYN) === 0;
  writeLinkAndIpv4(
    tcp,
    tcb,
    port,
    at,
    IPV4_BYTES + tcpLength,
    hasMarks && isNew ? ECN_CAPABLE : ECN_NOT_CAPABLE,
  );

  view.setInt32(segment, (tcb.localPort << 16) | tcb.remotePort);
  view.setInt32(segment + TCP_SEQ, seq);
  view.setInt32(segment + TCP_ACK, (flags & ACK) === 0 ? 0 : tcb.rcvNxt);
  let bits = hasMarks ? flags | segmentFlags(tcb, isNew) : flags;
  let urgent = 0;
  if (tcb.sndUrgent !== 0 && pointsToUrgent(tcb, seq)) {
    bits |= URG;
    urgent = urgentPointer(tcb, seq);
  }
  const window = advertiseWindow(tcp, tcb, (flags & SYN) === 0 ? tcb.rcvScale : 0);
  view.setInt32(segment + TCP_OFFSET_FLAGS, (((headerBytes << 10) | bits) << 16) | window);
  const pseudo = fold(tcb.pseudoSum + tcpLength);
  // Counted before it leaves: in virtual time a segment leaves once what is counted has been paid for.
  counters[IP_OUT_REQUESTS] += 1;
  counters[(tx & TX_RETRANSMIT) === 0 ? TCP_OUT_SEGS : TCP_RETRANS_SEGS] += 1;
  if (port.transmitChecksum) {
    view.setInt32(segment + TCP_CHECKSUM, (pseudo << 16) | urgent);
    port.send(TCP_AT + headerBytes, tx | TX_CHECKSUM, segmentBytes);
  } else {
    view.setInt32(segment + TCP_CHECKSUM, urgent);
    // Header lengths are even, so the payload's sum starts at an even offset.
    const checksum = fold(environment.sum(segment, headerBytes, pseudo) + sum);
    view.setInt16(segment + TCP_CHECKSUM, ~checksum);
    port.send(TCP_AT + headerBytes, tx, segmentBytes);
  }
  noteSegment(tcp, tcb, length);
}

/** A segment has left: it has told all that was owed. // Hot path. */
function noteSegment({ environment }: TcpTables, tcb: Tcb, length: number): void {
  const { acks, timers, totals } = tcb;
  totals.segmentsOut += 1;
  if (length > 0) {
    totals.dataSegmentsOut += 1;
    totals.bytesSent += length;
    totals.lastDataSentMs = environment.nowMs;
    if (tcb.options.unsentLowBytes !== 0 && tcb.owner >= 0) environment.owner.sent?.(tcb.owner);
  }
  acks.owed = ACK_NONE;
  acks.pushed = 0;
  acks.lastSent = tcb.rcvNxt;
  timers.armed &= ~TIMER_ACK;
  timers.lastSendUs = environment.nowUs;
}

function checkSegment(tcb: Tcb, seq: number, length: number, segmentBytes: number): void {
  assert(
    !before(seq, (tcb.sndUna - 1) | 0),
    'segment: but for a probe it repeats nothing that was acknowledged',
  );
  assert(tcb.neighbour >= 0, 'segment: the next hop has a hardware address');
  assert(
    length <= tcb.mss || segmentBytes > 0 || tcb.mtuSearch.probeStart === seq,
    'segment: payload beyond the MSS is for the device to cut, or a probe',
  );
}

/** Ethernet and IPv4 headers, the latter from its prepared sum. @param ecn see `ECN_BITS`. */
function writeLinkAndIpv4(
  tcp: TcpTables,
  tcb: Tcb,
  port: LinkPort,
  at: number,
  totalLength: number,
  ecn: number,
): void {
  const { view } = tcp.environment;
  const { macHigh, macLow } = tcp.neighbours;
  writeEthernetAddresses(view, at, macHigh[tcb.neighbour], macLow[tcb.neighbour], port.macHigh, port.macLow);
  const id = (tcb.ipId + 1) & 0xffff;
  tcb.ipId = id;
  view.setInt32(at + 12, (ETHERTYPE_IPV4 << 16) | 0x4500 | tcb.tos | ecn);
  view.setInt32(at + 16, (totalLength << 16) | id);
  view.setInt32(at + 20, (tcb.fragmentBits << 16) | (tcb.ttl << 8) | PROTOCOL_TCP);
  view.setInt16(at + 24, ~fold(tcb.ipSum + totalLength + id + ecn));
  view.setInt32(at + 26, tcb.localAddress);
  view.setInt32(at + 30, tcb.remoteAddress);
}

/**
 * What our SYN offers. A SYN-ACK offers only what the SYN
 * offered; whether that is so has been put into the Tcb. @returns bytes, a multiple of 4.
 */
function writeSynOptions(tcp: TcpTables, tcb: Tcb, from: number): number {
  const { view, config, nowMs } = tcp.environment;
  const active = tcb.state === SYN_SENT;
  const sack = active ? config.sack : tcb.sackPermitted !== 0;
  const stamped = active ? config.timestamps : tcb.stamps.on !== 0;
  const scales = active ? config.windowScaling : tcb.scaling !== 0;
  const shift = active ? windowShift(tcb.received.bufferBytesMax) : tcb.rcvScale;
  const value = (nowMs + tcb.stamps.offset) | 0;
  const mss = advertisedMss(tcp, tcb);
  return putSynOptions(view, from, mss, sack, scales ? shift : -1, stamped, value, tcb.stamps.recent);
}
