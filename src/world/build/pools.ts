/** The use of every pool of a card, of its host's side and of its own, and what its sockets waited for. */
import {
  INBOUND_METER,
  type Ledger,
  OUTBOUND_METER,
  PACKETS_METER,
  RECEIVE_METER,
  SLOTS_METER,
  TRANSMIT_METER,
} from '../../ledger/ledger.ts';
import type { MeterClock, PoolMeter, PoolState } from '../../ledger/pool-meter.ts';
import type { Stall, WaitMeter } from '../../ledger/wait-meter.ts';
import type { Host } from '../../osm/host.ts';
import type { SendStalls } from '../../osm/memory/stalls.ts';

/**
 * Transmit buffers, in use until the host has them back; receive buckets, in use from when the card fills
 * one to when the host has posted it again; slots of card memory for immediate data; frames each way; and the
 * slots of card memory for received packets (those that wait in the devices' rings are in use).
 */
export type PoolName = 'transmit' | 'receive' | 'slots' | 'inboundFrames' | 'outboundFrames' | 'packets';

export type CardPools = Readonly<Record<PoolName, PoolState>>;

/** What measures a card's pools. */
export interface PoolMeters {
  readonly pools: Readonly<Record<PoolName, PoolMeter>>;
  /** Sockets whose data waits for a receive bucket. */
  readonly bucketWaits: WaitMeter;
}

/** The meters of a card's pools, in the ledgers of its two sides. */
export function poolMeters(host: Ledger, iop: Ledger): PoolMeters {
  return {
    pools: {
      transmit: host.meter(TRANSMIT_METER),
      receive: iop.meter(RECEIVE_METER),
      slots: host.meter(SLOTS_METER),
      inboundFrames: host.meter(INBOUND_METER),
      outboundFrames: iop.meter(OUTBOUND_METER),
      packets: iop.meter(PACKETS_METER),
    },
    bucketWaits: iop.bucketWaits,
  };
}

export function usesOf({ pools, bucketWaits }: PoolMeters, clock: MeterClock): CardPools {
  // The host has the buckets, and the card finds none.
  const dry = bucketWaits.spells(clock);
  return {
    transmit: pools.transmit.use(clock),
    receive: { ...pools.receive.use(clock), dryEpisodes: dry.episodes, dryNs: dry.ns },
    slots: pools.slots.use(clock),
    inboundFrames: pools.inboundFrames.use(clock),
    outboundFrames: pools.outboundFrames.use(clock),
    packets: pools.packets.use(clock),
  };
}

/**
 * What a card and its sockets have waited for, as episodes: each begins when nothing is found, however often
 * it is asked for again, and ends when it goes on. Their times add up over sockets that wait at once.
 */
export type CardStalls = SendStalls & {
  /** Data of a socket waited in card memory for a receive bucket. */
  readonly bucket: Stall;
  /** The host owed the card window credit and had no frame to say so. */
  readonly credit: Stall;
};

export function stallsOf({ driver }: Host, { bucketWaits }: PoolMeters, clock: MeterClock): CardStalls {
  const credit = driver.credits.waits.use(clock);
  return {
    ...driver.blocked.stalls.of(),
    bucket: bucketWaits.waits(clock),
    credit: { episodes: credit.dryEpisodes, ns: credit.dryNs },
  };
}
