/**
 * A port of a card with the TCP window as a device of the host's stack: what the stack sends goes in
 * WindowSend, headers from the host's memory and payload by its addresses in the window; what arrives is told
 * of in records, and its headers lie in the mirror of the card's slots. (The face of hdm/contract.ts, over
 * messages.)
 */
import { assert } from '../../assert/assert.ts';
import type { Device } from '../../hdm/contract.ts';
import { FRAME_WORDS } from '../../i2o/frame.ts';
import { HOST_TID } from '../../i2o/tids.ts';
import {
  WINDOW_FRAME_FLAG_CHECKSUMS_GOOD,
  WINDOW_FRAME_FLAG_HEADERS_ONLY,
  writeWindowSend,
} from '../../i2o/window.gen.ts';
import {
  LAN_PACKETS_SENT,
  LAN_PACKETS_SENT_BYTES,
  LAN_SENDS_FULL,
  WINDOW_FRAMES_TAKEN,
  WINDOW_FRAMES_TAKEN_BYTES,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { HANDLER_SEND } from '../../osm/message/handlers.ts';
import {
  type LinkClient,
  RX_CHECKSUM_CHECKED,
  TX_CHECKSUM,
  TX_RETRANSMIT,
  TX_SEGMENT,
} from '../../tcpip/contract.ts';
import { NEVER } from '../../time/agent.ts';
import type { Clock } from '../../time/clock.ts';
import type { PortDriver } from '../lan/card-driver.ts';
import type { PortFacts } from '../lan/lan-port.ts';
import {
  FURTHER_WORDS,
  LIST_WORD,
  type ListFrame,
  type ListMessage,
  NAMED_WORDS,
} from '../lan/list-frame.ts';
import type { PacketBuffers } from '../lan/packet-buffers.ts';
import type { SendingPort } from '../lan/port-replies.ts';
import type { FrameMirror } from './frame-mirror.ts';
import type { WindowSendMemory } from './window-send-memory.ts';

/** Flags of a packet's headers, and of its payload in the window. */
const HEADERS = 0x15;
const PAYLOAD = 0x1c;
/** Stretches of the window that one packet names: as many as a message holds. */
export const STRETCHES_MAX = Math.floor((FRAME_WORDS - LIST_WORD - NAMED_WORDS) / FURTHER_WORDS);
/** The stack gives payload in any number of pieces: those that lie behind one another are one here. */
const PIECES_MAX = 1 << 16;
/** Bits of what packets have in common, and above them the payload of a segment. */
const CHECKSUM = 1;
const RETRANSMISSION = 2;
const SEGMENT_SHIFT = 2;

const PACKETS: ListMessage = {
  write: (words, frame, tid, control, sizeWords) => {
    const again = (control & RETRANSMISSION) === 0 ? 0 : 1;
    const flags = [0, control & CHECKSUM, again, control >>> SEGMENT_SHIFT] as const;
    writeWindowSend(words, frame, tid, HOST_TID, HANDLER_SEND, ...flags, sizeWords);
  },
};

/** What a port of such a card is, as the world knows before the card is up. */
export interface WindowPortFacts extends PortFacts {
  /** Payload of a packet that the card cuts; 0: it cuts none. */
  readonly segmentBytesMax: number;
}

/** What the ports of one card share. */
export interface WindowPortParts {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly sends: ListFrame;
  readonly buffers: PacketBuffers;
  readonly mirror: FrameMirror;
  readonly memory: WindowSendMemory;
}

export class WindowPort implements Device, SendingPort {
  readonly mtu: number;
  readonly macHigh: number;
  readonly macLow: number;
  readonly transmitChecksum: boolean;
  readonly segmentBytesMax: number;
  readonly piecesMax: number = PIECES_MAX;
  /** It is in the card's memory, and perhaps not even there yet. */
  readonly hidesPayload = true;
  linkUp = true;
  tid = 0;
  online = false;
  packetsOut = 0;
  private readonly index: number;
  private readonly parts: WindowPortParts;
  private readonly driver: PortDriver;
  private readonly counters: Float64Array;
  private readonly packetsMax: number;
  private client: LinkClient | null = null;
  /** The packet being built: its buffer, or -1; and the stretches of its payload. */
  private buffer = -1;
  private stretches = 0;
  private readonly addresses = new Int32Array(STRETCHES_MAX);
  private readonly lengths = new Int32Array(STRETCHES_MAX);

  /** @param packetsMax packets of the port that the card can hold. */
  constructor(
    facts: WindowPortFacts,
    parts: WindowPortParts,
    driver: PortDriver,
    index: number,
    packetsMax: number,
  ) {
    this.mtu = facts.mtu;
    this.macHigh = facts.macHigh;
    this.macLow = facts.macLow;
    this.transmitChecksum = facts.transmitChecksum;
    this.segmentBytesMax = facts.segmentBytesMax;
    this.parts = parts;
    this.driver = driver;
    this.index = index;
    this.packetsMax = packetsMax;
    this.counters = parts.ledger.counters;
  }

  attach(client: LinkClient): void {
    assert(this.client === null, 'window port: one client is attached, once');
    this.client = client;
  }

  claim(): number {
    const { buffers, sends } = this.parts;
    if (this.buffer >= 0) buffers.free(this.buffer);
    const free = this.online && this.packetsOut < this.packetsMax && sends.hasRoom;
    this.buffer = free ? buffers.take() : -1;
    this.stretches = 0;
    if (this.buffer >= 0) return buffers.addressOf(this.buffer);
    this.counters[LAN_SENDS_FULL] += 1;
    return -1;
  }

  addPiece(address: number, length: number): void {
    if (length <= 0) return;
    const { buffers, mirror, memory } = this.parts;
    const onCard = mirror.onCard(address);
    const from = onCard < 0 ? address : onCard;
    const last = this.stretches - 1;
    // A block is held by the stretch that lies in it.
    const goesOn = last >= 0 && this.addresses[last] + this.lengths[last] === from;
    if (goesOn && !memory.beginsBlock(from)) {
      this.lengths[last] += length;
      return;
    }
    assert(this.stretches < STRETCHES_MAX, 'window port: a packet lies in few stretches of the window');
    const held = buffers.hold(this.buffer, from);
    assert(held, 'window port: what is sent lies in the window');
    this.addresses[this.stretches] = from;
    this.lengths[this.stretches] = length;
    this.stretches += 1;
  }

  send(headerLength: number, flags: number, segmentBytes: number): void {
    const { buffers, sends } = this.parts;
    const { buffer, stretches, counters } = this;
    assert(buffer >= 0, 'window port: only a packet that was begun is sent');
    let bytes = headerLength;
    const segment = (flags & TX_SEGMENT) === 0 ? 0 : segmentBytes;
    const again = (flags & TX_RETRANSMIT) === 0 ? 0 : RETRANSMISSION;
    const control = ((flags & TX_CHECKSUM) === 0 ? 0 : CHECKSUM) | again | (segment << SEGMENT_SHIFT);
    sends.begin(PACKETS, this.tid, control, NAMED_WORDS + stretches * FURTHER_WORDS);
    sends.named(HEADERS, buffer, buffers.addressOf(buffer), headerLength, stretches === 0);
    for (let i = 0; i < stretches; i++) {
      sends.further(PAYLOAD, this.addresses[i], this.lengths[i], i === stretches - 1);
      bytes += this.lengths[i];
    }
    buffers.lend(buffer, this.index);
    this.buffer = -1;
    this.packetsOut += 1;
    counters[LAN_PACKETS_SENT] += 1;
    counters[LAN_PACKETS_SENT_BYTES] += bytes;
  }

  poll(): number {
    return this.index === 0 ? this.driver.poll() : 0;
  }

  nextDeadlineNs(): number {
    return this.index === 0 ? this.driver.nextDeadlineNs() : NEVER;
  }

  sent(context: number): boolean {
    if (!this.parts.buffers.giveBack(context, this.index)) return false;
    this.packetsOut -= 1;
    return true;
  }

  /** A record has come. @param flags WINDOW_FRAME_FLAG_ bits. @returns false where it cannot be. */
  arrived(address: number, byteLength: number, headerLength: number, flags: number): boolean {
    const { mirror, clock } = this.parts;
    const { client, counters } = this;
    assert(client !== null, 'window port: a client is attached before the card is up');
    const headersOnly = (flags & WINDOW_FRAME_FLAG_HEADERS_ONLY) !== 0;
    const checked = (flags & WINDOW_FRAME_FLAG_CHECKSUMS_GOOD) !== 0;
    // Whoever has only headers cannot look for himself.
    if (headersOnly && (!checked || headerLength === 0 || headerLength >= byteLength)) return false;
    const slot = mirror.arrived(address, byteLength, headersOnly);
    if (slot < 0) return false;
    counters[WINDOW_FRAMES_TAKEN] += 1;
    counters[WINDOW_FRAMES_TAKEN_BYTES] += byteLength;
    const frame = mirror.frameAddress(slot);
    const found = checked ? RX_CHECKSUM_CHECKED : 0;
    if (!client.input(slot, frame, byteLength, found, clock.nowUs)) mirror.free(slot);
    return true;
  }

  /** The card has told that the port's link came up or went down. */
  linkTold(up: boolean): void {
    if (up === this.linkUp) return;
    this.linkUp = up;
    this.client?.linkChanged?.(up, this.parts.clock.nowUs);
  }

  /** The card was reset. */
  takeBack(): void {
    this.online = false;
    this.linkUp = true;
    this.packetsOut = 0;
  }
}
