/**
 * The user's calls on a connection: RFC 9293 §3.9.1 and §3.10.1 to §3.10.6. The stack's door (`stack.ts`) has
 * turned numbers into Tcbs and told the time. Results are errno numbers, 0 for none, unless said otherwise.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { BYTES_QUEUED, BYTES_REFUSED, TCP_ACTIVE_OPENS } from '../../ledger/counters.gen.ts';
import {
  EADDRINUSE,
  EADDRNOTAVAIL,
  EALREADY,
  ECONNREFUSED,
  ECONNRESET,
  EINVAL,
  EISCONN,
  ENETUNREACH,
  ENOBUFS,
  ENOTCONN,
  EPIPE,
} from '../../socket/errno.ts';
import { hasPassed } from '../seq.ts';
import { takeAccepted } from './accept-queue.ts';
import { askForEcn } from './ecn.ts';
import { chooseSequence } from './handshake.ts';
import { dropHold, takeHold } from './holds.ts';
import { checkTcb } from './identities.ts';
import {
  abortTcb,
  allocateTcb,
  closeTcb,
  departTcb,
  discardReceived,
  failTcb,
  forgetEmbryo,
  hashTcb,
  releaseTcb,
  resetTcb,
} from './lifecycle.ts';
import { advertisedMss, initialWindow, routeTcb } from './path.ts';
import { recallPathMtu } from './path-mtu.ts';
import { bindTcb, chooseEphemeral, isPairFree, isPortTaken, releaseChosenPort } from './ports.ts';
import { markReady } from './ready.ts';
import { renew } from './renewal.ts';
import { ELEMENT_WAITS } from './send-queue.ts';
import { noteSending } from './sending-time.ts';
import { setState } from './set-state.ts';
import {
  CLOSE_WAIT,
  CLOSED,
  ESTABLISHED,
  FIN_WAIT_1,
  FIN_WAIT_2,
  LAST_ACK,
  LISTEN,
  SYN_RECEIVED,
  SYN_SENT,
  TIME_WAIT,
} from './state.ts';
import type { TcpTables } from './tables.ts';
import { consumed } from './taking.ts';
import type { Tcb } from './tcb.ts';
import { succeedTimeWait } from './time-wait-state.ts';
import { startFinWait } from './timers.ts';
import { roundFirstWindow } from './window.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** Flags of a send: more follows soon; the last byte is urgent; a record ends. */
const SEND_MORE = 1;
const SEND_URGENT = 2;
const SEND_RECORD = 4;
/** Bytes that one connection may queue: so its sequence numbers stay comparable. */
const QUEUE_BYTES_MAX = 0x3fff_ffff;
const BACKLOG_MAX = 65535;
const LOOPBACK = 0x7f000001;

/** @returns a connection for a user, closed; -1 when none is free. */
export function open(tcp: TcpTables, owner: number): number {
  const tcb = allocateTcb(tcp);
  if (tcb === undefined) return -1;
  assert(tcb.owner < 0 && tcb.state === CLOSED, 'calls: a connection that is opened is new');
  tcb.owner = owner;
  return tcb.index;
}

/**
 * Binds to a local address (0: any) and port (0: an ephemeral one).
 * @returns 0, EINVAL, EADDRINUSE, EADDRNOTAVAIL.
 */
export function bind(tcp: TcpTables, tcb: Tcb, address: number, port: number): number {
  if (address !== 0 && !tcp.routes.mayBind(address)) return EADDRNOTAVAIL;
  // A connection that is over holds no port that its user has not chosen, so its socket may have another.
  if (tcb.state === CLOSED && tcb.error !== 0) releaseChosenPort(tcp, tcb);
  if ((tcb.state !== CLOSED && tcb.state !== TIME_WAIT) || tcb.bound !== 0) return EINVAL;
  let chosen = port;
  if (chosen === 0) {
    chosen = chooseEphemeral(tcp, address, 0, 0);
    if (chosen === 0) return EADDRINUSE;
    tcb.portChosen = 1;
  } else if (isPortTaken(tcp, tcb, address, chosen)) {
    return EADDRINUSE;
  }
  bindTcb(tcp, tcb, address, chosen);
  tcb.addressNamed = address === 0 ? 0 : 1;
  return 0;
}

