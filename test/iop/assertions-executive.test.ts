/**
 * Faults injected into the executive, its tables and groups: each trips the assertion that guards against it.
 */
import { describe } from 'vitest';
import * as exec from '../../src/i2o/executive.gen.ts';
import * as layout from '../../src/i2o/groups.gen.ts';
import { FIRST_DEVICE_TID, HOST_TID } from '../../src/i2o/tids.ts';
import * as util from '../../src/i2o/utility.gen.ts';
import { ConfigValidate } from '../../src/iop/executive/config-validate.ts';
import { checkReplyReserve, Executive } from '../../src/iop/executive/executive.ts';
import { executiveGroups } from '../../src/iop/executive/executive-groups.ts';
import { ExecutiveParts } from '../../src/iop/executive/executive-parts.ts';
import { equip } from '../../src/iop/executive/generic-groups.ts';
import { StaticFrames } from '../../src/iop/executive/static-frames.ts';
import { checkProduct, controllingTid, Tables } from '../../src/iop/executive/tables.ts';
import { AnswerPlace } from '../../src/iop/lists/answer-place.ts';
import { AbortMatch } from '../../src/iop/module/abort-match.ts';
import {
  type DescribedGroup,
  type ParameterGroup,
  ValueWriter,
} from '../../src/iop/module/parameter-group.ts';
import { trips } from '../rules/trips.ts';
import { FakeModule } from './fake-module.ts';
import { Bed } from './messages.ts';

/**
 * An OPERATIONAL card with two fake modules; what its executive is made of; a frame to be read as a request.
 */
function made(state: number = exec.IOP_STATE_OPERATIONAL) {
  const modules: FakeModule[] = [];
  const bed = new Bed(
    {},
    { modules: (o) => [0, 1].map(() => (modules[modules.length] = new FakeModule(o))) },
  );
  bed.to(state);
  const { processor } = bed.parts;
  const parts = processor['parts'];
  return { bed, modules, parts, executive: processor['executive'], frame: bed.memory.layout.inbound >> 2 };
}
const bytes = new DataView(new ArrayBuffer(64));
const wild = (): AbortMatch => {
  const match = new AbortMatch();
  match.set(util.ABORT_TYPE_WILD, 0, 0, HOST_TID);
  return match;
};

describe('the executive', () => {
  trips('executive: what IopClear answers at once fits the reserve of one request', () =>
    checkReplyReserve(3, 4),
  );
  trips('executive: a request whose header was checked fits a frame', () => {
    const { executive, frame } = made();
    executive.request(frame, exec.EXEC_SYS_ENABLE, 33);
  });
  trips('executive: a shortage is told of when there is one', () => made().executive.outboundShort());
  trips('executive: a message is served only where it is legal', () => {
    const { executive, frame } = made(exec.IOP_STATE_HOLD);
    executive['serve'](frame, exec.EXEC_SYS_ENABLE, 4);
  });
  trips('executive: IopClear leaves no request open', () => {
    const { bed, parts } = made();
    bed.lctNotify(100);
    parts.lctNotify.clear = () => {};
    bed.send(exec.EXEC_IOP_CLEAR);
  });
  trips('executive: a module that was quiesced leaves no reply half filled', () => {
    const { bed, modules } = made();
    modules[1].quiesce = () => void modules[1].outbound.acquire();
    bed.send(exec.EXEC_SYS_QUIESCE);
  });
  trips('executive: no module of a card that failed runs', () => {
    const { executive, parts } = made();
    parts.iop.enter = () => {};
    executive.fail();
  });
  trips('executive: a card has one executive', () => new Executive(made().parts));
  trips('executive: a message is refused for a reason', () => {
    const { executive, frame } = made();
    executive['refuse'](frame, 0);
  });
  trips('executive parts: the control area lies in the region, at a word', () => {
    const { bed, parts } = made();
    const controlEnd = bed.region.byteLength + 4;
    const config = {
      inboundFrames: 8,
      outboundFrames: 8,
      controlStart: bed.control,
      controlEnd,
      staticFrames: 0,
    };
    const { inbound, outbound, ledger } = parts;
    new ExecutiveParts(bed.region, inbound, outbound, [new FakeModule(outbound)], ledger, config);
  });
});

