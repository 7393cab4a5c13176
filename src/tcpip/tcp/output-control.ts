/** What a connection sends beside data: its SYN, bare acknowledgements, and probes of an idle peer. */
import { assert } from '../../assert/assert.ts';
import { TCP_RETRANS_BYTES, TCP_WINDOW_PROBES } from '../../ledger/counters.gen.ts';
import { TX_RETRANSMIT } from '../contract.ts';
import { ACK, SYN } from '../header/tcp.ts';
import { ACK_NONE, ACK_NOW } from './control-block/acknowledgements.ts';
import { OUTSTANDING_TIMERS, PROBE_DUE, PROBE_DUE_ALONE } from './control-block/timers.ts';
import { synFlags } from './ecn.ts';
import { forgetProbe } from './mtu-probe.ts';
import { sendSegment } from './segment-out.ts';
import { SYN_SENT } from './state.ts';
import type { TcpTables } from './tables.ts';
import { hasUnsent, type Tcb } from './tcb.ts';
import { startTimeout } from './timers.ts';

/** Claims room for one packet. @returns its address; -1: the port is full, and `portFull` says so. */
export function claim(tcp: TcpTables, tcb: Tcb): number {
  const at = tcp.environment.ports[tcb.port].claim();
  if (at < 0) tcp.portFull = true;
  return at;
}

/** Our SYN, alone or with the acknowledgement of the peer's. */
export function outputSyn(tcp: TcpTables, tcb: Tcb): number {
  if (tcb.sndNxt !== tcb.iss) {
    return tcb.acks.owed === ACK_NOW ? outputAck(tcp, tcb) : 0;
  }
  const at = claim(tcp, tcb);
  if (at < 0) return 0;
  assert(tcb.sndUna === tcb.iss, 'output: a SYN is sent only until it is acknowledged');
  const again = tcb.sndMax !== tcb.iss;
  const flags = (tcb.state === SYN_SENT ? SYN : SYN | ACK) | synFlags(tcb, again, tcp.environment.config);
  sendSegment(tcp, tcb, at, tcb.iss, flags, 0, 0, again ? TX_RETRANSMIT : 0, 0);
  tcb.sndNxt = (tcb.iss + 1) | 0;
  const { rtt } = tcb;
  if (again) {
    countRetransmission(tcp, tcb, 0);
    rtt.synRetransmitted = 1;
    rtt.timing = 0;
  } else {
    tcb.sndMax = tcb.sndNxt;
    rtt.timing = 1;
    rtt.timedSeq = tcb.sndNxt;
    rtt.timedUs = tcp.environment.nowUs;
  }
  if ((tcb.timers.armed & OUTSTANDING_TIMERS) === 0) startTimeout(tcp, tcb);
  return 1;
}

/** A bare acknowledgement; several where each duplicate counts. */
export function outputAck(tcp: TcpTables, tcb: Tcb): number {
  const at = claim(tcp, tcb);
  if (at < 0) return 0;
  sendSegment(tcp, tcb, at, tcb.sndMax, ACK, 0, 0, 0, 0);
  let sent = 1;
  const { acks } = tcb;
  while (acks.duplicatesOwed > 1) {
    const again = claim(tcp, tcb);
    if (again < 0) break;
    sendSegment(tcp, tcb, again, tcb.sndMax, ACK, 0, 0, 0, 0);
    acks.duplicatesOwed -= 1;
    sent += 1;
  }
  acks.duplicatesOwed = 0;
  return sent;
}

/**
 * A probe of a closed window or of an idle peer: no data, and an old sequence number, so that the peer must
 * answer (as Linux does).
 */
export function outputProbe(tcp: TcpTables, tcb: Tcb): number {
  let at = claim(tcp, tcb);
  if (at < 0) return 0;
  const { acks } = tcb;
  const { owed } = acks;
  let sent = 1;
  if (tcb.sndUrgent !== 0 && tcb.timers.probeDue === PROBE_DUE && hasUnsent(tcb)) {
    // As Linux (tcp_write_wakeup): the peer is told of it by a segment in its place, too.
    sendSegment(tcp, tcb, at, tcb.sndUna, ACK, 0, 0, 0, 0);
    if (owed !== ACK_NONE) acks.owed = ACK_NOW;
    // The one that asks for an answer goes as well, if not at once.
    tcb.timers.probeDue = PROBE_DUE_ALONE;
    at = claim(tcp, tcb);
    if (at < 0) return sent;
    sent += 1;
  }
  tcb.timers.probeDue = 0;
  sendSegment(tcp, tcb, at, (tcb.sndUna - 1) | 0, ACK, 0, 0, 0, 0);
  // The peer does not look at what a segment out of place acknowledges (RFC 9293 §3.10.7.4, first check):
  // what was owed before is owed still.
  if (owed !== ACK_NONE) acks.owed = ACK_NOW;
  tcp.environment.counters[TCP_WINDOW_PROBES] += 1;
  return sent;
}

/** Counts what `sendSegment`, which counts segments, does not know of one that it has sent again. */
export function countRetransmission(tcp: TcpTables, tcb: Tcb, bytes: number): void {
  const { counters } = tcp.environment;
  counters[TCP_RETRANS_BYTES] += bytes;
  if (tcb.mtuSearch.probeBytes !== 0) forgetProbe(tcb);
  tcb.recovery.retransmissions += 1;
  tcb.totals.bytesRetransmitted += bytes;
}
