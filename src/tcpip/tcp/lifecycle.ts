/**
 * How a Tcb comes and goes: from the pool and back, in and out of the demultiplexer, and its end by FIN,
 * reset or time-out. The byte counters are balanced here when queues are thrown away.
 */

import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import {
  BYTES_DISCARDED,
  BYTES_UNACKNOWLEDGED,
  BYTES_UNREAD,
  HAND_OFF_FLIGHT_OUT,
  HAND_OFF_UNREAD_OUT,
  HAND_OFF_UNSENT_OUT,
  HAND_OFFS_OUT,
  TCP_ATTEMPT_FAILS,
  TCP_ESTAB_RESETS,
} from '../../ledger/counters.gen.ts';
import { ACK, RST } from '../header/tcp.ts';
import { earlier, later } from '../seq.ts';
import { leaveListener } from './accept-queue.ts';
import { ACK_NONE } from './control-block/acknowledgements.ts';
import { obtainTcb } from './dormant.ts';
import { holdAsConnection, releaseAsConnection } from './holds.ts';
import { prepareHeader, stopAwaiting } from './path.ts';
import { releaseChosenPort, unbindTcb } from './ports.ts';
import { markReady } from './ready.ts';
import { setState } from './set-state.ts';
import { CLOSE_WAIT, CLOSED, ESTABLISHED, LISTEN, SYN_RECEIVED, SYN_SENT, TIME_WAIT } from './state.ts';
import type { TcpTables } from './tables.ts';
import { portPair, type Tcb } from './tcb.ts';
import { advertiseWindow } from './window.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** @returns a Tcb from the pool, as new; undefined when there is none. */
export function allocateTcb(tcp: TcpTables): Tcb | undefined {
  if (tcp.freeTcbCount === 0) return undefined;
  const index = tcp.freeTcbs[--tcp.freeTcbCount];
  const isUnmade = tcp.tcbs[index] === tcp.unmade;
  const tcb = isUnmade ? obtainTcb(tcp, index) : tcp.tcbs[index];
  assert(tcb.inUse === 0, 'connection: one that the pool gives was in the pool');
  tcb.reset(tcp.environment.config);
  if (isUnmade) tcb.ipId = tcp.ipIds[index];
  tcb.plain = 0;
  tcb.inUse = 1;
  tcb.timers.lastReceiveMs = tcp.environment.nowMs;
  return tcb;
}

/** Gives a Tcb back to the pool. It must hold nothing any more. */
export function releaseTcb(tcp: TcpTables, tcb: Tcb): void {
  assert(tcb.inUse === 1, 'connection: one that goes back to the pool was taken from it');
  assert(tcb.hashed === 0, 'connection: one that goes back to the pool is not to be found by segments');
  assert(tcb.received.slotsHeld === 0, 'connection: one that goes back to the pool holds no packet slot');
  assert(tcb.sends.count === 0, 'connection: one that goes back to the pool has nothing to send');
  assert(tcb.recovery.sackCount === 0, 'connection: one that goes back to the pool holds no SACK range');
  assert(tcb.parent < 0, 'connection: one that goes back to the pool has left its listener');
  unbindTcb(tcp, tcb);
  stopAwaiting(tcp, tcb);
  tcb.inUse = 0;
  tcb.owner = -1;
  setState(tcp, tcb, CLOSED);
  tcb.timers.armed = 0;
  tcp.freeTcbs[tcp.freeTcbCount++] = tcb.index;
  tcp.spare(tcb);
}

/** Lets segments from its peer find the connection, and prepares the constant parts of its headers. */
export function hashTcb(tcp: TcpTables, tcb: Tcb): void {
  assert(tcb.hashed === 0, 'connection: one that segments are to find is not to be found yet');
  tcp.departed.forget(tcb.remoteAddress, tcb.localAddress, portPair(tcb));
  tcp.demux.insert(tcb.remoteAddress, tcb.localAddress, portPair(tcb), tcb.index + 1);
  holdAsConnection(tcp, tcb);
  prepareHeader(tcp, tcb);
}

