/**
 * The executive's own parameter groups of I2O 1.5: hardware, queues, environment, modules, and its tables
 * once more.
 */
import { assert } from '../../assert/assert.ts';
import {
  ADAPTER_STATE_CONTROLLED,
  BUS_TYPE_LOCAL,
  getSysTabEntryI2oVersion,
  getSysTabEntryInboundFrameWords,
  getSysTabEntryIopId,
  getSysTabEntryIopState,
  getSysTabEntryMessengerType,
  getSysTabEntryOrganizationId,
  getSysTabEntrySegmentNumber,
  SYS_TAB_ENTRY_WORDS,
  SYS_TAB_HEADER_WORDS,
} from '../../i2o/executive.gen.ts';
import { FRAME_BYTES } from '../../i2o/frame.ts';
import * as layout from '../../i2o/groups.gen.ts';
import { IOP_TID, NO_TID, ORGANIZATION_ID } from '../../i2o/tids.ts';
import type { FrameConsumer } from '../../i2o/transport.ts';
import { DescribedGroup, type ParameterGroup, type ValueWriter } from '../module/parameter-group.ts';
import type { Outbound } from '../reply/outbound.ts';
import { type IopState, SYSTEM_TABLE_WORDS } from '../state/iop-state.ts';
import { EVENT_QUEUE_MAX } from '../target/events.ts';
import { DeviceTarget, type ExecutiveTarget, type Target } from '../target/target.ts';
import { classWord, moduleName } from './generic-groups.ts';
import { STATIC_FRAMES, type StaticFrames } from './static-frames.ts';
import { ADAPTER_ID, controllingTid, identityTag, isListed } from './tables.ts';

/** ModuleType of the module list: a part of the card. */
const MODULE_TYPE_EMBEDDED = 0x22;
/** ProcessorType: none of those that I2O names. */
const PROCESSOR_OTHER = 0xff;
/** BusAttributes: a bus of the card's own. */
const BUS_PRIVATE = 2;
const PRODUCT_NUMBER = 1;

export interface ExecutiveGroupParts {
  readonly iop: IopState;
  readonly executive: ExecutiveTarget;
  readonly devices: readonly DeviceTarget[];
  readonly staticFrames: StaticFrames;
  readonly inbound: FrameConsumer;
  readonly outbound: Outbound;
  readonly inboundFrames: number;
  readonly outboundFrames: number;
  readonly memoryBytes: number;
}

export function executiveGroups(parts: ExecutiveGroupParts): ParameterGroup[] {
  return [
    numbers(layout.GROUP_IOP_HARDWARE, () => [
      ...[ORGANIZATION_ID, PRODUCT_NUMBER, parts.memoryBytes, 0, 0],
      ...[PROCESSOR_OTHER, 0],
    ]),
    numbers(layout.GROUP_MESSAGE_INTERFACE, () => messageInterface(parts)),
    numbers(layout.GROUP_ENVIRONMENT, () => {
      let { waiting } = parts.executive.events;
      for (const { events } of parts.devices) waiting += events.waiting;
      return [parts.memoryBytes, 0, 0, EVENT_QUEUE_MAX, waiting, 1];
    }),
    ddmList(parts),
    numbers(layout.GROUP_DRIVER_STORE, () => [0, 0, 0, 0]),
    none(layout.GROUP_DRIVER_STORE_TABLE),
    numbers(layout.GROUP_BUS_ATTRIBUTES, () => [0, BUS_TYPE_LOCAL, 1, 1, BUS_PRIVATE], 1),
    numbers(layout.GROUP_SOFTWARE_ATTRIBUTES, () => [ORGANIZATION_ID, PRODUCT_NUMBER, 0, 0]),
    hardwareResources(parts.devices),
    numbers(layout.GROUP_LOGICAL_CONFIGURATION_HEAD, () => [
      parts.iop.bootTid,
      0,
      parts.iop.changeIndicator >>> 0,
    ]),
    logicalConfiguration(parts),
    systemTable(parts.iop),
    none(layout.GROUP_EXTERNAL_CONNECTIONS),
  ];
}

/**
 * A scalar group, or a table of one row, of numbers that are cheap to find all at once, in the order of the
 * fields.
 */
function numbers(group: layout.GroupLayout, values: () => readonly number[], rows = 1): ParameterGroup {
  return new DescribedGroup(group, {
    ...(group.table ? { rows: () => rows } : {}),
    put: (field, _row, put) => {
      const all = values();
      assert(all.length === group.fields.length, 'executive groups: a group has a number for each field');
      put.number(all[field]);
    },
  });
}

/** A table of what this card has none of. */
function none(group: layout.GroupLayout): ParameterGroup {
  return new DescribedGroup(group, { rows: () => 0, put: () => {} });
}

/** Frames and their numbers, in the order of the group's fields. */
function messageInterface(parts: ExecutiveGroupParts): readonly number[] {
  const { inboundFrames, outboundFrames, iop } = parts;
  const posted = parts.inbound.waiting ?? 0;
  const replies = parts.outbound.producer.inUse;
  const statics = parts.staticFrames.count;
  return [
    ...[FRAME_BYTES, FRAME_BYTES, inboundFrames, inboundFrames, inboundFrames],
    ...[inboundFrames - posted, posted],
    ...[statics, statics, STATIC_FRAMES, STATIC_FRAMES],
    parts.outbound.grantedWords * 4,
    ...[outboundFrames, outboundFrames, outboundFrames - replies, replies, iop.initCode],
  ];
}

