/**
 * Balances the books of a host whose TCP window is in its card's memory, over messages: every byte that went
 * in came out, or is lost by a name, and host and card say the same of what the window holds.
 */
import type { Ledger } from './ledger.ts';
import { balanceOf, type Counters, counterValue, type Reconciliation, type Row, row } from './reconcile.ts';

/** What the window holds now, as the card has it. */
export interface WindowContent {
  readonly filledBytes: number;
  readonly framesHeld: number;
}

type Count = (name: string) => number;

/** @returns rows that hold once nothing is in flight. */
export function reconcileWindowHost(host: Ledger, card: Ledger, held: WindowContent): Reconciliation {
  const [ofHost, ofCard] = [host.snapshot(), card.snapshot()];
  const h = (name: string): number => counterValue(ofHost, name);
  return balanceOf([...programRows(h), ...windowCardRows(ofHost, ofCard, held)]);
}

/** What the program sent and received. */
function programRows(h: Count): Row[] {
  return [
    row('bytes sent by the program = queued for the peer', h('bytesSent'), h('bytesQueued')),
    row(
      'bytes to be filled = queued + refused',
      h('windowFillsAskedBytes'),
      h('bytesQueued') + h('bytesRefused'),
    ),
    row(
      'bytes to be filled, or received = by mapped pages + by copies',
      h('windowFillsAskedBytes') + h('bytesReceived') - h('receiveCopiesBytes'),
      h('sendCopiesBytes') + h('windowShownBytes'),
    ),
    row('fills = given back by the card', h('windowFillsAsked'), h('windowFillsDone')),
    row(
      'first transmissions over TCP = acknowledged + never acknowledged',
      h('tcpOutDataBytes'),
      h('bytesAcknowledged') + h('bytesUnacknowledged'),
    ),
    row(
      'bytes queued = first transmissions + discarded',
      h('bytesQueued'),
      h('tcpOutDataBytes') + h('udpOutDataBytes') + h('bytesDiscarded'),
    ),
    row('packets sent = given back by the card', h('lanPacketsSent'), h('lanPacketsDone')),
    row(
      'bytes accepted = delivered + never read + cut off datagrams',
      h('bytesAccepted'),
      h('bytesDelivered') + h('bytesUnread') + h('bytesTruncated'),
    ),
    row(
      'bytes delivered = received by the program + placed and never read',
      h('bytesDelivered'),
      h('bytesReceived') + h('windowUnreadBytes'),
    ),
    row('buffer allocations after start', h('allocations'), 0),
  ];
}

/** @returns what host and card say of each other, and of the window: it holds once nothing is with the card. */
export function windowCardRows(ofHost: Counters, ofCard: Counters, held: WindowContent): Row[] {
  const h = (name: string): number => counterValue(ofHost, name);
  const c = (name: string): number => counterValue(ofCard, name);
  return [
    row('bytes to be filled = filled', h('windowFillsAskedBytes'), c('windowFillsBytes')),
    row(
      'bytes filled = released + in the window',
      c('windowFillsBytes'),
      c('windowReleasesBytes') + held.filledBytes,
    ),
    row(
      'packets sent = given to the device + bad + canceled',
      h('lanPacketsSent'),
      c('lanTxPackets') + c('lanTxErrors') + c('lanTxCanceled'),
    ),
    row(
      "packets' bytes = headers that the card fetched, and payload out of the window",
      c('lanTxPacketsBytes'),
      c('lanHeaderFetchesBytes') + c('transmitFetchesBytes') + c('retransmitFetchesBytes'),
    ),
    row(
      'packets from the wire = told of + lost by name',
      c('deviceRxPackets'),
      c('windowFramesKept') + c('lanRxFiltered') + c('windowRxFull') + c('windowRxClosed'),
    ),
    row('bytes of packets told of = taken', c('windowFramesKeptBytes'), h('windowFramesTakenBytes')),
    row(
      'packets told of = given back + in the window',
      c('windowFramesKept'),
      c('windowFramesBack') + held.framesHeld,
    ),
    row(
      'bytes given back = released by the host',
      c('windowFramesBackBytes') + c('windowReleasesBytes'),
      h('windowReleasesAskedBytes'),
    ),
    row('bytes to be placed = placed', h('windowPlacementsAskedBytes'), c('windowPlacementsBytes')),
    row('bytes placed = told of', c('windowPlacementsBytes'), h('windowPlacementsDoneBytes')),
  ];
}
