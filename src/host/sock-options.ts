/** The options of a socket of the host's own stack: those of TCP are its stack's, and SO_SNDBUF is here. */
import { EBADF, EINVAL, ENOPROTOOPT } from '../socket/errno.ts';
import { SO_ERROR, SO_SNDBUF } from '../socket/options.ts';
import type { Stack } from '../tcpip/stack/stack.ts';
import type { DatagramCalls } from './datagram-calls.ts';
import { optionAnswer, SOCK_DATAGRAM, type Sock, takeError } from './sock.ts';

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
    if (sock.state === SOCK_DATAGRAM) return this.datagrams.setOption(sock, option, value);
    return 0 - this.stack.tcpSetOption(sock.connection, option, value);
  }

  /** @param sock undefined: there is no such socket. @returns the value, or a negative errno. */
  get(sock: Sock | undefined, option: number): number {
    if (sock === undefined) return -EBADF;
    if (option === SO_SNDBUF) return sock.sendBufferBytes;
    if (sock.state === SOCK_DATAGRAM) return this.datagrams.getOption(sock, option);
    if (option === SO_ERROR) return 0 - takeError(sock);
    return optionAnswer(this.stack.tcpGetOption(sock.connection, option));
  }
}