/** A passive OPEN (RFC 9293 §3.10.1); again: another backlog. @returns 0, EINVAL, EADDRINUSE. */
export function listen(tcp: TcpTables, tcb: Tcb, backlog: number): number {
  if (tcb.state !== CLOSED && tcb.state !== LISTEN) return EINVAL;
  // A connection that has ended in order stays the socket's; one that has failed leaves it as new.
  if (tcb.state === CLOSED && tcb.remotePort !== 0) {
    if (tcb.error === 0) return EINVAL;
    renew(tcp, tcb);
  }
  if (tcb.bound === 0) {
    const errno = bind(tcp, tcb, tcb.localAddress, 0);
    if (errno !== 0) return errno;
  }
  if (tcb.state === CLOSED) {
    const { localPort, localAddress } = tcb;
    // SO_REUSEADDR lets two bind to one address, but only one listen.
    if (tcp.holders.listener(localPort, localAddress) >= 0) return EADDRINUSE;
    dropHold(tcp, tcb);
    setState(tcp, tcb, LISTEN);
    takeHold(tcp, tcb);
    tcp.holders.setListener(localPort, localAddress, tcb.index);
  }
  tcb.listening.backlog = Math.max(0, Math.min(BACKLOG_MAX, backlog));
  if (COSTLY) checkTcb(tcp, tcb);
  return 0;
}

/**
 * An active OPEN (RFC 9293 §3.10.1). @returns 0: begun; the outcome is told through `SocketOwner.connected`.
 */
export function connect(tcp: TcpTables, tcb: Tcb, address: number, port: number): number {
  const { state } = tcb;
  if (state === SYN_SENT || state === SYN_RECEIVED) return EALREADY;
  // As Linux: a listener, and a connection that has ended, are connected as far as connect is concerned.
  if (state !== CLOSED || (tcb.remotePort !== 0 && tcb.error === 0)) return EISCONN;
  if (tcb.error !== 0) renew(tcp, tcb);
  // As on Linux, the address 0 is this host, by the socket's own name.
  const remote = address === 0 ? tcb.localAddress || LOOPBACK : address;
  if (port === 0) return ECONNREFUSED;
  if (!tcp.routes.isUnicast(remote)) return ENETUNREACH;
  // As Linux: nothing from 127/8 goes to another host.
  if (!tcp.routes.mayLeave(tcb.localAddress, remote)) return EINVAL;
  if (tcp.routes.nextHop(remote) === 0) return ENETUNREACH;
  // Whoever is bound to a broadcast address sends from the host's own.
  const named = tcb.localAddress !== 0 && tcp.routes.isUnicast(tcb.localAddress);
  const local = named ? tcb.localAddress : tcp.routes.sourceFor(remote);
  if (local === 0 || !tcp.routes.isSource(local)) return EADDRNOTAVAIL;
  let localPort = tcb.bound === 0 ? 0 : tcb.localPort;
  if (localPort === 0) {
    localPort = chooseEphemeral(tcp, local, remote, port);
    if (localPort === 0) return EADDRNOTAVAIL;
  } else if (!isPairFree(tcp, local, localPort, remote, port, 0)) {
    return EADDRNOTAVAIL;
  }
  dropHold(tcp, tcb);
  tcb.localAddress = local;
  tcb.localPort = localPort;
  takeHold(tcp, tcb);
  tcb.remoteAddress = remote;
  tcb.remotePort = port;
  routeTcb(tcp, tcb);
  recallPathMtu(tcp, tcb);
  roundFirstWindow(tcp, tcb, advertisedMss(tcp, tcb));
  chooseSequence(tcp, tcb);
  succeedTimeWait(tcp, tcb);
  hashTcb(tcp, tcb);
  askForEcn(tcb, tcp.environment.config);
  setState(tcp, tcb, SYN_SENT);
  tcp.environment.counters[TCP_ACTIVE_OPENS] += 1;
  markReady(tcp, tcb);
  if (COSTLY) checkTcb(tcp, tcb);
  return 0;
}

/** @returns a connection from the accept queue, now the owner's; -1 when there is none. */
export function accept(tcp: TcpTables, listener: Tcb, owner: number): number {
  if (listener.state !== LISTEN) return -1;
  const tcb = takeAccepted(tcp, listener);
  if (tcb === undefined) return -1;
  assert(tcb.owner < 0, 'calls: a connection that is accepted belongs to nobody yet');
  tcb.owner = owner;
  return tcb.index;
}

