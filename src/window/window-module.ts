/**
 * The window class's module: one network port behind one TID, and the window that it shares with the other
 * ports of its card (window-memory.ts). Packets to be sent go the way of the LAN class (lan/transmitter.ts),
 * but for their payload, which lies in the window; what arrives stays there (window-receiver.ts).
 */
import { assert } from '../assert/assert.ts';
import type { DmaEngine } from '../dma/engine.ts';
import type { Region } from '../dma/region.ts';
import type { Device } from '../hdm/contract.ts';
import {
  DETAILED_STATUS_DEVICE_BUSY,
  DETAILED_STATUS_INVALID_MESSAGE_FLAGS,
  DETAILED_STATUS_INVALID_OFFSET,
  DETAILED_STATUS_INVALID_PARAMETER,
  DETAILED_STATUS_UNKNOWN_FUNCTION,
  REQUEST_STATUS_ABORT_NO_DATA,
  REQUEST_STATUS_SUCCESS,
} from '../i2o/executive.gen.ts';
import { FLAG_MULTIPLE, frameFlags, frameInitiatorContext, frameTransactionContext } from '../i2o/frame.ts';
import { SGL_END, SGL_FAULT, SGL_PIECE_IN, SglReader } from '../i2o/list/sgl-reader.ts';
import { HOST_TID } from '../i2o/tids.ts';
import * as spec from '../i2o/window.gen.ts';
import type { AbortMatch } from '../iop/module/abort-match.ts';
import type { EventSource, Module } from '../iop/module/module.ts';
import type { ParameterGroup } from '../iop/module/parameter-group.ts';
import type { Outbound } from '../iop/reply/outbound.ts';
import { PendingRequest } from '../iop/reply/pending-request.ts';
import { BatchRule } from '../lan/batch-rule.ts';
import { LanStatistics } from '../lan/lan-statistics.ts';
import { ReplyQueue, statusWord } from '../lan/reply-queue.ts';
import { ContextWriter } from '../lan/reply-writers.ts';
import { SendQueue } from '../lan/send-queue.ts';
import { Transmitter } from '../lan/transmitter.ts';
import { WINDOW_RESETS, WINDOW_SUSPENDS } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Clock } from '../time/clock.ts';
import { FrameWriter } from './frame-writer.ts';
import { isWithin, LIST_WORD, Transactions } from './transactions.ts';
import { windowGroups } from './window-groups.ts';
import type { WindowMemory } from './window-memory.ts';
import { WindowReceiver } from './window-receiver.ts';
import { type WindowAreas, WindowRequests } from './window-requests.ts';
import { WindowRefusals } from './window-status.ts';

const FLAGS_BYTE = 1;
const ABORTED = statusWord(REQUEST_STATUS_ABORT_NO_DATA, spec.WINDOW_DETAILED_STATUS_CANCELED);
const OWN = spec.WINDOW_RESOURCE_TRANSMITS | spec.WINDOW_RESOURCE_FRAMES;
/** Functions whose requests cover several transactions. */
const BATCHES: readonly number[] = [spec.WINDOW_FILL, spec.WINDOW_SEND, spec.WINDOW_PLACE];

/** What a port's module is made from. */
export interface WindowModuleParts {
  readonly region: Region;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly dma: DmaEngine;
  readonly outbound: Outbound;
  /** The port's device; the module is its one client. */
  readonly device: Device;
  /** The port's number among those of the card. */
  readonly port: number;
  /** The window of all the card's ports. */
  readonly memory: WindowMemory;
  readonly areas: WindowAreas;
  /** Packets to be sent that may be the card's at a time. */
  readonly packetsMax: number;
  /** Contexts of fills that may wait to be given back, and of placements. */
  readonly transactionsMax: number;
  /** How long contexts of fills and of packets wait for company unless the host says otherwise, in ns. */
  readonly contextHoldNs: number;
}

