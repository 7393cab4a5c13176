/**
 * What becomes of the connections that wait for a hardware address, once it is known or nobody has answered.
 */
import { EHOSTUNREACH } from '../../socket/errno.ts';
import { awakeInOrder } from './awake.ts';
import { SENDING_TIMERS, TIMER_RETRANSMIT } from './control-block/timers.ts';
import { closeTcb, failTcb } from './lifecycle.ts';
import { stopAwaiting } from './path.ts';
import { markReady } from './ready.ts';
import { redirected } from './rerouted.ts';
import { SYN_SENT } from './state.ts';
import type { TcpTables } from './tables.ts';
import { flightBytes, type Tcb } from './tcb.ts';
import { startRetransmit } from './timers.ts';

/** @param ready whether the neighbour's hardware address has become known; false: nobody answered. */
export function neighbourChanged(tcp: TcpTables, neighbour: number, ready: boolean): void {
  const address = tcp.neighbours.address[neighbour];
  // RFC 1122 §3.3.1.4: who was redirected to it goes by the gateway again.
  const isForgotten = !ready && tcp.routes.forgetHop(address);
  if (tcp.awaitingNeighbour === 0) return;
  const waits = (tcb: Tcb) => tcb.awaitsNeighbour !== 0 && tcb.nextHop === address;
  for (const tcb of awakeInOrder(tcp, waits)) {
    // What became of another may have been its end, too.
    if (!waits(tcb)) continue;
    stopAwaiting(tcp, tcb);
    if (isForgotten) {
      redirected(tcp, tcb);
    } else if (ready) {
      // Who has nothing in flight waited for this and for no acknowledgement.
      if (flightBytes(tcb) <= 0) {
        tcb.timers.armed &= ~TIMER_RETRANSMIT;
        tcb.timers.retries = 0;
      }
      markReady(tcp, tcb);
    } else if (tcb.state === SYN_SENT) {
      failTcb(tcp, tcb, EHOSTUNREACH);
    } else if (tcb.resetDue !== 0) {
      // Nobody is left who could send it again.
      closeTcb(tcp, tcb);
    } else {
      // RFC 9293 §3.9.2.2: a soft error; the timers for sending ask again, and give up in the end.
      tcb.softError = EHOSTUNREACH;
      if ((tcb.timers.armed & SENDING_TIMERS) === 0) startRetransmit(tcp, tcb);
    }
  }
}
