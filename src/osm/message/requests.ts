/**
 * Writes the requests of the socket class and of events into acquired frames, and posts them. Sends and
 * echoes have files of their own (send-requests.ts, echo-requests.ts), and the executive's messages are
 * written where they are used (bring-up.ts, card-watch.ts). The caller has acquired the frame: who found none
 * waits, or tries again later.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { creditHigh, creditWord } from '../../i2o/credit.ts';
import { SGL_BUCKET, SGL_CONTEXT_WORDS, SGL_LAST, writeSglContext } from '../../i2o/list/sgl.ts';
import {
  NAME_OF_LOCAL,
  NAME_OF_PEER,
  REPLY_MODE_BATCH,
  REPLY_MODE_NEVER,
  REPLY_MODE_ON_ERROR,
  SHUTDOWN_HOW_BOTH,
  SHUTDOWN_HOW_READ,
  SHUTDOWN_HOW_WRITE,
  SOCKET_ACCEPT_POST_LIST_MAX,
  SOCKET_ACCEPT_POST_LIST_WORD,
  SOCKET_RECEIVE_CREDIT_LIST_MAX,
  SOCKET_RECEIVE_CREDIT_LIST_STRIDE,
  SOCKET_RECEIVE_CREDIT_LIST_WORD,
  SOCKET_RECEIVE_POST_SGL_WORD,
  SOCKET_TYPE_DATAGRAM,
  SOCKET_TYPE_STREAM,
  writeSocketAbort,
  writeSocketAcceptPost,
  writeSocketBind,
  writeSocketClose,
  writeSocketConnect,
  writeSocketCreate,
  writeSocketExport,
  writeSocketImport,
  writeSocketListen,
  writeSocketNameGet,
  writeSocketOptionGet,
  writeSocketOptionSet,
  writeSocketReceiveCredit,
  writeSocketReceivePost,
  writeSocketShutdown,
  type writeSocketSnapshotGet,
  writeSocketStatusGet,
} from '../../i2o/socket.gen.ts';
import { HOST_TID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { writeUtilEventRegister } from '../../i2o/utility.gen.ts';
import type { ReceivePool } from '../memory/receive-pool.ts';
import { fillsFrame } from './frame-budget.ts';
import {
  HANDLER_ACCEPT,
  HANDLER_CLOSE,
  HANDLER_CONNECT,
  HANDLER_CONTROL,
  HANDLER_EVENT,
  HANDLER_NONE,
  HANDLER_RECEIVE,
} from './handlers.ts';
import { InboundFrames } from './inbound-frames.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** Buckets that one SocketReceivePost can name. */
export const BUCKETS_PER_FRAME = 9;
const CREDIT_WORDS = SOCKET_RECEIVE_CREDIT_LIST_STRIDE;

/** Asserts what the lists of this file depend on. */
export function checkListSizes(buckets: number, credits: number, accepts: number): void {
  assert(
    fillsFrame(SOCKET_RECEIVE_POST_SGL_WORD, SGL_CONTEXT_WORDS, buckets),
    'requests: as many buckets are posted as a frame can name',
  );
  assert(
    fillsFrame(SOCKET_RECEIVE_CREDIT_LIST_WORD, CREDIT_WORDS, credits),
    'requests: as many sockets are credited as a frame can name',
  );
  assert(
    fillsFrame(SOCKET_ACCEPT_POST_LIST_WORD, 1, accepts),
    'requests: as many socket ids are posted as a frame can name',
  );
}

checkListSizes(BUCKETS_PER_FRAME, SOCKET_RECEIVE_CREDIT_LIST_MAX, SOCKET_ACCEPT_POST_LIST_MAX);

function checkWaiting(buckets: number): void {
  assert(buckets > 0, 'requests: there is an empty bucket to post');
}

/** Writes a request for how a connection stands. */
export type InfoRequest = typeof writeSocketSnapshotGet;

/** Writes and posts requests; each method takes the frame that was acquired last. */
export class Requests extends InboundFrames {
  /** Asserts what every request about a socket depends on. // Hot path: three compares. */
  private about(frame: number, socketId: number): void {
    assert(frame === this.acquired, 'requests: a request is written in the frame that was acquired');
    assert(socketId >>> 24 === 0, 'requests: a socket id has 24 bits');
  }

  /** The same for a request whose answer finds its socket by a tag. */
  private tagged(frame: number, socketId: number, tag: number): void {
    this.about(frame, socketId);
    assert(((tag ^ socketId) & 0xffff) === 0, 'requests: a tag names the socket that its request names');
  }

  /** Makes a socket; only a failure is answered. @param type SOCKET_TYPE_ number. */
  create(frame: number, tag: number, socketId: number, type: number): void {
    const { words, deviceTid } = this;
    this.tagged(frame, socketId, tag);
    assert(
      type === SOCKET_TYPE_STREAM || type === SOCKET_TYPE_DATAGRAM,
      'requests: a socket that is made is for a stream or for datagrams',
    );
    writeSocketCreate(
      words,
      frame,
      deviceTid,
      HOST_TID,
      HANDLER_CONNECT,
      tag,
      socketId,
      REPLY_MODE_ON_ERROR,
      type,
    );
    this.post();
  }