export class WindowModule implements Module {
  readonly classId = spec.WINDOW_CLASS_ID;
  readonly classVersion = spec.WINDOW_CLASS_VERSION;
  readonly eventCapabilities =
    spec.WINDOW_EVENT_FRAMES_FULL | spec.WINDOW_EVENT_LINK_DOWN | spec.WINDOW_EVENT_LINK_UP;
  readonly parameterGroups: readonly ParameterGroup[];
  private readonly outbound: Outbound;
  private readonly counters: Float64Array;
  private readonly device: Device;
  private readonly memory: WindowMemory;
  private readonly areas: WindowAreas;
  private readonly reader: SglReader;
  private readonly refusals: WindowRefusals;
  private readonly sends: SendQueue;
  private readonly sendWriter = new ContextWriter(spec.writeWindowSendReply);
  private readonly fillWriter = new ContextWriter(spec.writeWindowFillReply);
  private readonly placeWriter = new ContextWriter(spec.writeWindowPlaceReply);
  private readonly frameWriter: FrameWriter;
  private readonly sent: ReplyQueue;
  private readonly frames: ReplyQueue;
  /** Everything that is to be told. */
  private readonly told: readonly ReplyQueue[];
  private readonly transmitter: Transmitter;
  private readonly receiver: WindowReceiver;
  private readonly requests: WindowRequests;
  /** The reset or suspension that waits until all that it gives back has been told. */
  private readonly ending = new PendingRequest();

  constructor(parts: WindowModuleParts) {
    const { region, clock, ledger, dma, outbound, device, memory, areas, transactionsMax } = parts;
    this.outbound = outbound;
    this.counters = ledger.counters;
    this.device = device;
    this.memory = memory;
    this.areas = areas;
    this.reader = new SglReader(region.words, [...areas.transmit, ...areas.receive]);
    this.refusals = new WindowRefusals(outbound, ledger);
    this.frameWriter = new FrameWriter(memory);
    const queue = (writer: ContextWriter | FrameWriter, rule: BatchRule, capacity: number): ReplyQueue =>
      new ReplyQueue(outbound, clock, rule, writer, capacity, spec.checkWindowReply);
    const { packetsMax, contextHoldNs } = parts;
    this.sends = new SendQueue(packetsMax);
    const sentRule = heldRule(spec.WINDOW_SEND_REPLY_LIST_MAX, packetsMax, contextHoldNs);
    const fillRule = heldRule(spec.WINDOW_FILL_REPLY_LIST_MAX, transactionsMax, contextHoldNs);
    this.sent = queue(this.sendWriter, sentRule, packetsMax);
    const fills = queue(this.fillWriter, fillRule, transactionsMax);
    const placeRule = new BatchRule(spec.WINDOW_PLACE_REPLY_LIST_MAX);
    const places = queue(this.placeWriter, placeRule, transactionsMax);
    const frameRule = new BatchRule(spec.WINDOW_HEADERS_REPLY_LIST_MAX);
    this.frames = queue(this.frameWriter, frameRule, memory.slots.count);
    this.told = [fills, this.sent, places, this.frames];
    const { sends, sent, frames, reader, refusals } = this;
    const statistics = new LanStatistics(ledger);
    const transmitter = new Transmitter(region, dma, device, sends, sent, statistics, true);
    this.transmitter = transmitter;
    this.receiver = new WindowReceiver(region, dma, memory, frames, ledger, device, parts.port);
    const transactions = new Transactions(region.words, reader, refusals);
    this.requests = new WindowRequests({
      ...{ dma, memory, reader, transactions, refusals, areas },
      ...{ sends, transmitter, fills, places, transactionsMax },
    });
    const rules = { fills: fillRule, sends: sentRule };
    this.parameterGroups = windowGroups({ port: device, memory, ledger, packetsMax, transactionsMax, rules });
    device.attach(this.receiver);
  }

  attachEvents(events: EventSource, tid: number): void {
    this.receiver.events = events;
    for (const writer of [this.sendWriter, this.fillWriter, this.placeWriter, this.frameWriter])
      writer.tid = tid;
  }

  setHostPageBytes(bytes: number): void {
    this.reader.hostPageBytes = bytes;
  }

