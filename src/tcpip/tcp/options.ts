/** The socket options of a connection or listener; their numbers are those of `socket/options.ts`. */
import { assert } from '../../assert/assert.ts';
import { EINVAL, ENOENT, ENOPROTOOPT, ENOTCONN } from '../../socket/errno.ts';
import {
  IP_MTU,
  IP_MTU_DISCOVER,
  IP_TOS,
  IP_TTL,
  MTU_DISCOVER_DONT,
  MTU_DISCOVER_OMIT,
  SO_BROADCAST,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER_SECONDS,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_SNDBUF,
  TCP_CONGESTION,
  TCP_CORK,
  TCP_DEFER_ACCEPT_SECONDS,
  TCP_KEEPCNT,
  TCP_KEEPIDLE_SECONDS,
  TCP_KEEPINTVL_SECONDS,
  TCP_LINGER2_SECONDS,
  TCP_MAXSEG,
  TCP_NODELAY,
  TCP_NOTSENT_LOWAT,
  TCP_QUICKACK,
  TCP_USER_TIMEOUT_MS,
} from '../../socket/options.ts';
import { CONTROL_NAMES } from './congestion/chosen.ts';
import { ACK_NONE } from './control-block/acknowledgements.ts';
import { dropHold, takeHold } from './holds.ts';
import { pathMtu, prepareHeader, updateMss } from './path.ts';
import { acknowledgeNow, markReady } from './ready.ts';
import { CLOSED, LISTEN, SYN_SENT } from './state.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';
import { startKeepAlive } from './timers.ts';

/** What `getOption` answers for an errno: below any value an option can have. */
export const OPTION_ERROR = -1000;

/** Linux's least (SOCK_MIN_RCVBUF); the most keeps sums of windows int32. */
const RECEIVE_BUFFER_MIN = 2304;
const RECEIVE_BUFFER_MAX = 1 << 29;
/** Linux's TCP_FIN_TIMEOUT_MAX, and its longest RTO. */
const FIN_WAIT_SECONDS_MAX = 120;
const RETRIES_MAX = 255;
const US_PER_SECOND = 1_000_000;

/** @returns 0, EINVAL or ENOPROTOOPT. */
export function setOption(tcp: TcpTables, tcb: Tcb, option: number, value: number): number {
  switch (option) {
    case SO_REUSEADDR:
      // A listener shares its port with nobody, whatever it asks for: what it holds stays as it is.
      if (tcb.state !== LISTEN) dropHold(tcp, tcb);
      tcb.options.reuseAddress = value !== 0 ? 1 : 0;
      if (tcb.state !== LISTEN) takeHold(tcp, tcb);
      return 0;
    case SO_KEEPALIVE:
      tcb.options.keepAlive = value !== 0 ? 1 : 0;
      return refreshKeepAlive(tcp, tcb);
    case SO_LINGER_SECONDS:
      tcb.options.lingerSeconds = value < 0 ? -1 : value;
      return 0;
    case SO_SNDBUF:
      tcb.options.sendBufferBytes = value;
      return 0;
    case SO_RCVBUF:
      setReceiveBuffer(tcp, tcb, Math.max(RECEIVE_BUFFER_MIN, Math.min(RECEIVE_BUFFER_MAX, value)));
      return 0;
    case SO_BROADCAST:
      tcb.options.broadcast = value !== 0 ? 1 : 0;
      return 0;
    case TCP_NODELAY:
      tcb.options.noDelay = value !== 0 ? 1 : 0;
      // As on Linux it lets go what is queued, even of a corked connection.
      if (tcb.options.noDelay !== 0) letGo(tcp, tcb, 1);
      return 0;
    case TCP_CORK:
      tcb.options.cork = value !== 0 ? 1 : 0;
      if (value === 0) letGo(tcp, tcb, tcb.options.noDelay);
      return 0;
    case IP_MTU_DISCOVER:
      if (value < MTU_DISCOVER_DONT || value > MTU_DISCOVER_OMIT) return EINVAL;
      tcb.options.mtuDiscover = value;
      prepareHeader(tcp, tcb);
      return 0;
    case TCP_MAXSEG:
      // Linux's least: TCP_MIN_MSS.
      if (value < 88 || value > 65535) return EINVAL;
      tcb.options.segmentBytesMax = value;
      if (tcb.state !== CLOSED && tcb.state !== LISTEN && tcb.state !== SYN_SENT) updateMss(tcp, tcb);
      return 0;
    case TCP_QUICKACK:
      return setQuickAck(tcp, tcb, value);
    case IP_TTL:
      // As on Linux, -1 asks for the default.
      if (value !== -1 && (value < 1 || value > 255)) return EINVAL;
      tcb.ttl = value === -1 ? tcp.environment.config.ttl : value;
      prepareHeader(tcp, tcb);
      return 0;
    case IP_TOS:
      // The two ECN bits are not the user's (RFC 3168 §6.1).
      tcb.tos = value & 0xfc;
      prepareHeader(tcp, tcb);
      return 0;
    default:
      return setTimes(tcp, tcb, option, value);
  }
}

