/**
 * The software half of the fake NIC: what a card's firmware does to its MAC, or a host's driver to its card.
 * The stack builds a packet here (`claim`, `addPiece`, `post`); the device is told by its tail index.
 * Received frames are read from the receive ring (`deliver`) and handed to the client, where segments are put
 * together by way of `generic-receive.ts`; their place is filled with the packet slot that became free last.
 */
import { assert, COSTLY_ASSERTIONS } from '../assert/assert.ts';
import type { DmaEngine } from '../dma/engine.ts';
import { fold } from '../dma/fold.ts';
import type { Kernels } from '../dma/kernels.ts';
import type { PacketPool } from '../dma/packets.ts';
import type { Region } from '../dma/region.ts';
import { CHECKSUMS, CHECKSUMS_BYTES, DEVICE_REFUSED, DRIVER_LINEAR_COPIES } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import {
  type LinkClient,
  RX_CHECKSUM_CHECKED,
  RX_MERGED,
  TX_CHECKSUM,
  TX_SEGMENT,
} from '../tcpip/contract.ts';
import type { Clock } from '../time/clock.ts';
import { fillChecksum, IP_PROTOCOL, swap } from './checksum.ts';
import type { NicFeatures } from './features.ts';
import { GenericReceive } from './generic-receive.ts';
import { MergedFrames } from './merged-frames.ts';
import {
  ETHERNET_HEADER_BYTES,
  FRAME_OFFSET,
  HEADER_BYTES_MAX,
  type NicLayout,
  PIECES_MAX,
  RX_ADDRESS,
  RX_DONE,
  RX_FOLLOWS,
  RX_LENGTH,
  RX_PACKET,
  RX_STATUS,
  RX_TAIL,
  TX_FLAGS,
  TX_HEAD,
  TX_HEADER_ADDRESS,
  TX_HEADER_LENGTH,
  TX_PAYLOAD_BYTES,
  TX_PIECE,
  TX_PIECES,
  TX_SEGMENT_BYTES,
  TX_TAIL,
} from './nic-rings.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

export class NicDriver {
  private readonly words: Int32Array;
  private readonly bytes: Uint8Array;
  private readonly layout: NicLayout;
  private readonly registerWord: number;
  private readonly packets: PacketPool;
  private readonly clock: Clock;
  private readonly counters: Float64Array;
  private readonly frameBytesMax: number;
  private readonly kernels: Kernels;
  private refused = 0;
  private readonly rxPending: number;
  /** Packet slot of each receive descriptor: what the descriptor says could have been overwritten. */
  private readonly slots: Int32Array;
  private readonly chains: MergedFrames;
  private readonly generic: GenericReceive;
  /** Whether segments are put together before the client. */
  private merging = false;
  private client: LinkClient | null = null;

  /**
   * The next transmit descriptor to post; then whether a packet is being built in it, its pieces and their
   * bytes.
   */
  private txTail = 0;
  private claimed = false;
  private pieces = 0;
  private payloadBytes = 0;
  /** Where its headers stand. */
  private headerAt = 0;
  /** The next receive descriptor to fill with a buffer, and the next one that the device may have done. */
  private rxTail = 0;
  private rxNext = 0;

  /**
   * @param mtu of the device.
   * @param rxPending receive descriptors that are filled at once, at most.
   */
  constructor(
    region: Region,
    layout: NicLayout,
    packets: PacketPool,
    clock: Clock,
    ledger: Ledger,
    mtu: number,
    rxPending: number = layout.rxMask + 1,
  ) {
    this.counters = ledger.counters;
    this.frameBytesMax = ETHERNET_HEADER_BYTES + mtu;
    this.kernels = region.kernels;
    this.rxPending = rxPending;
    this.slots = new Int32Array(layout.rxMask + 1);
    this.words = region.words;
    this.bytes = region.bytes;
    this.layout = layout;
    this.registerWord = layout.registerWord;
    this.packets = packets;
    this.clock = clock;
    this.generic = new GenericReceive(region, packets, clock, ledger);
    this.chains = new MergedFrames(region, layout, packets, this.slots, this.frameBytesMax);
  }

  /** What device and driver do from now on. What is held goes to the client as it is. */
  setFeatures(features: NicFeatures): void {
    const { txChecksumming, tcpSegmentationOffload, genericReceiveOffload } = features;
    this.refused = (txChecksumming ? 0 : TX_CHECKSUM) | (tcpSegmentationOffload ? 0 : TX_SEGMENT);
    this.merging = genericReceiveOffload;
    this.flush();
  }

  /** @param client whom received frames go to. */
  attach(client: LinkClient): void {
    assert(this.client === null, 'nic driver: one client is attached, once');
    this.client = client;
    this.refill();
  }

