/** What went over a card while a program ran, in a few lines, as `inic run --ledger` prints it. */
import type { Counters } from '../record/result.ts';
import { sizeText } from './units.ts';

/**
 * @param host and `iop`: the counters of the two sides. @param socketsOpen how many sockets the program left
 *   open.
 * @param imbalances the sums that do not hold. With sockets open some may not, since bytes are still under
 *   way.
 */
export function runSummary(
  host: Counters,
  iop: Counters,
  socketsOpen: number,
  imbalances: readonly string[],
): string[] {
  const h = (name: string): number => host[name] ?? 0;
  const c = (name: string): number => iop[name] ?? 0;
  const connections = `${c('tcpActiveOpens')} opened, ${c('tcpPassiveOpens')} accepted`;
  const copies = h('sendCopies') + h('immediateCopies') + h('receiveCopies') + c('cardImmediateCopies');
  const dma = c('transmitFetches') + c('retransmitFetches') + c('receivePlacements');
  const lines = [
    `connections ${connections}; ${sizeText(h('bytesSent'))} sent, ${sizeText(h('bytesReceived'))} received`,
    `frames ${h('inboundPosted')} in, ${c('outboundPosted')} out; segments ${c('tcpOutSegs')} sent, ` +
      `${c('tcpRetransSegs')} sent again`,
    `copies ${copies}, DMA requests ${dma}, doorbells ${h('doorbells')}, interrupts ${c('interrupts')}`,
  ];
  if (imbalances.length === 0) lines.push('ledger balanced');
  else if (socketsOpen > 0) lines.push(`ledger open: ${socketsOpen} sockets were still in use`);
  else lines.push('LEDGER DOES NOT BALANCE', ...imbalances);
  return lines;
}
