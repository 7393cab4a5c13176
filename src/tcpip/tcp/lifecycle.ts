/**
 * How a Tcb comes and goes: from the pool and back, in and out of the demultiplexer, its end by FIN, reset or
 * time-out, and the move to the TIME-WAIT table. The byte counters are balanced here when queues are thrown
 * away.
 */

import {
  BYTES_DISCARDED,
  BYTES_UNACKNOWLEDGED,
  BYTES_UNREAD,
  TCP_ATTEMPT_FAILS,
  TCP_ESTAB_RESETS,
  TCP_TIME_WAIT_OVERFLOWS,
} from '../../ledger/counters.gen.ts';
import { EHOSTUNREACH } from '../../socket/errno.ts';
import { addressSum, DONT_FRAGMENT, PROTOCOL_TCP } from '../header/ipv4.ts';
import { ACK, RST } from '../header/tcp.ts';
import { earlier, later } from '../seq.ts';
import { TIMER_RETRANSMIT } from './control-block/timers.ts';
import { setState } from './set-state.ts';
import { CLOSE_WAIT, CLOSED, ESTABLISHED, LISTEN, SYN_RECEIVED, SYN_SENT, TIME_WAIT } from './state.ts';
import { markReady, type TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';
import { startRetransmit } from './timers.ts';
import { advertiseWindow } from './window.ts';

/** @returns a Tcb from the pool, as new; undefined when there is none. */
export function allocateTcb(tcp: TcpTables): Tcb | undefined {
  if (tcp.freeTcbCount === 0) return undefined;
  const tcb = tcp.tcbs[tcp.freeTcbs[--tcp.freeTcbCount]];
  tcb.reset(tcp.environment.config);
  tcb.inUse = 1;
  tcb.timers.lastReceiveMs = tcp.environment.nowMs;
  return tcb;
}

/** Gives a Tcb back to the pool. It must hold nothing any more. */
export function releaseTcb(tcp: TcpTables, tcb: Tcb): void {
  if (tcb.inUse === 0 || tcb.hashed !== 0 || tcb.received.slotsHeld !== 0 || tcb.sends.count !== 0) {
    throw new Error(`connection ${tcb.index} released while it holds something`);
  }
  unbindTcb(tcp, tcb);
  stopAwaiting(tcp, tcb);
  tcb.inUse = 0;
  tcb.owner = -1;
  setState(tcp, tcb, CLOSED);
  tcb.timers.armed = 0;
  tcp.freeTcbs[tcp.freeTcbCount++] = tcb.index;
}

/** Ports as segments from the peer have them. */
export function portsOf(tcb: Tcb): number {
  return (tcb.remotePort << 16) | tcb.localPort;
}

/**
 * Gives a connection its addresses' place in the demultiplexer and prepares the constant parts of its
 * headers.
 */
export function hashTcb(tcp: TcpTables, tcb: Tcb): void {
  tcp.demux.insert(tcb.remoteAddress, tcb.localAddress, portsOf(tcb), tcb.index + 1);
  tcb.hashed = 1;
  prepareHeader(tcb);
}

/** Finds the next hop and the port for a connection's remote address. */
export function routeTcb(tcp: TcpTables, tcb: Tcb): void {
  tcb.nextHop = tcp.routes.nextHop(tcb.remoteAddress);
  tcb.port = tcp.routes.portFor(tcb.remoteAddress);
  tcb.neighbour = -1;
}

/** The constant parts of the checksums; again whenever TTL or TOS change. */
export function prepareHeader(tcb: Tcb): void {
  const addresses = addressSum(tcb.localAddress) + addressSum(tcb.remoteAddress);
  tcb.pseudoSum = addresses + PROTOCOL_TCP;
  tcb.ipSum = addresses + (0x4500 | tcb.tos) + DONT_FRAGMENT + ((tcb.ttl << 8) | PROTOCOL_TCP);
}

export function unhashTcb(tcp: TcpTables, tcb: Tcb): void {
  if (tcb.hashed === 0) return;
  tcb.hashed = 0;
  tcp.demux.remove(tcb.remoteAddress, tcb.localAddress, portsOf(tcb));
}

export function bindTcb(tcp: TcpTables, tcb: Tcb, address: number, port: number): void {
  tcb.localAddress = address;
  tcb.localPort = port;
  tcb.bound = 1;
  tcb.boundNext = tcp.bound.first(port);
  tcp.bound.setFirst(port, tcb.index);
}

export function unbindTcb(tcp: TcpTables, tcb: Tcb): void {
  if (tcb.bound === 0) return;
  tcb.bound = 0;
  const { bound, tcbs } = tcp;
  const first = bound.first(tcb.localPort);
  if (first === tcb.index) {
    bound.setFirst(tcb.localPort, tcb.boundNext);
    return;
  }
  let before = tcbs[first];
  while (before.boundNext !== tcb.index) before = tcbs[before.boundNext];
  before.boundNext = tcb.boundNext;
}

export function stopAwaiting(tcp: TcpTables, tcb: Tcb): void {
  if (tcb.awaitsNeighbour === 0) return;
  tcb.awaitsNeighbour = 0;
  tcp.awaitingNeighbour -= 1;
}

/** Answers what is still queued for sending, and books it as never sent or never acknowledged. */
export function discardSends(tcp: TcpTables, tcb: Tcb): void {
  if (tcb.sends.count === 0) return;
  const { counters } = tcp.environment;
  const sent = earlier(tcb.sndMax, tcb.sndEnd);
  const inFlight = (sent - later(tcb.sndUna, (tcb.iss + 1) | 0)) | 0;
  const outstanding = Math.max(inFlight, 0);
  counters[BYTES_UNACKNOWLEDGED] += outstanding;
  let queued = -tcb.sends.headOffset;
  for (let e = tcb.sends.head; e >= 0; e = tcp.sendQueue.next[e]) queued += tcp.sendQueue.length[e];
  counters[BYTES_DISCARDED] += queued - outstanding;
  tcp.sendQueue.discard(tcb);
  tcb.sends.cursor = -1;
}

/** Throws away what was received and not taken. */
export function discardReceived(tcp: TcpTables, tcb: Tcb): void {
  tcp.receiveQueue.dropLate(tcb);
  tcp.environment.counters[BYTES_UNREAD] += tcp.receiveQueue.dropAll(tcb);
}

/**
 * The connection is over: nothing more is sent or expected. What was received can still be taken while it has
 * an owner; else the Tcb goes back to the pool. @param state what its owner sees from now on: CLOSED or TIME_WAIT.
 */
export function closeTcb(tcp: TcpTables, tcb: Tcb, state: number = CLOSED): void {
  unhashTcb(tcp, tcb);
  stopAwaiting(tcp, tcb);
  setState(tcp, tcb, state);
  tcb.timers.armed = 0;
  tcp.recovery.forget(tcb);
  discardSends(tcp, tcb);
  tcp.receiveQueue.dropLate(tcb);
  if (tcb.owner >= 0) return;
  discardReceived(tcp, tcb);
  releaseTcb(tcp, tcb);
}

/** The connection has failed: tells the owner, and closes. @param errno why. */
export function failTcb(tcp: TcpTables, tcb: Tcb, errno: number): void {
  const { state, owner } = tcb;
  const { counters } = tcp.environment;
  if (state === SYN_SENT || state === SYN_RECEIVED) counters[TCP_ATTEMPT_FAILS] += 1;
  else if (state === ESTABLISHED || state === CLOSE_WAIT) counters[TCP_ESTAB_RESETS] += 1;
  if (tcb.parent >= 0) leaveListener(tcp, tcb);
  tcb.error = errno;
  closeTcb(tcp, tcb);
  if (owner < 0) return;
  if (state === SYN_SENT || state === SYN_RECEIVED) tcp.environment.owner.connected(owner, errno);
  else tcp.environment.owner.failed(owner, errno);
}

/** Takes an embryonic or not yet accepted connection from its listener. */
export function leaveListener(tcp: TcpTables, tcb: Tcb): void {
  const listener = tcp.tcbs[tcb.parent];
  tcb.parent = -1;
  if (tcb.state === SYN_RECEIVED) {
    listener.listening.embryoCount -= 1;
    return;
  }
  let before = -1;
  let at = listener.listening.acceptHead;
  while (at !== tcb.index) {
    before = at;
    at = tcp.tcbs[at].acceptNext;
  }
  if (before < 0) listener.listening.acceptHead = tcb.acceptNext;
  else tcp.tcbs[before].acceptNext = tcb.acceptNext;
  if (tcb.acceptNext < 0) listener.listening.acceptTail = before;
  listener.listening.acceptCount -= 1;
}

/** Queues a reset for the peer (RFC 9293 §3.10.7.1, ABORT). */
export function queueReset(tcp: TcpTables, tcb: Tcb): void {
  const ports = (tcb.localPort << 16) | tcb.remotePort;
  const { localAddress, remoteAddress } = tcb;
  tcp.replies.queue(localAddress, remoteAddress, ports, tcb.sndMax, tcb.rcvNxt, RST | ACK, 0);
}

/** Aborts: a reset to the peer where the state asks for one, then over. The owner is not told. */
export function abortTcb(tcp: TcpTables, tcb: Tcb): void {
  if (tcb.state !== SYN_SENT && tcb.state !== CLOSED && tcb.state !== LISTEN && tcb.state !== TIME_WAIT) {
    queueReset(tcp, tcb);
  }
  if (tcb.parent >= 0) leaveListener(tcp, tcb);
  closeTcb(tcp, tcb);
}

/**
 * Moves a connection whose FINs are both acknowledged to the TIME-WAIT table; the last acknowledgement goes
 * from there.
 */
export function enterTimeWait(tcp: TcpTables, tcb: Tcb, acknowledge: boolean): void {
  const { timeWait, demux, environment } = tcp;
  if (timeWait.isFull) {
    environment.counters[TCP_TIME_WAIT_OVERFLOWS] += 1;
    endTimeWait(tcp, timeWait.oldest);
  }
  const { nowUs } = environment;
  const entry = timeWait.take(nowUs, (nowUs + environment.config.timeWaitUs) | 0);
  timeWait.remoteAddress[entry] = tcb.remoteAddress;
  timeWait.localAddress[entry] = tcb.localAddress;
  timeWait.ports[entry] = portsOf(tcb);
  timeWait.sndNxt[entry] = tcb.sndMax;
  timeWait.rcvNxt[entry] = tcb.rcvNxt;
  timeWait.window[entry] = advertiseWindow(tcp, tcb, tcb.rcvScale);
  timeWait.timestamps[entry] = tcb.stamps.on;
  timeWait.tsRecent[entry] = tcb.stamps.recent;
  timeWait.tsOffset[entry] = tcb.stamps.offset;
  demux.replace(tcb.remoteAddress, tcb.localAddress, portsOf(tcb), -(entry + 1));
  tcb.hashed = 0;
  if (acknowledge) acknowledgeFromTimeWait(tcp, entry);
  // The owner must not be told of CLOSED in between.
  closeTcb(tcp, tcb, TIME_WAIT);
}

export function endTimeWait(tcp: TcpTables, entry: number): void {
  const { timeWait } = tcp;
  tcp.demux.remove(timeWait.remoteAddress[entry], timeWait.localAddress[entry], timeWait.ports[entry]);
  timeWait.release(entry);
}

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
  if (queued && timeWait.timestamps[entry] === 1) {
    replies.addTimestamps((environment.nowMs + timeWait.tsOffset[entry]) | 0, timeWait.tsRecent[entry]);
  }
}

