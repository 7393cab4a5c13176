/**
 * Several devices of one card as one port of a stack, with one hardware address, as Linux's bonding driver
 * has them. With active-backup one device sends and receives, and another takes over when its link is gone:
 * it says so by a gratuitous ARP, from which switches learn where the address is now. With balance-xor a hash
 * of its headers says which device a packet leaves by, of those that are usable. The stack above notices
 * nothing; what was on the dead link its protocols send again.
 *
 * A device without a link goes on being used while there is no other: what it sends is lost on its wire, and
 * counted there.
 */
import { assert } from '../assert/assert.ts';
import type { Region } from '../dma/region.ts';
import type { Device } from '../hdm/contract.ts';
import { BOND_ANNOUNCEMENTS, BOND_FAILOVERS, BOND_RX_INACTIVE } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { LinkClient } from '../tcpip/contract.ts';
import { ARP_FRAME_BYTES, ARP_REQUEST, writeArpFrame } from '../tcpip/header/arp.ts';
import type { Clock } from '../time/clock.ts';
import { type BondConfig, checkBondConfig } from './bond-config.ts';
import { transmitHash } from './hash.ts';
import { LinkMonitor } from './link-monitor.ts';

const PIECES_MAX = 64;
/** Where a frame names its sender: two bytes, then four. */
const SOURCE_HIGH = 6;
const SOURCE_LOW = 8;

export interface BondParts {
  readonly region: Region;
  readonly clock: Clock;
  readonly ledger: Ledger;
  /** As many as the configuration says, all with one hardware address and one MTU. */
  readonly devices: readonly Device[];
  /** The IPv4 address that a new active device announces, an int32. */
  readonly address: number;
}

export class Bond implements Device {
  readonly mtu: number;
  readonly macHigh: number;
  readonly macLow: number;
  readonly piecesMax: number;
  readonly hidesPayload: boolean;
  private readonly parts: BondParts;
  private readonly config: BondConfig;
  private readonly hashes: boolean;
  private readonly monitor: LinkMonitor;
  private readonly counters: Float64Array;
  private client: LinkClient | undefined;
  /** The device that sends; of balance-xor the one in whose memory headers are written. */
  private current: number;
  /** The new active device is to say where the address is now. */
  private announcing = false;
  private wasUp: boolean;
  /** Of balance-xor: the devices that packets leave by, and where each has room for headers. */
  private readonly usable: Int32Array;
  private usableCount = 0;
  private readonly claimed: Int32Array;
  private readonly addresses = new Int32Array(PIECES_MAX);
  private readonly lengths = new Int32Array(PIECES_MAX);
  private pieces = 0;

  /** @throws RangeError for a configuration out of range. */
  constructor(parts: BondParts, config: BondConfig) {
    checkBondConfig(config);
    const { devices, ledger } = parts;
    assert(devices.length === config.nics, 'bond: it has the devices that it is told of');
    const [first] = devices;
    this.mtu = first.mtu;
    this.macHigh = first.macHigh;
    this.macLow = first.macLow;
    const isOne = devices.every(({ mtu, macHigh, macLow }) => {
      return mtu === first.mtu && macHigh === first.macHigh && macLow === first.macLow;
    });
    assert(isOne, 'bond: its devices have one hardware address and one MTU');
    this.piecesMax = Math.min(PIECES_MAX, ...devices.map(({ piecesMax }) => piecesMax));
    this.hidesPayload = devices.some((device) => device.hidesPayload === true);
    this.parts = parts;
    this.config = config;
    this.hashes = config.mode === 'balance-xor';
    this.counters = ledger.counters;
    this.monitor = new LinkMonitor(devices, config);
    this.usable = new Int32Array(devices.length);
    this.claimed = new Int32Array(devices.length);
    this.current = Math.max(0, config.primary);
    this.current = this.chosen();
    this.wasUp = this.linkUp;
    this.listUsable();
  }

  attach(client: LinkClient): void {
    this.client = client;
    this.parts.devices.forEach((device, i) => {
      device.attach({
        input: (packet, address, length, flags, nowUs) =>
          this.isFor(i, address) && client.input(packet, address, length, flags, nowUs),
        linkChanged: () => this.monitor.changed(this.parts.clock.nowNs),
      });
    });
  }

  // What all of its devices do; each may be told to do otherwise while it runs.

  get transmitChecksum(): boolean {
    const { devices } = this.parts;
    for (let i = 0; i < devices.length; i++) if (!devices[i].transmitChecksum) return false;
    return true;
  }

  get segmentBytesMax(): number {
    const { devices } = this.parts;
    let least = devices[0].segmentBytesMax;
    for (let i = 1; i < devices.length; i++) least = Math.min(least, devices[i].segmentBytesMax);
    return least;
  }

  /** Whether any of its devices has a link. */
  get linkUp(): boolean {
    const { devices } = this.parts;
    for (let i = 0; i < devices.length; i++) if (devices[i].linkUp) return true;
    return false;
  }