  /**
   * Begins a packet; the one begun before is posted, or forgotten. // Hot path.
   * @returns the address for its headers; -1 when the device has every descriptor.
   */
  claim(): number {
    const head = this.words[this.registerWord + TX_HEAD];
    const pending = (this.txTail - head) | 0;
    if (pending < 0 || pending > this.layout.txMask) {
      if (pending < 0) this.counters[DEVICE_REFUSED] += 1;
      return -1;
    }
    this.claimed = true;
    this.pieces = 0;
    this.payloadBytes = 0;
    this.headerAt = this.layout.headerAddress(this.txTail);
    return this.headerAt;
  }

  /** Adds `length` bytes of payload at an address; nothing when there are none. // Hot path. */
  addPiece(address: number, length: number): void {
    if (length <= 0) return;
    if (COSTLY) this.checkPiece(address);
    const word = this.layout.txWord(this.txTail) + TX_PIECE + 2 * this.pieces;
    this.words[word] = address;
    this.words[word + 1] = length;
    this.pieces++;
    this.payloadBytes = (this.payloadBytes + length) | 0;
  }

  /** Copies out what is being built, which is then forgotten. @returns how many pieces it has. */
  takeApart(header: Uint8Array, headerLength: number, addresses: Int32Array, lengths: Int32Array): number {
    const { words, layout, pieces, headerAt } = this;
    for (let i = 0; i < headerLength; i++) header[i] = this.bytes[headerAt + i];
    const first = layout.txWord(this.txTail) + TX_PIECE;
    for (let i = 0; i < pieces; i++) {
      addresses[i] = words[first + 2 * i];
      lengths[i] = words[first + 2 * i + 1];
    }
    this.claimed = false;
    return pieces;
  }

  /**
   * Fills in the checksum of what is being built, for a device that makes none; its field holds the sum of
   * the pseudo-header. // Hot path.
   */
  fillChecksum(headerLength: number): void {
    const { words, bytes, kernels, headerAt, counters } = this;
    const ip = headerAt + ETHERNET_HEADER_BYTES;
    const transport = ip + ((bytes[ip] & 0x0f) << 2);
    let offset = headerAt + headerLength - transport;
    let sum = kernels.sum(transport, offset, 0);
    const first = this.layout.txWord(this.txTail) + TX_PIECE;
    for (let i = 0; i < this.pieces; i++) {
      const length = words[first + 2 * i + 1];
      const part = fold(kernels.sum(words[first + 2 * i], length, 0));
      sum = fold(sum + ((offset & 1) !== 0 ? swap(part) : part));
      offset += length;
    }
    counters[CHECKSUMS] += 1;
    counters[CHECKSUMS_BYTES] += offset;
    fillChecksum(bytes, transport, bytes[ip + IP_PROTOCOL], sum);
  }

  /** Puts what is being built together in one place, for a device that fetches from no more. // Hot path. */
  linearise(dma: DmaEngine, headerLength: number): void {
    const { words, bytes, headerAt, pieces } = this;
    if (pieces === 0) return;
    const { linear } = this.layout;
    for (let i = 0; i < headerLength; i++) bytes[linear + i] = bytes[headerAt + i];
    const first = this.layout.txWord(this.txTail) + TX_PIECE;
    let end = linear + headerLength;
    for (let i = 0; i < pieces; i++) {
      const length = words[first + 2 * i + 1];
      dma.move(DRIVER_LINEAR_COPIES, words[first + 2 * i], end, length);
      end += length;
    }
    words[first] = linear + headerLength;
    words[first + 1] = this.payloadBytes;
    this.pieces = 1;
    this.headerAt = linear;
  }

  /** Makes the descriptor the device's; the doorbell is the caller's to ring. // Hot path. */
  post(headerLength: number, flags: number, segmentBytes: number): void {
    if (COSTLY) this.checkPacket(headerLength, flags, segmentBytes);
    this.claimed = false;
    const words = this.words;
    const descriptor = this.layout.txWord(this.txTail);
    words[descriptor + TX_HEADER_ADDRESS] = this.headerAt;
    words[descriptor + TX_HEADER_LENGTH] = headerLength;
    words[descriptor + TX_FLAGS] = flags;
    words[descriptor + TX_SEGMENT_BYTES] = segmentBytes;
    words[descriptor + TX_PIECES] = this.pieces;
    words[descriptor + TX_PAYLOAD_BYTES] = this.payloadBytes;
    this.txTail = (this.txTail + 1) | 0;
    words[this.registerWord + TX_TAIL] = this.txTail;
  }