/** SEND (RFC 9293 §3.10.2): queues a reference. // Hot path. */
export function send(
  tcp: TcpTables,
  tcb: Tcb,
  address: number,
  length: number,
  context: number,
  flags: number,
): number {
  const errno = sendErrno(tcp, tcb, length);
  if (errno !== 0) {
    tcp.environment.counters[BYTES_REFUSED] += length;
    return errno;
  }
  if (length === 0) {
    if (context >= 0) tcp.environment.owner.sendDone(context);
    return 0;
  }
  restartIfIdle(tcp, tcb);
  tcb.totals.awaitsRoom = 0;
  tcp.environment.counters[BYTES_QUEUED] += length;
  const waits = (flags & SEND_MORE) !== 0 ? ELEMENT_WAITS : 0;
  tcp.sendQueue.append(tcb, address, length, context, (flags & (SEND_MORE | SEND_RECORD)) | waits);
  if ((flags & SEND_URGENT) !== 0) {
    tcb.sndUrgent = 1;
    tcb.sndUp = tcb.sndEnd;
  }
  markReady(tcp, tcb);
  if (COSTLY) checkTcb(tcp, tcb);
  return 0;
}

/** What the latest send announced does not come: the last bytes queued wait for nothing any more. */
export function push(tcp: TcpTables, tcb: Tcb): void {
  if (tcb.sends.tail < 0) return;
  tcp.sendQueue.push(tcb);
  markReady(tcp, tcb);
}

/** Why so many bytes would not be queued; 0: they would. */
export function sendErrno(tcp: TcpTables, tcb: Tcb, length: number): number {
  const { state } = tcb;
  if (tcb.error !== 0) return tcb.error;
  if ((tcb.finQueued | tcb.moving) !== 0) return EPIPE;
  if (state !== ESTABLISHED && state !== CLOSE_WAIT && state !== SYN_SENT && state !== SYN_RECEIVED) {
    // Linux says the same of a socket that was never connected.
    return EPIPE;
  }
  if (tcp.sendQueue.available === 0) return ENOBUFS;
  return ((tcb.sndEnd - tcb.sndUna) | 0) + length > QUEUE_BYTES_MAX ? ENOBUFS : 0;
}

/**
 * The user has found no room in its send buffer: from when all is sent until there is some again, it is the
 * buffer that limits it.
 */
export function awaitRoom(tcp: TcpTables, tcb: Tcb): void {
  assert(tcb.owner >= 0, 'calls: who waits for room has a connection');
  tcb.totals.awaitsRoom = 1;
  noteSending(tcb, tcp.environment.nowUs);
}

/**
 * Starts slowly again after a pause longer than the RTO: the window says nothing any more (RFC 5681 §4.1).
 */
function restartIfIdle(tcp: TcpTables, tcb: Tcb): void {
  if (tcb.sndUna !== tcb.sndMax || tcb.sndNxt !== tcb.sndEnd) return;
  const { config, nowUs } = tcp.environment;
  tcb.congestion.countedUs = nowUs;
  if (!config.slowStartAfterIdle || !hasPassed(nowUs, tcb.timers.lastSendUs, tcb.rtt.rto + 1)) return;
  tcp.congestion.idle(tcb.congestion, tcb.mss, initialWindow(tcp, tcb));
}

/** Queues the FIN (RFC 9293 §3.10.4): the user has closed the sending half, first or after the peer. */
function queueFin(tcp: TcpTables, tcb: Tcb): void {
  const { state } = tcb;
  if (tcb.finQueued !== 0) return;
  assert(
    state === ESTABLISHED || state === CLOSE_WAIT || state === SYN_RECEIVED,
    'calls: the FIN is queued while the sending half is open',
  );
  tcb.finQueued = 1;
  if (state === ESTABLISHED) setState(tcp, tcb, FIN_WAIT_1);
  else if (state === CLOSE_WAIT) setState(tcp, tcb, LAST_ACK);
  markReady(tcp, tcb);
}

/**
 * Closes one half of the connection, or both.
 * @param how SHUT_RD 0, SHUT_WR 1, SHUT_RDWR 2. @returns 0, EINVAL, ENOTCONN.
 */
