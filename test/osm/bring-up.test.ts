/** How the driver brings a card up: from RESET, from what another driver left, and with cards that are not as they should be. */
import { describe, expect, it } from 'vitest';
import * as exec from '../../src/i2o/executive.gen.ts';
import { DEVICE_TID, HOST_TID, NO_TID, SOCKET_CLASS_ID } from '../../src/i2o/tids.ts';
import * as util from '../../src/i2o/utility.gen.ts';
import { Host } from '../../src/osm/host.ts';
import type { CardOverrides } from '../../src/world/card-config.ts';
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
      expect(bed.status(util.UTIL_CLAIM_RELEASE, [util.CLAIM_TYPE_PRIMARY << 24], DEVICE_TID)).toBe(0);
    },
  );

  it('takes seven requests, and what posts the buckets', () => {
    const bed = new Bed({ driver: { spinNs: 0 } });
    const host = driverOf(bed);
    host.bringUpCard(SOCKET_CLASS_ID);
    const posts = Math.ceil(bed.config.pools.receiveBuckets / 9);
    expect(host.ledger.snapshot()['inboundPosted']).toBe(7 + posts);
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

  it('says what is missing: a device of the class', () => {
    const bed = new Bed({ driver: { spinNs: 0 } });
    expect(() => driverOf(bed).bringUpCard(0x020)).toThrow('no device of class 0x020');
  });

  it('ends what the device has open by SysQuiesce', () => {
    const bed = new Bed({ driver: { spinNs: 0 } });
    const host = driverOf(bed);
    host.bringUpCard(SOCKET_CLASS_ID);
    host.bringUp.quiesce();
    expect(bed.statusGet()).toBe(exec.IOP_STATE_READY);
  });
});
