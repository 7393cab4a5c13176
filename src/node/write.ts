/**
 * Writing. Node's streams hand bytes and strings to a handle in seven ways. Each is tried at once by the
 * card's synchronous `send`; what the card does not take is kept with its request until the socket is
 * writable again.
 *
 * Strings are encoded into one scratch buffer, and the small pieces of a `writev` are gathered there too, so
 * that an HTTP answer (a header string and a short body) is one message to the card. Larger buffers are sent
 * from where they lie. Results are libuv's: 0 or a negative errno, while `streamBaseState` says how many
 * bytes were taken and whether `oncomplete` will follow.
 */
import type { AsyncResource } from 'node:async_hooks';
import { EAGAIN, EBADF, ENOBUFS, ENOTCONN } from '../socket/errno.ts';
import type { NativeBindings, StreamRequest, TcpHandle } from './bindings.ts';
import { CLOSED, CONNECTED, captureContext } from './channel-state.ts';
import type { Pump, PumpedSocket } from './pump.ts';

/** A write that the card has not taken in full. Its request keeps the program's buffers alive. */
export interface PendingWrite {
  readonly request: StreamRequest;
  readonly context: AsyncResource;
  readonly pieces: Uint8Array[];
  /** The index of the piece being sent, and how many of its bytes the card has taken. */
  index: number;
  offset: number;
  next: PendingWrite | undefined;
}

/** What writing needs of a channel. */
export interface WritingSocket extends PumpedSocket {
  readonly pump: Pump;
  readonly native: NativeBindings;
  readonly handle: TcpHandle;
  readonly state: number;
  bytesWritten: number;
  /** Writes the card has not taken whole, oldest first, and their bytes still to be sent. */
  writeHead: PendingWrite | undefined;
  writeTail: PendingWrite | undefined;
  writeQueueBytes: number;
  /** The write queue has become empty or is no longer so: the event loop may be held by it. */
  updateHold(): void;
  /** Calls a request's `oncomplete` in its context, then runs the ticks. */
  complete(context: AsyncResource, request: StreamRequest, ...values: unknown[]): void;
  /** Sends the end of stream that waited for the queued writes, if one does. */
  finishShutdown(): void;
}

export const UTF8 = 0;
export const LATIN1 = 1;
export const UCS2 = 2;
const OTHER = 3;

const SCRATCH_BYTES = 65536;
/** Pieces longer than this are not copied: the copy would cost more than the message that it saves. */
const GATHER_MAX = 4096;

interface FastBuffer extends Buffer {
  utf8Write(text: string, offset: number, length: number): number;
  latin1Write(text: string, offset: number, length: number): number;
  ucs2Write(text: string, offset: number, length: number): number;
}

const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES) as FastBuffer;

/** Hot path: writes one buffer. @returns 0 or a negative errno. */
export function writeBytes(channel: WritingSocket, request: StreamRequest, bytes: Uint8Array): number {
  const refused = checkWritable(channel);
  if (refused !== 0) return refused;
  const sent = channel.writeHead === undefined ? sendSome(channel, bytes, 0, bytes.length) : 0;
  if (sent < 0) return noteWrite(channel, 0, 0, sent);
  if (sent < bytes.length) queueWrite(channel, request, [bytes], sent);
  return noteWrite(channel, bytes.length, sent < bytes.length ? 1 : 0, 0);
}

/**
 * Hot path: writes one string. @param encoding UTF8, LATIN1 (for ASCII too) or UCS2.
 * @returns 0 or a negative errno.
 */
