/**
 * The receiving half of a port with the TCP window: a packet stays in the slot in which the device has placed
 * it, its headers go to the host, and a record tells of it. What the card could not check, or is no TCP
 * segment, goes to the host whole.
 */
import type { DmaEngine } from '../dma/engine.ts';
import type { Region } from '../dma/region.ts';
import { tcpHeaderBytes } from '../hdm/bus-crossing.ts';
import { ETHERNET_HEADER_BYTES } from '../hdm/nic-rings.ts';
import { REQUEST_STATUS_SUCCESS } from '../i2o/executive.gen.ts';
import {
  WINDOW_DETAILED_STATUS_SUCCESS,
  WINDOW_EVENT_FRAMES_FULL,
  WINDOW_EVENT_LINK_DOWN,
  WINDOW_EVENT_LINK_UP,
  WINDOW_FRAME_FLAG_CHECKSUMS_GOOD,
  WINDOW_FRAME_FLAG_HEADERS_ONLY,
} from '../i2o/window.gen.ts';
import type { EventSource } from '../iop/module/module.ts';
import { AddressFilter, type HardwareAddress } from '../lan/address-filter.ts';
import { type ReplyQueue, statusWord } from '../lan/reply-queue.ts';
import { LAN_RX_FILTERED, WINDOW_HEADERS, WINDOW_RX_CLOSED, WINDOW_RX_FULL } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type LinkClient, RX_CHECKSUM_CHECKED } from '../tcpip/contract.ts';
import type { WindowMemory } from './window-memory.ts';

const ARRIVED = statusWord(REQUEST_STATUS_SUCCESS, WINDOW_DETAILED_STATUS_SUCCESS);
/** Of a record's second word, above the frame's length. */
const HEADER_SHIFT = 20;
const FLAGS_SHIFT = 28;
/** No headers of a record are longer. */
const HEADER_BYTES_MAX = 0xff;

export class WindowReceiver implements LinkClient {
  suspended = false;
  /** A port whose window is closed tells of nothing, though there may be memory for headers. */
  isOpen = false;
  /** Where events go, once there is somewhere. */
  events: EventSource | null = null;
  private readonly region: Region;
  private readonly dma: DmaEngine;
  private readonly memory: WindowMemory;
  private readonly replies: ReplyQueue;
  private readonly counters: Float64Array;
  private readonly addresses: AddressFilter;
  private readonly port: number;
  /** How far the memory for headers lies behind the slots; whom records are for; whether there is any. */
  private distance = 0;
  private initiatorContext = 0;
  private posted = false;
  /** A TCP segment of no more payload is brought whole. */
  private wholeBytesMax = 0;
  /** A packet was lost for want of room, and none has come in since. */
  private full = false;

  /** @param port its number among those of the card. */
  constructor(
    region: Region,
    dma: DmaEngine,
    memory: WindowMemory,
    replies: ReplyQueue,
    ledger: Ledger,
    address: HardwareAddress,
    port: number,
  ) {
    this.region = region;
    this.dma = dma;
    this.memory = memory;
    this.replies = replies;
    this.counters = ledger.counters;
    this.addresses = new AddressFilter(region, address);
    this.port = port;
  }

  /** Whether there is memory for headers. */
  get hasHeaders(): boolean {
    return this.posted;
  }

  /** The device's link has come or gone. */
  linkChanged(up: boolean): void {
    this.events?.raise(up ? WINDOW_EVENT_LINK_UP : WINDOW_EVENT_LINK_DOWN, 0);
  }

  /**
   * Headers go to memory of the host's, as large as the slots, from now on.
   * @param wholeBytesMax payload of a TCP segment that goes there too, at most.
   */
  post(address: number, initiatorContext: number, wholeBytesMax: number): void {
    this.distance = address - this.memory.slots.offset;
    this.initiatorContext = initiatorContext;
    this.wholeBytesMax = wholeBytesMax;
    this.posted = true;
    this.full = false;
  }

  /** The memory for headers is the host's again, and so are the packets it holds the card's. */
  giveUp(): void {
    this.posted = false;
    this.replies.clear();
    this.memory.forgetFrames(this.port);
  }

  /** A packet has arrived in a slot. @returns true: the slot is the host's. // Hot path of a simulation. */
  input(packet: number, address: number, length: number, flags: number): boolean {
    const { counters, memory } = this;
    if (this.suspended || !this.posted || !this.isOpen) {
      counters[WINDOW_RX_CLOSED] += 1;
      return false;
    }
    if (length < ETHERNET_HEADER_BYTES || !this.addresses.wants(address)) {
      counters[LAN_RX_FILTERED] += 1;
      return false;
    }
    if (memory.framesHeld >= memory.framesMax) {
      this.lost();
      return false;
    }
    this.full = false;
    const checked = (flags & RX_CHECKSUM_CHECKED) !== 0;
    const header = checked ? tcpHeaderBytes(this.region.bytes, address, length) : 0;
    const stays = header > 0 && length - header > this.wholeBytesMax;
    const headersOnly = stays && header <= HEADER_BYTES_MAX;
    const brought = headersOnly ? header : length;
    this.dma.move(WINDOW_HEADERS, address, address + this.distance, brought);
    memory.hold(packet, length, this.port);
    const frameFlags =
      (checked ? WINDOW_FRAME_FLAG_CHECKSUMS_GOOD : 0) | (headersOnly ? WINDOW_FRAME_FLAG_HEADERS_ONLY : 0);
    const record = length | ((headersOnly ? header : 0) << HEADER_SHIFT) | (frameFlags << FLAGS_SHIFT);
    this.replies.add(this.initiatorContext, ARRIVED, false, address, record, 0);
    return true;
  }

  private lost(): void {
    this.counters[WINDOW_RX_FULL] += 1;
    if (this.full) return;
    this.full = true;
    this.events?.raise(WINDOW_EVENT_FRAMES_FULL, this.memory.framesHeld);
  }
}
