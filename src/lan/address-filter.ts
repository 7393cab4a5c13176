/** Which of the packets that arrive at a port are for its host, by their destination addresses. */
import type { Region } from '../dma/region.ts';
import {
  LAN_FILTER_ALL_MULTICAST,
  LAN_FILTER_BROADCAST_OFF,
  LAN_FILTER_MULTICAST_OFF,
  LAN_FILTER_PROMISCUOUS,
  LAN_FILTER_UNICAST_OFF,
} from '../i2o/lan.gen.ts';

const GROUP_ADDRESS = 1;
/** The two halves of the broadcast address. */
const BROADCAST_HIGH = 0xffff;
const BROADCAST_LOW = -1;

/** A port's own address: its first two bytes as a number, and its last four as an int32. */
export interface HardwareAddress {
  readonly macHigh: number;
  readonly macLow: number;
}

export class AddressFilter {
  /** LAN_FILTER_ bits. */
  mask = 0;
  private readonly region: Region;
  private readonly macHigh: number;
  private readonly macLow: number;

  constructor(region: Region, { macHigh, macLow }: HardwareAddress) {
    this.region = region;
    this.macHigh = macHigh;
    this.macLow = macLow;
  }

  /** Whether the packet at an address is let through. // Hot path. */
  wants(address: number): boolean {
    const { mask, macHigh, macLow } = this;
    if ((mask & LAN_FILTER_PROMISCUOUS) !== 0) return true;
    const { bytes } = this.region;
    const high = (bytes[address] << 8) | bytes[address + 1];
    const low =
      (bytes[address + 2] << 24) |
      (bytes[address + 3] << 16) |
      (bytes[address + 4] << 8) |
      bytes[address + 5];
    if ((bytes[address] & GROUP_ADDRESS) === 0)
      return high === macHigh && low === macLow && (mask & LAN_FILTER_UNICAST_OFF) === 0;
    if (high === BROADCAST_HIGH && low === BROADCAST_LOW) return (mask & LAN_FILTER_BROADCAST_OFF) === 0;
    return (mask & LAN_FILTER_ALL_MULTICAST) !== 0 && (mask & LAN_FILTER_MULTICAST_OFF) === 0;
  }
}
