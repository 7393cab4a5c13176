/** A connection in TIME-WAIT: how it gets into the table (`time-wait.ts`), what it answers, how it ends. */
import { assert } from '../../assert/assert.ts';
import { TCP_TIME_WAIT_OVERFLOWS } from '../../ledger/counters.gen.ts';
import { ACK } from '../header/tcp.ts';
import { after, before } from '../seq.ts';
import { mayChallenge } from './challenge.ts';
import { setIss } from './handshake.ts';
import { holdForTimeWait } from './holds.ts';
import { closeTcb } from './lifecycle.ts';
import { TIME_WAIT } from './state.ts';
import type { TcpTables } from './tables.ts';
import { portPair, type Tcb } from './tcb.ts';
import { advertiseWindow } from './window.ts';

/** Linux's step from the last sequence number of a TIME-WAIT pair to the first of its successor. */
const SUCCESSOR_STEP = 65537;

/**
 * Moves a connection whose FINs have both been received and acknowledged to the table.
 * @param acknowledge whether the peer's FIN is still to be acknowledged: it is done from the table.
 */
export function enterTimeWait(tcp: TcpTables, tcb: Tcb, acknowledge: boolean): void {
  const { timeWait, demux, environment } = tcp;
  assert(tcb.received.finTaken !== 0, 'TIME-WAIT: the peer has closed its half before');
  assert(after(tcb.sndUna, tcb.sndEnd), 'TIME-WAIT: the peer has acknowledged our FIN before');
  if (timeWait.isFull) {
    environment.counters[TCP_TIME_WAIT_OVERFLOWS] += 1;
    endTimeWait(tcp, timeWait.oldest);
  }
  const { nowUs } = environment;
  const entry = timeWait.take(nowUs, (nowUs + environment.config.timeWaitUs) | 0);
  timeWait.remoteAddress[entry] = tcb.remoteAddress;
  timeWait.localAddress[entry] = tcb.localAddress;
  timeWait.ports[entry] = portPair(tcb);
  timeWait.sndNxt[entry] = tcb.sndMax;
  timeWait.rcvNxt[entry] = tcb.rcvNxt;
  timeWait.window[entry] = advertiseWindow(tcp, tcb, tcb.rcvScale);
  timeWait.tos[entry] = tcb.tos;
  timeWait.timestamps[entry] = tcb.stamps.on;
  timeWait.tsRecent[entry] = tcb.stamps.recent;
  timeWait.tsOffset[entry] = tcb.stamps.offset;
  demux.replace(tcb.remoteAddress, tcb.localAddress, portPair(tcb), -(entry + 1));
  holdForTimeWait(tcp, tcb);
  if (acknowledge) acknowledgeFromTimeWait(tcp, entry);
  // The owner must not be told of CLOSED in between.
  closeTcb(tcp, tcb, TIME_WAIT);
}

/** The entry has waited long enough, or gives its place or its pair to another connection. */
export function endTimeWait(tcp: TcpTables, entry: number): void {
  const { timeWait } = tcp;
  assert(entry >= 0, 'TIME-WAIT: it ends for an entry that there is');
  const ports = timeWait.ports[entry];
  tcp.demux.remove(timeWait.remoteAddress[entry], timeWait.localAddress[entry], ports);
  tcp.holders.remove(ports & 0xffff, timeWait.localAddress[entry], 0);
  timeWait.release(entry);
}

/** The least initial sequence number of a connection that follows on an entry's pair (RFC 6191 §2). */
export function successorIss(tcp: TcpTables, entry: number): number {
  return (tcp.timeWait.sndNxt[entry] + SUCCESSOR_STEP) | 0;
}

/**
 * An active opener takes its pair over, if it is in TIME-WAIT: later sequence numbers, the old timestamps.
 */
export function succeedTimeWait(tcp: TcpTables, tcb: Tcb): void {
  const found = tcp.demux.find(tcb.remoteAddress, tcb.localAddress, portPair(tcb));
  if (found === 0) return;
  assert(found < 0, 'TIME-WAIT: a pair is taken over from the table, not from a living connection');
  const entry = -found - 1;
  const least = successorIss(tcp, entry);
  if (before(tcb.iss, least)) setIss(tcb, least);
  tcb.stamps.offset = tcp.timeWait.tsOffset[entry];
  endTimeWait(tcp, entry);
}

/** Tells the peer again what is expected of it. */
export function acknowledgeFromTimeWait(tcp: TcpTables, entry: number): void {
  const { timeWait, replies, environment } = tcp;
  const ports = timeWait.ports[entry];
  const queued = replies.queue(
    timeWait.localAddress[entry],
    timeWait.remoteAddress[entry],
    (ports << 16) | (ports >>> 16),
    timeWait.sndNxt[entry],
    timeWait.rcvNxt[entry],
    ACK,
    timeWait.window[entry],
  );
  if (!queued) return;
  // As on Linux its type of service is the connection's, and its time to live the host's.
  replies.setService(timeWait.tos[entry], environment.config.ttl);
  if (timeWait.timestamps[entry] === 1) {
    replies.addTimestamps((environment.nowMs + timeWait.tsOffset[entry]) | 0, timeWait.tsRecent[entry]);
  }
}

/**
 * Answers a segment without data that is out of place, once in a while: two ends that both wait, and
 * disagree, would else answer each other for as long as they do (RFC 5961 §7).
 */
export function challengeFromTimeWait(tcp: TcpTables, entry: number): void {
  const { timeWait, environment } = tcp;
  assert(timeWait.count > 0, 'TIME-WAIT: what challenges is a connection that waits');
  if (!mayChallenge(environment, timeWait.answered[entry], timeWait.answeredUs[entry])) return;
  timeWait.answered[entry] = 1;
  timeWait.answeredUs[entry] = environment.nowUs;
  acknowledgeFromTimeWait(tcp, entry);
}
