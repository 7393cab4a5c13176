/**
 * The intermediate service module (ISM): requests of the socket class become calls of the stack, and what the
 * stack has to say becomes replies. From the IOP: requests and turns. To the stack: calls. From the stack:
 * `Upcalls`, which only note what is pending. To the host: replies, which `PendingReplies` makes at the end
 * of the turn so that many share a frame.
 *
 * Nothing the host wrote is trusted: each word is read once, checked, then used.
 */
import { assert, COSTLY_ASSERTIONS } from '../assert/assert.ts';
import type { PacketPool } from '../dma/packets.ts';
import type { PortGroup } from '../hdm/port-group.ts';
import {
  DETAILED_STATUS_INVALID_MESSAGE_FLAGS,
  DETAILED_STATUS_UNKNOWN_FUNCTION,
} from '../i2o/executive.gen.ts';
import { FLAG_MULTIPLE, FRAME_WORDS, frameFlags } from '../i2o/frame.ts';
import type { SglReader } from '../i2o/list/sgl-reader.ts';
import {
  checkSocketRequest,
  SOCKET_EXPORT,
  SOCKET_IMPORT,
  SOCKET_INFO_GET,
  SOCKET_NAME_GET,
  SOCKET_RECEIVE_CREDIT,
  SOCKET_RECEIVE_POST,
  SOCKET_SEND,
  SOCKET_SEND_TO,
  SOCKET_SNAPSHOT_GET,
  SOCKET_TOTALS_GET,
} from '../i2o/socket.gen.ts';
import { SOCKET_CLASS_ID } from '../i2o/tids.ts';
import type { AbortMatch } from '../iop/module/abort-match.ts';
import type { EventSource, Module } from '../iop/module/module.ts';
import type { ParameterGroup } from '../iop/module/parameter-group.ts';
import { BYTES_DESTROYED } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Stack } from '../tcpip/stack/stack.ts';
import type { Clock } from '../time/clock.ts';
import type { PendingReplies } from './delivery/pending-replies.ts';
import type { Answers } from './replies/answers.ts';
import { recordedBytes } from './replies/receive-records.ts';
import type { Aborts } from './requests/aborts.ts';
import type { ControlRequests } from './requests/control-requests.ts';
import type { HandOffs } from './requests/hand-offs.ts';
import type { ReceiveRequests } from './requests/receive-requests.ts';
import type { SendRequests } from './requests/send-requests.ts';
import type { BucketWaits } from './sockets/bucket-waits.ts';
import type { Buckets } from './sockets/buckets.ts';
import { type CardSocket, KIND_FREE } from './sockets/card-socket.ts';
import type { SendBuffers } from './sockets/send-buffers.ts';
import { SOCKET_EVENTS, SOCKET_EVENTS_3, type SocketEvents } from './sockets/socket-events.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** Everything the module works with; `buildSocketModule` makes it. */
export interface SocketModuleParts {
  /** TID of the device that the module is behind, which its replies name. */
  readonly tid: number;
  /**
   * 1: the class as it was before datagrams, events and parameter groups; functions that came since are
   * unknown to it.
   */
  readonly classVersion: number;
  readonly clock: Clock;
  readonly words: Int32Array;
  readonly ledger: Ledger;
  readonly device: PortGroup;
  readonly stack: Stack;
  readonly packets: PacketPool;
  readonly sockets: readonly CardSocket[];
  readonly buckets: Buckets;
  readonly waits: BucketWaits;
  readonly sendBuffers: SendBuffers;
  readonly answers: Answers;
  readonly control: ControlRequests;
  readonly handOffs: HandOffs;
  readonly sends: SendRequests;
  readonly receives: ReceiveRequests;
  readonly aborts: Aborts;
  readonly events: SocketEvents;
  readonly groups: readonly ParameterGroup[];
  readonly pendingReplies: PendingReplies;
  readonly reader: SglReader;
}

/**
 * Device, timers and output each have so many turns within one turn of the module, while they keep making
 * work for each other, as a connection over loopback does, and while little of the card's memory is in use:
 * what has come goes on to the host's buckets before more is taken from the wire.
 */
