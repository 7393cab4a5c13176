/**
 * Faults injected into the run loop, the states and the checks: each trips the assertion that guards against
 * it.
 */
import { describe } from 'vitest';
import * as exec from '../../src/i2o/executive.gen.ts';
import { isLegal } from '../../src/iop/check/executive-states.ts';
import { checkFunctionRanges } from '../../src/iop/check/header-check.ts';
import type { ExecutiveParts } from '../../src/iop/executive/executive-parts.ts';
import { IoProcessor } from '../../src/iop/run/processor.ts';
import { DeviceState } from '../../src/iop/state/device-state.ts';
import { IopState } from '../../src/iop/state/iop-state.ts';
import { trips } from '../rules/trips.ts';
import { FakeModule } from './fake-module.ts';
import { Bed } from './messages.ts';

let module: FakeModule;

/** The processor of an OPERATIONAL card with a fake module. */
function processor(): IoProcessor {
  const bed = new Bed({}, { module: (outbound) => (module = new FakeModule(outbound)) });
  return bed.operational().parts.processor;
}

describe('the run loop', () => {
  trips('processor: each device has one module', () => {
    const of = processor();
    const parts = { ...of['parts'], outbound: of['outbound'], iop: of['iop'], devices: [] };
    new IoProcessor(
      of['inbound'],
      of['interrupt'],
      of['executive'],
      parts as unknown as ExecutiveParts,
      of['parts'].ledger,
    );
  });
  trips('processor: a deadline is a time', () => {
    const of = processor();
    module.nextDeadlineNs = () => Number.NaN;
    of.nextDeadlineNs();
  });
  trips('processor: no reply is half filled at the end of a turn', () => {
    const of = processor();
    module.poll = () => module.outbound.acquire();
    of.poll();
  });
  trips('processor: the module that goes first is one of them', () => {
    const of = processor();
    of['first'] = 1;
    of.poll();
  });
  trips('processor: modules say how much they have worked on', () => {
    const of = processor();
    module.poll = () => Number.NaN;
    of.poll();
  });
  trips('processor: it sleeps with no frame in its hands', () => {
    const of = processor();
    of['holding'] = true;
    of.arm();
  });
  trips('processor: a static frame lies in the region', () => {
    const of = processor();
    const { words } = of['outbound'];
    of['parts'].staticFrames.find = () => words.length - 2;
    words.set([0x00050101, 0xd1001000 | 0], of['parts'].lists['start'] >> 2);
    words.set([0x00040001, 0xd1001000 | 0], words.length - 2);
    of['dispatch'](of['parts'].lists['start'] >> 2);
  });
  trips('processor: frames are given back only after a reset', () => processor()['start']());
  trips('processor: the request of the last turn was released', () => {
    const of = processor();
    of['holding'] = true;
    of.poll();
  });
});

describe('states', () => {
  trips('iop state: an IOP has a device', () => new IopState(0));
  trips('iop state: it enters only a state that may follow', () =>
    new IopState(1).enter(exec.IOP_STATE_OPERATIONAL),
  );
  trips('device state: a device that is not in the table is not enabled', () =>
    new DeviceState().setCondition(false, true),
  );
  trips('device state: the host is kept out by a detailed status', () =>
    new DeviceState().setHostKeptOut(-1),
  );
});

describe('checks', () => {
  trips('executive states: a function code is a byte', () => isLegal(0x1c9, exec.IOP_STATE_HOLD));
  trips('header check: utility functions lie below those of a class', () => checkFunctionRanges([0x20], []));
  trips('header check: functions of a class are bytes above the utility ones', () =>
    checkFunctionRanges([], [0x1f]),
  );
});
