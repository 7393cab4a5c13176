/**
 * SocketExport and SocketImport: connections that go to the host's own stack, and that come from there. The
 * image lies in the host's image area; nothing of it is trusted before the stack has checked it.
 */
import { assert } from '../../assert/assert.ts';
import type { PoolArea } from '../../dma/pool-area.ts';
import { REQUEST_STATUS_SUCCESS } from '../../i2o/executive.gen.ts';
import { frameInitiatorContext, frameTransactionContext } from '../../i2o/frame.ts';
import {
  EXPORT_STEP_KEEP,
  getSocketExportImageBytes,
  getSocketExportImageOffset,
  getSocketExportStep,
  getSocketImportHalf,
  getSocketImportImageBytes,
  getSocketImportImageOffset,
  getSocketImportPieceCount,
  OPEN_HALF_BOTH,
  REPLY_MODE_BATCH,
  SEND_PIECE_WORDS,
  SOCKET_ABORT,
  SOCKET_CLOSE,
  SOCKET_EXPORT,
  SOCKET_IMPORT,
  writeSocketExportReply,
} from '../../i2o/socket.gen.ts';
import { HOST_TID } from '../../i2o/tids.ts';
import type { Outbound } from '../../iop/reply/outbound.ts';
import {
  EADDRINUSE,
  EADDRNOTAVAIL,
  EBADF,
  EINVAL,
  ENETUNREACH,
  ENFILE,
  ENOBUFS,
  EOPNOTSUPP,
} from '../../socket/errno.ts';
import type { Stack } from '../../tcpip/stack/stack.ts';
import { type ConnectionImage, ImageRefused } from '../../tcpip/tcp/hand-off/connection-image.ts';
import type { SendPiece } from '../../tcpip/tcp/hand-off/take-over.ts';
import type { Clock } from '../../time/clock.ts';
import type { Answers } from '../replies/answers.ts';
import type { ContextReplies } from '../replies/context-replies.ts';
import { answerFrame, postReply } from '../replies/reply-frames.ts';
import {
  type CardSocket,
  isOpen,
  KIND_DATAGRAM,
  KIND_FREE,
  KIND_LISTENER,
  KIND_STREAM,
  PENDING_READ,
} from '../sockets/card-socket.ts';
import type { PendingSockets } from '../sockets/pending-sockets.ts';
import type { SendBuffers } from '../sockets/send-buffers.ts';

const PIECE_BYTES = SEND_PIECE_WORDS * 4;
/** Pieces that any area has room for, so that sums stay exact. */
const MOST_PIECES = 1 << 24;
/** The stack answers no context. */
const NO_CONTEXT = -1;

/** Errnos of what the stack names, where it is not the image that is wrong. */
const ERRNOS: Readonly<Record<string, number>> = {
  'recovery by time': EOPNOTSUPP,
  localAddress: EADDRNOTAVAIL,
  remoteAddress: ENETUNREACH,
  'connection exists': EADDRINUSE,
  'connections full': ENFILE,
  'send queue full': ENOBUFS,
  'packet memory short': ENOBUFS,
};

/** What hand-offs work with. */
export interface HandOffsParts {
  readonly tid: number;
  readonly clock: Clock;
  readonly outbound: Outbound;
  readonly stack: Stack;
  readonly pending: PendingSockets;
  readonly answers: Answers;
  readonly sendBuffers: SendBuffers;
  readonly contexts: ContextReplies;
  /** The host's image area: one buffer, or none. */
  readonly area: PoolArea;
}

export class HandOffs {
  private readonly parts: HandOffsParts;
  private readonly words: Int32Array;

  constructor(parts: HandOffsParts) {
    const { area } = parts;
    assert(area.count <= 1 && area.offset % 4 === 0, 'hand-offs: an image area is one buffer, on a word');
    this.parts = parts;
    this.words = parts.outbound.words;
  }

  /** Whether the card knows these messages. */
  get offered(): boolean {
    return this.parts.area.count > 0;
  }

  /**
   * Serves the two messages, and what is asked of a socket at rest, of which nothing but its end is.
   * @returns whether the request was one of these; if so, it is answered.
   */
  serves(frame: number, functionCode: number, socketId: number, socket: CardSocket): boolean {
    const { answers } = this.parts;
    if (functionCode === SOCKET_IMPORT) {
      answers.outcome(frame, this.import(frame, socketId, socket), REPLY_MODE_BATCH);
    } else if (functionCode === SOCKET_EXPORT) {
      const errno = this.export(frame, socketId, socket);
      if (errno !== 0) answers.outcome(frame, errno, REPLY_MODE_BATCH);
    } else if (socket.exported !== 0 && functionCode !== SOCKET_CLOSE && functionCode !== SOCKET_ABORT) {
      answers.outcome(frame, EBADF, REPLY_MODE_BATCH);
    } else {
      return false;
    }
    return true;
  }

  /** SocketExport. @returns errno; 0: it is answered. */
  private export(frame: number, socketId: number, socket: CardSocket): number {
    const { stack, clock, pending } = this.parts;
    if (!isOpen(socket)) return EBADF;
    if (socket.kind === KIND_DATAGRAM) return EOPNOTSUPP;
    if (socket.kind === KIND_LISTENER) return EINVAL;
    if (getSocketExportStep(this.words, frame) === EXPORT_STEP_KEEP) {
      if (socket.exported === 0) return EINVAL;
      socket.exported = 0;
      stack.tcpKeep(socket.connection, clock.nowUs);
      stack.tcpProbe(socket.connection, clock.nowUs);
      pending.note(socketId, PENDING_READ);
      this.answer(frame, 0);
      return 0;
    }
    const room = getSocketExportImageBytes(this.words, frame);
    const address = this.place(getSocketExportImageOffset(this.words, frame), room);
    if (address < 0 || socket.connecting !== 0 || socket.failErrno !== 0) return EINVAL;
    const bytes = stack.tcpHandOff(socket.connection, address, room, clock.nowUs);
    if (bytes < 0) return 0 - bytes;
    socket.exported = 1;
    this.answer(frame, bytes);
    return 0;
  }

