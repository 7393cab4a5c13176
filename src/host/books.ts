/** Balances the books of a host's own stack: every byte that went in came out, or is lost by a name. */
import type { Ledger } from '../ledger/ledger.ts';
import { balanceOf, counterValue, type Reconciliation, row, transmittedRows } from '../ledger/reconcile.ts';

/** @returns rows that hold once nothing is in flight. */
export function reconcileHost(ledger: Ledger): Reconciliation {
  const counters = ledger.snapshot();
  const c = (name: string): number => counterValue(counters, name);
  return balanceOf([
    row('bytes sent by the program = queued for the peer', c('bytesSent'), c('bytesQueued')),
    row(
      'bytes copied into kernel memory = queued + refused',
      c('sendCopiesBytes'),
      c('bytesQueued') + c('bytesRefused'),
    ),
    ...transmittedRows(c),
    row(
      'bytes accepted + taken over = delivered + never read + cut off datagrams + handed over',
      c('bytesAccepted') + c('handOffUnreadIn'),
      c('bytesDelivered') + c('bytesUnread') + c('bytesTruncated') + c('handOffUnreadOut'),
    ),
    row('bytes delivered = received by the program', c('bytesDelivered'), c('bytesReceived')),
    row('bytes received = copied once', c('bytesReceived'), c('receiveCopiesBytes')),
    row('buffer allocations after start', c('allocations'), 0),
  ]);
}
