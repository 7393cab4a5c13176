/**
 * Balances the books of a host's stack over a card of network ports: every byte that went in came out, or is
 * lost by a name, and what host and card counted of packets and buckets is the same.
 */
import type { Ledger } from './ledger.ts';
import { balanceOf, type Counters, counterValue, type Reconciliation, type Row, row } from './reconcile.ts';

/** @returns rows that hold once nothing is in flight. */
export function reconcileLanHost(host: Ledger, card: Ledger): Reconciliation {
  const [ofHost, ofCard] = [host.snapshot(), card.snapshot()];
  const h = (name: string): number => counterValue(ofHost, name);
  return balanceOf([
    row('bytes sent by the program = queued for the peer', h('bytesSent'), h('bytesQueued')),
    row(
      'bytes copied into kernel memory = queued + refused',
      h('sendCopiesBytes'),
      h('bytesQueued') + h('bytesRefused'),
    ),
    row(
      'bytes queued = first transmissions + discarded',
      h('bytesQueued'),
      h('tcpOutDataBytes') + h('udpOutDataBytes') + h('bytesDiscarded'),
    ),
    row(
      'first transmissions over TCP = acknowledged + never acknowledged',
      h('tcpOutDataBytes'),
      h('bytesAcknowledged') + h('bytesUnacknowledged'),
    ),
    ...lanPortRows(ofHost, ofCard),
    row(
      'bytes accepted = delivered + never read + cut off datagrams',
      h('bytesAccepted'),
      h('bytesDelivered') + h('bytesUnread') + h('bytesTruncated'),
    ),
    row('bytes delivered = received by the program', h('bytesDelivered'), h('bytesReceived')),
    row('bytes received = copied once', h('bytesReceived'), h('receiveCopiesBytes')),
    row('buffer allocations after start', h('allocations'), 0),
  ]);
}

/** @returns what both sides counted of packets and buckets: it holds once no packet is with the card. */
export function lanPortRows(ofHost: Counters, ofCard: Counters): Row[] {
  const h = (name: string): number => counterValue(ofHost, name);
  const c = (name: string): number => counterValue(ofCard, name);
  return [
    row('packets sent = given back by the card', h('lanPacketsSent'), h('lanPacketsDone')),
    row(
      'packets sent = given to the device + bad + canceled',
      h('lanPacketsSent'),
      c('lanTxPackets') + c('lanTxErrors') + c('lanTxCanceled'),
    ),
    row(
      "packets' bytes = headers and payload that the card fetched",
      c('lanTxPacketsBytes'),
      c('lanHeaderFetchesBytes') + c('transmitFetchesBytes'),
    ),
    row(
      'packets from the wire = in buckets + lost by name',
      c('deviceRxPackets'),
      c('lanPlacements') + c('lanRxFiltered') + c('lanRxNoBucket') + c('lanRxErrors') + c('lanRxSuspended'),
    ),
    row("buckets' bytes placed = taken", c('lanPlacementsBytes'), h('lanPacketsTakenBytes')),
    row('buckets lent = posted at the card', h('lanBucketsLent'), c('lanBucketsPosted')),
    row(
      'buckets filled or returned = back at the host',
      c('lanPlacements') + c('lanBucketsReturned'),
      h('lanBucketsBack'),
    ),
  ];
}
