/**
 * Faults injected into parameters, modules and utility messages: each trips the assertion that guards against
 * it.
 */
import { describe } from 'vitest';
import * as layout from '../../src/i2o/groups.gen.ts';
import { DEVICE_TID, HOST_TID, IOP_TID } from '../../src/i2o/tids.ts';
import * as util from '../../src/i2o/utility.gen.ts';
import { AbortMatch, checkCleanTypes } from '../../src/iop/module/abort-match.ts';
import type { ParameterGroup } from '../../src/iop/module/parameter-group.ts';
import * as groups from '../../src/iop/module/parameter-group.ts';
import { Operation } from '../../src/iop/parameters/operation.ts';
import * as reading from '../../src/iop/parameters/operations-get.ts';
import { ResultList } from '../../src/iop/parameters/result-list.ts';
import { PendingRequest } from '../../src/iop/reply/pending-request.ts';
import { configPage } from '../../src/iop/utility/config-page.ts';
import { trips } from '../rules/trips.ts';
import { FakeModule, KEYLESS, SCALAR, TABLE } from './fake-module.ts';
import { Bed } from './messages.ts';

const { PARAMS_OPERATION_FIELD_SET: FIELD_SET, PARAMS_OPERATION_TABLE_GET: TABLE_GET } = util;
const { PARAMS_OPERATION_ROW_ADD: ROW_ADD, PARAMS_OPERATION_ROW_DELETE: ROW_DELETE } = util;
const { PARAMS_OPERATION_MORE_GET: MORE_GET, PARAMS_OPERATION_FIELD_GET: FIELD_GET } = util;
const bytes = new DataView(new ArrayBuffer(64));

/** An OPERATIONAL card with a fake module, which has one row of key 7. */
function made() {
  let module: FakeModule | undefined;
  const bed = new Bed({}, { module: (outbound) => (module = new FakeModule(outbound)) }).operational();
  const { parts } = { parts: bed.parts.processor['parts'] };
  module!.table.rows_ = [[7, 9]];
  const group = (number: number): ParameterGroup => module!.parameterGroups.find((g) => g.number === number)!;
  return { bed, module: module!, parts, group, frame: bed.memory.layout.inbound >> 2 };
}

describe('parameter groups', () => {
  const description = layout.GROUP_USERS;
  const scalar = layout.GROUP_DDM_IDENTITY;
  const put = (): void => {};

  trips('parameter group: a number is written as 1, 2, 4 or 8 bytes', () => groups.putNumber(bytes, 0, 3, 1));
  trips('parameter group: a number is read from 1, 2, 4 or 8 bytes', () => groups.getNumber(bytes, 0, 3));
  trips('parameter group: a text stays in its buffer', () => groups.putText(bytes, 60, 8, 'text'));
  trips(
    'parameter group: numbers that can be written are taken by somebody',
    () => new groups.NumberGroup(1, [{ name: 'n', byteLength: 4, writable: true }], () => 0),
  );
  trips('parameter group: a value is aimed into its buffer', () =>
    new groups.ValueWriter().aim(bytes, 62, 4),
  );
  trips(
    'parameter group: a table says how many rows it has, and a scalar does not',
    () => new groups.DescribedGroup(description, { put }),
  );
  trips(
    'parameter group: the key of a table is one of its fields',
    () => new groups.DescribedGroup({ ...description, keyField: 9 }, { rows: () => 0, put }),
  );
  trips(
    'parameter group: values that can be written are taken by somebody',
    () => new groups.DescribedGroup(layout.GROUP_USER_INFORMATION, { put }),
  );
  trips('parameter group: a text has room in its field', () =>
    new groups.ValueWriter().aim(bytes, 0, 2).text('text'),
  );
  trips('parameter group: a counter that is read is one of them', () =>
    new groups.CounterGroup(1, ['a'], () => 0).read(0, 1, bytes, 0),
  );
  trips('parameter group: a number that is read is one of them', () =>
    new groups.NumberGroup(1, [], () => 0).read(0, 0, bytes, 0),
  );
  trips('parameter group: a value that is set is of a field there is', () =>
    new groups.DescribedGroup(scalar, { put }).write(0, 99, bytes, 0),
  );
  trips('parameter group: a value that is read is of a field there is', () =>
    new groups.DescribedGroup(scalar, { put }).read(0, 99, bytes, 0),
  );
});

