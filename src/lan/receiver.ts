/**
 * The receiving half of a port: what the device has placed in card memory is moved to the next bucket that
 * the host has posted. A packet that finds none is lost and counted, as is one that the filter keeps out.
 */
import { assert } from '../assert/assert.ts';
import type { DmaEngine } from '../dma/engine.ts';
import type { Region } from '../dma/region.ts';
import { ETHERNET_HEADER_BYTES } from '../hdm/nic-rings.ts';
import { REQUEST_STATUS_SUCCESS } from '../i2o/executive.gen.ts';
import {
  LAN_DETAILED_STATUS_SUCCESS,
  LAN_PACKET_FLAG_ERROR,
  LAN_PACKET_FLAG_LAST_PACKET,
  LAN_PACKET_FLAG_NETWORK_CHECKSUM_GOOD,
  LAN_PACKET_FLAG_TRANSPORT_CHECKSUM_GOOD,
  LAN_PACKET_STATUS_GOOD,
  LAN_PACKET_STATUS_TOO_LONG,
} from '../i2o/lan.gen.ts';
import {
  LAN_BUCKETS_RETURNED,
  LAN_PLACEMENTS,
  LAN_RX_FILTERED,
  LAN_RX_SUSPENDED,
} from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type LinkClient, RX_CHECKSUM_CHECKED } from '../tcpip/contract.ts';
import { AddressFilter, type HardwareAddress } from './address-filter.ts';
import type { BucketQueue } from './bucket-queue.ts';
import type { LanStatistics } from './lan-statistics.ts';
import { type ReplyQueue, statusWord } from './reply-queue.ts';

const FILLED = statusWord(REQUEST_STATUS_SUCCESS, LAN_DETAILED_STATUS_SUCCESS);
/** Above a descriptor's offset and length. */
const FLAGS_SHIFT = 24;
const CHECKSUMS_GOOD = LAN_PACKET_FLAG_NETWORK_CHECKSUM_GOOD | LAN_PACKET_FLAG_TRANSPORT_CHECKSUM_GOOD;

export class Receiver implements LinkClient {
  /** Which packets are for the host. */
  readonly addresses: AddressFilter;
  /** Bytes of a bucket that are left free before its packet. */
  prePadBytes = 0;
  /** Packets that are longer than their bucket are delivered, cut, with what is wrong with them. */
  reportBad = false;
  suspended = false;
  private readonly dma: DmaEngine;
  private readonly buckets: BucketQueue;
  private readonly replies: ReplyQueue;
  private readonly statistics: LanStatistics;
  private readonly counters: Float64Array;

  constructor(
    region: Region,
    dma: DmaEngine,
    buckets: BucketQueue,
    replies: ReplyQueue,
    statistics: LanStatistics,
    ledger: Ledger,
    address: HardwareAddress,
  ) {
    this.dma = dma;
    this.buckets = buckets;
    this.replies = replies;
    this.statistics = statistics;
    this.counters = ledger.counters;
    this.addresses = new AddressFilter(region, address);
  }

  /** Told when the device's link comes or goes. */
  onLink: (up: boolean) => void = () => {};

  linkChanged(up: boolean): void {
    this.onLink(up);
  }

  /** Buckets of the host's that are the card's, whether it may still fill them or not. */
  get held(): number {
    return this.buckets.posted + this.replies.waiting;
  }

  /** A packet has arrived in card memory, which stays the device's. // Hot path. */
  input(_packet: number, address: number, length: number, flags: number): boolean {
    if (this.suspended) {
      this.counters[LAN_RX_SUSPENDED] += 1;
      return false;
    }
    if (length < ETHERNET_HEADER_BYTES || !this.addresses.wants(address)) {
      this.counters[LAN_RX_FILTERED] += 1;
      return false;
    }
    const { buckets } = this;
    if (buckets.posted === 0) {
      this.statistics.starved();
      return false;
    }
    const place = buckets.placeOf(0);
    const room = buckets.byteLengthAt(place) - this.prePadBytes;
    let status = LAN_PACKET_STATUS_GOOD;
    let packetFlags = LAN_PACKET_FLAG_LAST_PACKET;
    if (length > room) {
      this.statistics.bad();
      if (!this.reportBad || room <= 0) return false;
      status = LAN_PACKET_STATUS_TOO_LONG;
      packetFlags |= LAN_PACKET_FLAG_ERROR;
    } else if ((flags & RX_CHECKSUM_CHECKED) !== 0) packetFlags |= CHECKSUMS_GOOD;
    this.place(place, address, Math.min(length, room), packetFlags, status);
    return false;
  }

  /** Gives every bucket that is not filled back. @param status as in word 4 of a reply. */
  returnAll(status: number): void {
    while (this.buckets.posted > 0) this.returnOne(0, status);
  }

  /** Gives the bucket so many behind the oldest back. */
  returnOne(index: number, status: number): void {
    const { buckets, replies } = this;
    assert(index < buckets.posted, 'lan buckets: a bucket that comes back was posted');
    const place = buckets.placeOf(index);
    replies.add(buckets.initiatorContextAt(place), status, true, buckets.contextAt(place), 0, 0);
    if (index === 0) buckets.drop();
    else buckets.remove(index);
    this.counters[LAN_BUCKETS_RETURNED] += 1;
  }

  private place(bucket: number, address: number, length: number, flags: number, status: number): void {
    const { buckets, replies, prePadBytes } = this;
    this.dma.move(LAN_PLACEMENTS, address, buckets.addressAt(bucket) + prePadBytes, length);
    this.statistics.received(length);
    replies.add(
      buckets.initiatorContextAt(bucket),
      FILLED,
      false,
      buckets.contextAt(bucket),
      prePadBytes | (flags << FLAGS_SHIFT),
      length | (status << FLAGS_SHIFT),
    );
    buckets.drop();
  }
}
