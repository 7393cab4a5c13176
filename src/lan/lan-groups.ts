/**
 * Parameter groups of a network port, as spec/groups.yaml describes them; the device's statistics and its
 * batch control are in files of their own.
 */
import { ETHERNET_HEADER_BYTES } from '../hdm/nic-rings.ts';
import * as groups from '../i2o/groups.gen.ts';
import {
  LAN_DEVICE_STATE_OPERATIONAL,
  LAN_DEVICE_STATE_OPERATIONAL_NO_RECEIVE,
  LAN_DEVICE_STATE_SUSPENDED,
  LAN_DEVICE_STATE_SUSPENDED_NO_RECEIVE,
  LAN_FILTER_ALL_MULTICAST,
  LAN_FILTER_BROADCAST_OFF,
  LAN_FILTER_MULTICAST_OFF,
  LAN_FILTER_PROMISCUOUS,
  LAN_FILTER_UNICAST_OFF,
  LAN_LINK_STATUS_FAILURE,
  LAN_LINK_STATUS_NORMAL,
  LAN_MODE_IPV4_CHECKSUM,
  LAN_MODE_TCP_CHECKSUM,
  LAN_MODE_UDP_CHECKSUM,
  LAN_RECEIVE_POST_REPLY_LIST_MAX,
  LAN_TYPE_ETHERNET,
  LAN_USER_FLAG_REPORT_BAD_RECEIVES,
  LAN_USER_FLAG_REPORT_TRANSMIT_ERRORS,
} from '../i2o/lan.gen.ts';
import { SGL_FRAGMENTS_MAX } from '../i2o/list/sgl-reader.ts';
import { BLOCK_STATUS_OPERATION_ERROR } from '../i2o/utility.gen.ts';
import { DescribedGroup, getNumber, type ParameterGroup } from '../iop/module/parameter-group.ts';
import type { LinkPort } from '../tcpip/contract.ts';
import type { BucketQueue } from './bucket-queue.ts';
import type { Receiver } from './receiver.ts';
import { PACKET_PIECES_MAX, type SendQueue } from './send-queue.ts';
import type { Transmitter } from './transmitter.ts';

/** LAN_FILTER_ bits that this device knows. */
const FILTERS =
  LAN_FILTER_UNICAST_OFF |
  LAN_FILTER_PROMISCUOUS |
  LAN_FILTER_ALL_MULTICAST |
  LAN_FILTER_BROADCAST_OFF |
  LAN_FILTER_MULTICAST_OFF;
const USER_FLAGS = LAN_USER_FLAG_REPORT_TRANSMIT_ERRORS | LAN_USER_FLAG_REPORT_BAD_RECEIVES;
const PRE_PAD_MAX = 255;
const FULL_DUPLEX = 1;
/** Buckets that one LanReceivePost names at most. */
const BUCKETS_PER_POST = 64;

/** What the groups show and set. */
export interface LanGroupParts {
  readonly port: LinkPort & { readonly linkUp: boolean };
  readonly receiveChecksum: boolean;
  readonly sends: SendQueue;
  readonly transmitter: Transmitter;
  readonly buckets: BucketQueue;
  readonly receiver: Receiver;
}

export function lanGroups(parts: LanGroupParts): readonly ParameterGroup[] {
  return [
    deviceInfo(parts),
    macAddress(parts),
    operation(parts),
    shown(groups.GROUP_LAN_MEDIA, (field) => {
      if (field === groups.GROUP_LAN_MEDIA_DUPLEX || field === groups.GROUP_LAN_MEDIA_DUPLEX_TARGET)
        return FULL_DUPLEX;
      if (field !== groups.GROUP_LAN_MEDIA_LINK_STATUS) return 0;
      return parts.port.linkUp ? LAN_LINK_STATUS_NORMAL : LAN_LINK_STATUS_FAILURE;
    }),
    shown(groups.GROUP_LAN_TRANSMIT_INFO, (field) => {
      const values = [PACKET_PIECES_MAX, SGL_FRAGMENTS_MAX, parts.sends.capacity, SGL_FRAGMENTS_MAX];
      return values[field] ?? transmitModes(parts.port);
    }),
    shown(groups.GROUP_LAN_RECEIVE_INFO, (field) => {
      const buckets = [LAN_RECEIVE_POST_REPLY_LIST_MAX, 1, BUCKETS_PER_POST];
      return [SGL_FRAGMENTS_MAX, parts.buckets.capacity, receiveModes(parts), ...buckets][field];
    }),
  ];
}