  /** The device that is active, by its place; of balance-xor the latest that a packet left by. */
  get active(): number {
    return this.current;
  }

  /** // Hot path. */
  claim(): number {
    const { devices } = this.parts;
    if (!this.hashes) return devices[this.current].claim();
    // The headers that say by which device the packet leaves are not there yet: each is to have room.
    for (let i = 0; i < this.usableCount; i++) {
      const at = devices[this.usable[i]].claim();
      if (at < 0) return -1;
      this.claimed[this.usable[i]] = at;
    }
    this.pieces = 0;
    return this.claimed[this.current];
  }

  /** // Hot path. */
  addPiece(address: number, length: number): void {
    if (!this.hashes) {
      this.parts.devices[this.current].addPiece(address, length);
      return;
    }
    assert(this.pieces < PIECES_MAX, 'bond: a packet has no more pieces than its devices take');
    this.addresses[this.pieces] = address;
    this.lengths[this.pieces] = length;
    this.pieces += 1;
  }

  /** // Hot path. */
  send(headerLength: number, flags: number, segmentBytes: number): void {
    const { devices, region } = this.parts;
    if (this.hashes) {
      const from = this.claimed[this.current];
      const hash = transmitHash(region.view, from, this.config.xmitHashPolicy);
      const chosen = this.usable[hash % this.usableCount];
      const to = this.claimed[chosen];
      if (to !== from) for (let i = 0; i < headerLength; i++) region.bytes[to + i] = region.bytes[from + i];
      for (let i = 0; i < this.pieces; i++) devices[chosen].addPiece(this.addresses[i], this.lengths[i]);
      this.current = chosen;
    }
    devices[this.current].send(headerLength, flags, segmentBytes);
  }

  /** // Hot path. */
  poll(): number {
    const { devices, clock } = this.parts;
    let work = 0;
    for (let i = 0; i < devices.length; i++) work += devices[i].poll();
    if (this.monitor.poll(clock.nowNs)) {
      this.reconsider();
      work += 1;
    }
    if (this.announcing) work += this.announce();
    if (this.wasUp !== this.linkUp) {
      this.wasUp = !this.wasUp;
      this.client?.linkChanged?.(this.wasUp, clock.nowUs);
    }
    return work;
  }

  nextDeadlineNs(): number {
    const { devices } = this.parts;
    let nextNs = this.monitor.nextNs;
    for (let i = 0; i < devices.length; i++) nextNs = Math.min(nextNs, devices[i].nextDeadlineNs());
    return nextNs;
  }

  /**
   * Whether a frame that a device has brought is for the stack: not one that came to a device at rest, nor
   * one of our own that a switch has sent back by another port.
   */
  private isFor(device: number, address: number): boolean {
    const { view } = this.parts.region;
    const kept = this.hashes
      ? view.getInt32(address + SOURCE_LOW) !== this.macLow ||
        view.getUint16(address + SOURCE_HIGH) !== this.macHigh
      : device === this.current;
    if (!kept) this.counters[BOND_RX_INACTIVE] += 1;
    return kept;
  }

  /** A device counts as something else now. */
  private reconsider(): void {
    this.listUsable();
    const chosen = this.hashes ? this.usable[0] : this.chosen();
    if (chosen === this.current) return;
    this.current = chosen;
    if (this.hashes) return;
    this.counters[BOND_FAILOVERS] += 1;
    this.announcing = true;
  }

  /** The primary device if it is up; else the one that is active, as long as it can be; else another. */
  private chosen(): number {
    const { monitor, current } = this;
    const { primary } = this.config;
    if (primary >= 0 && monitor.isUp(primary)) return primary;
    if (monitor.isUsable(current)) return current;
    const all = this.parts.devices.map((_, i) => i);
    return all.find((i) => monitor.isUp(i)) ?? all.find((i) => monitor.isUsable(i)) ?? current;
  }

  /** Where none is usable, all are: what they send is lost on their wires. */
  private listUsable(): void {
    const { devices } = this.parts;
    this.usableCount = 0;
    for (let i = 0; i < devices.length; i++) {
      if (this.monitor.isUsable(i)) this.usable[this.usableCount++] = i;
    }
    if (this.usableCount === 0) {
      for (let i = 0; i < devices.length; i++) this.usable[i] = i;
      this.usableCount = devices.length;
    }
    if (this.hashes && !this.usable.subarray(0, this.usableCount).includes(this.current))
      this.current = this.usable[0];
  }

  /** A gratuitous ARP (RFC 5227 §3: a request for our own address). @returns 1; 0 where there is no room. */
  private announce(): number {
    const { region, devices, address } = this.parts;
    const { macHigh, macLow, current } = this;
    const { view } = region;
    const at = devices[current].claim();
    if (at < 0) return 0;
    this.announcing = false;
    this.counters[BOND_ANNOUNCEMENTS] += 1;
    writeArpFrame(view, at, ARP_REQUEST, macHigh, macLow, address, 0, 0, address);
    devices[current].send(ARP_FRAME_BYTES, 0, 0);
    return 1;
  }
}
