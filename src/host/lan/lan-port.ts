/**
 * A port of a card as a device of the host's stack: what the stack sends goes in LanPacketSend, by reference
 * where its memory can be held until the card has fetched it; what arrives comes in buckets, which are the
 * stack's packet slots. (The face of hdm/contract.ts, over messages.)
 */
import { assert } from '../../assert/assert.ts';
import type { DmaEngine } from '../../dma/engine.ts';
import type { PacketPool } from '../../dma/packets.ts';
import type { Region } from '../../dma/region.ts';
import type { Device } from '../../hdm/contract.ts';
import { GenericReceive } from '../../hdm/generic-receive.ts';
import { FRAME_OFFSET } from '../../hdm/nic-rings.ts';
import { FRAME_WORDS } from '../../i2o/frame.ts';
import {
  LAN_PACKET_FLAG_ERROR,
  LAN_PACKET_FLAG_NETWORK_CHECKSUM_GOOD,
  LAN_PACKET_FLAG_TRANSPORT_CHECKSUM_GOOD,
  LAN_RECEIVE_POST_SGL_WORD,
  LAN_REPLY_MODE_BATCH,
  writeLanPacketSend,
  writeLanReceivePost,
} from '../../i2o/lan.gen.ts';
import { SGL_BUCKET, SGL_CONTEXT_WORDS, SGL_LAST, writeSglContext } from '../../i2o/list/sgl.ts';
import { HOST_TID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import {
  LAN_BUCKETS_BACK,
  LAN_BUCKETS_LENT,
  LAN_COPIES,
  LAN_PACKETS_SENT,
  LAN_PACKETS_SENT_BYTES,
  LAN_PACKETS_TAKEN,
  LAN_PACKETS_TAKEN_BYTES,
  LAN_SENDS_FULL,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { HANDLER_RECEIVE, HANDLER_SEND } from '../../osm/message/handlers.ts';
import type { InboundFrames } from '../../osm/message/inbound-frames.ts';
import { type LinkClient, RX_CHECKSUM_CHECKED, TX_CHECKSUM } from '../../tcpip/contract.ts';
import { NEVER } from '../../time/agent.ts';
import type { Clock } from '../../time/clock.ts';
import type { DrivenPort, PortDriver } from './card-driver.ts';
import { FURTHER_WORDS, type ListFrame, type ListMessage, NAMED_WORDS } from './list-frame.ts';
import { type PacketBuffers, PIECES_MAX } from './packet-buffers.ts';

/** Buckets that one LanReceivePost names. */
const BUCKETS_PER_POST = Math.floor((FRAME_WORDS - LAN_RECEIVE_POST_SGL_WORD) / SGL_CONTEXT_WORDS);
const CHECKSUMS_GOOD = LAN_PACKET_FLAG_NETWORK_CHECKSUM_GOOD | LAN_PACKET_FLAG_TRANSPORT_CHECKSUM_GOOD;

/** What a port is, as the world knows before the card is up. */
export interface PortFacts {
  readonly mtu: number;
  readonly macHigh: number;
  readonly macLow: number;
  readonly transmitChecksum: boolean;
}

/** What the ports of one card share. */
export interface PortParts {
  readonly region: Region;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly dma: DmaEngine;
  readonly frames: InboundFrames;
  readonly sends: ListFrame;
  readonly buffers: PacketBuffers;
  readonly packets: PacketPool;
}

/** Flags of a packet's elements. */
const FIRST = 0x15;
const FURTHER = 0x14;

/** Packets that want the same of the card: 1 for a transport checksum. */
const PACKETS: ListMessage = {
  write: (words, frame, tid, checksum, sizeWords) => {
    const control = [0, 0, 0, 0, checksum, LAN_REPLY_MODE_BATCH] as const;
    writeLanPacketSend(words, frame, tid, HOST_TID, HANDLER_SEND, ...control, sizeWords);
  },
};

export class LanPort implements Device, DrivenPort {
  readonly mtu: number;
  readonly macHigh: number;
  readonly macLow: number;
  readonly transmitChecksum: boolean;
  /** The class has no segmentation. */
  readonly segmentBytesMax = 0;
  readonly piecesMax: number = PIECES_MAX;
  /** Once the card is up. */
  tid = 0;
  /** The card takes packets and buckets. */
  online = false;
  /** As the card has told by its events. */
  linkUp = true;
  /** Packets of this port that the card has. */
  packetsOut = 0;
  private readonly index: number;
  private readonly parts: PortParts;
  private readonly driver: PortDriver;
  private readonly counters: Float64Array;
  private readonly packetsMax: number;
  private readonly bucketsWanted: number;
  private readonly bucketBytes: number;
  /** 1 for each packet slot that the card has as a bucket of this port. */
  private readonly lent: Uint8Array;
  private lentCount = 0;
  private client: LinkClient | null = null;
  /** Puts segments together before the client, where `merging` says so. */
  private readonly generic: GenericReceive;
  private merging = false;
  /** The packet being built: its buffer, or -1; and its pieces, some of which lie behind the headers. */
  private buffer = -1;
  private pieces = 0;
  private copied = 0;
  private readonly addresses = new Int32Array(PIECES_MAX);
  private readonly lengths = new Int32Array(PIECES_MAX);

  /**
   * @param index of the port. @param packetsMax packets of it that the card can hold.
   * @param bucketsWanted buckets that it is to have, as far as there are slots.
   */
  constructor(
    facts: PortFacts,
    parts: PortParts,
    driver: PortDriver,
    index: number,
    packetsMax: number,
    bucketsWanted: number,
  ) {
    this.mtu = facts.mtu;
    this.macHigh = facts.macHigh;
    this.macLow = facts.macLow;
    this.transmitChecksum = facts.transmitChecksum;
    this.parts = parts;
    this.driver = driver;
    this.index = index;
    this.packetsMax = packetsMax;
    this.bucketsWanted = bucketsWanted;
    this.counters = parts.ledger.counters;
    this.generic = new GenericReceive(parts.region, parts.packets, parts.clock, parts.ledger);
    this.bucketBytes = parts.packets.slotBytes - FRAME_OFFSET;
    this.lent = new Uint8Array(parts.packets.count);
  }

  attach(client: LinkClient): void {
    assert(this.client === null, 'lan port: one client is attached, once');
    this.client = client;
  }

  /** // Hot path. */
  claim(): number {
    const { buffers, sends } = this.parts;
    if (this.buffer >= 0) buffers.free(this.buffer);
    const free = this.online && this.packetsOut < this.packetsMax && sends.hasRoom;
    this.buffer = free ? buffers.take() : -1;
    this.pieces = 0;
    this.copied = 0;
    if (this.buffer >= 0) return buffers.addressOf(this.buffer);
    this.counters[LAN_SENDS_FULL] += 1;
    return -1;
  }

  /** What cannot be held is copied, for the card fetches it only later. // Hot path. */
  addPiece(address: number, length: number): void {
    if (length <= 0) return;
    const { buffers, dma } = this.parts;
    let from = address;
    if (!buffers.hold(this.buffer, address)) {
      // Behind the longest headers, from the buffer's end on: the packet as a whole fits the buffer.
      this.copied += length;
      from = buffers.addressOf(this.buffer) + buffers.packetBytes - this.copied;
      dma.move(LAN_COPIES, address, from, length);
    }
    this.addresses[this.pieces] = from;
    this.lengths[this.pieces] = length;
    this.pieces += 1;
  }

  /** // Hot path. */
  send(headerLength: number, flags: number): void {
    const { buffers, sends } = this.parts;
    const { buffer, pieces, counters } = this;
    assert(buffer >= 0, 'lan port: only a packet that was begun is sent');
    let bytes = headerLength;
    const words = NAMED_WORDS + pieces * FURTHER_WORDS;
    sends.begin(PACKETS, this.tid, (flags & TX_CHECKSUM) !== 0 ? 1 : 0, words);
    sends.named(FIRST, buffer, buffers.addressOf(buffer), headerLength, pieces === 0);
    for (let piece = 0; piece < pieces; piece++) {
      sends.further(FURTHER, this.addresses[piece], this.lengths[piece], piece === pieces - 1);
      bytes += this.lengths[piece];
    }
    buffers.lend(buffer, this.index);
    this.buffer = -1;
    this.packetsOut += 1;
    counters[LAN_PACKETS_SENT] += 1;
    counters[LAN_PACKETS_SENT_BYTES] += bytes;
  }

  /** The card has told that the port's link came up or went down. */
  linkTold(up: boolean): void {
    if (up === this.linkUp) return;
    this.linkUp = up;
    this.client?.linkChanged?.(up, this.parts.clock.nowUs);
  }

  poll(): number {
    return this.driver.poll();
  }

  nextDeadlineNs(): number {
    return this.index === 0 ? this.driver.nextDeadlineNs() : NEVER;
  }

  /** A context of a packet has come back. @returns false where it was not out. */
  sent(context: number): boolean {
    if (!this.parts.buffers.giveBack(context, this.index)) return false;
    this.packetsOut -= 1;
    return true;
  }

  /**
   * A bucket has come back. // Hot path.
   * @param offset where its packet begins. @param length of the packet; 0: there is none.
   * @param flags LAN_PACKET_FLAG_ bits.
   * @returns false where the bucket was not lent, or cannot have such a packet.
   */
  filled(context: number, offset: number, length: number, flags: number): boolean {
    const { lent, parts, client, counters } = this;
    const { packets } = parts;
    if (context < 0 || context >= lent.length || lent[context] === 0) return false;
    lent[context] = 0;
    this.lentCount -= 1;
    counters[LAN_BUCKETS_BACK] += 1;
    assert(client !== null, 'lan port: a client is attached before the card is up');
    const whole = length <= this.bucketBytes - offset;
    let kept = false;
    if (length > 0 && whole && (flags & LAN_PACKET_FLAG_ERROR) === 0) {
      counters[LAN_PACKETS_TAKEN] += 1;
      counters[LAN_PACKETS_TAKEN_BYTES] += length;
      const checked = (flags & CHECKSUMS_GOOD) === CHECKSUMS_GOOD ? RX_CHECKSUM_CHECKED : 0;
      const address = packets.addressOf(context) + FRAME_OFFSET + offset;
      kept = this.merging
        ? this.generic.take(client, context, address, length, checked)
        : client.input(context, address, length, checked, parts.clock.nowUs);
    }
    if (!kept) packets.free(context);
    return whole;
  }

  /** Hands over the segments that wait for others. */
  flush(): void {
    if (this.client !== null) this.generic.flush(this.client);
  }

  /** `generic-receive-offload` of the driver, from now on. */
  setMerging(on: boolean): void {
    this.merging = on;
    this.flush();
  }

  /** Posts buckets while a whole message of them is owed, and where few are left. @returns messages. */
  refill(): number {
    let posts = 0;
    while (this.online && this.isOwed()) {
      if (!this.post()) break;
      posts += 1;
    }
    return posts;
  }

  /** The card was reset: all that it had is the host's. */
  takeBack(): void {
    const { packets } = this.parts;
    this.online = false;
    this.linkUp = true;
    this.packetsOut = 0;
    this.lent.forEach((lent, packet) => {
      if (lent === 1) packets.free(packet);
    });
    this.lent.fill(0);
    this.lentCount = 0;
  }

  private isOwed(): boolean {
    const { available } = this.parts.packets;
    const owed = this.bucketsWanted - this.lentCount;
    if (owed <= 0 || available === 0) return false;
    return (
      (owed >= BUCKETS_PER_POST && available >= BUCKETS_PER_POST) || this.lentCount * 4 < this.bucketsWanted
    );
  }

  /** @returns false when there is no frame. */
  private post(): boolean {
    const { frames, sends, packets } = this.parts;
    sends.post();
    const frame = frames.acquire();
    if (frame === NO_FRAME) return false;
    const owed = this.bucketsWanted - this.lentCount;
    const count = Math.min(owed, packets.available, BUCKETS_PER_POST);
    const size = LAN_RECEIVE_POST_SGL_WORD + count * SGL_CONTEXT_WORDS;
    writeLanReceivePost(frames.words, frame, this.tid, HOST_TID, HANDLER_RECEIVE, count, size);
    let at = frame + LAN_RECEIVE_POST_SGL_WORD;
    for (let i = 0; i < count; i++) {
      const packet = packets.take();
      this.lent[packet] = 1;
      const flags = i === count - 1 ? SGL_BUCKET | SGL_LAST : SGL_BUCKET;
      const address = packets.addressOf(packet) + FRAME_OFFSET;
      at = writeSglContext(frames.words, at, flags, this.bucketBytes, packet, address);
    }
    this.lentCount += count;
    this.counters[LAN_BUCKETS_LENT] += count;
    frames.deviceTid = this.tid;
    frames.post();
    return true;
  }
}
