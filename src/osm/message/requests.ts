/**
 * The message subsystem's sending half: builds requests in inbound frames and posts them. Every request that may find no
 * frame says so; the caller waits or tries again. Every frame acquired is posted or cancelled.
 */
import type { Region } from '../../dma/region.ts';
import type { Doorbell } from '../../i2o/doorbell.ts';
import { writePrivateEcho } from '../../i2o/executive.gen.ts';
import { getFailurePreservedFrame } from '../../i2o/frame.ts';
import { SGL_BUCKET, SGL_CONTEXT_WORDS, SGL_LAST, writeSglContext } from '../../i2o/list/sgl.ts';
import {
  REPLY_MODE_BATCH,
  REPLY_MODE_IMMEDIATE,
  REPLY_MODE_NEVER,
  REPLY_MODE_ON_ERROR,
  SOCKET_ACCEPT_POST_LIST_WORD,
  SOCKET_RECEIVE_CREDIT_LIST_WORD,
  SOCKET_RECEIVE_POST_SGL_WORD,
  writeSocketAbort,
  writeSocketAcceptPost,
  writeSocketBind,
  writeSocketClose,
  writeSocketConnect,
  writeSocketCreate,
  writeSocketListen,
  writeSocketNameGet,
  writeSocketOptionGet,
  writeSocketOptionSet,
  writeSocketReceiveCredit,
  writeSocketReceivePost,
  writeSocketShutdown,
  writeSocketStatusGet,
} from '../../i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID, ORGANIZATION_ID } from '../../i2o/tids.ts';
import { type FrameProducer, NO_FRAME } from '../../i2o/transport.ts';
import { writeUtilEventRegister } from '../../i2o/utility.gen.ts';
import { INBOUND_FULL, INBOUND_POSTED, MESSAGE_REQUESTS } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { DriverConfig } from '../memory/driver-config.ts';
import type { ReceivePool } from '../memory/receive-pool.ts';
import {
  HANDLER_ACCEPT,
  HANDLER_CLOSE,
  HANDLER_CONNECT,
  HANDLER_CONTROL,
  HANDLER_ECHO,
  HANDLER_EVENT,
  HANDLER_NONE,
  HANDLER_RECEIVE,
} from './handlers.ts';

/** Reply mode of sends by its name in the configuration; −1: as each send finds best. */
export const REPLY_MODES: Readonly<Record<DriverConfig['replyMode'], number>> = {
  auto: -1,
  batch: REPLY_MODE_BATCH,
  immediate: REPLY_MODE_IMMEDIATE,
  onError: REPLY_MODE_ON_ERROR,
  never: REPLY_MODE_NEVER,
};

/** XFunctionCode of a PrivateEcho that is answered, and of one that is only taken. */
const ECHO = 1;
const COUNT_ONLY = 2;
/** Buckets one SocketReceivePost can name. */
export const BUCKETS_PER_FRAME = 9;
/** Pairs one SocketReceiveCredit can hold, and numbers one SocketAcceptPost. */
export const CREDITS_PER_FRAME = 13;
export const ACCEPTS_PER_FRAME = 26;

export class Requests {
  readonly words: Int32Array;
  /** A request found no frame and was put off: whoever drives the requests goes on when there is one. */
  short = false;
  private readonly ring: FrameProducer;
  private readonly doorbell: Doorbell;
  private readonly counters: Float64Array;

  constructor(region: Region, ring: FrameProducer, doorbell: Doorbell, ledger: Ledger) {
    this.words = region.words;
    this.ring = ring;
    this.doorbell = doorbell;
    this.counters = ledger.counters;
  }

  /** @returns a frame to fill, or NO_FRAME. // Hot path. */
  acquire(): number {
    const frame = this.ring.acquire();
    if (frame === NO_FRAME) {
      this.counters[INBOUND_FULL] += 1;
      this.short = true;
    }
    return frame;
  }

  /** Gives the acquired frame back unused, which some transports can only do by posting it. */
  cancel(): void {
    this.ring.cancel();
    this.doorbell.publish(this.ring);
  }

