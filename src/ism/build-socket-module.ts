/**
 * Builds the socket module of a card, with the stack beneath it. Each part is made after all that it works
 * with: sockets and buffers, the stack over them, replies, delivery, requests, the module. All memory of the
 * module is made here, in proportion to the sockets and buffers asked for.
 */
import { assert } from '../assert/assert.ts';
import { type CardLayout, CONTROL_BYTES } from '../dma/card-layout.ts';
import type { DmaEngine } from '../dma/engine.ts';
import type { PacketPool } from '../dma/packets.ts';
import type { PoolArea } from '../dma/pool-area.ts';
import type { Region } from '../dma/region.ts';
import type { Device } from '../hdm/contract.ts';
import { PortGroup } from '../hdm/port-group.ts';
import { SglReader } from '../i2o/list/sgl-reader.ts';
import { NARROW_SOCKETS, SOCKETS_MAX, socketNumbers, tagIdBits } from '../i2o/socket-number.ts';
import type { Outbound } from '../iop/reply/outbound.ts';
import { type Ledger, RECEIVE_METER } from '../ledger/ledger.ts';
import type { StackConfig } from '../tcpip/config.ts';
import { Stack } from '../tcpip/stack/stack.ts';
import type { Clock } from '../time/clock.ts';
import { DataDelivery } from './delivery/data-delivery.ts';
import { PendingReplies } from './delivery/pending-replies.ts';
import { Upcalls } from './delivery/upcalls.ts';
import { type DeviceFacts, deviceGroups } from './device-groups.ts';
import { Answers } from './replies/answers.ts';
import { BatchControl } from './replies/batch-control.ts';
import { ConnectionReplies } from './replies/connection-replies.ts';
import { ContextReplies } from './replies/context-replies.ts';
import { ReceiveRecords } from './replies/receive-records.ts';
import { SendOutcomes } from './replies/send-outcomes.ts';
import { Aborts } from './requests/aborts.ts';
import { ControlRequests } from './requests/control-requests.ts';
import { HandOffs } from './requests/hand-offs.ts';
import { Inquiries } from './requests/inquiries.ts';
import { ListSends } from './requests/list-sends.ts';
import { ListenRequests } from './requests/listen-requests.ts';
import { ReceiveRequests } from './requests/receive-requests.ts';
import { SendLists } from './requests/send-lists.ts';
import { SendRequests } from './requests/send-requests.ts';
import { SocketModule } from './socket-module.ts';
import { BucketWaits } from './sockets/bucket-waits.ts';
import { Buckets } from './sockets/buckets.ts';
import { CardSocket } from './sockets/card-socket.ts';
import { PendingSockets } from './sockets/pending-sockets.ts';
import { SendBuffers } from './sockets/send-buffers.ts';
import { SocketEvents } from './sockets/socket-events.ts';

/** What a socket module is built from: values and parts, whatever world they come from. */
export interface SocketModuleParts {
  /** TID of the device that the module is behind. */
  readonly tid: number;
  readonly region: Region;
  readonly layout: CardLayout;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly dma: DmaEngine;
  /** Where its replies go. */
  readonly outbound: Outbound;
  /** Card memory for received packets. */
  readonly packets: PacketPool;
  /** One for each port, and last the inner loop's where the stack's configuration has one. */
  readonly ports: readonly Device[];
  /** Card memory where the stack puts small sends together. */
  readonly gatherAt: number;
  readonly stack: StackConfig;
  /**
   * How many sockets there can be, 1 to SOCKETS_MAX of i2o/socket-number.ts, numbered from 0 on without 0xFFFF;
   * no more than 65,535 where the class version is below 3.
   */
  readonly socketsMax: number;
  /** How long answered send contexts may wait for company, in nanoseconds. */
  readonly contextHoldNs: number;
  /** Version of the socket class the module speaks. */
  readonly classVersion: 1 | 2 | 3;
  /** Whether connections are made when they are first used, and not all of them now. */
  readonly madeWhenUsed: boolean;
}

/** No connection moves. */
const NO_AREA: PoolArea = { offset: 0, count: 0, bufferBytes: 0 };

export interface SocketParts {
  readonly module: SocketModule;
  readonly stack: Stack;
}