export function shutdown(tcp: TcpTables, tcb: Tcb, how: number): number {
  const { state } = tcb;
  if (how < 0 || how > 2) return EINVAL;
  if (state === CLOSED || state === TIME_WAIT) return ENOTCONN;
  if (state === SYN_SENT) {
    // Linux: whatever half is shut down, the connect is over.
    failTcb(tcp, tcb, ECONNRESET);
    return 0;
  }
  if (state === LISTEN) {
    // Linux: shutting a listener's reading half down ends its listening.
    if (how === 1) return 0;
    stopListening(tcp, tcb);
    releaseChosenPort(tcp, tcb);
    return 0;
  }
  if (how !== 1) tcb.received.shutdown = 1;
  if (how !== 0) queueFin(tcp, tcb);
  if (COSTLY) checkTcb(tcp, tcb);
  return 0;
}

/**
 * The listener takes no more connections, and aborts those that nobody has accepted yet. Half-open ones it
 * forgets, as Linux does: their peers are answered as if nobody had listened, once they say something.
 */
function stopListening(tcp: TcpTables, listener: Tcb): void {
  const { listening } = listener;
  while (listening.acceptCount > 0) abortTcb(tcp, tcp.tcbs[listening.acceptHead]);
  while (listening.embryoCount > 0) forgetEmbryo(tcp, tcp.tcbs[listening.embryoHead]);
  assert(listening.acceptHead < 0, 'calls: a listener that stops has no connection left');
  tcp.holders.setListener(listener.localPort, listener.localAddress, -1);
  dropHold(tcp, listener);
  setState(tcp, listener, CLOSED);
  takeHold(tcp, listener);
}

/**
 * CLOSE (RFC 9293 §3.10.4): the user is gone; what is queued still goes, unless it never read what came
 * (SHLD-3).
 */
export function close(tcp: TcpTables, tcb: Tcb): void {
  assert(tcb.inUse === 1, 'calls: a connection is given up once');
  tcb.owner = -1;
  leave(tcp, tcb);
  if (COSTLY) checkTcb(tcp, tcb);
}

/** What becomes of a connection that nobody owns any more. */
function leave(tcp: TcpTables, tcb: Tcb): void {
  if (tcb.moving !== 0) {
    departTcb(tcp, tcb);
    return;
  }
  switch (tcb.state) {
    case CLOSED:
    case TIME_WAIT:
      // The connection is over already.
      discardReceived(tcp, tcb);
      setState(tcp, tcb, CLOSED);
      releaseTcb(tcp, tcb);
      return;
    case LISTEN:
      // Nobody will accept what waits.
      stopListening(tcp, tcb);
      releaseTcb(tcp, tcb);
      return;
    case SYN_SENT:
      // The peer has not answered yet, and needs to hear nothing.
      closeTcb(tcp, tcb);
      return;
    default:
      // The peer is told by a reset that its data was not read, or that the user wants no orderly end.
      if (tcb.received.queuedBytes > 0 || tcb.options.lingerSeconds === 0) {
        resetTcb(tcp, tcb);
        return;
      }
      // Nobody will use what was taken. Its room opens again: a peer that found the window shut would else
      // probe it for ever, and never send the data that is answered by a reset.
      consumed(tcp, tcb, tcb.received.unconsumedBytes, false);
      if (tcb.state === FIN_WAIT_2 && tcb.options.finWaitSeconds < 0) {
        abortTcb(tcp, tcb);
        return;
      }
      queueFin(tcp, tcb);
      // The user had closed the sending half before, and does not wait for the peer's end any more.
      if (tcb.state === FIN_WAIT_2) startFinWait(tcp, tcb);
  }
}

/** The user is gone, and the peer gets a reset, behind what the windows let go at once. */
export function reset(tcp: TcpTables, tcb: Tcb): void {
  assert(tcb.inUse === 1, 'calls: a connection is reset before it is given up');
  const { state } = tcb;
  tcb.owner = -1;
  if (state === LISTEN || state === CLOSED || state === TIME_WAIT || tcb.moving !== 0) leave(tcp, tcb);
  else resetTcb(tcp, tcb);
  if (COSTLY) checkTcb(tcp, tcb);
}

/** ABORT (RFC 9293 §3.10.5): the user is gone, the peer gets a reset, what is queued is discarded. */
export function abort(tcp: TcpTables, tcb: Tcb): void {
  assert(tcb.inUse === 1, 'calls: a connection is aborted before it is given up');
  const { state } = tcb;
  tcb.owner = -1;
  if (state === LISTEN || state === CLOSED || state === TIME_WAIT || tcb.moving !== 0) leave(tcp, tcb);
  else abortTcb(tcp, tcb);
  if (COSTLY) checkTcb(tcp, tcb);
}
