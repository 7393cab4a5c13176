/**
 * Local ports: who is bound to them, which are taken, and ephemeral ones. The order of the latter is hidden
 * by a keyed hash of the pair (RFC 6056 §3.3.3) and goes on in random steps (§3.3.5), so that a port comes
 * round again only after thousands of connections: one drawn anew each time would often meet its own
 * TIME-WAIT at the peer within a millisecond, before sequence numbers have moved on.
 */
import { assert } from '../../assert/assert.ts';
import { after } from '../seq.ts';
import { FLAG_BOUND, FLAG_REUSE_ADDRESS, WORD_LOCAL_ADDRESS } from './dormant-record.ts';
import { LISTEN } from './state.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';

/** The largest step: of a thousand ports, one in every 2.5 on average is used before they come round. */
const STEP_MAX = 4;

/** Binds a connection or listener to a local port, and to an address (0: any). */
export function bindTcb(tcp: TcpTables, tcb: Tcb, address: number, port: number): void {
  assert(tcb.bound === 0, 'ports: a connection is bound to one port');
  assert(port > 0 && port < 65536, 'ports: a connection is bound to a port that there is');
  tcb.localAddress = address;
  tcb.localPort = port;
  tcb.bound = 1;
  tcp.boundNext[tcb.index] = tcp.bound.first(port);
  tcp.bound.setFirst(port, tcb.index);
}

