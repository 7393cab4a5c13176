/**
 * The LAN class's module: one network port behind one TID. It sends the packets that the host names, fills
 * the buckets that the host posts, and gives both back in replies that several share (reply-queue.ts). The
 * device below it is any that hdm/contract.ts describes.
 */
import { assert } from '../assert/assert.ts';
import type { DmaEngine } from '../dma/engine.ts';
import type { Region } from '../dma/region.ts';
import type { Device } from '../hdm/contract.ts';
import {
  DETAILED_STATUS_DEVICE_BUSY,
  DETAILED_STATUS_INVALID_MESSAGE_FLAGS,
  DETAILED_STATUS_UNKNOWN_FUNCTION,
  DETAILED_STATUS_UNSUPPORTED_FUNCTION,
  REQUEST_STATUS_ABORT_NO_DATA,
  REQUEST_STATUS_ERROR_NO_DATA,
  REQUEST_STATUS_SUCCESS,
} from '../i2o/executive.gen.ts';
import { FLAG_MULTIPLE, frameFlags } from '../i2o/frame.ts';
import {
  checkLanRequest,
  getLanResetResourceFlags,
  getLanSuspendResourceFlags,
  LAN_CLASS_ID,
  LAN_CLASS_VERSION,
  LAN_DETAILED_STATUS_CANCELED,
  LAN_DETAILED_STATUS_SUCCESS,
  LAN_DETAILED_STATUS_SUSPENDED,
  LAN_EVENT_LINK_DOWN,
  LAN_EVENT_LINK_UP,
  LAN_PACKET_SEND,
  LAN_PACKET_SEND_REPLY_LIST_MAX,
  LAN_RECEIVE_POST,
  LAN_RECEIVE_POST_REPLY_LIST_MAX,
  LAN_RESET,
  LAN_RESOURCE_BUCKETS,
  LAN_RESOURCE_TRANSMITS,
  LAN_SDU_SEND,
} from '../i2o/lan.gen.ts';
import { SglReader } from '../i2o/list/sgl-reader.ts';
import type { AbortMatch } from '../iop/module/abort-match.ts';
import type { EventSource, Module } from '../iop/module/module.ts';
import type { ParameterGroup } from '../iop/module/parameter-group.ts';
import type { Outbound } from '../iop/reply/outbound.ts';
import { PendingRequest } from '../iop/reply/pending-request.ts';
import { INBOUND_REFUSED } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Clock } from '../time/clock.ts';
import { batchControlGroup } from './batch-control.ts';
import { BatchRule } from './batch-rule.ts';
import { BucketQueue } from './bucket-queue.ts';
import { lanGroups } from './lan-groups.ts';
import { type LanAreas, LanRequests } from './lan-requests.ts';
import { LanStatistics } from './lan-statistics.ts';
import { Receiver } from './receiver.ts';
import { ReplyQueue, statusWord } from './reply-queue.ts';
import { BucketWriter, ContextWriter } from './reply-writers.ts';
import { SendQueue } from './send-queue.ts';
import { CANCELED, Transmitter } from './transmitter.ts';

const FLAGS_BYTE = 1;
const NOBODY: EventSource = { raise: () => {} };
const ABORTED = statusWord(REQUEST_STATUS_ABORT_NO_DATA, LAN_DETAILED_STATUS_CANCELED);

/** What a port's module is made from. */
export interface LanModuleParts {
  readonly region: Region;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly dma: DmaEngine;
  readonly outbound: Outbound;
  /** The port's device; the module is its one client. */
  readonly device: Device;
  /** Whether the device verifies the checksums of what it receives. */
  readonly receiveChecksum: boolean;
  readonly areas: LanAreas;
  /** Packets and buckets of the host's that the card holds at most. */
  readonly packetsMax: number;
  readonly bucketsMax: number;
}

