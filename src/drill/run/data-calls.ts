/** Calls that move data: read, write, and all their kin. */
import { EAGAIN, EBADF, EFAULT, EOPNOTSUPP } from '../../socket/errno.ts';
import {
  MSG_DONTWAIT,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  recvFlagsErrno,
  sendFlagsErrno,
} from '../../socket/message-flags.ts';
import { SO_RCVLOWAT } from '../../socket/options.ts';
import type { Expression } from '../script/ast.ts';
import { expressionText } from '../script/expression-parser.ts';
import { NotJudged } from '../script/script-error.ts';
import type { CallContext, CallTable } from './call-context.ts';
import { numberOf } from './constants.ts';
import type { SocketDescriptor } from './descriptors.ts';
import { bytesToWrite, messageVector, type SocketAddress, vector } from './socket-addresses.ts';
import type { Answer, Blocked } from './waiting-call.ts';

/** The flags of a call. @throws NotJudged for those that no stack here serves. */
function flagsOf(flags: Expression | undefined, served: (flags: number) => number): number {
  if (flags === undefined || flags.kind === 'ellipsis') return 0;
  const value = numberOf(flags);
  if (value > 0x7fff_ffff || served(value) === -EOPNOTSUPP) {
    throw new NotJudged(flags.place, `the flags ${expressionText(flags)}`);
  }
  return value;
}

const ofSend = (flags: Expression | undefined): number =>
  flagsOf(flags, (value) => sendFlagsErrno(value, false));
const ofReceive = (flags: Expression | undefined): number => flagsOf(flags, recvFlagsErrno);

interface Piece {
  readonly buffer: Expression;
  readonly length: number;
}

/** Reads up to so many bytes. */
function receive(context: CallContext, fd: Expression, length: number, flags: number): Answer | Blocked {
  const descriptor = context.descriptors.socket(fd);
  if (descriptor === undefined) return { result: -EBADF };
  if (length < 0) return { result: -EFAULT };
  const bytes = new Uint8Array(length);
  const { host } = context;
  const { socket } = descriptor;
  const mayWait = (flags & MSG_DONTWAIT) === 0 && !descriptor.nonBlocking;
  const served = !descriptor.datagram && recvFlagsErrno(flags) === 0;
  const least = mayWait && served ? leastOf(context, socket, length, flags) : 0;
  let got = 0;
  const attempt = (): Answer => {
    // Who waits for more than there is takes nothing yet, unless nothing more can come.
    if (host.readableBytes(socket) < least && !host.endsReading(socket)) return { result: -EAGAIN };
    const result = host.sockets.recv(socket, bytes, got, length - got, flags);
    if (result <= 0) return { result };
    got = Math.min(result, length);
    const wrong = context.descriptors.checkRead(descriptor, bytes, got, (flags & MSG_PEEK) !== 0);
    if ((flags & MSG_TRUNC) !== 0 || wrong === undefined) return { result };
    return { result, wrong };
  };
  return waits(descriptor, attempt, !mayWait);
}

/** How many bytes a receive that may wait waits for. */
function leastOf({ host }: CallContext, socket: number, length: number, flags: number): number {
  if ((flags & MSG_WAITALL) !== 0) return length;
  return Math.min(length, host.sockets.getOption(socket, SO_RCVLOWAT));
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
  flags: number,
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
    const result = context.sendBytes(descriptor, data.subarray(sent), to, flags);
    if (result < 0) return { result: sent > 0 && result !== -EAGAIN ? sent : result };
    sent += result;
    return { result: sent };
  };
  const first = attempt();
  const mayWait = (flags & MSG_DONTWAIT) === 0 && !descriptor.nonBlocking && !descriptor.datagram;
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
  read: { arguments: [3], run: (c, [fd, , length]) => receive(c, fd, numberOf(length), 0) },
  recv: {
    arguments: [4],
    run: (c, [fd, , length, flags]) => receive(c, fd, numberOf(length), ofReceive(flags)),
  },
  recvfrom: {
    arguments: [6],
    run: (c, [fd, , length, flags]) => receive(c, fd, numberOf(length), ofReceive(flags)),
  },
  recvmsg: {
    arguments: [3],
    run: (c, [fd, message, flags]) =>
      receive(
        c,
        fd,
        messageVector(message).reduce((sum, { length }) => sum + length, 0),
        ofReceive(flags),
      ),
  },
  readv: {
    arguments: [3],
    run: (c, [fd, iov]) =>
      receive(
        c,
        fd,
        vector(iov).reduce((sum, { length }) => sum + length, 0),
        0,
      ),
  },
  write: {
    arguments: [3],
    run: (c, [fd, buffer, length]) => send(c, fd, [{ buffer, length: numberOf(length) }], undefined, 0),
  },
  send: {
    arguments: [4],
    run: (c, [fd, buffer, length, flags]) =>
      send(c, fd, [{ buffer, length: numberOf(length) }], undefined, ofSend(flags)),
  },
  sendto: {
    arguments: [6],
    run: (c, [fd, buffer, length, flags, to]) =>
      send(c, fd, [{ buffer, length: numberOf(length) }], c.destination(fd, to), ofSend(flags)),
  },
  sendmsg: {
    arguments: [3],
    run: (c, [fd, message, flags]) => send(c, fd, messageVector(message), undefined, ofSend(flags)),
  },
  writev: { arguments: [3], run: (c, [fd, iov]) => send(c, fd, vector(iov), undefined, 0) },
};
