/** A connection that sleeps (`dormant.ts`) wakes: it has a Tcb again, and hears what has become of its way. */
import { obtainTcb } from './dormant.ts';
import { FLAG_SEARCHES, WORD_NEWS, WORD_REMOTE_ADDRESS } from './dormant-record.ts';
import { prepareHeader } from './path.ts';
import { catchUp } from './rerouted.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';

/** The Tcb of a connection by its number, which wakes if it slept. // Hot path. */
export function awakeTcb(tcp: TcpTables, index: number): Tcb {
  const tcb = tcp.tcbs[index];
  return tcb === tcp.asleep ? wake(tcp, index) : tcb;
}

/**
 * Everybody who sleeps hears of the paths that were found narrow: there is room for news again, and routes and
 * MTUs may change, by which a connection judges what is said. Costs a walk over all that sleep where anything
 * was said.
 */
export function tellSleepers(tcp: TcpTables): void {
  const { dormant, news, tcbs } = tcp;
  if (!news.hasPaths) return;
  for (let index = 0; index < tcbs.length && dormant.count > 0; index++) {
    if (!dormant.has(index)) continue;
    const remote = dormant.word(index, WORD_REMOTE_ADDRESS);
    if (news.concerns(remote, dormant.word(index, WORD_NEWS))) wake(tcp, index);
  }
  news.forget();
}

/**
 * Routes or MTUs have changed, and those who sleep hear of it at once for whom what is in force when they wake
 * does not say enough: who searches for its path's MTU keeps the least that there ever was, and who had no way
 * for a while (`strands`) remembers that. Costs a walk over all that sleep where there may be any.
 */
export function tellChange(tcp: TcpTables, strands: boolean): void {
  const { dormant, tcbs, routes } = tcp;
  if (!strands && dormant.searching === 0) return;
  for (let index = 0; index < tcbs.length && dormant.count > 0; index++) {
    if (!dormant.has(index)) continue;
    const searches = dormant.hasFlag(index, FLAG_SEARCHES);
    if (searches || (strands && routes.hopByRoute(dormant.word(index, WORD_REMOTE_ADDRESS)) === 0)) {
      wake(tcp, index);
    }
  }
}

function wake(tcp: TcpTables, index: number): Tcb {
  const { dormant, news } = tcp;
  const tcb = obtainTcb(tcp, index, dormant.fetch(index));
  dormant.load(index, tcb);
  prepareHeader(tcp, tcb);
  const known = dormant.word(index, WORD_NEWS);
  if (known !== news.heard) catchUp(tcp, tcb, known);
  return tcb;
}