/** Sends an acknowledgement at the next flush. */
export function acknowledgeNow(tcp: TcpTables, tcb: Tcb, owed: number): void {
  tcb.acks.owed = owed;
  markReady(tcp, tcb);
}

/**
 * A neighbour's hardware address has become known, or nobody answered: those who wait for it go on, or fail.
 */
export function neighbourChanged(tcp: TcpTables, neighbour: number, ready: boolean): void {
  if (tcp.awaitingNeighbour === 0) return;
  const address = tcp.neighbours.address[neighbour];
  for (let i = 0; i < tcp.tcbs.length && tcp.awaitingNeighbour > 0; i++) {
    const tcb = tcp.tcbs[i];
    if (tcb.awaitsNeighbour === 0 || tcb.nextHop !== address) continue;
    stopAwaiting(tcp, tcb);
    if (ready) {
      markReady(tcp, tcb);
    } else if (tcb.state === SYN_SENT) {
      failTcb(tcp, tcb, EHOSTUNREACH);
    } else {
      // RFC 9293 §3.9.2.2: a soft error; the retransmission timer asks again, and gives up in the end.
      tcb.softError = EHOSTUNREACH;
      if ((tcb.timers.armed & TIMER_RETRANSMIT) === 0) startRetransmit(tcp, tcb);
    }
  }
}
