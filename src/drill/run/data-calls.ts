/** Calls that move data: read, write, and all their kin. */
import { EAGAIN, EBADF, EFAULT, EOPNOTSUPP } from '../../socket/errno.ts';
import {
  MSG_DONTWAIT,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  recvFlagsErrno,
  sendFlagsErrno,
} from '../../socket/message-flags.ts';
import { SO_RCVLOWAT } from '../../socket/options.ts';
import type { Expression } from '../script/ast.ts';
import { expressionText, fieldOf } from '../script/expression-parser.ts';
import { NotJudged } from '../script/script-error.ts';
import type { CallContext, CallTable } from './call-context.ts';
import { constant, numberOf } from './constants.ts';
import { controlDifference, errorMessages, inqMessage } from './control-messages.ts';
import { PEER_ENDED } from './poll-calls.ts';
import {
  bytesToWrite,
  messageVector,
  refuseControl,
  type SocketAddress,
  vector,
} from './socket-addresses.ts';
import { type Answer, type Blocked, isBlocked, waitsFor } from './waiting-call.ts';

const ERROR_QUEUE = constant('MSG_ERRQUEUE') ?? 0;
const ZERO_COPY = constant('MSG_ZEROCOPY') ?? 0;
/** Pieces that one packet of Linux's holds without copying (MAX_SKB_FRAGS): more are cut into several. */
const PIECES_MAX = 17;

/** The flags of a call. @throws NotJudged for those that no stack here serves. */
function flagsOf(flags: Expression | undefined, served: (flags: number) => number): number {
  if (flags === undefined || flags.kind === 'ellipsis') return 0;
  const value = numberOf(flags);
  if (value > 0x7fff_ffff || served(value) === -EOPNOTSUPP) {
    throw new NotJudged(flags.place, `the flags ${expressionText(flags)}`);
  }
  return value;
}

/** With MSG_ZEROCOPY, which is not the stack's: the bytes are copied, as Linux may, too. */
const ofSend = (flags: Expression | undefined): number =>
  flagsOf(flags, (value) => sendFlagsErrno(value & ~ZERO_COPY, false));
const ofReceive = (flags: Expression | undefined): number => flagsOf(flags, recvFlagsErrno);

interface Piece {
  readonly buffer: Expression;
  readonly length: number;
}

/** Reads up to so many bytes. */
function receive(
  context: CallContext,
  fd: Expression,
  length: number,
  flags: number,
  buffer?: Expression,
): Answer | Blocked {
  const descriptor = context.descriptors.socket(fd);
  if (descriptor === undefined) return { result: -EBADF };
  if (length < 0) return { result: -EFAULT };
  const bytes = new Uint8Array(length);
  const { host } = context;
  const { socket } = descriptor;
  // Nobody waits for an urgent byte.
  const mayWait = (flags & (MSG_DONTWAIT | MSG_OOB)) === 0 && !descriptor.nonBlocking;
  const served = !descriptor.datagram && recvFlagsErrno(flags) === 0;
  const least = mayWait && served ? leastOf(context, socket, length, flags) : 0;
  let got = 0;
  const attempt = (): Answer => {
    // The bytes stay where they are when there is nowhere to put them.
    if (isNull(buffer) && length > 0 && host.readableBytes(socket) > 0) return { result: -EFAULT };
    // Who waits for more than there is takes nothing yet, unless nothing more can come.
    const readable = host.readableBytes(socket);
    const toMark = host.bytesToMark(socket);
    if (readable < least && toMark === readable && !host.endsReading(socket)) return { result: -EAGAIN };
    const result = host.sockets.recv(socket, bytes, got, length - got, flags);
    if (result <= 0 || (flags & MSG_OOB) !== 0) return { result };
    got = Math.min(result, length);
    const wrong = context.descriptors.checkRead(descriptor, bytes, got, (flags & MSG_PEEK) !== 0);
    if ((flags & MSG_TRUNC) !== 0 || wrong === undefined) return { result };
    return { result, wrong };
  };
  return waitsFor(attempt, !mayWait);
}

function isNull(expression: Expression | undefined): boolean {
  return expression?.kind === 'word' && expression.text === 'NULL';
}

/** A message: its bytes, and what goes beside them; or the next of the socket's error queue. */
function receiveMessage(context: CallContext, [fd, message, flags]: readonly Expression[]): Answer | Blocked {
  const bits = flags.kind === 'ellipsis' ? 0 : numberOf(flags);
  const length = messageVector(message).reduce((sum, piece) => sum + piece.length, 0);
  if ((bits & ERROR_QUEUE) !== 0) return receiveError(context, fd, message, length);
  const descriptor = context.descriptors.socket(fd);
  if (descriptor === undefined) return { result: -EBADF };
  const { host, session } = context;
  const told = (answer: Answer): Answer => {
    if (answer.result < 0) return answer;
    // An end that has come is told as a byte, so that a program reads on.
    const ended = PEER_ENDED.has(host.tcpInfo(descriptor.socket)?.state ?? 0) ? 1 : 0;
    const waiting = host.readableBytes(descriptor.socket) + ended;
    const control = descriptor.tellsInq ? [inqMessage(waiting)] : [];
    const wrong =
      flagsDifference(message, 0) ??
      controlDifference(fieldOf(message, 'msg_control'), control, session.options.toleranceUs);
    return wrong === undefined || answer.wrong !== undefined ? answer : { ...answer, wrong };
  };
  const answer = receive(context, fd, length, ofReceive(flags));
  if (!isBlocked(answer)) return told(answer);
  return {
    ...answer,
    retry: () => {
      const again = answer.retry();
      return again === undefined ? undefined : told(again);
    },
  };
}

