/**
 * How long a connect of a FreeBSD host may take, whatever its retransmissions (TCP_KEEPINIT, in the same units
 * as net.inet.tcp.keepinit): a user time-out that ends with the handshake.
 */
import type { SocketStack } from '../../socket/contract.ts';
import { TCP_USER_TIMEOUT_MS } from '../../socket/options.ts';

/** SYN-SENT and SYN-RECEIVED, by Linux's numbers. */
const OPENING: ReadonlySet<number> = new Set([2, 3]);

export class OpenTimeouts {
  private readonly stack: SocketStack;
  private readonly stateOf: (socket: number) => number | undefined;
  private readonly usualMs: () => number;
  /** What programs have said, by socket. */
  private readonly said = new Map<number, number>();
  private readonly opening = new Set<number>();

  /** @param stateOf tells TCP's state of a socket. @param usualMs what the host's setting says now. */
  constructor(stack: SocketStack, stateOf: (socket: number) => number | undefined, usualMs: () => number) {
    this.stack = stack;
    this.stateOf = stateOf;
    this.usualMs = usualMs;
  }

  /** A new socket: a number may have been another's before. */
  begin(socket: number): void {
    this.said.set(socket, this.usualMs());
    this.opening.delete(socket);
  }

  /** @returns milliseconds. */
  get(socket: number): number {
    return this.said.get(socket) ?? this.usualMs();
  }

  set(socket: number, ms: number): void {
    this.said.set(socket, ms);
  }

  /** A connect is about to begin. */
  connecting(socket: number): void {
    if (this.stack.setOption(socket, TCP_USER_TIMEOUT_MS, this.get(socket)) === 0) this.opening.add(socket);
  }

  /** The stack has come to rest: what is open by now waits for as long as it must. */
  settled(): void {
    for (const socket of this.opening) {
      const state = this.stateOf(socket);
      if (state !== undefined && OPENING.has(state)) continue;
      this.opening.delete(socket);
      this.stack.setOption(socket, TCP_USER_TIMEOUT_MS, 0);
    }
  }
}
