/** Static frames, failure records and transaction errors, over the ring and over the FIFOs. */
import { beforeEach, describe, expect, it } from 'vitest';
import * as exec from '../../src/i2o/executive.gen.ts';
import * as f from '../../src/i2o/frame.ts';
import { DEVICE_TID, HOST_TID, IOP_TID } from '../../src/i2o/tids.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import * as util from '../../src/i2o/utility.gen.ts';
import { STATIC_FRAMES } from '../../src/iop/executive/static-frames.ts';
import { FakeModule } from './fake-module.ts';
import { Bed } from './messages.ts';

let bed: Bed;
let module: FakeModule;
const build = (transport: 'ring' | 'fifo'): void => {
  bed = new Bed({ transport }, { module: (outbound) => (module = new FakeModule(outbound)) }).operational();
};

describe('static frames', () => {
  beforeEach(() => build('ring'));
  /** Keeps an SysEnable request (or another) with contexts 5 and 6. @returns word 5 of the reply. */
  const create = (word0 = 0x00040001, word1 = 0xd1001000 | 0): number => {
    const [reply] = bed.send(exec.EXEC_STATIC_MF_CREATE, [3, word0, word1, 5, 6]);
    return reply![4] === 0 ? reply![5] : -1;
  };
  const post = (address: number, word1 = 0xd1001000 | 0): Int32Array[] =>
    bed.ask((w, at) => {
      w[at] = 0x00050101;
      w[at + 1] = word1;
      w[at + 2] = 90;
      w[at + 3] = 91;
      w[at + 4] = address;
    });

  it('are asked again and again by their address, with the contexts they hold', () => {
    const address = create();
    for (let i = 0; i < 3; i++) {
      const [reply, ...rest] = post(address);
      expect(rest).toEqual([]);
      expect([reply![1] >>> 24, reply![2], reply![3], reply![4]]).toEqual([exec.EXEC_SYS_ENABLE, 5, 6, 0]);
    }
    expect(bed.inbound.inUse).toBe(0);
  });

  it('are posted over the FIFOs by their address itself, and no frame is spent on it', () => {
    build('fifo');
    const address = create();
    const { port } = bed.inbound as unknown as { port: { writeInbound(mfa: number): number } };
    const before = bed.inbound.inUse;
    for (let i = 0; i < 3; i++) {
      port.writeInbound(address);
      const [reply] = bed.run();
      expect([reply![1] >>> 24, reply![2], reply![3], reply![4]]).toEqual([exec.EXEC_SYS_ENABLE, 5, 6, 0]);
    }
    expect(bed.inbound.inUse).toBe(before);
    // One that is released is an address like any other that names nothing.
    bed.status(exec.EXEC_STATIC_MF_RELEASE, [address]);
    port.writeInbound(address);
    expect(bed.run()).toEqual([]);
  });

  it('may be for the device', () => {
    const address = create(0x00040001, 0x81001010 | 0);
    post(address, 0x81001010 | 0);
    expect(module.open.map(({ transactionContext }) => transactionContext)).toEqual([6]);
  });

  it('are released once, and are then no more', () => {
    const address = create();
    expect(bed.status(exec.EXEC_STATIC_MF_RELEASE, [address])).toBe(0);
    expect(bed.status(exec.EXEC_STATIC_MF_RELEASE, [address]) >>> 24).toBe(
      exec.REQUEST_STATUS_TRANSACTION_ERROR,
    );
    const [reply] = post(address);
    expect(f.getFailureCode(reply!, 0)).toBe(exec.FAILURE_CODE_INVALID_MESSAGE_FLAGS);
    expect(reply![3]).toBe(91);
  });

  it('are so many, and none is left after a reset', () => {
    for (let i = 0; i < STATIC_FRAMES; i++) expect(create()).toBeGreaterThan(0);
    expect(create()).toBe(-1);
    bed.iopReset();
    bed.operational();
    expect(create()).toBeGreaterThan(0);
  });

  it.each([
    ['too long', 0x00200001, 0xd1001000],
    ['a reply', 0x00048001, 0xd1001000],
    ['static again', 0x00040101, 0xd1001000],
    ['a batch', 0x00041001, 0x81001010],
    ["somebody else's", 0x00040001, 0xd1002000],
  ])('refuse an embedded request that is %s', (_what, word0, word1) =>
    expect(create(word0, word1 | 0)).toBe(-1),
  );

  it('refuse a post that says another function, or that names no static frame', () => {
    const address = create();
    for (const replies of [post(address, 0xc3001000 | 0), post(address + 4), post(0), post(-1)]) {
      expect(f.getFailureCode(replies[0], 0)).toBe(exec.FAILURE_CODE_INVALID_MESSAGE_FLAGS);
    }
  });

  it('no more outstanding than none', () => {
    const [reply] = bed.send(exec.EXEC_STATIC_MF_CREATE, [0, 0x00040001, 0xd1001000 | 0, 5, 6]);
    expect([reply![4] >>> 24, reply![5]]).toEqual([exec.REQUEST_STATUS_TRANSACTION_ERROR, 16]);
  });
});

