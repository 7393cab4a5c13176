/** Bring-up by executive messages, and what the card does with frames that are wrong or too early. */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { CONTROL_BYTES } from '../../src/dma/card-layout.ts';
import * as exec from '../../src/i2o/executive.gen.ts';
import {
  FLAG_FAIL,
  frameDetailedStatus,
  frameFlags,
  frameRequestStatus,
  frameTransactionContext,
  getFailureCode,
} from '../../src/i2o/frame.ts';
import { SGL_LAST, SGL_SIMPLE_IN, writeSglSimple } from '../../src/i2o/list/sgl.ts';
import * as socket from '../../src/i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID, IOP_TID } from '../../src/i2o/tids.ts';
import * as util from '../../src/i2o/utility.gen.ts';
import { BareCard } from './bed.ts';

let card: BareCard;
beforeEach(() => {
  card = new BareCard();
});

const statusAddress = (): number => card.memory.layout.control;
/** A system table without entries. */
const tableAddress = (): number => card.memory.layout.control + 1024;
const wordAddress = (): number => card.memory.layout.control + 512;

function statusGet(): number {
  card.post((words, frame) =>
    exec.writeExecStatusGet(words, frame, IOP_TID, HOST_TID, 0, 0, statusAddress(), 0, 88),
  );
  card.run();
  const at = statusAddress() >> 2;
  expect(exec.getStatusBlockSyncByte(card.region.words, at)).toBe(0xff);
  return exec.getStatusBlockIopState(card.region.words, at);
}

function outboundInit(): number {
  card.post((words, frame) => {
    exec.writeExecOutboundInit(words, frame, IOP_TID, HOST_TID, 0, 0, 4096, 0x80, 32, 8);
    writeSglSimple(words, frame + 6, SGL_SIMPLE_IN | SGL_LAST, 4, wordAddress());
  });
  card.run();
  return card.region.words[wordAddress() >> 2];
}

/** Posts an executive message of header words only. @returns its reply's request status. */
function simple(functionCode: number): number {
  card.post((words, frame) => {
    const write = functionCode === exec.EXEC_SYS_ENABLE ? exec.writeExecSysEnable : exec.writeExecSysQuiesce;
    write(words, frame, IOP_TID, HOST_TID, 9, 77);
  });
  const [reply] = card.run();
  expect(frameTransactionContext(reply!, 0)).toBe(77);
  return frameRequestStatus(reply!, 0);
}

function sysTabSet(): number {
  card.post((words, frame) => {
    exec.writeExecSysTabSet(words, frame, IOP_TID, HOST_TID, 9, 5, 2, 0, 0, 12);
    let at = frame + 6;
    for (const last of [0, 0, SGL_LAST]) at = writeSglSimple(words, at, 0x54 | last, 48, tableAddress());
  });
  return frameRequestStatus(card.run()[0], 0);
}

function operational(): void {
  outboundInit();
  sysTabSet();
  simple(exec.EXEC_SYS_ENABLE);
}

describe('bring-up', () => {
  it('goes from RESET by OutboundInit, SysTabSet and SysEnable to OPERATIONAL', () => {
    expect(statusGet()).toBe(exec.IOP_STATE_RESET);
    expect(outboundInit()).toBe(4);
    expect(statusGet()).toBe(exec.IOP_STATE_HOLD);
    expect(sysTabSet()).toBe(0);
    expect(statusGet()).toBe(exec.IOP_STATE_READY);
    expect(simple(exec.EXEC_SYS_ENABLE)).toBe(0);
    expect(statusGet()).toBe(exec.IOP_STATE_OPERATIONAL);
    expect(simple(exec.EXEC_SYS_QUIESCE)).toBe(0);
    expect(statusGet()).toBe(exec.IOP_STATE_READY);
  });

  it('refuses a step out of turn', () => {
    outboundInit();
    card.post((words, frame) => exec.writeExecSysEnable(words, frame, IOP_TID, HOST_TID, 9, 1));
    const [reply] = card.run();
    expect(frameDetailedStatus(reply!, 0)).toBe(exec.DETAILED_STATUS_INAPPROPRIATE_FUNCTION);
    expect(statusGet()).toBe(exec.IOP_STATE_HOLD);
  });

  it('fails OutboundInit with a frame in which not every reply fits', () => {
    card.post((words, frame) => {
      exec.writeExecOutboundInit(words, frame, IOP_TID, HOST_TID, 0, 0, 4096, 0x80, 16, 8);
      writeSglSimple(words, frame + 6, SGL_SIMPLE_IN | SGL_LAST, 4, wordAddress());
    });
    card.run();
    expect(card.region.words[wordAddress() >> 2]).toBe(3);
    expect(statusGet()).toBe(exec.IOP_STATE_RESET);
  });

  it('writes nothing outside its control area', () => {
    const before = card.region.bytes.slice();
    const { layout } = card.memory;
    for (const address of [
      128,
      layout.control - 88,
      layout.control + CONTROL_BYTES,
      layout.transmit.offset,
      -4,
      3,
    ]) {
      card.post((words, frame) =>
        exec.writeExecStatusGet(words, frame, IOP_TID, HOST_TID, 0, 0, address, 0, 88),
      );
    }
    card.run();
    const changed = new Set<number>();
    card.region.bytes.forEach((byte, i) => {
      if (byte !== before[i]) changed.add(i);
    });
    const allowed = (i: number): boolean =>
      (i >= layout.iopLedger && i < layout.hostLedger + 8192 && i < layout.control) ||
      (i >= layout.inbound && i < layout.outbound + 512 + layout.outboundFrames * 128);
    expect([...changed].filter((i) => !allowed(i))).toEqual([]);
  });

  it('resets: devices refuse, state is RESET, and it comes up again', () => {
    operational();
    card.post((words, frame) =>
      exec.writeExecIopReset(words, frame, IOP_TID, HOST_TID, 0, 0, wordAddress(), 0),
    );
    card.run();
    expect(card.region.words[wordAddress() >> 2]).toBe(1);
    expect(statusGet()).toBe(exec.IOP_STATE_RESET);
    operational();
    expect(statusGet()).toBe(exec.IOP_STATE_OPERATIONAL);
  });
});

