/** Which bytes a SocketSend gives the card: those of one socket, or of a batch a piece of each. */
import { FLAG_MULTIPLE, frameFlags } from '../i2o/frame.ts';
import {
  SGL_CONTEXT_WORDS,
  SGL_IMMEDIATE,
  SGL_LAST,
  SGL_SHORT_TRANSACTION,
  SGL_TRANSACTION_WORDS,
  sglBytesOf,
  sglShapeOf,
} from '../i2o/list/sgl.ts';
import { SOCKET_SEND_SGL_WORD } from '../i2o/socket.gen.ts';
import { HIGH_SHIFT } from '../i2o/socket-number.ts';

/** Bytes for one socket. */
export interface SentPiece {
  readonly socketId: number;
  readonly bytes: number;
}

/**
 * @param frame word index of a SocketSend that our own driver has written: immediate data, transmit buffers, or
 *   transactions of one transmit buffer each. @param socketId that its header names; of a batch its high bits.
 */
export function sentPieces(words: Int32Array, frame: number, socketId: number): SentPiece[] {
  const end = frame + (words[frame] >>> 16);
  const batch = (frameFlags(words, frame) & FLAG_MULTIPLE) !== 0;
  const pieces: SentPiece[] = [];
  let of = socketId;
  let bytes = 0;
  for (let at = frame + SOCKET_SEND_SGL_WORD; at < end; ) {
    const first = words[at];
    const shape = sglShapeOf(first);
    if (batch && shape === SGL_SHORT_TRANSACTION) {
      if (bytes > 0) pieces.push({ socketId: of, bytes });
      of = (socketId & ~((1 << HIGH_SHIFT) - 1)) | (first & 0xffff);
      bytes = 0;
      at += SGL_TRANSACTION_WORDS;
      continue;
    }
    bytes += sglBytesOf(first);
    if (shape === SGL_IMMEDIATE || first >>> 24 >= SGL_LAST) break;
    at += SGL_CONTEXT_WORDS;
  }
  if (bytes > 0) pieces.push({ socketId: of, bytes });
  return pieces;
}
