/**
 * What a receiver reports of data that arrived out of order (RFC 2018, RFC 2883): the blocks of the late
 * queue, those whose segments came last first; before them, once, a block for data that had been here
 * before.
 */
import { assert } from '../../assert/assert.ts';
import { IPV4_BYTES } from '../header/ipv4.ts';
import { OPTION_NOP, OPTION_SACK, TCP_BYTES, TIMESTAMPS_BYTES } from '../header/tcp.ts';
import { after } from '../seq.ts';
import type { Received } from './control-block/received.ts';
import { pathMtu } from './path.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';

/** As many blocks as an option has room for. */
const RECENT_MAX = 4;
/** A TCP header's length is a number of four bits, in words. */
const OPTIONS_BYTES_MAX = 40;

/**
 * @param at where the option goes, 4-byte aligned in the header.
 * @returns bytes written: 0, or 4 and 8 for each block.
 */
export function writeSackBlocks(tcp: TcpTables, tcb: Tcb, at: number): number {
  const { received } = tcb;
  const duplicate = received.duplicateStart !== received.duplicateEnd;
  if (received.lateHead < 0 && !duplicate) return 0;
  const { view } = tcp.environment;
  const blocksMax = blocksOf(tcp, tcb);
  let blocks = 0;
  if (duplicate) {
    view.setInt32(at + 4, received.duplicateStart);
    view.setInt32(at + 8, received.duplicateEnd);
    // The block that it lies in follows on it, though others may have grown since: by that the peer knows it
    // for a duplicate's (RFC 2883 §4).
    const holder = tcp.receiveQueue.blockOf(tcb, received.duplicateStart);
    received.duplicateStart = received.duplicateEnd;
    blocks = holder < 0 ? 1 : writeBlock(tcp, at, 1, 1, holder);
  }
  blocks = writeLateBlocks(tcp, tcb, at, duplicate ? 1 : 0, blocks, blocksMax);
  view.setInt32(at, (OPTION_NOP << 24) | (OPTION_NOP << 16) | (OPTION_SACK << 8) | (2 + blocks * 8));
  return 4 + blocks * 8;
}

/** How many blocks a segment without data has room for: by the TCP header, and by the path's MTU. */
function blocksOf(tcp: TcpTables, tcb: Tcb): number {
  const stampBytes = tcb.stamps.on !== 0 ? TIMESTAMPS_BYTES : 0;
  const roomBytes = Math.min(OPTIONS_BYTES_MAX, pathMtu(tcp, tcb) - IPV4_BYTES - TCP_BYTES) - stampBytes;
  return Math.max(1, (roomBytes - 4) >> 3);
}

/**
 * Adds the blocks that hold the segments which arrived last, in the order in which they did, and then the
 * others from the front, as far as there is room. @param from the first late block of those written.
 */
function writeLateBlocks(
  tcp: TcpTables,
  tcb: Tcb,
  at: number,
  from: number,
  written: number,
  blocksMax: number,
): number {
  const { receiveQueue } = tcp;
  const { received } = tcb;
  const { lateHead } = received;
  assert(
    lateHead < 0 || after(receiveQueue.seq[lateHead], tcb.rcvNxt),
    'SACK: what is reported lies beyond what is acknowledged',
  );
  let blocks = written;
  for (let i = 0; i < received.lateKnown && blocks < blocksMax; i++) {
    const holder = receiveQueue.blockOf(tcb, recentOf(received, i));
    if (holder >= 0) blocks = writeBlock(tcp, at, from, blocks, holder);
  }
  for (let packet = lateHead; packet >= 0 && blocks < blocksMax; ) {
    blocks = writeBlock(tcp, at, from, blocks, packet);
    packet = receiveQueue.blockAfter(packet);
  }
  return blocks;
}

/** Writes the block that begins with a slot, unless it is among those written. @returns blocks by now. */
function writeBlock(tcp: TcpTables, at: number, from: number, blocks: number, packet: number): number {
  const { receiveQueue, environment } = tcp;
  const { view } = environment;
  const start = receiveQueue.seq[packet];
  for (let i = from; i < blocks; i++) {
    if (view.getInt32(at + 4 + i * 8) === start) return blocks;
  }
  view.setInt32(at + 4 + blocks * 8, start);
  view.setInt32(at + 8 + blocks * 8, receiveQueue.blockEnd(packet));
  return blocks + 1;
}

function recentOf(received: Received, i: number): number {
  if (i === 0) return received.lateNewest;
  if (i === 1) return received.lateSecond;
  return i === 2 ? received.lateThird : received.lateFourth;
}

/** A segment that begins at `seq` has joined the late queue, or was there: its block is reported first. */
export function noteLate(tcp: TcpTables, tcb: Tcb, seq: number): void {
  const { receiveQueue } = tcp;
  const { received } = tcb;
  const block = receiveQueue.blockOf(tcb, seq);
  assert(block >= 0, 'SACK: what has arrived last is in the late queue');
  // Those that are in the same block by now, or in none any more, say nothing.
  const { lateKnown, lateNewest, lateSecond, lateThird } = received;
  received.lateNewest = seq;
  let known = 1;
  for (let i = 0; i < lateKnown && known < RECENT_MAX; i++) {
    const other = i === 0 ? lateNewest : i === 1 ? lateSecond : i === 2 ? lateThird : received.lateFourth;
    const holder = receiveQueue.blockOf(tcb, other);
    if (holder < 0 || holder === block) continue;
    known += 1;
    if (known === 2) received.lateSecond = other;
    else if (known === 3) received.lateThird = other;
    else received.lateFourth = other;
  }
  received.lateKnown = known;
}
