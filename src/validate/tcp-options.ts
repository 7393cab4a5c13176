/** Reads the options of a TCP header as RFC 9293, 7323 and 2018 have them; allocates nothing. */
import { half, word } from './wire-segment.ts';

const END = 0;
const NOP = 1;
const MSS = 2;
const SCALE = 3;
const SACK_PERMITTED = 4;
const SACK = 5;
const TIMESTAMPS = 8;
/** Two NOPs and a timestamps option, as nearly every segment has them. */
const USUAL_BYTES = 12;
const USUAL_HEAD = (NOP << 24) | (NOP << 16) | (TIMESTAMPS << 8) | 10;
const BLOCK_BYTES = 8;
const BLOCKS_MAX = 4;
/** RFC 7323 2.3: the largest shift. */
const SHIFT_MAX = 14;

/** An end offers to scale its window, to take blocks, to exchange timestamps. */
export const HAS_SCALE = 1;
export const HAS_SACK_PERMITTED = 2;
export const HAS_TIMESTAMPS = 4;
export const NO_MSS = 0;

export class TcpOptions {
  /** The options that there are, as bits. */
  has = 0;
  mss = NO_MSS;
  shift = 0;
  timestamp = 0;
  echo = 0;
  /** Blocks of a SACK option, and where the first of them lies in the packet. */
  blocks = 0;
  blocksAt = 0;

  /** @returns whether every option is as long as it must be. // Hot path. */
  read(bytes: Uint8Array, at: number, end: number): boolean {
    this.has = 0;
    this.blocks = 0;
    if (end - at === USUAL_BYTES && word(bytes, at) === USUAL_HEAD) {
      this.stamps(bytes, at + 2);
      return true;
    }
    this.mss = NO_MSS;
    this.shift = 0;
    let option = at;
    while (option < end && bytes[option] !== END) {
      if (bytes[option] === NOP) {
        option += 1;
        continue;
      }
      const length = option + 1 < end ? bytes[option + 1] : 0;
      if (length < 2 || option + length > end || !this.one(bytes, option, length)) return false;
      option += length;
    }
    return true;
  }

  private one(bytes: Uint8Array, at: number, length: number): boolean {
    switch (bytes[at]) {
      case MSS:
        this.mss = half(bytes, at + 2);
        return length === 4 && this.mss > 0;
      case SCALE:
        this.has |= HAS_SCALE;
        this.shift = bytes[at + 2];
        return length === 3 && this.shift <= SHIFT_MAX;
      case SACK_PERMITTED:
        this.has |= HAS_SACK_PERMITTED;
        return length === 2;
      case SACK:
        this.blocks = Math.min(BLOCKS_MAX, (length - 2) / BLOCK_BYTES);
        this.blocksAt = at + 2;
        return length > 2 && (length - 2) % BLOCK_BYTES === 0;
      case TIMESTAMPS:
        this.stamps(bytes, at);
        return length === 10;
      default:
        return true;
    }
  }

  private stamps(bytes: Uint8Array, at: number): void {
    this.has |= HAS_TIMESTAMPS;
    this.timestamp = word(bytes, at + 2);
    this.echo = word(bytes, at + 6);
  }
}