  /**
   * A failure record may name the undelivered request's frame, which the card then keeps for the host. What `adopt` finds must
   * go back by `cancel`: as a NOP, the only way to have its credit again (reference section 1.4). Not while a frame is acquired.
   * @param failure word index of the record's frame.
   * @returns word index of the request, to be read as anything the card could write to; NO_FRAME when it is not kept.
   */
  adopt(failure: number): number {
    return this.ring.adopt(getFailurePreservedFrame(this.words, failure));
  }

  /** The card has been reset: its queues are new. */
  restart(): void {
    this.short = false;
    this.ring.restart();
  }

  /** Gives back every frame taken ahead of its use, before the card is closed. */
  surrender(): void {
    this.ring.surrender();
    this.doorbell.publish(this.ring);
  }

  /** The acquired frame is complete: posts it, and rings if the card wants that. // Hot path. */
  post(): void {
    this.counters[INBOUND_POSTED] += 1;
    this.counters[MESSAGE_REQUESTS] += 1;
    this.ring.post();
    this.doorbell.publish(this.ring);
  }

  /** Frames that can be acquired now. */
  get framesFree(): number {
    return this.ring.available(1);
  }

  /** Frames that can be acquired now; looks at the shared index only when fewer than `wanted` seem free. */
  framesFreeFor(wanted: number): number {
    return this.ring.available(wanted);
  }

  /** Frames posted that the card has not released. */
  get framesInUse(): number {
    return this.ring.inUse;
  }

  /** Asks to be told when a frame is free. @returns true when still none is. */
  armForFrame(): boolean {
    return this.ring.armForFree(1);
  }

  /** @param type SOCKET_TYPE_ number. */
  create(frame: number, tag: number, number: number, type: number): void {
    const { words } = this;
    writeSocketCreate(
      words,
      frame,
      DEVICE_TID,
      HOST_TID,
      HANDLER_CONNECT,
      tag,
      number,
      REPLY_MODE_ON_ERROR,
      type,
    );
    this.post();
  }

  bind(frame: number, transaction: number, number: number, address: number, port: number): void {
    const { words } = this;
    writeSocketBind(
      words,
      frame,
      DEVICE_TID,
      HOST_TID,
      HANDLER_CONTROL,
      transaction,
      number,
      REPLY_MODE_BATCH,
      address,
      port,
    );
    this.post();
  }

  connect(frame: number, tag: number, number: number, address: number, port: number): void {
    const { words } = this;
    writeSocketConnect(
      words,
      frame,
      DEVICE_TID,
      HOST_TID,
      HANDLER_CONNECT,
      tag,
      number,
      REPLY_MODE_BATCH,
      address,
      port,
    );
    this.post();
  }

  /** As `connect`, for a call that waits: a datagram socket's peer is fixed at once. */
  connectDatagram(frame: number, transaction: number, number: number, address: number, port: number): void {
    const { words } = this;
    writeSocketConnect(
      words,
      frame,
      DEVICE_TID,
      HOST_TID,
      HANDLER_CONTROL,
      transaction,
      number,
      REPLY_MODE_BATCH,
      address,
      port,
    );
    this.post();
  }

  /** @param which NAME_OF_ number. */
  nameGet(frame: number, transaction: number, number: number, which: number): void {
    writeSocketNameGet(this.words, frame, DEVICE_TID, HOST_TID, HANDLER_CONTROL, transaction, number, which);
    this.post();
  }

  listen(frame: number, transaction: number, number: number, backlog: number): void {
    const { words } = this;
    writeSocketListen(
      words,
      frame,
      DEVICE_TID,
      HOST_TID,
      HANDLER_CONTROL,
      transaction,
      number,
      REPLY_MODE_BATCH,
      backlog,
    );
    this.post();
  }

  /** Posts numbers for accepts. @param numbers the first `count` entries, 1 to ACCEPTS_PER_FRAME. */
  acceptPost(frame: number, listener: number, numbers: Int32Array, count: number): void {
    const { words } = this;
    for (let i = 0; i < count; i++) words[frame + SOCKET_ACCEPT_POST_LIST_WORD + i] = numbers[i];
    const sizeWords = SOCKET_ACCEPT_POST_LIST_WORD + count;
    writeSocketAcceptPost(
      words,
      frame,
      DEVICE_TID,
      HOST_TID,
      HANDLER_ACCEPT,
      listener,
      listener,
      count,
      sizeWords,
    );
    this.post();
  }

