/**
 * The socket options of a datagram socket; their numbers are those of `socket/options.ts`. Those of TCP it
 * does not have.
 */
import { EINVAL, ENOPROTOOPT } from '../../socket/errno.ts';
import {
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
} from '../../socket/options.ts';
import type { StackConfig } from '../config.ts';
import type { UdpSocket } from './socket.ts';

/** What `getOption` answers for an errno: this less the errno, below any value an option can have. */
export const OPTION_ERROR = -1000;

/** Linux's least (SOCK_MIN_RCVBUF). */
const RECEIVE_BYTES_MIN = 2304;

/** @returns 0, EINVAL or ENOPROTOOPT. */
export function setOption(socket: UdpSocket, option: number, value: number, config: StackConfig): number {
  switch (option) {
    case SO_BROADCAST:
      socket.broadcast = value !== 0 ? 1 : 0;
      return 0;
    case SO_REUSEADDR:
      socket.reuseAddress = value !== 0 ? 1 : 0;
      return 0;
    case SO_KEEPALIVE:
      socket.keepAlive = value !== 0 ? 1 : 0;
      return 0;
    case SO_LINGER_SECONDS:
      socket.lingerSeconds = value < 0 ? -1 : value;
      return 0;
    case SO_RCVBUF:
      socket.receiveBytesMax = Math.max(RECEIVE_BYTES_MIN, value);
      return 0;
    case IP_TTL:
      // As on Linux, -1 asks for the default.
      if (value !== -1 && (value < 1 || value > 255)) return EINVAL;
      socket.ttl = value === -1 ? config.ttl : value;
      return 0;
    case IP_TOS:
      // A datagram's ECN bits are the user's.
      socket.tos = value & 0xff;
      return 0;
    case IP_MTU_DISCOVER:
      if (value < MTU_DISCOVER_DONT || value > MTU_DISCOVER_OMIT) return EINVAL;
      socket.mtuDiscover = value;
      return 0;
    default:
      return ENOPROTOOPT;
  }
}

/** @returns the value, or OPTION_ERROR less an errno. SO_ERROR is cleared. */
export function getOption(socket: UdpSocket, option: number): number {
  switch (option) {
    case SO_BROADCAST:
      return socket.broadcast;
    case SO_REUSEADDR:
      return socket.reuseAddress;
    case SO_KEEPALIVE:
      return socket.keepAlive;
    case SO_LINGER_SECONDS:
      return socket.lingerSeconds;
    case SO_RCVBUF:
      return socket.receiveBytesMax;
    case IP_TTL:
      return socket.ttl;
    case IP_TOS:
      return socket.tos;
    case IP_MTU_DISCOVER:
      return socket.mtuDiscover;
    case SO_ERROR: {
      const { error } = socket;
      socket.error = 0;
      return error;
    }
    default:
      return OPTION_ERROR - ENOPROTOOPT;
  }
}