/** Gives the local port up, if the connection was bound to one. */
export function unbindTcb(tcp: TcpTables, tcb: Tcb): void {
  if (tcb.bound === 0) return;
  const { bound, boundNext } = tcp;
  let previous = -1;
  let at = bound.first(tcb.localPort);
  while (at !== tcb.index) {
    assert(at >= 0, 'ports: a connection that is bound is in the list of its port');
    previous = at;
    at = boundNext[at];
  }
  if (previous < 0) bound.setFirst(tcb.localPort, boundNext[tcb.index]);
  else boundNext[previous] = boundNext[tcb.index];
  tcb.bound = 0;
  boundNext[tcb.index] = -1;
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

/** Whether a bind must be refused, as Linux would: SO_REUSEADDR shares with all but listeners. */
export function isPortTaken(tcp: TcpTables, tcb: Tcb, address: number, port: number): boolean {
  return isBoundPortTaken(tcp, tcb, address, port) || isConnectedPortTaken(tcp, tcb, address, port);
}

function isBoundPortTaken(tcp: TcpTables, tcb: Tcb, address: number, port: number): boolean {
  for (let index = tcp.bound.first(port); index >= 0; index = tcp.boundNext[index]) {
    if (portOf(tcp, index) !== port || !overlaps(addressOf(tcp, index), address)) continue;
    if (tcb.options.reuseAddress === 0 || !reusesAddress(tcp, index)) return true;
    if (tcp.tcbs[index].state === LISTEN) return true;
  }
  return false;
}

/** The local port of a connection, which may sleep. */
function portOf({ tcbs, asleep, dormant }: TcpTables, index: number): number {
  return tcbs[index] === asleep ? dormant.localPort(index) : tcbs[index].localPort;
}

function addressOf({ tcbs, asleep, dormant }: TcpTables, index: number): number {
  return tcbs[index] === asleep ? dormant.word(index, WORD_LOCAL_ADDRESS) : tcbs[index].localAddress;
}

function reusesAddress({ tcbs, asleep, dormant }: TcpTables, index: number): boolean {
  return tcbs[index] === asleep
    ? dormant.hasFlag(index, FLAG_REUSE_ADDRESS)
    : tcbs[index].options.reuseAddress !== 0;
}

/**
 * The same of connections that nobody has bound, and of those in TIME-WAIT. Walks over all connections where a
 * port has any of those.
 */
function isConnectedPortTaken(tcp: TcpTables, tcb: Tcb, address: number, port: number): boolean {
  const { tcbs, timeWait, demux } = tcp;
  const { reuseAddress } = tcb.options;
  let left = demux.portUsers.of(port) - connectedBound(tcp, port);
  for (let i = 0; i < tcbs.length && left > 0; i++) {
    const sleeps = tcbs[i] === tcp.asleep;
    if ((!sleeps && tcbs[i].hashed === 0) || portOf(tcp, i) !== port) continue;
    if (sleeps ? tcp.dormant.hasFlag(i, FLAG_BOUND) : tcbs[i].bound !== 0) continue;
    left -= 1;
    const shared = reuseAddress !== 0 && reusesAddress(tcp, i);
    if (!shared && overlaps(addressOf(tcp, i), address)) return true;
  }
  if (reuseAddress !== 0) return false;
  for (let entry = timeWait.oldest; entry >= 0 && left > 0; entry = timeWait.following(entry)) {
    if ((timeWait.ports[entry] & 0xffff) !== port) continue;
    left -= 1;
    if (overlaps(timeWait.localAddress[entry], address)) return true;
  }
  return false;
}

/** Connections of a port that their users have bound to it. */
function connectedBound(tcp: TcpTables, port: number): number {
  const { bound, boundNext, tcbs, asleep, dormant, demux } = tcp;
  let count = 0;
  for (let index = bound.first(port); index >= 0; index = boundNext[index]) {
    const sleeps = tcbs[index] === asleep;
    if (
      sleeps ? dormant.localPort(index) === port : tcbs[index].hashed !== 0 && tcbs[index].localPort === port
    )
      count += 1;
  }
  assert(count <= demux.portUsers.of(port), 'ports: no more connections are bound to a port than use it');
  return count;
}

/** Whether two local addresses, of which each may be any, have one in common. */
function overlaps(one: number, other: number): boolean {
  return one === other || one === 0 || other === 0;
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
export function chooseEphemeral(
  tcp: TcpTables,
  tcb: Tcb,
  local: number,
  remote: number,
  remotePort: number,
): number {
  const { config, random } = tcp.environment;
  const { exhausted } = tcp.demux;
  if (remotePort !== 0 && isExhausted(tcp, local, remote, remotePort)) {
    return freedPort(tcp, tcb, local, remote, remotePort);
  }
  const first = config.ephemeralFirst;
  const count = config.ephemeralLast - first + 1;
  tcp.hash.hash(local, remote, remotePort);
  tcp.portSteps = (tcp.portSteps + 1 + random.below(STEP_MAX)) >>> 0;
  const start = ((tcp.hash.low >>> 0) % count) + (tcp.portSteps % count);
  for (let i = 0; i < count; i++) {
    const port = first + ((start + i) % count);
    if (!isUsable(tcp, tcb, local, port, remote, remotePort)) continue;
    tcp.portSteps = (tcp.portSteps + i) >>> 0;
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
function freedPort(tcp: TcpTables, tcb: Tcb, local: number, remote: number, remotePort: number): number {
  const { config } = tcp.environment;
  const { exhausted } = tcp.demux;
  for (let port = exhausted.takeFreed(); port !== 0; port = exhausted.takeFreed()) {
    if (port < config.ephemeralFirst || port > config.ephemeralLast) continue;
    // One that somebody has taken meanwhile by its number is told of again when it is free.
    if (isUsable(tcp, tcb, local, port, remote, remotePort)) return port;
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
function isUsable(
  tcp: TcpTables,
  tcb: Tcb,
  local: number,
  port: number,
  remote: number,
  remotePort: number,
): boolean {
  if (isBound(tcp, port)) return false;
  // A port that no connection uses, whatever its address: who asks for any has the choice.
  if (remotePort === 0) return tcp.demux.portUsers.of(port) === 0 && !isBoundPortTaken(tcp, tcb, local, port);
  return isPairFree(tcp, local, port, remote, remotePort, tcp.environment.config.timeWaitReuseUs);
}

/** Whether anybody is bound to a port. */
function isBound(tcp: TcpTables, port: number): boolean {
  for (let index = tcp.bound.first(port); index >= 0; index = tcp.boundNext[index]) {
    if (portOf(tcp, index) === port) return true;
  }
  return false;
}
