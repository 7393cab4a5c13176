/**
 * Flags of `send` and `recv`, by Linux's names and numbers (include/linux/socket.h), and what each stack here
 * makes of them. Calls never wait, so that MSG_DONTWAIT and, of a receive, MSG_WAITALL change nothing for
 * them: the forms that wait (`blocking.ts`, `promises.ts`) heed both. A signal is never sent.
 */
import { EOPNOTSUPP } from './errno.ts';

/** Of a send: its last byte is urgent. Of a receive of a stream: the urgent byte, and nothing else. */
export const MSG_OOB = 1;
/** The bytes stay to be received again. */
export const MSG_PEEK = 2;
/** Of a stream: the bytes are thrown away. Of a datagram: the answer is its length, however much is taken. */
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
/** A record ends with these bytes: what is sent next goes in another segment. */
export const MSG_EOR = 0x80;
export const MSG_WAITALL = 0x100;
export const MSG_CONFIRM = 0x800;
export const MSG_NOSIGNAL = 0x4000;
/** More follows soon: a short last segment waits for it. */
export const MSG_MORE = 0x8000;
const MSG_CMSG_CLOEXEC = 0x4000_0000;

const OF_SEND = MSG_OOB | MSG_DONTWAIT | MSG_EOR | MSG_CONFIRM | MSG_NOSIGNAL | MSG_MORE;
const OF_RECV = MSG_OOB | MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT | MSG_WAITALL | MSG_NOSIGNAL | MSG_CMSG_CLOEXEC;
/** A datagram is sent whole and at once. */
const OF_SEND_TO = MSG_DONTWAIT | MSG_CONFIRM | MSG_NOSIGNAL | MSG_EOR;

/** Why a send has flags that nobody here serves: a negative errno; 0: it has none. */
export function sendFlagsErrno(flags: number, datagram: boolean): number {
  return (flags & ~(datagram ? OF_SEND_TO : OF_SEND)) === 0 ? 0 : -EOPNOTSUPP;
}

/** The same of a receive. */
export function recvFlagsErrno(flags: number): number {
  return (flags & ~OF_RECV) === 0 ? 0 : -EOPNOTSUPP;
}