  shutdown(frame: number, number: number, how: number): void {
    const { words } = this;
    writeSocketShutdown(
      words,
      frame,
      DEVICE_TID,
      HOST_TID,
      HANDLER_NONE,
      number,
      number,
      REPLY_MODE_NEVER,
      how,
    );
    this.post();
  }

  close(frame: number, tag: number, number: number, abort: boolean): void {
    const write = abort ? writeSocketAbort : writeSocketClose;
    write(this.words, frame, DEVICE_TID, HOST_TID, HANDLER_CLOSE, tag, number);
    this.post();
  }

  optionSet(frame: number, transaction: number, number: number, option: number, value: number): void {
    const { words } = this;
    writeSocketOptionSet(
      words,
      frame,
      DEVICE_TID,
      HOST_TID,
      HANDLER_CONTROL,
      transaction,
      number,
      REPLY_MODE_BATCH,
      option,
      value,
    );
    this.post();
  }

  optionGet(frame: number, transaction: number, number: number, option: number): void {
    const { words } = this;
    writeSocketOptionGet(words, frame, DEVICE_TID, HOST_TID, HANDLER_CONTROL, transaction, number, option);
    this.post();
  }

  statusGet(frame: number, transaction: number, number: number): void {
    writeSocketStatusGet(this.words, frame, DEVICE_TID, HOST_TID, HANDLER_CONTROL, transaction, number);
    this.post();
  }

  /** Says which of the device's events are wanted. */
  eventRegister(frame: number, transaction: number, mask: number): void {
    writeUtilEventRegister(this.words, frame, DEVICE_TID, HOST_TID, HANDLER_EVENT, transaction, mask);
    this.post();
  }

  /** Posts up to BUCKETS_PER_FRAME empty buckets. @returns how many; 0 when no frame was free. // Hot path. */
  receivePost(pool: ReceivePool): number {
    const frame = this.acquire();
    if (frame === NO_FRAME) return 0;
    const { words } = this;
    const count = Math.min(pool.waiting, BUCKETS_PER_FRAME);
    let at = frame + SOCKET_RECEIVE_POST_SGL_WORD;
    for (let i = 1; i <= count; i++) {
      const bucket = pool.takeToPost();
      const flags = i === count ? SGL_BUCKET | SGL_LAST : SGL_BUCKET;
      at = writeSglContext(words, at, flags, pool.bucketBytes, bucket, pool.addressOf(bucket));
    }
    writeSocketReceivePost(
      words,
      frame,
      DEVICE_TID,
      HOST_TID,
      HANDLER_RECEIVE,
      count,
      SOCKET_RECEIVE_POST_SGL_WORD + count * SGL_CONTEXT_WORDS,
    );
    this.post();
    return count;
  }

  /** Posts the `count` pairs that the caller has written at `frame + SOCKET_RECEIVE_CREDIT_LIST_WORD`. // Hot path. */
  receiveCredit(frame: number, count: number): void {
    writeSocketReceiveCredit(
      this.words,
      frame,
      DEVICE_TID,
      HOST_TID,
      HANDLER_NONE,
      0,
      count,
      SOCKET_RECEIVE_CREDIT_LIST_WORD + count * 2,
    );
    this.post();
  }

  /** Asks the echo module for an answer. */
  echo(frame: number, sequence: number, answer: boolean): void {
    this.writeEcho(frame, sequence, answer ? ECHO : COUNT_ONLY);
    this.post();
  }

  /** Sends the echo module a frame it only takes; `publish` makes it visible. A frame is free. // Hot path: 4 ns. */
  echoUnpublished(sequence: number): void {
    this.writeEcho(this.ring.acquire(), sequence, COUNT_ONLY);
    this.counters[INBOUND_POSTED] += 1;
    this.ring.post();
  }

  /** Makes posted frames visible, and rings if the card wants that. */
  publish(): void {
    this.doorbell.publish(this.ring);
  }

  private writeEcho(frame: number, sequence: number, functionCode: number): void {
    const { words } = this;
    writePrivateEcho(
      words,
      frame,
      DEVICE_TID,
      HOST_TID,
      HANDLER_ECHO,
      0,
      functionCode,
      ORGANIZATION_ID,
      sequence,
    );
  }
}
