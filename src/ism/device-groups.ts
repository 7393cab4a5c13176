/**
 * Parameter groups of the socket device, read and set by UtilParamsGet and UtilParamsSet. Numbers and shapes follow the LAN
 * class (reference section 7.3) where it has the like; the socket class's fields are ours. The generic groups (F000 and on)
 * are the IOP's.
 *
 * - 0000 device information, 0001 limits: read only. - 0003 batch control: may be set. - 0100 statistics: 64-bit counters
 *   since start, set back by TABLE_CLEAR.
 */

import { CounterGroup, NumberGroup, type ParameterGroup } from '../iop/module/parameter-group.ts';
import * as names from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { BatchControl } from './replies/batch-control.ts';

/** What the device information and limits groups say; numbers in index order. */
export interface DeviceFacts {
  /** IPv4 address and hardware address (its first two bytes, its last four). */
  readonly address: number;
  readonly prefixLength: number;
  readonly macHigh: number;
  readonly macLow: number;
  readonly mtu: number;
  readonly socketsMax: number;
  readonly connectionsMax: number;
  readonly datagramSocketsMax: number;
  readonly transmitBuffers: number;
  readonly transmitBufferBytes: number;
  readonly receiveBuckets: number;
  readonly receiveBucketBytes: number;
  readonly immediateSlots: number;
  readonly immediateSlotBytes: number;
}

/** Bits of SocketTypes, and the LAN class's DeviceState "operational". */
const TYPE_STREAM = 1;
const TYPE_DATAGRAM = 2;
const DEVICE_OPERATIONAL = 2;
const DATAGRAM_BYTES_MAX = 65507;

/** Statistics: the name in the group, and the ledger's counter. */
const STATISTICS: readonly (readonly [name: string, counter: number])[] = [
  ['BytesQueued', names.BYTES_QUEUED],
  ['BytesRefused', names.BYTES_REFUSED],
  ['BytesDiscarded', names.BYTES_DISCARDED],
  ['BytesAcknowledged', names.BYTES_ACKNOWLEDGED],
  ['BytesAccepted', names.BYTES_ACCEPTED],
  ['BytesDelivered', names.BYTES_DELIVERED],
  ['BytesTruncated', names.BYTES_TRUNCATED],
  ['BytesUnread', names.BYTES_UNREAD],
  ['BucketsStarved', names.MEMORY_BUCKETS_STARVED],
  ['ActiveOpens', names.TCP_ACTIVE_OPENS],
  ['PassiveOpens', names.TCP_PASSIVE_OPENS],
  ['AttemptFails', names.TCP_ATTEMPT_FAILS],
  ['EstabResets', names.TCP_ESTAB_RESETS],
  ['ListenOverflows', names.TCP_LISTEN_OVERFLOWS],
  ['InSegs', names.TCP_IN_SEGS],
  ['OutSegs', names.TCP_OUT_SEGS],
  ['RetransSegs', names.TCP_RETRANS_SEGS],
  ['OutRsts', names.TCP_OUT_RSTS],
  ['InDatagrams', names.UDP_IN_DATAGRAMS],
  ['OutDatagrams', names.UDP_OUT_DATAGRAMS],
  ['NoPorts', names.UDP_NO_PORTS],
  ['InDatagramErrors', names.UDP_IN_ERRORS],
  ['FramesRefused', names.INBOUND_REFUSED],
  ['OutboundFull', names.OUTBOUND_FULL],
];

/** @param waiting whether answered contexts wait for company right now. */
export function deviceGroups(
  facts: DeviceFacts,
  ledger: Ledger,
  batch: BatchControl,
  waiting: () => boolean,
): readonly ParameterGroup[] {
  const { counters } = ledger;
  return [
    numbers(0x0000, [
      ['SocketTypes', 2, TYPE_STREAM | TYPE_DATAGRAM],
      ['DeviceState', 2, DEVICE_OPERATIONAL],
      ['Address', 4, facts.address >>> 0],
      ['PrefixLength', 4, facts.prefixLength],
      ['HardwareAddressHigh', 4, facts.macHigh >>> 0],
      ['HardwareAddressLow', 4, facts.macLow >>> 0],
      ['Mtu', 4, facts.mtu],
      ['DatagramBytesMax', 4, DATAGRAM_BYTES_MAX],
    ]),
    numbers(0x0001, [
      ['SocketsMax', 4, facts.socketsMax],
      ['ConnectionsMax', 4, facts.connectionsMax],
      ['DatagramSocketsMax', 4, facts.datagramSocketsMax],
      ['TransmitBuffers', 4, facts.transmitBuffers],
      ['TransmitBufferBytes', 4, facts.transmitBufferBytes],
      ['ReceiveBuckets', 4, facts.receiveBuckets],
      ['ReceiveBucketBytes', 4, facts.receiveBucketBytes],
      ['ImmediateSlots', 4, facts.immediateSlots],
      ['ImmediateSlotBytes', 4, facts.immediateSlotBytes],
    ]),
    batch.group(facts.receiveBuckets, waiting),
    new CounterGroup(
      0x0100,
      STATISTICS.map(([name]) => name),
      (field) => counters[STATISTICS[field][1]],
    ),
  ];
}

/** A group of numbers that do not change. */
function numbers(
  number: number,
  fields: readonly (readonly [name: string, byteLength: number, value: number])[],
): NumberGroup {
  return new NumberGroup(
    number,
    fields.map(([name, byteLength]) => ({ name, byteLength })),
    (field) => fields[field][2],
  );
}
