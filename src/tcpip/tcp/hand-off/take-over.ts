/**
 * A connection that another stack has begun goes on here. Its image has been read and found good in itself
 * (`connection-image.ts`); here it is held against this stack: its addresses, and what the tables have room
 * for.
 */
import { assert } from '../../../assert/assert.ts';
import {
  HAND_OFF_COPIES,
  HAND_OFF_FLIGHT_IN,
  HAND_OFF_UNREAD_IN,
  HAND_OFF_UNSENT_IN,
  HAND_OFFS_IN,
} from '../../../ledger/counters.gen.ts';
import { after, before, earlier } from '../../seq.ts';
import { ACK_DELAYED, ACK_NOW } from '../control-block/acknowledgements.ts';
import { SENDING_TIMERS, TIMER_ACK, TIMER_PROBE, TIMER_REORDER } from '../control-block/timers.ts';
import { checkTcb } from '../identities.ts';
import { allocateTcb, hashTcb } from '../lifecycle.ts';
import { routeTcb, updateMss } from '../path.ts';
import { markReady } from '../ready.ts';
import { ELEMENT_MORE, ELEMENT_WAITS } from '../send-queue.ts';
import { takeOverState } from '../set-state.ts';
import type { TcpTables } from '../tables.ts';
import { flightBytes, type Tcb } from '../tcb.ts';
import { reschedule, startRetransmit } from '../timers.ts';
import { type ConnectionImage, ImageRefused } from './connection-image.ts';
import { fieldPlace, IMAGE_FIELDS, setField } from './image-fields.ts';
import { restoreSent } from './sent-image.ts';

/** Bytes in the region. */
export interface Piece {
  readonly address: number;
  readonly length: number;
}

/** Where bytes to be sent lie now, as for a send of the user's. */
export interface SendPiece extends Piece {
  /** What the user is answered with once they are acknowledged or discarded; -1: nothing. */
  readonly context: number;
  readonly more: boolean;
}

/** What belongs to a connection beside its image. */
export interface TakenOver {
  /** Where the bytes to be sent lie, in their order: together as many as the image has. */
  readonly sends: readonly SendPiece[];
  /**
   * In-order bytes that the stack before had delivered and that no program has read: they go before those of
   * the image. Present: everything else that it had delivered has been used.
   */
  readonly delivered?: readonly Piece[];
}

const STATE_PLACE = fieldPlace('state');

/**
 * Why this stack could not go on with a connection; undefined: it could.
 * @param elements of the send queue that it would take. @param deliveredBytes of `TakenOver.delivered`.
 */
export function takeOverRefusal(
  tcp: TcpTables,
  image: ConnectionImage,
  elements: number,
  deliveredBytes: number,
): string | undefined {
  assert(elements >= 0 && deliveredBytes >= 0, 'take-over: what a connection needs is counted');
  const { routes, demux, environment, sendQueue } = tcp;
  const remote = image.word('remoteAddress');
  const local = image.word('localAddress');
  const ports = (image.word('remotePort') << 16) | image.word('localPort');
  if (!routes.isOwn(local)) return 'localAddress';
  if (!routes.isUnicast(remote) || routes.nextHop(remote) === 0) return 'remoteAddress';
  if (!routes.mayLeave(local, remote)) return 'remoteAddress';
  if (demux.find(remote, local, ports) !== 0) return 'connection exists';
  if (tcp.freeTcbCount === 0) return 'connections full';
  if (sendQueue.available < elements) return 'send queue full';
  const { packets } = environment;
  const slots =
    slotsFor(image.inOrderBytes + deliveredBytes, packets.slotBytes) +
    image.late.reduce((sum, { length }) => sum + slotsFor(length, packets.slotBytes), 0);
  return slots > 0 && packets.available - slots < packets.count >> 2 ? 'packet memory short' : undefined;
}

/**
 * Goes on with a connection. Its user is told nothing: there may be something to read already.
 * @returns the connection. @throws ImageRefused as `takeOverRefusal` says.
 */
export function takeOver(
  tcp: TcpTables,
  image: ConnectionImage,
  owner: number,
  { sends, delivered }: TakenOver,
): Tcb {
  const deliveredBytes = bytesOf(delivered ?? []);
  const refusal = takeOverRefusal(tcp, image, sends.length, deliveredBytes);
  if (refusal !== undefined) throw new ImageRefused(refusal);
  assert(bytesOf(sends) === image.sendBytes, 'take-over: every byte that is to be sent has a place');
  const tcb = allocateTcb(tcp);
  if (tcb === undefined) throw new ImageRefused('connections full');
  const { environment, checks } = tcp;
  IMAGE_FIELDS.forEach((field, i) => {
    if (i !== STATE_PLACE) setField(environment, tcb, field, image.wordAt(i));
  });
  tcb.owner = owner;
  takeOverState(tcp, tcb, image.wordAt(STATE_PLACE));
  // They only tell where the stream began, which lies too far back after two gigabytes.
  if (!before(tcb.iss, tcb.sndUna)) tcb.iss = (tcb.sndUna - 1) | 0;
  if (!before(tcb.irs, tcb.rcvNxt)) tcb.irs = (tcb.rcvNxt - 1) | 0;
  checks.edges.forget(tcb.index);
  routeTcb(tcp, tcb);
  updateMss(tcp, tcb);
  hashTcb(tcp, tcb);
  receiveAgain(tcp, tcb, image, delivered);
  sendAgain(tcp, tcb, image, sends);
  restoreSent(tcp, tcb, image);
  settleTimers(tcp, tcb);
  environment.counters[HAND_OFFS_IN] += 1;
  markReady(tcp, tcb);
  checkTcb(tcp, tcb);
  return tcb;
}

