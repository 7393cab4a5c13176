/**
 * What can be seen at the host's end of a card, in the order the host saw it. Whoever watches implements
 * `TraceSink`: the recorder writes a file, the validator judges as it goes, tests keep a list. Reading a file
 * calls the same methods, so a trace and a live card look alike to everything behind this door.
 *
 * One card, one sink. Times are whole nanoseconds since the trace began, never falling; only packets, which
 * the card's thread saw, come with a time that may be a little before that of the events already told. Words
 * are little-endian int32.
 */
import type { PoolArea } from '../dma/pool-area.ts';

/** Which way a frame goes, in I2O's words: inbound is host to card. */
export const INBOUND = 0;
export const OUTBOUND = 1;

export const SIDE_HOST = 0;
export const SIDE_CARD = 1;

/** Notifications. A doorbell is noted when the host rings, an interrupt when the host serves it. */
export const DOORBELL = 0;
export const INTERRUPT = 1;

/** The facts a reader needs before the first event; the head of a trace file. */
export interface TraceHead {
  readonly format: 'inic-trace';
  readonly version: 1;
  /** `inic` and its version. */
  readonly product: string;
  /** `ring` or `fifo`. */
  readonly transport: string;
  /** Wall-clock time of time 0, ISO 8601. */
  readonly startedAt: string;
  readonly frameBytes: number;
  /**
   * Classes spoken, and the version of each that both sides speak: the lower of the driver's and the card's.
   */
  readonly classes: readonly { readonly name: string; readonly id: number; readonly version: number }[];
  /**
   * The card's devices, in the order of their TIDs; absent where the card has one alone, whose TID is
   * DEVICE_TID, and in traces that were made before cards had several. `deviceTidOf` of head.ts reads it.
   */
  readonly devices?: readonly TraceDevice[];
  readonly memory: TraceMemory;
  readonly socketsMax: number;
  /** What ran, as typed; empty where nothing was. */
  readonly command: readonly string[];
  /**
   * The card's whole configuration (world/config/card-config.ts), from which a replay builds another; empty
   * where it is unknown.
   */
  readonly configuration: Readonly<Record<string, unknown>>;
}

/** A device of the card, as the card's logical configuration table names it. */
export interface TraceDevice {
  readonly tid: number;
  readonly classId: number;
}

/** Where things lie in the shared region: addresses in frames are judged by it. */
export interface TraceMemory {
  readonly regionBytes: number;
  /** Word index of the first frame slot, frames there are, words from one to the next. */
  readonly inbound: FrameArea;
  readonly outbound: FrameArea;
  /** Buffers of the driver's; of a card of network ports, blocks that payload of packets may lie in. */
  readonly transmit: PoolArea;
  readonly receive: PoolArea;
  readonly immediate: PoolArea;
  /** Of a card of network ports: buffers of packets to be sent, or of their headers. */
  readonly packets?: PoolArea;
  /** Of a card with the TCP window: memory for the headers of what arrives, as many buffers as slots. */
  readonly headers?: PoolArea;
  /** The only part of the region the executive may write for the host. */
  readonly control: { readonly offset: number; readonly byteLength: number };
}

export interface FrameArea {
  /** MFA of frame 0, where the transport has such addresses and they are not the region's own. */
  readonly firstMfa?: number;
  readonly firstWord: number;
  readonly count: number;
  readonly strideWords: number;
}

/** The last event of a whole trace: what the ledgers said. */
export interface TraceEnd {
  readonly host: Readonly<Record<string, number>>;
  readonly iop: Readonly<Record<string, number>>;
  /** Packets that were not recorded, for want of room; of everything else nothing is ever lost. */
  readonly lost: number;
}

export interface TraceSink {
  head(head: TraceHead): void;

  /**
   * INBOUND: the host posted a frame, which is the card's from now on. OUTBOUND: the host received one. The
   * sink reads `words` before it returns and keeps no view of them.
   * @param slot number of the frame's slot in its area. @param at word index of the frame's first word in
   * `words`.
   */
  frame(direction: number, timeNs: number, slot: number, words: Int32Array, at: number): void;

  /**
   * A frame slot changed hands without being sent. INBOUND: the host acquired it (SIDE_HOST) or gave it back
   * unused (SIDE_CARD). OUTBOUND: the host has read it and releases it (SIDE_CARD).
   */
  owner(direction: number, timeNs: number, slot: number, side: number): void;

  /** DOORBELL or INTERRUPT. */
  notification(kind: number, timeNs: number): void;

  /**
   * Payload was written to shared memory by a processor: `length` bytes at `address`, by SIDE_HOST or
   * SIDE_CARD.
   */
  write(side: number, timeNs: number, address: number, length: number): void;

  /**
   * The host saw the word at `address` change to `value` while polling memory for a completion (StatusGet,
   * OutboundInit, IopReset).
   */
  polled(timeNs: number, address: number, value: number): void;

  /**
   * A packet passed the card's wire: the first `length` of `packetLength` bytes.
   * @param sent whether the card sent it.
   */
  packet(
    timeNs: number,
    sent: boolean,
    bytes: Uint8Array,
    offset: number,
    length: number,
    packetLength: number,
  ): void;

  end(timeNs: number, end: TraceEnd): void;
}