/** What was held back for company is looked at again. @param forced 1: and goes, however short. */
function letGo(tcp: TcpTables, tcb: Tcb, forced: number): void {
  if (tcb.hashed === 0) return;
  assert(tcb.state !== CLOSED, 'options: what is let go belongs to a connection that lives');
  if (forced !== 0 && tcb.sndNxt !== tcb.sndEnd) tcb.sndForced = 1;
  markReady(tcp, tcb);
}

/** A limit: the buffer is as large as it was, or as a new connection's, until the user lets it grow. */
function setReceiveBuffer(tcp: TcpTables, { received }: Tcb, bytes: number): void {
  received.bufferBytesMax = bytes;
  const now = Math.max(received.bufferBytes, tcp.environment.config.receiveWindowBytes);
  received.bufferBytes = Math.min(bytes, now);
}

/** The options that are times or counts of them. */
function setTimes(tcp: TcpTables, tcb: Tcb, option: number, value: number): number {
  switch (option) {
    case TCP_KEEPIDLE_SECONDS:
      if (value < 1 || value > 32767) return EINVAL;
      tcb.options.keepIdleSeconds = value;
      return refreshKeepAlive(tcp, tcb);
    case TCP_KEEPINTVL_SECONDS:
      if (value < 1 || value > 32767) return EINVAL;
      tcb.options.keepIntervalSeconds = value;
      return 0;
    case TCP_KEEPCNT:
      if (value < 1 || value > 127) return EINVAL;
      tcb.options.keepProbes = value;
      return 0;
    case TCP_USER_TIMEOUT_MS:
      if (value < 0) return EINVAL;
      tcb.options.userTimeoutMs = value;
      return 0;
    case TCP_NOTSENT_LOWAT:
      tcb.options.unsentLowBytes = value < 0 ? 0 : value;
      return 0;
    case TCP_CONGESTION:
      if (!(value > 0 && value < CONTROL_NAMES.length)) return ENOENT;
      if (tcp.congestion.numberOf(tcb.congestion) !== value) tcp.congestion.choose(tcb.congestion, value);
      return 0;
    case TCP_DEFER_ACCEPT_SECONDS:
      tcb.options.deferAccept = retriesWithin(value);
      return 0;
    case TCP_LINGER2_SECONDS:
      // Linux: any negative number is none, and nobody waits longer than two minutes.
      tcb.options.finWaitSeconds = value < 0 ? -1 : Math.min(value, FIN_WAIT_SECONDS_MAX);
      return 0;
    default:
      return ENOPROTOOPT;
  }
}

/** How often a SYN-ACK is sent within so many seconds, as Linux counts them: after 1 s, 3 s, 7 s, ... */
function retriesWithin(seconds: number): number {
  let retries = 0;
  for (let periodS = 1, totalS = 0; totalS < seconds && retries < RETRIES_MAX; retries++) {
    totalS += periodS;
    periodS = Math.min(2 * periodS, FIN_WAIT_SECONDS_MAX);
  }
  return retries;
}

