/**
 * The device of a drilled host. What the stack sends is handed, whole, to whoever listens; what is injected
 * arrives at its time. It makes no checksums and cuts nothing, so that what is seen is what the stack has
 * made. Every address has the same neighbour behind it, which answers ARP at once; what the stack sends to
 * itself comes back.
 */
import type { DmaEngine } from '../../dma/engine.ts';
import type { PacketPool } from '../../dma/packets.ts';
import type { Region } from '../../dma/region.ts';
import type { Device } from '../../hdm/contract.ts';
import { GenericReceive } from '../../hdm/generic-receive.ts';
import {
  DEVICE_HEADER_FETCHES,
  DEVICE_RECEIVES,
  DEVICE_RX_NO_BUFFER,
  DEVICE_RX_PACKETS,
  DEVICE_RX_PACKETS_BYTES,
  DEVICE_TX_PACKETS,
  DEVICE_TX_PACKETS_BYTES,
  RETRANSMIT_FETCHES,
  TRANSMIT_FETCHES,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { type LinkClient, TX_RETRANSMIT } from '../../tcpip/contract.ts';
import {
  ARP_BYTES,
  ARP_OPERATION,
  ARP_REPLY,
  ARP_REQUEST,
  ARP_SENDER_ADDRESS,
  ARP_TARGET_ADDRESS,
  writeArp,
} from '../../tcpip/header/arp.ts';
import {
  ETHERNET_BYTES,
  ETHERNET_TYPE,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  writeEthernetAddresses,
} from '../../tcpip/header/ethernet.ts';
import { NEVER } from '../../time/agent.ts';
import type { Clock } from '../../time/clock.ts';

/** First two bytes of both hardware addresses: locally administered ones. */
export const MAC_HIGH = 0x0200;
const OWN_LOW = 1;
export const NEIGHBOUR_LOW = 2;

interface Arriving {
  readonly frame: Uint8Array;
  readonly atNs: number;
  /** It comes with others, of which the kernel makes one packet where it can (GRO). */
  readonly together: boolean;
}

/** What the wire is joined to. */
export interface WireParts {
  readonly region: Region;
  readonly packets: PacketPool;
  readonly dma: DmaEngine;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** Where headers are written. */
  readonly headerAt: number;
  /** Is handed each IPv4 packet that leaves, which is its own. */
  readonly sent: (packet: Uint8Array) => void;
}

export class DrillWire implements Device {
  readonly linkUp: boolean = true;
  mtu: number;
  readonly macHigh = MAC_HIGH;
  readonly macLow = OWN_LOW;
  readonly transmitChecksum = false;
  readonly segmentBytesMax = 0;
  readonly piecesMax = 64;
  private readonly parts: WireParts;
  private client: LinkClient | undefined;
  /** In the order in which they arrive. */
  private readonly arriving: Arriving[] = [];
  private readonly generic: GenericReceive;
  private readonly pieces: { readonly address: number; readonly length: number }[] = [];

  constructor(parts: WireParts, mtu: number) {
    this.parts = parts;
    this.mtu = mtu;
    this.generic = new GenericReceive(parts.region, parts.packets, parts.clock, parts.ledger);
  }

  attach(client: LinkClient): void {
    this.client = client;
  }

  claim(): number {
    this.pieces.length = 0;
    return this.parts.headerAt;
  }

  addPiece(address: number, length: number): void {
    this.pieces.push({ address, length });
  }

  send(headerLength: number, flags: number, _segmentBytes: number): void {
    const { dma, headerAt, sent } = this.parts;
    const { counters } = this.parts.ledger;
    const length = this.pieces.reduce((sum, piece) => sum + piece.length, headerLength);
    const frame = new Uint8Array(length);
    dma.copyOut(DEVICE_HEADER_FETCHES, headerAt, frame, 0, headerLength);
    const reason = (flags & TX_RETRANSMIT) !== 0 ? RETRANSMIT_FETCHES : TRANSMIT_FETCHES;
    let at = headerLength;
    for (const piece of this.pieces) {
      dma.copyOut(reason, piece.address, frame, at, piece.length);
      at += piece.length;
    }
    this.pieces.length = 0;
    counters[DEVICE_TX_PACKETS] += 1;
    counters[DEVICE_TX_PACKETS_BYTES] += length;
    const view = new DataView(frame.buffer);
    const type = view.getUint16(ETHERNET_TYPE);
    if (type === ETHERTYPE_ARP) this.answerArp(view);
    if (type !== ETHERTYPE_IPV4) return;
    if (view.getUint16(0) === MAC_HIGH && view.getInt32(2) === OWN_LOW) {
      this.arrive(frame, this.parts.clock.nowNs, false);
    } else {
      sent(frame.subarray(ETHERNET_BYTES));
    }
  }

  /**
   * An IPv4 packet arrives at a time that is not past. @param together with others, of which one is made where
   *   that can be done.
   */
  inject(packet: Uint8Array, atNs: number, together: boolean): void {
    const frame = new Uint8Array(ETHERNET_BYTES + packet.length);
    const view = new DataView(frame.buffer);
    writeEthernetAddresses(view, 0, MAC_HIGH, OWN_LOW, MAC_HIGH, NEIGHBOUR_LOW);
    view.setUint16(ETHERNET_TYPE, ETHERTYPE_IPV4);
    frame.set(packet, ETHERNET_BYTES);
    this.arrive(frame, atNs, together);
  }

  poll(): number {
    const { packets, dma, clock } = this.parts;
    const { counters } = this.parts.ledger;
    let moved = 0;
    while (this.arriving.length > 0 && this.arriving[0].atNs <= clock.nowNs) {
      const { frame, together } = this.arriving[0];
      this.arriving.shift();
      moved += 1;
      const packet = frame.length > packets.slotBytes ? -1 : packets.take();
      if (packet < 0) {
        counters[DEVICE_RX_NO_BUFFER] += 1;
        continue;
      }
      const address = packets.addressOf(packet);
      dma.copyIn(DEVICE_RECEIVES, frame, 0, address, frame.length);
      counters[DEVICE_RX_PACKETS] += 1;
      counters[DEVICE_RX_PACKETS_BYTES] += frame.length;
      if (!this.handOver(packet, address, frame.length, together)) packets.free(packet);
    }
    if (this.client !== undefined && this.generic.holds) this.generic.flush(this.client);
    return moved;
  }

  private handOver(packet: number, address: number, length: number, together: boolean): boolean {
    const { client } = this;
    if (client === undefined) return false;
    if (together) return this.generic.take(client, packet, address, length, 0);
    return client.input(packet, address, length, 0, this.parts.clock.nowUs);
  }

  nextDeadlineNs(): number {
    return this.arriving.length === 0 ? NEVER : this.arriving[0].atNs;
  }

  /** Puts a frame behind those that arrive no later. */
  private arrive(frame: Uint8Array, atNs: number, together: boolean): void {
    let place = this.arriving.length;
    while (place > 0 && this.arriving[place - 1].atNs > atNs) place -= 1;
    this.arriving.splice(place, 0, { frame, atNs, together });
  }

  private answerArp(request: DataView): void {
    if (request.byteLength < ETHERNET_BYTES + ARP_BYTES) return;
    if (request.getUint16(ETHERNET_BYTES + ARP_OPERATION) !== ARP_REQUEST) return;
    const asker = request.getInt32(ETHERNET_BYTES + ARP_SENDER_ADDRESS);
    const wanted = request.getInt32(ETHERNET_BYTES + ARP_TARGET_ADDRESS);
    const frame = new Uint8Array(ETHERNET_BYTES + ARP_BYTES);
    const view = new DataView(frame.buffer);
    writeEthernetAddresses(view, 0, MAC_HIGH, OWN_LOW, MAC_HIGH, NEIGHBOUR_LOW);
    view.setUint16(ETHERNET_TYPE, ETHERTYPE_ARP);
    writeArp(view, ETHERNET_BYTES, ARP_REPLY, MAC_HIGH, NEIGHBOUR_LOW, wanted, MAC_HIGH, OWN_LOW, asker);
    this.arrive(frame, this.parts.clock.nowNs, false);
  }
}
