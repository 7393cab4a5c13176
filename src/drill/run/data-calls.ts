/** Calls that move data: read, write, and all their kin. */
import { EAGAIN, EBADF, EFAULT } from '../../socket/errno.ts';
import type { Expression } from '../script/ast.ts';
import { NotJudged } from '../script/script-error.ts';
import type { CallContext, CallTable } from './call-context.ts';
import { constant, numberOf } from './constants.ts';
import type { SocketDescriptor } from './descriptors.ts';
import { bytesToWrite, messageVector, type SocketAddress, vector } from './socket-addresses.ts';
import type { Answer, Blocked } from './waiting-call.ts';

const DONT_WAIT = constant('MSG_DONTWAIT') ?? 0;
/** Flags that change nothing here: no signal is sent, and what is cut off is read into nowhere. */
const IDLE_FLAGS = (constant('MSG_NOSIGNAL') ?? 0) | (constant('MSG_TRUNC') ?? 0);

/** What of a call's flags is served. @returns whether it may not wait. */
function dontWait(flags: Expression | undefined): boolean {
  if (flags === undefined || flags.kind === 'ellipsis') return false;
  const value = numberOf(flags);
  const left = value & ~DONT_WAIT & ~IDLE_FLAGS;
  if (left !== 0 || value > 0x7fff_ffff)
    throw new NotJudged(flags.place, 'flags of send and receive but MSG_DONTWAIT');
  return (value & DONT_WAIT) !== 0;
}

interface Piece {
  readonly buffer: Expression;
  readonly length: number;
}

/** Reads up to so many bytes. */
function receive(context: CallContext, fd: Expression, length: number, now: boolean): Answer | Blocked {
  const descriptor = context.descriptors.socket(fd);
  if (descriptor === undefined) return { result: -EBADF };
  if (length < 0) return { result: -EFAULT };
  const bytes = new Uint8Array(length);
  const { sockets } = context.host;
  const attempt = (): Answer => {
    const result = sockets.recv(descriptor.socket, bytes, 0, length);
    if (result <= 0) return { result };
    const wrong = context.descriptors.checkRead(descriptor, bytes, result);
    return wrong === undefined ? { result } : { result, wrong };
  };
  return waits(descriptor, attempt, now);
}

/** Tries, and waits where it would be waited. */
function waits(descriptor: SocketDescriptor, attempt: () => Answer, now: boolean): Answer | Blocked {
  const answer = attempt();
  if (answer.result !== -EAGAIN || now || descriptor.nonBlocking) return answer;
  return {
    errno: -EAGAIN,
    retry: () => {
      const again = attempt();
      return again.result === -EAGAIN ? undefined : again;
    },
  };
}

/** Sends pieces as one; a call that may wait sends all of them. */
function send(
  context: CallContext,
  fd: Expression,
  pieces: readonly Piece[],
  to: SocketAddress | undefined,
  now: boolean,
): Answer | Blocked {
  const descriptor = context.descriptors.socket(fd);
  if (descriptor === undefined) return { result: -EBADF };
  const total = pieces.reduce((sum, { length }) => sum + length, 0);
  if (total < 0) return { result: -EFAULT };
  const data = new Uint8Array(total);
  let at = 0;
  for (const { buffer, length } of pieces) {
    const from = descriptor.datagram ? at : descriptor.written.length + at;
    data.set(bytesToWrite(buffer, length, from), at);
    at += length;
  }
  let sent = 0;
  const attempt = (): Answer => {
    const result = context.sendBytes(descriptor, data.subarray(sent), to);
    if (result < 0) return { result: sent > 0 && result !== -EAGAIN ? sent : result };
    sent += result;
    return { result: sent };
  };
  const first = attempt();
  const mayWait = !now && !descriptor.nonBlocking && !descriptor.datagram;
  if (!mayWait || (first.result < 0 && first.result !== -EAGAIN) || sent === total) return first;
  return {
    errno: sent > 0 ? sent : -EAGAIN,
    retry: () => {
      const again = attempt();
      return again.result === -EAGAIN || (again.result >= 0 && sent < total && again.result === sent)
        ? undefined
        : again;
    },
  };
}

export const DATA_CALLS: CallTable = {
  read: { arguments: [3], run: (c, [fd, , length]) => receive(c, fd, numberOf(length), false) },
  recv: {
    arguments: [4],
    run: (c, [fd, , length, flags]) => receive(c, fd, numberOf(length), dontWait(flags)),
  },
  recvfrom: {
    arguments: [6],
    run: (c, [fd, , length, flags]) => receive(c, fd, numberOf(length), dontWait(flags)),
  },
  recvmsg: {
    arguments: [3],
    run: (c, [fd, message, flags]) =>
      receive(
        c,
        fd,
        messageVector(message).reduce((sum, { length }) => sum + length, 0),
        dontWait(flags),
      ),
  },
  readv: {
    arguments: [3],
    run: (c, [fd, iov]) =>
      receive(
        c,
        fd,
        vector(iov).reduce((sum, { length }) => sum + length, 0),
        false,
      ),
  },
  write: {
    arguments: [3],
    run: (c, [fd, buffer, length]) => send(c, fd, [{ buffer, length: numberOf(length) }], undefined, false),
  },
  send: {
    arguments: [4],
    run: (c, [fd, buffer, length, flags]) =>
      send(c, fd, [{ buffer, length: numberOf(length) }], undefined, dontWait(flags)),
  },
  sendto: {
    arguments: [6],
    run: (c, [fd, buffer, length, flags, to]) =>
      send(c, fd, [{ buffer, length: numberOf(length) }], c.destination(fd, to), dontWait(flags)),
  },
  sendmsg: {
    arguments: [3],
    run: (c, [fd, message, flags]) => send(c, fd, messageVector(message), undefined, dontWait(flags)),
  },
  writev: { arguments: [3], run: (c, [fd, iov]) => send(c, fd, vector(iov), undefined, false) },
};