export function writeText(
  channel: WritingSocket,
  request: StreamRequest,
  text: string,
  encoding: number,
): number {
  if (encodedMax(text, encoding) > SCRATCH_BYTES || channel.writeHead !== undefined) {
    return writeBytes(channel, request, Buffer.from(text, encodingName(encoding)));
  }
  const refused = checkWritable(channel);
  if (refused !== 0) return refused;
  const length = encode(text, encoding, 0);
  const sent = sendSome(channel, scratch, 0, length);
  if (sent < 0) return noteWrite(channel, 0, 0, sent);
  if (sent < length) queueWrite(channel, request, [Buffer.from(scratch.subarray(sent, length))], 0);
  return noteWrite(channel, length, sent < length ? 1 : 0, 0);
}

/** State of the gathering write under way. There is one at a time: nothing in it calls the program. */
let fill = 0; // bytes gathered in the scratch buffer
let total = 0; // bytes of all chunks so far
let gatherError = 0; // a negative errno of `send`
let unsent: Uint8Array[] | undefined; // what must wait; undefined while everything was taken

/**
 * Writes several buffers and strings as one.
 * @param chunks buffers only, or pairs of a chunk and the name of its encoding. @returns 0 or a negative
 *   errno.
 */
export function writeMany(
  channel: WritingSocket,
  request: StreamRequest,
  chunks: unknown[],
  buffers: boolean,
): number {
  const refused = checkWritable(channel);
  if (refused !== 0) return refused;
  fill = 0;
  total = 0;
  gatherError = 0;
  unsent = channel.writeHead === undefined ? undefined : [];
  const step = buffers ? 1 : 2;
  for (let i = 0; i < chunks.length && gatherError === 0; i += step) {
    const chunk = chunks[i];
    if (typeof chunk === 'string') gatherText(channel, chunk, chunks[i + 1] as BufferEncoding);
    else gatherBytes(channel, chunk as Uint8Array);
  }
  if (gatherError === 0) flushGathered(channel);
  const left = unsent;
  unsent = undefined;
  if (gatherError !== 0) return noteWrite(channel, 0, 0, gatherError);
  if (left !== undefined && left.length > 0) queueWrite(channel, request, left, 0);
  return noteWrite(channel, total, left !== undefined && left.length > 0 ? 1 : 0, 0);
}

function gatherText(channel: WritingSocket, text: string, name: BufferEncoding): void {
  const encoding = encodingNumber(name);
  const most = encoding === OTHER ? SCRATCH_BYTES + 1 : encodedMax(text, encoding);
  if (most > SCRATCH_BYTES) {
    gatherBytes(channel, Buffer.from(text, name));
    return;
  }
  if (fill + most > SCRATCH_BYTES) flushGathered(channel);
  const length = encode(text, encoding, fill);
  fill += length;
  total += length;
}

function gatherBytes(channel: WritingSocket, bytes: Uint8Array): void {
  total += bytes.length;
  if (bytes.length <= GATHER_MAX) {
    if (fill + bytes.length > SCRATCH_BYTES) flushGathered(channel);
    scratch.set(bytes, fill);
    fill += bytes.length;
    return;
  }
  flushGathered(channel);
  if (gatherError !== 0) return;
  const sent = unsent === undefined ? sendSome(channel, bytes, 0, bytes.length) : 0;
  if (sent < 0) gatherError = sent;
  else if (sent < bytes.length) (unsent ??= []).push(sent === 0 ? bytes : bytes.subarray(sent));
}

function flushGathered(channel: WritingSocket): void {
  if (fill === 0) return;
  const sent = unsent === undefined ? sendSome(channel, scratch, 0, fill) : 0;
  if (sent < 0) gatherError = sent;
  else if (sent < fill) (unsent ??= []).push(Buffer.from(scratch.subarray(sent, fill)));
  fill = 0;
}

function checkWritable(channel: WritingSocket): number {
  if (channel.state === CONNECTED && channel.pump.deadErrno === 0) return 0;
  const error =
    channel.state === CLOSED ? -EBADF : channel.pump.deadErrno !== 0 ? -channel.pump.deadErrno : -ENOTCONN;
  return noteWrite(channel, 0, 0, error);
}

