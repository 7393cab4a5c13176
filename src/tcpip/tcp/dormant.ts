/**
 * Connections that sleep: a stack with room for more connections than it keeps Tcbs for
 * (`StackConfig.activeConnections`) gives the Tcb of an idle one to another that needs it, and keeps a record
 * instead (`dormant-record.ts`). A connection keeps its number, by which the demultiplexer, the timers and its user
 * know it; the next segment, timer or call wakes it in whatever Tcb is to be had. Nobody can tell whether a
 * connection slept.
 *
 * A Tcb is taken from another connection only where one is opened or wakes (`obtainTcb`), and never from one
 * that is not idle. So whoever holds a Tcb may open or wake another only while its own is not idle: a
 * listener's, or one that waits at a listener.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { hasPassed } from '../seq.ts';
import { WORD_NEWS, WORD_SLEPT } from './dormant-record.ts';
import { isIdle } from './idle.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** Tcbs that are looked at for an idle connection before one more is made. */
const LOOKS_MAX = 64;
/** And for one that has long been idle, before one that woke of late is looked for. */
const LONG_IDLE_LOOKS = 4;
const LONG_IDLE_MS = 1000;

/**
 * A Tcb for a connection that has none: a spare one, a new one, or that of a connection that is idle.
 * @param slept of one that wakes: its WORD_SLEPT.
 */
export function obtainTcb(tcp: TcpTables, index: number, slept: number = -1): Tcb {
  const tcb = tcp.spares.pop() ?? idleTcb(tcp, slept) ?? tcp.newTcb();
  assert(tcb.ready === 0, 'dormant connection: a Tcb that changes hands is in no ring');
  tcb.index = index;
  tcp.tcbs[index] = tcb;
  if (tcp.sleeps) tcp.recent.append(tcb);
  return tcb;
}

/** A connection that is idle gives its Tcb up. */
export function sleep(tcp: TcpTables, tcb: Tcb): void {
  const { dormant, news, recent } = tcp;
  const { index } = tcb;
  if (COSTLY) assert(isIdle(tcb), 'dormant connection: one that falls asleep is idle');
  dormant.save(index, tcb);
  dormant.setWord(index, WORD_NEWS, news.heard);
  dormant.setWord(index, WORD_SLEPT, recent.wakes);
  tcp.tcbs[index] = tcp.asleep;
  tcb.inUse = 0;
}

/** All that are idle fall asleep, for tests. @returns how many have. */
export function sleepAll(tcp: TcpTables): number {
  let count = 0;
  for (const tcb of tcp.made) {
    if (tcp.tcbs[tcb.index] !== tcb || tcb.inUse === 0 || !isIdle(tcb)) continue;
    sleep(tcp, tcb);
    tcp.spares.push(tcb);
    count += 1;
  }
  return count;
}

/**
 * The Tcb of a connection that is idle and now sleeps; undefined: none was found. Those that woke last give
 * theirs up first, the oldest of them before the others: so where all connections are used in turn, a few
 * Tcbs serve them that the processor still has in its caches, and the others stay with theirs. But who wakes
 * before as many others have as there are Tcbs for is one of a set that they are enough for: it gets the
 * Tcb of one that has long been idle, and stays awake.
 */
function idleTcb(tcp: TcpTables, slept: number): Tcb | undefined {
  const { made, activeMax, recent } = tcp;
  if (made.length < activeMax) return undefined;
  if (slept >= 0 && recent.since(slept) < activeMax >> 1) {
    const tcb = idleSince(tcp, LONG_IDLE_LOOKS, LONG_IDLE_MS);
    if (tcb !== undefined) return tcb;
  }
  while (recent.isFull) {
    const tcb = recent.shift();
    if (tcb.inUse === 0 || !isIdle(tcb)) continue;
    sleep(tcp, tcb);
    return tcb;
  }
  return idleSince(tcp, LOOKS_MAX, 0);
}

/** The Tcb of a connection that has heard nothing for so long, and now sleeps; undefined: none was found. */
function idleSince(tcp: TcpTables, looksMax: number, idleMs: number): Tcb | undefined {
  const { made, environment } = tcp;
  for (let looks = 0; looks < looksMax; looks++) {
    tcp.hand = tcp.hand + 1 < made.length ? tcp.hand + 1 : 0;
    const tcb = made[tcp.hand];
    if (tcb.inUse === 0 || !hasPassed(environment.nowMs, tcb.timers.lastReceiveMs, idleMs)) continue;
    if (!isIdle(tcb)) continue;
    sleep(tcp, tcb);
    return tcb;
  }
  return undefined;
}