function ddmList({ devices }: ExecutiveGroupParts): ParameterGroup {
  return new DescribedGroup(layout.GROUP_DDM_LIST, {
    rows: () => devices.length,
    put: (field, row, put) => {
      const device = devices[row];
      assert(device !== undefined, 'executive groups: a row of the module list is a device');
      if (field === layout.GROUP_DDM_LIST_DDM_TID) put.number(device.tid);
      else if (field === layout.GROUP_DDM_LIST_MODULE_TYPE) put.number(MODULE_TYPE_EMBEDDED);
      else if (field === layout.GROUP_DDM_LIST_VENDOR_ID) put.number(ORGANIZATION_ID);
      else if (field === layout.GROUP_DDM_LIST_MODULE_ID) put.number(device.classId);
      else if (field === layout.GROUP_DDM_LIST_MODULE_NAME) put.text(moduleName(device));
      else if (field === layout.GROUP_DDM_LIST_MODULE_VERSION) put.number(device.classVersion);
      else put.number(0);
    },
  });
}

function hardwareResources(devices: readonly DeviceTarget[]): ParameterGroup {
  return new DescribedGroup(layout.GROUP_HARDWARE_RESOURCES, {
    rows: () => 1,
    put: (field, _row, put) => {
      const tid = controllingTid(devices);
      put.number([ADAPTER_ID, tid | (ADAPTER_STATE_CONTROLLED << 12), 0, BUS_TYPE_LOCAL, 0, 0, 0][field]);
    },
  });
}

function logicalConfiguration({ executive, devices }: ExecutiveGroupParts): ParameterGroup {
  const targets: readonly Target[] = [executive, ...devices];
  return new DescribedGroup(layout.GROUP_LOGICAL_CONFIGURATION, {
    rows: () => targets.filter(isListed).length,
    put: (field, row, put) => {
      const target = targets.filter(isListed)[row];
      assert(target !== undefined, 'executive groups: a row of the configuration table is a target');
      if (field === layout.GROUP_LOGICAL_CONFIGURATION_IDENTITY_TAG) put.text(identityTag(target));
      else put.number(lctValue(field, target));
    },
  });
}

function lctValue(field: number, target: Target): number {
  const device = target instanceof DeviceTarget ? target : undefined;
  switch (field) {
    case layout.GROUP_LOGICAL_CONFIGURATION_LOCAL_TID:
    case layout.GROUP_LOGICAL_CONFIGURATION_DDM_TID:
      return target.tid;
    case layout.GROUP_LOGICAL_CONFIGURATION_USER_TID:
      return device?.claims.userTid ?? NO_TID;
    case layout.GROUP_LOGICAL_CONFIGURATION_PARENT_TID:
      return IOP_TID;
    case layout.GROUP_LOGICAL_CONFIGURATION_BIOS_INFO:
      return device?.biosInfo ?? 0;
    case layout.GROUP_LOGICAL_CONFIGURATION_CHANGE_INDICATOR:
      return device === undefined ? 1 : device.changedAt >>> 0;
    case layout.GROUP_LOGICAL_CONFIGURATION_DEVICE_FLAGS:
      return device?.claims.deviceFlags ?? 0;
    case layout.GROUP_LOGICAL_CONFIGURATION_CLASS_ID:
      return classWord(target);
    case layout.GROUP_LOGICAL_CONFIGURATION_EVENT_CAPABILITIES:
      return target.eventCapabilities >>> 0;
    default:
      return 0;
  }
}

function systemTable(iop: IopState): ParameterGroup {
  const words = iop.systemTable;
  const kept = Math.floor((SYSTEM_TABLE_WORDS - SYS_TAB_HEADER_WORDS) / SYS_TAB_ENTRY_WORDS);
  return new DescribedGroup(layout.GROUP_SYSTEM_TABLE, {
    rows: () => Math.min(words[0] & 0xff, kept),
    put: (field, row, put) =>
      systemEntry(words, SYS_TAB_HEADER_WORDS + row * SYS_TAB_ENTRY_WORDS, field, put),
  });
}

function systemEntry(words: Int32Array, at: number, field: number, put: ValueWriter): void {
  assert(at + SYS_TAB_ENTRY_WORDS <= words.length, 'executive groups: a row of the system table was kept');
  switch (field) {
    case layout.GROUP_SYSTEM_TABLE_IOP_ID:
      put.number(getSysTabEntryIopId(words, at));
      break;
    case layout.GROUP_SYSTEM_TABLE_ORGANIZATION_ID:
      put.number(getSysTabEntryOrganizationId(words, at));
      break;
    case layout.GROUP_SYSTEM_TABLE_SEGMENT_NUMBER:
      put.number(getSysTabEntrySegmentNumber(words, at));
      break;
    case layout.GROUP_SYSTEM_TABLE_VERSION:
      put.number(getSysTabEntryI2oVersion(words, at));
      break;
    case layout.GROUP_SYSTEM_TABLE_IOP_STATE:
      put.number(getSysTabEntryIopState(words, at));
      break;
    case layout.GROUP_SYSTEM_TABLE_MESSENGER_TYPE:
      put.number(getSysTabEntryMessengerType(words, at));
      break;
    case layout.GROUP_SYSTEM_TABLE_INBOUND_FRAME_WORDS:
      put.number(getSysTabEntryInboundFrameWords(words, at));
      break;
    case layout.GROUP_SYSTEM_TABLE_RESERVED:
      put.number(0);
      break;
    case layout.GROUP_SYSTEM_TABLE_INBOUND_PORT_ADDRESS:
      put.number(words[at + 6] >>> 0);
      break;
    case layout.GROUP_SYSTEM_TABLE_CAPABILITIES:
      put.number(words[at + 5] >>> 0);
      break;
    default:
      put.number((words[at + 6] >>> 0) + (words[at + 7] >>> 0) * 2 ** 32);
  }
}