const STACK_TURNS = 4;
/**
 * A request to a device has a header with a TransactionContext, and its function code is no utility
 * function's.
 */
const REQUEST_WORDS_MIN = 4;
const NS_PER_US = 1000;
/** Byte of a message where MsgFlags are. */
const FLAGS_BYTE = 1;

export class SocketModule implements Module {
  readonly classId = SOCKET_CLASS_ID;
  readonly classVersion: number;
  readonly eventCapabilities: number;
  readonly parameterGroups: readonly ParameterGroup[];
  private readonly tid: number;
  private readonly words: Int32Array;
  private readonly counters: Float64Array;
  private readonly clock: Clock;
  private readonly device: PortGroup;
  private readonly stack: Stack;
  private readonly packets: PacketPool;
  /** With fewer packet slots free than this, what has come is moved on before more is taken. */
  private readonly roomy: number;
  private readonly sockets: readonly CardSocket[];
  private readonly buckets: Buckets;
  private readonly waits: BucketWaits;
  private readonly sendBuffers: SendBuffers;
  private readonly answers: Answers;
  private readonly control: ControlRequests;
  private readonly handOffs: HandOffs;
  private readonly sends: SendRequests;
  private readonly receives: ReceiveRequests;
  private readonly aborts: Aborts;
  private readonly events: SocketEvents;
  private readonly pendingReplies: PendingReplies;
  private readonly reader: SglReader;

  constructor(parts: SocketModuleParts) {
    const newest = parts.classVersion >= 2;
    this.classVersion = parts.classVersion;
    this.eventCapabilities = parts.classVersion >= 3 ? SOCKET_EVENTS_3 : newest ? SOCKET_EVENTS : 0;
    this.parameterGroups = newest ? parts.groups : [];
    this.tid = parts.tid;
    this.words = parts.words;
    this.counters = parts.ledger.counters;
    this.clock = parts.clock;
    this.device = parts.device;
    this.stack = parts.stack;
    this.packets = parts.packets;
    this.roomy = parts.packets.count - (parts.packets.count >> 2);
    this.sockets = parts.sockets;
    this.buckets = parts.buckets;
    this.waits = parts.waits;
    this.sendBuffers = parts.sendBuffers;
    this.answers = parts.answers;
    this.control = parts.control;
    this.handOffs = parts.handOffs;
    this.sends = parts.sends;
    this.receives = parts.receives;
    this.aborts = parts.aborts;
    this.events = parts.events;
    this.pendingReplies = parts.pendingReplies;
    this.reader = parts.reader;
  }

  attachEvents(events: EventSource, tid: number): void {
    assert(tid === this.tid, 'socket module: the module is behind the device that its replies name');
    if (this.classVersion >= 2) this.events.attach(events);
  }

  setHostPageBytes(bytes: number): void {
    this.reader.hostPageBytes = bytes;
  }

  /** Version 1 of the class ends no single request: a socket is ended whole, by SocketAbort. */
  abort(match: AbortMatch): number {
    return this.classVersion >= 2 ? this.aborts.abort(match) : 0;
  }

  /**
   * Serves one request. The messages of the data path are checked where they are used, since that is fastest;
   * the others by the generated check. // Hot path.
   */
  request(frame: number, functionCode: number, sizeWords: number): void {
    if (COSTLY) checkRequestSize(sizeWords);
    const multiple = (frameFlags(this.words, frame) & FLAG_MULTIPLE) !== 0;
    if (multiple && (functionCode !== SOCKET_SEND || this.classVersion < 2)) {
      this.answers.refuse(frame, DETAILED_STATUS_INVALID_MESSAGE_FLAGS, FLAGS_BYTE);
      return;
    }
    switch (functionCode) {
      case SOCKET_SEND:
        this.sends.send(frame, sizeWords);
        return;
      case SOCKET_RECEIVE_POST:
        this.receives.post(frame, sizeWords);
        return;
      case SOCKET_RECEIVE_CREDIT:
        this.receives.credit(frame, sizeWords);
        return;
      case SOCKET_SEND_TO:
        if (this.classVersion >= 2) this.sends.sendTo(frame, sizeWords);
        else this.answers.unknown(frame, DETAILED_STATUS_UNKNOWN_FUNCTION);
        return;
    }
    this.controlRequest(frame, functionCode, sizeWords);
  }

