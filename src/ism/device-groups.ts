/**
 * Parameter groups of the socket device, read by UtilParamsGet and set by UtilParamsSet. Their numbers and
 * shapes follow I2O's LAN class where it has the like; the fields of the socket class are ours. The generic
 * groups, numbers 0xF000 and up, are made by the IOP.
 *
 *   0x0000  device information   read only
 *   0x0001  limits               read only
 *   0x0003  batch control        may be set (replies/batch-control.ts)
 *   0x0101  addresses            read only; since version 3
 *   0x0100  statistics           64-bit counters since start; TABLE_CLEAR sets them back
 */
import { assert } from '../assert/assert.ts';
import { GROUP_SOCKET_ADDRESS, GROUP_SOCKET_STATISTICS } from '../i2o/groups.gen.ts';
import { CounterGroup, NumberGroup, type ParameterGroup } from '../iop/module/parameter-group.ts';
import * as names from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { AddressEntry } from '../tcpip/arp/address-conflicts.ts';
import type { BatchControl } from './replies/batch-control.ts';

/** What the group of addresses says. */
export interface ToldAddresses {
  addressEntries(): AddressEntry[];
  latestConflict(): AddressEntry;
}

/** What the groups of device information and limits say. */
export interface DeviceFacts {
  /** IPv4 address, its first byte in the highest bits. */
  readonly address: number;
  readonly prefixLength: number;
  /** Hardware address: its first two bytes, and its last four. */
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
  /** Of a device of class version 3. */
  readonly addresses?: ToldAddresses;
}

const GROUP_DEVICE_INFORMATION = 0x0000;
const GROUP_LIMITS = 0x0001;
/** Bits of SocketTypes. */
const TYPE_STREAM = 1;
const TYPE_DATAGRAM = 2;
/** The LAN class's DeviceState "operational". */
const DEVICE_OPERATIONAL = 2;
/** Payload of the largest UDP datagram: 65,535 bytes less the IPv4 and UDP headers. */
const DATAGRAM_BYTES_MAX = 65507;

/**
 * The ledger's counter behind each field of the statistics group, by the field's index (spec/groups.yaml).
 */
const STATISTICS: readonly number[] = [
  names.BYTES_QUEUED,
  names.BYTES_REFUSED,
  names.BYTES_DISCARDED,
  names.BYTES_ACKNOWLEDGED,
  names.BYTES_ACCEPTED,
  names.BYTES_DELIVERED,
  names.BYTES_TRUNCATED,
  names.BYTES_UNREAD,
  names.MEMORY_BUCKETS_STARVED,
  names.TCP_ACTIVE_OPENS,
  names.TCP_PASSIVE_OPENS,
  names.TCP_ATTEMPT_FAILS,
  names.TCP_ESTAB_RESETS,
  names.TCP_LISTEN_OVERFLOWS,
  names.TCP_IN_SEGS,
  names.TCP_OUT_SEGS,
  names.TCP_RETRANS_SEGS,
  names.TCP_OUT_RSTS,
  names.UDP_IN_DATAGRAMS,
  names.UDP_OUT_DATAGRAMS,
  names.UDP_NO_PORTS,
  names.UDP_IN_ERRORS,
  names.INBOUND_REFUSED,
  names.OUTBOUND_FULL,
];
checkStatistics(STATISTICS.length);

/** The device's groups. @param waiting says whether answered contexts wait for company right now. */
export function deviceGroups(
  facts: DeviceFacts,
  ledger: Ledger,
  batch: BatchControl,
  waiting: () => boolean,
): readonly ParameterGroup[] {
  const { counters } = ledger;
  return [
    numbers(GROUP_DEVICE_INFORMATION, [
      ['SocketTypes', 2, TYPE_STREAM | TYPE_DATAGRAM],
      ['DeviceState', 2, DEVICE_OPERATIONAL],
      ['Address', 4, facts.address >>> 0],
      ['PrefixLength', 4, facts.prefixLength],
      ['HardwareAddressHigh', 4, facts.macHigh >>> 0],
      ['HardwareAddressLow', 4, facts.macLow >>> 0],
      ['Mtu', 4, facts.mtu],
      ['DatagramBytesMax', 4, DATAGRAM_BYTES_MAX],
    ]),
    numbers(GROUP_LIMITS, [
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
    batch.group(waiting),
    new CounterGroup(
      GROUP_SOCKET_STATISTICS.number,
      GROUP_SOCKET_STATISTICS.fields.map(({ name }) => name),
      (field) => counters[STATISTICS[field]],
    ),
    ...(facts.addresses === undefined ? [] : [addressGroup(facts.addresses)]),
  ];
}

/** The group of a device's addresses. */
export function addressGroup(told: ToldAddresses): NumberGroup {
  const { number, fields } = GROUP_SOCKET_ADDRESS;
  assert(told.addressEntries().length > 0, 'device groups: a device has an address to tell of');
  const inState = (state: AddressEntry['state']) =>
    told.addressEntries().filter((entry) => entry.state === state).length;
  return new NumberGroup(number, fields, (field) => {
    const latest = told.latestConflict();
    const conflicts = told.addressEntries().reduce((sum, entry) => sum + entry.conflicts, 0);
    const { address, macHigh, macLow } = latest;
    const who = [latest.port, address >>> 0, macHigh >>> 0, macLow >>> 0];
    return [inState('probed'), inState('given up'), conflicts, ...who][field];
  });
}

/** A group of numbers that do not change. @param groupNumber 0 to 0xEFFF. */
export function numbers(
  groupNumber: number,
  fields: readonly (readonly [name: string, byteLength: number, value: number])[],
): NumberGroup {
  for (const [, byteLength, value] of fields) {
    const fits = Number.isInteger(value) && value >= 0 && value < 2 ** (8 * byteLength);
    assert(fits, 'device groups: a number of the device fits its field');
  }
  return new NumberGroup(
    groupNumber,
    fields.map(([name, byteLength]) => ({ name, byteLength })),
    (field) => fields[field][2],
  );
}

/** Checked when the module is loaded. @param counters how many there are to show. */
export function checkStatistics(counters: number): void {
  const fields = GROUP_SOCKET_STATISTICS.fields.length;
  assert(counters === fields, 'device groups: every field of the statistics shows a counter');
}