describe('frames that cannot be delivered', () => {
  const refusals: [string, (words: Int32Array, frame: number) => void, number][] = [
    ['a version not spoken', (w, f) => (w[f] = w[f] & ~7), exec.FAILURE_CODE_INVALID_VERSION],
    ['flags in a request', (w, f) => (w[f] = w[f] | 0x8000), exec.FAILURE_CODE_INVALID_MESSAGE_FLAGS],
    ['a size below the header', (w, f) => (w[f] = 0x00020001), exec.FAILURE_CODE_FRAME_TOO_SMALL],
    ['a size above the frame', (w, f) => (w[f] = 0x00210001), exec.FAILURE_CODE_FRAME_TOO_LARGE],
    ['a list offset past the message', (w, f) => (w[f] = 0x000400f1), exec.FAILURE_CODE_INVALID_OFFSET],
    ['a target nobody is', (w, f) => (w[f + 1] = 0x8f001777), exec.FAILURE_CODE_INVALID_TARGET_ID],
    ['an initiator not the host', (w, f) => (w[f + 1] = 0x8f002010), exec.FAILURE_CODE_INVALID_INITIATOR_ID],
  ];

  it.each(refusals)('%s', (_what, spoil, code) => {
    operational();
    card.post((words, frame) => {
      socket.writeSocketClose(words, frame, DEVICE_TID, HOST_TID, 9, 1234, 0);
      spoil(words, frame);
    });
    const [reply] = card.run();
    expect(frameFlags(reply!, 0) & FLAG_FAIL).toBe(FLAG_FAIL);
    expect(getFailureCode(reply!, 0)).toBe(code);
    expect(frameTransactionContext(reply!, 0)).toBe(1234);
  });

  it('a device message before OPERATIONAL', () => {
    outboundInit();
    card.post((words, frame) => socket.writeSocketClose(words, frame, DEVICE_TID, HOST_TID, 9, 1, 0));
    expect(getFailureCode(card.run()[0], 0)).toBe(exec.FAILURE_CODE_STATE_ERROR);
  });
});

describe('a host gone mad', () => {
  const word = fc.integer();
  const frame = fc.record({
    functionCode: fc.constantFrom(
      ...[0x00, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x89, 0x8b, 0x8d, 0x8f, 0x91, 0x92, 0x93, 0x94],
      ...[0xa0, 0xa1, 0xa2, 0xa3, 0xd1, 0xc3, 0xff, 0x42],
      ...Object.keys(exec.EXECUTIVE_FUNCTION_NAMES).map(Number),
      ...Object.keys(util.UTILITY_FUNCTION_NAMES).map(Number),
    ),
    target: fc.constantFrom(DEVICE_TID, DEVICE_TID, DEVICE_TID, IOP_TID, 0x123),
    size: fc.integer({ min: 0, max: 40 }),
    sgl: fc.integer({ min: 0, max: 15 }),
    small: fc.boolean(),
    body: fc.array(word, { minLength: 32, maxLength: 32 }),
  });

  it('never makes the card throw, hang, or lose a frame', () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 60 }), (frames) => {
        card = new BareCard({ packetSlots: 32 });
        operational();
        let posted = 3;
        for (const { functionCode, target, size, sgl, small, body } of frames) {
          card.post((words, at) => {
            // Half the bodies hold small numbers, which look like sockets, counts and ports.
            body.forEach((value, i) => {
              words[at + i] = small ? value & 0x80000007 : value;
            });
            words[at] = 1 | (sgl << 4) | (size << 16);
            words[at + 1] = target | (HOST_TID << 12) | (functionCode << 24);
          });
          posted += 1;
          card.run();
        }
        card.run();
        expect(card.ledger.snapshot()['inboundReleased']).toBe(posted);
        expect(card.inbound.inUse).toBe(0);
        expect(card.inbound.broken).toBe(false);
      }),
      { numRuns: 150 },
    );
  }, 30_000);
});
