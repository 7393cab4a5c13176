/**
 * I2O 1.5's generic parameter groups, F000 and on, which every target has. They read what the target holds.
 */
import { assert } from '../../assert/assert.ts';
import * as layout from '../../i2o/groups.gen.ts';
import { SGL_CHAIN_BYTES_MAX, SGL_FRAGMENTS_MAX } from '../../i2o/list/sgl-reader.ts';
import { ECHO_CLASS_ID, IOP_TID, NO_TID, ORGANIZATION_ID } from '../../i2o/tids.ts';
import { BLOCK_STATUS_SUCCESS, CLAIM_TYPE_AUTHORIZED } from '../../i2o/utility.gen.ts';
import { DescribedGroup, type ParameterGroup } from '../module/parameter-group.ts';
import type { Target } from '../target/target.ts';
import { ADAPTER_ID } from './tables.ts';

export const VENDOR = 'inic';
export const PRODUCT = 'software card';
export const REVISION = '1';

/** How many XFunctionCodes PrivateEcho has; they are numbered from 1. */
const PRIVATE_FUNCTIONS = 3;

const PROPERTY_TABLE = 1;
const PROPERTY_ROW_ADD = 2;
const PROPERTY_ROW_DELETE = 4;
const PROPERTY_CLEAR = 8;

/** The ClassID word of a table entry: class, version, organisation. */
export function classWord({ classId, classVersion }: Target): number {
  return classId + classVersion * 0x1000 + ORGANIZATION_ID * 0x10000;
}

export function moduleName(target: Target): string {
  return target.tid === IOP_TID ? 'inic executive' : 'inic module';
}

function propertiesOf({ table, addRow, deleteRow, clear }: ParameterGroup): number {
  return (
    (table ? PROPERTY_TABLE : 0) |
    (addRow === undefined ? 0 : PROPERTY_ROW_ADD) |
    (deleteRow === undefined ? 0 : PROPERTY_ROW_DELETE) |
    (clear === undefined ? 0 : PROPERTY_CLEAR)
  );
}

/** Texts of fixed length that the host may set. */
class Texts {
  private readonly bytes: readonly Uint8Array[];

  constructor(lengths: readonly number[]) {
    this.bytes = lengths.map((length) => new Uint8Array(length));
  }

  text(index: number): string {
    assert(index >= 0 && index < this.bytes.length, 'generic groups: a text that is read is one of them');
    return String.fromCharCode(...this.bytes[index]);
  }

  take(index: number, from: DataView, at: number): void {
    const bytes = this.bytes[index];
    assert(bytes !== undefined, 'generic groups: a text that is set is one of them');
    for (let i = 0; i < bytes.length; i++) bytes[i] = from.getUint8(at + i);
  }
}

/** Number of the first generic group. Below it are the numbers of a class's own. */
const FIRST_GENERIC_GROUP = 0xf000;

/** Gives a target its groups: its own, and the generic ones. */
export function equip(target: Target, own: readonly ParameterGroup[]): void {
  assert(
    own.every(({ number }) => number >= 0 && number < FIRST_GENERIC_GROUP),
    'generic groups: the groups of a class are numbered below the generic ones',
  );
  assert(
    own.every(({ table, keyField, fields }) => keyField < fields.length && (table || keyField < 0)),
    'generic groups: the key of a table is one of its fields, and a scalar has none',
  );
  target.groups = [...own, ...genericGroups(target)];
  assert(
    target.groups.every(({ number }, i, all) => all.findIndex((other) => other.number === number) === i),
    'generic groups: a target has each group once',
  );
}

function genericGroups(target: Target): ParameterGroup[] {
  return [
    descriptors(target),
    ...hardware(target),
    users(target),
    ...extensions(target),
    identity(target),
    module(target),
    userInformation(),
    sglLimits(),
  ];
}

function descriptors(target: Target): ParameterGroup {
  return new DescribedGroup(layout.GROUP_GROUP_DESCRIPTORS, {
    rows: () => target.groups.length,
    put: (field, row, put) => {
      const group = target.groups[row];
      assert(group !== undefined, 'generic groups: a row of the descriptors is a group');
      const rows = group.number === layout.GROUP_GROUP_DESCRIPTORS.number ? target.groups.length : group.rows;
      assert(rows >= 0 && rows <= 0xffff, 'generic groups: the number of rows has 16 bits');
      put.number([group.number, group.fields.length, rows, propertiesOf(group), 0][field]);
    },
  });
}

