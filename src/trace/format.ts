/**
 * A trace file: MessagePack objects one after another (msgpack.org), nothing around them. First the head, a
 * map; then events, small arrays; last the end, a map. Another head may follow: several traces in one file,
 * each whole. docs/trace-format.md says all of it to who writes a reader.
 *
 *   head   { format: 'inic-trace', version: 1, … }     TraceHead of sink.ts
 *   event  [kind, deltaNs, …]                           below
 *   end    { end: deltaNs, host: {…}, iop: {…}, lost }  TraceEnd
 *
 * Times are differences in whole nanoseconds from the event before. A packet's is a difference too, may be
 * negative, and does not count as an event before. Words of a frame are a byte string, little-endian, as many
 * as the frame's header says it has, or all of its slot where that cannot be. What belongs together is folded
 * in one array: acquired and posted, received and released; reading gives two calls again.
 */

/** [0, deltaNs, slot, words] the host posted a frame. */
export const EVENT_POSTED = 0;
/** [1, deltaNs, slot, words, deltaNs to the post] the host acquired a frame, and posted it. */
export const EVENT_ACQUIRED_POSTED = 1;
/** [2, deltaNs, slot, words] the host received a frame. */
export const EVENT_RECEIVED = 2;
/** [3, deltaNs, slot, words, deltaNs to the release] the host received a frame, and released it. */
export const EVENT_RECEIVED_RELEASED = 3;
/** [4, deltaNs, direction, slot, side] */
export const EVENT_OWNER = 4;
/** [5, deltaNs, kind] */
export const EVENT_NOTIFICATION = 5;
/** [6, deltaNs, side, address, length] */
export const EVENT_WRITE = 6;
/** [7, deltaNs, address, value] */
export const EVENT_POLLED = 7;
/** [8, deltaNs, sent, packet bytes, the first of them] */
export const EVENT_PACKET = 8;

/** Items of an event's array, by its kind. */
export const EVENT_ITEMS: readonly number[] = [4, 5, 4, 5, 5, 3, 5, 4, 5];

/** No event is longer, in bytes of the file; a packet is the longest. */
export const EVENT_BYTES_MAX = 300_000;
/** Heads and ends hold a few kilobytes; more than this is damage. */
export const MAP_BYTES_MAX = 1 << 20;

/** The bytes of every trace file after its first one: the first entry of the head. */
export const SIGNATURE: Uint8Array = new TextEncoder().encode('\u{0}format\u{0}inic-trace');
SIGNATURE[0] = 0xa6; // a string of 6 bytes
SIGNATURE[7] = 0xaa; // and one of 10