  /** Posts a packet slot for every free receive descriptor, as far as the pool goes. // Hot path. */
  refill(): void {
    const words = this.words;
    const tailBefore = this.rxTail;
    while (((this.rxTail - this.rxNext) | 0) < this.rxPending) {
      const packet = this.packets.take();
      if (packet < 0) break;
      const descriptor = this.layout.rxWord(this.rxTail);
      this.slots[this.rxTail & this.layout.rxMask] = packet;
      words[descriptor + RX_PACKET] = packet;
      words[descriptor + RX_ADDRESS] = this.packets.addressOf(packet) + FRAME_OFFSET;
      words[descriptor + RX_STATUS] = 0;
      this.rxTail = (this.rxTail + 1) | 0;
    }
    if (this.rxTail !== tailBefore) words[this.registerWord + RX_TAIL] = this.rxTail;
  }

  /** Hands every frame that is done to the client, and posts buffers in their place. // Hot path. */
  deliver(): void {
    const client = this.client;
    assert(client !== null, 'nic driver: a client is attached before the first poll');
    const words = this.words;
    while (this.rxNext !== this.rxTail) {
      const descriptor = this.layout.rxWord(this.rxNext);
      const status = words[descriptor + RX_STATUS];
      const packet = this.slots[this.rxNext & this.layout.rxMask];
      if (packet >= 0) {
        if ((status & RX_DONE) === 0) break;
        this.rxNext = (this.rxNext + 1) | 0;
        this.hand(client, packet, words[descriptor + RX_LENGTH], status);
      } else {
        // It went on a packet that has been handed over.
        this.rxNext = (this.rxNext + 1) | 0;
      }
      this.refill();
      if (this.rxNext === this.rxTail && this.generic.holds) {
        // The device has no buffer left: what waits for more would keep it from getting any.
        this.generic.flush(client);
        this.refill();
      }
    }
  }

  /** Hands over the frame of a slot, or the packet that begins with it. // Hot path. */
  private hand(client: LinkClient, packet: number, length: number, status: number): void {
    const { packets, counters } = this;
    const address = packets.addressOf(packet) + FRAME_OFFSET;
    let flags = status & RX_CHECKSUM_CHECKED;
    if ((status & (RX_MERGED | RX_FOLLOWS)) !== 0) {
      // Which slots it has is found out here: what a descriptor says of that is not believed.
      const first = this.rxNext;
      if (!this.chains.gather(packet, address, length, status, first, (this.rxTail - first) | 0)) {
        counters[DEVICE_REFUSED] += 1;
        packets.free(packet);
        return;
      }
      flags |= RX_MERGED;
    } else if (length <= 0 || length > this.frameBytesMax) {
      // At 0 the device has refused the descriptor, and counted it.
      if (length !== 0) counters[DEVICE_REFUSED] += 1;
      packets.free(packet);
      return;
    }
    const kept = this.merging
      ? this.generic.take(client, packet, address, length, flags)
      : client.input(packet, address, length, flags, this.clock.nowUs);
    if (kept) return;
    if ((flags & RX_MERGED) !== 0) packets.freeChain(packet);
    else packets.free(packet);
  }

  /** Hands over what waits for more, as it is. */
  flush(): void {
    if (this.client !== null) this.generic.flush(this.client);
  }

  private checkPiece(address: number): void {
    assert(this.claimed, 'nic driver: a piece is added to a packet that was begun');
    assert(this.pieces < PIECES_MAX, 'nic driver: a packet has no more pieces than a descriptor');
    assert(address > 0, 'nic driver: a piece has an address');
  }

  private checkPacket(headerLength: number, flags: number, segmentBytes: number): void {
    assert(this.claimed, 'nic driver: only a packet that was begun is posted');
    assert(
      headerLength > 0 && headerLength <= HEADER_BYTES_MAX,
      'nic driver: the headers of a packet fit their slot',
    );
    assert((flags & this.refused) === 0, 'nic driver: a packet asks only for offloads that are on');
    assert(
      (flags & TX_SEGMENT) === 0 || segmentBytes > 0,
      'nic driver: a packet to be cut says how long its segments are',
    );
    assert(
      headerLength + ((flags & TX_SEGMENT) === 0 ? this.payloadBytes : segmentBytes) <= this.frameBytesMax,
      'nic driver: a packet that is not cut fits the MTU, and so does each segment of one that is',
    );
  }

  /** Gives the posted buffers back to the pool. The device must no longer run. */
  stop(): void {
    while (this.rxNext !== this.rxTail) {
      const packet = this.slots[this.rxNext & this.layout.rxMask];
      if (packet >= 0) this.packets.free(packet);
      this.rxNext = (this.rxNext + 1) | 0;
    }
  }
}
