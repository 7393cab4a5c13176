/**
 * Balances the books of one card: what goes in at one end comes out of the other, or is lost by a name. A
 * row is a sum that must hold once nothing is in flight; a run in which one does not hold is a failed run.
 * What several cards and links have in common is balanced over the whole world (world/build/books.ts).
 */
import { COUNTER_NAMES } from './counters.gen.ts';

/** Counters by name, those that are zero perhaps left out. */
export type Counters = Readonly<Record<string, number>>;

const KNOWN: ReadonlySet<string> = new Set(COUNTER_NAMES);

/**
 * A counter's value, 0 where it is left out. @throws RangeError for a name that no counter has, which would
 * be 0 for ever.
 */
export function counterValue(counters: Counters, name: string): number {
  if (!KNOWN.has(name)) throw new RangeError(`the ledger has no counter "${name}"`);
  return counters[name] ?? 0;
}

/** What the sides hold right now, outside the counters. */
export interface Holdings {
  /** Transmit buffers and slots in the card's hands, and the buckets not yet back from the program. */
  readonly transmitInUse: number;
  /** Whether the driver was told to map and allocate buffers as it goes; absent: it was not. */
  readonly breaksAims?: boolean;
}

export interface Row {
  /** What the sum says, in words. */
  readonly what: string;
  readonly left: number;
  readonly right: number;
}

export interface Reconciliation {
  readonly balanced: boolean;
  /** The rows that do not balance, in words. */
  readonly lines: readonly string[];
  readonly rows: readonly Row[];
}

/**
 * @param host @param iop the two sides' counters.
 * @param loop counters of the card's wire where it comes back to itself; absent where it leads to others.
 */
export function reconcile(
  host: Counters,
  iop: Counters,
  holdings: Holdings,
  loop?: Counters,
): Reconciliation {
  const h: Side = (name) => counterValue(host, name);
  const c: Side = (name) => counterValue(iop, name);
  return balanceOf([
    ...sentRows(h, c),
    ...receivedRows(h, c),
    ...resourceRows(h, c, holdings),
    ...(loop === undefined ? [] : loopRows(c, (name) => counterValue(loop, name))),
  ]);
}

/** Counters of one side, by name. */
type Side = (name: string) => number;

/** The way of the bytes sent, from the program to the wire. @param h the host's. @param c the card's. */
function sentRows(h: Side, c: Side): Row[] {
  return [
    row(
      'bytes sent = copied to buffers + copied into frames + offered in buffers',
      h('bytesSent'),
      h('sendCopiesBytes') + h('immediateCopiesBytes') + h('bytesLent'),
    ),
    row(
      'bytes sent = queued by the stack + taken by the echo module + refused + undelivered',
      h('bytesSent'),
      c('bytesQueued') + c('bytesEchoTaken') + c('bytesRefused') + h('bytesUndelivered'),
    ),
    row(
      'bytes copied into frames = bytes copied from frames + undelivered',
      h('immediateCopiesBytes'),
      c('cardImmediateCopiesBytes') + h('immediateUndeliveredBytes'),
    ),
    ...transmittedRows(c),
  ];
}

/** The way of queued bytes through the stack and its device, whoever queued them. */
export function transmittedRows(c: Side): Row[] {
  return [
    row(
      'bytes queued + taken over = first transmissions + discarded + handed over',
      c('bytesQueued') + c('handOffUnsentIn'),
      c('tcpOutDataBytes') + c('udpOutDataBytes') + c('bytesDiscarded') + c('handOffUnsentOut'),
    ),
    row(
      'first transmissions, and what ICMP quotes = bytes the device fetched',
      c('tcpOutDataBytes') + c('udpOutDataBytes') + c('icmpOutDataBytes'),
      c('transmitFetchesBytes'),
    ),
    row(
      'retransmissions = bytes the device fetched again',
      c('tcpRetransBytes'),
      c('retransmitFetchesBytes'),
    ),
    row(
      'first transmissions over TCP + taken over = acknowledged + never acknowledged + handed over',
      c('tcpOutDataBytes') + c('handOffFlightIn'),
      c('bytesAcknowledged') + c('bytesUnacknowledged') + c('handOffFlightOut'),
    ),
  ];
}

/** The way of the bytes received, from the connection to the program. */
function receivedRows(h: Side, c: Side): Row[] {
  return [
    row(
      'bytes accepted + taken over = delivered + never read + cut off datagrams + handed over',
      c('bytesAccepted') + c('handOffUnreadIn'),
      c('bytesDelivered') + c('bytesUnread') + c('bytesTruncated') + c('handOffUnreadOut'),
    ),
    row('bytes delivered = placed in buckets', c('bytesDelivered'), c('receivePlacementsBytes')),
    row(
      'bytes delivered + echoed = received by the program + dropped at close + cut off datagrams + ' +
        'destroyed by a reset + handed over',
      c('bytesDelivered') + c('bytesEchoAnswered'),
      h('bytesReceived') +
        h('bytesDropped') +
        h('datagramsCutBytes') +
        c('bytesDestroyed') +
        h('handOffDeliveredBytes'),
    ),
    row(
      'bytes received = copied + used in place',
      h('bytesReceived'),
      h('receiveCopiesBytes') + h('bytesBorrowed'),
    ),
  ];
}

/** Frames, buffers, mappings and allocations. */
function resourceRows(h: Side, c: Side, holdings: Holdings): Row[] {
  return [
    row('inbound frames posted = released', h('inboundPosted'), c('inboundReleased')),
    row(
      'outbound frames posted = released + destroyed by a reset',
      c('outboundPosted'),
      h('outboundReleased') + c('outboundDestroyed'),
    ),
    row(
      'transmit buffers taken = returned + in use',
      h('memoryTransmitTaken'),
      h('memoryTransmitReturned') + holdings.transmitInUse,
    ),
    ...(holdings.breaksAims === true
      ? []
      : [
          row('address mappings after start', h('mappings') + c('mappings'), 0),
          row('buffer allocations after start', h('allocations') + c('allocations'), 0),
        ]),
  ];
}

/** A wire that comes back to the card. @param w the wire's counters. */
function loopRows(c: Side, w: Side): Row[] {
  const lost = c('tcpOutDataBytes') - (c('bytesAccepted') - c('udpInDataBytes'));
  return [
    row(
      'bytes lost on the way = never acknowledged, at most',
      Math.max(0, lost - c('bytesUnacknowledged')),
      0,
    ),
    row(
      'datagrams taken in = put out or doubled, at most',
      Math.max(
        0,
        c('udpInDatagrams') + c('udpNoPorts') + c('udpInErrors') - c('udpOutDatagrams') - w('wireDuplicated'),
      ),
      0,
    ),
    row(
      'frames on the wire = taken off it + lost by name',
      c('deviceTxPackets') + w('wireDuplicated'),
      c('deviceRxPackets') + c('deviceRxNoBuffer') + w('wireDropped') + w('wireOverflow'),
    ),
  ];
}

/** Whether every row holds. */
export function balanceOf(rows: readonly Row[]): Reconciliation {
  const wrong = rows.filter((r) => r.left !== r.right);
  return {
    balanced: wrong.length === 0,
    lines: wrong.map((r) => `${r.what}: ${r.left} against ${r.right}`),
    rows,
  };
}

/** One sum that must hold. */
export function row(what: string, left: number, right: number): Row {
  return { what, left, right };
}