function hardware(target: Target): ParameterGroup[] {
  return [
    new DescribedGroup(layout.GROUP_PHYSICAL_DEVICE, {
      rows: () => (target.tid === IOP_TID ? 0 : 1),
      put: (_field, _row, put) => put.number(ADAPTER_ID),
    }),
    new DescribedGroup(layout.GROUP_CLAIMED_DEVICES, { rows: () => 0, put: (_f, _r, put) => put.number(0) }),
  ];
}

function users(target: Target): ParameterGroup {
  return new DescribedGroup(layout.GROUP_USERS, {
    rows: () => target.claims?.users ?? 0,
    put: (field, row, put) => {
      const type = target.claims?.typeOf(row) ?? 0;
      put.number([row + 1, target.claims?.userOf(type) ?? 0, type, 0, 0][field]);
    },
  });
}

/** Whom and what it serves besides its primary user: private messages of ours, and authorized users. */
function extensions(target: Target): ParameterGroup[] {
  const authorized = (): number => target.claims?.userOf(CLAIM_TYPE_AUTHORIZED) ?? NO_TID;
  return [
    new DescribedGroup(layout.GROUP_PRIVATE_EXTENSIONS, {
      rows: () => (target.classId === ECHO_CLASS_ID ? PRIVATE_FUNCTIONS : 0),
      put: (field, row, put) => put.number([row + 1, ORGANIZATION_ID, row + 1][field]),
    }),
    new DescribedGroup(layout.GROUP_AUTHORIZED_USERS, {
      rows: () => (authorized() === NO_TID ? 0 : 1),
      put: (_field, _row, put) => put.number(authorized()),
    }),
  ];
}

function identity(target: Target): ParameterGroup {
  return new DescribedGroup(layout.GROUP_DEVICE_IDENTITY, {
    put: (field, _row, put) => {
      switch (field) {
        case layout.GROUP_DEVICE_IDENTITY_CLASS_ID:
          put.number(classWord(target));
          break;
        case layout.GROUP_DEVICE_IDENTITY_VENDOR:
          put.text(VENDOR);
          break;
        case layout.GROUP_DEVICE_IDENTITY_PRODUCT:
          put.text(PRODUCT);
          break;
        case layout.GROUP_DEVICE_IDENTITY_DESCRIPTION:
          put.text(moduleName(target));
          break;
        case layout.GROUP_DEVICE_IDENTITY_REVISION:
          put.text(REVISION);
          break;
        default:
          put.number(0);
      }
    },
  });
}

function module(target: Target): ParameterGroup {
  return new DescribedGroup(layout.GROUP_DDM_IDENTITY, {
    put: (field, _row, put) => {
      if (field === layout.GROUP_DDM_IDENTITY_DDM_TID) put.number(target.tid);
      else if (field === layout.GROUP_DDM_IDENTITY_MODULE_NAME) put.text(moduleName(target));
      else if (field === layout.GROUP_DDM_IDENTITY_MODULE_REVISION) put.text(REVISION);
      else put.number(0);
    },
  });
}

function userInformation(): ParameterGroup {
  const group = layout.GROUP_USER_INFORMATION;
  const texts = new Texts(group.fields.slice(0, 3).map(({ byteLength }) => byteLength));
  return new DescribedGroup(group, {
    put: (field, _row, put) => {
      if (field === layout.GROUP_USER_INFORMATION_INSTANCE_NUMBER) put.number(1);
      else put.text(texts.text(field));
    },
    take: (field, bytes, at) => {
      texts.take(field, bytes, at);
      return BLOCK_STATUS_SUCCESS;
    },
  });
}

function sglLimits(): ParameterGroup {
  return new DescribedGroup(layout.GROUP_SGL_LIMITS, {
    put: (field, _row, put) =>
      put.number(field < layout.GROUP_SGL_LIMITS_FRAGMENTS ? SGL_CHAIN_BYTES_MAX : SGL_FRAGMENTS_MAX),
  });
}
