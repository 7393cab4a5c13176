/**
 * What a foreign host writes to its transmit buffers where these lie in a file: nobody sees it write the bytes that
 * were there already. So each buffer is filled with junk before the host has it to fill, and what differs from that
 * was written.
 */
import type { PoolArea } from '../../dma/pool-area.ts';
import type { Region } from '../../dma/region.ts';
import { FLAG_FAIL, FLAG_MULTIPLE, frameFlags, frameFunction } from '../../i2o/frame.ts';
import {
  getSocketSendReplyCount,
  getSocketSendReplyTrlElementWords,
  SOCKET_SEND,
  SOCKET_SEND_REPLY_WORDS,
  SOCKET_SEND_TO,
} from '../../i2o/socket.gen.ts';
import { Random } from '../../time/random.ts';
import type { Window } from '../link/window.ts';

/**
 * Bytes at either end of what was written that may be the junk's by chance, and count as written: 1 in 2^32 hosts
 * would be told of a byte that it did write.
 */
const CHANCE_BYTES = 4;
const SEED = 0x6a756e6b;

export class TransmitMarks {
  private readonly region: Region;
  private readonly area: PoolArea;
  private readonly tell: (address: number, length: number) => void;
  private readonly known: Buffer;
  private readonly random = new Random(SEED);
  /** The host has been refused a send: which buffers that left to it is not known, so that they were not filled. */
  unsure = false;

  /** @param tell told of what the host has written. */
  constructor(region: Region, area: PoolArea, tell: (address: number, length: number) => void) {
    this.region = region;
    this.area = area;
    this.tell = tell;
    this.known = Buffer.alloc(area.count * area.bufferBytes);
  }

  /** Tells what was written in a turn, there and elsewhere in the window. */
  inTurn(window: Window): void {
    const { offset, count, bufferBytes } = this.area;
    window.changes((address, bytes) => {
      if (address < offset || address >= offset + count * bufferBytes) this.tell(address, bytes.length);
    });
    this.look();
  }

  /** All buffers are the host's: a case begins, or the card was reset. */
  markAll(): void {
    for (let buffer = 0; buffer < this.area.count; buffer++) this.mark(buffer);
  }

  /** Tells what was written since it was last looked. */
  look(): void {
    const { known, area, region } = this;
    const { offset, count, bufferBytes } = area;
    const now = region.bytes.subarray(offset, offset + known.length);
    if (known.equals(now)) return;
    for (let at = 0; at < count * bufferBytes; at += bufferBytes) {
      let first = at;
      let end = at + bufferBytes;
      while (first < end && now[first] === known[first]) first += 1;
      while (end > first && now[end - 1] === known[end - 1]) end -= 1;
      if (first === end) continue;
      known.set(now.subarray(first, end), first);
      const from = Math.max(at, first - CHANCE_BYTES);
      const to = Math.min(at + bufferBytes, end + CHANCE_BYTES);
      this.tell(offset + from, to - from);
    }
  }

  /** A reply is about to be shown to the host: the buffers that it gives back are filled. */
  before(reply: Int32Array): void {
    const code = frameFunction(reply, 0);
    if (code !== SOCKET_SEND && code !== SOCKET_SEND_TO) return;
    const flags = frameFlags(reply, 0);
    if ((flags & FLAG_FAIL) !== 0 || (flags & FLAG_MULTIPLE) === 0) this.unsure = true;
    else if (getSocketSendReplyTrlElementWords(reply, 0) === 0) {
      this.look();
      const count = getSocketSendReplyCount(reply, 0);
      for (let i = 0; i < count; i++) this.mark(reply[SOCKET_SEND_REPLY_WORDS + i]);
    }
  }

  /** @param buffer its context; those of immediate data follow those of the buffers. */
  private mark(buffer: number): void {
    const { area, known, random, region } = this;
    if (buffer < 0 || buffer >= area.count) return;
    const at = buffer * area.bufferBytes;
    for (let i = 0; i < area.bufferBytes; i += 4) known.writeInt32LE(random.nextInt32(), at + i);
    region.bytes.set(known.subarray(at, at + area.bufferBytes), area.offset + at);
    // So few bytes may all be the junk's: they are never told of.
    this.tell(area.offset + at, CHANCE_BYTES);
  }
}
