/** The options of a SYN or SYN-ACK, in Linux's order: MSS, SACK permitted, timestamps, window scale. */
import { assert } from '../../assert/assert.ts';
import {
  OPTION_MSS,
  OPTION_NOP,
  OPTION_SACK_PERMITTED,
  OPTION_WINDOW_SCALE,
  TIMESTAMPS_BYTES,
} from '../header/tcp.ts';

const TIMESTAMPS_KIND_AND_LENGTH = 0x080a;
const SACK_PERMITTED = (OPTION_SACK_PERMITTED << 8) | 2;

/**
 * Writes them. @param shift of our windows; -1: they are not scaled. @param stamped whether there are
 * timestamps: then their value and echo. @returns bytes, a multiple of 4.
 */
export function putSynOptions(
  view: DataView,
  from: number,
  mss: number,
  sack: boolean,
  shift: number,
  stamped: boolean,
  value: number,
  echo: number,
): number {
  let at = from;
  assert(mss > 0 && mss < 65536, 'SYN: its MSS fits its field');
  view.setInt32(at, (OPTION_MSS << 24) | (4 << 16) | mss);
  at += 4;
  if (stamped) {
    const padding = sack ? SACK_PERMITTED : (OPTION_NOP << 8) | OPTION_NOP;
    view.setInt32(at, (padding << 16) | TIMESTAMPS_KIND_AND_LENGTH);
    view.setInt32(at + 4, value);
    view.setInt32(at + 8, echo);
    at += TIMESTAMPS_BYTES;
  } else if (sack) {
    view.setInt32(at, (OPTION_NOP << 24) | (OPTION_NOP << 16) | SACK_PERMITTED);
    at += 4;
  }
  if (shift >= 0) {
    view.setInt32(at, (OPTION_NOP << 24) | (OPTION_WINDOW_SCALE << 16) | (3 << 8) | shift);
    at += 4;
  }
  return at - from;
}