/** Segments from its peer find the connection no longer, if they did. */
export function unhashTcb(tcp: TcpTables, tcb: Tcb): void {
  if (tcb.hashed === 0) return;
  if (COSTLY) {
    const found = tcp.demux.find(tcb.remoteAddress, tcb.localAddress, portPair(tcb));
    assert(found === tcb.index + 1, 'connection: one takes only itself out of the demultiplexer');
  }
  releaseAsConnection(tcp, tcb);
  tcp.demux.remove(tcb.remoteAddress, tcb.localAddress, portPair(tcb));
}

/** Answers what is still queued for sending, and books it as never sent or never acknowledged. */
export function discardSends(tcp: TcpTables, tcb: Tcb): void {
  if (tcb.sends.count === 0) return;
  const { counters } = tcp.environment;
  const sent = earlier(tcb.sndMax, tcb.sndEnd);
  const inFlight = (sent - later(tcb.sndUna, (tcb.iss + 1) | 0)) | 0;
  const outstanding = Math.max(inFlight, 0);
  const queued = tcp.sendQueue.queuedBytes(tcb);
  assert(queued >= outstanding, 'connection: what is outstanding is still queued');
  counters[BYTES_UNACKNOWLEDGED] += outstanding;
  counters[BYTES_DISCARDED] += queued - outstanding;
  tcp.sendQueue.discard(tcb);
  tcb.sends.cursor = -1;
}

/**
 * Another stack has taken the connection over, as it was when `moving` was set: it is over here, and its peer
 * hears nothing of that. What of it waited in the queues is booked as handed over.
 */
export function departTcb(tcp: TcpTables, tcb: Tcb): void {
  const { counters } = tcp.environment;
  assert(tcb.moving !== 0 && tcb.hashed !== 0, 'connection: one that departs was on its way');
  tcb.moving = 0;
  tcb.owner = -1;
  const queued = tcp.sendQueue.queuedBytes(tcb);
  const inFlight = Math.max(0, (earlier(tcb.sndMax, tcb.sndEnd) - tcb.sndUna) | 0);
  counters[HAND_OFFS_OUT] += 1;
  counters[HAND_OFF_FLIGHT_OUT] += inFlight;
  counters[HAND_OFF_UNSENT_OUT] += queued - inFlight;
  counters[HAND_OFF_UNREAD_OUT] += tcb.received.queuedBytes;
  tcp.sendQueue.discard(tcb);
  tcb.sends.cursor = -1;
  tcp.receiveQueue.dropAll(tcb);
  tcp.departed.add(tcb.remoteAddress, tcb.localAddress, portPair(tcb));
  closeTcb(tcp, tcb);
}

/** Throws away what was received and not taken. */
export function discardReceived(tcp: TcpTables, tcb: Tcb): void {
  tcp.receiveQueue.dropLate(tcb);
  tcp.environment.counters[BYTES_UNREAD] += tcp.receiveQueue.dropAll(tcb);
  assert(tcb.received.slotsHeld === 0, 'connection: no slot is held once all that came is thrown away');
}

/**
 * The connection is over: nothing more is sent or expected. What was received can still be taken while it has
 * an owner; else the Tcb goes back to the pool.
 * @param state what its owner sees from now on: CLOSED or TIME_WAIT.
 */
export function closeTcb(tcp: TcpTables, tcb: Tcb, state: number = CLOSED): void {
  unhashTcb(tcp, tcb);
  stopAwaiting(tcp, tcb);
  setState(tcp, tcb, state);
  tcb.timers.armed = 0;
  tcp.recovery.forget(tcb);
  discardSends(tcp, tcb);
  tcp.receiveQueue.dropLate(tcb);
  if (tcb.owner >= 0) {
    releaseChosenPort(tcp, tcb);
    return;
  }
  discardReceived(tcp, tcb);
  releaseTcb(tcp, tcb);
}