describe('aborts', () => {
  trips('abort match: a clean abort type is a plain one and one bit', () => checkCleanTypes([0, 1], [4, 6]));
  trips('abort match: only a request that is open can be meant', () =>
    new AbortMatch().endsExecutive(0, new PendingRequest()),
  );
});

describe('an operation list', () => {
  const operation = (byteLength = 16): Operation => {
    const read = new Operation(bytes);
    read.begin(byteLength);
    return read;
  };

  trips('operation: the list lies in its buffer', () => operation(65));
  trips('operation: all fields of a group have room', () => {
    const fields = Array.from({ length: 65 }, (_, i) => ({ name: `${i}`, byteLength: 1 }));
    operation().resolve({ ...made().group(KEYLESS), fields });
  });
  trips('operation: what is taken has a length', () => operation().take(-1));
  trips('operation: a wrong key lies in the list', () => operation().badKey(14, 4));
  trips('operation: reading begins behind the head of the list', () => new Operation(bytes).count());
});

describe('operations', () => {
  trips('operations: a row is looked for by a key', () => reading.findRow(made().group(KEYLESS), bytes, 0));
  trips('operations: a key has room to be compared', () => {
    const group = made().group(TABLE);
    reading.findRow({ ...group, rows: 0, keyField: 0, fields: [{ name: 'k', byteLength: 257 }] }, bytes, 0);
  });
  trips('operations: a row has the bytes of the fields asked for', () => {
    const { parts, bed, module } = made();
    const { results } = { results: parts.utility['parameters']['results'] };
    module.table.read = () => {
      results.at += 1;
    };
    bed.params(false, DEVICE_TID, [1, 0, TABLE_GET, TABLE, 1, 1]);
  });
  trips('operations: rows are read on from one there is, or from the end', () => {
    const { bed, module } = made();
    let reads = 0;
    Object.defineProperty(module.table, 'rows', { get: () => (reads++ < 1 ? 1 : 0) });
    bed.params(false, DEVICE_TID, [1, 0, MORE_GET, TABLE, 1, 1, 1, 7]);
  });
  trips('operations: what was modified is a field of the group, or whole rows', () => {
    const { bed, group } = made();
    const scalar = group(SCALAR);
    scalar.write = () => {
      (scalar as { fields: unknown }).fields = { length: 0, 0: scalar.fields[0] };
      return 0;
    };
    bed.params(true, DEVICE_TID, [1, 0, FIELD_SET, SCALAR, 1, 0, 5]);
  });
  trips('operations: the values written are those of the fields named', () => {
    const { bed, parts, group } = made();
    const scalar = group(SCALAR);
    scalar.write = () => {
      parts.utility['parameters']['operation'].rowBytes += 4;
      return 0;
    };
    bed.params(true, DEVICE_TID, [1, 0, FIELD_SET, SCALAR, 1, 0, 5]);
  });
  trips('operations: a row that was deleted is gone, and no other', () => {
    const { bed, module } = made();
    module.table.deleteRow = () => 0;
    bed.params(true, DEVICE_TID, [1, 0, ROW_DELETE, TABLE, 0, 1, 7]);
  });
  trips('operations: a scalar group has one row', () => {
    const { bed, group } = made();
    Object.defineProperty(group(SCALAR), 'rows', { value: 2 });
    bed.params(false, DEVICE_TID, [1, 0, FIELD_GET, SCALAR, 1, 0]);
  });
  trips('operations: a table that was cleared has no rows', () => {
    const { bed, module } = made();
    module.table.clear = () => {};
    bed.params(true, DEVICE_TID, [1, 0, util.PARAMS_OPERATION_TABLE_CLEAR, TABLE, 0]);
  });
  trips('operations: a row that was added is there', () => {
    const { bed, module } = made();
    module.table.addRow = () => 0;
    bed.params(true, DEVICE_TID, [1, 0, ROW_ADD, TABLE, 0xffff, 1, 8, 1, 1, 1]);
  });
});

