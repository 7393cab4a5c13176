/** What becomes of connections when routes, or what a port carries, have changed. */
import { assert } from '../../assert/assert.ts';
import { ENETUNREACH } from '../../socket/errno.ts';
import { awakeInOrder } from './awake.ts';
import { OUTSTANDING_TIMERS } from './control-block/timers.ts';
import { isIdle } from './idle.ts';
import { closeTcb } from './lifecycle.ts';
import { heedNarrowed } from './narrowed.ts';
import { routeTcb, stopAwaiting, updateMss } from './path.ts';
import { markReady } from './ready.ts';
import { LISTEN, SYN_SENT, TIME_WAIT } from './state.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';
import { startRetransmit } from './timers.ts';

/** Routes have changed: every connection that is awake finds its way again, and what it owes goes by that. */
export function rerouted(tcp: TcpTables): void {
  tcp.news.reroute();
  for (const tcb of awakeInOrder(tcp, hasWay)) reroute(tcp, tcb);
}

/** What is known of the way to one connection's peer has changed: it finds its way again. */
export function redirected(tcp: TcpTables, tcb: Tcb): void {
  assert(tcb.hashed !== 0, 'rerouted: a connection that is redirected lives');
  reroute(tcp, tcb);
}

/** A port carries another MTU: the next segments of its connections that are awake obey it. */
export function resized(tcp: TcpTables, port: number): void {
  tcp.news.resize();
  for (const tcb of awakeInOrder(tcp, (tcb) => tcb.port === port)) resize(tcp, tcb);
}

/** A connection that has slept hears what has become of its way meanwhile. @param known how much it knew. */
export function catchUp(tcp: TcpTables, tcb: Tcb, known: number): void {
  const { news, routes } = tcp;
  assert(isIdle(tcb), 'rerouted: who has slept owes nothing');
  // A redirect that has come since was of another connection.
  if (known < news.rerouted) reroute(tcp, tcb, routes.hopByRoute(tcb.remoteAddress));
  if (known < news.resized) resize(tcp, tcb);
  for (let back = news.unknownTo(known) - 1; back >= 0; back--) {
    heedNarrowed(tcp, tcb, news.destinationOf(back), news.mtuOf(back), news.atMsOf(back));
  }
}

function reroute(tcp: TcpTables, tcb: Tcb, hop: number = tcp.routes.nextHop(tcb.remoteAddress)): void {
  const { routes } = tcp;
  if (!hasWay(tcb)) return;
  if (hop === tcb.nextHop && (hop === 0 || routes.portFor(tcb.remoteAddress) === tcb.port)) {
    // The route may say something else of its packets.
    if (!isOpening(tcb)) updateMss(tcp, tcb);
    return;
  }
  stopAwaiting(tcp, tcb);
  if (hop === 0) {
    stranded(tcp, tcb);
    return;
  }
  const idle = isIdle(tcb);
  routeTcb(tcp, tcb, hop);
  if (!isOpening(tcb)) updateMss(tcp, tcb);
  // Who owes nothing asks for no neighbour either.
  if (!idle) markReady(tcp, tcb);
}

function resize(tcp: TcpTables, tcb: Tcb): void {
  if (!hasWay(tcb) || isOpening(tcb)) return;
  updateMss(tcp, tcb);
  assert(tcb.mss > 0, 'rerouted: a segment holds a byte, whatever the MTU');
  if (!isIdle(tcb)) markReady(tcp, tcb);
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
