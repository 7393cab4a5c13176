/**
 * A connection is handed over to another stack: it comes to rest, its image is written (`write`), and it
 * either departs (`lifecycle.ts`), once the other stack has it, or goes on here (`keep`).
 */
import { assert } from '../../../assert/assert.ts';
import { HAND_OFF_COPIES, HAND_OFFS_KEPT } from '../../../ledger/counters.gen.ts';
import { EBUSY, EINVAL, ENOBUFS } from '../../../socket/errno.ts';
import { checkTcb } from '../identities.ts';
import { stopAwaiting } from '../path.ts';
import { markReady } from '../ready.ts';
import { ELEMENT_MORE } from '../send-queue.ts';
import type { TcpTables } from '../tables.ts';
import type { Tcb } from '../tcb.ts';
import { reschedule } from '../timers.ts';
import {
  type ImageShape,
  ImageWriter,
  imageBytes,
  isMovable,
  RANGES_MAX,
  RECORD_FLAG_BITS,
} from './connection-image.ts';
import { fieldWord, IMAGE_FIELDS } from './image-fields.ts';
import { heldRanges, sentRecords } from './sent-image.ts';

/** @returns how many bytes the image of a connection has now, or a negative errno as `handOff`. */
export function imageBytesOf(tcp: TcpTables, tcb: Tcb): number {
  const errno = moveErrno(tcb);
  return errno === 0 ? imageBytes(shapeOf(tcp, tcb)) : 0 - errno;
}

/**
 * Writes a connection's image, and brings it to rest: from now on it sends nothing, takes nothing and knows
 * no time, until `keep`, or until its user gives it up because another stack has it.
 * @param address a multiple of 4. @returns the bytes of the image; -EINVAL in a state in which there is
 *   nothing to hand over, -EBUSY while it is being handed over or reset, or an urgent byte waits, -ENOBUFS for too little room.
 */
export function handOff(tcp: TcpTables, tcb: Tcb, address: number, room: number): number {
  const errno = moveErrno(tcb);
  if (errno !== 0) return 0 - errno;
  const shape = shapeOf(tcp, tcb);
  const bytes = imageBytes(shape);
  if (bytes > room) return -ENOBUFS;
  write(tcp, tcb, address, shape);
  stopAwaiting(tcp, tcb);
  tcb.moving = 1;
  tcb.timers.armedBefore = tcb.timers.armed;
  tcb.timers.armed = 0;
  checkTcb(tcp, tcb);
  return bytes;
}

/** Nobody has taken the connection over: it goes on here, where it was. */
export function keep(tcp: TcpTables, tcb: Tcb): void {
  assert(tcb.moving !== 0, 'hand-off: a connection that is kept was on its way');
  assert(tcb.hashed !== 0, 'hand-off: segments of a connection that is kept find it');
  tcp.environment.counters[HAND_OFFS_KEPT] += 1;
  tcb.moving = 0;
  tcb.timers.armed = tcb.timers.armedBefore;
  if (tcb.timers.armed !== 0) reschedule(tcp, tcb);
  markReady(tcp, tcb);
}

function moveErrno(tcb: Tcb): number {
  if (!isMovable(tcb.state) || tcb.parent >= 0 || tcb.owner < 0) return EINVAL;
  // Where an urgent byte is, and whether it has come, an image does not say.
  return (tcb.moving | tcb.resetDue | tcb.rcvUrgent) !== 0 ? EBUSY : 0;
}

function shapeOf(tcp: TcpTables, tcb: Tcb): ImageShape {
  const { receiveQueue, sendQueue } = tcp;
  const { received, recovery, sends } = tcb;
  let lateBytes = 0;
  for (let packet = received.lateHead; packet >= 0; packet = receiveQueue.next[packet]) {
    lateBytes += receiveQueue.length[packet];
  }
  return {
    ranges: tcb.sent.head < 0 ? recovery.sackCount : heldRanges(tcp, tcb, RANGES_MAX).length,
    records: sentRecords(tcp, tcb, tcp.environment.nowUs).length,
    late: received.lateCount,
    elements: sends.count,
    inOrderBytes: received.queuedBytes,
    lateBytes,
    sendBytes: sends.count === 0 ? 0 : sendQueue.queuedBytes(tcb),
  };
}

function write(tcp: TcpTables, tcb: Tcb, address: number, shape: ImageShape): void {
  const { environment, receiveQueue, sendQueue } = tcp;
  const { received, sends } = tcb;
  const writer = new ImageWriter(environment.view, address, shape);
  for (const field of IMAGE_FIELDS) writer.word(fieldWord(environment, tcb, field));
  const range = (start: number, end: number): void => {
    writer.word(start);
    writer.word(end);
  };
  if (tcb.sent.head < 0) tcp.scoreboard.eachRange(tcb, range);
  else for (const [start, end] of heldRanges(tcp, tcb, RANGES_MAX)) range(start, end);
  for (let packet = received.lateHead; packet >= 0; packet = receiveQueue.next[packet]) {
    writer.word(receiveQueue.seq[packet]);
    writer.word(receiveQueue.length[packet]);
  }
  for (let element = sends.head; element >= 0; element = sendQueue.next[element]) {
    const length = sendQueue.length[element] - (element === sends.head ? sends.headOffset : 0);
    writer.word((length << 1) | ((sendQueue.flags[element] & ELEMENT_MORE) !== 0 ? 1 : 0));
  }
  for (const { end, sentAgoUs, segments, flags } of sentRecords(tcp, tcb, environment.nowUs)) {
    writer.word(end);
    writer.word(sentAgoUs);
    writer.word((segments << RECORD_FLAG_BITS) | flags);
  }
  const written = copyBytes(tcp, tcb, writer.address);
  assert(written === address + imageBytes(shape), 'hand-off: an image is as long as it says');
}

/** Copies the bytes of a connection to where its image has them. @returns the address behind them. */
function copyBytes({ environment, receiveQueue, sendQueue }: TcpTables, tcb: Tcb, address: number): number {
  const { received, sends } = tcb;
  let at = address;
  const copy = (from: number, length: number): void => {
    environment.dma.move(HAND_OFF_COPIES, from, at, length);
    at += length;
  };
  for (const head of [received.head, received.lateHead]) {
    for (let packet = head; packet >= 0; packet = receiveQueue.next[packet]) {
      copy(receiveQueue.address[packet], receiveQueue.length[packet]);
    }
  }
  for (let element = sends.head; element >= 0; element = sendQueue.next[element]) {
    const offset = element === sends.head ? sends.headOffset : 0;
    copy(sendQueue.address[element] + offset, sendQueue.length[element] - offset);
  }
  return at;
}
