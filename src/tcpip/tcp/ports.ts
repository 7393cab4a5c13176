/**
 * Local ports: who is bound to them, which are taken, and ephemeral ones. The order of the latter is hidden
 * by a keyed hash of the pair (RFC 6056 §3.3.3) and goes on in random steps (§3.3.5), so that a port comes
 * round again only after thousands of connections: one drawn anew each time would often meet its own
 * TIME-WAIT at the peer within a millisecond, before sequence numbers have moved on.
 */
import { assert } from '../../assert/assert.ts';
import { after } from '../seq.ts';
import { dropHold, takeHold } from './holds.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';

/** The largest step: of a thousand ports, one in every 2.5 on average is used before they come round. */
const STEP_MAX = 4;
/** Ports looked at by a search that is long: hardly one in so many is free. */
const LONG_SEARCH = 256;

/** Binds a connection or listener to a local port, and to an address (0: any). */
export function bindTcb(tcp: TcpTables, tcb: Tcb, address: number, port: number): void {
  assert(tcb.bound === 0, 'ports: a connection is bound to one port');
  assert(port > 0 && port < 65536, 'ports: a connection is bound to a port that there is');
  assert(tcb.hashed === 0, 'ports: a connection is bound before segments find it');
  tcb.localAddress = address;
  tcb.localPort = port;
  tcb.bound = 1;
  takeHold(tcp, tcb);
}

/** Gives the local port up, if the connection was bound to one. */
export function unbindTcb(tcp: TcpTables, tcb: Tcb): void {
  if (tcb.bound === 0) return;
  dropHold(tcp, tcb);
  tcb.bound = 0;
  takeHold(tcp, tcb);
  tcp.demux.exhausted.forget();
}

/**
 * As on Linux, a port that the user did not choose is held only as long as what it was for: a listening, or a
 * connection. Its number stays the socket's name.
 */
export function releaseChosenPort(tcp: TcpTables, tcb: Tcb): void {
  if (tcb.portChosen === 0) return;
  assert(tcb.bound === 1, 'ports: a port that was chosen for a bind is held');
  unbindTcb(tcp, tcb);
  tcb.portChosen = 0;
}

/**
 * Whether a bind must be refused, as Linux would. Who sets SO_REUSEADDR shares a port with all that set it too
 * and do not listen, and with what is in TIME-WAIT.
 */
export function isPortTaken({ holders }: TcpTables, tcb: Tcb, address: number, port: number): boolean {
  const reuses = tcb.options.reuseAddress !== 0;
  return (reuses ? holders.exclusive(port, address) : holders.holders(port, address)) > 0;
}

/**
 * Whether a connection may be opened between two addresses and ports: none has the pair, or one that has been
 * in TIME-WAIT long enough to be followed (RFC 6191, tcp_tw_reuse).
 * @param waitUs how long that is: as on Linux, no time at all where the user has chosen the port.
 */
export function isPairFree(
  tcp: TcpTables,
  local: number,
  localPort: number,
  remote: number,
  remotePort: number,
  waitUs: number,
): boolean {
  const found = tcp.demux.find(remote, local, (remotePort << 16) | localPort);
  if (found >= 0) return found === 0;
  const { timeWait, environment } = tcp;
  const entry = -found - 1;
  const age = (environment.nowUs - timeWait.since[entry]) | 0;
  return timeWait.timestamps[entry] === 1 && age >= waitUs;
}

/**
 * Chooses a port that nobody is bound to: for a connection to a peer one whose pair is free, for a bind
 * (`remotePort` 0) one that may be bound. @returns 0 when there is none.
 */
export function chooseEphemeral(tcp: TcpTables, local: number, remote: number, remotePort: number): number {
  const { config, random } = tcp.environment;
  const { exhausted } = tcp.demux;
  if (remotePort !== 0) {
    const isNone = isExhausted(tcp, local, remote, remotePort);
    if (isNone || exhausted.follows(local, remote, remotePort)) {
      const port = freedPort(tcp, local, remote, remotePort);
      if (isNone || port !== 0) return port;
    }
  }
  const first = config.ephemeralFirst;
  const count = config.ephemeralLast - first + 1;
  const hash = tcp.hash.lowOf(local, remote, remotePort) >>> 0;
  tcp.portSteps = (tcp.portSteps + 1 + random.below(STEP_MAX)) >>> 0;
  let step = (hash % count) + (tcp.portSteps % count);
  if (step >= count) step -= count;
  for (let i = 0; i < count; i++) {
    const port = first + step;
    step = step + 1 < count ? step + 1 : 0;
    if (!isUsable(tcp, local, port, remote, remotePort)) continue;
    tcp.portSteps = (tcp.portSteps + i) >>> 0;
    if (remotePort !== 0 && i >= LONG_SEARCH) exhausted.follow(local, remote, remotePort);
    return port;
  }
  if (remotePort !== 0)
    exhausted.note(local, remote, remotePort, firstReuseMs(tcp, local, remote, remotePort));
  return 0;
}

/** Whether it is known that only ports which have come free since can be used for a destination. */
function isExhausted(tcp: TcpTables, local: number, remote: number, remotePort: number): boolean {
  const { exhausted } = tcp.demux;
  const { nowMs } = tcp.environment;
  if (!exhausted.isKnown(local, remote, remotePort)) return false;
  if (!exhausted.isPast(nowMs)) return true;
  const untilMs = firstReuseMs(tcp, local, remote, remotePort);
  const stays = after(untilMs, nowMs);
  if (stays) exhausted.extend(untilMs);
  else exhausted.forget();
  return stays;
}

/** A port that has come free since a search found none. @returns 0 when there is none. */
function freedPort(tcp: TcpTables, local: number, remote: number, remotePort: number): number {
  const { config } = tcp.environment;
  const { exhausted } = tcp.demux;
  for (let port = exhausted.takeFreed(); port !== 0; port = exhausted.takeFreed()) {
    if (port < config.ephemeralFirst || port > config.ephemeralLast) continue;
    // One that somebody has taken meanwhile by its number is told of again when it is free.
    if (isUsable(tcp, local, port, remote, remotePort)) return port;
  }
  return 0;
}

/**
 * When TIME-WAIT lets the first port for a destination be followed, on the slow clock, while all are in use.
 * What is not in TIME-WAIT yet has longer to go than what comes there now. Costs a walk over the table.
 */
function firstReuseMs(tcp: TcpTables, local: number, remote: number, remotePort: number): number {
  const { timeWait, environment } = tcp;
  const { nowUs, nowMs, config } = environment;
  let leftUs = config.timeWaitReuseUs;
  for (let entry = timeWait.oldest; entry >= 0; entry = timeWait.following(entry)) {
    if (timeWait.timestamps[entry] === 0 || timeWait.ports[entry] >>> 16 !== remotePort) continue;
    if (timeWait.remoteAddress[entry] !== remote || timeWait.localAddress[entry] !== local) continue;
    leftUs = Math.min(leftUs, config.timeWaitReuseUs - ((nowUs - timeWait.since[entry]) | 0));
  }
  return (nowMs + Math.floor(Math.max(0, leftUs) / 1000)) | 0;
}

/** Whether `chooseEphemeral` may choose a port. */
function isUsable(tcp: TcpTables, local: number, port: number, remote: number, remotePort: number): boolean {
  // A port that nobody holds, whatever his address: who asks for any has the choice.
  if (remotePort === 0) return tcp.holders.holders(port, 0) === 0;
  if (tcp.holders.isBound(port)) return false;
  return isPairFree(tcp, local, port, remote, remotePort, tcp.environment.config.timeWaitReuseUs);
}
