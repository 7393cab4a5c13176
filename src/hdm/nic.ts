/**
 * A fake network card: the driver half (nic-driver.ts) and the device half (nic-device.ts) over rings in card
 * memory (nic-rings.ts). The stack sends through it and is handed what it receives; a wire (`src/wire`) is
 * plugged into it, or a TAP, which then is the device half (tap-device.ts).
 *
 *   stack: claim, headers, addPiece*, send ─ driver: transmit ring ─ device: gather, checksum, segment ─ wire
 *   wire ─ device: place, verify ─ receive ring: driver: deliver, refill ─ stack: input
 *
 * `send` rings the device's doorbell at once, and the device fetches during the call. There is no address
 * filter: the card takes every frame its wire brings, and the stack looks at the addresses.
 */
import type { DmaEngine } from '../dma/engine.ts';
import type { PacketPool } from '../dma/packets.ts';
import type { Region } from '../dma/region.ts';
import { DEVICE_LINK_DOWNS, DEVICE_LINK_UPS, DEVICE_TX_FULL } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type LinkClient, TX_CHECKSUM, TX_SEGMENT } from '../tcpip/contract.ts';
import type { Clock } from '../time/clock.ts';
import type { LinkSignal, WireSource } from '../wire/contract.ts';
import type { BusCrossing } from './bus-crossing.ts';
import type { Device } from './contract.ts';
import { activeFeatures, featuresIn, type NicFeatures } from './features.ts';
import { checkNicConfig, macHalves, type NicConfig } from './nic-config.ts';
import { NicDevice } from './nic-device.ts';
import { NicDriver } from './nic-driver.ts';
import { NicLayout, PIECES_MAX, packetBytesIn, packetSlotBytes } from './nic-rings.ts';
import { type NicPlug, type NicSilicon, roomOf } from './nic-silicon.ts';
import { SoftwareSegments } from './software-segments.ts';
import { TapDevice } from './tap-device.ts';

/** Payload of one packet to segment at most: with the largest headers it is still an IPv4 packet. */
const TSO_BYTES_MAX = 65535 - 120;
/** IPv4 and TCP headers, and the timestamps that most segments carry. */
const TCP_HEADERS_BYTES_USUAL = 52;

/** What a NIC is made from. */
export interface NicParts {
  readonly region: Region;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly dma: DmaEngine;
  /** Where received frames go; its slots have at least `packetSlotBytes(mtu)`. */
  readonly packets: PacketPool;
  readonly wire: NicPlug;
  /** Counts what crosses the bus of a device whose driver runs on the host; absent: both are on the card. */
  readonly crossing?: BusCrossing;
}

export class FakeNic implements Device {
  readonly mtu: number;
  readonly macHigh: number;
  readonly macLow: number;
  /** What device and driver do together; `setFeatures` changes them. */
  transmitChecksum = false;
  segmentBytesMax = 0;
  readonly piecesMax: number = PIECES_MAX;

  private readonly driver: NicDriver;
  private readonly device: NicSilicon;
  /** Cuts large packets where the device does not. */
  private readonly segments: SoftwareSegments;
  private readonly dma: DmaEngine;
  private wanted: NicFeatures;
  private active: NicFeatures;
  /** Whether a packet takes some of the driver's work that a device could do. */
  private assisted = false;
  /** Segments one packet is cut into at most. */
  private readonly segmentsMax: number;
  private readonly rxPause: boolean;
  private readonly source: Pick<WireSource, 'room' | 'awaitRoom'>;
  private readonly signal: LinkSignal | undefined;
  private readonly clock: Clock;
  private readonly counters: Float64Array;
  private client: LinkClient | undefined;
  private up: boolean;
  private readonly pollFrames: number;
  /** Frames the wire must have room for before a packet may be built; 0 without pause. */
  private roomMin = 0;
  /** A packet of this turn found too little room. */
  private wantsRoom = false;

  /**
   * @param offset what `planNic` returned for the same `config`.
   * @throws RangeError for a configuration out of range, or a pool with slots too small for it.
   */
  constructor(parts: NicParts, offset: number, config: NicConfig) {
    checkNicConfig(config);
    const { region, clock, ledger, dma, packets, wire, crossing } = parts;
    if (packets.slotBytes < packetSlotBytes(config.mtu)) {
      throw new RangeError(
        `packet slots expected at least ${packetSlotBytes(config.mtu)} bytes, got ${packets.slotBytes}`,
      );
    }
    const { macHigh, macLow } = macHalves(config.mac);
    this.mtu = config.mtu;
    this.macHigh = macHigh;
    this.macLow = macLow;
    this.source = roomOf(wire);
    this.segmentsMax = segmentsMaxOf(config.mtu, this.source.room);
    this.rxPause = config.rxPause;
    const layout = new NicLayout(offset, config);
    // A TAP brings packets that are yet to be cut: as long as a slot can hold.
    const packetBytesMax = 'tap' in wire ? packetBytesIn(packets.slotBytes) : config.mtu;
    this.driver = new NicDriver(region, layout, packets, clock, ledger, packetBytesMax, config.rxPending);
    this.wanted = featuresIn(config);
    this.active = activeFeatures(this.wanted);
    this.device =
      'tap' in wire
        ? new TapDevice(region, layout, wire.tap, packetBytesMax, ledger, dma)
        : new NicDevice(region, layout, config, this.active, ledger, dma, wire, crossing);
    this.segments = new SoftwareSegments(region, ledger, this.driver);
    this.dma = dma;
    this.signal = 'tap' in wire ? undefined : wire.signal;
    this.clock = clock;
    this.up = this.signal?.isUp(clock.nowNs) ?? true;
    this.counters = ledger.counters;
    this.pollFrames = config.pollFrames;
    this.setFeatures({});
  }