export class LanModule implements Module {
  readonly classId = LAN_CLASS_ID;
  readonly classVersion = LAN_CLASS_VERSION;
  readonly eventCapabilities = LAN_EVENT_LINK_DOWN | LAN_EVENT_LINK_UP;
  readonly parameterGroups: readonly ParameterGroup[];
  private readonly outbound: Outbound;
  private readonly counters: Float64Array;
  private readonly device: Device;
  private readonly reader: SglReader;
  private readonly statistics: LanStatistics;
  private readonly sends: SendQueue;
  private readonly buckets: BucketQueue;
  private readonly contextWriter = new ContextWriter();
  private readonly bucketWriter: BucketWriter;
  private readonly contexts: ReplyQueue;
  private readonly filled: ReplyQueue;
  private readonly transmitter: Transmitter;
  private readonly receiver: Receiver;
  private readonly requests: LanRequests;
  /** The reset or suspension that waits until all that it gives back has been told. */
  private readonly ending = new PendingRequest();
  private events: EventSource = NOBODY;

  constructor(parts: LanModuleParts) {
    const { region, clock, ledger, dma, outbound, device, areas, packetsMax, bucketsMax } = parts;
    this.outbound = outbound;
    this.counters = ledger.counters;
    this.device = device;
    this.reader = new SglReader(region.words, [...areas.transmit, ...areas.receive]);
    this.statistics = new LanStatistics(ledger);
    this.sends = new SendQueue(packetsMax);
    this.buckets = new BucketQueue(bucketsMax);
    this.bucketWriter = new BucketWriter(() => this.buckets.posted);
    const transmitRule = new BatchRule(LAN_PACKET_SEND_REPLY_LIST_MAX);
    const receiveRule = new BatchRule(LAN_RECEIVE_POST_REPLY_LIST_MAX);
    this.contexts = new ReplyQueue(outbound, clock, transmitRule, this.contextWriter, packetsMax);
    this.filled = new ReplyQueue(outbound, clock, receiveRule, this.bucketWriter, bucketsMax);
    const { sends, contexts, buckets, filled, statistics } = this;
    this.transmitter = new Transmitter(region, dma, device, sends, contexts, statistics);
    this.receiver = new Receiver(region, dma, buckets, filled, statistics, ledger, device);
    const { transmitter, receiver, reader } = this;
    this.requests = new LanRequests(outbound, ledger, reader, areas, sends, transmitter, buckets, receiver);
    const { receiveChecksum } = parts;
    this.parameterGroups = [
      ...lanGroups({ port: device, receiveChecksum, sends, transmitter, buckets, receiver }),
      batchControlGroup(transmitRule, receiveRule, () => contexts.waiting + filled.waiting > 0),
      statistics.group,
    ];
    receiver.onLink = (up) => this.events.raise(up ? LAN_EVENT_LINK_UP : LAN_EVENT_LINK_DOWN, 0);
    device.attach(receiver);
  }

  attachEvents(events: EventSource, tid: number): void {
    this.events = events;
    this.contextWriter.tid = tid;
    this.bucketWriter.tid = tid;
  }

  setHostPageBytes(bytes: number): void {
    this.reader.hostPageBytes = bytes;
  }