describe.each(['ring', 'fifo'] as const)('failure records over the %s', (transport) => {
  beforeEach(() => build(transport));
  const fail = (spoil: (w: Int32Array, at: number) => void): Int32Array => {
    const [reply] = bed.ask((w, at) => {
      f.writeHeader(w, at, 0, 0, 4, DEVICE_TID, HOST_TID, 0x81, 8, 1234);
      spoil(w, at);
    });
    return reply!;
  };

  it('name the versions spoken, who failed, and how badly', () => {
    const reply = fail((w, at) => {
      w[at] = 0x00040002; // I2O 2.0
    });
    expect(f.getFailureCode(reply, 0)).toBe(exec.FAILURE_CODE_INVALID_VERSION);
    expect([f.getFailureLowestVersion(reply, 0), f.getFailureHighestVersion(reply, 0)]).toEqual([1, 1]);
    expect([f.getFailureIopId(reply, 0), f.getFailureHostUnitId(reply, 0)]).toEqual([2, 5]);
    expect(f.getFailureSeverity(reply, 0)).toBe(f.SEVERITY_FORMAT_ERROR);
    expect(reply[3]).toBe(1234);
  });

  it('of I2O 1.0 and of 64-bit contexts as well', () => {
    expect(
      f.getFailureCode(
        fail((w, at) => (w[at] = 0x00040000)),
        0,
      ),
    ).toBe(exec.FAILURE_CODE_INVALID_VERSION);
    const reply = fail((w, at) => (w[at] = 0x00040201));
    expect(f.getFailureCode(reply, 0)).toBe(exec.FAILURE_CODE_INVALID_MESSAGE_FLAGS);
  });

  it('tell a state that passes from a form that never will', () => {
    bed.status(exec.EXEC_DDM_SUSPEND, [DEVICE_TID]);
    expect(
      f.getFailureSeverity(
        fail(() => {}),
        0,
      ),
    ).toBe(f.SEVERITY_PATH_STATE);
    bed.status(exec.EXEC_DDM_DESTROY, [DEVICE_TID]);
    expect(
      f.getFailureSeverity(
        fail(() => {}),
        0,
      ),
    ).toBe(f.SEVERITY_PATH_ERROR);
  });

  it('keep the request to be read, over the FIFOs by its own frame until that comes back as a NOP', () => {
    const preserved: number[] = [];
    for (let i = 0; i < 5; i++) {
      preserved.push(
        f.getFailurePreservedFrame(
          fail((w, at) => (w[at] = 0x00040002)),
          0,
        ),
      );
    }
    expect(new Set(preserved).size).toBe(5);
    if (transport === 'ring') {
      // Copies, one beside each record: nothing is to be given back.
      for (const address of preserved) {
        expect(bed.words[bed.inbound.adopt(address) + 3]).toBe(1234);
        bed.inbound.cancel();
      }
      for (const wrong of [-1, 0, preserved[0] + 4, preserved[0] - 512 * 128]) {
        expect(bed.inbound.adopt(wrong)).toBe(NO_FRAME);
      }
      expect(bed.inbound.inUse).toBe(0);
      return;
    }
    for (const address of preserved) {
      const frame = bed.inbound.adopt(address);
      expect(frame).not.toBe(NO_FRAME);
      expect(bed.words[frame + 3]).toBe(1234);
      f.writeHeader(bed.words, frame, 0, 0, 3, IOP_TID, HOST_TID, util.UTIL_NOP, 0, 0);
      bed.inbound.post();
      bed.inbound.publish();
      bed.run();
    }
    expect(bed.inbound.inUse).toBe(0);
  });
});

describe('a batch', () => {
  it('is the device class’s to judge, and nobody else’s', () => {
    build('ring');
    const send = (target: number, code: number): Int32Array[] =>
      bed.ask((w, at) => f.writeHeader(w, at, 0, f.FLAG_MULTIPLE, 4, target, HOST_TID, code, 1, 2));
    expect(send(DEVICE_TID, 0x85)).toEqual([]);
    expect(module.open.length).toBe(1);
    for (const [target, code] of [
      [IOP_TID, exec.EXEC_SYS_ENABLE],
      [DEVICE_TID, util.UTIL_CLAIM],
    ] as const) {
      expect(f.getFailureCode(send(target, code)[0], 0)).toBe(exec.FAILURE_CODE_INVALID_MESSAGE_FLAGS);
    }
  });
});
