/** What becomes of connections when routes, or what a port carries, have changed. */
import { assert } from '../../assert/assert.ts';
import { ENETUNREACH } from '../../socket/errno.ts';
import { OUTSTANDING_TIMERS } from './control-block/timers.ts';
import { closeTcb } from './lifecycle.ts';
import { routeTcb, stopAwaiting, updateMss } from './path.ts';
import { markReady } from './ready.ts';
import { LISTEN, SYN_SENT, TIME_WAIT } from './state.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';
import { startRetransmit } from './timers.ts';

/** Routes have changed: every connection finds its way again, and what it owes goes by that. */
export function rerouted(tcp: TcpTables): void {
  const { routes } = tcp;
  for (const tcb of tcp.tcbs) {
    if (!hasWay(tcb)) continue;
    const hop = routes.nextHop(tcb.remoteAddress);
    if (hop === tcb.nextHop && (hop === 0 || routes.portFor(tcb.remoteAddress) === tcb.port)) continue;
    stopAwaiting(tcp, tcb);
    if (hop === 0) {
      stranded(tcp, tcb);
      continue;
    }
    routeTcb(tcp, tcb);
    assert(tcb.nextHop === hop, 'rerouted: a connection goes by the next hop that was found');
    if (!isOpening(tcb)) updateMss(tcp, tcb);
    markReady(tcp, tcb);
  }
}

/** A port carries another MTU: the next segments of its connections obey it. */
export function resized(tcp: TcpTables, port: number): void {
  for (const tcb of tcp.tcbs) {
    if (!hasWay(tcb) || tcb.port !== port || isOpening(tcb)) continue;
    updateMss(tcp, tcb);
    assert(tcb.mss > 0, 'rerouted: a segment holds a byte, whatever the MTU');
    markReady(tcp, tcb);
  }
}

/** There is no way to its peer: it stays by the port it had, and its time-outs ask again. */
function stranded(tcp: TcpTables, tcb: Tcb): void {
  assert(tcb.awaitsNeighbour === 0, 'rerouted: who has no way waits for no neighbour');
  tcb.nextHop = 0;
  tcb.neighbour = -1;
  if (tcb.resetDue !== 0) {
    closeTcb(tcp, tcb);
    return;
  }
  tcb.softError = ENETUNREACH;
  if ((tcb.timers.armed & OUTSTANDING_TIMERS) === 0 && tcb.sndUna !== tcb.sndMax) startRetransmit(tcp, tcb);
}

/** Whether a connection sends anything. */
function hasWay({ hashed, state }: Tcb): boolean {
  return hashed !== 0 && state !== LISTEN && state !== TIME_WAIT;
}

/** The size of its segments is settled when the peer's SYN comes. */
function isOpening({ state }: Tcb): boolean {
  return state === SYN_SENT;
}
