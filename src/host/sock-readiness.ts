/** What sockets of the host's own stack are ready for: the bits of the contract, by Linux's rules (tcp_poll). */
import { FAILED, HANGUP, READABLE, WRITABLE } from '../socket/contract.ts';
import { EBADF } from '../socket/errno.ts';
import { URGENT_NONE, withPriority } from '../socket/urgent-mark.ts';
import type { Stack } from '../tcpip/stack/stack.ts';
import type { DatagramCalls } from './datagram-calls.ts';
import type { HostStackParts, PlacedReads } from './host-stack-parts.ts';
import type { SendMemory } from './send-memory.ts';
import {
  hasPeerEnded,
  SOCK_CONNECTED,
  SOCK_CONNECTING,
  SOCK_DATAGRAM,
  SOCK_FAILED,
  SOCK_LISTENING,
  SOCK_OPEN,
  type Sock,
} from './sock.ts';
import type { SockReceives } from './sock-receives.ts';

/** A send is not cut below this many bytes while others of its socket are under way. */
export const PIECE_BYTES_MIN = 2048;

export class SockReadiness {
  private readonly stack: Stack;
  private readonly memory: SendMemory;
  private readonly reads: PlacedReads | undefined;
  private readonly receives: SockReceives;
  private readonly datagrams: DatagramCalls;

  constructor(parts: HostStackParts, receives: SockReceives, datagrams: DatagramCalls) {
    this.stack = parts.stack;
    this.memory = parts.memory;
    this.reads = parts.reads;
    this.receives = receives;
    this.datagrams = datagrams;
  }

  /** READABLE, WRITABLE, HANGUP, FAILED and PRIORITY bits; -EBADF of a number that is no socket's. */
  of(sock: Sock, socket: number): number {
    if (sock.urgent !== URGENT_NONE) this.receives.lookAtUrgent(sock, socket);
    const bits = this.bitsOf(sock, socket);
    return bits < 0 ? bits : withPriority(sock, bits);
  }

  private bitsOf(sock: Sock, socket: number): number {
    switch (sock.state) {
      case SOCK_LISTENING:
        return this.stack.tcpAcceptable(sock.connection) > 0 ? READABLE : 0;
      case SOCK_CONNECTED:
        return this.connectedReadiness(sock, socket);
      case SOCK_CONNECTING:
        // Ends that were made before there was a connection are there already.
        if (sock.readEnded === 0) return 0;
        return sock.writeEnded !== 0 ? READABLE | HANGUP : READABLE;
      case SOCK_DATAGRAM:
        return this.datagrams.readiness(sock);
      case SOCK_FAILED:
        return READABLE | WRITABLE | HANGUP | (sock.errno !== 0 ? FAILED : 0);
      case SOCK_OPEN:
        if (sock.errno !== 0) return READABLE | WRITABLE | HANGUP | FAILED;
        return WRITABLE | HANGUP | (sock.readEnded !== 0 ? READABLE : 0);
      default:
        return -EBADF;
    }
  }

  private connectedReadiness(sock: Sock, socket: number): number {
    const { stack, receives } = this;
    const { connection } = sock;
    const ended = sock.readEnded !== 0 || hasPeerEnded(stack.tcpState(connection));
    const due = this.reads?.isDue(socket) === true;
    let bits = (ended && !due) || receives.hasEnough(sock, socket) ? READABLE : 0;
    if (sock.writeEnded !== 0) return bits | WRITABLE | (ended ? HANGUP : 0);
    const room = sock.sendBufferBytes - sock.sendingBytes;
    if ((sock.sendingBytes === 0 || room >= PIECE_BYTES_MIN) && this.memory.serves(sock)) bits |= WRITABLE;
    // As Linux, it wakes a program only once half of what may wait has gone.
    const low = sock.unsentLowBytes;
    if (low > 0 && 2 * stack.tcpUnsentBytes(connection) >= low) bits &= ~WRITABLE;
    return bits;
  }
}