  /** // Hot path. */
  request(frame: number, functionCode: number, sizeWords: number): void {
    const { words } = this.outbound;
    const fault = checkLanRequest(words, frame, sizeWords);
    if (fault === DETAILED_STATUS_UNKNOWN_FUNCTION) {
      this.unserved(frame, fault);
      return;
    }
    const multiple = (frameFlags(words, frame) & FLAG_MULTIPLE) !== 0;
    const isBatch = functionCode === LAN_PACKET_SEND || functionCode === LAN_SDU_SEND;
    if (multiple !== isBatch) {
      this.requests.refuse(frame, DETAILED_STATUS_INVALID_MESSAGE_FLAGS, FLAGS_BYTE);
    } else if (fault !== 0) this.outbound.refused(frame, fault);
    else if (functionCode === LAN_SDU_SEND) this.unserved(frame, DETAILED_STATUS_UNSUPPORTED_FUNCTION);
    else if (functionCode === LAN_PACKET_SEND || functionCode === LAN_RECEIVE_POST) {
      if (this.receiver.suspended)
        this.outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, LAN_DETAILED_STATUS_SUSPENDED);
      else if (functionCode === LAN_PACKET_SEND) this.requests.send(frame, sizeWords);
      else this.requests.post(frame, sizeWords);
    } else this.end(frame, functionCode === LAN_RESET);
  }

  /** Of a packet or a bucket, the transaction's context is the one in its list. */
  abort(match: AbortMatch): number {
    const { sends, buckets } = this;
    let ended = 0;
    for (let i = 0; i < sends.waiting; ) {
      if (match.matches(LAN_PACKET_SEND, sends.contextAt(sends.placeOf(i)))) {
        this.transmitter.abort(i, ABORTED);
        ended += 1;
      } else i += 1;
    }
    for (let i = 0; i < buckets.posted; ) {
      if (match.matches(LAN_RECEIVE_POST, buckets.contextAt(buckets.placeOf(i)))) {
        this.receiver.returnOne(i, ABORTED);
        ended += 1;
      } else i += 1;
    }
    return ended;
  }

  /** // Hot path. */
  poll(): number {
    let work = this.device.poll();
    if (this.sends.waiting > 0 && !this.receiver.suspended) work += this.transmitter.drain();
    work += this.contexts.poll() + this.filled.poll();
    if (this.ending.open) work += this.answerEnding();
    return work;
  }

  nextDeadlineNs(): number {
    const replies = Math.min(this.contexts.nextDeadlineNs(), this.filled.nextDeadlineNs());
    return Math.min(this.device.nextDeadlineNs(), replies);
  }

  /** Everything of the host's goes back; what finds no frame is told when the device has its turn again. */
  quiesce(): void {
    this.giveBack(LAN_RESOURCE_BUCKETS | LAN_RESOURCE_TRANSMITS);
    this.contexts.quiesce();
    this.filled.quiesce();
    this.receiver.suspended = false;
    assert(this.sends.waiting + this.buckets.posted === 0, 'lan module: a device at rest holds nothing');
  }

  /** The host has taken back all that it had lent, and is told nothing more. */
  forget(): void {
    this.contexts.clear();
    this.filled.clear();
    this.ending.open = false;
  }

  /** LanReset or LanSuspend. */
  private end(frame: number, isReset: boolean): void {
    const { words } = this.outbound;
    if (this.ending.open) {
      this.requests.refuse(frame, DETAILED_STATUS_DEVICE_BUSY, 0);
      return;
    }
    this.ending.hold(words, frame);
    if (isReset) this.statistics.reset();
    else this.statistics.suspended();
    this.receiver.suspended = !isReset;
    if (isReset && !this.device.linkUp) this.events.raise(LAN_EVENT_LINK_DOWN, 0);
    this.giveBack(
      isReset ? getLanResetResourceFlags(words, frame) : getLanSuspendResourceFlags(words, frame),
    );
  }

  /** @param resources LAN_RESOURCE_ bits. */
  private giveBack(resources: number): void {
    if ((resources & LAN_RESOURCE_TRANSMITS) !== 0) this.transmitter.cancel();
    if ((resources & LAN_RESOURCE_BUCKETS) !== 0) this.receiver.returnAll(CANCELED);
  }

  /** All that was to come back has been told before a reset or a suspension is answered. */
  private answerEnding(): number {
    this.contexts.flush(0);
    this.filled.flush(0);
    if (this.contexts.waiting + this.filled.waiting > 0 || !this.outbound.hasFrame()) return 0;
    this.outbound.answer(this.ending, REQUEST_STATUS_SUCCESS, LAN_DETAILED_STATUS_SUCCESS);
    return 1;
  }

  /** Answers a function that the class, or this device, does not have. */
  private unserved(frame: number, detailedStatus: number): void {
    this.counters[INBOUND_REFUSED] += 1;
    this.outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, detailedStatus);
  }
}
