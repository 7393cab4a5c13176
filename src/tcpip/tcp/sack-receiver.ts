/**
 * What a receiver reports of data that arrived out of order (RFC 2018, RFC 2883): the blocks of the late
 * queue, the one that holds the newest segment first; before them, once, a block for data that had been here
 * before.
 */
import { assert } from '../../assert/assert.ts';
import { IPV4_BYTES } from '../header/ipv4.ts';
import { OPTION_NOP, OPTION_SACK, TCP_BYTES, TIMESTAMPS_BYTES } from '../header/tcp.ts';
import { after, atOrAfter, before } from '../seq.ts';
import { pathMtu } from './path.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';

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
    received.duplicateStart = received.duplicateEnd;
    blocks = 1;
  }
  blocks = writeLateBlocks(tcp, tcb, at, blocks, blocksMax, true);
  blocks = writeLateBlocks(tcp, tcb, at, blocks, blocksMax, false);
  view.setInt32(at, (OPTION_NOP << 24) | (OPTION_NOP << 16) | (OPTION_SACK << 8) | (2 + blocks * 8));
  return 4 + blocks * 8;
}

/** How many blocks a segment without data has room for: by the TCP header, and by the path's MTU. */
function blocksOf(tcp: TcpTables, tcb: Tcb): number {
  const stampBytes = tcb.stamps.on !== 0 ? TIMESTAMPS_BYTES : 0;
  const roomBytes = Math.min(OPTIONS_BYTES_MAX, pathMtu(tcp, tcb) - IPV4_BYTES - TCP_BYTES) - stampBytes;
  return Math.max(1, (roomBytes - 4) >> 3);
}

/** Adds the block that holds the newest segment, or the others. Adjacent segments make one block. */
function writeLateBlocks(
  tcp: TcpTables,
  tcb: Tcb,
  at: number,
  from: number,
  blocksMax: number,
  newest: boolean,
): number {
  const { view } = tcp.environment;
  const { seq, length, next } = tcp.receiveQueue;
  const { lateNewest } = tcb.received;
  let blocks = from;
  let packet = tcb.received.lateHead;
  while (packet >= 0 && blocks < blocksMax) {
    const start = seq[packet];
    assert(after(start, tcb.rcvNxt), 'SACK: what is reported lies beyond what is acknowledged');
    let end = (start + length[packet]) | 0;
    packet = next[packet];
    while (packet >= 0 && seq[packet] === end) {
      end = (end + length[packet]) | 0;
      packet = next[packet];
    }
    const holdsNewest = atOrAfter(lateNewest, start) && before(lateNewest, end);
    if (holdsNewest !== newest) continue;
    view.setInt32(at + 4 + blocks * 8, start);
    view.setInt32(at + 8 + blocks * 8, end);
    blocks += 1;
    if (newest) return blocks;
  }
  return blocks;
}