describe('device requests', () => {
  trips('device requests: the boot device is in the table', () => {
    const { bed, parts } = made();
    parts.iop.bootTid = FIRST_DEVICE_TID + 1;
    parts.devices[1].destroy();
    bed.send(exec.EXEC_DDM_ENABLE, [FIRST_DEVICE_TID, 0]);
  });
  trips('device requests: a device that is acted on is in the table', () => {
    const { parts, frame } = made();
    parts.devices[1].destroy();
    parts.deviceRequests['apply'](frame, exec.EXEC_BIOS_INFO_SET, parts.devices[1]);
  });
  trips('device requests: a message about a device is one of six', () => {
    const { parts, frame } = made();
    parts.deviceRequests['apply'](frame, exec.EXEC_SYS_ENABLE, parts.devices[1]);
  });
});

describe('requests answered in polled memory', () => {
  trips('polled requests: a refusal is told as one', () => {
    const { parts, frame } = made();
    parts.polled.refuseOutboundInit(frame, exec.POLLED_STATUS_COMPLETE);
  });
  trips('polled requests: a reset releases as many requests as wait, or none', () => {
    const { bed, parts } = made();
    parts.inbound.restart = () => -1;
    bed.iopReset();
  });
  trips('polled requests: a reset leaves no request open', () => {
    const { bed, parts } = made();
    bed.lctNotify(100);
    parts.lctNotify.reset = () => {};
    bed.iopReset();
  });
  trips('polled requests: a reset brings every device back', () => {
    const { bed, parts } = made();
    parts.devices[1].destroy();
    parts.devices[1].rebuild = () => {};
    bed.iopReset();
  });
  trips('polled requests: a module that was quiesced leaves no reply half filled', () => {
    const { bed, modules } = made();
    modules[1].quiesce = () => void modules[1].outbound.acquire();
    bed.iopReset();
  });
  trips('polled requests: a reclaim list lies in the control area', () => {
    const { bed, parts } = made();
    parts.lists.place.clear();
    for (const address of [bed.control, bed.control - 64]) parts.lists.place.add(address, 8);
    parts.polled['reclaim']();
  });
});

describe('static frames', () => {
  const frames = (): StaticFrames => new StaticFrames(new Int32Array(1024), 0);
  trips(
    'static frames: they lie in the region, each at a frame of its own',
    () => new StaticFrames(new Int32Array(1024), 64),
  );
  trips(
    'static frames: no memory has their addresses',
    () => new StaticFrames({ length: 2 ** 29 } as Int32Array, 0),
  );
  trips('static frames: a request that is kept fits a frame', () => frames().create(0, 33, 1));
  trips('static frames: a slot is one of those there are', () => frames()['wordOf'](16));
});

describe('system requests, notifications and validation', () => {
  trips('system requests: a list begins in its message or at its end', () => {
    const { parts, frame } = made();
    parts.system.set(frame, exec.EXEC_SYS_TAB_SET, 5);
  });
  trips('lct notify: no more end than can be outstanding', () => {
    const { bed, parts } = made();
    bed.lctNotify(100);
    const [request] = parts.lctNotify['outstanding'];
    parts.lctNotify['outbound'].answer = () => {};
    (parts.lctNotify as unknown as { outstanding: unknown[] }).outstanding = [request, request, request];
    parts.lctNotify.abort(wild());
  });
  trips('lct notify: a table is written where its head has room', () =>
    made().parts.lctNotify['write'](new AnswerPlace(), -1),
  );
  trips('config validate: there is a target to read', () => new ConfigValidate(made().parts.outbound, []));
  trips('config validate: groups are counted from the first', () => {
    const { bed, parts } = made();
    bed.post((w, f) => exec.writeExecConfigValidate(w, f, 0, HOST_TID, 1, 2));
    bed.parts.processor.poll();
    parts.configValidate['next'] = -1;
    parts.configValidate['request'].open = true;
    parts.configValidate.poll();
  });
});