function noteWrite(channel: WritingSocket, bytes: number, later: number, result: number): number {
  const native = channel.native;
  native.streamBaseState[native.kBytesWritten] = bytes;
  native.streamBaseState[native.kLastWriteWasAsync] = later;
  channel.bytesWritten += bytes;
  return result;
}

/**
 * Hot path: sends until the card has taken all or takes no more.
 * @returns how many bytes it took, or a negative errno.
 */
function sendSome(channel: WritingSocket, bytes: Uint8Array, offset: number, length: number): number {
  const stack = channel.pump.stack;
  let sent = 0;
  while (sent < length) {
    const taken = stack.send(channel.socket, bytes, offset + sent, length - sent);
    if (taken <= 0) {
      if (taken === -EAGAIN) break;
      if (taken === -ENOBUFS || taken === 0) {
        // Other sockets have emptied the pool, so no edge of this socket need follow: try in the next turn.
        channel.pump.enqueue(channel);
        break;
      }
      return taken;
    }
    sent += taken;
  }
  channel.pump.wake();
  return sent;
}

function queueWrite(
  channel: WritingSocket,
  request: StreamRequest,
  pieces: Uint8Array[],
  offset: number,
): void {
  const write: PendingWrite = {
    request,
    context: captureContext(),
    pieces,
    index: 0,
    offset,
    next: undefined,
  };
  for (let i = 0; i < pieces.length; i++) channel.writeQueueBytes += pieces[i].length;
  channel.writeQueueBytes -= offset;
  if (channel.writeTail === undefined) channel.writeHead = write;
  else channel.writeTail.next = write;
  channel.writeTail = write;
  channel.updateHold();
}

/** Sends what waits, oldest first, and completes each write that the card has taken in full. */
export function flushWrites(channel: WritingSocket): void {
  let write = channel.writeHead;
  while (write !== undefined) {
    const status = sendPieces(channel, write);
    if (status > 0) return;
    channel.writeHead = write.next;
    if (write.next === undefined) channel.writeTail = undefined;
    channel.updateHold();
    channel.complete(write.context, write.request, status, channel.handle, undefined);
    if (channel.state !== CONNECTED) return;
    write = channel.writeHead;
  }
  channel.finishShutdown();
}

/** @returns 0 when all of the write was taken, 1 while some is left, or a negative errno. */
function sendPieces(channel: WritingSocket, write: PendingWrite): number {
  while (write.index < write.pieces.length) {
    const piece = write.pieces[write.index];
    const sent = sendSome(channel, piece, write.offset, piece.length - write.offset);
    if (sent < 0) {
      channel.writeQueueBytes = 0;
      return sent;
    }
    channel.writeQueueBytes -= sent;
    write.offset += sent;
    if (write.offset < piece.length) return 1;
    write.index++;
    write.offset = 0;
  }
  return 0;
}

/** The most bytes that a text can take in an encoding. */
function encodedMax(text: string, encoding: number): number {
  return encoding === UTF8 ? text.length * 3 : encoding === LATIN1 ? text.length : text.length * 2;
}

function encode(text: string, encoding: number, offset: number): number {
  const room = SCRATCH_BYTES - offset;
  if (encoding === LATIN1) return scratch.latin1Write(text, offset, room);
  if (encoding === UTF8) return scratch.utf8Write(text, offset, room);
  return scratch.ucs2Write(text, offset, room);
}

function encodingName(encoding: number): BufferEncoding {
  return encoding === LATIN1 ? 'latin1' : encoding === UTF8 ? 'utf8' : 'ucs2';
}

function encodingNumber(name: string): number {
  switch (name) {
    case 'utf8':
    case 'utf-8':
      return UTF8;
    case 'latin1':
    case 'binary':
    case 'ascii':
      return LATIN1;
    case 'ucs2':
    case 'ucs-2':
    case 'utf16le':
    case 'utf-16le':
      return UCS2;
    default:
      return OTHER;
  }
}