/** The connection has failed: tells the owner, and closes. @param errno why; not 0. */
export function failTcb(tcp: TcpTables, tcb: Tcb, errno: number): void {
  const { state, owner } = tcb;
  const { counters } = tcp.environment;
  assert(errno > 0, 'connection: one that fails has a reason');
  if (state === SYN_SENT || state === SYN_RECEIVED) counters[TCP_ATTEMPT_FAILS] += 1;
  else if (state === ESTABLISHED || state === CLOSE_WAIT) counters[TCP_ESTAB_RESETS] += 1;
  if (tcb.parent >= 0) leaveListener(tcp, tcb);
  tcb.error = errno;
  closeTcb(tcp, tcb);
  if (owner < 0) return;
  if (state === SYN_SENT || state === SYN_RECEIVED) tcp.environment.owner.connected(owner, errno);
  else tcp.environment.owner.failed(owner, errno);
}

/**
 * Queues a reset for the peer (RFC 9293 §3.10.7.1, ABORT), with timestamps if the connection has them (RFC
 * 7323 §3.2) and the window that any segment would have, as on Linux.
 */
export function queueReset(tcp: TcpTables, tcb: Tcb): void {
  const ports = (tcb.localPort << 16) | tcb.remotePort;
  const { localAddress, remoteAddress } = tcb;
  assert(tcb.hashed !== 0, 'connection: a reset goes out while its connection lives');
  const { replies, environment } = tcp;
  const window = advertiseWindow(tcp, tcb, tcb.rcvScale);
  const queued = replies.queue(localAddress, remoteAddress, ports, tcb.sndMax, tcb.rcvNxt, RST | ACK, window);
  if (!queued) return;
  replies.setService(tcb.tos, tcb.ttl);
  if (tcb.stamps.on !== 0) {
    replies.addTimestamps((environment.nowMs + tcb.stamps.offset) | 0, tcb.stamps.recent);
  }
}

/**
 * Ends by a reset a connection whose user has gone. As on Linux, which transmits within the send, the reset
 * follows what the windows let go at once: the next flush sends both, and the connection is over then.
 */
export function resetTcb(tcp: TcpTables, tcb: Tcb): void {
  const { state } = tcb;
  assert(tcb.owner < 0, 'connection: one that is to be reset has no user');
  if (tcb.resetDue !== 0) return;
  const synchronized = state !== SYN_SENT && state !== SYN_RECEIVED && state !== CLOSED && state !== LISTEN;
  const sent = tcb.sndMax === ((tcb.sndEnd + tcb.finQueued) | 0);
  if (!synchronized || state === TIME_WAIT || tcb.parent >= 0 || sent) {
    abortTcb(tcp, tcb);
    return;
  }
  discardReceived(tcp, tcb);
  tcb.timers.armed = 0;
  // The reset acknowledges what is to be acknowledged.
  tcb.acks.owed = ACK_NONE;
  tcb.acks.pushed = 0;
  tcb.resetDue = 1;
  markReady(tcp, tcb);
}

/**
 * Aborts: a reset to the peer where the state asks for one, then over. What is queued is discarded, and the
 * owner is not told.
 */
export function abortTcb(tcp: TcpTables, tcb: Tcb): void {
  const { state } = tcb;
  if (tcb.moving !== 0) {
    departTcb(tcp, tcb);
    return;
  }
  if (state !== SYN_SENT && state !== CLOSED && state !== LISTEN && state !== TIME_WAIT) queueReset(tcp, tcb);
  if (tcb.parent >= 0) leaveListener(tcp, tcb);
  closeTcb(tcp, tcb);
}

/** Gives up a connection whose handshake is not complete, and whose listener listens no more. */
export function forgetEmbryo(tcp: TcpTables, tcb: Tcb): void {
  assert(
    tcb.state === SYN_RECEIVED && tcb.parent >= 0,
    'connection: an embryo that is forgotten has a listener',
  );
  tcp.environment.counters[TCP_ATTEMPT_FAILS] += 1;
  leaveListener(tcp, tcb);
  closeTcb(tcp, tcb);
}