describe('results', () => {
  const list = (): ResultList => {
    const results = new ResultList(bytes);
    results.begin(64);
    return results;
  };
  const block = (): ResultList => {
    const results = list();
    results.beginBlock();
    return results;
  };
  const operation = new Operation(bytes);

  trips('result list: its room lies in its buffer, in whole words', () => new ResultList(bytes).begin(68));
  trips('result list: a block begins at a word', () => {
    const results = block();
    results.at += 1;
    results.beginBlock();
  });
  trips("result list: a table's head is the first in its block", () => {
    const results = block();
    results.at += 4;
    results.table();
  });
  trips('result list: rows are given of a table', () => block().addRow());
  trips('result list: a table has no fewer than no rows', () => block().setRows(-1));
  trips('result list: a block ends in the room there is', () => {
    const results = new ResultList(bytes);
    results.begin(32);
    results.beginBlock();
    results.at = 36;
    results.endBlock(0, operation);
  });
  trips('result list: it has as many blocks as it says', () => list().end(1));
  trips('result list: the length of error information has 8 bits', () => {
    const results = new ResultList(new DataView(new ArrayBuffer(4096)));
    results.begin(4096);
    results.beginBlock();
    const failed = new Operation(new DataView(new ArrayBuffer(2048)));
    failed.errorKeyAt = 4;
    failed.errorKeyBytes = 1024;
    results.endBlock(1, failed);
  });
  trips('parameters: the results have room for a block, in whole words', () => {
    const { parts } = made();
    parts.utility['parameters'].run(false, parts.devices[0], 10);
  });
  trips('parameters: an operation list has a head', () => {
    const { parts } = made();
    parts.lists.requestBytes = 2;
    parts.utility['parameters'].run(false, parts.devices[0], 64);
  });
  trips('parameters: the results have the room they were given', () => {
    const { parts, bed } = made();
    parts.utility['parameters']['results'].end = () => 2048;
    bed.params(false, DEVICE_TID, [1, 0, FIELD_GET, SCALAR, 1, 0]);
  });
});

describe('utility messages', () => {
  trips("utility: a message of a class is its module's", () => {
    const { parts, frame } = made();
    parts.utility.request(frame, 0x20, 4, parts.devices[0]);
  });
  trips('utility: a device takes no message of a host that is kept out', () => {
    const { bed, parts } = made();
    parts.devices[0].usersChanged = () => {};
    parts.devices[0].claims.reservedBy = 2;
    parts.devices[0].claims.lockedBy = HOST_TID;
    bed.status(util.UTIL_LOCK_RELEASE, [], DEVICE_TID);
  });
  trips('utility: an abort leaves no reply half filled', () => {
    const { bed, module } = made();
    module.abort = () => {
      module.outbound.acquire();
      return 1;
    };
    bed.ask((w, f) => util.writeUtilAbort(w, f, DEVICE_TID, HOST_TID, 1, 2, util.ABORT_TYPE_WILD, 0, 0));
  });
  trips('utility: an abort is answered once', () => made().parts.utility['answerAbort']());
  trips('utility: the results have the room that the host gave', () => {
    const { bed, parts } = made();
    parts.lists.answer = () => 0;
    bed.params(false, IOP_TID, [1, 0, FIELD_GET, 0, 1, 0]);
  });
  trips('utility: a message is refused for a reason', () => {
    const { parts, frame } = made();
    parts.utility['refuse'](frame, 0);
  });
  trips('config page: there is room for the zero byte behind it', () =>
    configPage(new DataView(new ArrayBuffer(0)), made().parts.executive),
  );
});