/** Builds the module, and plugs the device into the stack. */
export function buildSocketModule(parts: SocketModuleParts): SocketParts {
  const { tid, region, layout, clock, ledger, dma, outbound, packets, ports, classVersion } = parts;
  const { words } = region;
  checkSocketsMax(parts.socketsMax);

  const numbers = socketNumbers(parts.socketsMax, classVersion);
  const idBits = tagIdBits(numbers);
  const sockets = Array.from({ length: numbers }, (_, socketId) => new CardSocket(socketId, idBits));
  const pending = new PendingSockets(sockets);
  const meter = ledger.meter(RECEIVE_METER);
  meter.start(clock, layout.receive.count, 0);
  const buckets = new Buckets(layout.receive, sockets.length, meter);
  const waits = new BucketWaits(ledger, clock, sockets.length);
  const sendBuffers = new SendBuffers(layout.transmit, layout.immediate);
  const events = new SocketEvents();

  const upcalls = new Upcalls(pending, sendBuffers, events, classVersion >= 3);
  const stack = new Stack(parts.stack, region, packets, dma, ledger, ports, upcalls, parts.gatherAt);
  if (!parts.madeWhenUsed) stack.makeConnections();
  const device = new PortGroup(ports);
  device.attach((port) => (port === 0 ? stack : stack.clientOf(port)));
  const state = { tid, words, clock, ledger, stack, sockets, pending, buckets, waits, sendBuffers };

  const batch = new BatchControl(parts.contextHoldNs, layout.receive.count);
  const outcomes = new SendOutcomes(tid, outbound);
  const answers = new Answers(outbound, ledger);
  const records = new ReceiveRecords(tid, outbound, buckets, batch);
  const contexts = new ContextReplies(tid, outbound, clock, sendBuffers, outcomes, batch);
  const connections = new ConnectionReplies({ ...state, outbound, records, upcalls });
  const data = new DataDelivery({ ...state, region, batch, events, records });
  const told = { outbound, batch, events, records, contexts, connections, data };
  const pendingReplies = new PendingReplies({ ...state, ...told });

  const reader = new SglReader(words, hostAreas(layout));
  const lists = new SendLists(reader, dma, sendBuffers);
  const listSends = new ListSends({ ...state, lists, outcomes });
  const inquiries = new Inquiries(tid, outbound, stack, answers);
  const listeners = new ListenRequests(words, stack, sockets, pending, answers);
  const area = classVersion >= 2 ? layout.image : NO_AREA;
  const handOffs = new HandOffs({ ...state, outbound, answers, contexts, area });
  const module = new SocketModule({
    ...state,
    classVersion,
    device,
    packets,
    answers,
    control: new ControlRequests({
      ...state,
      outbound,
      answers,
      inquiries,
      listeners,
      handOffs,
      classVersion,
    }),
    handOffs,
    sends: new SendRequests({
      ...{ ...state, dma, contexts, listSends, outcomes, answers },
      classVersion,
    }),
    receives: new ReceiveRequests({ ...state, pendingReplies, reader, answers, classVersion }),
    aborts: new Aborts(state),
    events,
    groups: deviceGroups(deviceFacts(parts, stack), ledger, batch, () => contexts.waiting),
    pendingReplies,
    reader,
  });
  return { module, stack };
}

/** The world has judged what the user asked for; what is left must fit the messages. */
export function checkSocketsMax(socketsMax: number): void {
  const fits = Number.isInteger(socketsMax) && socketsMax >= 1 && socketsMax <= SOCKETS_MAX;
  assert(fits, 'socket module: every socket number fits a message');
}

/** The parts of the host's memory where a chained list may lie. */
function hostAreas(layout: CardLayout): { offset: number; byteLength: number }[] {
  const area = ({ offset, count, bufferBytes }: PoolArea) => ({ offset, byteLength: count * bufferBytes });
  return [{ offset: layout.control, byteLength: CONTROL_BYTES }, area(layout.transmit), area(layout.receive)];
}

function deviceFacts(parts: SocketModuleParts, addresses: Stack): DeviceFacts {
  const { layout, ports, stack, socketsMax, classVersion } = parts;
  const [first] = ports;
  return {
    address: stack.address,
    prefixLength: stack.prefixLength,
    macHigh: first.macHigh,
    macLow: first.macLow,
    mtu: first.mtu,
    socketsMax: classVersion < 3 ? Math.min(socketsMax, NARROW_SOCKETS) : socketsMax,
    connectionsMax: stack.connectionsMax,
    datagramSocketsMax: stack.udpSocketsMax,
    transmitBuffers: layout.transmit.count,
    transmitBufferBytes: layout.transmit.bufferBytes,
    receiveBuckets: layout.receive.count,
    receiveBucketBytes: layout.receive.bufferBytes,
    immediateSlots: layout.immediate.count,
    immediateSlotBytes: layout.immediate.bufferBytes,
    ...(classVersion >= 3 ? { addresses } : {}),
  };
}