  /** // Hot path of a simulation. */
  request(frame: number, functionCode: number, sizeWords: number): void {
    const { words } = this.outbound;
    const fault = spec.checkWindowRequest(words, frame, sizeWords);
    if (fault === DETAILED_STATUS_UNKNOWN_FUNCTION) {
      this.refusals.unserved(frame, fault);
      return;
    }
    const multiple = (frameFlags(words, frame) & FLAG_MULTIPLE) !== 0;
    if (multiple !== BATCHES.includes(functionCode)) {
      this.refusals.malformed(frame, DETAILED_STATUS_INVALID_MESSAGE_FLAGS, FLAGS_BYTE);
    } else if (fault !== 0) this.outbound.refused(frame, fault);
    else this.serve(frame, functionCode, sizeWords);
  }

  /** Of a packet, the transaction's context is the one in its list. Nothing else waits. */
  abort(match: AbortMatch): number {
    const { sends } = this;
    let ended = 0;
    for (let i = 0; i < sends.waiting; ) {
      if (match.matches(spec.WINDOW_SEND, sends.contextAt(sends.placeOf(i)))) {
        this.transmitter.abort(i, ABORTED);
        ended += 1;
      } else i += 1;
    }
    return ended;
  }

  /** // Hot path of a simulation. */
  poll(): number {
    let work = this.device.poll();
    if (this.sends.waiting > 0 && !this.receiver.suspended) work += this.transmitter.drain();
    for (const queue of this.told) work += queue.poll();
    if (this.ending.open) work += this.answerEnding();
    return work;
  }

  nextDeadlineNs(): number {
    return this.told.reduce(
      (earliest, queue) => Math.min(earliest, queue.nextDeadlineNs()),
      this.device.nextDeadlineNs(),
    );
  }

  /** Everything of the host's goes back; what finds no frame is told when the device has its turn again. */
  quiesce(): void {
    this.close();
    this.giveUp(OWN);
    // What is filled is of all ports.
    if (this.memory.isClosed) this.memory.forgetFills();
    for (const queue of this.told) queue.quiesce();
    this.receiver.suspended = false;
    assert(this.sends.waiting === 0, 'window module: a device at rest holds no packets');
  }

  /** The host has taken back all that it had lent, and is told nothing more. */
  forget(): void {
    for (const queue of this.told) queue.clear();
    this.ending.open = false;
  }

  private serve(frame: number, functionCode: number, sizeWords: number): void {
    const status = this.refusedBy;
    switch (functionCode) {
      case spec.WINDOW_OPEN:
        this.open(frame);
        break;
      case spec.WINDOW_HEADERS:
        this.headers(frame, sizeWords, status);
        break;
      case spec.WINDOW_FILL:
        this.requests.fill(frame, sizeWords, status);
        break;
      case spec.WINDOW_SEND:
        this.requests.send(frame, sizeWords, status);
        break;
      case spec.WINDOW_PLACE:
        this.requests.place(frame, sizeWords, status);
        break;
      case spec.WINDOW_RELEASE:
        // A device that is suspended, too, takes back what the host has done with.
        this.requests.release(
          frame,
          sizeWords,
          this.receiver.isOpen ? 0 : spec.WINDOW_DETAILED_STATUS_NOT_OPEN,
        );
        break;
      default:
        this.end(frame, functionCode === spec.WINDOW_RESET);
    }
  }

  /** What refuses any request for memory now; 0: nothing. */
  private get refusedBy(): number {
    if (this.receiver.suspended) return spec.WINDOW_DETAILED_STATUS_SUSPENDED;
    return this.receiver.isOpen ? 0 : spec.WINDOW_DETAILED_STATUS_NOT_OPEN;
  }

  private open(frame: number): void {
    const { memory, outbound } = this;
    const { words } = outbound;
    if (this.receiver.suspended) {
      this.refusals.refuse(frame, spec.WINDOW_DETAILED_STATUS_SUSPENDED);
      return;
    }
    if (this.receiver.isOpen || !memory.open(spec.getWindowOpenTransmitBytes(words, frame))) {
      this.refusals.refuse(frame, spec.WINDOW_DETAILED_STATUS_WRONG_SPLIT);
      return;
    }
    this.receiver.isOpen = true;
    const [tid, context] = [this.frameWriter.tid, frameInitiatorContext(words, frame)];
    const transaction = frameTransactionContext(words, frame);
    const { slots } = memory;
    const reply = outbound.acquire();
    const answer = [transaction, REQUEST_STATUS_SUCCESS, spec.WINDOW_DETAILED_STATUS_SUCCESS] as const;
    const transmit = [memory.transmitAddress, memory.transmitBytesMax] as const;
    const received = [slots.offset, slots.count, slots.slotBytes, memory.framesMax] as const;
    spec.writeWindowOpenReply(words, reply, tid, HOST_TID, context, ...answer, ...transmit, ...received);
    outbound.post();
  }