  /** What is on; what a user wants, some of which may lack what it needs. */
  get features(): NicFeatures {
    return this.active;
  }

  get wantedFeatures(): NicFeatures {
    return this.wanted;
  }

  /**
   * What device and driver are to do from now on: `ethtool -K`. It may be called whenever no packet is being
   * built, whatever is under way: packets that have been sent are on the wire, and of those received what
   * waits for others goes to the stack as it is. The client may be called.
   * @param change features that are not named stay as they are wanted.
   */
  setFeatures(change: Partial<NicFeatures>): void {
    this.wanted = { ...this.wanted, ...change };
    const active = activeFeatures(this.wanted);
    this.active = active;
    const { txChecksumming, scatterGather, tcpSegmentationOffload, genericSegmentationOffload } = active;
    const segmenting = tcpSegmentationOffload || genericSegmentationOffload;
    const { mtu, segmentsMax } = this;
    // What is cut by the driver is summed once it is cut, by the device or by the driver.
    this.transmitChecksum = txChecksumming || segmenting;
    this.assisted = !txChecksumming || !scatterGather;
    this.segmentBytesMax = segmenting ? Math.min(TSO_BYTES_MAX, segmentsMax * usualPayload(mtu)) : 0;
    this.roomMin = this.rxPause ? (segmenting ? segmentsMax : 1) : 0;
    this.device.setFeatures(active);
    this.driver.setFeatures(active);
  }

  attach(client: LinkClient): void {
    this.driver.attach(client);
    this.client = client;
  }

  /** As its register says now; whom frames go to is told in the next turn. */
  get linkUp(): boolean {
    return this.signal?.isUp(this.clock.nowNs) ?? true;
  }

  /**
   * // Hot path: 160 ns for 64 bytes of payload from here to the client's `input`, both checksums made
   * (bench/hdm).
   */
  claim(): number {
    if (this.source.room < this.roomMin) {
      this.source.awaitRoom(this.roomMin);
      // Another thread may have made room meanwhile, and nothing tells of that.
      if (this.source.room < this.roomMin) {
        this.counters[DEVICE_TX_FULL] += 1;
        this.wantsRoom = true;
        return -1;
      }
    }
    const address = this.driver.claim();
    if (address < 0) {
      this.counters[DEVICE_TX_FULL] += 1;
      // The device tells its head again, in case that the one in shared memory was not its own.
      this.device.doorbell();
    }
    return address;
  }

  addPiece(address: number, length: number): void {
    this.driver.addPiece(address, length);
  }

  send(headerLength: number, flags: number, segmentBytes: number): void {
    if ((flags & TX_SEGMENT) !== 0 && !this.active.tcpSegmentationOffload) {
      this.segments.cut(this.device, headerLength, flags, segmentBytes, this.active.txChecksumming);
      return;
    }
    let asked = flags;
    if (this.assisted) {
      if ((flags & TX_CHECKSUM) !== 0 && !this.active.txChecksumming) {
        this.driver.fillChecksum(headerLength);
        asked &= ~TX_CHECKSUM;
      }
      if (!this.active.scatterGather) this.driver.linearise(this.dma, headerLength);
    }
    this.driver.post(headerLength, asked, segmentBytes);
    this.device.doorbell();
  }

  /**
   * // Hot path. Each frame is handed on before the next is taken, while it is in the processor's cache.
   * @returns frames taken from the wire.
   */
  poll(): number {
    this.wantsRoom = false;
    this.driver.refill();
    let frames = this.signal === undefined ? 0 : this.lookAtLink(this.signal);
    while (frames < this.pollFrames && this.device.receive()) {
      this.driver.deliver();
      frames++;
    }
    if (frames > 0) this.endTurn();
    return frames;
  }

  /** Nothing of what was taken from the wire waits longer than the turn. */
  private endTurn(): void {
    if (this.active.largeReceiveOffload) {
      this.device.closeMerged();
      this.driver.deliver();
    }
    if (this.active.genericReceiveOffload) this.driver.flush();
  }

  nextDeadlineNs(): number {
    // Who asked before it prepared to rest may have been told too soon: so it asks again, and looks once more.
    if (this.wantsRoom) {
      this.source.awaitRoom(this.roomMin);
      if (this.source.room >= this.roomMin) return 0;
    }
    const arrivalNs = this.device.nextArrivalNs();
    // Fast path: most links are described to be whole for ever.
    if (this.signal === undefined || !this.signal.timed) return arrivalNs;
    return Math.min(arrivalNs, this.signal.nextChangeNs(this.clock.nowNs));
  }

  /** @returns 1 when the link has changed since the last look, else 0. */
  private lookAtLink(signal: LinkSignal): number {
    const up = signal.isUp(this.clock.nowNs);
    if (up === this.up) return 0;
    this.up = up;
    this.counters[up ? DEVICE_LINK_UPS : DEVICE_LINK_DOWNS] += 1;
    this.client?.linkChanged?.(up, this.clock.nowUs);
    return 1;
  }

  /** Gives the packet slots that wait for frames back to the pool. Nothing may be called after it. */
  stop(): void {
    this.driver.stop();
  }
}

/** Payload of a usual full segment. */
function usualPayload(mtu: number): number {
  return Math.max(1, mtu - TCP_HEADERS_BYTES_USUAL);
}

/**
 * Segments one packet is cut into at most: half of what the wire has room for, so that it never waits for the
 * whole.
 */
function segmentsMaxOf(mtu: number, room: number): number {
  return Math.max(1, Math.min(Math.ceil(TSO_BYTES_MAX / usualPayload(mtu)), room >> 1));
}
