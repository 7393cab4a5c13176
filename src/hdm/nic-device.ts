/**
 * The silicon half of the fake NIC. `doorbell` fetches the transmit descriptors between head and tail and
 * puts their packets on the wire; `receive` takes a frame from the wire into the next posted receive buffer
 * and marks it done. It knows neither stack nor packet pool: only the rings (nic-rings.ts) and the wire.
 */
import { assert, COSTLY_ASSERTIONS } from '../assert/assert.ts';
import type { DmaEngine } from '../dma/engine.ts';
import type { Region } from '../dma/region.ts';
import {
  DEVICE_REFUSED,
  DEVICE_RX_NO_BUFFER,
  DEVICE_RX_PACKETS,
  DEVICE_RX_PACKETS_BYTES,
} from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { TX_CHECKSUM, TX_SEGMENT } from '../tcpip/contract.ts';
import type { WireEnd, WireSink } from '../wire/contract.ts';
import type { BusCrossing } from './bus-crossing.ts';
import type { NicFeatures } from './features.ts';
import { LargeReceive } from './large-receive.ts';
import type { NicConfig } from './nic-config.ts';
import {
  canMove,
  ETHERNET_HEADER_BYTES,
  FRAME_OFFSET,
  type NicLayout,
  RX_ADDRESS,
  RX_DONE,
  RX_HEAD,
  RX_LENGTH,
  RX_STATUS,
  RX_TAIL,
  TX_HEAD,
  TX_TAIL,
} from './nic-rings.ts';
import type { NicSilicon } from './nic-silicon.ts';
import { ReceiveOffload } from './rx-offload.ts';
import { TransmitOffload } from './tx-offload.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

export class NicDevice implements NicSilicon {
  private readonly words: Int32Array;
  private readonly layout: NicLayout;
  private readonly registerWord: number;
  private readonly counters: Float64Array;
  private readonly sink: WireSink;
  private readonly transmitOffload: TransmitOffload;
  private readonly receiveOffload: ReceiveOffload;
  private readonly large: LargeReceive;
  /** Whether segments are put together. */
  private merging = false;
  private readonly frameBytesMax: number;
  private readonly regionBytes: number;
  private readonly crossing: BusCrossing | undefined;
  /** The next descriptors to fetch; the registers show them to the driver. */
  private txHead = 0;
  private rxHead = 0;

  /**
   * @param features what it is to do.
   * @param crossing counts what crosses a bus between device and driver; absent: there is none.
   */
  constructor(
    region: Region,
    layout: NicLayout,
    config: NicConfig,
    features: NicFeatures,
    ledger: Ledger,
    dma: DmaEngine,
    wire: WireEnd,
    crossing?: BusCrossing,
  ) {
    this.crossing = crossing;
    this.words = region.words;
    this.layout = layout;
    this.registerWord = layout.registerWord;
    this.counters = ledger.counters;
    this.sink = wire.sink;
    this.transmitOffload = new TransmitOffload(region, ledger, dma, wire.source, config.mtu, 0);
    this.receiveOffload = new ReceiveOffload(region, ledger, dma, features.rxChecksumming);
    this.large = new LargeReceive(region, layout, ledger);
    this.setFeatures(features);
    this.regionBytes = region.byteLength;
    this.frameBytesMax = ETHERNET_HEADER_BYTES + config.mtu;
  }

  /** What it does from now on. What it holds is told to the driver as it is. */
  setFeatures({ txChecksumming, rxChecksumming, ...rest }: NicFeatures): void {
    const segmenting = rest.tcpSegmentationOffload ? TX_SEGMENT : 0;
    this.transmitOffload.offer((txChecksumming ? TX_CHECKSUM : 0) | segmenting);
    this.receiveOffload.checksumming = rxChecksumming;
    this.merging = rest.largeReceiveOffload;
    this.closeMerged();
  }

  /** Sends what the driver has posted. // Hot path. */
  doorbell(): void {
    const words = this.words;
    const tail = words[this.registerWord + TX_TAIL];
    const posted = (tail - this.txHead) | 0;
    if (posted < 0 || posted > this.layout.txMask + 1) {
      this.counters[DEVICE_REFUSED] += 1;
    } else {
      while (this.txHead !== tail) {
        const descriptor = this.layout.txWord(this.txHead);
        const sent = this.transmitOffload.transmit(descriptor);
        if (!sent) this.counters[DEVICE_REFUSED] += 1;
        else this.crossing?.transmitted(descriptor);
        this.txHead = (this.txHead + 1) | 0;
      }
    }
    words[this.registerWord + TX_HEAD] = this.txHead;
  }

  /**
   * Takes the next frame that has arrived. Without a buffer that holds it, it is lost, as on any NIC. // Hot
   * path.
   * @returns whether there was one.
   */
  receive(): boolean {
    const source = this.sink.receive();
    if (source < 0) return false;
    const words = this.words;
    const length = this.sink.receivedLength;
    if (COSTLY) assert(length > 0, 'nic device: a frame that arrives has a length');
    const posted = (words[this.registerWord + RX_TAIL] - this.rxHead) | 0;
    if (posted <= 0 || length > this.frameBytesMax) {
      this.counters[DEVICE_RX_NO_BUFFER] += 1;
      if (posted < 0) this.counters[DEVICE_REFUSED] += 1;
    } else {
      this.fill(this.layout.rxWord(this.rxHead), source, length);
      this.rxHead = (this.rxHead + 1) | 0;
      words[this.registerWord + RX_HEAD] = this.rxHead;
      // Without a further buffer nothing would come that could go with what is held.
      if (this.merging && posted === 1) this.large.closeAll();
    }
    this.sink.release();
    return true;
  }

  /** Tells the driver of the segments that wait for others. */
  closeMerged(): void {
    this.large.closeAll();
  }

  /** Puts a frame in the buffer of a descriptor. One that cannot be is done with a length of 0. */
  private fill(descriptor: number, source: number, length: number): void {
    const { words, counters } = this;
    const address = words[descriptor + RX_ADDRESS];
    const aligned = (address & 3) === FRAME_OFFSET;
    if (
      words[descriptor + RX_STATUS] !== 0 ||
      !aligned ||
      !canMove(source, address, length, this.regionBytes)
    ) {
      counters[DEVICE_REFUSED] += 1;
      counters[DEVICE_RX_NO_BUFFER] += 1;
      words[descriptor + RX_LENGTH] = 0;
      words[descriptor + RX_STATUS] = RX_DONE;
      return;
    }
    const flags = this.receiveOffload.place(source, address, length);
    words[descriptor + RX_LENGTH] = length;
    const held = this.merging && this.large.take(this.rxHead, address, length, flags);
    if (!held) words[descriptor + RX_STATUS] = RX_DONE | flags;
    this.crossing?.received(address, length, held && words[descriptor + RX_STATUS] !== 0);
    counters[DEVICE_RX_PACKETS] += 1;
    counters[DEVICE_RX_PACKETS_BYTES] += length;
  }

  /** Clock nanoseconds when the wire brings the next frame; NEVER when none is in flight. */
  nextArrivalNs(): number {
    return this.sink.nextArrivalNs();
  }
}