  /** One turn of device, timers, output and replies. // Hot path. */
  poll(): number {
    const { clock, device, stack, packets } = this;
    let work = 0;
    for (let turn = 0; turn < STACK_TURNS; turn++) {
      const moved = device.poll() + stack.advance(clock.nowUs) + stack.flush(clock.nowUs);
      work += moved;
      if (moved === 0 || packets.available < this.roomy) break;
    }
    return work + this.pendingReplies.deliver();
  }

  nextDeadlineNs(): number {
    const device = this.device.nextDeadlineNs();
    const replies = this.pendingReplies.nextDeadlineNs();
    let next = Math.min(device, replies);
    if (this.stack.hasDeadline()) {
      const waitUs = (this.stack.deadlineUs() - this.clock.nowUs) | 0;
      const timer = this.clock.nowNs + (waitUs > 0 ? waitUs * NS_PER_US : 0);
      if (timer < next) next = timer;
    }
    return next;
  }

  /** Aborts every connection, so that every context is answered, and gives all buckets back. */
  quiesce(): void {
    // First all answers, then all ends: a listener answers for the numbers that were posted at it.
    this.sockets.forEach((socket, socketId) => {
      if (socket.kind !== KIND_FREE) this.pendingReplies.withdrawSocket(socketId, socket);
    });
    for (const socket of this.sockets) {
      if (socket.kind !== KIND_FREE) this.control.abandon(socket);
    }
    this.stack.flush(this.clock.nowUs);
    // Closed sockets have left connections and datagrams behind, which hold buffers of the host's.
    this.stack.abandonOrphans(this.clock.nowUs);
    this.stack.flush(this.clock.nowUs);
    this.pendingReplies.withdraw();
    this.buckets.clear();
    this.waits.clear();
    assert(this.sendBuffers.held === 0, 'socket module: a device at rest has none of the buffers to send');
  }

  /** A reset, after `quiesce`: the host has taken back all it had lent, and is told nothing more. */
  forget(): void {
    this.pendingReplies.forget();
  }

  /**
   * A reset destroys a reply: the bytes it would have told of are delivered, and yet the host never hears of
   * them.
   */
  destroyed(reply: number): void {
    this.counters[BYTES_DESTROYED] += recordedBytes(this.words, reply);
  }

  /** Everything that is not of the data path. */
  private controlRequest(frame: number, functionCode: number, sizeWords: number): void {
    const moves = functionCode === SOCKET_EXPORT || functionCode === SOCKET_IMPORT;
    const unknown = moves ? !this.handOffs.offered : this.classVersion < versionOf(functionCode);
    const fault = unknown
      ? DETAILED_STATUS_UNKNOWN_FUNCTION
      : checkSocketRequest(this.words, frame, sizeWords);
    if (fault === 0) this.control.request(frame, functionCode);
    else if (fault === DETAILED_STATUS_UNKNOWN_FUNCTION) this.answers.unknown(frame, fault);
    else this.answers.refuse(frame, fault);
  }
}

/** The version of the class that a message off the path of data came with. */
function versionOf(functionCode: number): number {
  switch (functionCode) {
    case SOCKET_NAME_GET:
      return 2;
    case SOCKET_INFO_GET:
    case SOCKET_TOTALS_GET:
    case SOCKET_SNAPSHOT_GET:
      return 3;
    default:
      return 1;
  }
}

function checkRequestSize(sizeWords: number): void {
  assert(
    sizeWords >= REQUEST_WORDS_MIN && sizeWords <= FRAME_WORDS,
    'socket module: the IOP hands on a request whose size it has checked',
  );
}
