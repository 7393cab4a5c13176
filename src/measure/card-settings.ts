/** What a side's card is told: what the test needs, and over it what the user set. */

import { bucketBytesFor } from '../world/config/datagram-room.ts';
import { overridesOf } from '../world/config/setting-paths.ts';
import { type CardOverrides, DEFAULT_CARD_CONFIG } from '../world/config/settings.ts';
import type { SidePlan } from './side-protocol.ts';

/**
 * The message layer is measured with both sides polling: neither must go to sleep because another process
 * took its core for a moment.
 */
const POLLING: CardOverrides = { driver: { spinNs: 20e6 }, iopSpinNs: 20e6 };

/** Sockets beside the two of each connection: the listener, and those that connections yet to come get. */
const SOCKETS_BESIDE = 64;

type Asked = Pick<SidePlan, 'test' | 'side' | 'load' | 'settings' | 'seed'>;

/** Of the card whose message layer alone is measured: it has a frame each way for every message at once. */
export function messageCardSettings(plan: Asked): CardOverrides {
  const needed = 2 ** Math.ceil(Math.log2(plan.load.connections));
  const { inboundFrames } = DEFAULT_CARD_CONFIG.pools;
  const enough = needed > inboundFrames ? { pools: { inboundFrames: needed, outboundFrames: needed } } : {};
  return over({ ...POLLING, ...enough }, asked(plan));
}

/** Of a card with sockets, which has enough for the load's connections. */
export function socketCardSettings(plan: Asked): CardOverrides {
  const needed = socketsNeeded(plan.load.connections);
  const { socketsMax } = DEFAULT_CARD_CONFIG.driver;
  const enough: CardOverrides = needed > socketsMax ? { driver: { socketsMax: needed } } : {};
  return over({ ...enough, ...wholeDatagrams(plan) }, asked(plan));
}

/** A datagram comes in one bucket, behind its source, and what does not fit is cut off: all is to fit. */
function wholeDatagrams({ test, load: { size, response = size } }: Asked): CardOverrides {
  const receiveBucketBytes = bucketBytesFor(Math.max(size, response));
  const isDatagram = test === 'UDP_RR' || test === 'UDP_STREAM';
  return isDatagram && receiveBucketBytes > DEFAULT_CARD_CONFIG.pools.receiveBucketBytes
    ? { pools: { receiveBucketBytes } }
    : {};
}

/** Sockets that so many connections take, both ends of each being in one program. */
export function socketsNeeded(connections: number): number {
  return 2 * connections + SOCKETS_BESIDE;
}

function asked({ side, settings = {}, seed }: Asked): CardOverrides {
  const set = overridesOf(settings);
  const seeds = seed === undefined ? {} : { seed, stack: { seed } };
  return over({ transport: side.transport === 'fifo' ? 'fifo' : 'ring', ...seeds }, set);
}

/** Lays settings over others, section by section. */
function over(under: CardOverrides, upper: CardOverrides): CardOverrides {
  const merged: Record<string, unknown> = { ...under };
  for (const [name, value] of Object.entries(upper)) {
    const below = merged[name];
    const section = typeof value === 'object' && typeof below === 'object' && !Array.isArray(value);
    merged[name] = section ? { ...below, ...value } : value;
  }
  return merged as CardOverrides;
}