describe('tables', () => {
  const words = new Int32Array(1024);
  trips('tables: the product has room in the status block', () =>
    checkProduct('a product with a name too long'),
  );
  trips('tables: the devices are in the order of their TIDs', () => {
    const { parts } = made();
    new Tables(parts.iop, parts.executive, [...parts.devices].reverse(), 8, 8);
  });
  trips('tables: a configuration table has room for its head', () => made().parts.tables.lct(words, -1, 8));
  trips('tables: the whole configuration table fits where it is made', () =>
    made().parts.tables.lct(new Int32Array(12), -1, 12),
  );
  trips('tables: a hardware table has room for its head', () => made().parts.tables.hrt(words, 4));
  trips('tables: a status block lies in the region', () => made().parts.tables.statusBlock(words, 1020));
  trips('tables: the adapter has a device that controls it', () => controllingTid([]));
  trips('tables: an identity tag has eight characters', () => {
    const { parts } = made();
    (parts.devices[1] as { tid: number }).tid = 0x1000;
    parts.tables.lct(words, -1, 4096);
  });
});

describe('parameter groups', () => {
  const group = (from: readonly ParameterGroup[], { number }: { number: number }): ParameterGroup =>
    from.find((each) => each.number === number)!;

  trips('executive groups: a group has a number for each field', () => {
    const { parts } = made();
    const broken = executiveGroups({
      ...parts,
      outbound: parts.outbound,
      inboundFrames: 8,
      memoryBytes: 1,
    });
    withFields(layout.GROUP_IOP_HARDWARE, layout.GROUP_IOP_HARDWARE.fields.slice(1), () =>
      group(broken, layout.GROUP_IOP_HARDWARE).read(0, 0, bytes, 0),
    );
  });
  trips('executive groups: a row of the module list is a device', () =>
    group(made().parts.executive.groups, layout.GROUP_DDM_LIST).read(9, 0, bytes, 0),
  );
  trips('executive groups: a row of the configuration table is a target', () =>
    group(made().parts.executive.groups, layout.GROUP_LOGICAL_CONFIGURATION).read(9, 0, bytes, 0),
  );
  trips('executive groups: a row of the system table was kept', () =>
    group(made().parts.executive.groups, layout.GROUP_SYSTEM_TABLE).read(9, 0, bytes, 0),
  );
  trips('generic groups: a text that is read is one of them', () => {
    const texts = group(made().parts.devices[0].groups, layout.GROUP_USER_INFORMATION) as DescribedGroup;
    texts['content'].put(9, 0, new ValueWriter());
  });
  trips('generic groups: a text that is set is one of them', () => {
    const texts = group(made().parts.devices[0].groups, layout.GROUP_USER_INFORMATION) as DescribedGroup;
    texts['content'].take!(9, bytes, 0);
  });
  trips('generic groups: the number of rows has 16 bits', () => {
    const { parts } = made();
    Object.defineProperty(parts.devices[0].groups[0], 'rows', { value: 0x10000 });
    group(parts.devices[0].groups, layout.GROUP_GROUP_DESCRIPTORS).read(0, 0, bytes, 0);
  });
  trips('generic groups: the key of a table is one of its fields, and a scalar has none', () => {
    const { parts, modules } = made();
    equip(parts.devices[0], [{ ...modules[0].parameterGroups[3], keyField: 9 }]);
  });
  trips('generic groups: the groups of a class are numbered below the generic ones', () => {
    const { parts } = made();
    const own = group(parts.devices[0].groups, layout.GROUP_USERS);
    equip(parts.devices[0], [own]);
  });
  trips('generic groups: a target has each group once', () => {
    const { parts, modules } = made();
    equip(parts.devices[0], [modules[0].parameterGroups[0], modules[0].parameterGroups[0]]);
  });
  trips('generic groups: a row of the descriptors is a group', () =>
    group(made().parts.devices[0].groups, layout.GROUP_GROUP_DESCRIPTORS).read(99, 0, bytes, 0),
  );
});

/** Runs with another list of fields in a generated layout. */
function withFields(target: { fields: unknown }, fields: unknown, run: () => void): void {
  const before = target.fields;
  target.fields = fields;
  try {
    run();
  } finally {
    target.fields = before;
  }
}
