/**
 * Faults injected into targets, their users and their events: each trips the assertion that guards against
 * it.
 */
import { describe } from 'vitest';
import { HOST_TID, MANAGER_TID } from '../../src/i2o/tids.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import * as util from '../../src/i2o/utility.gen.ts';
import { AbortMatch } from '../../src/iop/module/abort-match.ts';
import type { Outbound } from '../../src/iop/reply/outbound.ts';
import { IopState } from '../../src/iop/state/iop-state.ts';
import { Claims } from '../../src/iop/target/claims.ts';
import { EVENT_QUEUE_MAX, TargetEvents } from '../../src/iop/target/events.ts';
import { DeviceTarget, ExecutiveTarget } from '../../src/iop/target/target.ts';
import { trips } from '../rules/trips.ts';
import { BareCard } from './bed.ts';
import { FakeModule } from './fake-module.ts';

const { PRIMARY, MANAGEMENT } = { PRIMARY: util.CLAIM_TYPE_PRIMARY, MANAGEMENT: util.CLAIM_TYPE_MANAGEMENT };
const card = new BareCard();
const outbound: Outbound = card.parts.processor['outbound'];
const events = (): TargetEvents => new TargetEvents(outbound, new IopState(1), card.ledger);

describe('claims', () => {
  trips('claims: a user asked for by its place is there', () => new Claims().typeOf(0));
  trips('claims: a user is asked for by a claim type', () => new Claims().userOf(0));
  trips('claims: whoever holds the lock is not kept out', () => {
    const claims = new Claims();
    const answers = [0, 1];
    claims.keepsOut = () => answers.shift()!;
    claims.lock(HOST_TID);
  });
  trips('claims: whoever holds the reservation is not kept out', () => {
    const claims = new Claims();
    const answers = [0, 1];
    claims.keepsOut = () => answers.shift()!;
    claims.reserve(HOST_TID);
  });
  trips('claims: an exclusive user is the only one', () => {
    const claims = new Claims();
    claims.claim(HOST_TID, PRIMARY, 0);
    claims.claim(MANAGER_TID, MANAGEMENT, 0);
    claims['terms'][PRIMARY] = util.CLAIM_FLAG_EXCLUSIVE;
    claims['user'][PRIMARY + 1] = HOST_TID;
    claims.release(MANAGER_TID, MANAGEMENT, 0);
  });
  trips('claims: a claim type without a user has no terms', () => {
    const claims = new Claims();
    claims['terms'][MANAGEMENT] = util.CLAIM_FLAG_NO_PEER_SERVICE;
    claims.claim(HOST_TID, PRIMARY, 0);
  });
});

describe('events', () => {
  trips('events: what is raised is one event', () => events().raise(3, 0));
  trips('events: a target raises only what its table entry says', () => {
    const some = events();
    some.limitTo(4);
    some.raise(2, 0);
  });
  trips('events: a target may raise some', () => events().limitTo(0));
  trips('events: no more wait than have room', () => {
    const some = events();
    some['mask'] = 1;
    some.waiting = EVENT_QUEUE_MAX + 1;
    some.raise(1, 0);
  });
  trips('events: whoever is told of an event has registered', () => {
    const some = events();
    some['mask'] = 1;
    some.raise(1, 0);
    some.send();
  });
  trips('events: whoever is told of an event finds a free frame', () => {
    const some = new TargetEvents(
      { words: outbound.words, hasFrame: () => true, acquire: () => NO_FRAME } as unknown as Outbound,
      new IopState(1),
      card.ledger,
    );
    some['registration'].open = true;
    some['mask'] = 1;
    some.raise(1, 0);
    some.send();
  });
});

describe('targets', () => {
  const device = (module = new FakeModule(outbound)): DeviceTarget =>
    new DeviceTarget(0, module, events(), new IopState(1));
  const match = (): AbortMatch => {
    const all = new AbortMatch();
    all.set(util.ABORT_TYPE_WILD, 0, 0, HOST_TID);
    return all;
  };

  trips('executive target: the executive can end what it has open', () =>
    new ExecutiveTarget(events()).abort(match()),
  );
  trips(
    'device target: a TID that names a device is not the one for nobody',
    () => new DeviceTarget(0xfef, new FakeModule(outbound), events(), new IopState(0xff0)),
  );
  trips('device target: a class has 12 bits, its version 4', () => {
    const module = new FakeModule(outbound);
    (module as { classId: number }).classId = 0x1000;
    device(module);
  });
  trips(
    'device target: a device has a state of its own',
    () => new DeviceTarget(1, new FakeModule(outbound), events(), new IopState(1)),
  );
  trips('device target: a module says how many requests it ended', () => {
    const module = new FakeModule(outbound);
    module.abort = () => -1;
    device(module).abort(match());
  });
  trips('device target: only of a device in the table is the path closed or opened', () => {
    const gone = device();
    gone.destroy();
    gone.setPath(true, false);
  });
  trips('device target: a device that is destroyed has no users', () => {
    const used = device();
    used.claims.claim(HOST_TID, PRIMARY, 0);
    used.claims.reset = () => {};
    used.destroy();
  });
  trips('device target: an entry that changes has a new indicator', () => {
    const changed = device();
    changed['iop'].tableChanged = () => 1;
    changed.entryChanged();
  });
  trips('device target: nothing but a reset of the IOP brings a device back that was destroyed', () => {
    const gone = device();
    gone.destroy();
    gone.enable();
  });
});
