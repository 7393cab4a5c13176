/**
 * The memory of one drilled host: a region with packet slots, blocks for sends and a ledger. Making it takes
 * longer than most scripts, so that several hosts, one after another, may be made of one.
 */

import { planPackets } from '../../dma/packets.ts';
import { MemoryPlan } from '../../dma/plan.ts';
import { type PoolArea, planPool } from '../../dma/pool-area.ts';
import { allocateRegion, type Region } from '../../dma/region.ts';
import { LEDGER_BYTES } from '../../ledger/ledger.ts';
import { GATHER_BYTES } from '../../tcpip/contract.ts';

/** Frames that are received and not yet read. */
export const PACKET_SLOTS = 512;
/** A slot holds the largest packet there is, since a script may write one beyond any MTU. */
export const SLOT_BYTES = 65_552;
const SEND_BLOCKS = 512;
const SEND_BLOCK_BYTES = 16_384;
/** Room for the headers of one packet. */
const HEADER_BYTES = 128;

export class DrillMemory {
  readonly region: Region;
  readonly ledgerAt: number;
  readonly gatherAt: number;
  readonly headerAt: number;
  readonly packetsAt: number;
  readonly sends: PoolArea;

  constructor() {
    const plan = new MemoryPlan();
    this.ledgerAt = plan.reserve('ledger', LEDGER_BYTES, 'what is counted');
    this.gatherAt = plan.reserve('gather', GATHER_BYTES, 'where short pieces are put together');
    this.headerAt = plan.reserve('header', HEADER_BYTES, 'headers of the packet being sent');
    this.sends = planPool(plan, 'sends', SEND_BLOCKS, SEND_BLOCK_BYTES);
    this.packetsAt = planPackets(plan, 'packets', PACKET_SLOTS, SLOT_BYTES);
    this.region = allocateRegion(plan.byteLength, false);
  }
}
