/** Builds the socket module of a card with the stack beneath it: what of the card knows sockets. */
import { CONTROL_BYTES } from '../dma/card-layout.ts';
import type { PacketPool } from '../dma/packets.ts';
import type { PoolArea } from '../dma/pool-area.ts';
import type { Region } from '../dma/region.ts';
import type { FakeNic } from '../hdm/nic.ts';
import { SglReader } from '../i2o/sgl-reader.ts';
import type { Outbound } from '../iop/outbound.ts';
import { Aborts } from '../ism/aborts.ts';
import { Answers } from '../ism/answers.ts';
import { BatchControl } from '../ism/batch-control.ts';
import { Buckets } from '../ism/buckets.ts';
import { CardSocket } from '../ism/card-socket.ts';
import { ConnectionReplies } from '../ism/connection-replies.ts';
import { ContextReplies } from '../ism/context-replies.ts';
import { ControlRequests } from '../ism/control-requests.ts';
import { DataDelivery } from '../ism/data-delivery.ts';
import { Deliverer } from '../ism/deliverer.ts';
import { type DeviceFacts, deviceGroups } from '../ism/device-groups.ts';
import { Inquiries } from '../ism/inquiries.ts';
import { ListSends } from '../ism/list-sends.ts';
import { ReceiveRecords } from '../ism/receive-records.ts';
import { ReceiveRequests } from '../ism/receive-requests.ts';
import { SendBuffers } from '../ism/send-buffers.ts';
import { SendLists } from '../ism/send-lists.ts';
import { SendOutcomes } from '../ism/send-outcomes.ts';
import { SendRequests } from '../ism/send-requests.ts';
import { SocketEvents } from '../ism/socket-events.ts';
import { SocketModule } from '../ism/socket-module.ts';
import { Upcalls } from '../ism/upcalls.ts';
import { Stack } from '../tcpip/stack.ts';
import type { CardConfig } from './card-config.ts';
import type { CardMemory } from './card-memory.ts';
import type { CardSurroundings } from './card-parts.ts';

export interface SocketParts {
  readonly module: SocketModule;
  readonly stack: Stack;
}

export function buildSockets(
  region: Region,
  memory: CardMemory,
  config: CardConfig,
  around: CardSurroundings,
  outbound: Outbound,
  packets: PacketPool,
  device: FakeNic,
): SocketParts {
  const { layout } = memory;
  const { clock, ledger, dma } = around;
  const { words } = region;
  const sockets = Array.from({ length: config.driver.socketsMax }, () => new CardSocket());
  const buckets = new Buckets(layout.receive, sockets.length);
  const sendBuffers = new SendBuffers(layout.transmit, layout.immediate);
  const batch = new BatchControl(config.contextHoldNs, layout.receive.count);
  const events = new SocketEvents();
  const outcomes = new SendOutcomes(outbound);
  const answers = new Answers(outbound, ledger);
  const records = new ReceiveRecords(outbound, buckets, batch);
  const contexts = new ContextReplies(outbound, clock, sendBuffers, outcomes, batch);
  const deliverer = new Deliverer(outbound, sockets, buckets, batch, events, records, contexts);
  const upcalls = new Upcalls(deliverer, sendBuffers, events);
  const stack = new Stack(config.stack, region, packets, dma, ledger, device, upcalls);
  device.attach(stack);
  deliverer.attach(
    new ConnectionReplies(outbound, sockets, buckets, records, stack),
    new DataDelivery(region, ledger, buckets, records, batch, events, stack),
  );
  const sglReader = new SglReader(words, hostAreas(memory));
  const lists = new SendLists(sglReader, dma, sendBuffers);
  const listSends = new ListSends(ledger, clock, stack, sockets, sendBuffers, lists, outcomes);
  const inquiries = new Inquiries(outbound, stack, answers);
  const { classVersion } = config;
  const module = new SocketModule({
    classVersion,
    clock,
    words,
    ledger,
    device,
    stack,
    sockets,
    buckets,
    answers,
    control: new ControlRequests(
      clock,
      outbound,
      stack,
      sockets,
      deliverer,
      answers,
      inquiries,
      classVersion,
    ),
    sends: new SendRequests(
      words,
      clock,
      dma,
      stack,
      sockets,
      sendBuffers,
      contexts,
      listSends,
      outcomes,
      answers,
    ),
    receives: new ReceiveRequests(
      words,
      ledger,
      clock,
      stack,
      sockets,
      buckets,
      deliverer,
      sglReader,
      answers,
    ),
    aborts: new Aborts(clock, stack, sockets, buckets, sendBuffers, deliverer),
    events,
    groups: deviceGroups(deviceFacts(memory, config), ledger, batch, () => contexts.waiting),
    deliverer,
    reader: sglReader,
  });
  return { module, stack };
}

/** The host's memory: there a chained list may lie. */
function hostAreas({ layout }: CardMemory): { offset: number; byteLength: number }[] {
  const area = ({ offset, count, bufferBytes }: PoolArea) => ({ offset, byteLength: count * bufferBytes });
  return [{ offset: layout.control, byteLength: CONTROL_BYTES }, area(layout.transmit), area(layout.receive)];
}

function deviceFacts({ layout }: CardMemory, config: CardConfig): DeviceFacts {
  const [m0, m1, m2, m3, m4, m5] = config.mac as [number, number, number, number, number, number];
  return {
    address: config.stack.address,
    prefixLength: config.stack.prefixLength,
    macHigh: (m0 << 8) | m1,
    macLow: (m2 << 24) | (m3 << 16) | (m4 << 8) | m5,
    mtu: config.mtu,
    socketsMax: config.driver.socketsMax,
    connectionsMax: config.stack.connectionsMax,
    datagramSocketsMax: config.stack.udpSocketsMax,
    transmitBuffers: layout.transmit.count,
    transmitBufferBytes: layout.transmit.bufferBytes,
    receiveBuckets: layout.receive.count,
    receiveBucketBytes: layout.receive.bufferBytes,
    immediateSlots: layout.immediate.count,
    immediateSlotBytes: layout.immediate.bufferBytes,
  };
}
