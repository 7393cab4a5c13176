/**
 * The ports of one card as one device, for whoever gives them their turn. Ports differ in MTU and address;
 * the first is asked.
 */
import { assert } from '../assert/assert.ts';
import type { LinkClient } from '../tcpip/contract.ts';
import type { Device } from './contract.ts';

export class PortGroup {
  private readonly devices: readonly Device[];

  constructor(devices: readonly Device[]) {
    assert(devices.length > 0, 'port group: a card has at least one port');
    this.devices = devices;
  }

  /** @param clientOf whom the frames go to that arrive at a port. */
  attach(clientOf: (port: number) => LinkClient): void {
    this.devices.forEach((device, port) => {
      device.attach(clientOf(port));
    });
  }

  /** A turn of each port. @returns frames moved. // Hot path. */
  poll(): number {
    const { devices } = this;
    let frames = 0;
    for (let port = 0; port < devices.length; port++) frames += devices[port].poll();
    return frames;
  }

  /** When one of the ports next has something to do by itself, in clock nanoseconds. */
  nextDeadlineNs(): number {
    const { devices } = this;
    let nextNs = devices[0].nextDeadlineNs();
    for (let port = 1; port < devices.length; port++)
      nextNs = Math.min(nextNs, devices[port].nextDeadlineNs());
    return nextNs;
  }
}
