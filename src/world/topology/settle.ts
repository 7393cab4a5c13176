/** How long what is under way in a described world may take to come to rest, in virtual time. */
import type { Topology } from './checked.ts';

/** A world without any latency of its own: its timers of milliseconds, some times over. */
const REST_NS = 1e9;
/** Crossings that an orderly end takes one after the other, with some that are lost and sent again. */
const CROSSINGS = 16;
/** Ethernet's headers, preamble and gap. */
const FRAME_OVERHEAD_BYTES = 38;

/**
 * @returns nanoseconds: some crossings of everything there is, one after the other, with all queues full. A
 * world at rest ends before, so a time that is too long costs nothing.
 */
export function settleNs({ cards, links }: Topology): number {
  const largest = Math.max(...cards.map(({ config }) => config.mtu));
  let crossingNs = 0;
  for (const { doorbellNs, interruptNs, bus, config } of cards) {
    crossingNs += doorbellNs + interruptNs + 2 * bus.latencyNs + bus.requestNs + bus.nsPerByte * config.mtu;
  }
  for (const { pipe } of links) {
    const { rateBitsPerSecond, queueFrames, delayNs, jitterNs, reorderDelayNs } = pipe;
    crossingNs += 2 * (delayNs + jitterNs + reorderDelayNs);
    if (rateBitsPerSecond === 0) continue;
    crossingNs += (queueFrames * (largest + FRAME_OVERHEAD_BYTES) * 8 * 1e9) / rateBitsPerSecond;
  }
  return REST_NS + CROSSINGS * crossingNs;
}
