/** A pipe, and plain ways to put frames in and take them out. */

import { DmaEngine } from '../../src/dma/engine.ts';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion, type Region } from '../../src/dma/region.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';
import { Clock } from '../../src/time/clock.ts';
import { Random } from '../../src/time/random.ts';
import { PERFECT_PIPE, type PipeConfig } from '../../src/wire/config.ts';
import { Pipe } from '../../src/wire/pipe.ts';
import { planPipe } from '../../src/wire/slots.ts';

export const SLOT_BYTES = 256;

export interface PipeBed {
  readonly region: Region;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly dma: DmaEngine;
  readonly pipe: Pipe;
  readonly config: PipeConfig;
}

export function createPipeBed(changes: Partial<PipeConfig> = {}, seed = 1): PipeBed {
  const config: PipeConfig = { ...PERFECT_PIPE, slotBytes: SLOT_BYTES, queueFrames: 16, ...changes };
  const plan = new MemoryPlan();
  const ledgerOffset = plan.reserve('ledger', LEDGER_BYTES, 'counters');
  const slots = Math.max(1, Math.min(config.queueFrames, 1 << 16));
  const offset = planPipe(plan, 'pipe', slots, SLOT_BYTES);
  const region = allocateRegion(plan.byteLength);
  const ledger = new Ledger(region, ledgerOffset);
  const dma = new DmaEngine(region, ledger);
  const clock = new Clock();
  clock.set(0);
  const random = new Random(seed);
  const pipe = new Pipe(region, offset, config, clock, random, ledger, dma);
  return { region, clock, ledger, dma, pipe, config };
}

/** @returns false when the pipe is full. */
export function put(bed: { region: Region }, pipe: Pipe, frame: Uint8Array): boolean {
  const address = pipe.reserve(frame.length);
  if (address < 0) return false;
  bed.region.bytes.set(frame, address);
  pipe.commit(frame.length);
  return true;
}

/** @returns the next frame that has arrived, null for none. */
export function take(bed: { region: Region }, pipe: Pipe): Uint8Array | null {
  const address = pipe.receive();
  if (address < 0) return null;
  const frame = bed.region.bytes.slice(address, address + pipe.receivedLength);
  pipe.release();
  return frame;
}

/** Every frame that has arrived. */
export function takeAll(bed: { region: Region }, pipe: Pipe): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let frame = take(bed, pipe); frame !== null; frame = take(bed, pipe)) frames.push(frame);
  return frames;
}

/** Moves the clock on from arrival to arrival until nothing is in flight. */
export function takeInTime(bed: PipeBed): { frame: Uint8Array; nowNs: number }[] {
  const { pipe, clock } = bed;
  const arrivals: { frame: Uint8Array; nowNs: number }[] = [];
  for (let next = pipe.nextArrivalNs(); next !== Number.POSITIVE_INFINITY; next = pipe.nextArrivalNs()) {
    clock.set(Math.max(clock.nowNs, next));
    for (const frame of takeAll(bed, pipe)) arrivals.push({ frame, nowNs: clock.nowNs });
  }
  return arrivals;
}

/** A frame that says its number. */
export function numbered(number: number, length = 64): Uint8Array {
  const frame = new Uint8Array(length).fill(number >> 3);
  frame[0] = number >> 8;
  frame[1] = number;
  return frame;
}

export const numberOf = (frame: Uint8Array): number => frame[0] * 256 + frame[1];
