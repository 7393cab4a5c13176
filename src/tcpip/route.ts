/**
 * Where a packet goes next: to ourselves, to a neighbour on the subnet, or to the gateway. One address, one
 * subnet. Packets to ourselves and to 127/8 leave through the device with our own hardware address and come
 * back (RFC 1122 §3.2.1.3: 127/8 never reaches a real wire; the input drops it if it came from one).
 */
import type { StackConfig } from './config.ts';

const LOOPBACK = 0x7f000001;

export class Routes {
  /** Own address. */
  readonly address: number;
  private readonly mask: number;
  private readonly gateway: number;
  private readonly broadcast: number;

  constructor(config: StackConfig) {
    this.address = config.address | 0;
    this.mask = config.prefixLength === 0 ? 0 : (-1 << (32 - config.prefixLength)) | 0;
    this.gateway = config.gateway | 0;
    this.broadcast = config.prefixLength < 31 ? (this.address & this.mask) | ~this.mask : -1;
  }

  /** Whether packets to this address are for us. */
  isOwn(address: number): boolean {
    return address === this.address || address >>> 24 === 127;
  }

  isBroadcast(address: number): boolean {
    return address === -1 || address === this.broadcast;
  }

  /** Whether the address is one host's, and so may be a source (RFC 1122 §3.2.1.3). */
  isUnicast(address: number): boolean {
    const top = address >>> 24;
    return top !== 0 && top < 224 && address !== this.broadcast;
  }

  /** The source address of packets to a destination (RFC 9293 MUST-44). */
  sourceFor(destination: number): number {
    return destination >>> 24 === 127 ? LOOPBACK : this.address;
  }

  /** @returns the address whose hardware address a packet needs; 0 when there is no route. */
  nextHop(destination: number): number {
    if (this.isOwn(destination) || ((destination ^ this.address) & this.mask) === 0) return destination;
    return this.gateway;
  }
}