function slotsFor(bytes: number, slotBytes: number): number {
  assert(slotBytes > 0, 'take-over: a slot has room');
  return Math.ceil(bytes / slotBytes);
}

function bytesOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

/** Puts what has come into packet slots. */
function receiveAgain(
  tcp: TcpTables,
  tcb: Tcb,
  image: ConnectionImage,
  delivered: readonly Piece[] | undefined,
): void {
  const { receiveQueue, environment } = tcp;
  const first = [...(delivered ?? []), { address: image.payloadAt, length: image.inOrderBytes }];
  for (const slot of filledSlots(tcp, first)) {
    receiveQueue.append(tcb, slot.packet, slot.address, slot.length);
  }
  environment.counters[HAND_OFF_UNREAD_IN] += tcb.received.queuedBytes;
  if (delivered !== undefined) tcb.received.unconsumedBytes = 0;
  let at = image.payloadAt + image.inOrderBytes;
  for (const { seq, length } of image.late) {
    let from = seq;
    for (const slot of filledSlots(tcp, [{ address: at, length }])) {
      const kept = receiveQueue.insertLate(tcb, slot.packet, from, slot.address, slot.length);
      assert(kept, 'take-over: what an image holds out of order overlaps with nothing');
      from = (from + slot.length) | 0;
    }
    at += length;
  }
}

/** A packet slot, and how much of it holds payload from its first byte on. */
interface FilledSlot extends Piece {
  readonly packet: number;
}

/** Copies pieces into as few packet slots as hold them. */
function filledSlots({ environment }: TcpTables, pieces: readonly Piece[]): FilledSlot[] {
  const { packets, dma } = environment;
  const { slotBytes } = packets;
  let left = bytesOf(pieces);
  const slots = Array.from({ length: slotsFor(left, slotBytes) }, () => {
    const packet = packets.take();
    assert(packet >= 0, 'take-over: there were as many free slots as were counted');
    const length = Math.min(left, slotBytes);
    left -= length;
    return { packet, address: packets.addressOf(packet), length };
  });
  let filled = 0;
  for (const { address, length } of pieces) {
    for (let done = 0; done < length; ) {
      const into = filled % slotBytes;
      const count = Math.min(length - done, slotBytes - into);
      dma.move(HAND_OFF_COPIES, address + done, slots[(filled / slotBytes) | 0].address + into, count);
      filled += count;
      done += count;
    }
  }
  assert(filled === bytesOf(pieces), 'take-over: every byte that is copied has its slot');
  return slots;
}

/** Queues what is to be sent, and puts the cursor where the stack before had it. */
function sendAgain(tcp: TcpTables, tcb: Tcb, image: ConnectionImage, sends: readonly SendPiece[]): void {
  const { counters } = tcp.environment;
  const end = tcb.sndEnd;
  tcb.sndEnd = (end - image.sendBytes) | 0;
  for (const { address, length, context, more } of sends) {
    tcp.sendQueue.append(tcb, address, length, context, more ? ELEMENT_MORE | ELEMENT_WAITS : 0);
  }
  assert(tcb.sndEnd === end, 'take-over: the queue ends where the image says');
  if (image.sendBytes > 0) tcp.sendQueue.seek(tcb, (tcb.sndNxt - tcb.sndUna) | 0);
  const inFlight = Math.max(0, (earlier(tcb.sndMax, end) - tcb.sndUna) | 0);
  counters[HAND_OFF_FLIGHT_IN] += inFlight;
  counters[HAND_OFF_UNSENT_IN] += image.sendBytes - inFlight;
}

/** What is owed has its timer, whatever the image says. */
function settleTimers(tcp: TcpTables, tcb: Tcb): void {
  const { timers, acks } = tcb;
  const waits = acks.owed === ACK_DELAYED && (timers.armed & TIMER_ACK) === 0;
  if (waits) acks.owed = ACK_NOW;
  // A stack that finds losses by count waits for a time-out only.
  if (tcb.sent.head < 0) timers.armed &= ~(TIMER_PROBE | TIMER_REORDER);
  const sending = timers.armed & SENDING_TIMERS;
  if (flightBytes(tcb) > 0 && sending === 0) startRetransmit(tcp, tcb);
  assert(!after(tcb.sndUna, tcb.sndMax), 'take-over: nothing was acknowledged that was not sent');
  if (timers.armed !== 0) reschedule(tcp, tcb);
}
