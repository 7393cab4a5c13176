/** The options of a socket of the host's own stack: those of TCP are its stack's, and SO_SNDBUF is here. */
import { EBADF, EINVAL, ENOPROTOOPT } from '../socket/errno.ts';
import {
  SO_ERROR,
  SO_OOBINLINE,
  SO_RCVBUF,
  SO_RCVLOWAT,
  SO_SNDBUF,
  TCP_NOTSENT_LOWAT,
} from '../socket/options.ts';
import type { Stack } from '../tcpip/stack/stack.ts';
import type { DatagramCalls } from './datagram-calls.ts';
import { optionAnswer, SOCK_CONNECTED, SOCK_DATAGRAM, type Sock, takeError } from './sock.ts';

/** The smallest SO_SNDBUF; Linux, too, raises smaller ones to a minimum. */
const BUFFER_BYTES_MIN = 2048;

export class SockOptions {
  private readonly stack: Stack;
  private readonly datagrams: DatagramCalls;

  constructor(stack: Stack, datagrams: DatagramCalls) {
    this.stack = stack;
    this.datagrams = datagrams;
  }

  /** @param sock undefined: there is no such socket. @returns 0, or a negative errno. */
  set(sock: Sock | undefined, option: number, value: number): number {
    if (sock === undefined) return -EBADF;
    if (option === SO_ERROR) return -ENOPROTOOPT;
    if (option === SO_SNDBUF) {
      if (!(value > 0)) return -EINVAL;
      sock.sendBufferBytes = Math.max(value, BUFFER_BYTES_MIN);
      return 0;
    }
    if (option === SO_RCVLOWAT) {
      // Linux: 0 is 1, and less than that as much as there can be, which is half of the buffer.
      const most = Math.max(1, this.stack.tcpGetOption(sock.connection, SO_RCVBUF) >> 1);
      sock.receiveLowBytes = value < 0 ? most : Math.max(1, Math.min(most, value));
      return 0;
    }
    if (option === SO_OOBINLINE) {
      sock.urgentInline = value === 0 ? 0 : 1;
      return 0;
    }
    if (option === TCP_NOTSENT_LOWAT && sock.state !== SOCK_DATAGRAM)
      sock.unsentLowBytes = Math.max(0, value);
    if (sock.state === SOCK_DATAGRAM) return this.datagrams.setOption(sock, option, value);
    return 0 - this.stack.tcpSetOption(sock.connection, option, value);
  }

  /** @param sock undefined: there is no such socket. @returns the value, or a negative errno. */
  get(sock: Sock | undefined, option: number): number {
    if (sock === undefined) return -EBADF;
    if (option === SO_SNDBUF) return sock.sendBufferBytes;
    if (option === SO_RCVLOWAT) return sock.receiveLowBytes;
    if (option === SO_OOBINLINE) return sock.urgentInline;
    if (sock.state === SOCK_DATAGRAM) return this.datagrams.getOption(sock, option);
    if (option === SO_ERROR) {
      // Of a connection that is open the stack knows what ICMP has said, which ends nothing.
      if (sock.state === SOCK_CONNECTED && sock.errno === 0) {
        return optionAnswer(this.stack.tcpGetOption(sock.connection, option));
      }
      return 0 - takeError(sock);
    }
    return optionAnswer(this.stack.tcpGetOption(sock.connection, option));
  }
}