  /**
   * @param transaction of the call that waits (control-call.ts).
   * @param port 0 for one of the card's choice.
   */
  bind(frame: number, transaction: number, socketId: number, address: number, port: number): void {
    const { words, deviceTid } = this;
    this.about(frame, socketId);
    assert(port >>> 16 === 0, 'requests: a port that is bound has 16 bits');
    writeSocketBind(
      words,
      frame,
      deviceTid,
      HOST_TID,
      HANDLER_CONTROL,
      transaction,
      socketId,
      REPLY_MODE_BATCH,
      address,
      port,
    );
    this.post();
  }

  /** Opens a connection; the outcome comes later, for the socket that the tag names. */
  connect(frame: number, tag: number, socketId: number, address: number, port: number): void {
    this.tagged(frame, socketId, tag);
    this.connectBy(HANDLER_CONNECT, frame, tag, socketId, address, port);
  }

  /** Fixes a datagram socket's peer. This has its answer at once, so a call waits for it. */
  connectDatagram(frame: number, transaction: number, socketId: number, address: number, port: number): void {
    this.about(frame, socketId);
    this.connectBy(HANDLER_CONTROL, frame, transaction, socketId, address, port);
  }

  private connectBy(
    handler: number,
    frame: number,
    transaction: number,
    socketId: number,
    address: number,
    port: number,
  ): void {
    const { words, deviceTid } = this;
    assert(port >>> 16 === 0, 'requests: a port that is connected to has 16 bits');
    writeSocketConnect(
      words,
      frame,
      deviceTid,
      HOST_TID,
      handler,
      transaction,
      socketId,
      REPLY_MODE_BATCH,
      address,
      port,
    );
    this.post();
  }

  /** Asks for a socket's own name, or its peer's. @param which NAME_OF_ number. */
  nameGet(frame: number, transaction: number, socketId: number, which: number): void {
    const { words, deviceTid } = this;
    this.about(frame, socketId);
    assert(which === NAME_OF_LOCAL || which === NAME_OF_PEER, 'requests: a name is one end of a connection');
    writeSocketNameGet(words, frame, deviceTid, HOST_TID, HANDLER_CONTROL, transaction, socketId, which);
    this.post();
  }

  listen(frame: number, transaction: number, socketId: number, backlog: number): void {
    const { words, deviceTid } = this;
    this.about(frame, socketId);
    assert(backlog >>> 16 === 0, 'requests: a backlog has 16 bits');
    writeSocketListen(
      words,
      frame,
      deviceTid,
      HOST_TID,
      HANDLER_CONTROL,
      transaction,
      socketId,
      REPLY_MODE_BATCH,
      backlog,
    );
    this.post();
  }

  /**
   * Posts socket ids for a listener's next connections.
   * @param socketIds of which the first `count` are posted.
   */
  acceptPost(frame: number, listenerId: number, socketIds: Int32Array, count: number): void {
    const { words, deviceTid } = this;
    this.about(frame, listenerId);
    assert(
      count > 0 && count <= SOCKET_ACCEPT_POST_LIST_MAX,
      'requests: at least one socket id is posted, and no more than fit a frame',
    );
    for (let i = 0; i < count; i++) words[frame + SOCKET_ACCEPT_POST_LIST_WORD + i] = socketIds[i];
    const sizeWords = SOCKET_ACCEPT_POST_LIST_WORD + count;
    writeSocketAcceptPost(
      words,
      frame,
      deviceTid,
      HOST_TID,
      HANDLER_ACCEPT,
      listenerId,
      listenerId,
      count,
      sizeWords,
    );
    this.post();
  }

  /** Ends a half of a connection, without an answer. @param how SHUTDOWN_HOW_ number. */
  shutdown(frame: number, socketId: number, how: number): void {
    const { words, deviceTid } = this;
    this.about(frame, socketId);
    assert(
      how === SHUTDOWN_HOW_READ || how === SHUTDOWN_HOW_WRITE || how === SHUTDOWN_HOW_BOTH,
      'requests: a shutdown is of one half of a connection, or of both',
    );
    writeSocketShutdown(
      words,
      frame,
      deviceTid,
      HOST_TID,
      HANDLER_NONE,
      socketId,
      socketId,
      REPLY_MODE_NEVER,
      how,
    );
    this.post();
  }

  /**
   * Gives a socket up. The socket id is free once this has been answered.
   * @param abort by a reset, not in order.
   */
  close(frame: number, tag: number, socketId: number, abort: boolean): void {
    this.tagged(frame, socketId, tag);
    const write = abort ? writeSocketAbort : writeSocketClose;
    write(this.words, frame, this.deviceTid, HOST_TID, HANDLER_CLOSE, tag, socketId);
    this.post();
  }

