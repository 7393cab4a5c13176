/** A connection that sleeps (`dormant.ts`) wakes: it has a Tcb again, and hears what has become of its way. */
import { obtainTcb } from './dormant.ts';
import { WORD_PATHS_KNOWN, WORD_REMOTE_ADDRESS, WORD_ROUTES_KNOWN } from './dormant-record.ts';
import { prepareHeader } from './path.ts';
import { catchUp } from './rerouted.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';

/** The Tcb of a connection by its number, which wakes if it slept. // Hot path. */
export function awakeTcb(tcp: TcpTables, index: number): Tcb {
  const tcb = tcp.tcbs[index];
  return tcb === tcp.asleep ? wake(tcp, index) : tcb;
}

/** Everybody who sleeps hears of the paths that were found narrow: there is room for news again. */
export function tellSleepers(tcp: TcpTables): void {
  const { dormant, news, tcbs, asleep } = tcp;
  for (let index = 0; index < tcbs.length && dormant.count > 0; index++) {
    if (tcbs[index] !== asleep) continue;
    const remote = dormant.word(index, WORD_REMOTE_ADDRESS);
    if (news.concerns(remote, dormant.word(index, WORD_PATHS_KNOWN))) wake(tcp, index);
  }
  news.forget();
}

function wake(tcp: TcpTables, index: number): Tcb {
  const { dormant, environment, news } = tcp;
  const tcb = obtainTcb(tcp, index);
  tcb.reset(environment.config);
  tcb.inUse = 1;
  dormant.load(index, tcb);
  prepareHeader(tcb);
  const routes = dormant.word(index, WORD_ROUTES_KNOWN);
  const paths = dormant.word(index, WORD_PATHS_KNOWN);
  if (routes !== news.routes || paths !== news.narrowed) catchUp(tcp, tcb, routes, paths);
  return tcb;
}
