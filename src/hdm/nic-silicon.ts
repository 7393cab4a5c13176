/**
 * What the driver half of the fake NIC needs of a device half, over the rings of `nic-rings.ts`: the card's
 * own silicon (`nic-device.ts`), whose frames go over a wire, or a TAP (`tap-device.ts`), whose frames go
 * to the kernel. Stack and driver cannot tell which.
 */
import type { WireEnd, WireSource } from '../wire/contract.ts';
import type { NicFeatures } from './features.ts';
import type { TapFile } from './tap-file.ts';

export interface NicSilicon {
  /** What it does from now on. What it holds is told to the driver as it is. */
  setFeatures(features: NicFeatures): void;
  /** Sends what the driver has posted. */
  doorbell(): void;
  /** Takes the next frame that has arrived. @returns whether there was one. */
  receive(): boolean;
  /** Tells the driver of the segments that wait for others. */
  closeMerged(): void;
  /** Clock nanoseconds when the next frame arrives; NEVER where nobody knows. */
  nextArrivalNs(): number;
}

/** What a NIC is plugged into in place of a wire: the kernel, by the file of a TAP. */
export interface TapPlug {
  readonly tap: TapFile;
}

export type NicPlug = WireEnd | TapPlug;

/** Frames that a TAP always takes: the kernel has no end of its queue to tell of. */
const ENDLESS_FRAMES = 1 << 20;
const ENDLESS: Pick<WireSource, 'room' | 'awaitRoom'> = { room: ENDLESS_FRAMES, awaitRoom() {} };

/** How much more may be sent at a time. */
export function roomOf(plug: NicPlug): Pick<WireSource, 'room' | 'awaitRoom'> {
  return 'tap' in plug ? ENDLESS : plug.source;
}
