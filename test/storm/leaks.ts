/** What must be true of a stack that has nothing to do any more. */
import type { Host } from './host.ts';

/** Everything must be back where it came from. */
export function checkNothingLeft(host: Host): void {
  const { stack, packets, ledger } = host;
  const { tables } = stack;
  const n = ledger.snapshot() as Record<string, number>;
  const left: [string, number, number][] = [
    ['connections in the pool', tables.freeTcbCount, stack.config.connectionsMax],
    ['send elements in the pool', tables.sendQueue.available, stack.config.sendElementsMax],
    ['packet slots in the pool', packets.available, packets.count],
    ['contexts not answered', host.contexts.size, 0],
    ['entries of the demultiplexer', tables.demux.count, 0],
    ['connections in a state', tables.inState.reduce((sum, count) => sum + count, 0), 0],
    ['timers', tables.timers.isEmpty ? 0 : 1, 0],
    ['deadlines', stack.hasDeadline() ? 1 : 0, 0],
    ['output', stack.hasOutput() ? 1 : 0, 0],
    ['bytes queued', n.bytesQueued, n.tcpOutDataBytes + n.bytesDiscarded],
    ['bytes sent', n.tcpOutDataBytes, n.bytesAcknowledged + n.bytesUnacknowledged],
    ['bytes accepted', n.bytesAccepted, n.bytesDelivered + n.bytesUnread],
  ];
  for (const [what, is, should] of left) {
    if (is !== should) throw new Error(`host ${host.index}: ${what}: ${is} instead of ${should}`);
  }
}
