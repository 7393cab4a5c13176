/** Runs a live world until its code is compiled: until it has done enough, and gets no faster. */
import type { LiveClient } from './live-client.ts';

const PART_NS = 100e6;
/** Frames and segments, after which the compiler has seen what there is to see. */
const WORK = 50_000;
const QUIET_NS = 300e6;
/** A part that is hardly faster than the best before it. */
const GAIN = 1.05;

/** @param secondsMax when to give up waiting: a busy machine compiles late. */
export async function warmUp(client: LiveClient, secondsMax: number): Promise<void> {
  let work = 0;
  let best = 0;
  for (let spentNs = 0; spentNs < secondsMax * 1e9; spentNs += PART_NS) {
    const [{ bytes, elapsedNs, agents }] = await client.run(1, PART_NS);
    for (const { counts } of agents) work += (counts['messageRequests'] ?? 0) + (counts['tcpInSegs'] ?? 0);
    const rate = bytes / elapsedNs;
    // Where nothing moves there is little to compile.
    if (bytes === 0 && spentNs >= QUIET_NS) return;
    if (work >= WORK && rate < best * GAIN) return;
    best = Math.max(best, rate);
  }
}
