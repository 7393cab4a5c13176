/**
 * Whom each frame of a shared wire is for: the device's, if it has the connection, or if the frame is a SYN
 * that policy and the device's limits let it have; else the host's. All that is no TCP is the host's, ARP
 * too: what it learns of neighbours it tells the devices. A packet filter and taps are at this place because
 * nothing else of the host's sees what passes between a device and the wire.
 */
import type { Steering } from '../../wire/splitter.ts';
import type { PacketFilter } from './filter.ts';
import { FrameTuple } from './frame-tuple.ts';
import type { Offloading, SynTaker } from './offloading.ts';
import type { Tuple } from './policy/rule.ts';
import type { OffloadDevice } from './registry.ts';

/** Ports of the splitter. */
export const WIRE_PORT = 0;
export const HOST_PORT = 1;
export const DEVICE_PORT = 2;

const TAKERS: Readonly<Record<SynTaker, number>> = { device: DEVICE_PORT, host: HOST_PORT, nobody: -1 };

/** A hardware address: its first two bytes, and its last four as an int32. */
export interface StationAddress {
  readonly high: number;
  readonly low: number;
}

/** Who watches frames. */
export interface Tap {
  /** @param device the device's name; undefined: the host's own frame. */
  frame(device: string | undefined, direction: 'in' | 'out', address: number, length: number): void;
}

export interface SteeringParts {
  readonly view: DataView;
  readonly offloading: Offloading;
  /** The hardware address that host and device have at this wire. */
  readonly own: StationAddress;
  /** Whether a connection is in the table of the host's own stack. */
  hostHas(tuple: Tuple): boolean;
  /** The same, and not at rest there as a device may take it over. */
  hostServes(tuple: Tuple): boolean;
  /** The device at this wire, if it is registered now. */
  device(): OffloadDevice | undefined;
}

export class FrameSteering implements Steering {
  /** The filter of the host, which its own frames pass; undefined: none. */
  filter: PacketFilter | undefined;
  /** Whether the device's frames pass it as well: if not, a device bypasses the host's filter. */
  filtersDevices = true;
  /** The address of a station that is there no more: what is sent to it arrives nowhere. Undefined: none. */
  gone: StationAddress | undefined;
  /** The longest frame that the way behind the wire carries, in bytes: longer ones are lost there. */
  narrowBytes: number = Number.POSITIVE_INFINITY;
  /** Frames that were too long for it. */
  tooLong = 0;
  /** Frames that were sent to it. */
  sentToGone = 0;
  /** Undefined: nobody watches. */
  tap: Tap | undefined;
  /** Segments in fragments, which no table of connections can tell apart: they are dropped. */
  fragmentsDropped = 0;
  private readonly parts: SteeringParts;
  private readonly tuple: FrameTuple;

  constructor(parts: SteeringParts) {
    this.parts = parts;
    this.tuple = new FrameTuple(parts.view);
  }

  portsFor(from: number, address: number, length: number): number {
    const incoming = from === WIRE_PORT;
    if (!incoming && (this.isToGone(address) || this.isTooLong(length))) return 0;
    this.tuple.read(address, length, incoming);
    const port = incoming ? this.receiver(address) : from;
    if (port < 0) return 0;
    const device = port >= DEVICE_PORT ? this.parts.device() : undefined;
    const direction = incoming ? 'in' : 'out';
    this.tapped(device, direction, address, length);
    if (!this.passes(device, direction)) return 0;
    return 1 << (incoming ? port : WIRE_PORT);
  }

  private isTooLong(length: number): boolean {
    if (length <= this.narrowBytes) return false;
    this.tooLong += 1;
    return true;
  }

  private isToGone(address: number): boolean {
    const { gone } = this;
    if (gone === undefined || !this.isAt(gone, address)) return false;
    this.sentToGone += 1;
    return true;
  }

  /** Whether a frame is for a station. */
  private isAt({ high, low }: StationAddress, address: number): boolean {
    const { view } = this.parts;
    return view.getUint16(address) === high && view.getInt32(address + 2) === low;
  }

  /** Whose a frame is that the wire has brought. @returns its port; -1: nobody's. */
  private receiver(address: number): number {
    const { tuple, parts } = this;
    const { offloading } = parts;
    offloading.touched.pass('receive');
    if (tuple.kind === 'fragment') {
      this.fragmentsDropped += 1;
      return -1;
    }
    // Before a switch has learnt where a station is, it brings frames that are for others: of whose
    // connections there is nothing to decide. The host's plain device drops them, as ever.
    if (!this.isAt(parts.own, address)) return HOST_PORT;
    const device = parts.device();
    if (device?.sockets === undefined || (tuple.kind !== 'tcp' && tuple.kind !== 'icmp')) return HOST_PORT;
    // Of what a dead device had the host knows nothing: it answers with a reset, so that the peer hears of it.
    if (device.sockets.dead?.() === true && !tuple.syn) return HOST_PORT;
    // A SYN that comes to a connection of TIME-WAIT is for whoever has that.
    // One that both have is on its way: it is with whoever does not rest.
    if (device.sockets.has(tuple)) return parts.hostServes(tuple) ? HOST_PORT : DEVICE_PORT;
    if (!tuple.syn || parts.hostHas(tuple)) return HOST_PORT;
    return TAKERS[offloading.takerOf(device, tuple)];
  }

  private tapped(
    device: OffloadDevice | undefined,
    direction: 'in' | 'out',
    address: number,
    length: number,
  ): void {
    if (this.tap === undefined) return;
    if (device !== undefined) this.parts.offloading.touched.pass('tap');
    this.tap.frame(device?.name, direction, address, length);
  }

  private passes(device: OffloadDevice | undefined, direction: 'in' | 'out'): boolean {
    const { filter } = this;
    if (filter === undefined || (device !== undefined && !this.filtersDevices)) return true;
    if (device !== undefined) this.parts.offloading.touched.pass('filter');
    return filter.passes(this.tuple, direction);
  }
}
