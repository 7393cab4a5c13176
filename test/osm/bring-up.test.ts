/**
 * How the driver brings a card up: from RESET, from what another driver left, and with cards that are not as
 * they should be.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import * as exec from '../../src/i2o/executive.gen.ts';
import { writeHeader } from '../../src/i2o/frame.ts';
import { DEVICE_TID, HOST_TID, IOP_TID, NO_TID, SOCKET_CLASS_ID } from '../../src/i2o/tids.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import * as util from '../../src/i2o/utility.gen.ts';
import { Host } from '../../src/osm/host.ts';
import { entryOfClass } from '../../src/osm/message/device-table.ts';
import { HANDLER_NONE, HANDLER_WATCH } from '../../src/osm/message/handlers.ts';
import { ENETDOWN } from '../../src/socket/errno.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import { FakeModule } from '../iop/fake-module.ts';
import { Bed, IN_AT } from '../iop/messages.ts';

/** A driver over the bed's card, which gets its turns while the driver rests. */
function driverOf(bed: Bed): Host {
  const turn = (): void => {
    for (let i = 0; i < 4; i++) bed.parts.processor.poll();
    bed.clock.set(bed.clock.nowNs + 1000);
  };
  return new Host(bed.region, bed.memory.layout, bed.config.driver, {
    clock: bed.clock,
    waker: { wake: () => {} },
    sleeper: { prepare: () => {}, sleep: turn },
    health: { alive: () => true },
    inbound: bed.inbound,
    outbound: bed.outbound,
  });
}

function bringUp(overrides: CardOverrides = {}): Bed {
  const bed = new Bed({ driver: { spinNs: 0 }, ...overrides });
  driverOf(bed).bringUpCard(SOCKET_CLASS_ID);
  return bed;
}

const userTid = (bed: Bed): number => {
  bed.lctNotify();
  return exec.getLctEntryUserTid(bed.words, ((bed.control + IN_AT) >> 2) + 12);
};