  /** SocketImport. @returns errno. */
  private import(frame: number, socketId: number, socket: CardSocket): number {
    if (socket.kind !== KIND_FREE) return EINVAL;
    const { stack, pending, contexts } = this.parts;
    const bytes = getSocketImportImageBytes(this.words, frame);
    const count = getSocketImportPieceCount(this.words, frame);
    const piecesAt = (bytes + 3) & ~3;
    if (count < 0 || count > MOST_PIECES || bytes <= 0) return EINVAL;
    const all = piecesAt + count * PIECE_BYTES;
    const address = this.place(getSocketImportImageOffset(this.words, frame), all);
    if (address < 0) return EINVAL;
    try {
      const image = stack.tcpReadImage(address, bytes);
      const open = getSocketImportHalf(this.words, frame) === OPEN_HALF_BOTH;
      if (open !== (image.word('finQueued') === 0)) throw new ImageRefused('finQueued');
      // A life of its own: contexts of the number's lives before are not for this one.
      socket.clear();
      const sends = readPieces(this.words, (address + piecesAt) >> 2, count);
      const connection = this.takeOver(image, sends, socketId, socket.tag);
      contexts.cameWith(frameInitiatorContext(this.words, frame));
      socket.kind = KIND_STREAM;
      socket.connection = connection;
      const pieceBytes = sends.reduce((sum, { length }) => sum + length, 0);
      socket.begins((stack.tcpSentSeq(connection) + stack.tcpUnsentBytes(connection) - pieceBytes) | 0);
      pending.note(socketId, PENDING_READ);
      return 0;
    } catch (refusal) {
      if (!(refusal instanceof ImageRefused)) throw refusal;
      stack.tcpRefused();
      return ERRNOS[refusal.what] ?? EINVAL;
    }
  }

  /**
   * Takes the buffers and goes on with the connection. @throws ImageRefused where there is no room, or a
   * piece is not in a buffer that is the host's to give: then nothing was taken.
   */
  private takeOver(image: ConnectionImage, sends: SendPiece[], socketId: number, tag: number): number {
    const { stack, clock, sendBuffers } = this.parts;
    const total = sends.reduce((sum, { length }) => sum + length, 0);
    if (total !== image.sendBytes) throw new ImageRefused('pieces');
    // The host may send in every buffer that it has, whatever else is queued.
    const refusal = stack.tcpTakeOverRefusal(image, sends.length + sendBuffers.unheld, 0);
    if (refusal !== undefined) throw new ImageRefused(refusal);
    const good = sends.findIndex(
      (send, i) => !this.takes(send, i === 0 ? NO_CONTEXT : sends[i - 1].context, tag),
    );
    if (good >= 0) {
      this.forget(sends.slice(0, good));
      throw new ImageRefused('pieces');
    }
    const answered = sends.map((send, i) =>
      send.context === sends[i + 1]?.context ? { ...send, context: NO_CONTEXT } : send,
    );
    const connection = stack.tcpTakeOver(image, socketId, { sends: answered }, clock.nowUs);
    stack.tcpProbe(connection, clock.nowUs);
    return connection;
  }

  /** Takes a piece's buffer, unless the piece before was in it. @returns whether the piece lies in it. */
  private takes({ context, address, length }: SendPiece, before: number, tag: number): boolean {
    const { sendBuffers } = this.parts;
    assert(length >= 0, 'hand-offs: a piece has 31 bits for its length');
    if (context !== before && !sendBuffers.begin(context, tag)) return false;
    if (length > 0 && sendBuffers.contains(context, address, length, false)) return true;
    if (context !== before) sendBuffers.forget(context);
    return false;
  }

  /** Gives the buffers of pieces back, which never became the card's. */
  private forget(sends: readonly SendPiece[]): void {
    sends.forEach(({ context }, i) => {
      assert(context >= 0, 'hand-offs: a buffer that is given back has a context');
      if (i === 0 || context !== sends[i - 1].context) this.parts.sendBuffers.forget(context);
    });
  }

  /** @returns the address of a place in the image area; -1 for one that is not there. */
  private place(offset: number, bytes: number): number {
    const { area } = this.parts;
    const fits = offset >= 0 && offset % 4 === 0 && bytes > 0 && bytes <= area.bufferBytes - offset;
    return fits ? area.offset + offset : -1;
  }

  private answer(frame: number, imageBytes: number): void {
    assert(imageBytes >= 0, 'hand-offs: an image that was written has a length');
    const { outbound, tid } = this.parts;
    const reply = answerFrame(outbound);
    writeSocketExportReply(
      this.words,
      reply,
      tid,
      HOST_TID,
      frameInitiatorContext(this.words, frame),
      frameTransactionContext(this.words, frame),
      REQUEST_STATUS_SUCCESS,
      0,
      imageBytes,
    );
    postReply(outbound, reply);
  }
}

/** The pieces behind an image, each word read once. */
function readPieces(words: Int32Array, at: number, count: number): SendPiece[] {
  return Array.from({ length: count }, (_, i) => {
    const piece = at + i * SEND_PIECE_WORDS;
    const last = words[piece + 2];
    return {
      context: words[piece],
      address: words[piece + 1],
      length: last & 0x7fff_ffff,
      more: last < 0,
    };
  });
}
