/** The socket options of a connection or listener; their numbers are those of `socket/options.ts`. */
import { EINVAL, ENOPROTOOPT } from '../../socket/errno.ts';
import {
  IP_TOS,
  IP_TTL,
  SO_BROADCAST,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER_SECONDS,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_SNDBUF,
  TCP_KEEPCNT,
  TCP_KEEPIDLE_SECONDS,
  TCP_KEEPINTVL_SECONDS,
  TCP_MAXSEG,
  TCP_NODELAY,
  TCP_QUICKACK,
  TCP_USER_TIMEOUT_MS,
} from '../../socket/options.ts';
import { ACK_NONE } from './control-block/acknowledgements.ts';
import { prepareHeader, updateMss } from './path.ts';
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

/** @returns 0, EINVAL or ENOPROTOOPT. */
export function setOption(tcp: TcpTables, tcb: Tcb, option: number, value: number): number {
  switch (option) {
    case SO_REUSEADDR:
      tcb.options.reuseAddress = value !== 0 ? 1 : 0;
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
      if (tcb.options.noDelay !== 0 && tcb.hashed !== 0) markReady(tcp, tcb);
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
      prepareHeader(tcb);
      return 0;
    case IP_TOS:
      // The two ECN bits are not the user's (RFC 3168 §6.1).
      tcb.tos = value & 0xfc;
      prepareHeader(tcb);
      return 0;
    default:
      return setTimes(tcp, tcb, option, value);
  }
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
    default:
      return ENOPROTOOPT;
  }
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
export function getOption(tcb: Tcb, option: number): number {
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
    case IP_TTL:
      return tcb.ttl;
    case IP_TOS:
      return tcb.tos;
    default:
      return OPTION_ERROR - ENOPROTOOPT;
  }
}