/** Never waits. */
function receiveError(context: CallContext, fd: Expression, message: Expression, length: number): Answer {
  const descriptor = context.descriptors.socket(fd);
  if (descriptor === undefined) return { result: -EBADF };
  const record = descriptor.errors.take();
  if (record === undefined) return { result: -EAGAIN };
  if (record.packet && length > 0) throw new NotJudged(message.place, 'the packet of an error queue');
  const cut = record.packet ? MSG_TRUNC : 0;
  const control = fieldOf(message, 'msg_control');
  const wrong =
    flagsDifference(message, ERROR_QUEUE | cut) ??
    controlDifference(control, errorMessages(record), context.session.options.toleranceUs);
  return wrong === undefined ? { result: 0 } : { result: 0, wrong };
}

/** What is told in the flags of a message that was received. */
function flagsDifference(message: Expression, actual: number): string | undefined {
  const said = fieldOf(message, 'msg_flags');
  if (said === undefined || said.kind === 'ellipsis' || numberOf(said) === actual) return undefined;
  return `msg_flags: expected ${expressionText(said)}, got 0x${actual.toString(16)}`;
}

/** How many bytes a receive that may wait waits for. */
function leastOf({ host }: CallContext, socket: number, length: number, flags: number): number {
  if ((flags & MSG_WAITALL) !== 0) return length;
  return Math.min(length, host.sockets.getOption(socket, SO_RCVLOWAT));
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
  const unmapped = pieces.findIndex(({ buffer, length }) => isNull(buffer) && length > 0);
  if (unmapped >= 0) return sendUpTo(context, fd, pieces.slice(0, unmapped), to, flags);
  const total = pieces.reduce((sum, { length }) => sum + length, 0);
  if (total < 0) return { result: -EFAULT };
  if ((flags & ZERO_COPY) !== 0 && descriptor.errors.zeroCopy && pieces.length > PIECES_MAX) {
    throw new NotJudged(fd.place, `MSG_ZEROCOPY of more than ${PIECES_MAX} pieces, which Linux cuts`);
  }
  const data = new Uint8Array(total);
  let at = 0;
  for (const { buffer, length } of pieces) {
    const from = descriptor.datagram ? at : descriptor.written.length + at;
    data.set(bytesToWrite(buffer, length, from), at);
    at += length;
  }
  const lent = (flags & ZERO_COPY) !== 0;
  let sent = 0;
  const told = (result: number): Answer => {
    if (result > 0 && !descriptor.datagram) descriptor.errors.sent(descriptor.written.length, lent);
    return { result };
  };
  const attempt = (): Answer => {
    const result = context.sendBytes(descriptor, data.subarray(sent), to, flags & ~ZERO_COPY);
    if (result < 0 ? result === -EAGAIN : sent + result < total) descriptor.shortSends += 1;
    if (result < 0) return { result: sent > 0 && result !== -EAGAIN ? sent : result };
    sent += result;
    return { result: sent };
  };
  const first = attempt();
  const mayWait = (flags & MSG_DONTWAIT) === 0 && !descriptor.nonBlocking && !descriptor.datagram;
  if (!mayWait || (first.result < 0 && first.result !== -EAGAIN) || sent === total) return told(first.result);
  return {
    errno: sent > 0 ? sent : -EAGAIN,
    retry: () => {
      if (!context.host.isWoken(descriptor.socket)) return undefined;
      const again = attempt();
      return again.result === -EAGAIN || (again.result >= 0 && sent < total && again.result === sent)
        ? undefined
        : told(again.result);
    },
  };
}

/** Pieces before one that is nowhere in memory: those go, and where there are none nothing does. */
function sendUpTo(
  context: CallContext,
  fd: Expression,
  pieces: readonly Piece[],
  to: SocketAddress | undefined,
  flags: number,
): Answer | Blocked {
  const answer = send(context, fd, pieces, to, flags);
  return !isBlocked(answer) && answer.result === 0 ? { result: -EFAULT } : answer;
}

export const DATA_CALLS: CallTable = {
  read: { arguments: [3], run: (c, [fd, buffer, length]) => receive(c, fd, numberOf(length), 0, buffer) },
  recv: {
    arguments: [4],
    run: (c, [fd, buffer, length, flags]) => receive(c, fd, numberOf(length), ofReceive(flags), buffer),
  },
  recvfrom: {
    arguments: [6],
    run: (c, [fd, buffer, length, flags]) => receive(c, fd, numberOf(length), ofReceive(flags), buffer),
  },
  recvmsg: { arguments: [3], run: receiveMessage },
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
    run: (c, [fd, message, flags]) => {
      refuseControl(message);
      return send(c, fd, messageVector(message), undefined, ofSend(flags));
    },
  },
  writev: { arguments: [3], run: (c, [fd, iov]) => send(c, fd, vector(iov), undefined, 0) },
};