  /** A step of a hand-off. @param step EXPORT_STEP_ number. @param bytes of room for the image. */
  exportConnection(frame: number, transaction: number, socketId: number, step: number, bytes: number): void {
    const { words, deviceTid } = this;
    this.about(frame, socketId);
    assert(bytes >= 0, 'requests: an image has room, or none');
    const head = [words, frame, deviceTid, HOST_TID, HANDLER_CONTROL, transaction, socketId] as const;
    writeSocketExport(...head, step, 0, bytes);
    this.post();
  }

  /** Has the card go on with a connection. @param half OPEN_HALF_ number. @param bytes of its image. */
  importConnection(
    frame: number,
    transaction: number,
    socketId: number,
    half: number,
    bytes: number,
    pieces: number,
  ): void {
    const { words, deviceTid } = this;
    this.about(frame, socketId);
    assert(bytes > 0, 'requests: an image that is imported has bytes');
    const head = [words, frame, deviceTid, HOST_TID, HANDLER_CONTROL, transaction, socketId] as const;
    writeSocketImport(...head, half, 0, bytes, pieces);
    this.post();
  }

  optionSet(frame: number, transaction: number, socketId: number, option: number, value: number): void {
    const { words, deviceTid } = this;
    this.about(frame, socketId);
    writeSocketOptionSet(
      words,
      frame,
      deviceTid,
      HOST_TID,
      HANDLER_CONTROL,
      transaction,
      socketId,
      REPLY_MODE_BATCH,
      option,
      value,
    );
    this.post();
  }

  optionGet(frame: number, transaction: number, socketId: number, option: number): void {
    const { words, deviceTid } = this;
    this.about(frame, socketId);
    writeSocketOptionGet(words, frame, deviceTid, HOST_TID, HANDLER_CONTROL, transaction, socketId, option);
    this.post();
  }

  /** Asks how a connection stands. @param write the request's writer. @param first word of a part. */
  infoGet(frame: number, transaction: number, socketId: number, write: InfoRequest, first: number): void {
    this.about(frame, socketId);
    write(this.words, frame, this.deviceTid, HOST_TID, HANDLER_CONTROL, transaction, socketId, first);
    this.post();
  }

  /** Asks for the state, the names and the windows of a connection. */
  statusGet(frame: number, transaction: number, socketId: number): void {
    this.infoGet(frame, transaction, socketId, writeSocketStatusGet, 0);
  }

  /** Says which events of the device are wanted. @param mask one bit an event; 0 for none. */
  eventRegister(frame: number, transaction: number, mask: number): void {
    assert(frame === this.acquired, 'requests: a registration is written in the frame that was acquired');
    writeUtilEventRegister(this.words, frame, this.deviceTid, HOST_TID, HANDLER_EVENT, transaction, mask);
    this.post();
  }

  /**
   * Posts up to BUCKETS_PER_FRAME empty buckets, of which there is at least one, in a frame of its own. //
   * Hot path.
   * @returns how many; 0 when no frame was free.
   */
  receivePost(pool: ReceivePool): number {
    const { words, deviceTid } = this;
    const frame = this.acquire();
    if (frame === NO_FRAME) return 0;
    if (COSTLY) checkWaiting(pool.waiting);
    const count = Math.min(pool.waiting, BUCKETS_PER_FRAME);
    let at = frame + SOCKET_RECEIVE_POST_SGL_WORD;
    for (let i = 1; i <= count; i++) {
      const bucket = pool.takeToPost();
      const flags = i === count ? SGL_BUCKET | SGL_LAST : SGL_BUCKET;
      at = writeSglContext(words, at, flags, pool.bucketBytes, bucket, pool.addressOf(bucket));
    }
    writeSocketReceivePost(words, frame, deviceTid, HOST_TID, HANDLER_RECEIVE, count, at - frame);
    this.post();
    return count;
  }

  /** Writes one pair of a credit message: bytes of a socket that the program has used. // Hot path. */
  creditPair(frame: number, index: number, socketId: number, bytes: number, growthBytes: number): void {
    this.about(frame, socketId);
    assert(bytes > 0, 'requests: a credit is of at least one byte');
    assert(
      index < SOCKET_RECEIVE_CREDIT_LIST_MAX,
      'requests: a credit message names no more sockets than fit a frame',
    );
    const at = frame + SOCKET_RECEIVE_CREDIT_LIST_WORD + index * CREDIT_WORDS;
    this.words[at] = creditWord(socketId, growthBytes);
    this.words[at + 1] = bytes;
  }

  /**
   * Posts the credit message whose first `count` pairs have been written. // Hot path.
   * @param socketId of any of them: they have bits 16-23 in common.
   */
  creditPost(frame: number, count: number, socketId: number): void {
    const { words, deviceTid } = this;
    if (COSTLY) this.checkCredit(frame, count);
    const sizeWords = SOCKET_RECEIVE_CREDIT_LIST_WORD + count * CREDIT_WORDS;
    const high = creditHigh(socketId);
    writeSocketReceiveCredit(words, frame, deviceTid, HOST_TID, HANDLER_NONE, 0, count, high, sizeWords);
    this.post();
  }

  private checkCredit(frame: number, count: number): void {
    assert(count > 0, 'requests: a credit message names at least one socket');
    assert(frame === this.acquired, 'requests: a credit message is posted in the frame it was written in');
  }
}
