/**
 * Takes and posts the outbound frames of the socket class. Every reply of the module passes here, so that
 * where costly assertions run each is held against the check with which the host receives it (generated from
 * spec/socket.yaml).
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { checkReplyFrame, frameSizeWords } from '../../i2o/frame.ts';
import { checkSocketReply } from '../../i2o/socket.gen.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { type Outbound, REPLY_RESERVE } from '../../iop/reply/outbound.ts';

const COSTLY = COSTLY_ASSERTIONS;

/**
 * A frame for the answer to the request that is being served. There is one, since the IOP takes no request
 * unless `REPLY_RESERVE` frames are free. @returns its word index; `postReply` follows.
 */
export function answerFrame(outbound: Outbound): number {
  const frame = outbound.acquire();
  assert(frame !== NO_FRAME, 'reply frames: a request that is served finds a frame for its answer');
  return frame;
}

/** Posts the frame that was acquired last. // Hot path. */
export function postReply(outbound: Outbound, frame: number): void {
  if (COSTLY) checkReply(outbound.words, frame);
  outbound.post();
}

/**
 * Whether a reply may be sent while the device is quiesced: the executive needs the other frames for its own
 * answers.
 */
export function hasSpareFrame(outbound: Outbound): boolean {
  return outbound.producer.available(REPLY_RESERVE + 1) > REPLY_RESERVE;
}

function checkReply(words: Int32Array, frame: number): void {
  assert(checkReplyFrame(words, frame) === 0, 'reply frames: a reply has the header of a reply');
  const fault = checkSocketReply(words, frame, frameSizeWords(words, frame));
  assert(fault === 0, 'reply frames: a reply passes the check of the host that receives it');
}
