/**
 * Writes SocketSend and SocketSendTo, the driver's most frequent requests, in place in an inbound frame:
 * begun, filled with immediate data or with buffers, then posted. One message is written at a time. Who sends
 * decides what goes into it (osm/user/sender.ts, datagram-sender.ts); several short sends in one message are
 * send-batch.ts's. // Hot path: all of it.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { FRAME_WORDS } from '../../i2o/frame.ts';
import {
  getSglImmediateAddress,
  SGL_CONTEXT_WORDS,
  SGL_IMMEDIATE,
  SGL_LAST,
  SGL_TRANSMIT,
  sglImmediateWords,
  writeSglContext,
  writeSglImmediate,
} from '../../i2o/list/sgl.ts';
import {
  SOCKET_SEND_SGL_WORD,
  SOCKET_SEND_TO_SGL_WORD,
  writeSocketSend,
  writeSocketSendTo,
} from '../../i2o/socket.gen.ts';
import { HOST_TID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { SEND_MORE, SEND_URGENT } from '../../socket/send-kind.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';
import { fillsFrame } from './frame-budget.ts';
import { HANDLER_SEND } from './handlers.ts';
import type { Requests } from './requests.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** Where SEND_RECORD is among the SEND_ bits. */
const RECORD_SHIFT = 2;

/** Buffers that one SocketSend, and one SocketSendTo, can name. */
export const BUFFERS_PER_SEND = 8;
export const BUFFERS_PER_SEND_TO = 8;
/**
 * The longest immediate data of either, in bytes: the words left of a frame behind the message and the
 * element's two.
 */
export const IMMEDIATE_BYTES_PER_SEND = 96;
export const IMMEDIATE_BYTES_PER_SEND_TO = 92;

/** Asserts what this file's limits must be. */
export function checkSendLimits(
  buffers: number,
  buffersTo: number,
  immediateBytes: number,
  immediateBytesTo: number,
): void {
  assert(
    fillsFrame(SOCKET_SEND_SGL_WORD, SGL_CONTEXT_WORDS, buffers),
    'send requests: a send of a stream names as many buffers as fit',
  );
  assert(
    fillsFrame(SOCKET_SEND_TO_SGL_WORD, SGL_CONTEXT_WORDS, buffersTo),
    'send requests: a datagram names as many buffers as fit',
  );
  assert(
    SOCKET_SEND_SGL_WORD + sglImmediateWords(immediateBytes) === FRAME_WORDS,
    'send requests: the longest immediate data of a stream fills a frame',
  );
  assert(
    SOCKET_SEND_TO_SGL_WORD + sglImmediateWords(immediateBytesTo) === FRAME_WORDS,
    'send requests: the longest immediate data of a datagram fills a frame',
  );
}

checkSendLimits(BUFFERS_PER_SEND, BUFFERS_PER_SEND_TO, IMMEDIATE_BYTES_PER_SEND, IMMEDIATE_BYTES_PER_SEND_TO);

export class SendRequests {
  private readonly requests: Requests;
  private readonly words: Int32Array;
  private readonly transmit: TransmitPool;
  /** The frame of the message being written; NO_FRAME when none is. */
  private frame: number = NO_FRAME;
  /** Word index where the list begins, where its last element does, and where the next one would. */
  private list = 0;
  private last = 0;
  private at = 0;

  constructor(requests: Requests, transmit: TransmitPool) {
    this.requests = requests;
    this.words = requests.words;
    this.transmit = transmit;
  }

  /** Begins a SocketSend. @returns false when no frame is free. */
  begin(): boolean {
    return this.beginAt(SOCKET_SEND_SGL_WORD);
  }

  /** Begins a SocketSendTo. @returns false when no frame is free. */
  beginTo(): boolean {
    return this.beginAt(SOCKET_SEND_TO_SGL_WORD);
  }

  private beginAt(listWord: number): boolean {
    if (COSTLY) this.checkNoneBegun();
    const frame = this.requests.acquire();
    if (frame === NO_FRAME) return false;
    this.frame = frame;
    this.list = this.last = this.at = frame + listWord;
    return true;
  }

  /**
   * Makes immediate data the list's only element.
   * @param context of a slot that was taken; 0 where `length` is 0.
   * @returns region address in the frame, where the caller puts the bytes before it posts.
   */
  immediate(context: number, length: number): number {
    const { words, at } = this;
    if (COSTLY) this.checkImmediate();
    this.last = at;
    this.at = writeSglImmediate(words, at, SGL_IMMEDIATE | SGL_LAST, length, context);
    return getSglImmediateAddress(at);
  }