describe('bring-up', () => {
  it.each(['ring', 'fifo'] as const)(
    'over the %s leaves the card OPERATIONAL and the device claimed',
    (transport) => {
      const bed = bringUp({ transport });
      expect(bed.statusGet()).toBe(exec.IOP_STATE_OPERATIONAL);
      expect(exec.getStatusBlockIopId(bed.words, bed.statusBlock)).toBe(2);
      expect(userTid(bed)).toBe(HOST_TID);
      expect(bed.claim(0, util.CLAIM_TYPE_MANAGEMENT) & 0xffff).toBe(exec.DETAILED_STATUS_DEVICE_BUSY);
      const [released] = bed.send(util.UTIL_CLAIM_RELEASE, [util.CLAIM_TYPE_PRIMARY << 24], DEVICE_TID);
      expect(released![4]).toBe(0);
    },
  );

  it('takes ten requests, and what posts the buckets', () => {
    const bed = new Bed({ driver: { spinNs: 0 } });
    const host = driverOf(bed);
    host.bringUpCard(SOCKET_CLASS_ID);
    const posts = Math.ceil(bed.config.pools.receiveBuckets / 9);
    expect(host.ledger.snapshot()['inboundPosted']).toBe(10 + posts);
  });

  it('of a driver of version 1 claims nothing', () => {
    const bed = bringUp({ driver: { spinNs: 0, classVersion: 1 } });
    expect(userTid(bed)).toBe(NO_TID);
  });

  it.each([
    ['HOLD', exec.IOP_STATE_HOLD],
    ['READY', exec.IOP_STATE_READY],
    ['OPERATIONAL', exec.IOP_STATE_OPERATIONAL],
  ])('of a card left in %s resets it first', (_name, state) => {
    const bed = new Bed({ driver: { spinNs: 0 } }).to(state);
    if (state === exec.IOP_STATE_OPERATIONAL) bed.claim();
    driverOf(bed).bringUpCard(SOCKET_CLASS_ID);
    expect(bed.statusGet()).toBe(exec.IOP_STATE_OPERATIONAL);
    expect(userTid(bed)).toBe(HOST_TID);
  });

  it('of a FAILED card recovers it', () => {
    let module: FakeModule | undefined;
    const bed = new Bed(
      { driver: { spinNs: 0 } },
      { module: (outbound) => (module = new FakeModule(outbound)), onFault: () => {} },
    ).operational();
    module!.throwing = true;
    bed.send(0xff, [1], DEVICE_TID);
    expect(bed.statusGet()).toBe(exec.IOP_STATE_FAILED);
    driverOf(bed).bringUpCard(0x0a1);
    expect(bed.statusGet()).toBe(exec.IOP_STATE_OPERATIONAL);
  });

  describe('finds the device by its class', () => {
    const OTHER_TID = DEVICE_TID + 1;
    /** A card of two devices of the fake module's class. */
    const twice = (): Bed =>
      new Bed(
        { driver: { spinNs: 0 } },
        { modules: (outbound) => [new FakeModule(outbound), new FakeModule(outbound)], onFault: () => {} },
      );
    /** A card whose second device alone has the wanted class. */
    class LaterModule extends FakeModule {
      override readonly classId: number = 0x0a3;
    }

    it('wherever it stands in the table', () => {
      const bed = new Bed(
        { driver: { spinNs: 0 } },
        { modules: (outbound) => [new FakeModule(outbound), new LaterModule(outbound)], onFault: () => {} },
      );
      const host = driverOf(bed);
      host.bringUpCard(0x0a3);
      expect(host.requests.deviceTid).toBe(OTHER_TID);
      expect(host.echoes.echo()).toBe(true);
      for (let i = 0; i < 4; i++) bed.parts.processor.poll();
      expect(host.driver.deadErrno).toBe(0);
    });

    it('and takes the first of two', () => {
      const host = driverOf(twice());
      host.bringUpCard(0x0a1);
      expect(host.requests.deviceTid).toBe(DEVICE_TID);
    });

    it.each([
      ['the first that nobody has claimed', 1, [HOST_TID + 1, NO_TID], OTHER_TID],
      ['the first where each is claimed', 1, [HOST_TID + 1, HOST_TID + 1], DEVICE_TID],
      ['none that has the name of the host', 1, [NO_TID, NO_TID], OTHER_TID],
    ] as const)('of several: %s', (what, classId, users, expected) => {
      const words = new Int32Array(64);
      exec.writeLctHeader(words, 0, exec.LCT_HEADER_WORDS + 2 * exec.LCT_ENTRY_WORDS, 0, 0, 0, 0);
      users.forEach((user, i) => {
        const at = exec.LCT_HEADER_WORDS + i * exec.LCT_ENTRY_WORDS;
        const tid = what.startsWith('none') && i === 0 ? HOST_TID : DEVICE_TID + i;
        exec.writeLctEntry(words, at, exec.LCT_ENTRY_WORDS, tid, 0, 0, classId, 2, 0, 0, user, 0, 0, 0, 0, 0);
      });
      const entry = entryOfClass({ words, at: 0, roomWords: 64 }, classId);
      expect(exec.getLctEntryLocalTid(words, entry)).toBe(expected);
    });
  });

  it('says what is missing: a device of the class', () => {
    const bed = new Bed({ driver: { spinNs: 0 } });
    expect(() => driverOf(bed).bringUpCard(0x020)).toThrow('no device of class 0x020');
  });

  describe('keeps a watch on the card', () => {
    let bed: Bed;
    let host: Host;
    let module: FakeModule;
    beforeEach(() => {
      bed = new Bed(
        { driver: { spinNs: 0 } },
        { module: (outbound) => (module = new FakeModule(outbound)), onFault: () => {} },
      );
      host = driverOf(bed);
      host.bringUpCard(module.classId);
      meanwhile(util.UTIL_NOP, []);
    });
    /** Posts a message beside the driver's, and lets the driver take whatever follows. */
    function meanwhile(functionCode: number, body: readonly number[], target = IOP_TID): void {
      bed.post((w, f) => {
        writeHeader(w, f, 0, 0, 4 + body.length, target, HOST_TID, functionCode, HANDLER_NONE, 0);
        body.forEach((word, i) => {
          w[f + 4 + i] = word;
        });
      });
      for (let i = 0; i < 8; i++) {
        bed.parts.processor.poll();
        host.driver.poll();
      }
    }
    const counted = (name: string): number => host.ledger.snapshot()[name];

    it('and hears of each change of the table, again and again', () => {
      expect([counted('tableChanges'), counted('executiveEventsTaken')]).toEqual([0, 1]); // the mask
      for (let round = 1; round <= 3; round++) {
        meanwhile(exec.EXEC_BIOS_INFO_SET, [DEVICE_TID | (round << 24)]);
        expect([counted('tableChanges'), counted('executiveEventsTaken')]).toEqual([round, 1 + round]);
      }
      expect(host.driver.deadErrno).toBe(0);
    });

    it('and gives the device up that has gone from it', () => {
      meanwhile(exec.EXEC_DDM_DESTROY, [DEVICE_TID]);
      expect(host.driver.deadErrno).toBe(ENETDOWN);
    });

    it('and gives up a card that says it has failed', () => {
      module.throwing = true;
      meanwhile(0xff, [1], DEVICE_TID);
      expect(bed.parts.processor).toBeDefined();
      expect(host.driver.deadErrno).toBe(ENETDOWN);
      expect(host.driver.awaitFrame()).toBe(NO_FRAME);
    });

    it('and waits for a frame to ask again by', () => {
      bed.post((w, f) => exec.writeExecBiosInfoSet(w, f, IOP_TID, HOST_TID, HANDLER_NONE, 0, DEVICE_TID, 1));
      bed.parts.processor.poll();
      while (bed.post((w, f) => util.writeUtilNop(w, f, IOP_TID, HOST_TID, 0, 0)));
      host.driver.poll();
      expect(counted('tableChanges')).toBe(0);
      bed.parts.processor.poll();
      host.driver.poll();
      while (bed.parts.processor.poll() > 0);
      expect(counted('tableChanges')).toBe(1);
      meanwhile(exec.EXEC_BIOS_INFO_SET, [DEVICE_TID | (9 << 24)]);
      expect(counted('tableChanges')).toBe(2);
    });

    it('and believes no table that nobody asked for', () => {
      const reply = new Int32Array(32);
      writeHeader(reply, 0, 0, 0xc0, 5, IOP_TID, HOST_TID, exec.EXEC_LCT_NOTIFY, HANDLER_WATCH, 77);
      expect(host.driver['replies'].watch.take(reply, 0)).toBe(false);
      expect(host.driver['replies'].watch.due).toBe(false);
    });
  });

  it('ends what the device has open by SysQuiesce', () => {
    const bed = new Bed({ driver: { spinNs: 0 } });
    const host = driverOf(bed);
    host.bringUpCard(SOCKET_CLASS_ID);
    host.bringUp.quiesce();
    expect(bed.statusGet()).toBe(exec.IOP_STATE_READY);
  });
});
