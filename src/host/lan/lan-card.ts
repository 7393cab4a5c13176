/**
 * The host's driver of a card of network ports: posts what they send, lends them buckets, and takes the
 * replies. Nothing the card wrote is trusted: a reply that names what it does not have is refused and
 * counted.
 */
import type { DmaEngine } from '../../dma/engine.ts';
import type { PacketPool } from '../../dma/packets.ts';
import type { PoolArea } from '../../dma/pool-area.ts';
import {
  LAN_CLASS_ID,
  LAN_CLASS_VERSION,
  LAN_EVENT_LINK_DOWN,
  LAN_EVENT_LINK_UP,
  LAN_RESOURCE_BUCKETS,
  LAN_RESOURCE_TRANSMITS,
  writeLanReset,
} from '../../i2o/lan.gen.ts';
import { HOST_TID } from '../../i2o/tids.ts';
import { HANDLER_CONTROL } from '../../osm/message/handlers.ts';
import type { SendMemory } from '../send-memory.ts';
import { CardDriver, type CardDriverParts } from './card-driver.ts';
import { LanPort, type PortFacts } from './lan-port.ts';
import { LanReplies } from './lan-replies.ts';
import { PacketBuffers } from './packet-buffers.ts';

/** What the world lends the driver. */
export interface LanCardParts extends CardDriverParts {
  readonly dma: DmaEngine;
  /** Memory of packets to be sent, and of buckets. */
  readonly transmit: PoolArea;
  readonly packets: PacketPool;
  readonly memory: SendMemory;
  readonly ports: readonly PortFacts[];
  /** Packets of one port that the card holds at most, and buckets that each is to have. */
  readonly packetsMax: number;
  readonly bucketsWanted: number;
}

export class LanCard extends CardDriver {
  override readonly ports: readonly LanPort[];
  private readonly buffers: PacketBuffers;
  private readonly replies: LanReplies;

  constructor(parts: LanCardParts) {
    super(parts, LAN_CLASS_ID, LAN_CLASS_VERSION);
    const { region, ledger, clock, dma, packets, packetsMax, bucketsWanted } = parts;
    this.buffers = new PacketBuffers(parts.transmit, parts.memory);
    const { frames, sends, buffers, control, watch } = this;
    const shared = { region, clock, ledger, dma, frames, sends, buffers, packets };
    this.ports = parts.ports.map((port, i) => new LanPort(port, shared, this, i, packetsMax, bucketsWanted));
    this.replies = new LanReplies(region.words, ledger, frames, this.ports, control, watch);
  }

  protected override take(frame: number): void {
    this.replies.take(frame);
  }

  /** Hands over the segments that wait for others. */
  protected override taken(): void {
    for (const port of this.ports) port.flush();
  }

  /** As a driver begins: whatever an earlier one has left is given up. */
  protected override begin(port: number): void {
    const { tid } = this.ports[port];
    this.register(tid, LAN_EVENT_LINK_DOWN | LAN_EVENT_LINK_UP);
    this.ask('LanReset', tid, (words, frame, transaction) => {
      const all = LAN_RESOURCE_BUCKETS | LAN_RESOURCE_TRANSMITS;
      writeLanReset(words, frame, tid, HOST_TID, HANDLER_CONTROL, transaction, all);
    });
  }

  /** Lends buckets. */
  protected override work(): number {
    let work = 0;
    for (const port of this.ports) work += port.refill();
    return work;
  }

  protected override takeBack(): void {
    this.buffers.takeBack();
    for (const port of this.ports) port.takeBack();
  }
}
