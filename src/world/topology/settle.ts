/** How long what is under way in a described world may take to come to rest, in virtual time. */
import type { Topology } from './checked.ts';

/** A world without any latency of its own: its timers of milliseconds, some times over. */
const REST_NS = 1e9;
/** Crossings that an orderly end takes one after the other, with some that are lost and sent again. */
const CROSSINGS = 16;
/** Ethernet's headers, preamble and gap. */
const FRAME_OVERHEAD_BYTES = 38;

/**
 * How long what was lost may be sent again before the stacks of a world give it up: as often as they try, the
 * longest time-out apart. @returns nanoseconds, for what a program still has and for what none has any more.
 */
export function giveUpNs({ cards }: Topology): number {
  const times = cards.map(({ config }) => {
    const { retries, orphanRetries, rtoMaxUs } = config.stack;
    return (Math.max(retries, orphanRetries) + 1) * rtoMaxUs * 1000;
  });
  return Math.max(...times);
}

/** Whether a link of it loses frames by itself, so that programs may have to wait for many time-outs. */
export function losesFrames({ links }: Topology): boolean {
  return links.some(
    ({ pipe }) => pipe.lossProbability > 0 || pipe.corruptProbability > 0 || (pipe.downs ?? []).length > 0,
  );
}

/**
 * @returns nanoseconds: some crossings of everything there is, one after the other, with all queues full,
 * and the time after which what is lost is given up. A world at rest ends before, so a time that is too long
 * costs nothing.
 */
export function settleNs(topology: Topology): number {
  const { cards, links } = topology;
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
  return REST_NS + CROSSINGS * crossingNs + giveUpNs(topology);
}
