/**
 * An own address is given up, since another station has it (RFC 5227 §2.4): its connections are reset, which
 * the RFC asks for so that none is left to be taken up by the other, and their users are told.
 */
import { assert } from '../../assert/assert.ts';
import { EADDRNOTAVAIL } from '../../socket/errno.ts';
import { WORD_LOCAL_ADDRESS } from './dormant-record.ts';
import { failTcb, queueReset } from './lifecycle.ts';
import { CLOSED, LISTEN, SYN_SENT, TIME_WAIT } from './state.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';
import { awakeTcb } from './wake.ts';

/**
 * Ends all connections from an address, those that sleep too, with EADDRNOTAVAIL. One that another stack is
 * about to take over is left to it. Listeners stay. Their resets wait for the next flush.
 * @returns how many there were.
 */
export function addressLost(tcp: TcpTables, address: number): number {
  const { tcbs, dormant, asleep } = tcp;
  assert(address !== 0, 'address lost: what is given up is an address');
  let count = 0;
  for (let index = 0; index < tcbs.length; index++) {
    const isAsleep = tcbs[index] === asleep;
    if (isAsleep && dormant.word(index, WORD_LOCAL_ADDRESS) !== address) continue;
    const tcb = isAsleep ? awakeTcb(tcp, index) : tcbs[index];
    if (tcb.inUse === 0 || tcb.index !== index || tcb.localAddress !== address || !isOpen(tcb)) continue;
    if (tcb.state !== SYN_SENT) queueReset(tcp, tcb);
    failTcb(tcp, tcb, EADDRNOTAVAIL);
    count += 1;
  }
  return count;
}

function isOpen({ state, hashed, moving }: Tcb): boolean {
  return hashed !== 0 && moving === 0 && state !== CLOSED && state !== LISTEN && state !== TIME_WAIT;
}