  /** WindowHeaders: memory as large as the slots, in pieces that lie one behind the other. */
  private headers(frame: number, sizeWords: number, status: number): void {
    const { reader, memory, receiver, refusals } = this;
    const { slots } = memory;
    reader.open(frame, LIST_WORD, sizeWords, true);
    let address = 0;
    let count = 0;
    let whole = true;
    for (let piece = reader.next(); piece !== SGL_END; piece = reader.next()) {
      let fault = 0;
      if (piece === SGL_FAULT) fault = reader.fault;
      else if (piece !== SGL_PIECE_IN) fault = DETAILED_STATUS_INVALID_OFFSET;
      else if (reader.local === 1 || !isWithin(reader, this.areas.receive))
        fault = DETAILED_STATUS_INVALID_PARAMETER;
      if (fault !== 0) {
        refusals.malformed(frame, fault, reader.errorOffset);
        return;
      }
      if (count === 0) address = reader.address;
      else if (reader.address !== address + count) whole = false;
      count += reader.count;
    }
    const fits = whole && count === slots.count * slots.slotBytes && (address & 3) === 0;
    if (status !== 0) refusals.refuse(frame, status);
    else if (!fits || receiver.hasHeaders) refusals.refuse(frame, spec.WINDOW_DETAILED_STATUS_WRONG_HEADERS);
    else {
      const { words } = this.outbound;
      receiver.post(
        address,
        frameInitiatorContext(words, frame),
        spec.getWindowHeadersWholeBytesMax(words, frame),
      );
    }
  }

  /** WindowReset or WindowSuspend. */
  private end(frame: number, isReset: boolean): void {
    const { words } = this.outbound;
    if (this.ending.open) {
      this.refusals.malformed(frame, DETAILED_STATUS_DEVICE_BUSY, 0);
      return;
    }
    this.ending.hold(words, frame);
    this.counters[isReset ? WINDOW_RESETS : WINDOW_SUSPENDS] += 1;
    this.receiver.suspended = !isReset;
    if (isReset) {
      this.close();
      if (!this.device.linkUp) this.receiver.linkChanged(false);
    }
    const resources = isReset
      ? spec.getWindowResetResourceFlags(words, frame)
      : spec.getWindowSuspendResourceFlags(words, frame);
    this.giveUp(resources);
  }

  private close(): void {
    if (this.receiver.isOpen) this.memory.close();
    this.receiver.isOpen = false;
  }

  /** @param resources WINDOW_RESOURCE_ bits. */
  private giveUp(resources: number): void {
    if ((resources & spec.WINDOW_RESOURCE_TRANSMITS) !== 0) this.transmitter.cancel();
    if ((resources & spec.WINDOW_RESOURCE_FRAMES) !== 0) this.receiver.giveUp();
    if ((resources & spec.WINDOW_RESOURCE_FILLS) !== 0) this.memory.forgetFills();
  }

  /** All that was to come back has been told before a reset or a suspension is answered. */
  private answerEnding(): number {
    for (const queue of this.told) queue.flush(0);
    const waiting = this.told.some((queue) => queue.waiting > 0);
    if (waiting || !this.outbound.hasFrame()) return 0;
    this.outbound.answer(this.ending, REQUEST_STATUS_SUCCESS, spec.WINDOW_DETAILED_STATUS_SUCCESS);
    return 1;
  }
}

/**
 * The rule of contexts that nobody waits for but memory. Half of what the card can hold waits for no more, so
 * that a host with little of it does not stand still for want of being told.
 */
function heldRule(perReply: number, capacity: number, holdNs: number): BatchRule {
  const rule = new BatchRule(Math.min(perReply, Math.max(1, capacity >> 1)));
  rule.delayNs = holdNs;
  rule.forced = true;
  return rule;
}
