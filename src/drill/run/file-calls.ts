/** Files, whose bytes are of no interest, and pipes: what `sendfile` and `splice` move bytes from and to. */
import { EAGAIN, EBADF, EINVAL } from '../../socket/errno.ts';
import { MSG_MORE } from '../../socket/message-flags.ts';
import type { Expression, Place } from '../script/ast.ts';
import { expressionText } from '../script/expression-parser.ts';
import { NotJudged } from '../script/script-error.ts';
import type { CallContext, CallTable } from './call-context.ts';
import { constant, numberOf } from './constants.ts';
import type { Descriptor, PipeDescriptor, SocketDescriptor } from './descriptors.ts';
import { pattern } from './stream-bytes.ts';
import { type Answer, type Blocked, waitsFor } from './waiting-call.ts';

/** What a pipe holds at most, as on Linux. */
const PIPE_BYTES = 65_536;
const SPLICE_NONBLOCK = constant('SPLICE_F_NONBLOCK') ?? 0;
const SPLICE_MORE = constant('SPLICE_F_MORE') ?? 0;

/** A file that the script's own commands have made. */
function open({ session, descriptors, wantedFd }: CallContext, [path]: readonly Expression[]): Answer {
  if (path.kind !== 'string') throw new NotJudged(path.place, `the path ${expressionText(path)}`);
  const size = session.files.get(path.text);
  if (size === undefined) throw new NotJudged(path.place, `the file ${path.text}, which no command has made`);
  descriptors.add(wantedFd, { kind: 'file', size, at: 0 });
  return { result: Math.max(0, wantedFd) };
}

/** `NULL`, or `[offset]`. */
function offsetOf(expression: Expression): number | undefined {
  return expression.kind === 'word' && expression.text === 'NULL' ? undefined : numberOf(expression);
}

function sendFile(context: CallContext, [out, from, offset, count]: readonly Expression[]): Answer | Blocked {
  const descriptor = context.descriptors.socket(out);
  const file = context.descriptors.get(numberOf(from));
  if (descriptor === undefined || file === undefined) return { result: -EBADF };
  if (file.kind !== 'file') throw new NotJudged(from.place, 'sendfile of what is no file');
  const said = offsetOf(offset);
  const total = Math.max(0, Math.min(numberOf(count), file.size - (said ?? file.at)));
  const moved = (bytes: number): void => {
    if (said === undefined) file.at += bytes;
  };
  return sendAll(context, descriptor, pattern(descriptor.written.length, total), 0, moved);
}

/** Sends bytes; who may wait sends all of them. @param moved is told of those that were taken. */
function sendAll(
  context: CallContext,
  descriptor: SocketDescriptor,
  bytes: Uint8Array,
  flags: number,
  moved: (bytes: number) => void,
): Answer | Blocked {
  let sent = 0;
  const attempt = (): Answer => {
    if (sent === bytes.length) return { result: sent };
    const result = context.sendBytes(descriptor, bytes.subarray(sent), undefined, flags);
    if (result < 0) return { result: sent > 0 && result !== -EAGAIN ? sent : result };
    sent += result;
    moved(result);
    if (sent < bytes.length && !descriptor.nonBlocking) return { result: -EAGAIN };
    descriptor.errors.sent(descriptor.written.length, false);
    return { result: sent };
  };
  return waitsFor(attempt, descriptor.nonBlocking);
}

/** `pipe([5, 6])`: the end that is read, and the one that is written. */
function pipe({ descriptors }: CallContext, [ends]: readonly Expression[]): Answer {
  if (ends.kind !== 'list' || ends.items.length !== 2) {
    throw new NotJudged(ends.place, `pipe(${expressionText(ends)})`);
  }
  const held = { bytes: new Uint8Array(0) };
  descriptors.add(numberOf(ends.items[0]), { kind: 'pipe', held, reads: true });
  descriptors.add(numberOf(ends.items[1]), { kind: 'pipe', held, reads: false });
  return { result: 0 };
}

function splice(context: CallContext, args: readonly Expression[], place: Place): Answer | Blocked {
  const [from, fromAt, to, toAt, count, flags] = args;
  if (offsetOf(fromAt) !== undefined || offsetOf(toAt) !== undefined) {
    throw new NotJudged(place, 'splice at an offset');
  }
  const source = context.descriptors.get(numberOf(from));
  const target = context.descriptors.get(numberOf(to));
  if (source === undefined || target === undefined) return { result: -EBADF };
  const bits = numberOf(flags);
  if (isEnd(target, false) && source.kind === 'socket') {
    return spliceIn(context, source, target, numberOf(count), bits, place);
  }
  if (isEnd(source, true) && target.kind === 'socket') {
    return spliceOut(context, source, target, numberOf(count), bits);
  }
  return { result: -EINVAL };
}

function isEnd(descriptor: Descriptor, reads: boolean): descriptor is PipeDescriptor {
  return descriptor.kind === 'pipe' && descriptor.reads === reads;
}

/** From a socket into a pipe: what there is, as a read has it. */
function spliceIn(
  context: CallContext,
  source: SocketDescriptor,
  { held }: PipeDescriptor,
  count: number,
  flags: number,
  place: Place,
): Answer | Blocked {
  // Linux stops before an urgent byte, and reads no further (tcp_read_sock).
  if (context.descriptors.urgent) throw new NotJudged(place, 'splice of a stream with urgent data');
  const attempt = (): Answer => {
    const room = Math.min(count, PIPE_BYTES - held.bytes.length);
    if (room <= 0) return { result: -EAGAIN };
    const bytes = new Uint8Array(room);
    const result = context.host.sockets.recv(source.socket, bytes, 0, room);
    if (result <= 0) return { result };
    const wrong = context.descriptors.checkRead(source, bytes, result);
    held.bytes = Uint8Array.from([...held.bytes, ...bytes.subarray(0, result)]);
    return wrong === undefined ? { result } : { result, wrong };
  };
  return waitsFor(attempt, source.nonBlocking || (flags & SPLICE_NONBLOCK) !== 0);
}

/** From a pipe out by a socket. */
function spliceOut(
  context: CallContext,
  { held }: PipeDescriptor,
  target: SocketDescriptor,
  count: number,
  flags: number,
): Answer | Blocked {
  if (held.bytes.length === 0) return { result: -EAGAIN };
  const bytes = held.bytes.slice(0, count);
  const moved = (sent: number): void => {
    held.bytes = held.bytes.slice(sent);
  };
  return sendAll(context, target, bytes, (flags & SPLICE_MORE) !== 0 ? MSG_MORE : 0, moved);
}

export const FILE_CALLS: CallTable = {
  open: { arguments: [2, 3], makes: true, run: open },
  sendfile: { arguments: [4], run: sendFile },
  pipe: { arguments: [1], run: pipe },
  splice: { arguments: [6], run: splice },
};