  /** Whether one more buffer can be named. */
  get hasRoom(): boolean {
    return this.at + SGL_CONTEXT_WORDS <= this.frame + FRAME_WORDS;
  }

  /**
   * Names a buffer that was taken, as the list's next element. @param length bytes of it that are sent.
   * @returns its region address, where the caller puts the bytes before it posts.
   */
  buffer(context: number, length: number): number {
    const { words, at, transmit } = this;
    if (COSTLY) this.checkBegun();
    const address = transmit.addressOf(context);
    this.last = at;
    this.at = writeSglContext(words, at, SGL_TRANSMIT, length, context, address);
    return address;
  }

  /** Gives up the message being written. */
  cancel(): void {
    assert(this.frame !== NO_FRAME, 'send requests: what is given up was begun');
    this.frame = NO_FRAME;
    this.requests.cancel();
  }

  /** Gives up a message that an exception has left half written, if there is one. */
  abandon(): void {
    if (this.frame !== NO_FRAME) this.cancel();
  }

  /**
   * Posts the message as a SocketSend.
   * @param tag of the socket. @param replyMode REPLY_MODE_ number. @param kind SEND_ bits.
   */
  post(socketId: number, tag: number, replyMode: number, kind = 0): void {
    const { frame, words } = this;
    const { deviceTid } = this.requests;
    const sizeWords = this.finish(SOCKET_SEND_SGL_WORD, socketId, tag, replyMode);
    writeSocketSend(
      words,
      frame,
      deviceTid,
      HOST_TID,
      HANDLER_SEND,
      tag,
      socketId,
      replyMode,
      kind & SEND_MORE,
      (kind & SEND_URGENT) >> 1,
      kind >> RECORD_SHIFT,
      sizeWords,
    );
    this.requests.post();
  }

  /**
   * Posts the message as a SocketSendTo.
   * @param address of the destination, as is `port`; both 0 for the socket's peer.
   */
  postTo(socketId: number, tag: number, replyMode: number, address: number, port: number): void {
    const { frame, words } = this;
    const { deviceTid } = this.requests;
    if (COSTLY) assert(port >>> 16 === 0, 'send requests: the port of a destination has 16 bits');
    const sizeWords = this.finish(SOCKET_SEND_TO_SGL_WORD, socketId, tag, replyMode);
    writeSocketSendTo(
      words,
      frame,
      deviceTid,
      HOST_TID,
      HANDLER_SEND,
      tag,
      socketId,
      replyMode,
      address,
      port,
      sizeWords,
    );
    this.requests.post();
  }

  /** The list is complete, so it is known which element is the last. @returns the message's words. */
  private finish(listWord: number, socketId: number, tag: number, replyMode: number): number {
    const { frame, words, at, last } = this;
    if (COSTLY) this.checkMessage(listWord, socketId, tag, replyMode);
    words[last] = words[last] | (SGL_LAST << 24);
    this.frame = NO_FRAME;
    return at - frame;
  }

  private checkNoneBegun(): void {
    assert(this.frame === NO_FRAME, 'send requests: one message is written at a time');
  }

  private checkBegun(): void {
    assert(this.frame !== NO_FRAME, 'send requests: a buffer is named in a message that was begun');
  }

  private checkImmediate(): void {
    const { frame, list, at } = this;
    assert(frame !== NO_FRAME, 'send requests: immediate data is put into a message that was begun');
    assert(at === list, 'send requests: immediate data is the only element of its list');
  }

  /** Asserts what must be true of a message that is about to be posted. */
  private checkMessage(listWord: number, socketId: number, tag: number, replyMode: number): void {
    const { frame, list, at } = this;
    assert(((tag ^ socketId) & 0xffff) === 0, 'send requests: the tag of a send names its socket');
    assert(replyMode >>> 2 === 0, 'send requests: a reply mode has two bits');
    assert(frame !== NO_FRAME, 'send requests: what is posted was begun');
    assert(list === frame + listWord, 'send requests: a message is posted as what it was begun');
    assert(at > list, 'send requests: a list has an element');
    assert(at <= frame + FRAME_WORDS, 'send requests: a list ends within its frame');
  }
}
