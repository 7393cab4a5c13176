/**
 * Calls of a program that cost nothing. A datagram is sent and forgotten: who sends without a pause, by calls that
 * take no time, sends for ever at one moment of virtual time, at which nothing can make room or arrive.
 */

import { WORKLOADS } from '../workloads/programs.ts';
import type { Topology } from '../world/topology/checked.ts';
import type { HostCosts } from '../world/virtual/host-world.ts';

/** What of a send takes time. */
const OF_A_SEND = ['userCalls', 'sendCopies', 'sendCopiesBytes'];

/** @throws RangeError of one line for a program that would let no time pass. */
export function checkCalls({ programs }: Topology, costsOf: (host: number) => HostCosts): void {
  for (const { name, workload, role, pace, host } of programs) {
    const { datagrams, operation } = WORKLOADS[workload];
    if (role !== 'client' || !datagrams || operation !== 'datagram' || pace.arrivalNs > 0) continue;
    const { costs } = costsOf(host);
    if (OF_A_SEND.some((counter) => (costs[counter] ?? 0) > 0)) continue;
    throw new RangeError(
      `"programs.${name}" sends datagrams without a pause, by calls that cost nothing, so that no time would pass: ` +
        'set other costs, "arrivals", or --system-call above 0',
    );
  }
}
