/** Whose each socket of the host's stack and of the devices' is: the program's socket that stands for it. */

import type { Place } from './mixed-socket.ts';
import type { OffloadDevice } from './registry.ts';

const NOBODY = -1;

export class Owners {
  private readonly ofHost: number[] = [];
  private readonly ofDevices: Map<OffloadDevice, number[]> = new Map();

  set({ device, number }: Omit<Place, 'ops'>, socket: number): void {
    this.list(device)[number] = socket;
  }

  clear(place: Omit<Place, 'ops'>): void {
    this.set(place, NOBODY);
  }

  /** @returns the program's socket; -1 for none. */
  of(device: OffloadDevice | undefined, number: number): number {
    return this.list(device)[number] ?? NOBODY;
  }

  private list(device: OffloadDevice | undefined): number[] {
    if (device === undefined) return this.ofHost;
    let list = this.ofDevices.get(device);
    if (list === undefined) {
      list = [];
      this.ofDevices.set(device, list);
    }
    return list;
  }
}
