/**
 * The software half of the fake NIC: what a card's firmware does to its MAC. The stack builds a packet here
 * (`claim`, `addPiece`, `post`); the device is told by its tail index. Received frames are read from the
 * receive ring (`deliver`) and handed to the client; their place is filled with the packet slot that became
 * free last.
 */
import { assert, COSTLY_ASSERTIONS } from '../assert/assert.ts';
import type { PacketPool } from '../dma/packets.ts';
import type { Region } from '../dma/region.ts';
import { DEVICE_REFUSED } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type LinkClient, TX_CHECKSUM, TX_SEGMENT } from '../tcpip/contract.ts';
import type { Clock } from '../time/clock.ts';
import {
  ETHERNET_HEADER_BYTES,
  FRAME_OFFSET,
  HEADER_BYTES_MAX,
  type NicLayout,
  PIECES_MAX,
  RX_ADDRESS,
  RX_DONE,
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
  private readonly refused: number;
  private readonly rxPending: number;
  /** Packet slot of each receive descriptor: what the descriptor says could have been overwritten. */
  private readonly slots: Int32Array;
  private client: LinkClient | null = null;

  /**
   * The next transmit descriptor to post; then whether a packet is being built in it, its pieces and their
   * bytes.
   */
  private txTail = 0;
  private claimed = false;
  private pieces = 0;
  private payloadBytes = 0;
  /** The next receive descriptor to fill with a buffer, and the next one that the device may have done. */
  private rxTail = 0;
  private rxNext = 0;

  /**
   * @param mtu of the device. @param offered the TX_CHECKSUM and TX_SEGMENT bits it serves.
   * @param rxPending receive descriptors that are filled at once, at most.
   */
  constructor(
    region: Region,
    layout: NicLayout,
    packets: PacketPool,
    clock: Clock,
    ledger: Ledger,
    mtu: number,
    offered: number,
    rxPending: number = layout.rxMask + 1,
  ) {
    this.counters = ledger.counters;
    this.frameBytesMax = ETHERNET_HEADER_BYTES + mtu;
    this.refused = (TX_CHECKSUM | TX_SEGMENT) & ~offered;
    this.rxPending = rxPending;
    this.slots = new Int32Array(layout.rxMask + 1);
    this.words = region.words;
    this.bytes = region.bytes;
    this.layout = layout;
    this.registerWord = layout.registerWord;
    this.packets = packets;
    this.clock = clock;
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
    return this.layout.headerAddress(this.txTail);
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
    const { words, layout, pieces } = this;
    const from = layout.headerAddress(this.txTail);
    for (let i = 0; i < headerLength; i++) header[i] = this.bytes[from + i];
    const first = layout.txWord(this.txTail) + TX_PIECE;
    for (let i = 0; i < pieces; i++) {
      addresses[i] = words[first + 2 * i];
      lengths[i] = words[first + 2 * i + 1];
    }
    this.claimed = false;
    return pieces;
  }

  /** Makes the descriptor the device's; the doorbell is the caller's to ring. // Hot path. */
  post(headerLength: number, flags: number, segmentBytes: number): void {
    if (COSTLY) this.checkPacket(headerLength, flags, segmentBytes);
    this.claimed = false;
    const words = this.words;
    const descriptor = this.layout.txWord(this.txTail);
    words[descriptor + TX_HEADER_ADDRESS] = this.layout.headerAddress(this.txTail);
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
      if ((status & RX_DONE) === 0) break;
      const packet = this.slots[this.rxNext & this.layout.rxMask];
      const length = words[descriptor + RX_LENGTH];
      this.rxNext = (this.rxNext + 1) | 0;
      let kept = false;
      if (length > 0 && length <= this.frameBytesMax) {
        const address = this.packets.addressOf(packet) + FRAME_OFFSET;
        kept = client.input(packet, address, length, status ^ RX_DONE, this.clock.nowUs);
      } else if (length !== 0) {
        this.counters[DEVICE_REFUSED] += 1; // at 0 the device has refused the descriptor, and counted it
      }
      if (!kept) this.packets.free(packet);
      this.refill();
    }
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
      this.packets.free(this.slots[this.rxNext & this.layout.rxMask]);
      this.rxNext = (this.rxNext + 1) | 0;
    }
  }
}