/** The seconds in which so many are sent. */
function secondsOf(retries: number): number {
  assert(retries <= RETRIES_MAX, 'options: a SYN-ACK is not sent more often than can be said');
  let totalS = 0;
  for (let periodS = 1, i = 0; i < retries; i++) {
    totalS += periodS;
    periodS = Math.min(2 * periodS, FIN_WAIT_SECONDS_MAX);
  }
  return totalS;
}

/** Starts the keep-alive timer anew where the connection is open and wants one. */
function refreshKeepAlive(tcp: TcpTables, tcb: Tcb): number {
  const connected = tcb.hashed !== 0 && tcb.state !== SYN_SENT;
  if (tcb.options.keepAlive !== 0 && connected) startKeepAlive(tcp, tcb, tcb.options.keepIdleSeconds * 1000);
  return 0;
}

/** TCP_QUICKACK: 1 acknowledges at once for a while, 0 lets acknowledgements wait for data. */
function setQuickAck(tcp: TcpTables, tcb: Tcb, value: number): number {
  tcb.acks.pingPong = value !== 0 ? 0 : 1;
  if (value === 0) return 0;
  tcb.acks.quick = tcp.environment.config.quickAcks;
  if (tcb.acks.owed !== ACK_NONE) acknowledgeNow(tcp, tcb);
  return 0;
}

/** @returns the value, or `OPTION_ERROR` - errno. SO_ERROR is cleared by being read. */
export function getOption(tcp: TcpTables, tcb: Tcb, option: number): number {
  const { environment, congestion } = tcp;
  switch (option) {
    case SO_REUSEADDR:
      return tcb.options.reuseAddress;
    case SO_KEEPALIVE:
      return tcb.options.keepAlive;
    case SO_LINGER_SECONDS:
      return tcb.options.lingerSeconds;
    case SO_SNDBUF:
      return tcb.options.sendBufferBytes;
    case SO_RCVBUF:
      return tcb.received.bufferBytesMax;
    case SO_BROADCAST:
      return tcb.options.broadcast;
    case SO_ERROR: {
      const error = tcb.error !== 0 ? tcb.error : tcb.softError;
      tcb.error = 0;
      tcb.softError = 0;
      return error;
    }
    case TCP_NODELAY:
      return tcb.options.noDelay;
    case TCP_MAXSEG:
      return tcb.options.segmentBytesMax > 0 && tcb.hashed === 0 ? tcb.options.segmentBytesMax : tcb.mss;
    case TCP_KEEPIDLE_SECONDS:
      return tcb.options.keepIdleSeconds;
    case TCP_KEEPINTVL_SECONDS:
      return tcb.options.keepIntervalSeconds;
    case TCP_KEEPCNT:
      return tcb.options.keepProbes;
    case TCP_USER_TIMEOUT_MS:
      return tcb.options.userTimeoutMs;
    case TCP_QUICKACK:
      return tcb.acks.pingPong === 0 ? 1 : 0;
    case TCP_CORK:
      return tcb.options.cork;
    case TCP_CONGESTION:
      return congestion.numberOf(tcb.congestion);
    case TCP_NOTSENT_LOWAT:
      return tcb.options.unsentLowBytes;
    case TCP_DEFER_ACCEPT_SECONDS:
      return secondsOf(tcb.options.deferAccept);
    case TCP_LINGER2_SECONDS:
      return tcb.options.finWaitSeconds || Math.floor(environment.config.finWait2Us / US_PER_SECOND);
    case IP_TTL:
      return tcb.ttl;
    case IP_TOS:
      return tcb.tos;
    case IP_MTU_DISCOVER:
      return tcb.options.mtuDiscover;
    case IP_MTU:
      return tcb.hashed === 0 ? OPTION_ERROR - ENOTCONN : pathMtu(tcp, tcb);
    default:
      return OPTION_ERROR - ENOPROTOOPT;
  }
}