function deviceInfo({ port, buckets, receiver }: LanGroupParts): DescribedGroup {
  const state = (): number => {
    if (receiver.suspended)
      return buckets.posted === 0 ? LAN_DEVICE_STATE_SUSPENDED_NO_RECEIVE : LAN_DEVICE_STATE_SUSPENDED;
    return buckets.posted === 0 ? LAN_DEVICE_STATE_OPERATIONAL_NO_RECEIVE : LAN_DEVICE_STATE_OPERATIONAL;
  };
  const values: Readonly<Record<number, () => number>> = {
    [groups.GROUP_LAN_DEVICE_INFO_LAN_TYPE]: () => LAN_TYPE_ETHERNET,
    [groups.GROUP_LAN_DEVICE_INFO_DEVICE_STATE]: state,
    [groups.GROUP_LAN_DEVICE_INFO_MIN_PACKET_BYTES]: () => ETHERNET_HEADER_BYTES,
    [groups.GROUP_LAN_DEVICE_INFO_MAX_PACKET_BYTES]: () => ETHERNET_HEADER_BYTES + port.mtu,
    [groups.GROUP_LAN_DEVICE_INFO_HARDWARE_ADDRESS]: () => addressNumber(port),
    [groups.GROUP_LAN_DEVICE_INFO_MAX_SDU_BYTES]: () => port.mtu,
  };
  return shown(groups.GROUP_LAN_DEVICE_INFO, (field) => values[field]?.() ?? 0);
}

function macAddress({ port, receiver }: LanGroupParts): DescribedGroup {
  const layout = groups.GROUP_LAN_MAC_ADDRESS;
  const values: Readonly<Record<number, () => number>> = {
    [groups.GROUP_LAN_MAC_ADDRESS_ACTIVE_ADDRESS]: () => addressNumber(port),
    [groups.GROUP_LAN_MAC_ADDRESS_LOCAL_ADDRESS]: () => addressNumber(port),
    [groups.GROUP_LAN_MAC_ADDRESS_FILTER_MASK]: () => receiver.addresses.mask,
    [groups.GROUP_LAN_MAC_ADDRESS_FILTER_CAPABILITY]: () => FILTERS,
    [groups.GROUP_LAN_MAC_ADDRESS_MAX_PERFECT]: () => 1,
  };
  return new DescribedGroup(layout, {
    put: (field, _row, put) => {
      put.number(values[field]?.() ?? 0);
    },
    take: (field, bytes, at) => {
      const mask = getNumber(bytes, at, layout.fields[field].byteLength);
      if ((mask & ~FILTERS) !== 0 || mask > FILTERS) return BLOCK_STATUS_OPERATION_ERROR;
      receiver.addresses.mask = mask;
      return 0;
    },
  });
}

function operation(parts: LanGroupParts): DescribedGroup {
  const { port, receiver, transmitter } = parts;
  const layout = groups.GROUP_LAN_OPERATION;
  const flags = (): number =>
    (transmitter.reportErrors ? LAN_USER_FLAG_REPORT_TRANSMIT_ERRORS : 0) |
    (receiver.reportBad ? LAN_USER_FLAG_REPORT_BAD_RECEIVES : 0);
  const values: Readonly<Record<number, () => number>> = {
    [groups.GROUP_LAN_OPERATION_PACKET_PRE_PAD]: () => receiver.prePadBytes,
    [groups.GROUP_LAN_OPERATION_USER_FLAGS]: flags,
    [groups.GROUP_LAN_OPERATION_TX_MODES_ENABLE]: () => transmitModes(port),
    [groups.GROUP_LAN_OPERATION_RX_MODES_ENABLE]: () => receiveModes(parts),
  };
  return new DescribedGroup(layout, {
    put: (field, _row, put) => {
      put.number(values[field]?.() ?? 0);
    },
    take: (field, bytes, at) => {
      const value = getNumber(bytes, at, layout.fields[field].byteLength);
      if (field === groups.GROUP_LAN_OPERATION_PACKET_PRE_PAD) {
        if (value > PRE_PAD_MAX) return BLOCK_STATUS_OPERATION_ERROR;
        receiver.prePadBytes = value;
        return 0;
      }
      if (value > USER_FLAGS) return BLOCK_STATUS_OPERATION_ERROR;
      transmitter.reportErrors = (value & LAN_USER_FLAG_REPORT_TRANSMIT_ERRORS) !== 0;
      receiver.reportBad = (value & LAN_USER_FLAG_REPORT_BAD_RECEIVES) !== 0;
      return 0;
    },
  });
}

/** A group whose values the host only reads. */
function shown(layout: groups.GroupLayout, value: (field: number) => number): DescribedGroup {
  return new DescribedGroup(layout, {
    put: (field, _row, put) => {
      put.number(value(field));
    },
  });
}

/** Checksums the device makes: IPv4's the port itself, the others where its device does. */
function transmitModes({ transmitChecksum }: LinkPort): number {
  return LAN_MODE_IPV4_CHECKSUM | (transmitChecksum ? LAN_MODE_TCP_CHECKSUM | LAN_MODE_UDP_CHECKSUM : 0);
}

function receiveModes({ receiveChecksum }: LanGroupParts): number {
  return receiveChecksum ? LAN_MODE_IPV4_CHECKSUM | LAN_MODE_TCP_CHECKSUM | LAN_MODE_UDP_CHECKSUM : 0;
}

/** A hardware address as the number that lies in memory as its six bytes do, little-endian. */
export function addressNumber({ macHigh, macLow }: LinkPort): number {
  const bytes = [
    macHigh >>> 8,
    macHigh & 0xff,
    macLow >>> 24,
    (macLow >>> 16) & 0xff,
    (macLow >>> 8) & 0xff,
    macLow & 0xff,
  ];
  return bytes.reduceRight((number, byte) => number * 256 + byte, 0);
}
