/**
 * Where everything of one card lies in the shared region. Each holder is one line of the plan with its
 * reason. The host driver and the card are given the same layout, and neither is given anything else of the
 * other.
 */
import { assert } from '../assert/assert.ts';
import { LEDGER_BYTES } from '../ledger/ledger.ts';
import type { MemoryPlan } from './plan.ts';
import { type PoolArea, planPool } from './pool-area.ts';

/**
 * Bytes of the control area, the only part of the region that the executive writes for the host: status
 * block, tables.
 */
export const CONTROL_BYTES = 8192;
/** Where parameter lists begin in the control area. Before them lies what bring-up asks for. */
export const CONTROL_PARAMS_AT = 4096;
/** Bytes for static frames: sixteen of 128. */
export const STATIC_FRAMES_BYTES = 2048;
const LINE_PAIR_BYTES = 128;

/** What must hold of the sizes of the parts, whatever a card's pools are. */
export function checkParts(controlBytes: number, paramsAt: number, staticBytes: number): void {
  assert(
    paramsAt > 0 && paramsAt < controlBytes && paramsAt % LINE_PAIR_BYTES === 0,
    'card layout: parameter lists lie in the control area, behind what bring-up asks for',
  );
  assert(staticBytes % LINE_PAIR_BYTES === 0, 'card layout: static frames are whole frames');
}

checkParts(CONTROL_BYTES, CONTROL_PARAMS_AT, STATIC_FRAMES_BYTES);

/** How frames travel (i2o/queues/queues.ts). */
export type Transport = 'ring' | 'fifo';

export interface CardLayout {
  /** The sides' ledgers, one writer each. */
  readonly hostLedger: number;
  readonly iopLedger: number;
  /** Wake-up counts of the two sleepers, and the card's sign of life; a pair of cache lines each. */
  readonly iopWake: number;
  readonly hostWake: number;
  readonly iopStatus: number;
  readonly control: number;
  /** Requests the card keeps for the host (iop/executive/static-frames.ts). */
  readonly staticFrames: number;
  readonly transport: Transport;
  /** The inbound ring, or the FIFOs' unit with the inbound frames. */
  readonly inbound: number;
  readonly inboundFrames: number;
  /** The outbound ring, or the outbound frames. */
  readonly outbound: number;
  readonly outboundFrames: number;
  readonly transmit: PoolArea;
  readonly receive: PoolArea;
  /** Blocks for bytes that rest unread, which the host keeps from the card. */
  readonly store: PoolArea;
  /** Card memory for immediate data. */
  readonly immediate: PoolArea;
  /** Host memory for the image of a connection that is handed over: one buffer, or none. */
  readonly image: PoolArea;
}

export interface PoolSizes {
  readonly inboundFrames: number;
  readonly outboundFrames: number;
  readonly transmitBuffers: number;
  readonly transmitBufferBytes: number;
  readonly receiveBuckets: number;
  readonly receiveBucketBytes: number;
  readonly immediateSlots: number;
  /** Blocks of 2 KiB for bytes that rest unread. Until they are used, their pages take no memory. */
  readonly storeBlocks: number;
  /** Bytes for the image of a connection that is handed over; 0 or absent: none is. */
  readonly imageBytes?: number;
}

/** Bytes of one slot of immediate data: the most that fits a frame, rounded to lines. */
const IMMEDIATE_SLOT_BYTES = 128;

/** Bytes of a block of the store: little of one is left over, and a full bucket needs few. */
export const STORE_BLOCK_BYTES = 2048;

/**
 * Plans one direction's frames. Called for inbound, then for outbound.
 * @returns the address for the layout.
 */
export type QueuePlanner = (
  plan: MemoryPlan,
  name: string,
  frames: number,
  sizes: PoolSizes,
  outbound: boolean,
) => number;

/**
 * @param queueOf plans the transport's memory (i2o/queues/queues.ts); passed in because its layout is not
 * this folder's.
 */
export function planCard(
  plan: MemoryPlan,
  name: string,
  sizes: PoolSizes,
  queueOf: QueuePlanner,
  transport: Transport = 'ring',
): CardLayout {
  const word = (what: string, why: string): number => plan.reserve(`${name}.${what}`, LINE_PAIR_BYTES, why);
  return {
    hostLedger: plan.reserve(`${name}.hostLedger`, LEDGER_BYTES, 'counters the host writes'),
    iopLedger: plan.reserve(`${name}.iopLedger`, LEDGER_BYTES, 'counters the card writes'),
    iopWake: word('iopWake', "the card's wake-up count"),
    hostWake: word('hostWake', "the host's wake-up count"),
    iopStatus: word('iopStatus', "the card's sign of life and its requests to stop"),
    control: plan.reserve(`${name}.control`, CONTROL_BYTES, 'status block, status words, tables', 4096),
    transport,
    staticFrames: plan.reserve(`${name}.staticFrames`, STATIC_FRAMES_BYTES, 'requests kept on the card', 128),
    inbound: queueOf(plan, `${name}.inbound`, sizes.inboundFrames, sizes, false),
    inboundFrames: sizes.inboundFrames,
    outbound: queueOf(plan, `${name}.outbound`, sizes.outboundFrames, sizes, true),
    outboundFrames: sizes.outboundFrames,
    transmit: planPool(plan, `${name}.transmit`, sizes.transmitBuffers, sizes.transmitBufferBytes),
    receive: planPool(plan, `${name}.receive`, sizes.receiveBuckets, sizes.receiveBucketBytes),
    store: planPool(plan, `${name}.store`, sizes.storeBlocks, STORE_BLOCK_BYTES),
    immediate: planPool(plan, `${name}.immediate`, sizes.immediateSlots, IMMEDIATE_SLOT_BYTES),
    image: planImage(plan, `${name}.image`, sizes.imageBytes ?? 0),
  };
}

function planImage(plan: MemoryPlan, name: string, bytes: number): PoolArea {
  if (bytes === 0) return { offset: 0, count: 0, bufferBytes: 0 };
  const offset = plan.reserve(name, bytes, 'the image of a connection that is handed over', 128);
  return { offset, count: 1, bufferBytes: bytes };
}
