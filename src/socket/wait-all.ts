/**
 * What MSG_DONTWAIT and MSG_WAITALL make of a call that may wait (recv(2), send(2)): the forms that wait ask
 * here, since the calls of the contract never do.
 */
import { FAILED, type SocketStack } from './contract.ts';
import { EOPNOTSUPP } from './errno.ts';
import { MSG_DONTWAIT, MSG_OOB, MSG_PEEK, MSG_WAITALL } from './message-flags.ts';
import { TCP_NODELAY } from './options.ts';

/** Whether a call may wait. */
export function mayWait(flags: number): boolean {
  return (flags & MSG_DONTWAIT) === 0;
}

/** The flags that say whether a receive waits: for the urgent byte none does, as on Linux. */
export function asReceive(flags: number): number {
  return (flags & MSG_OOB) === 0 ? flags : flags | MSG_DONTWAIT;
}

/**
 * Why a receive cannot be made: a negative errno; 0: it can. To wait for bytes that stay where they are is
 * refused: whether more can come behind them, the contract does not tell.
 */
export function waitAllErrno(flags: number): number {
  const both = MSG_PEEK | MSG_WAITALL;
  return mayWait(flags) && (flags & both) === both ? -EOPNOTSUPP : 0;
}

/**
 * Whether a receive that has got something is to wait for the rest (MSG_WAITALL). As on Linux the flag means
 * nothing for datagrams, which have no option of TCP's, and the receive ends where an urgent byte is.
 */
export function waitsForAll(
  stack: SocketStack,
  socket: number,
  got: number,
  wanted: number,
  flags: number,
): boolean {
  if ((flags & MSG_WAITALL) === 0 || !mayWait(asReceive(flags)) || got <= 0 || got >= wanted) return false;
  return stack.getOption(socket, TCP_NODELAY) >= 0 && stack.atMark(socket) === 0;
}

/**
 * Receives behind what a receive has got already. An error that waits is left for the next call, as Linux
 * leaves it.
 * @returns as `recv`; 0: nothing more comes of this call.
 */
export function receiveRest(
  stack: SocketStack,
  socket: number,
  bytes: Uint8Array,
  got: number,
  flags: number,
): number {
  if ((stack.readiness(socket) & FAILED) !== 0 || stack.atMark(socket) === 1) return 0;
  return stack.recv(socket, bytes, got, bytes.length - got, flags);
}
